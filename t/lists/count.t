# SPDX-License-Identifier: Apache-2.0
#
# `Prefer: count=exact`: the number of rows on all pages, of which each tenant may have one counted at a time.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Asking qw(starting start asking get);
use TenantTest::Fault qw(wait_until);

my $database = 'list_count';
my $conninfo = database($database);
my ($acme, $globex) = map { tenant($_)->{id} } qw(acme globex);
sql({ database => $database }, "ALTER ROLE tenant_api IN DATABASE $database SET $_ = '60s'") for qw(lock_timeout statement_timeout);

# Each statement for a tenant takes a lock on its way, by which a test can hold it back.
sql({ database => $database }, q{CREATE OR REPLACE FUNCTION tenant_context() RETURNS int LANGUAGE plpgsql STABLE AS $$
    BEGIN
      IF current_setting('mod_tenant.tenant_id', true) ~ '^[1-9][0-9]{0,8}$' THEN
        PERFORM pg_advisory_xact_lock_shared(current_setting('mod_tenant.tenant_id', true)::int);
        RETURN current_setting('mod_tenant.tenant_id', true)::int;
      END IF;
      RETURN NULL;
    END $$});
my $brake = DBI->connect("dbi:Pg:host=${\ site->{host}};dbname=$database", site->{superuser}, '', { RaiseError => 1 });
sub hold { $brake->do("SELECT pg_advisory_lock($acme)") }
sub release { $brake->do('SELECT pg_advisory_unlock_all()') }

# One child, in which the gates are; nothing is cut off unless a test wants it.
starting(database => $conninfo, processes => 1, threads => 20);
my $server = start(pool => 'lists=8 statement=60s');
my @prefer = (headers => [Prefer => 'count=exact']);

asking(to => $server, as => 'acme');

sub rows_where {
    my ($table, $condition) = @_;
    return row({ database => $database }, "SELECT count(*) FROM $table WHERE tenant_id = ? AND $condition", $acme);
}

# Waits until so many statements of the module wait for a lock.
sub wait_for {
    my ($count) = @_;
    return wait_until {
        $count == row({ database => $database }, q{SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND usename = 'tenant_api' AND wait_event_type = 'Lock'})
    } 30;
}

sub sent {
    my ($method, $path, $who, @more) = @_;
    return $server->client->send($method => $path, headers => [bearer($who), @more]);
}

subtest 'the count' => sub {
    my %lists = (
        ''                                         => 'true',
        'limit=1'                                  => 'true',
        'limit=7&order=created_at.asc&fields=id'   => 'true',
        'status=completed'                         => "status = 'completed'",
        'status=nothing'                           => 'false',
        'status.null=true'                         => 'status IS NULL',
        'status.null=false'                        => 'status IS NOT NULL',
        'created_at=2026-01-01T00:05:00Z'          => "created_at = '2026-01-01T00:05Z'",
        'created_at.gt=2026-01-01T00:05:00Z'       => "created_at > '2026-01-01T00:05Z'",
        'created_at.gte=2026-01-01T00:05:00Z&created_at.lt=2026-01-01T00:09:00Z&status=completed' =>
            "created_at >= '2026-01-01T00:05Z' AND created_at < '2026-01-01T00:09Z'",
    );
    for my $query (sort keys %lists) {
        my $want = rows_where('calls', $lists{$query});
        my $list = get("/v1/calls?$query", @prefer);
        is_status($list, 200, $query) or next;
        is($list->json->{count}, $want, "?$query counts $want");
        is($list->header('Preference-Applied'), 'count=exact', 'and says so');
        like($list->body, qr/"count":\d+\}\n$/, 'as a number');
        my $plain = get("/v1/calls?$query");
        is_deeply({ %{ $list->json }, count => undef }, { %{ $plain->json }, count => undef }, 'the rest is as without');
    }
    is(get("/v1/$_", @prefer)->json->{count}, rows_where($_, 'true'), $_) for qw(messages recordings products users);
    is(get('/v1/users?email=USER3@acme.example.com', @prefer)->json->{count}, 1, 'by e-mail');
    is(get('/v1/users?created_at.lt=2026-01-01T00:05:00Z', @prefer)->json->{count}, rows_where('users', "created_at < '2026-01-01T00:05Z'"), 'users by time');

    my ($path, @counts) = ('/v1/calls?limit=10&created_at.lt=2026-01-01T00:20:00Z');
    while (defined $path) {
        my $page = get($path, @prefer);
        push @counts, $page->json->{count};
        push @counts, get($page->link('prev'), @prefer)->json->{count} if $page->link('prev');
        $path = $page->json->{next};
    }
    is_deeply(\@counts, [(19) x 3], 'the same on each page, forth and back');
};

