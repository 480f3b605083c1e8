# SPDX-License-Identifier: Apache-2.0
package TenantTest::Log;

# A log file from a mark on.
#
#     my $log = $server->error_log;          # marked at its present end
#     ...
#     is(scalar $log->matching(qr/AH.*misconfigured/), 1);
#
# of => pattern: to matching() and wait_for() there are no other lines.

use strict;
use warnings;

use Time::HiRes qw(sleep time);

sub new {
    my ($class, $path, %option) = @_;
    return bless({ path => $path, from => 0, of => $option{of} // qr/^/ }, $class)->mark;
}

# Forgets what is there up to now.
sub mark {
    my ($self) = @_;
    $self->{from} = -s $self->{path} // 0;
    return $self;
}

# What was written since the mark.
sub text {
    my ($self) = @_;
    open my $file, '<:raw', $self->{path} or return '';
    seek $file, $self->{from}, 0;
    local $/;
    return <$file> // '';
}

# The lines since the mark that match, or how many they are in scalar context.
sub matching {
    my ($self, $pattern) = @_;
    return grep { $_ =~ $self->{of} && $_ =~ $pattern } split /\n/, $self->text;
}

# Waits until a line matches and returns the first such line; undef after so many seconds (20 unless told).
sub wait_for {
    my ($self, $pattern, $seconds) = @_;
    my $until = time + ($seconds // 20);
    while (1) {
        my ($line) = $self->matching($pattern);
        return $line if defined $line || time > $until;
        sleep 0.02;
    }
}

1;
