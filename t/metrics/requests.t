# SPDX-License-Identifier: Apache-2.0
# Requests are counted by what was asked, how, and what the answer was, in both formats; by every child; and the counts stay
# when children go.
use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Scrape qw(promtool);

my $requests = 'mod_tenant_requests_total';
my $server = TenantTest::Server->start(server => qq{<Location "/metrics">\nTenantHandler metrics\nRequire local\n</Location>});

sub scrape { return TenantTest::Scrape->of($server, @_) }

sub is_refused {
    my ($response, $status, $code) = @_;
    is_status($response, $status);
    is($response->json->{code}, $code, "as $code");
}

sub count {
    my ($want, %labels) = @_;
    return TenantTest::Scrape->await($server, $want, $requests, %labels);
}

subtest 'what was sent' => sub {
    counted_request(GET => '/v1/calls', as => 'acme', to => $server) for 1 .. 3;
    counted_request(GET => '/v1/products', as => 'acme', to => $server);
    counted_request(HEAD => '/v1/calls', as => 'acme', to => $server);
    counted_request(GET => '/v1/calls/999999', as => 'acme', to => $server);
    counted_request(POST => '/v1/products', as => 'acme', to => $server, json => { name => 'counted' });
    counted_request(PUT => '/v1/products', as => 'acme', to => $server);
    counted_request(GET => '/v1/calls', to => $server);
    counted_request(GET => '/v1/', to => $server);
    counted_request(GET => '/v1/nothing', to => $server);
    counted_request(GET => '/v1/%zz', to => $server);
    counted_request(GET => '/static.txt', to => $server);
    is(count(12, handler => 'api'), 12, 'all of them are counted, and no others: no file');
    is(TenantTest::Scrape->await($server, 2, 'mod_tenant_children'), 2, 'by two children');
    my $scrape = scrape();
    my $value = sub { return $scrape->value($requests, handler => 'api', @_) };
    is($value->(resource => 'calls', method => 'GET', status => '2xx'), 3, 'lists of calls');
    is($value->(resource => 'products', method => 'GET', status => '2xx'), 1, 'products');
    is($value->(resource => 'calls', method => 'HEAD', status => '2xx'), 1, 'HEAD');
    is($value->(resource => 'calls', method => 'GET', status => '4xx'), 2, '404 and 401');
    is($value->(resource => 'products', method => 'POST', status => '2xx'), 1, 'a new row');
    is($value->(method => 'other', status => '4xx'), 1, 'a method that there is not');
    is($value->(resource => '', method => 'GET', status => '2xx'), 1, 'the index');
    is($value->(resource => '', method => 'GET', status => '4xx'), 2, 'nothing, and a path that is none');
    is($scrape->value('mod_tenant_refusals_total', code => 'key-missing'), 1, 'a problem, by its code');
    is($scrape->value('mod_tenant_refusals_total', code => 'not-found'), 2, 'others');
    is($scrape->value('mod_tenant_request_duration_seconds_count', handler => 'api'), 12, 'each has a duration');
    is($scrape->value('mod_tenant_request_duration_seconds_bucket', handler => 'api', le => '+Inf'), 12, 'in a bucket');
    cmp_ok($scrape->value('mod_tenant_request_duration_seconds_sum', handler => 'api'), '>', 0.0001, 'of some time');
    is($scrape->value('mod_tenant_build_info'), 1);
};

subtest 'both formats' => sub {
    my $plain = scrape();
    my $open = scrape(openmetrics => 1);
    is($plain->{type}, 'text/plain; version=0.0.4; charset=utf-8');
    is($open->{type}, 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    is($open->value($requests, resource => 'calls'), $plain->value($requests, resource => 'calls'), 'say the same');
    my ($is_fine, $said) = promtool($plain->{text}, 'check metrics');
    ok($is_fine, 'promtool has nothing to say') or diag $said;
    is_refused(request(GET => '/metrics', to => $server, headers => [Accept => 'image/png']), 406, 'not-acceptable');
};

subtest 'a graceful restart, and killed children' => sub {
    my $before = scrape()->value($requests, handler => 'api');
    $server->graceful;
    is(scrape()->value($requests, handler => 'api'), $before, 'it keeps them');
    for my $round (1 .. 3) {
        $server->kill_and_wait;
        request(GET => '/v1/calls', as => 'acme', to => $server) for 1 .. 5;
        is(count($before + 5 * $round, handler => 'api'), $before + 5 * $round, 'killed children have counted');
    }
    is(TenantTest::Scrape->await($server, 2, 'mod_tenant_children'), 2, 'the dead are not alive');
};

subtest 'who may see them' => sub {
    is_refused(request(POST => '/metrics', to => $server), 405, 'method-not-allowed');
    is_refused(request(GET => '/metrics/', to => $server), 404, 'not-found');
};

done_testing;
