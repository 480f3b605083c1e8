# SPDX-License-Identifier: Apache-2.0
package TenantBench::Flood;

# How much longer a tenant waits for its single rows while another one floods the server with the slowest lists that the
# API allows, over many connections at once.

use strict;
use warnings;

use TenantBench;
use Time::HiRes qw(sleep);

my $connections = 32;

# The flooder has 200,000 calls: of these a page as long as may be, and one that is found by reading all of them.
my %flood = (
    'long lists' => '/v1/calls?limit=1000',
    'deep lists' => '/v1/calls?limit=1000&status=completed&to_number=%2B12025550000&from_number=%2B12125550001',
);
my @floods = ('long lists', 'deep lists');

# The other tenant: one client after the next as fast as it can, or eight that rest between their requests.
my %asked = (
    'four busy clients'       => { connections => 4 },
    'eight clients that rest' => { connections => 8, pause => 5 },
);
my @asked = ('four busy clients', 'eight clients that rest');

sub measure {
    my ($bench) = @_;
    $bench->site('flooder');
    my %median = $bench->rounds(sub { _round($bench) });
    my %result = (connections => $connections);
    for my $who (@asked) {
        $result{$who}{idle} = { map { $_ => $median{"$who idle $_"} } qw(p50 p99 rate) };
        for my $flood (@floods) {
            $result{$who}{$flood} = {
                (map { $_ => $median{"$who $flood $_"} } qw(p50 p99 rate failures floods)),
                of_idle => $median{"$who $flood p99"} / $median{"$who idle p99"},
            };
        }
    }
    return \%result;
}

sub _round {
    my ($bench) = @_;
    my $port = $bench->port('event');
    my %figure;

    for my $who (@asked) {
        my %other = (port => $port, mode => 'get', only => 1, %{ $asked{$who} });
        my $idle = $bench->wrk(%other);
        $figure{"$who idle $_"} = $idle->{$_} for qw(p50 p99 rate);
        for my $flood (@floods) {
            my $flooder = $bench->wrk_start(
                port        => $port,
                mode        => $flood{$flood},
                keys        => 'flooder',
                connections => $connections,
                seconds     => $bench->{seconds} + 2,
            );
            sleep 1;
            my $load = $bench->wrk(%other);
            $figure{"$who $flood $_"} = $load->{$_} for qw(p50 p99 rate failures);
            $figure{"$who $flood floods"} = $bench->wrk_end($flooder)->{rate};
            sleep 2.5;    # what the flooder has left in line ends
        }
    }
    return %figure;
}

sub report {
    my ($result) = @_;
    my @row = (['a tenant asks for single rows', 'p50', 'p99', 'of idle', 'answers/s', 'lists/s of the flood']);
    for my $who (@asked) {
        for my $when ('idle', @floods) {
            my $figure = $result->{$who}{$when};
            push @row,
                [
                    "$who, " . ($when eq 'idle' ? 'idle' : "flooded with $when"),
                    (map { sprintf '%.2f ms', $_ / 1000 } @$figure{qw(p50 p99)}),
                    $when eq 'idle' ? '' : sprintf('%.1f', $figure->{of_idle}),
                    sprintf('%.0f', $figure->{rate}),
                    $when eq 'idle' ? '' : sprintf('%.0f', $figure->{floods}),
                ];
        }
    }
    return @row;
}

1;
