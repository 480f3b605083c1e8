# SPDX-License-Identifier: Apache-2.0
# A failover, and what comes behind it: an old primary that is still there, or comes back, is not served once a newer timeline of
# its cluster has been seen by any child. Nor is a standby that nobody has asked for.
use strict;
use warnings;

use File::Temp ();
use Test::More;

use TenantTest;
use TenantTest::Fault;

my $site = TenantTest::Site->make;
my $old = $site->cluster;
my $new = $old->standby('next');
my $second = $old->standby('second');

# Where the connection string leads, as an address does that is moved; the second of its hosts is nowhere at first.
my $folder = File::Temp->newdir('mt-at-XXXXXX', DIR => '/tmp');
my ($first_host, $second_host) = map {"$folder/$_"} 1, 2;

sub lead {
    my ($host, $cluster) = @_;
    unlink $host;
    symlink $cluster->socket_dir, $host or die "$host: $!" if $cluster;
    return;
}

sub start_server {
    my ($conninfo, @more) = @_;
    return TenantTest::Server->start(site => $site, processes => 2, threads => 10,
        database => "$conninfo dbname=tenant user=tenant_api", server => "TenantCache off\nTenantPool wait=2s", @more);
}

lead($first_host, $old);
my $server = start_server("host=$first_host,$second_host");

sub acme { my ($method, $target, %option) = @_; return request($method, $target, as => 'acme', to => $option{server} // $server, %option) }

# What both children say, most likely: the names that 40 reads have got, or their problems.
sub seen {
    my %seen;
    for (1 .. 40) {
        my $response = acme(GET => '/v1/products/1');
        $seen{ $response->status == 200 ? $response->json->{name} : $response->json->{code} }++;
    }
    return join ' ', sort keys %seen;
}

sub rename_product {
    my ($cluster, $name) = @_;
    $cluster->query('tenant', "UPDATE products SET name = '$name' WHERE id = 1");
    return;
}

rename_product($old, 'old');
ok(wait_until { $_->query('tenant', 'SELECT name FROM products WHERE id = 1') eq 'old' }, 'a standby follows') for $new, $second;
is(seen(), 'old', 'the primary is served');

subtest 'the old primary lives on' => sub {
    my $log = $server->error_log;
    $new->promote;
    rename_product($new, 'new');
    lead($first_host, $new);
    my ($one) = backends($site);
    $site->dbh('postgres')->do('SELECT pg_terminate_backend(?, 5000)', undef, $one);
    ok(wait_until { acme(GET => '/v1/products/1')->json->{name} eq 'new' }, 'one child finds the new one');
    is(seen(), 'new', 'then no child uses a connection to the old one, which is there and idle');
    is(scalar $log->matching(qr/cannot be reached|is not used/), 0, 'and nobody is refused');
};

subtest 'it comes back alone' => sub {
    my $log = $server->error_log;
    $old->stop('immediate');
    $new->stop;
    lead($first_host, $old);
    $old->start;
    is($old->query('tenant', 'SELECT name FROM products WHERE id = 1'), 'old', 'what it has is stale');
    is(seen(), 'database-away', 'nothing of that is served');
    is_problem(acme(POST => '/v1/products', json => { name => 'lost' }), 503, 'database-away', 'nothing is written');
    ok(wait_until { acme(GET => '/v1/ready')->status == 503 }, 'and the server says so');
    my $said = $log->matching(qr/TenantDatabase is not used: it is an old primary: its timeline is 1, and 2 of the same cluster/);
    cmp_ok($said, '>=', 1, 'the log says why');
    cmp_ok($said, '<=', 2, 'once in each child');
    $server->graceful;
    is(seen(), 'database-away', 'a graceful restart forgets nothing');
};

subtest 'it comes back beside the new one' => sub {
    my $log = $server->error_log;
    $new->start;
    lead($second_host, $new);
    ok(wait_until { acme(GET => '/v1/products/1')->status == 200 }, 'the next host of the string is tried');
    ok(wait_until { seen() eq 'new' }, 'by all children');
    ok($log->wait_for(qr/TenantDatabase is reached again/), 'the log says so');
    is_status(acme(POST => '/v1/products', json => { name => 'kept' }), 201, 'it is written to');
    is($new->query('tenant', q{SELECT count(*) FROM products WHERE name = 'kept'}), 1, 'as it should');
};

subtest 'a standby' => sub {
    my $to = sub { 'host=' . $second->socket_dir };
    my $refused = start_server($to->());
    my $log = $refused->error_log;
    is_problem(acme(GET => '/v1/products/1', server => $refused), 503, 'database-away', 'is not served');
    ok($log->wait_for(qr/is not used: it is a standby/), 'the log says why');
    for my $word (qw(standby prefer-standby read-only)) {
        my $declared = start_server($to->() . " target_session_attrs=$word");
        is_status(acme(GET => '/v1/products/1', server => $declared), 200, "but where the connection string has $word");
        $declared->end;
    }
    my $any = start_server($to->() . ' target_session_attrs=any');
    is_problem(acme(GET => '/v1/products/1', server => $any), 503, 'database-away', 'any asks for none');
};

done_testing;
