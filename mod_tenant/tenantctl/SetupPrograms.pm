# SPDX-License-Identifier: Apache-2.0
package SetupPrograms;

# What tenantctl setup runs, reads and writes, without knowing why.

use strict;
use warnings;

use Exporter 'import';
use File::Basename qw(dirname);
use File::Temp ();

our @EXPORT = qw(run must quoted write_file read_file);

# Runs a program on some input: its exit status (-1 if it did not start), and all that it printed.
# Through files: httpd, which it may start, would keep a pipe open.
sub run {
    my ($input, @command) = @_;
    my ($in, $out) = map { scalar File::Temp::tempfile() } 1, 2;
    print {$in} $input;
    $in->flush;
    seek $in, 0, 0;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDIN,  '<&', $in  or exit 127;
        open STDOUT, '>&', $out or exit 127;
        open STDERR, '>&', $out or exit 127;
        exec { $command[0] } @command or print STDERR "$command[0]: $!\n";
        exit 127;
    }
    waitpid $pid, 0;
    my $status = $?;
    seek $out, 0, 0;
    local $/;
    return ($status, readline($out) // '');
}

# The same for what has to succeed; returns what it printed.
sub must {
    my ($what, @command) = @_;
    my ($status, $output) = run('', @command);
    die "$what failed:\n" . ($output =~ s/^/  /gmr) . ($output =~ /\n\z/ ? '' : "\n") if $status;
    return $output;
}

sub quoted {
    return join ' ', map { m{\A[\w./:=,@+-]+\z} ? $_ : "'" . s/'/'\\''/gr . "'" } @_;
}

# Writes a file as a whole or not at all, as its former one's owner and mode, or with these bits.
sub write_file {
    my ($path, $text, $mode) = @_;
    my $new = File::Temp->new(DIR => dirname($path), TEMPLATE => '.tenant-XXXXXX');
    my @old = stat $path;
    print {$new} $text;
    $new->flush or die "$path: $!\n";
    chown @old[4, 5], "$new" if @old && $> == 0;
    chmod(@old ? $old[2] & 07777 : $mode, "$new") && rename("$new", $path) or die "$path: $!\n";
    $new->unlink_on_destroy(0);
    return;
}

sub read_file {
    my ($path) = @_;
    open my $file, '<', $path or return undef;
    local $/;
    return scalar readline $file;
}

1;
