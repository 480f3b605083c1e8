# SPDX-License-Identifier: Apache-2.0
#
# Administration over HTTP: tenants are made, changed, re-keyed and removed, by whom httpd has logged in.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;
use TenantTest::Administration;

my $database = 'admin';
my $conninfo = database($database);
my $admin = site->conninfo($database, 'tenant_admin');
my $administration = administration('admin');

my $location = <<"END";
$administration
<Location "/open">
    TenantHandler admin
</Location>
<Location "/local">
    TenantHandler admin
    Require local
</Location>
<Location "/keyed">
    TenantHandler admin
    AuthType Tenant
    Require tenant
</Location>
END
my $server = TenantTest::Server->start(server => $location, database => qq($conninfo" admin="$admin));
my @login = (Authorization => 'Basic ' . encode_base64('root:secret', ''));

sub admin {
    my ($method, $path, %option) = @_;
    return request($method, "/admin$path", to => $server, %option, headers => [@login, @{ $option{headers} || [] }]);
}

sub api {
    my ($method, $path, %option) = @_;
    return request($method, "/v1$path", to => $server, %option);
}

sub stored {
    return row({ database => $database }, 'SELECT to_jsonb(t)::text FROM tenants t WHERE id = ?', @_);
}

subtest 'who may administer' => sub {
    my $count = row({ database => $database }, 'SELECT count(*) FROM tenants');

    is_problem(request(GET => '/admin/tenants', to => $server), 401, 'login-invalid', 'no login');
    is_problem(request(GET => '/admin/tenants', to => $server, as => 'acme'), 401, 'login-invalid', 'a key is no login');
    is_problem(request(GET => '/admin/tenants', to => $server,
            headers => [Authorization => 'Basic ' . encode_base64('root:wrong', '')]), 401, 'login-invalid', 'a wrong password');
    like(request(GET => '/admin/tenants', to => $server)->header('WWW-Authenticate'), qr/^Basic /, "the challenge is httpd's");
    for my $location (qw(open local keyed)) {
        for my $method (qw(GET POST)) {
            is_problem(request($method => "/$location/tenants", to => $server, as => 'acme',
                    ($method eq 'POST' ? (json => { name => 'x' }) : ())), 403, 'admin-unprotected', "$method /$location");
        }
    }
    is_status(admin(GET => '/tenants'), 200, "httpd's own user");
    is(row({ database => $database }, 'SELECT count(*) FROM tenants'), $count, 'and no tenant was made');
};

subtest 'another site' => sub {
    my @cases = (
        ['nothing said', [], 201],
        ['same-origin', ['Sec-Fetch-Site' => 'same-origin'], 201],
        ['none', ['Sec-Fetch-Site' => 'none'], 201],
        ['cross-site', ['Sec-Fetch-Site' => 'cross-site'], 403],
        ['same-site is another site', ['Sec-Fetch-Site' => 'same-site'], 403],
        ['Sec-Fetch-Site decides', ['Sec-Fetch-Site' => 'cross-site', Origin => 'http://own.example'], 403],
        ['our own Origin', [Origin => 'http://own.example'], 201],
        ['our own Origin by TLS in front', [Origin => 'https://own.example'], 201],
        ['another Origin', [Origin => 'http://evil.example'], 403],
        ['an Origin that starts like ours', [Origin => 'http://own.example.evil.example'], 403],
        ['another port', [Origin => 'http://own.example:81'], 403],
        ['null', [Origin => 'null'], 403],
    );
    for (@cases) {
        my ($name, $headers, $status) = @$_;
        my $response = admin(POST => '/tenants', host => 'own.example', headers => $headers, json => { name => $name });

        $status == 201 ? is_status($response, 201, $name) : is_problem($response, 403, 'cross-site', $name);
        is(row({ database => $database }, 'SELECT count(*) FROM tenants WHERE name = ?', $name), $status == 201 ? 1 : 0,
            "$name: made or not");
    }
    is_status(admin(GET => '/tenants', headers => ['Sec-Fetch-Site' => 'cross-site']), 200, 'reading is no danger');
};

