# SPDX-License-Identifier: Apache-2.0
package TenantBench::Syscalls;

# The system calls that httpd makes for one request of one connection, beside the handler that does nothing.

use strict;
use warnings;

use TenantBench;
use TenantBench::Process qw(children);
use Time::HiRes qw(sleep);

my @modes = qw(null get list post);

sub measure {
    my ($bench) = @_;
    return { map { $_ => _count($bench, $_) } @modes };
}

# call => how often per request; undef where the kernel lets nobody watch.
sub _count {
    my ($bench, $mode) = @_;
    my $name = $mode eq 'null' ? 'null-event' : 'event';
    my $file = "$bench->{run}/strace";
    my @children = children($bench->pid($name));

    unlink $file;
    my $strace = fork // die "fork: $!\n";
    if (!$strace) {
        open STDERR, '>', '/dev/null';
        exec 'strace', '-c', '-f', '-o', $file, map { ('-p', $_) } @children;
        die "strace: $!\n";
    }
    sleep 0.5;
    my $load = $bench->wrk(port => $bench->port($name), mode => $mode, connections => 1, seconds => 2);
    kill INT => $strace;
    waitpid $strace, 0;
    open my $in, '<', $file or return;
    my %calls;
    while (my $line = <$in>) {
        my ($calls, $call) = $line =~ /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$/ or next;
        next if $call eq 'total';
        $calls{$call} = $calls / $load->{requests};
    }
    return %calls ? \%calls : undef;
}

sub report {
    my ($result) = @_;
    return ['strace is not allowed here'] if grep { !$result->{$_} } @modes;
    my %seen = map { %{ $result->{$_} } } @modes;
    my @calls = grep {
        my $call = $_;
        grep { ($result->{$_}{$call} // 0) >= 0.05 } @modes
    } sort keys %seen;
    return (
        ['system calls of a request', @modes],
        map {
            my $call = $_;
            [$call, map { sprintf '%.1f', $result->{$_}{$call} // 0 } @modes]
        } @calls
    );
}

1;
