# SPDX-License-Identifier: Apache-2.0
package TenantBench::Throughput;

# How many requests each MPM answers, and what they cost. Nothing that asks both httpd and PostgreSQL on the same
# processors can exceed the bound: 1 / (1 / null + 1 / pgbench).

use strict;
use warnings;

use TenantBench;
use TenantBench::Process qw(cpu_seconds);

my @modes = qw(get list post);

sub measure {
    my ($bench) = @_;
    my %median = $bench->rounds(sub { _round($bench) });
    my %result;

    for my $mpm (qw(event worker)) {
        $result{$mpm}{null} = $median{"$mpm null"};
        for my $mode (@modes) {
            my $bound = 1 / (1 / $median{"$mpm null"} + 1 / $median{"pgbench $mode"});
            $result{$mpm}{$mode} = {
                pgbench  => $median{"pgbench $mode"},
                bound    => $bound,
                rate     => $median{"$mpm $mode"},
                of_bound => $median{"$mpm $mode"} / $bound,
                cpu_us   => $median{"$mpm $mode cpu"},
            };
        }
    }
    return \%result;
}

sub _round {
    my ($bench) = @_;
    my %figure = map { ("$_ null" => $bench->wrk(port => $bench->port("null-$_"), mode => 'null')->{rate}) } qw(event worker);
    for my $mode (@modes) {
        $figure{"pgbench $mode"} = $bench->pgbench($mode);
        sleep 1;    # its backends end by and by, and their time would be taken for that of the load that follows
        for my $mpm (qw(event worker)) {
            my $before = _cpu($bench, $mpm);
            my $load = $bench->wrk(port => $bench->port($mpm), mode => $mode);
            $figure{"$mpm $mode"} = $load->{rate};
            $figure{"$mpm $mode cpu"} = (_cpu($bench, $mpm) - $before) / $load->{requests} * 1e6;
        }
    }
    return %figure;
}

# The processor time of httpd and PostgreSQL so far.
sub _cpu {
    my ($bench, $name) = @_;
    return cpu_seconds($bench->pid($name)) + cpu_seconds($bench->pid('postgres'));
}

sub report {
    my ($result) = @_;
    my @row = (['', 'null/s', 'pgbench/s', 'bound/s', 'answers/s', 'of the bound', 'processor time']);
    for my $mpm (qw(event worker)) {
        for my $mode (@modes) {
            my $figure = $result->{$mpm}{$mode};
            push @row,
                [
                    "$mode, $mpm",
                    (map { sprintf '%.0f', $_ } $result->{$mpm}{null}, @$figure{qw(pgbench bound rate)}),
                    sprintf('%.2f', $figure->{of_bound}),
                    sprintf('%.0f us', $figure->{cpu_us}),
                ];
        }
    }
    return @row;
}

1;
