# SPDX-License-Identifier: Apache-2.0
package TenantBench::Growth;

# Whether it slows down as the database grows. The requests are those of 1,000 tenants with 500 calls each, which are
# spread evenly among so many others.

use strict;
use warnings;

use TenantBench;

my %tenants = (growth_1k => 1_000, growth_100k => 100_000, growth_1m => 1_000_000);
my @sizes = sort { $tenants{$a} <=> $tenants{$b} } keys %tenants;

sub measure {
    my ($bench) = @_;
    $bench->site('database', $_, $tenants{$_}, $bench->port($_)) for @sizes;
    my %median = $bench->rounds(sub { _round($bench) });
    $bench->site('halt', @sizes);
    return {
        map {
            my $size = $_;
            $tenants{$size} => {
                map { $_ => { rate => $median{"$size $_"}, of_smallest => $median{"$size $_"} / $median{"$sizes[0] $_"} } }
                    qw(get list)
            }
        } @sizes
    };
}

sub _round {
    my ($bench) = @_;
    my %figure;
    for my $mode (qw(get list)) {
        $figure{"$_ $mode"} = $bench->wrk(port => $bench->port($_), mode => $mode, keys => $_)->{rate} for @sizes;
    }
    return %figure;
}

sub report {
    my ($result) = @_;
    return (
        ['tenants', 'get/s', 'of the first', 'list/s', 'of the first'],
        map {
            my $size = $result->{$_};
            [$_, map { (sprintf('%.0f', $size->{$_}{rate}), sprintf('%.2f', $size->{$_}{of_smallest})) } qw(get list)]
        } sort { $a <=> $b } keys %$result
    );
}

1;
