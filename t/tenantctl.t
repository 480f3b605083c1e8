# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use IPC::Open3 qw(open3);
use Symbol qw(gensym);
use Test::More;

my $command = "$FindBin::Bin/../build/tenantctl";
my $folder  = tempdir(CLEANUP => 1);
my $keys    = "$folder/keys";

# Runs tenantctl with this standard input; gives its exit status, standard output and standard error.
sub tenantctl {
    my ($input, @arguments) = @_;
    my $pid = open3(my $in, my $out, my $err = gensym, $command, @arguments);
    local $SIG{PIPE} = 'IGNORE';
    print $in $input;
    close $in;
    local $/;
    my ($output, $errors) = (scalar <$out>, scalar <$err>);
    waitpid $pid, 0;
    return ($? >> 8, $output // '', $errors // '');
}

subtest 'keyfile make' => sub {
    my ($status, $output, $errors) = tenantctl('', 'keyfile', 'make', $keys);
    is($status, 0, 'a key file is made');
    is("$output$errors", '', 'in silence');
    is((stat $keys)[2] & 07777, 0600, 'of mode 0600');
    my $before = -s $keys;
    ($status, $output, $errors) = tenantctl('', 'keyfile', 'make', $keys);
    is($status, 1, 'an existing one is refused');
    like($errors, qr/\Atenantctl: key file \Q$keys\E: .*exists\n\z/, 'with a line that says so');
    is(-s $keys, $before, 'and kept');
};

subtest 'key' => sub {
    my ($status, $output, $errors) = tenantctl('', 'key', '--key-file', $keys);
    is($status, 0, 'a key is made');
    like($output, qr/\Amt_[0-9A-Za-z]{49}\t1:[0-9a-f]{64}\n\z/, 'and printed with its hash');
    my ($key, $hash) = split /[\t\n]/, $output;
    my ($second) = split /\t/, (tenantctl('', 'key', '--key-file', $keys))[1];
    isnt($second, $key, 'the next one is another');

    ($status, $output, $errors) = tenantctl("$key\n$second\n$key", 'key', '--key-file', $keys, '--hash');
    is($status, 0, 'keys on standard input are hashed');
    my @hashes = split /\n/, $output;
    is_deeply([@hashes[0, 2]], [$hash, $hash], 'to the hashes they were made with');
    is(@hashes, 3, 'a line each');

    (my $wrong = $second) =~ tr/a-y/b-z/;
    ($status, $output, $errors) = tenantctl("$key\n$wrong\n$key\n", 'key', '--key-file', $keys, '--hash');
    is($status, 1, 'a wrong key ends that');
    is($output, "$hash\n", 'behind the lines ahead of it');
    is($errors, "tenantctl: line 2 of standard input is not an API key\n", 'and is named by its line alone');
    for my $line ("$key$key", "$key ", '') {
        is((tenantctl("$line\n", 'key', '--key-file', $keys, '--hash'))[0], 1, "refused: a line of " . length $line);
    }

    chmod 0640, $keys;
    ($status, $output, $errors) = tenantctl('', 'key', '--key-file', $keys);
    is("$status $output", '1 ', 'without a safe key file nothing is made');
    like($errors, qr/must give no permission to group or others/, 'and the reason is said');
    chmod 0600, $keys;
};

subtest 'usage' => sub {
    like((tenantctl('', '--version'))[1], qr/\Atenantctl \d+\.\d+\.\d+\n\z/, '--version');
    like((tenantctl('', '--help'))[1], qr/keyfile make PATH.*tenantctl key /s, '--help lists the commands');
    my ($status, $output) = tenantctl('', 'key', '--help');
    is($status, 0, 'a command has --help of its own');
    like($output, qr/tenantctl key .*--key-file PATH/s, 'which prints its usage');
    for my $arguments ([], ['nothing'], ['keyfile'], ['keyfile', 'make'], ['keyfile', 'make', $keys, $keys],
        ['key'], ['key', '--key-file'], ['key', '--unknown'], ['keyfile', 'make', '--hash', $keys]) {
        ($status, $output, my $errors) = tenantctl('', @$arguments);
        is("$status $output", '2 ', "wrong usage: tenantctl @$arguments");
        isnt($errors, '', 'with a message');
    }
    SKIP: {
        skip '/dev/full is not there', 1 if !-c '/dev/full';
        system("'$command' key --key-file '$keys' >/dev/full 2>/dev/null");
        is($? >> 8, 1, 'a full disk is a failure');
    }
};

done_testing;
