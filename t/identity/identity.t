# SPDX-License-Identifier: Apache-2.0
#
# Who is asking the API: keys, Hosts, and what the Host alone may read.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Asking qw(asking ask);
use TenantTest::Keys;

my $database = 'identity';
my $conninfo = database($database);
my %key = keys_in($database);
my %id = map { $_ => tenant($_)->{id} } qw(acme globex closed);
my %host = map { $_ => tenant($_)->{host} } keys %id;

my $server = TenantTest::Server->start(
    database  => $conninfo,
    log_level => 'trace8',
    server    => <<'END',
Header always set X-Tenant "%{TENANT_ID}e %{TENANT_NAME}e %{TENANT_STATUS}e %{TENANT_VIA}e"
<Location "/public/v1">
    TenantHandler api
    TenantPublicRead products
</Location>
END
);
my @logs = ($server->error_log, $server->access_log);

asking(to => $server);

# Headers with one of the keys.
sub bearing { my ($which) = @_; return (Authorization => "Bearer $key{$which}") }

# That a request is answered: with a problem of that code, or with the status alone.
sub is_answer {
    my ($response, $status, $code, $name) = @_;
    return $code ? is_problem($response, $status, $code, "$name: $code") : is_status($response, $status, $name);
}

# --- Keys -----------------------------------------------------------------------------------------------------

subtest 'one key' => sub {
    my @cases = (
        ['Bearer'                    => [bearing('acme')]],
        ['Bearer in any case'        => [Authorization => "bEARER $key{acme}"]],
        ['Bearer and more spaces'    => [Authorization => "Bearer   $key{acme}  "]],
        ['X-API-Key'                 => ['X-API-Key' => $key{acme}]],
        ['Basic, any user'           => [basic("AC123:$key{acme}")]],
        ['Basic, no user'            => [basic(":$key{acme}")]],
        ['Basic, as the user name'   => [basic("$key{acme}:")]],
        ['... without a colon'       => [basic($key{acme})]],
        ['... with some password'    => [basic("$key{acme}:x")]],
        ['... as both'               => [basic("$key{acme}:$key{acme}")]],
        ['... as in X-API-Key'       => [basic("$key{acme}:"), 'X-API-Key' => $key{acme}]],
        ['a user name like a key'    => [basic("mt_bot:$key{acme}")]],
        ['the same in both headers'  => [bearing('acme'), 'X-API-Key' => $key{acme}]],
        ['the same as Basic and key' => [basic("user:$key{acme}"), 'X-API-Key' => $key{acme}]],
        ['a key that is retiring'    => [bearing('retiring')]],
    );
    for (@cases) {
        my ($name, $headers) = @$_;
        my $response = ask(GET => '/v1/tenant', headers => $headers);
        is_status($response, 200, $name);
        is($response->json->{id}, $id{acme}, "$name: acme's");
    }
};

subtest 'more than one key' => sub {
    my ($acme, $globex) = @key{qw(acme globex)};
    my @cases = (
        ['two different ones'           => [bearing('acme'), 'X-API-Key' => $globex]],
        ['Basic and another key'        => [basic("user:$acme"), 'X-API-Key' => $globex]],
        ['two in Basic'                 => [basic("$acme:$globex")]],
        ['a user name and another key'  => [basic("$acme:"), 'X-API-Key' => $globex]],
        ['a good and a malformed one'   => [bearing('acme'), 'X-API-Key' => 'nonsense']],
        ['a malformed and a good one'   => [Authorization => 'Bearer nonsense', 'X-API-Key' => $acme]],
        ['Authorization twice'          => [bearing('acme'), bearing('globex')]],
        ['Authorization twice the same' => [bearing('acme'), bearing('acme')]],
        ['X-API-Key twice'              => ['X-API-Key' => $acme, 'X-API-Key' => $globex]],
        ['X-API-Key twice the same'     => ['X-API-Key' => $acme, 'X-API-Key' => $acme]],
        ['Basic ahead of Bearer'        => [basic('user:password'), bearing('acme')]],
        ['Bearer ahead of Basic'        => [bearing('acme'), basic('user:password')]],
        ['another scheme ahead'         => [Authorization => 'Digest username="x"', bearing('acme')]],
        ['two in one header'            => ['X-API-Key' => "$acme,$globex"]],
    );
    is_problem(ask(GET => '/v1/tenant', headers => $_->[1]), 400, 'ambiguous-key', $_->[0]) for @cases;
};

