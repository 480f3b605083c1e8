# SPDX-License-Identifier: Apache-2.0
#
# tenantctl's command line, and what it does without a database: key files and API keys.

use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;

use TenantTest;
use TenantTest::Command;

my $folder = tempdir(CLEANUP => 1);
my $keys   = "$folder/keys";
my @file   = ('--key-file', $keys);
my @loaded = (@file, '--runtime-dir', $folder);

sub read_text {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!";
    local $/;
    return <$file>;
}

# What httpd would say that it has loaded.
sub write_loaded {
    open my $file, '>', "$folder/tenant-key-ids" or die "tenant-key-ids: $!";
    print $file map {"$_\n"} @_;
    close $file;
    return;
}

subtest 'usage' => sub {
    like(tenantctl('--version')->{output}, qr/\Atenantctl \d+\.\d+\.\d+\n\z/, '--version');
    my $help = tenantctl('--help');
    is_done($help, '--help');
    like($help->{output}, qr/^  tenantctl setup /m, 'setup, a program of its own, is among them');    # setup.t
    my @commands = grep { $_ ne 'setup' } $help->{output} =~ /^  tenantctl ([a-z]+(?: [a-z]+)?)/mg;
    is(@commands, 28, 'lists the commands');
    my $manual = read_text('man/tenantctl.8') =~ s/\\-/-/gr =~ s/\\f.//gr;
    for (@commands) {
        my @words = split / /;
        my $run = tenantctl(@words, '--help');
        is_done($run, "tenantctl @words --help");
        like($run->{output}, qr/^  tenantctl @words\b.*^Options:/ms, 'prints how it is used');
        is($run->{output}, tenantctl('--help', @words)->{output}, 'wherever the option stands');
        my $last = $words[-1];
        like($manual, qr/^tenantctl .*\b$last\b/m, 'and the manual has it');
        $manual =~ /\Q$_\E\b/ or fail("the manual lacks $_") for $run->{output} =~ /^  (--[a-z-]+)/mg;
    }
    is(tenantctl(@$_)->{output}, $help->{output}, "tenantctl @$_ is the same") for ['-h'], ['help'];
    is(tenantctl('help', 'tenant', 'add')->{output}, tenantctl('tenant', 'add', '--help')->{output}, 'help COMMAND too');
    is_refused(tenantctl('tenant', 'add'), 2, qr/\Atenantctl: NAME is missing\nUsage:\n  tenantctl tenant add NAME /, 'a missing operand is named');
    is_refused(tenantctl('keyfile', 'promote', 'seal'), 2, qr/\Atenantctl: ID is missing\n/, 'the first that is missing');
    my $beyond = tenantctl('tenant', 'show', 1, 'canary');
    is_refused($beyond, 2, qr/\Atenantctl: there are words beyond TENANT\n/, 'and words too many are noticed');
    unlike($beyond->{errors}, qr/canary/, 'but not repeated');
    is_refused(tenantctl('tenant', 'set', 'canary', '-xy'), 2, qr/option: -x$/m, 'nor is what stands beside letters');
    like(tenantctl('tenant', '--help')->{output}, qr/tenant add .*tenant remove /s, 'a first word alone has --help too');
    is_refused(tenantctl(@$_), 2, qr/./, "wrong usage: tenantctl @$_")
        for [], ['nothing'], ['tenant'], ['keyfile'], ['keyfile', 'make'], ['keyfile', 'make', $keys, $keys], ['key'],
        ['key', '--key-file'], ['key', '--unknown'], ['key', @file, @file], ['keyfile', 'make', '--hash', $keys],
        ['keyfile', 'make', '--json=1', $keys], ['--hash'], ['nothing', '--help'], ['keyfile', 'add', 'wax', @file],
        ['keyfile', 'retire', 'seal', '01', @file], ['keyfile', 'promote', 'seal', 'x', @file], ['tenant', 'list'],
        ['rewrap', @file], ['doctor', @file], ['tenant', 'list', '--status', 'gone', '--database', 'x'];
    my $run = tenantctl('tenant', 'add', 'x', '--twilio-auth-token=canary');
    is_refused($run, 2, qr/option: --twilio-auth-token$/m, 'a secret in the command line is refused');
    unlike($run->{errors}, qr/canary/, 'and not repeated');
};