my $made;
subtest 'a tenant is made' => sub {
    my $response = admin(POST => '/tenants', json => {
            name => "J\x{f6}rg & S\x{f6}hne", custom_domain => 'Shop.EXAMPLE.com', twilio_auth_token => 'canary-token' });

    is_status($response, 201);
    $made = $response->json;
    is($response->header('Location'), "/admin/tenants/$made->{id}");
    is($made->{status}, 'active', 'active unless said otherwise');
    is($made->{custom_domain}, 'shop.example.com', 'the domain is stored in lower case');
    like($made->{api_key}, qr/^mt_[0-9A-Za-z]{49}$/, 'its key is shown');
    ok($made->{twilio_auth_token_set}, 'the token is there');
    unlike($response->body, qr/canary-token/, '... and is not shown');
    unlike(stored($made->{id}), qr/canary-token|\Q$made->{api_key}\E/, 'neither token nor key is stored as it is');
    is_deeply(api(GET => '/tenant', as => $made->{api_key})->json->{id}, $made->{id}, 'the key works at once');
    ok(!exists admin(GET => "/tenants/$made->{id}")->json->{api_key}, 'the key is not shown again');
};

subtest 'a rate limit of its own' => sub {
    my $tell = sub { return api(GET => '/tenant', as => $made->{api_key})->header('RateLimit-Policy') };
    my $path = "/tenants/$made->{id}";
    is($made->{rate_limit}, undef, 'there is none at first');
    is($tell->(), undef, '... and the server has none');
    for my $limit ('100/1m burst=20', '1000000/24h', '7/86400', '1/1s') {
        my $answer = admin(PATCH => $path, json => { rate_limit => $limit });
        is($answer->json->{rate_limit}, $limit, "$limit is stored") or diag $answer->body;
        is($tell->(), '"default";q=100;w=60', '... and in effect once that is answered') if $limit =~ /burst/;
    }
    is(admin(PATCH => $path, json => { rate_limit => undef })->json->{rate_limit}, undef, 'and taken away');
    is($tell->(), undef, '... at once');
};

subtest 'what is refused' => sub {
    my $domain = 'must be a host name';
    my @cases = (
        [{}, { '/name' => 'required' }],
        [{ name => undef }, { '/name' => 'null' }],
        [{ name => '' }, { '/name' => 'length' }],
        [{ name => 'x', status => 'asleep' }, { '/status' => 'pattern' }],
        [{ name => 'x', status => undef }, { '/status' => 'null' }],
        [{ name => 'x', id => 7 }, { '/id' => 'read-only' }],
        [{ name => 'x', api_key => 'mt_x' }, { '/api_key' => 'unknown' }],
        [{ name => 'x', api_key_hash => 'x' }, { '/api_key_hash' => 'unknown' }],
        [{ name => 'x', twilio_account_sid => 'AC1' }, { '/twilio_account_sid' => 'length' }],
        (map { [{ name => 'x', rate_limit => $_ }, { '/rate_limit' => 'pattern' }] } '5/m', '0/1m', '5/25h', '5/86401', '1000001/1', '5/1m burst=', '5/1m 20'),
        [{ name => 'x', rate_limit => 5 }, { '/rate_limit' => 'type' }],
        [{ name => 'x', twilio_phone_number => '5551234' }, { '/twilio_phone_number' => 'pattern' }],
        [{ name => 'x', twilio_auth_token => "a b" }, { '/twilio_auth_token' => 'pattern' }],
        map { [{ name => 'x', custom_domain => $_ }, { '/custom_domain' => 'pattern' }] }
            'a.example:80', 'a.example.', '.a.example', 'a..example', '192.0.2.1', '[::1]', '::1', '-a.example', 'a-.example',
            'a_b.example', "b\x{fc}cher.example", 'a b.example', ('x' x 64) . '.example', 'http://a.example', '*.example',
    );
    my $count = row({ database => $database }, 'SELECT count(*) FROM tenants');

    is_invalid(admin(POST => '/tenants', json => $_->[0]), $_->[1], json($_->[0])) for @cases;
    is_problem(admin(POST => '/tenants', json => { name => 'x', custom_domain => 'SHOP.example.com' }), 409, 'domain-taken');
    is_problem(admin(PATCH => '/tenants/' . tenant('acme')->{id}, json => { custom_domain => 'shop.example.com' }), 409,
        'domain-taken', 'nor by a change');
    is_problem(admin(GET => '/tenants/0'), 404, 'not-found');
    is_problem(admin(GET => '/tenants/999999'), 404, 'not-found');
    is_problem(admin(GET => '/calls'), 404, 'not-found', "the tenants' own rows are not here");
    is_problem(api(GET => '/tenants', as => 'acme'), 404, 'not-found', 'nor the tenants there');
    is_problem(admin(PUT => '/tenants'), 405, 'method-not-allowed');
    is_problem(admin(GET => "/tenants/$made->{id}/key"), 405, 'method-not-allowed');
    is(row({ database => $database }, 'SELECT count(*) FROM tenants'), $count, 'and nothing was made');
};

