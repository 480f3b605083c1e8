# SPDX-License-Identifier: Apache-2.0
#
# Lists as NDJSON and CSV: the forms, which rows they have, and what else HTTP makes of them. What may go wrong on the
# way is in stream_fault.t.

use strict;
use warnings;
use utf8;

use Compress::Zlib ();
use Encode qw(decode_utf8 encode_utf8);
use Test::More;

use TenantTest;
use TenantTest::Administration;
use TenantTest::Stream qw(csv_rows json_rows);

my $database = 'stream';
my $conninfo = database($database);
my $admin = site->conninfo($database, 'tenant_admin');
my $acme = tenant('acme')->{id};

my %option = (database => qq($conninfo" admin="$admin), processes => 1, server => administration('stream') . <<'END');
AddOutputFilterByType DEFLATE text/csv application/x-ndjson
<Location "/public/v1">
    TenantHandler api
    TenantPublicRead products
</Location>
<Location "/login/v1">
    TenantHandler api
    TenantUserAuthority read
</Location>
END
my $server = TenantTest::Server->start(%option);

# More calls than one chunk has, and texts that want care.
sql({ database => $database }, <<'SQL', $acme);
INSERT INTO calls (sid, tenant_id, from_number, to_number, status, created_at)
SELECT format('CA4%s', lpad(n::text, 31, '0')), ?, CASE WHEN n % 3 > 0 THEN '+1202555' || n END, '', 'busy',
       timestamptz '2026-02-01 00:00:00Z' + n * interval '1 millisecond' FROM generate_series(1, 1300) n
SQL
my @texts = (
    'plain', 'a,b', 'a"b', "two\nlines", "three\r\nlines\r\n", "\ttab", "Jörg \x{1F600}", ' spaces ', '=1+1', '@SUM(A1)',
    '+12025550100', '-1', '+1-1', "-2+3,4", '"=1"', "'=1", '+', "=cmd|' /C calc'!A0",
);
sql({ database => $database }, 'INSERT INTO products (name, description, tenant_id) VALUES (?, ?, ?)', 'text', $_, $acme)
    for @texts, '';

sub get {
    my ($path, $form, %more) = @_;
    my $headers = [$form ? TenantTest::Stream::form($form) : (), @{ delete $more{headers} || [] }];
    my $to = delete $more{to} // $server;
    return request(GET => $path, to => $to, as => 'acme', headers => $headers, %more);
}

# All rows of a list by its pages.
sub paged {
    my ($path, @who) = @_;
    my @rows;
    for (my $next = $path; defined $next;) {
        my $page = request(GET => $next, to => $server, @who ? @who : (as => 'acme'));
        is_status($page, 200, $next) or last;
        push @rows, @{ $page->json->{data} };
        $next = $page->json->{next};
    }
    return @rows;
}

# A row of JSON as CSV has it, without the care for spreadsheets.
sub as_csv {
    my ($row, @names) = @_;
    return [map { ref $_ ? ($_ ? 'true' : 'false') : defined $_ ? encode_utf8($_) : undef } @$row{@names}];
}

