# SPDX-License-Identifier: Apache-2.0
# The primary stands still, and what was to cancel its statements with it; another server takes its place. Writes go on there,
# however long the first one stands.
use strict;
use warnings;

use Test::More;

use TenantTest;
use TenantTest::Fault;

my $MAX = 4;    # connections of the pool: two for writes

my $site = TenantTest::Site->make;
my $primary = $site->cluster;
my $standby = $primary->standby('second');
my $server = TenantTest::Server->start(site => $site, processes => 1, threads => 20, pool => "statement=1s max=$MAX wait=1s",
    database => 'host=' . join(',', map { $_->socket_dir } $primary, $standby) . ' dbname=tenant user=tenant_api target_session_attrs=read-write');
my @products = @{ $site->dbh->selectcol_arrayref('SELECT id FROM products WHERE tenant_id = ? ORDER BY id LIMIT ?', undef, $site->{tenants}{acme}{id}, $MAX) };

# A change of each of so many rows, sent and not yet answered.
sub sent {
    my ($count) = @_;
    return map { $server->client->send(PATCH => "/v1/products/$_", headers => [bearer('acme'), 'Content-Type' => 'application/json'],
        body => json({ name => 'changed' })) } @products[0 .. $count - 1];
}

is_status((sent(1))[0]->receive, 200, 'a change');    # who is asking is known then
my $lock = lock_table($site, 'products');
my @clients = sent($MAX / 2);
is(scalar(waiting_backends($site, $MAX / 2)), $MAX / 2, 'as many writes as there may be have a connection');
$lock->release;
is_status($_->receive, 200, 'each is answered') for @clients;
ok((wait_until { $primary->query('postgres', 'SELECT count(*) FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()') } 30), 'the standby has them');

$_->disconnect for values %{ $site->{dbh} };
my $postmaster = do { open my $file, '<', $primary->data_dir . '/postmaster.pid' or die $!; 0 + readline $file };
my @pids = ($postmaster, $primary->backends);
freeze(@pids);
is($_->receive->status, 503, 'what the primary had begun is not known') for sent($MAX / 2);
$standby->promote;
ok((wait_until { (sent(1))[0]->receive->status == 200 } 60), 'writes go on at the other server');
is($_->receive->status, 200, 'as many as before') for sent($MAX);
is_status(request(GET => "/v1/products/$products[0]", as => 'acme', to => $server), 200, 'so do reads');
thaw(@pids);
is_status((sent(1))[0]->receive, 200, 'and when it goes on');

done_testing;