subtest 'a body that is refused costs nothing' => sub {
    my $id = sub { admin(POST => '/tenants', json => { name => 'counted' })->json->{id} };
    my $before = $id->();
    is_problem(admin(POST => '/tenants', body => '{', type => 'application/json'), 400, 'bad-json');
    is_invalid(admin(POST => '/tenants', json => {}), { '/name' => 'required' });
    is($id->(), $before + 1, 'no id');

    my $away = TenantTest::Server->start(server => $location,
        database => 'host=' . site->{scratch} . '" admin="host=' . site->{scratch});
    my $ask = sub { request(POST => '/admin/tenants', to => $away, headers => [@login], type => 'application/json', body => $_[0]) };
    is_problem($ask->('{'), 400, 'bad-json', 'nor a database');
    is_invalid($ask->('{}'), { '/name' => 'required' }, 'nor one for this');
    is_problem($ask->('{"name": "x"}'), 503, 'database-away', 'which a good one needs');
};

subtest 'lists' => sub {
    my (@ids, $path);

    for ($path = '/tenants?limit=2'; defined $path; ) {
        my $page = admin(GET => $path)->json;
        cmp_ok(@{ $page->{data} }, '<=', 2);
        push @ids, map { $_->{id} } @{ $page->{data} };
        $path = defined $page->{next} ? $page->{next} =~ s{^/admin}{}r : undef;
    }
    is_deeply(\@ids, [sort { $b <=> $a } column({ database => $database }, 'SELECT id FROM tenants')], 'each tenant once');
    is_deeply([map { $_->{name} } @{ admin(GET => '/tenants?status=inactive')->json->{data} }], ['closed'], 'by status');
    is_deeply([map { $_->{id} } @{ admin(GET => '/tenants?name=J%C3%B6rg+%26+S%C3%B6hne')->json->{data} }], [$made->{id}],
        'by name');
    is_deeply(admin(GET => '/tenants?name=acme&status=inactive')->json->{data}, [], 'filters are joined by AND');
    my $next = admin(GET => '/tenants?status=active&limit=1')->json->{next} =~ s{^/admin}{}r;
    like($next, qr/status=active/, 'the next page has the same filter');
    is_problem(admin(GET => $next =~ s/status=active&//r), 400, 'bad-cursor', '... and its cursor no other');
    is_deeply([map { $_->{name} } @{ admin(GET => '/tenants?custom_domain=ACME.Example.COM')->json->{data} }], ['acme'],
        'by a domain in any case');
    my @without = column({ database => $database }, 'SELECT id FROM tenants WHERE custom_domain IS NULL ORDER BY id');
    my $list = admin(GET => '/tenants?custom_domain.null=true&order=id.asc&fields=id', headers => [Prefer => 'count=exact'])->json;
    is_deeply($list, { data => [map { { id => 0 + $_ } } @without], next => undef, next_cursor => undef, count => 0 + @without }, 'those without a domain, counted');
    is_deeply([map { $_->{custom_domain} } @{ admin(GET => '/tenants?custom_domain.null=false&order=custom_domain.asc')->json->{data} }],
        [column({ database => $database }, 'SELECT custom_domain FROM tenants WHERE custom_domain IS NOT NULL ORDER BY 1')],
        'the others by their domains');
    my $second = admin(GET => admin(GET => '/tenants?limit=1')->link('next') =~ s{^/admin}{}r);
    is_deeply(admin(GET => $second->link('prev') =~ s{^/admin}{}r)->json->{data}, admin(GET => '/tenants?limit=1')->json->{data}, 'and back');
    is_problem(admin(GET => '/tenants?order=created_at.asc'), 400, 'bad-parameter', 'in no other order', qr/`order`/);
    is_problem(admin(GET => '/tenants?api_key_hash=x'), 400, 'bad-parameter', 'no filter by a hash', qr/api_key_hash/);
};

subtest 'a new key' => sub {
    my $old = $made->{api_key};
    my $rotated = admin(POST => "/tenants/$made->{id}/key", json => { grace_seconds => 3600 });

    is_status($rotated, 200);
    is_status(api(GET => '/tenant', as => $rotated->json->{api_key}), 200, 'the new one works');
    is_status(api(GET => '/tenant', as => $old), 200, 'the old one in its time of grace too');
    my $again = admin(POST => "/tenants/$made->{id}/key", json => { grace_seconds => 0 })->json->{api_key};
    is_status(api(GET => '/tenant', as => $again), 200, 'without grace');
    is_problem(api(GET => '/tenant', as => $_), 401, 'key-invalid', 'the others are gone') for $old, $rotated->json->{api_key};
    is_problem(admin(POST => '/tenants/999999/key', json => {}), 404, 'not-found', "nobody's key");
    is_invalid(admin(POST => "/tenants/$made->{id}/key", json => { grace_seconds => $_->[0] }), { '/grace_seconds' => $_->[1] })
        for [-1, 'range'], [604801, 'range'], ['1', 'type'], [1.5, 'type'], [undef, 'null'];
    sql({ database => $database }, q{UPDATE tenants SET api_key_hash = '!' || id WHERE id = ?}, $made->{id});
    $made->{api_key} = admin(POST => "/tenants/$made->{id}/key", json => { grace_seconds => 3600 })->json->{api_key};
    is_status(api(GET => '/tenant', as => $made->{api_key}), 200, 'the first key of a tenant that had none');
    is_deeply([row({ database => $database }, 'SELECT retiring_api_key_hash, retiring_api_key_expires_at FROM tenants WHERE id = ?', $made->{id})], [undef, undef],
        'which has none to retire');
};

subtest 'conditions' => sub {
    my $path = "/tenants/$made->{id}";
    my $get = admin(GET => $path);
    my $tag = $get->header('ETag');
    my $if = sub { my ($header, $value, $method, %option) = @_; admin($method => $path, %option, headers => [$header => $value]) };
    my $new = admin(POST => '/tenants', json => { name => 'tagged' });

    like($tag, qr/^"[0-9a-f]+-[0-9a-f]{16}"$/, 'a tenant has a tag');
    is($new->header('ETag'), admin(GET => '/tenants/' . $new->json->{id})->header('ETag'), 'a new one its own at once');
    isnt($tag, api(GET => '/tenant', as => $made->{api_key})->header('ETag'), 'which is not that of its profile');
    is_status($if->('If-None-Match', $tag, 'GET'), 304, 'If-None-Match');
    for my $method (qw(PATCH DELETE)) {
        my @body = $method eq 'PATCH' ? (json => { name => 'x' }) : ();
        my $failed = $if->('If-Match', '"x"', $method, @body);
        is_problem($failed, 412, 'precondition-failed', "$method, another version");
        is($failed->header('ETag'), $tag, 'and the tag there is');
        is_problem($if->('If-None-Match', '*', $method, @body), 412, 'precondition-failed', "$method, If-None-Match *");
        is_problem(admin($method => '/tenants/999999', @body, headers => ['If-Match' => $tag]), 404, 'not-found', "$method of nobody");
    }
    is_problem($if->('If-Match', $tag, 'DELETE'), 409, 'tenant-active', 'the right version, but active');
    is(admin(GET => $path)->json->{name}, $get->json->{name}, 'nothing has changed');
    my $changed = $if->('If-Match', $tag, 'PATCH', json => { status => 'inactive' });
    is_status($changed, 200, 'PATCH of the right version');
    is_problem($if->('If-Match', $tag, 'DELETE'), 412, 'precondition-failed', 'a version that is over');
    is_status($if->('If-Match', $changed->header('ETag'), 'PATCH', json => { status => 'active' }), 200, 'and back');
    is_status(admin(PATCH => '/tenants/' . $new->json->{id}, json => { status => 'inactive' }), 200);
    is_status(admin(DELETE => '/tenants/' . $new->json->{id}, headers => ['If-Match' => '*']), 204, 'If-Match *');
};

subtest 'suspended and removed' => sub {
    api(POST => '/products', as => $made->{api_key}, json => { name => 'canary' });
    is_problem(admin(DELETE => "/tenants/$made->{id}"), 409, 'tenant-active', 'not while it is active');
    is_status(admin(PATCH => "/tenants/$made->{id}", json => { status => 'inactive' }), 200);
    is_problem(api(GET => '/products', as => $made->{api_key}), 403, 'tenant-inactive', 'suspended');
    is_status(admin(PATCH => "/tenants/$made->{id}", json => { status => 'active' }), 200);
    is_status(api(GET => '/products', as => $made->{api_key}), 200, 'resumed');
    is_status(admin(PATCH => "/tenants/$made->{id}", json => { status => 'inactive' }), 200);
    is_status(admin(DELETE => "/tenants/$made->{id}"), 204);
    is_problem(api(GET => '/products', as => $made->{api_key}), 401, 'key-invalid', 'removed');
    is(row({ database => $database }, 'SELECT count(*) FROM products WHERE tenant_id = ?', $made->{id}), 0, 'with its rows');
    is_problem(admin(DELETE => "/tenants/$made->{id}"), 404, 'not-found', 'once');
};

done_testing;
