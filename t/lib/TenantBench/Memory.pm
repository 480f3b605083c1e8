# SPDX-License-Identifier: Apache-2.0
package TenantBench::Memory;

# What a child of httpd takes after the loads so far, beside the one that does nothing.

use strict;
use warnings;

use TenantBench;
use TenantBench::Process qw(children pss_kib);

sub measure {
    my ($bench) = @_;
    return { map { $_ => _mean_child($bench, $_) } qw(event worker null-event null-worker) };
}

sub _mean_child {
    my ($bench, $name) = @_;
    my @sizes = grep { defined } map { pss_kib($_) } children($bench->pid($name));
    return @sizes ? TenantBench::median(@sizes) / 1024 : undef;
}

sub report {
    my ($result) = @_;
    return (
        ['memory of a child (PSS)', 'mod_tenant', 'null'],
        map {
            my $mpm = $_;
            [$mpm, map { defined $_ ? sprintf('%.1f MiB', $_) : 'unknown' } @$result{ $mpm, "null-$mpm" }]
        } qw(event worker)
    );
}

1;