subtest 'the preference' => sub {
    my %applied = ('count=exact' => 1, 'COUNT=exact' => 1, 'count="exact"' => 1, 'count = exact' => 1, 'wait=10, count=exact' => 1,
        'count=exact; x=y' => 1, 'respond-async,count=exact' => 1, 'count=planned' => 0, 'count' => 0, 'count=' => 0, 'counts=exact' => 0,
        'count=exactly' => 0, 'count=none, count=exact' => 0, '"count=exact"' => 0, '' => 0, ',,;;==' => 0, 'csv=raw' => 0);
    for my $prefer (sort keys %applied) {
        my $list = get('/v1/calls?limit=1', headers => [Prefer => $prefer]);
        is_status($list, 200, "Prefer: $prefer");
        is(exists $list->json->{count} ? 1 : 0, $applied{$prefer}, $applied{$prefer} ? 'is honoured' : 'is ignored');
        is($list->header('Preference-Applied'), $applied{$prefer} ? 'count=exact' : undef, 'as the header says');
    }
    my $two = get('/v1/calls?limit=1', headers => [Prefer => 'wait=1', Prefer => 'count=exact']);
    is($two->json->{count}, rows_where('calls', 'true'), 'in one of two headers');
    like($two->header('Vary'), qr/\bPrefer\b/, 'answers differ by it');
    my $head = request(HEAD => '/v1/calls?limit=1', as => 'acme', to => $server, @prefer);
    is($head->header('Preference-Applied') . $head->header('Content-Length'), 'count=exact' . length get('/v1/calls?limit=1', @prefer)->body, 'HEAD');
    is(exists get('/v1/calls/' . get('/v1/calls?limit=1')->json->{data}[0]{id}, @prefer)->json->{count}, '', 'a row has no count');
};

subtest 'one at a time' => sub {
    hold();
    my $first = sent(GET => '/v1/calls?limit=1', 'acme', Prefer => 'count=exact');
    ok(wait_for(1), 'a count takes its time');
    for my $path ('/v1/calls', '/v1/calls?status=completed', '/v1/messages', '/v1/users?limit=1') {
        my $second = get($path, @prefer);
        is_problem($second, 429, 'rate-limited', "$path: no second one", qr/count/);
        like($second->header('Retry-After'), qr/^[1-9]\d*$/, 'with a time to come back');
    }
    is(request(HEAD => '/v1/messages', as => 'acme', to => $server, @prefer)->status, 429, 'by HEAD neither');
    is_status(request(GET => '/v1/calls', as => 'globex', to => $server, @prefer), 200, "another tenant's count goes on");
    my $list = sent(GET => '/v1/calls', 'acme');
    ok(wait_for(2), 'a list without a count is let in');
    release();
    is($first->receive->json->{count}, rows_where('calls', 'true'), 'the first one is answered');
    is_status($list->receive, 200);
    is_status(get('/v1/calls', @prefer), 200, 'then the next one is let in') for 1 .. 3;
};

subtest 'a client that has gone' => sub {
    hold();
    my $client = sent(GET => '/v1/calls?limit=1', 'acme', Prefer => 'count=exact');
    ok(wait_for(1), 'a count is under way');
    undef $client;
    is_problem(get('/v1/messages', @prefer), 429, 'rate-limited', 'it is not over as long as PostgreSQL counts');
    release();
    ok((wait_until { get('/v1/messages', @prefer)->status == 200 }), 'then it is');
};

subtest 'a client that does not read' => sub {
    sql({ database => $database }, q{INSERT INTO messages (tenant_id, sid, body) SELECT ?, 'SMlong' || n, repeat(U&'\+01F600', 4096) FROM generate_series(1, 1000) n}, $acme);
    hold();
    my $slow = sent(GET => '/v1/messages?limit=1000', 'acme', Prefer => 'count=exact');
    ok(wait_for(1), 'whose count is under way');
    release();
    ok((wait_until { get('/v1/calls', @prefer)->status == 200 }), 'has its count behind it');
    is($slow->receive->json->{count}, 1025, 'and gets it');
};

subtest 'on one connection' => sub {
    my $client = $server->client;
    is(scalar(grep { $client->request(GET => '/v1/calls', headers => [bearer('acme'), Prefer => 'count=exact'])->status == 200 } 1 .. 20), 20,
        'the next count follows at once');
};

subtest 'the deadline' => sub {
    my $short = start(pool => 'lists=8 statement=1s');
    is_status(request(GET => '/v1/calls', as => 'acme', to => $short), 200, 'a server with a short one');
    hold();
    my $late = request(GET => '/v1/calls', as => 'acme', to => $short, @prefer);
    is_problem($late, 503, 'query-timeout', 'a count that takes too long');
    like($late->header('Retry-After'), qr/^[1-9]\d*$/, 'with a time to come back');
    is_status(request(GET => '/v1/calls', as => 'globex', to => $short, @prefer), 200, 'the server goes on');
    release();
    is_status(request(GET => '/v1/calls', as => 'acme', to => $short, @prefer), 200, 'it has given its place back');
};

done_testing;
