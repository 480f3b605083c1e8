# SPDX-License-Identifier: Apache-2.0
# Three web nodes behind HAProxy with one PostgreSQL: what happens to nodes is not noticed by clients who send again what was not
# answered.
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
my $fleet = TenantTest::Fleet->start(site => $site, database => $site->{conninfo}, pool => 'max=6');
my @crowd = (crowd => sub { return TenantTest::Crowd->start(address => [$fleet->address], site => $site) });

event('rolling restarts', sub { $fleet->restart_drained($_) for 0 .. 2 }, @crowd, failed => 0, gap => 2);

# Without draining: a write may meet a connection of HAProxy's that the node just closes, and is sent again.
event('reloads', sub { $_->graceful for $fleet->nodes }, @crowd, gap => 2);

event('children are killed', sub {
    for my $node ($fleet->nodes) {
        kill KILL => ($node->workers)[0];
        sleep 1;
    }
}, @crowd, gap => 2);

event('nodes are killed', sub {
    for my $number (0 .. 2) {
        $fleet->kill_node($number);
        sleep 2;
        $fleet->boot_node($number);
    }
}, @crowd, gap => 3);

event('a node is frozen', sub {
    my @pids = ($fleet->nodes)[1]->pids;
    kill STOP => @pids;
    sleep 6;
    kill CONT => @pids;
    $fleet->wait_until_ready(1);
}, @crowd, gap => 3);

done_testing;
