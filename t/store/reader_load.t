# SPDX-License-Identifier: Apache-2.0
# A standby that answers reads, under load, while it crashes, hangs, falls behind, and the servers lose what watches over it: no
# tenant ever misses what it has written, and nobody is told of any of that.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Fault;
use TenantTest::Load;
use TenantTest::Reader;

my $SECONDS = 25;
my $STALE = 599;    # stands for an answer that shows less than it must

my $site = TenantTest::Site->make;
my $standby = $site->cluster->standby('reader');
my $server = start_server($site, $standby, '1h', server => 'TenantPool max=5');
my @tenants = qw(acme globex);
my %row = map { $_ => $site->dbh->selectrow_array('SELECT min(id) FROM products WHERE tenant_id = ?', undef, $site->{tenants}{$_}{id}) } @tenants;
$site->dbh->do(q{UPDATE products SET description = '0' WHERE id IN (?, ?)}, undef, @row{@tenants});
ok((wait_until { is_read($server) } 30), 'reads come from the standby');

my $ROUND = 40;    # requests of a writer: a change, and reads until it comes from the standby

# Counts up in its tenant's row and looks at it.
sub writer {
    my ($tenant) = @_;
    my $written = 0;
    return {
        name => 'writer', pause => 0.01, client => sub { $server->client },
        request => sub {
            my ($client, $n) = @_;
            my $path = "/v1/products/$row{$tenant}";
            if ($n % $ROUND == 0) {
                my $response = $client->request(PATCH => $path, content(as => $tenant, json => { description => '' . ($n + 1) }));
                $written = $n + 1 if $response->status == 200;
                return $response;
            }
            my $response = $client->request(GET => $path, content(as => $tenant));
            $response->{status} = $STALE if $response->status == 200 && $response->json->{description} < $written;
            return $response;
        },
    };
}

# Looks at it, in a row and in a list, which must never count down.
sub reader {
    my ($tenant) = @_;
    my $seen = 0;
    return {
        name => 'reader', pause => 0.005, client => sub { $server->client },
        request => sub {
            my ($client, $n) = @_;
            my $is_list = $n % 2;
            my $response = $client->request(GET => $is_list ? '/v1/products?order=id.asc&limit=1' : "/v1/products/$row{$tenant}", content(as => $tenant));
            return $response if $response->status != 200;
            my $value = $is_list ? $response->json->{data}[0]{description} : $response->json->{description};
            $response->{status} = $STALE if $value < $seen;
            $seen = $value if $value > $seen;
            return $response;
        },
    };
}

sub content { return TenantTest::content(@_) }

my @faults = (
    sub { kill KILL => ($standby->backends('tenant_api'))[0] },                       # all of its backends end
    sub { pause($standby); sleep 1; resume($standby) },
    sub { $standby->restart('immediate') },
    sub { my @pids = $standby->backends('tenant_api'); $standby->freeze(@pids); sleep 0.3; $standby->thaw(@pids) },
    sub { $_->query('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mod_tenant survey'}) for $site->cluster, $standby },
    sub { $server->graceful },
    sub { $standby->query('postgres', 'CHECKPOINT') },
);

my $before = reads($server);
my $load = TenantTest::Load->start(map { (writer($_), reader($_), reader($_)) } @tenants);
my $until = time + $SECONDS;
for (my $n = 0; time < $until; $n++) {
    eval { $faults[$n % @faults]->(); 1 } or diag $@;
    wait_until { $standby->is_running && ($standby->try_query('postgres', 'SELECT 1'))[0] == 0 } 30;
    wait_until { is_read($server) } 10;
}
my @answers = $load->stop;
my %status;
$status{ $_->{status} }++ for @answers;
cmp_ok(scalar @answers, '>', 1000, 'there was something to do');
is($status{$STALE} // 0, 0, 'nothing that was written is missed');
is(scalar(grep { $_->{status} >= 500 && $_->{status} != $STALE } @answers), 0, 'and nobody is told of a fault') or diag explain \%status;
cmp_ok(reads($server) - $before, '>', 500, 'most of it by the standby');
cmp_ok(reads($server, 'primary-wrote'), '>', 50, 'and some by the primary, for what was just written');
note join ', ', map {"$_: $status{$_}"} sort keys %status;

done_testing;
