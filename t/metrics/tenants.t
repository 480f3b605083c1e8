# SPDX-License-Identifier: Apache-2.0
# What each tenant has of the server: of the most active ones by name, of all others together. None of these figures goes back
# while it is told, and none is lost as tenants change places.
use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Scrape;

my $location = qq{<Location "/metrics">\nTenantHandler metrics\nRequire local\n</Location>};
my $server = TenantTest::Server->start(server => "TenantMetrics tenants=1\n$location");
my ($acme, $globex) = map { tenant($_)->{id} } qw(acme globex);

sub figure {
    my ($name, $who, %label) = @_;
    return TenantTest::Scrape->of($server)->value("mod_tenant_tenant_${name}_total", tenant => $who, %label);
}

sub await {
    my ($want, $name, $who) = @_;
    return TenantTest::Scrape->await($server, $want, "mod_tenant_tenant_${name}_total", tenant => $who);
}

sub configure {
    my ($tenants) = @_;
    return $server->reconfigure(sub { s/tenants=\d+/$tenants/ });
}

subtest 'what a tenant has' => sub {
    my $page = counted_request(GET => '/v1/calls?limit=7', as => 'acme', to => $server);
    my $made = counted_request(POST => '/v1/products', as => 'acme', to => $server, json => { name => 'share' });
    my $none = counted_request(GET => '/v1/calls/999999', as => 'acme', to => $server);
    counted_request(GET => '/v1/calls', to => $server);
    is(await(3, 'requests', $acme), 3, 'requests, but none that is nobody\'s');
    is(figure('requests', $acme, name => tenant('acme')->{name}), 3, 'by its name');
    is(figure('answer_bytes', $acme), length($page->body) + length($made->body) + length($none->body), 'bytes that went out');
    is(figure('rows_written', $acme), 1, 'a row written');
    cmp_ok(figure('rows_read', $acme), '>=', 7, 'rows read');
    cmp_ok(figure('rows_read', $acme), '<=', 8, 'and no more than it takes to know of a next page');
    cmp_ok(figure('database_seconds', $acme), '>', 0, 'time');
    is(figure('refusals', $acme), 1, 'a problem');
    is(figure('requests', 'other'), 0, 'others have nothing');
};

subtest 'another tenant is more active' => sub {
    counted_request(GET => '/v1/calls/1', as => 'globex', to => $server) for 1 .. 2;
    is(await(2, 'requests', 'other'), 2, 'with less than the first it is one of the others');
    is(figure('requests', $globex), 0, 'and not named');
    counted_request(GET => '/v1/calls/1', as => 'globex', to => $server) for 1 .. 20;
    my $scrape = TenantTest::Scrape->of($server);
    is($scrape->value('mod_tenant_tenant_requests_total'), 25, 'no request is lost');
    cmp_ok($scrape->value('mod_tenant_tenant_requests_total', tenant => $globex), '>=', 15, 'with more it has the place');
    is($scrape->value('mod_tenant_tenant_requests_total', tenant => $acme), 0, 'of the one that had it');
    is($scrape->value('mod_tenant_tenant_rows_written_total', tenant => 'other'), 1, 'whose figures are the others\'');
    is($scrape->value('mod_tenant_rows_written_total'), 1, 'and nothing is counted twice');
};

subtest 'a graceful restart, killed children, another number of places' => sub {
    my $before = figure('requests', $globex);
    my $log = $server->error_log;
    configure('tenants=3');
    $server->graceful;
    $server->kill_and_wait;
    request(GET => '/v1/calls/1', as => 'globex', to => $server);
    is(await($before + 1, 'requests', $globex), $before + 1, 'it goes on from there');
    my ($line) = $log->matching(qr/TenantMetrics tenants=3 takes (\d+) bytes more than the server has had since its start: 1 are/);
    ok($line, 'the log says by how much the memory is too small');
    $server->restart;
    is(figure('requests', $globex), 0, 'a start begins at 0');
    request(GET => '/v1/calls/1', as => $_, to => $server) for qw(acme globex);
    is(await(1, 'requests', $_), 1, 'and has all places') for $acme, $globex;
};

subtest 'none' => sub {
    my $without = TenantTest::Server->start(server => "TenantMetrics tenants=0\n$location");
    request(GET => '/v1/calls/1', as => 'acme', to => $without);
    is(TenantTest::Scrape->await($without, 1, 'mod_tenant_requests_total', handler => 'api'), 1, 'requests are counted');
    is(scalar TenantTest::Scrape->of($without)->samples('mod_tenant_tenant_requests_total'), 0, 'tenants are not told');
    my $off = TenantTest::Server->start(server => "TenantMetrics off\n$location");
    my $response = request(GET => '/metrics', to => $off);
    is_status($response, 404, 'off');
    like($response->json->{detail}, qr/TenantMetrics is off/);
    is_status(request(GET => '/v1/calls/1', as => 'acme', to => $off), 200, 'the API answers');
};

done_testing;
