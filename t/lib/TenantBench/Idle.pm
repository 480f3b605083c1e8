# SPDX-License-Identifier: Apache-2.0
package TenantBench::Idle;

# What 5,000 clients cost that keep their connections open and ask nothing.

use strict;
use warnings;

use IO::Socket::INET;
use List::Util qw(sum0);
use TenantBench;
use TenantBench::Process qw(children pss_kib);
use Time::HiRes qw(sleep);

my $clients = 5000;

sub measure {
    my ($bench) = @_;
    my %median = $bench->rounds(sub { _round($bench) });
    return {
        connections => $clients,
        kept        => $median{kept},
        kib         => $median{kib},
        map {
            $_ => {
                without      => $median{"$_ without"},
                with         => $median{"$_ with"},
                of_the_other => $median{"$_ with"} / $median{"$_ without"},
            }
        } qw(get list)
    };
}

sub _round {
    my ($bench) = @_;
    my $port = $bench->port('event');
    my %figure = map { ("$_ without" => $bench->wrk(port => $port, mode => $_)->{rate}) } qw(get list);
    my $memory = _memory($bench);
    my @idle = map { _ask(IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)) // die "connection $_: $!\n" }
        1 .. $clients;
    $figure{kib} = (_memory($bench) - $memory) / $clients;
    $figure{"$_ with"} = $bench->wrk(port => $port, mode => $_)->{rate} for qw(get list);
    $figure{kept} = grep { _ask($_) } @idle;
    @idle = ();
    sleep 1;    # so many ends at a time occupy all threads, and then httpd ends other connections too
    return %figure;
}

# Asks for what needs no database and waits for the answer; undef where the connection is closed.
sub _ask {
    my ($socket) = @_;
    $socket->syswrite("GET /v1/ HTTP/1.1\r\nHost: localhost\r\n\r\n") or return;
    my $answer = '';
    until ($answer =~ /\}\n\z/) {
        $socket->sysread($answer, 4096, length $answer) or return;
    }
    return $socket;
}

sub _memory {
    my ($bench) = @_;
    return sum0(map { pss_kib($_) // 0 } children($bench->pid('event')));
}

sub report {
    my ($result) = @_;
    return (
        ["$result->{connections} idle connections", 'without/s', 'with/s', 'ratio'],
        (
            map {
                my $figure = $result->{$_};
                [$_, sprintf('%.0f', $figure->{without}), sprintf('%.0f', $figure->{with}), sprintf('%.2f', $figure->{of_the_other})]
            } qw(get list)
        ),
        ['still connected afterwards', '', $result->{kept}, ''],
        ['memory of httpd, each', '', sprintf('%.1f KiB', $result->{kib}), ''],
    );
}

1;