subtest 'keyfile make' => sub {
    my $run = tenantctl('keyfile', 'make', $keys);
    is_done($run, 'a key file is made');
    is($run->{output}, '', 'in silence');
    is((stat $keys)[2] & 07777, 0600, 'of mode 0600');
    my $before = read_text($keys);
    is_refused(tenantctl('keyfile', 'make', $keys), 1, qr/\Atenantctl: key file \Q$keys\E: .*exists\n\z/,
        'an existing one is refused');
    is(read_text($keys), $before, 'and kept');
};

subtest 'key' => sub {
    my $run = tenantctl('key', @file);
    is_done($run, 'a key is made');
    like($run->{output}, qr/\Amt_[0-9A-Za-z]{49}\t1:[0-9a-f]{64}\n\z/, 'and printed with its hash');
    my ($key, $hash) = split /[\t\n]/, $run->{output};
    my ($second) = split /\t/, tenantctl('key', @file)->{output};
    isnt($second, $key, 'the next one is another');

    $run = tenantctl({ input => "$key\n$second\n$key" }, 'key', @file, '--hash');
    is_done($run, 'keys on standard input are hashed');
    my @hashes = split /\n/, $run->{output};
    is_deeply([@hashes[0, 2]], [$hash, $hash], 'to the hashes they were made with');
    is(@hashes, 3, 'a line each');

    (my $wrong = $second) =~ tr/a-y/b-z/;
    $run = tenantctl({ input => "$key\n$wrong\n$key\n" }, 'key', @file, '--hash');
    is($run->{status}, 1, 'a wrong key ends that');
    is($run->{output}, "$hash\n", 'behind the lines ahead of it');
    is($run->{errors}, "tenantctl: line 2 of standard input is not an API key\n", 'and is named by its line alone');
    for my $line ("$key$key", "$key ", '') {
        is(tenantctl({ input => "$line\n" }, 'key', @file, '--hash')->{status}, 1, "refused: a line of " . length $line);
    }

    chmod 0640, $keys;
    is_refused(tenantctl('key', @file), 1, qr/must give no permission to group or others/, 'an unsafe key file is refused');
    chmod 0600, $keys;
    SKIP: {
        skip '/dev/full is not there', 1 if !-c '/dev/full';
        system("build/tenantctl key --key-file '$keys' >/dev/full 2>/dev/null");
        is($? >> 8, 1, 'a full disk is a failure');
    }
};

subtest 'keyfile list and add' => sub {
    is_deeply(tenantctl('keyfile', 'list', '--json', @file)->json, {
        key_file => $keys,
        keys => [
            { purpose => 'seal',   id => 1, primary => JSON::PP::true, loaded => undef, in_use => undef },
            { purpose => 'pepper', id => 1, primary => JSON::PP::true, loaded => undef, in_use => undef },
        ],
    }, 'the keys are listed by their ids');
    my $run = tenantctl('keyfile', 'list', @file);
    is_done($run, 'as a table too');
    is($run->{output}, "key_file: $keys\nPURPOSE  ID  PRIMARY  LOADED  IN USE\nseal     1   true     -       -\n"
        . "pepper   1   true     -       -\n", 'with aligned columns');
    is_deeply(tenantctl('keyfile', 'add', 'seal', '--json', @file)->json, { purpose => 'seal', id => 2 }, 'a key is added');
    $run = tenantctl('keyfile', 'add', 'pepper', @file);
    is($run->{output}, "purpose: pepper\nid:      2\n", 'a pepper too');
    like(read_text($keys), qr/^seal 2 [\w+\/]{43}=\npepper 2 [\w+\/]{43}=\n\z/m, 'behind the others');
    for (read_text($keys) =~ m{([\w+/]{43}=)}g) {
        unlike(tenantctl('keyfile', 'list', @file)->{output}, qr/\Q$_\E/, 'no key is printed');
    }
};

