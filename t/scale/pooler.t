# SPDX-License-Identifier: Apache-2.0
# The same with a PgBouncer between the nodes and PostgreSQL, which is led to another server by hand. PGBOUNCER names another one than
# Debian's: with 1.21 and later statements are prepared.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Crowd;
use TenantTest::Events;
use TenantTest::Fleet;
use TenantTest::Patroni;
use TenantTest::Pgbouncer;
use TenantTest::Pooler;

my $missing = TenantTest::Fleet::missing(qw(patroni etcd));
plan skip_all => $missing if $missing;

my $site = TenantTest::Site->make;
my $database = TenantTest::Patroni->start(site => $site);
my $pooler = TenantTest::Pooler->start(database => $database);
my $fleet = TenantTest::Fleet->start(site => $site, database => $pooler->conninfo, listen => $database->conninfo('tenant_api'),
    pool => 'max=6 prepare=' . (TenantTest::Pgbouncer::keeps_statements() ? 'on' : 'off'));
my @common = (late => 10, crowd => sub {
    return TenantTest::Crowd->start(address => [$fleet->address], site => $site, admin => $database->conninfo('postgres'));
});

sub settle {
    $database->wait_for_primary;
    $pooler->lead_to($database->primary);
    $database->wait_for_standby;
    $fleet->wait_until_ready;
    return;
}

event('PgBouncer follows a switchover', sub {
    $database->switch_over;
    settle();
}, @common);

event('PgBouncer is restarted', sub {
    $pooler->{daemon}->stop('KILL');
    sleep 1;
    $pooler = TenantTest::Pooler->start(database => $database, port => $pooler->{port});
    settle();
}, @common);

# Its keeper hangs, so that it remains a primary; the other one becomes one, too.
event('PgBouncer is led to the new primary while the old one lives', sub {
    my $old = $database->primary;
    my $keeper = $database->node($old)->{daemon};
    $keeper->signal('STOP');
    $database->wait_for_primary($old);
    $pooler->lead_to(1 - $old);
    sleep 15;
    $keeper->signal('CONT');
    settle();
}, @common);

done_testing;
