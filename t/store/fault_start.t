# SPDX-License-Identifier: Apache-2.0
# PostgreSQL does not run when httpd starts.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Fault;

# What is refused without a database: target, problem, and the request's other options.
my @refusals = (
    ['an unknown path',          GET    => '/v1/nothing',           404, 'not-found'],
    ['a bad id',                 GET    => '/v1/calls/0',           404, 'not-found'],
    ['a method',                 PUT    => '/v1/calls',             405, 'method-not-allowed'],
    ['a parameter',              GET    => '/v1/calls?colour=blue', 400, 'bad-parameter'],
    ['a cursor',                 GET    => '/v1/calls?after=x',     400, 'bad-cursor'],
    ['a media type',             GET    => '/v1/calls',             406, 'not-acceptable', headers => [Accept => 'image/png']],
    ["a body's media type",      POST   => '/v1/calls',             415, 'unsupported-media-type', body => '{}', type => 'text/plain'],
    ['a long body',              POST   => '/v1/calls',             413, 'body-too-large', json => { body => 'x' x 70_000 }],
    ["a key's checksum",         GET    => '/v1/calls',             401, 'key-invalid', as => 'mt_' . 'a' x 49],
    ['no key',                   DELETE => '/v1/calls/1',           401, 'key-missing', as => undef],
    ['two keys',                 GET    => '/v1/calls',             400, 'ambiguous-key', headers => ['X-API-Key' => 'mt_' . 'a' x 49]],
);

my $site = TenantTest::Site->make;
$site->cluster->stop;
my $server = TenantTest::Server->prepare(site => $site, server => 'TenantPool wait=10s');
my $log = $server->error_log;
$server->boot;

is_problem(request(GET => '/v1/calls', as => 'acme', to => $server), 503, 'database-away', 'httpd starts without PostgreSQL');

subtest 'what needs no database makes no connection' => sub {
    my ($socket, $folder) = silent_database(site);
    my $server = TenantTest::Server->start(processes => 1, server => "TenantPool wait=100ms\nTenantCache off",
        database => "host=$folder dbname=tenant user=tenant_api");

    for (@refusals) {
        my ($what, $method, $target, $status, $code, %option) = @$_;
        is_problem(request($method, $target, as => 'acme', to => $server, %option), $status, $code, "$what is refused");
    }
    is_status(request(GET => '/v1/', to => $server), 200, 'the index');
    is_status(request(GET => '/static.txt', to => $server), 200, 'a static file');
    is_status(request(OPTIONS => '/v1/calls', to => $server), 204, 'the methods of a path');
    ok(!is_asked($socket), 'none of them asked the database');
    is_problem(request(GET => '/v1/calls', as => 'acme', to => $server), 503, 'pool-exhausted');
    ok(wait_until(sub { is_asked($socket) }), 'a list does');
};

subtest 'httpd starts and refuses at once' => sub {
    for my $case ([GET => '/v1/calls'], [GET => '/v1/calls/1'], [DELETE => '/v1/calls/1'],
        [POST => '/v1/products', json => { name => 'x' }], [PATCH => '/v1/products/1', json => {}]) {
        my ($method, $target, %option) = @$case;
        my $response = request($method, $target, as => 'acme', to => $server, %option);
        is_problem($response, 503, 'database-away', "$method $target");
        cmp_ok($response->elapsed, '<', 3, 'without the wait for a connection');
    }
    for (@refusals) {
        my ($what, $method, $target, $status, $code, %option) = @$_;
        is_problem(request($method, $target, as => 'acme', to => $server, %option), $status, $code, $what);
    }
    is_status(request(GET => '/static.txt', to => $server), 200, 'a static file');
};

subtest 'the log says so once' => sub {
    ok($log->wait_for(qr/:error\] .*TenantDatabase: changes of tenants cannot be heard/), 'ahead of any request, who listens');
    request(GET => '/v1/calls', as => 'acme', to => $server) for 1 .. 20;
    sleep 1;    # more than one more attempt to connect
    my @lines = $log->matching(qr/TenantDatabase cannot be reached/);
    cmp_ok(scalar @lines, '>=', 1, 'at all');
    cmp_ok(scalar @lines, '<=', 2, 'and at most once in each of two children');
    unlike($log->text, qr/reached again/, 'and nothing of recovery');
};

subtest 'it heals without a reload' => sub {
    my @children = sort $server->children;
    $site->cluster->start;
    sleep 1;
    my @wrong = grep { $_->status != 200 } map { request(GET => '/v1/calls', as => 'acme', to => $server) } 1 .. 20;
    is(@wrong, 0, 'a second after PostgreSQL accepts connections every request succeeds') or diag($wrong[0]->body);
    is_status(request(POST => '/v1/products', as => 'acme', to => $server, json => { name => 'healed' }), 201, 'a write');
    is_deeply([sort $server->children], \@children, 'in the same processes');
    like($log->text, qr/TenantDatabase is reached again/, 'the log says so');
};

done_testing;
