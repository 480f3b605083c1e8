# SPDX-License-Identifier: Apache-2.0
# Three web nodes whose reads are answered by the standby under Patroni. Who has written sees it by whichever node, as HAProxy says which
# requests want what is newest; others see what is at most lag= old.
use strict;
use warnings;

use DBI ();
use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Crowd;
use TenantTest::Events;
use TenantTest::Fleet;
use TenantTest::Patroni;

my $LAG = 2;
my $missing = TenantTest::Fleet::missing(qw(patroni etcd));
plan skip_all => $missing if $missing;

my $site = TenantTest::Site->make;
my $database = TenantTest::Patroni->start(site => $site);
my @fleet = (site => $site, database => $database->conninfo('tenant_api'), read => $database->standby_conninfo('tenant_api'), lag => $LAG,
    pool => 'max=6', nodes => 3);
my $fleet;

# Few who write, and rest in between: so there are moments at which the standby is asked.
my @common = (late => 10, lag => $LAG + 1, crowd => sub { crowd() });

sub crowd {
    return TenantTest::Crowd->start(address => [$fleet->address], site => $site, admin => $database->conninfo('postgres'),
        writers => 2, pause => 2 * $LAG + 3, readers => 8, followers => 4, @_);
}

# A standby is asked from its first restart point on.
sub settle {
    $database->wait_for_primary;
    $database->wait_for_standby;
    on_server($_)->do('CHECKPOINT') for $database->primary, 1 - $database->primary;
    $fleet->wait_until_ready;
    return;
}

sub on_server { return DBI->connect('dbi:Pg:' . $database->conninfo('postgres', $_[0]) =~ s/ /;/gr, '', '', { RaiseError => 1 }) }

# How many reads of products the standby has answered.
sub answered { return on_server(1 - $database->primary)->selectrow_array(q{SELECT sum(seq_scan + idx_scan) FROM pg_stat_user_tables WHERE relname = 'products'}) }

# A standby that gets everything and shows nothing for so long.
sub withhold {
    my ($seconds) = @_;
    my $dbh = on_server(1 - $database->primary);
    $dbh->do('SELECT pg_wal_replay_pause()');
    sleep $seconds;
    $dbh->do('SELECT pg_wal_replay_resume()');
    return;
}

sub withhold_often {
    for (1 .. 6) {
        withhold($LAG * 0.75);
        sleep 1;
    }
    return;
}

subtest 'without HAProxy\'s word' => sub {
    $fleet = TenantTest::Fleet->start(@fleet, is_forgetful => 1);
    settle();
    my $crowd = crowd();
    sleep 3;
    withhold_often();
    my @stale = $crowd->stop->stale;
    cmp_ok(scalar @stale, '>', 0, 'a client does not see what it has written by another node');
    note scalar(@stale), ' stale reads';
    undef $fleet;
};

$fleet = TenantTest::Fleet->start(@fleet);
settle();

event('the standby shows nothing new for moments', sub {
    my $before = answered();
    withhold_often();
    my $more = answered() - $before;
    cmp_ok($more, '>', 100, 'the standby has answered reads');
    note "$more of them";
}, @common, failed => 0);

event('the standby is far behind', sub { withhold(10) }, @common, failed => 0);

event('a web node is lost', sub {
    for my $number (0 .. 2) {
        $fleet->kill_node($number);
        sleep 2;
        $fleet->boot_node($number);
    }
}, @common);

event('switchover', sub {
    $database->switch_over;
    settle();
    sleep 10;
}, @common);

event('the standby is lost and comes back', sub {
    my $standby = 1 - $database->primary;
    $database->kill_node($standby);
    sleep 10;
    $database->start_node($standby);
    settle();
}, @common);

done_testing;
