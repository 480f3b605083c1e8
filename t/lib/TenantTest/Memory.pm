# SPDX-License-Identifier: Apache-2.0
package TenantTest::Memory;

# What stands in the memory of a process of the same user.
#
#     my $copies = copies_in($pid, $text);     # undef where the kernel does not let us look

use strict;
use warnings;
no warnings 'portable';

use Exporter 'import';

our @EXPORT = qw(copies_in);

my $portion = 1 << 20;

# How often a text stands in the memory that the process can write to.
sub copies_in {
    my ($pid, $text) = @_;
    my $found = 0;

    open my $maps, '<', "/proc/$pid/maps" or return undef;
    open my $memory, '<:raw', "/proc/$pid/mem" or return undef;
    while (<$maps>) {
        my ($first, $last) = map { hex } /^(\w+)-(\w+) rw/ or next;
        for (my $at = $first; $at < $last; $at += $portion) {
            my $size = $last - $at < $portion ? $last - $at : $portion + length($text) - 1;
            sysseek $memory, $at, 0;
            sysread $memory, my $bytes, $size or last;
            $found++ while $bytes =~ /\Q$text\E/g;
        }
    }
    return $found;
}

1;
