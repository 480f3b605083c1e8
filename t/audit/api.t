# SPDX-License-Identifier: Apache-2.0
#
# GET /audit: a tenant reads what was done to it, and nobody else's; the administrator all. Who did it: a key, a user, the
# administrator, a role.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;
use TenantTest::Administration;

my $database = 'audit_api';
my $conninfo = database($database);
my ($acme, $globex) = map { tenant($_)->{id} } qw(acme globex);

my $server = TenantTest::Server->start(
    database => qq($conninfo" admin=") . site->conninfo($database, 'tenant_admin'),
    location => qq(TenantUserAuthority write\nTenantPublicRead products\nSetEnvIf X-Request-Id "^(.+)\$" UNIQUE_ID=\$1),
    server   => administration('audit', 'root', "r\xF6\xF6t", 'q"\\'),
);

sub api { my ($method, $path, %option) = @_; return request($method, "/v1$path", to => $server, as => 'acme', %option) }

sub admin {
    my ($method, $path, %option) = @_;
    my $user = delete $option{user} // 'root';
    return request($method, "/admin$path", to => $server, headers => [Authorization => 'Basic ' . encode_base64("$user:secret", '')], %option);
}

sub latest { return row({ database => $database }, 'SELECT coalesce(max(id), 0) FROM audit') }

# The lines that come of something, as hashes.
sub lines {
    my ($do) = @_;
    my $before = latest();
    my $answer = $do->();
    ok($answer->status < 300, 'done') or diag $answer->body if ref $answer;
    my $rows = site->dbh($database)->selectall_arrayref('SELECT * FROM audit WHERE id > ? ORDER BY id', { Slice => {} }, $before);
    return @$rows;
}

# That something leaves one line, which has these members.
sub is_told {
    my ($do, $name, %want) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @lines = lines($do);
    is(@lines, 1, "$name: one line") or return;
    is_deeply({ map { $_ => $lines[0]{$_} } keys %want }, \%want, '... which says so');
    return $lines[0];
}

my %by_key = (actor_type => 'key', role => 'tenant_api', address => '127.0.0.1', tenant_id => $acme);
my %by_admin = (actor_type => 'admin', actor => 'root', role => 'tenant_admin', address => '127.0.0.1');

subtest 'by a key' => sub {
    my $line = is_told(sub { api(PATCH => '/tenant', json => { name => 'Acme Ü' }) }, 'a name', %by_key, action => 'update', kind => 'tenants',
        row_id => $acme, changes => '{"name": {"new": "Acme Ü", "old": "acme"}}');
    like(tenant('acme')->{hash}, qr/^\Q$line->{actor}\E[0-9a-f]{56}$/, 'the key is told by the beginning of its hash');
    like($line->{request_id}, qr/^\S{10,}$/, 'the request has a name');
    is_told(sub { api(PATCH => '/settings', json => { auto_record_calls => JSON::PP::false }) }, 'settings', %by_key, action => 'update', kind => 'settings');
    is_told(sub { api(PATCH => '/tenant', json => { twilio_auth_token => 'canary' }) }, 'a secret', %by_key, changes => '{"twilio_auth_token": "changed"}');
    is(scalar(() = lines(sub { api(PATCH => '/tenant', json => { name => 'Acme Ü' }) })), 0, 'what is as it was is no change');
    my $user;
    $line = is_told(sub { $user = api(POST => '/users', json => { email => 'ada@example.com', password => 'correct horse' }) }, 'a user', %by_key,
        action => 'create', kind => 'users', changes => '{"email": {"new": "ada@example.com"}, "password": "changed"}');
    is($line->{row_id}, $user->json->{id}, '... of the id that was answered');
    my $path = '/users/' . $line->{row_id};
    is_told(sub { api(POST => '/users', json => { email => 'bob@example.com' }, headers => ['Idempotency-Key' => 'b']) }, 'a user by an Idempotency-Key',
        %by_key, action => 'create', kind => 'users');
    is(scalar(() = lines(sub { api(POST => '/users', json => { email => 'bob@example.com' }, headers => ['Idempotency-Key' => 'b']) })), 0, 'a replay makes none');
    is_told(sub { api(PATCH => $path, json => { password => 'battery staple' }) }, 'a password', %by_key, action => 'change_password');
    is_told(sub { api(DELETE => $path) }, 'a removal', %by_key, action => 'delete', kind => 'users');
    for my $kind (qw(calls messages recordings products)) {
        my ($id) = map { $_->{id} } @{ api(GET => "/$kind?limit=1")->json->{data} };
        is_told(sub { api(DELETE => "/$kind/$id") }, "a row of $kind", %by_key, action => 'delete', kind => $kind, row_id => $id);
    }
    is(scalar(() = lines(sub { api(POST => '/products', json => { name => 'x' }) })), 0, 'a new product is not told');
    is(scalar(() = lines(sub { api(DELETE => '/products/2147483647'); return })), 0, 'nor what finds nothing');
    is(scalar(() = lines(sub { api(PATCH => '/tenant', json => { name => '' }); return })), 0, 'nor what is refused');
};

