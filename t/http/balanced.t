# SPDX-License-Identifier: Apache-2.0
# Two web nodes behind HAProxy, by our samples: a rolling restart and the loss of a node, in short. t/scale has the rest.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Crowd;
use TenantTest::Events;
use TenantTest::Fleet;

plan skip_all => TenantTest::Fleet::missing() if TenantTest::Fleet::missing();

my $site = TenantTest::Site->make;
my $fleet = TenantTest::Fleet->start(site => $site, database => $site->{conninfo}, nodes => 2);
my @crowd = (late => 10, crowd => sub {
    return TenantTest::Crowd->start(address => [$fleet->address], site => $site, writers => 3, readers => 2, askers => 1);
});

event('a rolling restart', sub { $fleet->restart_drained($_) for 0, 1 }, @crowd, failed => 0);

event('a node is lost', sub {
    $fleet->kill_node(1);
    sleep 1;
    $fleet->boot_node(1);
}, @crowd);

done_testing;
