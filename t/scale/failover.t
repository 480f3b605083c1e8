# SPDX-License-Identifier: Apache-2.0
# Three web nodes, a primary and a synchronous standby under Patroni: what happens to PostgreSQL loses nothing that was
# acknowledged, and nothing old is served.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Crowd;
use TenantTest::Events;
use TenantTest::Fleet;
use TenantTest::Patroni;

my $missing = TenantTest::Fleet::missing(qw(patroni etcd));
plan skip_all => $missing if $missing;

my $site = TenantTest::Site->make;
my $database = TenantTest::Patroni->start(site => $site);
my $fleet = TenantTest::Fleet->start(site => $site, database => $database->conninfo('tenant_api'), pool => 'max=6');
my @common = (late => 10, crowd => sub {
    return TenantTest::Crowd->start(address => [$fleet->address], site => $site, admin => $database->conninfo('postgres'));
});

# The next event begins with two servers and three nodes that are ready.
sub settle {
    $database->wait_for_primary;
    $database->wait_for_standby;
    $fleet->wait_until_ready;
    return;
}

event('switchover', sub {
    $database->switch_over;
    settle();
}, @common);

event('the postmaster of the primary is killed', sub {
    kill KILL => ($database->postgres($database->primary))[0];
    sleep 2;
    settle();
}, @common);

event('the machine of the primary is lost', sub {
    my $old = $database->primary;
    $database->kill_node($old);
    $database->wait_for_primary($old);
    sleep 2;
    $database->start_node($old);
    settle();
}, @common);

event('the primary is frozen, and thawed behind a failover', sub {
    my $old = $database->primary;
    $database->freeze($old);
    $database->wait_for_primary($old);
    sleep 2;
    $database->thaw($old);
    settle();
}, @common);

# Nobody tells it that it is not the primary any more.
event('the old primary is resumed without its keeper', sub {
    my $old = $database->primary;
    my @postgres = $database->postgres($old);
    kill STOP => @postgres;
    $database->node($old)->{daemon}->signal('KILL', 1);
    $database->wait_for_primary($old);
    sleep 3;
    kill CONT => @postgres;
    sleep 5;
    $database->start_node($old);
    settle();
}, @common);

event('the standby is lost and comes back', sub {
    my $standby = 1 - $database->primary;
    $database->kill_node($standby);
    sleep 25;
    $database->start_node($standby);
    settle();
}, @common, gap => 2);

event('the standby is lost where each COMMIT waits for one', sub {
    $database->set(synchronous_mode_strict => JSON::PP::true);
    sleep 6;
    my $standby = 1 - $database->primary;
    $database->kill_node($standby);
    sleep 40;
    $database->start_node($standby);
    settle();
    $database->set(synchronous_mode_strict => JSON::PP::false);
}, @common, gap => 2);

done_testing;
