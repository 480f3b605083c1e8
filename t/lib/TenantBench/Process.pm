# SPDX-License-Identifier: Apache-2.0
package TenantBench::Process;

# What /proc says of processes.

use strict;
use warnings;

use Exporter qw(import);
use POSIX ();

our @EXPORT_OK = qw(cpu_seconds children pss_kib);

my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());

# The processor time that a process and all below it have used, in seconds, those among them that have ended too.
sub cpu_seconds {
    my ($root) = @_;
    my (%children, %used);
    for my $stat (glob '/proc/[0-9]*/stat') {
        my ($pid, $parent, $time) = _stat($stat) or next;
        push @{ $children{$parent} }, $pid;
        $used{$pid} = $time;
    }
    my ($sum, @todo) = (0, $root);
    while (@todo) {
        my $pid = shift @todo;
        $sum += $used{$pid} // 0;
        push @todo, @{ $children{$pid} // [] };
    }
    return $sum / $ticks;
}

# The processes whose parent it is.
sub children {
    my ($parent) = @_;
    return grep { defined } map { my ($pid, $its_parent) = _stat($_); defined $pid && $its_parent == $parent ? $pid : undef }
        glob '/proc/[0-9]*/stat';
}

# The memory of a process in KiB, what it shares divided by the number of those who share it; undef where it may not be
# read.
sub pss_kib {
    my ($pid) = @_;
    open my $in, '<', "/proc/$pid/smaps_rollup" or return;
    my ($kib) = join('', <$in>) =~ /^Pss:\s+(\d+) kB/m;
    return $kib;
}

# (process, its parent, user and system time in ticks, its own and that of ended children); nothing when it has ended.
sub _stat {
    my ($file) = @_;
    open my $in, '<', $file or return;
    my $line = <$in> // return;
    my ($pid, $rest) = $line =~ /^(\d+) .*\) (.*)/ or return;
    my @field = split / /, $rest;
    return ($pid, $field[1], $field[11] + $field[12] + $field[13] + $field[14]);
}

1;