subtest 'keyfile promote' => sub {
    database('tenantctl_command');
    my @loaded = (@loaded, '--database', site->conninfo('tenantctl_command', 'tenant_admin'));
    my $before = read_text($keys);
    is_refused(tenantctl('keyfile', 'promote', 'seal', 2, @file, @loaded[-2, -1]), 1, qr/it is not known which keys httpd has loaded/,
        'refused: nobody knows what httpd has loaded');
    is_refused(tenantctl('keyfile', 'promote', 'seal', 2, @loaded), 1, qr{\Q$folder\E/tenant-key-ids: No such file},
        'refused: httpd has said nothing');
    write_loaded("file $folder/others", 'seal 1', 'seal 2 primary', 'pepper 1 primary');
    is_refused(tenantctl('keyfile', 'promote', 'seal', 2, @loaded), 1, qr/httpd has loaded \S+others, not /,
        'refused: httpd has loaded another file');
    write_loaded("file $keys", 'seal 1 primary', 'pepper 1 primary', 'pepper 2');
    is_refused(tenantctl('keyfile', 'promote', 'seal', 2, @loaded), 1, qr/has not loaded the seal key 2.*reload/,
        'refused: httpd has not loaded this key');
    is_refused(tenantctl('keyfile', $_, 'seal', 7, '--force', @file), 1, qr/has no seal key 7/, "refused: no such key to $_")
        for qw(promote retire);
    is_refused(tenantctl('keyfile', 'promote', 'seal', 7, @loaded), 1, qr/\Atenantctl: key file \Q$keys\E has no seal key 7\n\z/,
        'which is not for httpd to load');
    is(read_text($keys), $before, 'nothing has changed');

    my $link = "$folder/link";
    symlink $folder, $link or die "symlink: $!";
    write_loaded("file $link/keys", 'seal 1 primary', 'seal 2', 'pepper 1 primary');
    is_deeply([map { $_->{loaded} } @{ tenantctl('keyfile', 'list', '--json', @loaded)->json->{keys} }],
        [JSON::PP::true, JSON::PP::true, JSON::PP::true, JSON::PP::false], 'the list tells what httpd has loaded');
    my $run = tenantctl('keyfile', 'promote', 'seal', 2, @loaded);
    is_done($run, 'a key that httpd has loaded is promoted');
    is($run->{output}, '', 'in silence');
    is_deeply([map {"$_->{purpose} $_->{id} $_->{primary}"} @{ tenantctl('keyfile', 'list', '--json', @file)->json->{keys} }],
        ['seal 2 1', 'seal 1 0', 'pepper 1 1', 'pepper 2 0'], 'and is the primary one');
    is_done(tenantctl('keyfile', 'promote', 'pepper', 2, '--force', @file), '--force promotes any');
};

subtest 'keyfile retire' => sub {
    is_refused(tenantctl('keyfile', 'retire', 'seal', 1, @loaded), 2, qr/needs --database/, 'without --force it wants a database');
    is_refused(tenantctl('keyfile', 'retire', 'seal', 2, '--force', @file), 1, qr/is primary: promote another one first/,
        'the primary key stays even so');
    is_done(tenantctl('keyfile', 'retire', 'seal', 1, '--force', @file), '--force retires another');
    unlike(read_text($keys), qr/^seal 1 /m, 'it is gone');
    is(tenantctl('keyfile', 'add', 'seal', '--json', @file)->json->{id}, 3, 'its id is not given again');
    is_refused(tenantctl('keyfile', 'retire', 'seal', 1, '--force', @file), 1, qr/has no seal key 1/, 'nor is it twice');
};

subtest 'changes at the same time' => sub {
    my @runs = map { start_tenantctl('keyfile', 'add', $_ % 2 ? 'seal' : 'pepper', '--json', @file) } 1 .. 10;
    my %ids;
    for (@runs) {
        is_done($_->wait, 'a key is added');
        my $key = $_->json;
        is($ids{"$key->{purpose} $key->{id}"}++, 0, 'with an id of its own');
    }
    my @keys = map {"$_->{purpose} $_->{id}"} @{ tenantctl('keyfile', 'list', '--json', @file)->json->{keys} };
    is(grep({ $ids{$_} } @keys), 10, 'and none is lost');
};

done_testing;
