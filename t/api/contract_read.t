# SPDX-License-Identifier: Apache-2.0
#
# What reads answer: rows by id and sid, lists and their pages, single resources, HEAD, and all that a path or a
# query may get wrong.

use strict;
use warnings;
use utf8;

use Encode qw(encode_utf8);
use Test::More;
use TenantTest;
use TenantTest::Asking qw(asking ask no_faults);
use TenantTest::Contract;

my $database = 'contract_read';
my $conninfo = database($database);
my $server = TenantTest::Server->start(database => $conninfo);
my $acme = tenant('acme')->{id};

asking(to => $server, is_judged => 1);

sub get {
    my ($path, %option) = @_;
    return ask(GET => $path, as => 'acme', %option);
}

sub db { my ($statement, @values) = @_; return sql({ database => $database }, $statement, @values) }

# acme's ids in the order of the resource's list.
sub ids_of {
    my ($resource) = @_;
    my $order = $resource eq 'users' ? 'created_at DESC NULLS LAST, id COLLATE "C" DESC' : 'id DESC';
    return column({ database => $database }, "SELECT id FROM $resource WHERE tenant_id = ? ORDER BY $order", $acme);
}

# Anything as one segment of a path, or a value in a query.
sub escape { return encode_utf8($_[0]) =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger }

# The pages of a list, from a path on: [rows of the first], ... `$between` runs after each page.
sub pages {
    my ($path, $between) = @_;
    my @pages;
    while (defined $path) {
        my $page = get($path);
        is_status($page, 200, $path) or last;
        my $next = $page->json->{next};
        is($page->link('next'), $next, 'Link says the same as next');
        is($page->json->{next_cursor}, (($next // '') =~ /[?&]after=([\w-]+)/)[0], 'and so does next_cursor');
        push @pages, $page->json->{data};
        $between->($page) if $between;
        last if @pages > 200;
        $path = $next;
    }
    return @pages;
}

sub ids { return map { $_->{id} } map { @$_ } @_ }

# --- The index, single resources, rows ------------------------------------------------------------------------

subtest 'the base path' => sub {
    my %links = (problems => '/v1/problems', openapi => '/v1/openapi.json', map { $_ => "/v1/$_" } resources(), records());
    for my $path ('/v1', '/v1/') {
        my $index = ask(GET => $path);
        is_status($index, 200, "$path needs no key");
        is_deeply($index->json, \%links, 'and links to everything');
    }
    is_status(request(GET => $_, to => $server, as => 'acme'), 200, "$_ is there") for values %links;
    is_same_answer(ask(GET => '/v1/', host => 'evil.example.com'), ask(GET => '/v1/'), 'whatever the Host');
};

subtest 'rows' => sub {
    for my $resource (collections()) {
        my ($row) = @{ get("/v1/$resource?limit=1")->json->{data} };
        my ($members, @names) = (members($resource), readable($resource));

        is_deeply([sort keys %$row], \@names, "$resource: all of its members, and no others");
        is($row->{tenant_id}, $acme, 'the tenant is acme');
        is_deeply(get("/v1/$resource/$row->{id}")->json, $row, 'by id the same');
        is_deeply(get("/v1/$resource/$row->{sid}")->json, $row, 'and by sid') if has_sid($resource);
        for my $name (@names) {
            my $text = json($row->{$name});
            my $pattern = { integer => qr/^\d+$/, boolean => qr/^(?:true|false)$/,
                time => qr/^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z"$/ }->{ $members->{$name}{type} };
            like($text, $pattern // qr/^"/, "$name is $members->{$name}{type}");
        }
    }
};

subtest 'NULL' => sub {
    my %optional = (calls => [qw(from_number to_number status)], messages => [qw(from_number to_number status body)],
        recordings => [qw(call_sid url duration)], products => ['description'],
        users => [qw(email created_at updated_at)]);
    for my $resource (sort keys %optional) {
        my ($id) = ids_of($resource);
        db("UPDATE $resource SET " . join(', ', map { "$_ = NULL" } @{ $optional{$resource} }) . ' WHERE id = ?', $id);
        my $row = get("/v1/$resource/$id")->json;
        is_deeply([map { $row->{$_} } @{ $optional{$resource} }], [map { undef } @{ $optional{$resource} }],
            "$resource: null, not empty");
    }
    db("UPDATE messages SET body = '', status = 'x' WHERE id = ?", (ids_of('messages'))[1]);
    is(get('/v1/messages/' . (ids_of('messages'))[1])->json->{body}, '', 'and empty, not null');
};

subtest 'single resources' => sub {
    my $settings = get('/v1/settings', as => 'globex');
    is_deeply($settings->json,
        { id => undef, tenant_id => tenant('globex')->{id}, auto_record_calls => JSON::PP::false },
        'settings before there is a row');
    is_deeply([row({ database => $database }, 'SELECT count(*) FROM settings WHERE tenant_id = ?',
        tenant('globex')->{id})], [0], 'a read makes none');
    is_deeply(get('/v1/settings')->json, { id => 1, tenant_id => $acme, auto_record_calls => JSON::PP::true },
        'and with one');

    my %tenant = (id => $acme, name => 'acme', status => 'active', custom_domain => 'acme.example.com',
        twilio_account_sid => undef,
        twilio_api_key_sid => undef, twilio_auth_token_set => JSON::PP::false,
        twilio_auth_token_previous_until => undef,
        twilio_api_key_secret_set => JSON::PP::false,
        twilio_phone_number => undef);
    is_deeply(get('/v1/tenant')->json, \%tenant, 'the tenant');
    db('UPDATE tenants SET twilio_auth_token = ?, twilio_api_key_secret = ? WHERE id = ?', 'sealed-token',
        'sealed-secret', $acme);
    my $with = get('/v1/tenant');
    is_deeply($with->json,
        { %tenant, twilio_auth_token_set => JSON::PP::true, twilio_api_key_secret_set => JSON::PP::true },
        'that there are secrets is told');
    unlike($with->body, qr/sealed|hash|:[0-9a-f]{64}/, 'but not what they are');
};

subtest 'HEAD' => sub {
    my @paths = ('/v1/', (map { "/v1/$_" } resources()),
        (map { my $r = $_; map { "/v1/$r/$_" } (ids_of($r))[3] } collections()),
        '/v1/calls/999999', '/v1/nothing', '/v1/calls?limit=0', '/v1/calls?limit=2');
    for my $path (@paths) {
        for my $accept ('*/*', 'text/html') {
            my ($get, $head) = map { ask($_ => $path, as => 'acme', headers => [Accept => $accept]) } qw(GET HEAD);
            is($head->body, '', "$path, $accept: no body");
            cmp_ok(length $get->body, '>', 0, 'unlike GET');
            $get->{body} = '';
            is_same_answer($head, $get, 'else the same, Content-Length too');
        }
    }
    is_same_answer(map({ ask($_ => '/v1/calls') } qw(HEAD HEAD)), 'without a key');
};

# --- Lists ----------------------------------------------------------------------------------------------------

subtest 'pages' => sub {
    db("INSERT INTO products (tenant_id, name) SELECT ?, 'more ' || n FROM generate_series(1, 60) n", $acme);
    for my $resource (collections()) {
        my @ids = ids_of($resource);
        for my $limit (1, 7, scalar @ids, 1000) {
            my @pages = pages("/v1/$resource?limit=$limit");
            is_deeply([ids(@pages)], \@ids, "$resource by $limit: every row once, in order");
            is(scalar @pages, int((@ids + $limit - 1) / $limit), 'in as many pages as it takes');
        }
        like(get("/v1/$resource?limit=7", host => 'evil.example.com')->json->{next}, qr{^/v1/$resource\?},
            'next is no URL with a host');
    }
    is(scalar @{ get('/v1/products')->json->{data} }, 50, 'a page has 50 rows unless told');
    db('DELETE FROM products WHERE tenant_id = ?', tenant('globex')->{id});
    is_deeply(get('/v1/products', as => 'globex')->json, { data => [], next => undef, next_cursor => undef }, 'an empty list');
};

subtest 'pages of a list that changes' => sub {
    for my $resource (collections()) {
        my @then = ids_of($resource);
        my $columns = join ', ', grep { $_ ne 'id' && $_ ne 'created_at' } column({ database => $database },
            'SELECT attname FROM pg_attribute WHERE attrelid = ?::regclass AND attnum > 0 AND NOT attisdropped',
            $resource);
        my ($round, %deleted, %seen) = (0);

        my @pages = pages("/v1/$resource?limit=3", sub {
            my ($page) = @_;
            my @shown = map { $_->{id} } @{ $page->json->{data} };
            $seen{$_}++ for @shown;
            my @victims = ($shown[1], (grep { !$seen{$_} && !$deleted{$_} } @then)[1, 2]);
            for my $victim (grep { defined } @victims) {
                $deleted{$victim} = 1;
                db("DELETE FROM $resource WHERE id = ?", $victim);
            }
            my $body = sample($resource);
            is_status(ask(POST => "/v1/$resource", as => 'acme', json => $body), 201, 'a row comes') if $round++ < 5;
        });
        my %got;
        $got{$_}++ for ids(@pages);
        is_deeply([grep { $got{$_} > 1 } keys %got], [], "$resource: no row twice");
        is_deeply([grep { !$got{$_} && !$deleted{$_} } @then], [], 'no row left out that was there all the time');
        cmp_ok(scalar keys %deleted, '>', 5, 'though many went away');
    }
};

subtest 'the order of users' => sub {
    db('DELETE FROM users WHERE tenant_id = ?', $acme);
    my @created = (undef, undef, undef, ('2026-01-01 00:00:00Z') x 3, '2026-01-01 00:00:00.000001Z',
        '2025-12-31 23:59:59.999999Z', '1970-01-01 00:00:00Z',
        '1969-07-20 20:17:40Z', '0001-01-01 00:00:00Z', '9999-12-31 23:59:59.999999Z');
    my @legacy = ('42', 'a user', 'ünï', "\x{1F600}" x 256, 'a+b&c=d%20', 'x' x 256, '~', "it's", 'UPPER', 'upper', '%',
        '"');
    for my $n (0 .. $#created) {
        db('INSERT INTO users (id, tenant_id, email, created_at) VALUES (?, ?, ?, ?)', $legacy[$n], $acme,
            "legacy$n\@example.com", $created[$n]);
    }
    my @ids = ids_of('users');
    is_deeply([ids(pages("/v1/users?limit=$_"))], \@ids, "by $_: newest first, those without a time last")
        for 1, 2, 5, 1000;
    is(get('/v1/users/' . escape($_))->json->{id}, $_, encode_utf8('by id: ' . substr $_, 0, 10)) for @legacy;
    is(get('/v1/users/a%20user')->json->{created_at}, undef, 'created_at is null where nobody knows');
};

subtest 'cursors' => sub {
    my ($next) = map { get("/v1/$_?limit=3")->json->{next} =~ /after=(.*)/ } 'calls';
    my ($users) = get('/v1/users?limit=3')->json->{next} =~ /after=(.*)/;
    my @bad = ('', 'x', '1', 'null', substr($next, 1), "${next}AAAA", "$next=", "$next%00", "$next%20", lc $next,
        $users,
        'A' x 2000, '%F0%9F%98%80', "$next+", 'MSBjYWxscyBpZCA', '....', "'%20OR%201=1", $next =~ s/^./Z/r);
    is_problem(get("/v1/calls?after=$_"), /%00/ ? (400, 'bad-parameter') : (400, 'bad-cursor'), 'after=' . substr $_, 0,
        40) for @bad;
    is_problem(get("/v1/$_?after=$next"), 400, 'bad-cursor', "a cursor of calls on $_")
        for grep { $_ ne 'calls' } collections();
    is_problem(get("/v1/calls?status=completed&after=$next"), 400, 'bad-cursor', 'without its filter');
    is_status(get("/v1/calls?after=$next"), 200, 'a good one, with another limit');
};

# --- What a query and a path may get wrong --------------------------------------------------------------------

subtest 'parameters' => sub {
    my $id = (ids_of('calls'))[0];
    is_problem(get("/v1/calls?limit=$_"), 400, 'bad-parameter', "limit=$_", qr/limit/)
        for '', '0', '-1', '1001', 'abc', '1.5', '%2B1', '+1', '01', '1e2', '1%20', '%D9%A3', '99999999999999999999',
            'null', '5,5', '0x10';
    is_status(get("/v1/calls?$_"), 200, "?$_") for '', 'limit=1', 'limit=1000', 'l%69mit=%35', '&limit=5&', '&&';
    is(scalar @{ get('/v1/calls?l%69mit=%35')->json->{data} }, 5, 'names and values are decoded');

    my @wrong = (
        ['nonsense=1' => qr/`nonsense`/], ['limit=1&limit=1' => qr/`limit`.*repeat/],
        ['limit=1&l%69mit=2' => qr/`limit`.*repeat/],
        ['LIMIT=1' => qr/`LIMIT`/], ['limit' => qr/limit/], ['=1' => qr/``/], ['=' => qr/``/],
        ['limit=%' => qr/encoding/], ['limit=%4' => qr/encoding/],
        ['limit=%zz' => qr/encoding/], ['%FF=1' => qr/UTF-8/], ['limit=%FF' => qr/UTF-8/], ['limit=1%00' => qr/UTF-8/],
        ['%00=1' => qr/UTF-8/], ['limit%00=1' => qr/UTF-8/],
        ['%3Cscript%3E=1' => qr/`<script>`/], ['a%0D%0Ab=1' => qr/`a\?\?b`/], ['x' x 1000 . '=1' => qr/`x{64}`/],
        ['body=x' => qr/`body`/],
        ['tenant_id=2' => qr/`tenant_id`/], ['limit[]=1' => qr/`limit\[\]`/],
    );
    is_problem(get("/v1/calls?$_->[0]"), 400, 'bad-parameter', substr($_->[0], 0, 30), $_->[1]) for @wrong;

    for my $request ([GET => "/v1/calls/$id"], [DELETE => "/v1/calls/$id"], [PATCH => "/v1/calls/$id"],
        [POST => '/v1/calls'], [GET => '/v1/settings'],
        [GET => '/v1/tenant'], [GET => '/v1/']) {
        my ($method, $path) = @$request;
        my @body = $method =~ /^P/ ? (json => {}) : ();
        is_problem(ask($method, "$path?$_", as => 'acme', @body), 400, 'bad-parameter', "$method $path?$_")
            for 'limit=1', 'x=1', 'x';
        isnt(ask($method, "$path?", as => 'acme', @body)->status, 400, "$method $path? is fine")
            unless $method eq 'DELETE';
    }
};

# Without a key: what nothing can be at is found out before anybody is asked who he is.
subtest 'paths that nothing is at' => sub {
    my $sid = row({ database => $database }, 'SELECT sid FROM calls LIMIT 1');
    my @ids = ('0', '00', '01', '-1', '+1', '%2B1', '1.0', '1e3', '1%20', '%201', '0x1', '9007199254740992', '9223372036854775808',
        '18446744073709551617', '9' x 100, 'abc', 'null',
        '*', '1,2', "1'", '%D9%A1', '%EF%BC%91', '%FF', '%2531', '1%0A', lc $sid, "${sid}0", substr($sid, 0, 33),
        'SM' . substr($sid, 2), 'CA' . 'g' x 32,
        '%00', '1%00', '%2F', '1%2F2', '1/2', '1/', '1//', '1;x=1', 'x' x 7000, '~', '%7F');
    is_problem(ask(GET => "/v1/calls/$_"), 404, 'not-found', '/v1/calls/' . substr $_, 0, 40) for @ids;
    is_problem(ask(GET => $_), 404, 'not-found', $_)
        for '/v1/calls/', '/v1/Calls', '/v1/CALLS', '/v1/call', '/v1/callsx', '/v1/calls%20', '/v1/%20calls',
            '/v1/nothing', '/v1/nothing/1', '/v1/tenant/1',
        '/v1/settings/', '/v1/settings/1', '/v1/tenants', '/v1/users/', '/v1/users/%00', '/v1/users/a%0Ab',
            '/v1/users/%FF', '/v1/users/a/b', '/v1/users/a%2Fb',
        '/v1/users/' . 'x' x 257, '/v1/sqitch', '/v1/index.html', '/v1/calls.json', '/v1/openapi.json/',
            '/v1/%2e%2e%2fcalls', '/v1/tenant/Key';
    is_problem(ask(GET => $_, as => 'acme'), 404, 'not-found', "$_ with a key")
        for '/v1/calls/2147483647', '/v1/users/nobody', "/v1/calls/CA${\ ('f' x 32)}",
        '/v1/users/' . 'y' x 256;

    my $call = (ids_of('calls'))[0];
    my $escaped = join '', map { sprintf '%%%02X', ord } split //, $call;
    is_same_answer(get($_), get("/v1/calls/$call"), "$_ is the same row")
        for "/v1/calls/$escaped", "/v1/%63alls/$call", "/v1//calls/$call", "/v1/./calls/$call", "/v1/x/../calls/$call",
            "http://any.example.com/v1/calls/$call";
};

subtest 'Accept' => sub {
    my %status = (
        ''                                   => 200,
        '*/*'                                => 200,
        'application/json'                   => 200,
        'APPLICATION/JSON'                   => 200,
        'application/*'                      => 200,
        'text/html, */*;q=0.1'               => 200,
        'text/html,application/json;q=0.5'   => 200,
        'application/json; charset=utf-8'    => 200,
        'application/json;q=0.001'           => 200,
        '*/*;q=0, application/json'          => 200,
        'text/html'                          => 406,
        'text/*'                             => 406,
        'application/json;q=0'               => 406,
        'application/json;q=0.000, */*'      => 406,
        'application/problem+json'           => 406,
        'application/xml, text/csv'          => 406,
        'application/jsonx'                  => 406,
        'nonsense'                           => 406,
    );
    for my $accept (sort keys %status) {
        for my $path ('/v1/tenant', '/v1/settings', '/v1/') {    # lists have more forms: stream.t
            my $response = ask(GET => $path, as => 'acme', headers => [Accept => $accept]);
            is_problem($response, 406, 'not-acceptable', "$path as $accept") if $status{$accept} == 406;
            is_status($response, 200, "$path as $accept") if $status{$accept} == 200;
        }
    }
    is_problem(ask(POST => '/v1/products', as => 'acme', json => { name => 'x' }, headers => [Accept => 'text/html']),
        406, 'not-acceptable',
        'a POST whose answer is not wanted');
};

subtest 'whose rows they are' => sub {
    for my $tenant (qw(acme globex)) {
        my $id = tenant($tenant)->{id};
        for my $resource (collections()) {
            my ($count) = row({ database => $database }, "SELECT count(*) FROM $resource WHERE tenant_id = ?", $id);
            my $ask = sub { my ($query) = @_; return get("/v1/$resource?$query", as => $tenant)->json->{data} };
            is_deeply($ask->('fields=tenant_id&limit=1000'), [({ tenant_id => $id }) x $count], "$tenant: $resource, $count, and nothing else");
            is_deeply([map { $_->{tenant_id} } @{ $ask->('fields=tenant_id,id&limit=1000') }], [($id) x $count], '... and with the id');
            my $csv = request(GET => "/v1/$resource?fields=tenant_id", as => $tenant, to => $server, headers => [Accept => 'text/csv']);
            is($csv->body, join("\r\n", 'tenant_id', ($id) x $count, ''), '... as CSV');
        }
        is(get('/v1/settings', as => $tenant)->json->{tenant_id}, $id, 'settings');
    }
};

subtest 'without prepared statements' => sub {
    my $plain = TenantTest::Server->start(database => $conninfo, server => 'TenantPool prepare=off');
    my @paths = map { my ($id) = ids_of($_); ("/v1/$_", "/v1/$_?id=$id&limit=1", "/v1/$_?order=id.asc&fields=tenant_id,id", "/v1/$_/$id") } collections();
    for my $path (@paths, '/v1/calls?status=completed&created_at.gte=2000-01-01T00:00:00Z', '/v1/users?email=a@b.example', '/v1/tenant', '/v1/settings') {
        is_same_answer(get($path, to => $plain), get($path), $path);
    }
    my @counted = map { get('/v1/calls', to => $_, headers => [Prefer => 'count=exact']) } $plain, $server;
    is_same_answer(@counted, 'counted');
    cmp_ok($counted[0]->json->{count}, '>', 0, 'all of them');
};

no_faults;

done_testing;