subtest 'a request whose name the client has chosen' => sub {
    for (['ordinary', 'ordinary'], ["r\xF6\xFF", 'r\xf6\xff'], ["q\"\\", "q\"\\"]) {
        my ($given, $shown) = @$_;
        my @named = (headers => ['X-Request-Id' => $given]);
        is_told(sub { api(PATCH => '/tenant', json => { name => "Acme $shown" }, @named) }, $shown, %by_key, request_id => $shown);
        is(api(GET => '/calls/99999999', @named)->json->{request_id}, $shown, '... and an error has it');
    }
};

subtest 'by a user' => sub {
    my $id = api(POST => '/users', json => { email => 'eve@example.com', password => 'correct horse' })->json->{id};
    my @login = (as => undef, host => tenant('acme')->{host}, headers => [Authorization => 'Basic ' . encode_base64('eve@example.com:correct horse', '')]);
    my ($call) = map { $_->{id} } @{ api(GET => '/calls?limit=1')->json->{data} };
    is_told(sub { api(DELETE => "/calls/$call", @login) }, 'a row', %by_key, actor_type => 'user', actor => $id, action => 'delete', kind => 'calls');
    is_problem(api(GET => '/audit', @login), 403, 'user-forbidden', 'who may not read the audit, which tells of all users');
    # of the password `cheap-password`: a login renews it
    sql({ database => $database }, 'UPDATE users SET password_hash = ? WHERE id = ?',
        '$argon2id$v=19$m=8,t=1,p=1$k7ufI32Cq29KGnIx7Lgb1A$GYDyfOUAixJQdOXAF6TFOo4y1JLmQojifWFFC7Ogzbw', $id);
    @login[-1] = [Authorization => 'Basic ' . encode_base64('eve@example.com:cheap-password', '')];
    is_told(sub { api(GET => '/settings', @login) }, 'a hash that is too cheap', %by_key, actor_type => 'user', actor => $id, action => 'rehash_password',
        kind => 'users', row_id => $id, changes => '{"password": "changed"}');
    is_problem(api(GET => '/audit', as => undef, host => tenant('acme')->{host}), 401, 'key-missing', 'nor may who has only the Host');
};

