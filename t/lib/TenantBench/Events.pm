# SPDX-License-Identifier: Apache-2.0
package TenantBench::Events;

# How many events of Twilio's calls are verified and stored, beside new rows by the API: each is a row of its own.

use strict;
use warnings;

use TenantBench;

sub measure {
    my ($bench) = @_;
    my %median = $bench->rounds(sub { _round($bench) });
    return { map { $_ => $median{$_} } qw(post event of_post) };
}

sub _round {
    my ($bench) = @_;
    my %rate = map { ($_ => $bench->wrk(port => $bench->port('event'), mode => $_)->{rate}) } qw(post event);
    return (%rate, of_post => $rate{event} / $rate{post});
}

sub report {
    my ($result) = @_;
    return (['', 'answers/s', 'of posts'], ['post', sprintf('%.0f', $result->{post}), ''],
        ['event of a call', sprintf('%.0f', $result->{event}), sprintf '%.2f', $result->{of_post}]);
}

1;
