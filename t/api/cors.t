# SPDX-License-Identifier: Apache-2.0
#
# The sample of conf/site.conf that lets pages of other sites use the API: preflights, answers, errors, and what a
# browser makes of them.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Browser;
use TenantTest::Packages;
use TenantTest::Sample;

my $database = 'cors';
my $pages = TenantTest::Server->start;    # where the pages of other sites come from
my $origin = 'http://127.0.0.1:' . $pages->port;

# The sample with our page's origin for a sysadmin's.
my ($sample) = uncomment(slurp('conf/site.conf')) =~ /^(    # Pages of other sites.*?\n)\n/ms;
ok($sample =~ s/\Q^https:\/\/(APP|WWW)\.EXAMPLE\.COM\E\$/'^' . quotemeta($origin) . '$'/e, 'site.conf has the sample');
my $server = TenantTest::Server->start(database => database($database), server => "$sample\nLimitRequestBody 100000");

sub ask {
    my ($method, $path, %option) = @_;
    my @headers = @{ delete $option{headers} || [] };
    return request($method, $path, to => $server, headers => [Origin => delete $option{origin} // $origin, @headers], %option);
}

sub words { return sort map { lc } split /\s*,\s*/, $_[0] // '' }

# That a page of the origin may read an answer, and that caches know why.
sub is_shared {
    my ($answer, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_deeply([$answer->header('Access-Control-Allow-Origin')], [$origin], "$name: this origin may read it");
    ok((grep { $_ eq 'origin' } words(scalar $answer->header('Vary'))), "$name: it varies by Origin");
    is_deeply([words(scalar $answer->header('Access-Control-Expose-Headers'))],
        [words('ETag, Link, Location, Retry-After, Preference-Applied, Idempotency-Replayed')], "$name: and these headers");
    is($answer->header('Access-Control-Allow-Credentials'), undef, "$name: no cookies");
}

sub is_not_shared {
    my ($answer, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @pairs = @{ $answer->{headers} };
    is_deeply([grep { /^access-control-/i } @pairs], [], "$name: no page may read it");
    ok((grep { $_ eq 'origin' } words(scalar $answer->header('Vary'))), "$name: it varies by Origin");
}

my ($product) = column({ database => $database }, 'SELECT max(id) FROM products WHERE tenant_id = ?', tenant('acme')->{id});
my @paths = ('/v1', '/v1/calls', "/v1/products/$product", '/v1/settings', '/v1/tenant/key', '/v1/twilio/token', '/v1/openapi.json', '/v1/problems');

subtest 'preflights' => sub {
    for my $path (@paths) {
        for my $method (qw(GET POST PATCH DELETE)) {
            my $answer = ask(OPTIONS => $path, headers => ['Access-Control-Request-Method' => $method,
                'Access-Control-Request-Headers' => 'authorization,content-type,if-match']);
            is_status($answer, 204, "$method $path: no key is needed");
            is_shared($answer, "$method $path");
            is_deeply([words(scalar $answer->header('Access-Control-Allow-Methods'))], [words('GET, HEAD, POST, PATCH, DELETE')],
                "$method $path: the methods");
            is_deeply([words(scalar $answer->header('Access-Control-Allow-Headers'))],
                [words('Authorization, X-API-Key, Content-Type, If-Match, If-None-Match, Idempotency-Key, Prefer')], "$method $path: the headers");
            is($answer->header('Access-Control-Max-Age'), 7200, "$method $path: for two hours");
        }
    }
};

subtest 'the document knows no header or method more' => sub {
    my $document = ask(GET => '/v1/openapi.json')->json;
    my $preflight = ask(OPTIONS => '/v1/calls', headers => ['Access-Control-Request-Method' => 'GET']);
    my %allowed = map { $_ => 1 } map { words(scalar $preflight->header("Access-Control-Allow-$_")) } qw(Headers Methods);
    my @parameters = map { lc $_->{name} } grep { $_->{in} eq 'header' } values %{ $document->{components}{parameters} };
    cmp_ok(scalar @parameters, '>', 2, 'it has some');
    ok($allowed{$_}, "$_ is allowed") for @parameters;
    my %methods = map { map { $_ => 1 } keys %$_ } values %{ $document->{paths} };
    ok($allowed{$_}, "$_ is allowed") for grep { $_ ne 'parameters' } keys %methods;
};

subtest 'answers and errors' => sub {
    my @as = (as => 'acme');
    my %answer = (
        'a list'        => [200, GET => '/v1/calls?limit=1', @as],
        'a row'         => [200, GET => "/v1/products/$product", @as],
        'HEAD'          => [200, HEAD => "/v1/products/$product", @as],
        'a new row'     => [201, POST => '/v1/products', @as, json => { name => 'Anvil' }],
        'no account'    => [409, POST => '/v1/twilio/token', @as, json => { identity => 'a', voice => {} }],
        'the index'     => [200, GET => '/v1/'],
        'not modified'  => [304, GET => "/v1/products/$product", @as, headers => ['If-None-Match' => '*']],
        'bad JSON'      => [400, POST => '/v1/products', @as, type => 'application/json', body => '{'],
        'no key'        => [401, GET => '/v1/calls'],
        'a wrong key'   => [401, GET => '/v1/calls', headers => [bearer('mt_wrong')]],
        'another Host'  => [403, GET => '/v1/calls', @as, host => tenant('globex')->{host}],
        'no path'       => [404, GET => '/v1/nothing', @as],
        'no row'        => [404, GET => '/v1/calls/2147483647', @as],
        'httpd\'s 404'  => [404, GET => '/v1/calls%2f1', @as],
        'httpd\'s 400'  => [400, GET => '/v1/%zz', @as],
        'the method'    => [405, PUT => '/v1/calls', @as],
        'Accept'        => [406, GET => '/v1/calls', @as, headers => [Accept => 'image/png']],
        'If-Match'      => [412, PATCH => "/v1/products/$product", @as, json => { name => 'x' }, headers => ['If-Match' => '"0-0"']],
        'a large body'  => [413, POST => '/v1/products', @as, json => { name => 'x' x 70_000 }],
        'httpd\'s 413'  => [413, POST => '/v1/products', @as, json => { name => 'x' x 200_000 }],
        'the type'      => [415, POST => '/v1/products', @as, type => 'text/plain', body => '{}'],
        'bad members'   => [422, POST => '/v1/products', @as, json => { nome => 'x' }],
    );
    for my $name (sort keys %answer) {
        my ($status, $method, $path, %option) = @{ $answer{$name} };
        my $answer = ask($method => $path, %option, headers => [@{ $option{headers} || [] }]);
        is_status($answer, $status, $name);
        is_shared($answer, $name);
    }
};

subtest 'other origins' => sub {
    my $port = $pages->port;
    my @origins = ("http://127.0.0.1:${port}0", "https://127.0.0.1:$port", "http://127.0.0.1:$port.example.com", 'http://127.0.0.1',
        "http://127x0.0.1:$port", "http://evil.example.com/$origin", "$origin/", "$origin, http://evil.example.com", ' ', 'null', '*', uc $origin);
    for my $other (@origins) {
        my $preflight = ask(OPTIONS => '/v1/calls', origin => $other, headers => ['Access-Control-Request-Method' => 'GET']);
        is_status($preflight, 204, "Origin: $other");
        is_not_shared($preflight, "Origin: $other, preflight");
        is_not_shared(ask(GET => '/v1/calls', origin => $other, as => 'acme'), "Origin: $other, answer");
        is_not_shared(ask(GET => '/v1/calls', origin => $other), "Origin: $other, error");
    }
    is_not_shared(request(GET => '/v1/calls', to => $server, as => 'acme'), 'no Origin');
};

# --- In a browser ------------------------------------------------------------------------------------------

my $api = 'http://127.0.0.1:' . $server->port . '/v1';
my %with_key = bearer('acme');

# What the pages ask for: all but the first need a preflight.
my @requests = (
    ["$api/calls?limit=1"],
    ["$api/products/$product", { headers => {%with_key} }],
    ["$api/calls?limit=1", { headers => { %with_key, Prefer => 'count=exact' } }],
    ["$api/products", { method => 'POST', headers => { 'X-API-Key' => tenant('acme')->{key}, 'Content-Type' => 'application/json',
        'Idempotency-Key' => 'cors' }, body => '{"name": "From another site"}' }],
);

# The change of a row that the page has an ETag of.
sub change {
    my ($etag) = @_;
    return ["$api/products/$product", { method => 'PATCH', body => '{"description": "changed"}',
        headers => { %with_key, 'Content-Type' => 'application/merge-patch+json', 'If-Match' => $etag } }];
}

subtest 'a page of the configured origin' => sub {
    plan skip_all => packages_missing('t/browser') if packages_missing('t/browser');
    my $etag = ask(GET => "/v1/products/$product", as => 'acme')->header('ETag');
    my $result = browse('cors.js', url => "$origin/static.txt", requests => [@requests, change($etag), change($etag)]);
    is($result->{origin}, $origin, 'it is');
    my ($refused, $row, $list, $new, $changed, $stale) = @{ $result->{answers} };
    is($refused->{status}, 401, 'it reads an error without a key');
    like($refused->{body}, qr/"code":"key-missing"/, 'whole');
    is($row->{status}, 200, 'a row');
    is($row->{headers}{etag}, $etag, 'with its ETag');
    is($list->{status}, 200, 'a list');
    like($list->{headers}{link}, qr/rel="next"/, 'with its Link');
    is($list->{headers}{'preference-applied'}, 'count=exact', 'and Preference-Applied');
    is($new->{status}, 201, 'a new row');
    like($new->{headers}{location}, qr{^/v1/products/\d+$}, 'with its Location');
    is($changed->{status}, 200, 'a change');
    like($changed->{body}, qr/"description":"changed"/, 'and what came of it');
    isnt($changed->{headers}{etag}, $etag, 'with its new ETag');
    is($stale->{status}, 412, 'the second is too late');
    like($stale->{body}, qr/"code":"precondition-failed"/, 'and says so');
    is(scalar row({ database => $database }, 'SELECT description FROM products WHERE id = ?', $product), 'changed', 'it has happened');
};

subtest 'a page of another origin' => sub {
    plan skip_all => packages_missing('t/browser') if packages_missing('t/browser');
    my $log = $server->access_log;
    my $etag = ask(GET => "/v1/products/$product", as => 'acme')->header('ETag');
    my $before = row({ database => $database }, 'SELECT count(*) FROM products');
    my $result = browse('cors.js', url => 'http://localhost:' . $pages->port . '/static.txt', requests => [@requests, change($etag)]);
    is($result->{origin}, 'http://localhost:' . $pages->port, 'it is');
    is_deeply($result->{answers}, [({ error => 'TypeError' }) x (@requests + 1)], 'it reads nothing');
    is(scalar row({ database => $database }, 'SELECT count(*) FROM products'), $before, 'and does nothing');
    unlike($log->text, qr/"(?:PATCH|POST) /, 'its browser does not even ask');
};

done_testing;