subtest 'by the administrator' => sub {
    my $made;
    my $line = is_told(sub { $made = admin(POST => '/tenants', json => { name => 'new', rate_limit => '5/1' }) }, 'a tenant', %by_admin, action => 'create', kind => 'tenants');
    is($line->{tenant_id}, $made->json->{id}, '... itself');
    is($line->{changes}, '{"name": {"new": "new"}, "status": {"new": "active"}, "api_key": "changed", "rate_limit": {"new": "5/1"}}', '... with its fields');
    my $path = '/tenants/' . $made->json->{id};
    is_told(sub { admin(PATCH => $path, json => { rate_limit => undef, custom_domain => 'new.example' }) }, 'a limit', %by_admin,
        changes => '{"rate_limit": {"new": null, "old": "5/1"}, "custom_domain": {"new": "new.example", "old": null}}');
    is_told(sub { admin(POST => "$path/key", json => {}) }, 'a key', %by_admin, action => 'rotate_key');
    is_told(sub { admin(POST => "$path/key", json => { grace_seconds => 0 }) }, 'a key without grace', %by_admin, action => 'rotate_key');
    is_told(sub { admin(PATCH => $path, json => { status => 'inactive' }) }, 'suspended', %by_admin, action => 'update');
    is_told(sub { admin(DELETE => $path) }, 'removed', %by_admin, action => 'delete', kind => 'tenants');
    is_told(sub { admin(PATCH => "/tenants/$globex", json => { name => 'x' }, user => "r\xF6\xF6t") }, 'a name that is no UTF-8', %by_admin, actor => 'r\xf6\xf6t');
    is_told(sub { admin(PATCH => "/tenants/$globex", json => { name => 'y' }, user => 'q"\\') }, 'one with quotes', %by_admin, actor => 'q"\\');
};

subtest 'a tenant replaces its key' => sub {
    my $made = admin(POST => '/tenants', json => { name => 'other' })->json;
    my $answer;
    my $line = is_told(sub { $answer = api(POST => '/tenant/key', as => $made->{api_key}, json => {}) }, 'a key', %by_key, tenant_id => $made->{id}, action => 'rotate_key');
    is_told(sub { api(PATCH => '/tenant', as => $answer->json->{api_key}, json => { name => 'z' }) }, 'by the new one', %by_key, tenant_id => $made->{id});
    isnt(row({ database => $database }, 'SELECT actor FROM audit WHERE id = ?', latest()), $line->{actor}, '... which is another');
};

subtest 'by a role' => sub {
    is_told(sub { sql({ database => $database }, q{UPDATE users SET email = 'c@x' WHERE id = (SELECT min(id) FROM users WHERE tenant_id = ?)}, $globex); return },
        'psql', actor_type => 'role', actor => 'postgres', role => 'postgres', tenant_id => $globex, action => 'update', kind => 'users', request_id => undef);
};

