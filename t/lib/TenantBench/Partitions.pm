# SPDX-License-Identifier: Apache-2.0
package TenantBench::Partitions;

# What requests lose where calls are divided by hash of tenant_id (sql/partition.sql): the same requests of one table and of four
# partitions, in turns. What counts is the ratio of each turn.

use strict;
use warnings;

use TenantBench;
use TenantBench::Process qw(cpu_seconds);

my @modes = qw(get list post);
my @forms = qw(event divided_4);    # the httpds
my %keys = (event => 'keys', divided_4 => 'divided_4');

sub measure {
    my ($bench) = @_;
    $bench->site('divided', 'divided_4', 4, $bench->port('divided_4'));
    my %median = $bench->rounds(sub { _round($bench) });
    $bench->site('halt', 'divided_4');
    return { map { my $mode = $_; $mode => { map { $_ => $median{"$mode $_"} } qw(rate rate_divided of_rate of_time) } } @modes };
}

# The ratios are of this turn: what disturbs both counts for nothing.
sub _round {
    my ($bench) = @_;
    my %figure;
    for my $mode (@modes) {
        my (%rate, %time);
        for my $form (@forms) {
            my $before = _time($bench, $form);
            my $load = $bench->wrk(port => $bench->port($form), mode => $mode, keys => $keys{$form});
            $rate{$form} = $load->{rate};
            $time{$form} = (_time($bench, $form) - $before) / ($load->{requests} || 1);
        }
        $figure{"$mode rate"} = $rate{event};
        $figure{"$mode rate_divided"} = $rate{divided_4};
        $figure{"$mode of_rate"} = $rate{divided_4} / ($rate{event} || 1);
        $figure{"$mode of_time"} = $time{divided_4} / ($time{event} || 1);
    }
    return %figure;
}

# The processor time of that httpd and of PostgreSQL.
sub _time {
    my ($bench, $form) = @_;
    my $sum = 0;
    $sum += cpu_seconds($bench->pid($_)) for $form, 'postgres';
    return $sum;
}

sub report {
    my ($result) = @_;
    return (
        ['calls', 'one table/s', 'four partitions/s', 'of the rate', 'of the processor time'],
        map {
            my $figure = $result->{$_};
            [$_, (map { sprintf '%.0f', $figure->{$_} } qw(rate rate_divided)), map { sprintf '%.2f', $figure->{$_} } qw(of_rate of_time)]
        } @modes
    );
}

1;
