# SPDX-License-Identifier: Apache-2.0
#
# What a tenant's users may do with the API by their login: TenantUserAuthority and the rule for other sites.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;

my $database = 'authority';
my $conninfo = database($database);
my %host = map { $_ => tenant($_)->{host} } qw(acme globex closed);
my $server = TenantTest::Server->start(database => $conninfo, server => <<'END');
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
TenantLoginRate off
<Location "/read/v1">
    TenantHandler api
    TenantUserAuthority read
</Location>
<Location "/write/v1">
    TenantHandler api
    TenantUserAuthority write
</Location>
<Location "/write/v1/inner">
    TenantHandler api
    TenantUserAuthority none
</Location>
<Location "/public/v1">
    TenantHandler api
    TenantUserAuthority read
    TenantPublicRead products
</Location>
<Location "/httpd/v1">
    TenantHandler api
    TenantUserAuthority write
    AuthType Basic
    AuthName "Your account"
    AuthBasicProvider tenant
    Require valid-user
</Location>
LogFormat "%U %>s user=%u tenant=%{TENANT_ID}e via=%{TENANT_VIA}e id=%{TENANT_USER_ID}e" logins
CustomLog "${test_logs}/logins_log" logins
END
my $log = TenantTest::Log->new($server->root . '/logins_log');

my $email = 'both@example.com';
my %password = (acme => 'the-password-of-acme', globex => 'the-password-of-globex');
my (%user, %other);
for my $tenant (sort keys %password) {
    my $response = request(POST => '/v1/users', to => $server, as => $tenant, json => { email => $email, password => $password{$tenant} });
    is_status($response, 201, "$tenant has a user");
    $user{$tenant} = $response->json->{id};
    $other{$tenant} = row({ database => $database }, "SELECT id FROM users WHERE tenant_id = ? AND email LIKE 'user1@%'", tenant($tenant)->{id});
}