subtest 'the tenant reads its own' => sub {
    my $all = api(GET => '/audit?limit=1000')->json->{data};
    my $count = row({ database => $database }, 'SELECT count(*) FROM audit WHERE tenant_id = ?', $acme);
    is(scalar @$all, $count, 'all of its lines');
    is_deeply([grep { $_->{tenant_id} != $acme } @$all], [], 'and no other');
    is_deeply([sort keys %{ $all->[0] }], [sort qw(id tenant_id created_at action kind row_id changes actor_type actor role address request_id)], 'with these members');
    is_deeply([map { $_->{id} } @$all], [sort { $b <=> $a } map { $_->{id} } @$all], 'the latest first');
    my $line = $all->[0];
    is_deeply(api(GET => "/audit/$line->{id}")->json, $line, 'one by its id');
    ok(api(GET => "/audit/$line->{id}")->header('ETag'), '... with an ETag');
    is_problem(api(GET => "/audit/$line->{id}", as => 'globex'), 404, 'not-found', 'which is nobody else\'s');
    for my $field (qw(action kind row_id actor)) {
        my ($value) = grep { defined } map { $_->{$field} } @$all;
        my $found = api(GET => "/audit?limit=1000&$field=" . ($value =~ s/([^\w.-])/sprintf '%%%02X', ord $1/ger))->json->{data};
        is_deeply($found, [grep { defined $_->{$field} && $_->{$field} eq $value } @$all], "by $field");
    }
    my $oldest = $all->[-1]{created_at};
    is(scalar @{ api(GET => "/audit?limit=1000&created_at.gt=$oldest")->json->{data} }, (grep { $_->{created_at} ne $oldest } @$all) + 0, 'by a time');
    my %line = map { $_->{id} => $_ } @$all;    # as text times have no order: 03.5Z comes behind 03.51Z
    is_deeply(api(GET => '/audit?limit=1000&order=created_at.asc')->json->{data},
        [@line{ column({ database => $database }, 'SELECT id FROM audit WHERE tenant_id = ? ORDER BY created_at, id', $acme) }], 'in another order');
    my (@paged, $next);
    for ($next = '/audit?limit=7'; $next; ) {
        my $page = api(GET => $next)->json;
        push @paged, @{ $page->{data} };
        $next = defined $page->{next} ? $page->{next} =~ s{^/v1}{}r : undef;
    }
    is_deeply(\@paged, $all, 'in pages');
    is(api(GET => '/audit?limit=1', headers => [Prefer => 'count=exact'])->json->{count}, $count, 'counted');
    my $lines = api(GET => '/audit', headers => [Accept => 'application/x-ndjson'])->body;
    is(scalar(() = $lines =~ /\n/g), $count, 'as a stream');
    like(api(GET => '/audit?limit=2', headers => [Accept => 'text/csv'])->body, qr/^id,tenant_id,created_at,action,/, 'as CSV');
    is_problem(api(GET => "/audit?$_=1"), 400, 'bad-parameter', "no filter: $_") for qw(tenant_id role address changes);
    is_problem(api($_ => '/audit', json => {}), 405, 'method-not-allowed', "$_ is none") for qw(POST PATCH DELETE);
    is_problem(api($_ => "/audit/$line->{id}", json => {}), 405, 'method-not-allowed', "$_ of a line is none") for qw(PATCH DELETE PUT);
    is(api(OPTIONS => '/audit')->header('Allow'), 'GET, HEAD, OPTIONS', 'OPTIONS says so');
    unlike($lines, qr/canary|correct horse|battery/, 'no secret is in it');
};

subtest 'the administrator reads all' => sub {
    sql({ database => $database }, 'TRUNCATE recordings');
    my $all = admin(GET => '/audit?limit=1000')->json->{data};
    is(scalar @$all, row({ database => $database }, 'SELECT count(*) FROM audit'), 'all lines');
    is_deeply([map { @$_{qw(tenant_id action kind row_id)} } $all->[0]], [undef, 'truncate', 'recordings', undef], 'those of no one tenant as well');
    for my $tenant ($acme, $globex) {
        is_deeply(admin(GET => "/audit?limit=1000&tenant_id=$tenant")->json->{data}, [grep { ($_->{tenant_id} // 0) == $tenant } @$all], "of tenant $tenant");
    }
    is(scalar @{ admin(GET => '/audit?tenant_id.null=true')->json->{data} }, 1, 'of nobody');
    is_deeply(admin(GET => '/audit?limit=1000&action=rotate_key')->json->{data}, [grep { $_->{action} eq 'rotate_key' } @$all], 'by action');
    is_deeply(admin(GET => "/audit/$all->[3]{id}")->json, $all->[3], 'one line');
    is_problem(admin($_ => "/audit/$all->[0]{id}", json => {}), 405, 'method-not-allowed', "$_ is none") for qw(PATCH DELETE);
    ok(admin(GET => '/openapi.json')->json->{paths}{'/audit'}{get}, 'the document has it');
    is(admin(GET => '/')->json->{audit}, '/admin/audit', 'so has the index');
};

subtest 'the change and its line are one transaction' => sub {
    sql({ database => $database }, 'ALTER TABLE audit ADD CONSTRAINT broken CHECK (kind <> $$settings$$) NOT VALID');
    my $before = api(GET => '/settings')->json;
    is_status(api(PATCH => '/settings', json => { auto_record_calls => $before->{auto_record_calls} ? JSON::PP::false : JSON::PP::true }), 409, 'what cannot be told');
    is_deeply(api(GET => '/settings')->json, $before, 'is not done');
    sql({ database => $database }, 'ALTER TABLE audit DROP CONSTRAINT broken');
};

done_testing;