my @invalid = (
    ['a wrong checksum'     => $key{checksum}],
    ['too short'            => substr $key{acme}, 0, 51],
    ['too long'             => "$key{acme}0"],
    ['lower case'           => lc $key{acme}],
    ['another prefix'       => $key{acme} =~ s/^mt/tm/r],
    ['a space inside'       => $key{acme} =~ s/^(.{20})./$1 /r],
    ['bytes beyond ASCII'   => 'mt_' . "\xC3\xA9" x 24 . 'x'],
    ['a word'               => 'null'],
    ['eight thousand bytes' => 'x' x 8000],
    ['an SQL string'        => q{'; DROP TABLE tenants; --}],
);
my @unknown = (['a key of nobody' => $key{unknown}], ['a retired key that has expired' => $key{expired}]);

subtest 'keys that are not valid' => sub {
    my $first;
    for (@invalid, @unknown) {
        my ($name, $value) = @$_;
        for my $headers ([Authorization => "Bearer $value"], ['X-API-Key' => $value]) {
            my $response = ask(GET => '/v1/calls', headers => $headers);
            is_problem($response, 401, 'key-invalid', "$name in $headers->[0]");
            is_same_answer($response, $first //= $response, "$name: like all the others");
        }
    }
    like($first->header('WWW-Authenticate'), qr/^Bearer realm="[^"]+", error="invalid_token"$/, 'the challenge says so');
    my @basic = ("user:$key{checksum}", "$key{checksum}:", "$key{checksum}:x", 'mt_:', 'mt_1', "$key{acme}0:", "see $key{acme}:x",
        "user:see $key{acme}", "user\0$key{acme}:x");
    is_problem(ask(GET => '/v1/calls', headers => [basic($_)]), 401, 'key-invalid', 'in Basic') for @basic;
};

subtest 'no key' => sub {
    my @none = (
        [], ['X-API-Key' => ''], [basic('user:password')], [basic('mt_admin:password')], [basic('mt_a@example.com:x')], [Authorization => 'Digest username="x"'],
        [Cookie => 'key=' . (new_key())[0]],
    );
    for (@none) {
        my $response = ask(GET => '/v1/calls', headers => $_);
        is_problem($response, 401, 'key-missing', $_->[0] // 'nothing at all');
        like($response->header('WWW-Authenticate'), qr/^Bearer realm="[^"]+"$/, 'and a challenge');
    }
    is(ask($_ => '/v1/calls', json => {})->status, 401, $_) for qw(GET HEAD POST);
};

# What stands in a URL is in the logs: the key here is not one of those that are looked for there.
subtest 'a key in the URL is never read' => sub {
    my ($key, $hash) = new_key();
    sql({ database => $database }, "INSERT INTO tenants (name, status, api_key_hash) VALUES ('url', 'active', ?)", $hash);
    is_status(ask(GET => '/v1/tenant', as => $key), 200, 'the key is good');
    for my $name (qw(key api_key access_token X-API-Key Authorization)) {
        my $response = ask(GET => "/v1/tenant?$name=$key");
        is_problem($response, 400, 'bad-parameter', $name);
        unlike($response->body, qr/$key/, 'which is not repeated');
    }
};

# Everything but a whole key is refused without a database: here there is none.
subtest 'without a database' => sub {
    my $away = TenantTest::Server->start(database => 'host=/nonexistent dbname=tenant user=tenant_api');
    my $since_start = $away->error_log;
    $since_start->{from} = 0;
    ok($since_start->wait_for(qr/changes of tenants cannot be heard/), 'who listens for changes says so');
    my $log = $away->error_log;
    my $get = sub { return request(GET => '/v1/calls', to => $away, headers => [@_]) };

    is_problem($get->('X-API-Key' => $_->[1]), 401, 'key-invalid', $_->[0]) for @invalid;
    is_problem($get->(), 401, 'key-missing', 'no key');
    is_problem($get->(bearing('acme'), 'X-API-Key' => $key{globex}), 400, 'ambiguous-key', 'two keys');
    is($log->text, '', 'nothing tried to connect');
    is_problem($get->(bearing('acme')), 503, 'database-away', 'a whole key asks for it');
};

# --- Hosts ----------------------------------------------------------------------------------------------------

subtest 'a key and a Host' => sub {
    my @cases = (
        # key        Host                           answer
        ['acme',     $host{acme},                   200],
        ['acme',     'nobody.example.com',          200],
        ['acme',     '127.0.0.1',                   200],
        ['acme',     '[::1]:8080',                  200],
        ['acme',     'xglobex.example.com',         200],
        ['acme',     $host{globex},                 403, 'tenant-mismatch'],
        ['acme',     $host{closed},                 403, 'tenant-mismatch'],
        ['globex',   $host{acme},                   403, 'tenant-mismatch'],
        ['retiring', $host{globex},                 403, 'tenant-mismatch'],
        ['closed',   $host{acme},                   403, 'tenant-mismatch'],
        ['closed',   $host{closed},                 403, 'tenant-inactive'],
        ['closed',   'nobody.example.com',          403, 'tenant-inactive'],
        ['unknown',  $host{acme},                   401, 'key-invalid'],
        ['unknown',  $host{closed},                 401, 'key-invalid'],
        ['checksum', $host{acme},                   401, 'key-invalid'],
        ['expired',  $host{globex},                 401, 'key-invalid'],
        # the same Host, however it is written
        ['acme',     'GLOBEX.example.COM',          403, 'tenant-mismatch'],
        ['acme',     'globex.example.com:80',       403, 'tenant-mismatch'],
        ['acme',     'globex.example.com.',         403, 'tenant-mismatch'],
        ['acme',     'Globex.Example.com.:8443',    403, 'tenant-mismatch'],
    );
    for (@cases) {
        my ($key, $host, $status, $code) = @$_;
        is_answer(ask(GET => '/v1/tenant', host => $host, headers => [bearing($key)]), $status, $code, "$key on $host");
    }
    for my $method (qw(GET HEAD POST PATCH DELETE)) {
        my $path = $method eq 'POST' ? '/v1/calls' : '/v1/calls/1';
        my @body = $method =~ /^P/ ? (json => {}) : ();
        is(ask($method, $path, host => $host{globex}, as => 'acme', @body)->status, 403, "$method on globex's Host");
    }
};

subtest 'what is no Host' => sub {
    my @acme = (as => 'acme');
    is_status(ask(GET => '/v1/tenant', host => $host{acme}, @acme, headers => [$_ => $host{globex}]), 200, $_)
        for qw(X-Forwarded-Host X-Host X-Original-Host Forwarded);
    my @cases = (
        ['X-Forwarded-Host does not hide it', '/v1/tenant', host => $host{globex}, headers => ['X-Forwarded-Host' => $host{acme}]],
        ['the authority of an absolute URL outranks Host', "http://$host{globex}/v1/tenant", host => $host{acme}],
        ["the name in TLS's hello is no Host", '/v1/tenant', tls => 1, sni => $host{acme}, host => $host{globex}],
    );
    for (@cases) {
        my ($name, $path, @option) = @$_;
        is_problem(ask(GET => $path, @acme, @option), 403, 'tenant-mismatch', $name);
    }
    is_status(ask(GET => '/v1/tenant', tls => 1, sni => $host{globex}, host => $host{acme}, @acme), 200, 'nor against one');

    my $old = "GET /v1/tenant HTTP/1.0\r\nAuthorization: Bearer $key{acme}\r\n\r\n";
    is_status(client(to => $server)->write($old, 'GET')->receive, 200, 'HTTP/1.0 without Host');
};

# --- By Host alone --------------------------------------------------------------------------------------------

subtest 'TenantPublicRead' => sub {
    my ($own, $foreign) =
        map { row({ database => $database }, 'SELECT min(id) FROM products WHERE tenant_id = ?', $id{$_}) } qw(acme globex);
    my @acme = (host => $host{acme});
    my @cases = (
        # method, path below the base, options                answer
        [GET    => 'products', [@acme],                       200],
        [HEAD   => 'products', [@acme],                       200],
        [GET    => "products/$own", [@acme],                  200],
        [GET    => "products/$foreign", [@acme],              404, 'not-found'],
        [POST   => 'products', [@acme, json => {}],           401, 'key-missing'],
        [PATCH  => "products/$own", [@acme, json => {}],      401, 'key-missing'],
        [DELETE => "products/$own", [@acme],                  401, 'key-missing'],
        [GET    => 'products', [host => $host{closed}],       403, 'tenant-inactive'],
        [GET    => 'products', [host => 'nobody.example'],    401, 'key-missing'],
        [GET    => 'products', [],                            401, 'key-missing'],
        (map { [GET => $_, [@acme], 401, 'key-missing'] } qw(calls messages recordings users settings tenant)),
        # a key counts all the same
        [GET    => 'products', [@acme, as => 'acme'],         200],
        [GET    => 'products', [@acme, as => 'globex'],       403, 'tenant-mismatch'],
        [GET    => 'products', [@acme, as => $key{unknown}],  401, 'key-invalid'],
        [GET    => 'products', [@acme, as => $key{checksum}], 401, 'key-invalid'],
        [GET    => 'products', [@acme, as => 'acme', headers => [bearing('acme')]], 400, 'ambiguous-key'],
        [POST   => 'products', [@acme, as => 'acme', json => { name => 'x' }], 201],
    );
    for (@cases) {
        my ($method, $path, $option, $status, $code) = @$_;
        is_answer(ask($method, "/public/v1/$path", @$option), $status, $code, "$method $path");
    }
    is_problem(ask(GET => '/v1/products', @acme), 401, 'key-missing', 'only in Locations that say so');
    my $list = ask(GET => '/public/v1/products', @acme);
    is_deeply([grep { $_->{tenant_id} != $id{acme} } @{ $list->json->{data} }], [], "the list holds acme's products alone");
    is($list->header('X-Tenant'), "$id{acme} acme active host", 'the rest of httpd knows how acme was found');
};

subtest 'logs' => sub {
    like($logs[0]->text, qr/trace8/, 'the error log tells everything');
    for my $log (@logs) {
        my $text = $log->text;
        cmp_ok(length $text, '>', 1000, "$log->{path} is not empty");
        is(index($text, $key{$_}), -1, "no $_ key there") for sort keys %key;
    }
};

done_testing;