# That a stream has these rows, in this order.
sub has_rows {
    my ($response, $form, $rows, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_status($response, 200, $name);
    is($response->error, undef, '... whole');
    return is_deeply([json_rows($response->body)], $rows, '... with the rows of the list') if $form eq 'ndjson';
    my ($names, @got) = csv_rows($response->body);
    return is_deeply(\@got, [map { as_csv($_, @$names) } @$rows], '... with the rows of the list');
}

for my $resource (qw(calls messages recordings products users)) {
    subtest $resource => sub {
        my @rows = paged("/v1/$resource?limit=1000");
        cmp_ok(scalar @rows, '>=', 25, 'the list');
        has_rows(get("/v1/$resource", 'ndjson'), 'ndjson', \@rows, 'NDJSON');
        my $csv = get("/v1/$resource", 'csv', headers => [Prefer => 'csv=raw']);
        has_rows($csv, 'csv', \@rows, 'CSV');
        my ($first) = $rows[0];
        my ($names) = csv_rows($csv->body);
        is_deeply([sort @$names], [sort keys %$first], 'its first line names the fields');
        is($names->[0], 'id', 'in their order');
        is_deeply([grep { $_->{tenant_id} != $acme } @rows], [], "no other tenant's");
    };
}

subtest 'the head' => sub {
    my %type = (ndjson => 'application/x-ndjson', csv => 'text/csv; charset=utf-8');
    for my $form (sort keys %type) {
        for my $path ('/v1/calls', '/v1/calls?limit=2') {
            my $response = get($path, $form, headers => [Range => 'bytes=0-9']);
            is_status($response, 200, "$form of $path");
            is($response->header('Content-Type'), $type{$form}, 'the media type');
            is($response->header('Content-Disposition'), qq(attachment; filename="calls.$form"), 'a file by name');
            is($response->header('Cache-Control'), 'private, no-store', 'for no cache');
            is($response->header('X-Content-Type-Options'), 'nosniff', 'nor for guesses');
            for my $header (qw(Accept Authorization Prefer X-API-Key)) {
                ok((grep { lc eq lc $header } split /\s*,\s*/, $response->header('Vary')), "it varies by $header");
            }
            is($response->header('Link'), undef, 'there are no pages');
            is($response->header('Preference-Applied'), undef, 'no preference was applied');
        }
        my $response = request(HEAD => '/v1/calls', to => $server, as => 'acme', headers => [TenantTest::Stream::form($form)]);
        is_status($response, 200, 'HEAD');
        is($response->header('Content-Type'), $type{$form}, 'has the same type');
        is($response->header('Content-Length'), undef, 'and no length');
        is($response->body, '', 'and no body');
    }
};

subtest 'which form' => sub {
    my %wanted = (
        ''                                                  => 'application/json',
        '*/*'                                               => 'application/json',
        'application/*'                                     => 'application/json',
        'text/csv, application/json'                        => 'application/json',
        'application/json;q=0.9, text/csv'                  => 'text/csv',
        'text/*'                                            => 'text/csv',
        'text/html, application/x-ndjson;q=0.5, */*;q=0.1'  => 'application/x-ndjson',
    );
    for my $accept (sort keys %wanted) {
        is(get('/v1/calls', undef, headers => [Accept => $accept])->type, $wanted{$accept}, "`$accept`");
    }
    is_problem(get('/v1/calls', undef, headers => [Accept => $_]), 406, 'not-acceptable', "`$_`")
        for 'text/html', 'text/csv;q=0', 'application/ndjson';
    for my $path ('/v1/calls/1', '/v1/settings', '/v1/tenant') {
        is_problem(get($path, $_), 406, 'not-acceptable', "no $_ of $path") for qw(csv ndjson);
    }
    is_problem(get('/v1/nothing', 'csv'), 404, 'not-found', 'a path that is none');
    is_problem(get('/v1/calls?limit=0', undef, headers => [Accept => 'text/html']), 400, 'bad-parameter', 'the query counts first');
    is_problem(request(GET => '/v1/calls', to => $server, headers => [TenantTest::Stream::form('csv')]), 401, 'key-missing', 'without a key');
    is_problem(request(GET => '/v1/calls', to => $server, as => 'closed', headers => [TenantTest::Stream::form('csv')]),
        403, 'tenant-inactive', 'an inactive tenant');
};

subtest 'which rows' => sub {
    my @calls = paged('/v1/calls?limit=1000');
    my @busy = grep { $_->{status} eq 'busy' } @calls;
    my $after = get('/v1/calls?limit=40')->json->{next} =~ s/.*after=//r;

    has_rows(get('/v1/calls?status=busy', $_), $_, \@busy, "$_ of a filter") for qw(ndjson csv);
    has_rows(get('/v1/calls?status=none', $_), $_, [], "$_ without rows") for qw(ndjson csv);
    is(get('/v1/calls?status=none', 'ndjson')->body, '', 'NDJSON has nothing then');
    is(scalar csv_rows(get('/v1/calls?status=none', 'csv')->body), 1, 'and CSV its first line');
    has_rows(get("/v1/calls?after=$after", 'ndjson'), 'ndjson', [@calls[40 .. $#calls]], 'behind a cursor');
    for my $limit (1, 99, 100, 101, 600, 1324, 1325, 1326, 2147483647) {
        my $last = $limit < @calls ? $limit - 1 : $#calls;
        has_rows(get("/v1/calls?limit=$limit", 'ndjson'), 'ndjson', [@calls[0 .. $last]], "limit=$limit");
    }

    my @late = grep { $_->{created_at} ge '2026-02-01' } @calls;
    for my $query ('order=created_at.desc', 'created_at.gte=2026-02-01T00:00:00Z', 'from_number.null=false',
            'created_at.gte=2026-02-01T00:00:00Z&status=busy') {
        has_rows(get("/v1/calls?$query", 'ndjson'), 'ndjson', [paged("/v1/calls?limit=1000&$query")], $query);
    }
    for my $query ('order=id.asc', 'order=created_at.asc') {
        has_rows(get("/v1/calls?$query", 'ndjson'), 'ndjson', [reverse @calls], $query);
    }
    for my $form (qw(ndjson csv)) {
        my $some = get('/v1/calls?fields=sid,id', $form);
        has_rows($some, $form, [map { { id => $_->{id}, sid => $_->{sid} } } @calls], "some fields as $form");
    }
    like(get('/v1/calls?fields=sid,id', 'csv')->body, qr/\Aid,sid\r\n/, 'which the first line names');
    is_problem(get("/v1/calls?before=$after", 'csv'), 400, 'bad-cursor', 'before');
    is_problem(get("/v1/calls?$_", 'csv'), 400, 'bad-parameter', $_) for 'limit=0', 'limit=2147483648', 'limit=all', 'x=1', 'sid=a&sid=b';
    is_problem(get('/v1/messages?after=' . $after, 'csv'), 400, 'bad-cursor', "another list's cursor");
};

subtest 'users without a time come last' => sub {
    sql({ database => $database }, "INSERT INTO users (id, email, tenant_id) SELECT 'old ' || n, n || '\@old', ? FROM generate_series(1, 300) n", $acme);
    my @rows = paged('/v1/users?limit=77');
    is(scalar @rows, 325, 'the list');
    has_rows(get('/v1/users', $_), $_, \@rows, $_) for qw(ndjson csv);
};

subtest 'CSV' => sub {
    my $body = get('/v1/calls?limit=3', 'csv')->body;
    like($body, qr/\Aid,sid,tenant_id,from_number,to_number,status,created_at,direction,duration,parent_call_sid,answered_at,ended_at\r\n/, 'the first line');
    like($body, qr/^\d+,CA40{27}1300,$acme,\+12025551300,"",busy,2026-02-01T00:00:01\.3Z,{5}\r$/m, 'an empty text has quotes');
    like($body, qr/^\d+,CA40{27}1299,$acme,,"",busy,2026-02-01T00:00:01\.299Z,{5}\r\n/m, 'null has none');

    my @stored = reverse @texts;
    my $safe = get('/v1/products?name=text', 'csv');
    my $raw = get('/v1/products?name=text', 'csv', headers => [Prefer => 'respond-async, csv=raw']);
    is($raw->header('Preference-Applied'), 'csv=raw', 'raw when it is preferred');
    is($safe->header('Preference-Applied'), undef, 'otherwise not');
    is(get('/v1/products?name=text', 'ndjson', headers => [Prefer => 'csv=raw'])->header('Preference-Applied'), undef, 'nor in NDJSON');
    is(get('/v1/products?name=text', 'csv', headers => [Prefer => 'csv=safe'])->body, $safe->body, 'another preference is none');
    my @raw = csv_rows($raw->body);
    my @safe = csv_rows($safe->body);
    is_deeply([map { decode_utf8($_->[3]) } @raw[2 .. $#raw]], \@stored, 'raw is what is stored');
    is_deeply([map { decode_utf8($_->[3]) } @safe[2 .. $#safe]],
        [map { /^[=@\t\r]|^[+-](?!\d+\z)/ ? "'$_" : $_ } @stored], 'else no cell is a formula');
    is($raw[1][3], '', 'an empty text');
    unlike($_->body, qr/[^\r]\n(?![^"]*"(?:[^"]*"[^"]*")*[^"]*\z)/, 'every line ends with CR LF') for $safe, $raw;
};

subtest 'connections' => sub {
    my @rows = paged('/v1/calls?limit=1000');
    my $client = $server->client;
    for my $path ('/v1/calls', '/v1/calls?limit=1', '/v1/calls') {
        my $response = get($path, 'ndjson', on => $client);
        is_status($response, 200, "$path on a connection that stays open");
        is($response->error, undef, 'whole');
    }
    is_status(get('/v1/calls/1', undef, on => $client), 200, 'as does an ordinary request');
    has_rows(get('/v1/calls', 'csv', tls => 1), 'csv', \@rows, 'TLS');
    for my $path ('/v1/calls', '/v1/calls?limit=10') {
        my $response = TenantTest::Stream->begin($server, $path, as => 'acme', http => '1.0')->end;
        has_rows($response, 'ndjson', [@rows[0 .. ($path =~ /limit/ ? 9 : $#rows)]], "HTTP/1.0 of $path");
        is($response->header('Transfer-Encoding'), undef, 'without chunks');
    }
    my $packed = get('/v1/calls', 'csv', headers => ['Accept-Encoding' => 'gzip']);
    is($packed->header('Content-Encoding'), 'gzip', 'compressed');
    is($packed->header('Content-Length'), undef, 'without a length');
    cmp_ok(length $packed->body, '<', 30_000, 'it is shorter');
    is(Compress::Zlib::memGunzip($packed->body), get('/v1/calls', 'csv')->body, 'and the same');
};

for my $mpm (qw(worker prefork)) {
    subtest $mpm => sub {
        my $other = TenantTest::Server->start(database => $conninfo, processes => 2, mpm => $mpm);
        my @rows = paged('/v1/calls?limit=1000');
        has_rows(get('/v1/calls', $_, to => $other), $_, \@rows, $_) for qw(ndjson csv);
    };
}

subtest 'who may read' => sub {
    my $host = tenant('acme')->{host};
    my @products = paged('/v1/products?limit=1000');
    my $public = request(GET => '/public/v1/products', to => $server, host => $host, headers => [TenantTest::Stream::form('ndjson')]);
    has_rows($public, 'ndjson', \@products, 'a public list by its Host');
    is_problem(request(GET => '/public/v1/calls', to => $server, host => $host, headers => [TenantTest::Stream::form('ndjson')]),
        401, 'key-missing', 'another one');

    is_status(request(POST => '/v1/users', to => $server, as => 'acme', json => { email => 'reader@example.com', password => 'correct horse' }),
        201, 'a user');
    my @login = basic('reader@example.com', 'correct horse');
    my $list = request(GET => '/login/v1/products', to => $server, host => $host, headers => [@login, TenantTest::Stream::form('ndjson')]);
    has_rows($list, 'ndjson', \@products, 'a user by login');
    is_problem(request(GET => '/login/v1/users', to => $server, host => $host, headers => [@login, TenantTest::Stream::form('csv')]),
        403, 'user-forbidden', 'but not the list of users');

    my @root = basic('root', 'secret');
    my @tenants = paged('/admin/tenants', headers => \@root);
    for my $form (qw(ndjson csv)) {
        has_rows(request(GET => '/admin/tenants', to => $server, headers => [@root, TenantTest::Stream::form($form)]), $form,
            \@tenants, "an administrator's $form of the tenants");
    }
};

done_testing;
