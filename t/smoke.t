# SPDX-License-Identifier: Apache-2.0
# That everything is there: a server with a tenant's rows behind it, over HTTP and HTTPS, and what tests stand on.
use strict;
use warnings;

use Test::More;
use TenantTest;

subtest 'the main server' => sub {
    is_status(request(GET => '/v1/'), 200, 'the index answers without a key');

    for my $name (qw(acme globex)) {
        my $response = request(GET => '/v1/calls', as => $name);
        is_status($response, 200, "$name lists calls");
        my %tenants = map { $_->{tenant_id} => 1 } @{ $response->json->{data} };
        is_deeply([keys %tenants], [tenant($name)->{id}], "all are of $name");
    }
    is_status(request(GET => '/v1/calls', as => 'acme', tls => 1), 200, 'HTTPS');
    is_problem(request(GET => '/v1/calls'), 401, 'key-missing');
    is_problem(request(GET => '/v1/calls', as => 'closed'), 403, 'tenant-inactive');
    is_problem(request(GET => '/v1/calls', as => 'acme', host => tenant('globex')->{host}), 403, 'tenant-mismatch');

    my $access_log = access_log;
    request(GET => '/v1/calls?limit=7', as => 'acme');
    like($access_log->wait_for(qr/limit=7/), qr/ tenant=\d+ via=key$/, 'the log names the tenant');
};

subtest 'a row written and seen in the database' => sub {
    my $response = request(POST => '/v1/products', as => 'acme', json => { name => "Smoke \x{2603}" });
    is_status($response, 201);
    my $id = $response->json->{id};
    is_deeply([row('SELECT name, tenant_id FROM products WHERE id = ?', $id)], ["Smoke \x{2603}", tenant('acme')->{id}]);
    is_same_answer(request(GET => "/v1/products/$id", as => 'globex'), request(GET => '/v1/products/99999', as => 'globex'),
        'to another tenant it is not there');
    is(sql('DELETE FROM products WHERE id = ?', $id), 1);
};

subtest 'a server of the test\'s own' => sub {
    my $server = TenantTest::Server->start(server => 'TenantPool max=1', location => 'TenantPageSize 2 3');
    is(scalar @{ request(GET => '/v1/calls', as => 'acme', to => $server)->json->{data} }, 2, 'its own page size');

    my $first = client(to => $server)->send(GET => '/v1/calls', headers => [bearer('acme')]);
    my $second = client(to => $server)->send(GET => '/static.txt');
    is($second->receive->body, "static\n", 'two requests at a time');
    is_status($first->receive, 200);

    my @before = sort $server->children;
    $server->graceful;
    is_status(request(GET => '/v1/calls', as => 'acme', to => $server), 200, 'after a graceful restart');
    isnt("@before", join(' ', sort $server->children), 'its children are others');

    $server->stop;
    ok(!defined $server->pid, 'it stops');
};

subtest 'a database of the test\'s own' => sub {
    my $server = TenantTest::Server->start(database => database('smoke'));
    is(sql({ database => 'smoke' }, 'DELETE FROM calls'), 75);
    is_deeply(request(GET => '/v1/calls', as => 'acme', to => $server)->json->{data}, [], 'it is empty');
    isnt(scalar @{ request(GET => '/v1/calls', as => 'acme')->json->{data} }, 0, 'the main one is not');
};

subtest 'a site of the test\'s own' => sub {
    my $own = TenantTest::Site->make;
    my $server = TenantTest::Server->start(site => $own);
    is_status(request(GET => '/v1/calls/1', as => 'acme', to => $server), 200, 'the same keys and ids');
    $own->cluster->stop('immediate');
    is_problem(request(GET => '/v1/calls/1', as => 'acme', to => $server), 503, 'database-away');
};

subtest 'configurations' => sub {
    my ($ok, $output) = TenantTest::Server->configtest;
    ok($ok, 'a right one') or diag $output;
    ($ok, $output) = TenantTest::Server->configtest(server => 'TenantPool max=none');
    ok(!$ok, 'a wrong one is refused');
    like($output, qr/TenantPool/, 'by name');
};

done_testing;