# A request by acme's user, on acme's Host; headers are added.
sub ask {
    my ($method, $path, %option) = @_;
    my $headers = [basic($email, $option{password} // $password{acme}), @{ delete $option{headers} || [] }];
    delete $option{password};
    return request($method, $path, to => $server, host => $host{acme}, headers => $headers, %option);
}

my $products = row({ database => $database }, 'SELECT min(id) FROM products WHERE tenant_id = ?', tenant('acme')->{id});
my $foreign = row({ database => $database }, 'SELECT min(id) FROM products WHERE tenant_id = ?', tenant('globex')->{id});

subtest 'by default a login is nothing here' => sub {
    for my $path ('/v1/calls', '/v1/tenant', '/write/v1/inner/calls') {
        my $response = ask(GET => $path);
        is_problem($response, 401, 'key-missing', $path);
        is($response->header('WWW-Authenticate'), 'Bearer realm="api"', '... and no challenge to log in');
    }
    is_same_answer(ask(GET => '/v1/calls'), ask(GET => '/v1/calls', password => 'wrong'), 'right or wrong');
};

my %body = (POST => { name => 'a product of a user' }, PATCH => { description => 'by a user' });

subtest 'read' => sub {
    my $list = ask(GET => '/read/v1/products');
    is_status($list, 200, 'a list');
    is_deeply([grep { $_->{tenant_id} != tenant('acme')->{id} } @{ $list->json->{data} }], [], "of the user's tenant alone");
    is_status(ask(GET => "/read/v1/$_"), 200, $_) for "products/$products", qw(calls messages recordings settings);
    is_status(ask(HEAD => '/read/v1/calls'), 200, 'HEAD');
    is_problem(ask(GET => "/read/v1/products/$foreign"), 404, 'not-found', "another tenant's row");
    is_problem(ask(POST => '/read/v1/products', json => $body{POST}), 403, 'user-forbidden', 'POST');
    is_problem(ask($_ => "/read/v1/products/$products", $body{$_} ? (json => $body{$_}) : ()), 403, 'user-forbidden', $_) for qw(PATCH DELETE);
    is_problem(ask(PATCH => "/read/v1/users/$user{acme}", json => { password => 'another-password' }), 403, 'user-forbidden', 'the own password');
    is(ask(OPTIONS => '/read/v1/products')->status, 204, 'OPTIONS');
    ok($log->wait_for(qr{^/read/v1/products 200 user=both\@example\.com tenant=@{[tenant('acme')->{id}]} via=user id=$user{acme}$}), 'the log knows who');
};

subtest 'write' => sub {
    my $made = ask(POST => '/write/v1/products', json => $body{POST});
    is_status($made, 201, 'POST');
    is($made->json->{tenant_id}, tenant('acme')->{id}, "in the user's tenant");
    my $path = '/write/v1/products/' . $made->json->{id};
    is_status(ask(PATCH => $path, json => $body{PATCH}), 200, 'PATCH');
    is_status(ask(DELETE => $path), 204, 'DELETE');
    is_problem(ask(PATCH => "/write/v1/products/$foreign", json => $body{PATCH}), 404, 'not-found', "another tenant's row");
    is_status(ask(PATCH => '/write/v1/settings', json => { auto_record_calls => JSON::PP::false() }), 200, 'settings');
};

subtest 'never' => sub {
    for my $base ('/read/v1', '/write/v1') {
        my @cases = (
            [GET    => '/tenant'],
            [HEAD   => '/tenant'],
            [PATCH  => '/tenant', { name => 'taken over' }],
            [POST   => '/tenant/key', {}],
            [GET    => '/users'],
            [GET    => '/users?email=both@example.com'],
            [POST   => '/users', { email => 'new@example.com', password => 'another-password' }],
            [GET    => "/users/$other{acme}"],
            [GET    => "/users/$user{globex}"],
            [GET    => '/users/nobody'],
            [PATCH  => "/users/$other{acme}", { password => 'taken-over' }],
            [PATCH  => "/users/$user{globex}", { password => 'taken-over' }],
            [DELETE => "/users/$other{acme}"],
        );
        for (@cases) {
            my ($method, $path, $json) = @$_;
            my $response = ask($method, "$base$path", $json ? (json => $json) : ());
            $method eq 'HEAD' ? is($response->status, 403, "$method $base$path") : is_problem($response, 403, 'user-forbidden', "$method $base$path");
        }
        is_same_answer(ask(GET => "$base/users/$other{acme}"), ask(GET => "$base/users/nobody"), 'a user that is there and one that is not');
    }
    is(row({ database => $database }, 'SELECT name FROM tenants WHERE id = ?', tenant('acme')->{id}), 'acme', 'nothing was written');
};

subtest 'the own row' => sub {
    my $me = "/write/v1/users/$user{acme}";
    is(ask(GET => $me)->json->{email}, $email, 'GET');
    is(ask(GET => "/read/v1/users/$user{acme}")->json->{id}, $user{acme}, 'where users may read');
    is_status(ask(PATCH => $me, json => { password => 'the-new-password' }), 200, 'the password');
    is_problem(ask(GET => $me), 401, 'login-invalid', 'the old one is over at once');
    is_status(ask(PATCH => $me, password => 'the-new-password', json => { password => $password{acme} }), 200, 'back');
};

subtest 'logins that are wrong' => sub {
    my @cases = (
        ['a wrong password'             => [], password => 'wrong-password'],
        ["the other tenant's password"  => [], password => $password{globex}],
        ['on the Host of the other'     => [], host => $host{globex}],
        ['on an unknown Host'           => [], host => 'nobody.example.com'],
        ['nobody'                       => [basic('nobody@example.com', 'x')]],
        ['neither name nor password'    => [Authorization => 'Basic Og==']],
        ['no colon'                     => [Authorization => 'Basic ' . encode_base64($email, '')]],
        ['nothing'                      => [Authorization => 'Basic']],
        ['no base64'                    => [Authorization => 'Basic !!!']],
    );
    for (@cases) {
        my ($name, $headers, %option) = @$_;
        my $response = @$headers ? request(GET => '/read/v1/calls', to => $server, host => $host{acme}, headers => $headers)
            : ask(GET => '/read/v1/calls', %option);
        is_problem($response, 401, 'login-invalid', $name);
        like($response->header('WWW-Authenticate'), qr/Basic realm="api", charset="UTF-8"$/, '... and a challenge');
    }
    is_problem(ask(GET => '/read/v1/calls', host => $host{closed}), 403, 'tenant-inactive', 'an inactive tenant');
    my $none = request(GET => '/read/v1/calls', to => $server, host => $host{acme});
    is_problem($none, 401, 'key-missing', 'nothing');
    is_deeply([$none->header('WWW-Authenticate')], ['Bearer realm="api"', 'Basic realm="api", charset="UTF-8"'], '... either will do');
};

subtest 'beside a key' => sub {
    is_status(ask(GET => '/read/v1/tenant', headers => ['X-API-Key' => tenant('acme')->{key}]), 200, 'the key decides');
    is_problem(ask(GET => '/read/v1/tenant', headers => ['X-API-Key' => tenant('acme')->{key} =~ s/.$/_/r]), 401, 'key-invalid', 'a wrong one too');
    is_problem(ask(GET => '/read/v1/tenant', headers => ['X-API-Key' => tenant('globex')->{key}]), 403, 'tenant-mismatch', "another tenant's");
    is_status(request(POST => '/read/v1/products', to => $server, as => 'acme', headers => [Origin => 'https://evil.example', 'Sec-Fetch-Site' => 'cross-site'],
        json => $body{POST}), 201, 'who has a key may be at any site');
};

subtest 'beside what is public' => sub {
    is_status(request(GET => '/public/v1/products', to => $server, host => $host{acme}), 200, 'without a login');
    is_status(ask(GET => '/public/v1/products'), 200, 'with one');
    is_problem(ask(GET => '/public/v1/products', password => 'wrong-password'), 401, 'login-invalid', 'a wrong one is refused');
    is_status(ask(GET => '/public/v1/'), 200, 'the base path');
};

subtest 'where httpd has logged the user in' => sub {
    is_status(ask(GET => "/httpd/v1/users/$user{acme}"), 200, 'the own row');
    is_problem(ask(GET => '/httpd/v1/tenant'), 403, 'user-forbidden', 'the tenant');
    is_problem(ask(DELETE => '/httpd/v1/calls/1', headers => ['Sec-Fetch-Site' => 'cross-site']), 403, 'cross-site', 'another site');
    is_problem(ask(GET => '/httpd/v1/calls', password => 'wrong-password'), 401, 'login-invalid', 'a wrong password');
};

subtest 'other sites' => sub {
    my @ours = (
        [],
        ['Sec-Fetch-Site' => 'same-origin'],
        ['Sec-Fetch-Site' => 'none'],
        ['Sec-Fetch-Site' => 'same-origin', Origin => "http://$host{acme}"],
        [Origin => "http://$host{acme}"],
        [Origin => "https://$host{acme}"],    # TLS may have ended ahead of httpd
    );
    my @others = (
        (map { ['Sec-Fetch-Site' => $_] } qw(cross-site same-site nonsense), ''),
        ['Sec-Fetch-Site' => 'cross-site', Origin => "http://$host{acme}"],
        (map { [Origin => $_] } 'null', '', 'https://evil.example', "http://$host{globex}", "http://$host{acme}.evil.example",
            "http://$host{acme}:8443", $host{acme}, "http://evil.example://$host{acme}"),
    );
    for my $headers (@ours) {
        is_status(ask(PATCH => '/write/v1/settings', json => {}, headers => $headers), 200, "@$headers");
    }
    for my $headers (@others) {
        is_problem(ask(PATCH => '/write/v1/settings', json => {}, headers => $headers), 403, 'cross-site', "@$headers");
        is_status(ask(GET => '/write/v1/settings', headers => $headers), 200, '... may read');
    }
    is_problem(ask($_->[0], "/write/v1/$_->[1]", headers => ['Sec-Fetch-Site' => 'cross-site'], @$_[2 .. $#$_]), 403, 'cross-site', $_->[0])
        for [POST => 'products', json => {}], [DELETE => 'calls/1'];
    my @tls = (tls => 1);
    is_status(ask(PATCH => '/write/v1/settings', @tls, json => {}, headers => [Origin => "https://$host{acme}"]), 200, 'over TLS');
    is_problem(ask(PATCH => '/write/v1/settings', @tls, json => {}, headers => [Origin => "http://$host{acme}"]), 403, 'cross-site',
        'over TLS from a page that came without');
};

subtest 'a user may leave' => sub {
    is_status(ask(DELETE => "/write/v1/users/$user{acme}"), 204, 'the own row is removed');
    is_problem(ask(GET => '/write/v1/calls'), 401, 'login-invalid', '... and the login with it');
};

done_testing;
