# SPDX-License-Identifier: Apache-2.0
# Who is told what, where the database is at fault and not the request: sequences, columns of the site's own, rows of
# another form. No row that PostgreSQL returns ends a child.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Fault;

my $site = TenantTest::Site->make;
my $dbh = $site->dbh;
my $server = TenantTest::Server->start(site => $site, processes => 1, threads => 25);

sub acme {
    my ($method, $target, %option) = @_;
    return request($method, $target, as => 'acme', to => $server, %option);
}

sub call {
    my ($n) = @_;
    return acme(POST => '/v1/calls', json => { sid => sprintf 'CA%032x', $n });
}

# That the server takes the blame, and its log names it.
sub is_blamed {
    my ($response, $line, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_problem($response, 503, 'misconfigured', $name);
    return ok($server->error_log->text =~ $line || $site->{log}->wait_for($line), "$name: the log says why");
}

subtest 'a sequence behind the ids' => sub {
    # Ids that it is yet to give, all of the same tenant: where calls have partitions those of others are no obstacle.
    $dbh->do(q{INSERT INTO calls (id, sid, tenant_id) SELECT last_value + n, 'CAx' || n, ? FROM calls_id_seq, generate_series(1, 100) n},
        undef, tenant('acme')->{id});
    $site->{log} = $server->error_log;
    is_blamed(call(1), qr/statement calls_create: SQLSTATE 23505: .*the sequence public\.calls_id_seq is behind the ids that are taken/, 'a new call');
    is_blamed(acme(POST => '/v1/calls', json => { sid => sprintf 'CA%032x', 1 }, headers => ['Idempotency-Key' => 'k1']),
        qr/statement calls_create_once: SQLSTATE 23505: .*calls_id_seq is behind/, 'one with a key');
    my @clients = map {
        $server->client->send(POST => '/v1/calls', headers => [bearer('acme'), 'Content-Type' => 'application/json'],
            body => json({ sid => sprintf 'CA%032x', $_ }))
    } 100 .. 115;
    is_problem($_->receive, 503, 'misconfigured', 'one of many') for @clients[0, 1];
    $_->receive for @clients[2 .. $#clients];
    $dbh->do(q{SELECT setval('calls_id_seq', (SELECT max(id) FROM calls))});
    is_status(call(2), 201, 'set right, it is taken');
    is_problem(call(2), 409, 'sid-taken', "a client's own conflict is told as ever");
    $dbh->do('CREATE UNIQUE INDEX one_name ON products (tenant_id, name)');
    is_status(acme(POST => '/v1/products', json => { name => 'once' }), 201, 'a name');
    is_problem(acme(POST => '/v1/products', json => { name => 'once' }), 409, 'conflict', "and a rule of the site's own");
    $dbh->do('DROP INDEX one_name');
};

subtest 'a sequence at its end' => sub {
    $site->{log} = $server->error_log;
    $dbh->do('ALTER SEQUENCE calls_id_seq MAXVALUE 5000 RESTART 5000');
    is_status(call(3), 201, 'the last');
    is_blamed(call(4), qr/SQLSTATE 2200H: nextval: reached maximum value of sequence "calls_id_seq"/, 'one more');
    $dbh->do('ALTER SEQUENCE products_id_seq AS bigint MAXVALUE 9000000000 RESTART 2147483647');
    my $product = sub { acme(POST => '/v1/products', json => { name => 'x' }) };
    is_status($product->(), 201, 'the last that its column holds');
    is_blamed($product->(), qr/SQLSTATE 22003: .*the sequence products_id_seq is beyond what its column holds/, 'one more');
    $dbh->do('DELETE FROM products WHERE id > 4000; ALTER SEQUENCE products_id_seq AS integer MAXVALUE 2147483647 RESTART 6000');
    $dbh->do('DELETE FROM calls WHERE id > 4000; ALTER SEQUENCE calls_id_seq MAXVALUE 2147483647 RESTART 6000');
    is_status(call(7), 201, 'set right, it is taken');
};

subtest "columns of the site's own" => sub {
    $site->{log} = $server->error_log;
    $dbh->do('ALTER TABLE products ADD price int NOT NULL DEFAULT 0; ALTER TABLE products ALTER price DROP DEFAULT');
    is_blamed(acme(POST => '/v1/products', json => { name => 'x' }), qr/SQLSTATE 23502: null value in column "price"/,
        'one that no request can fill');
    $dbh->do(q{ALTER TABLE products DROP price; UPDATE products SET description = '' WHERE description IS NULL;}
        . 'ALTER TABLE products ALTER description SET NOT NULL');
    is_problem(acme(POST => '/v1/products', json => { name => 'x' }), 409, 'conflict', 'one that a request can');
    is_status(acme(POST => '/v1/products', json => { name => 'x', description => 'y' }), 201, 'and does');
    $dbh->do('ALTER TABLE products ALTER description DROP NOT NULL');
    $dbh->do('ALTER TABLE recordings ALTER duration TYPE smallint');
    is_problem(acme(POST => '/v1/recordings', json => { sid => 'RE' . 'a' x 32, duration => 40000 }), 422, 'invalid', 'a narrower one');
    $dbh->do('ALTER TABLE recordings ALTER duration TYPE integer');
};

# No value of a client's can be why a read fails.
subtest 'reads' => sub {
    $site->{log} = $server->error_log;
    my ($context) = $dbh->selectrow_array(q{SELECT pg_get_functiondef('tenant_context()'::regprocedure)});
    for (qw(division_by_zero invalid_text_representation character_not_in_repertoire unique_violation serialization_failure)) {
        $dbh->do(<<"SQL");
CREATE OR REPLACE FUNCTION tenant_context() RETURNS int LANGUAGE plpgsql STABLE AS \$\$
BEGIN
  IF current_setting('mod_tenant.tenant_id', true) ~ '^[1-9][0-9]{0,8}\$' THEN
    RAISE EXCEPTION USING ERRCODE = '$_', MESSAGE = 'on purpose';
  END IF;
  RETURN NULL;
END
\$\$
SQL
        my $code = $_ eq 'serialization_failure' ? 'query-timeout' : 'misconfigured';
        is_problem(acme(GET => $_->[0]), 503, $code, $_->[1])
            for ['/v1/calls/1', "$_: a row"], ['/v1/calls', "$_: a page"], ['/v1/calls?limit=1000', "$_: a long page"];
    }
    $dbh->do($context);
    is_status(acme(GET => '/v1/calls/1'), 200, 'as before');
};

# An altered table, and requests that share round trips.
subtest 'rows of another form' => sub {
    my ($child) = $server->workers;
    $dbh->do('ALTER TABLE products REPLICA IDENTITY DEFAULT');    # its columns stay NOT NULL
    my @forms = (
        ['ids that are NULL', 'ALTER TABLE products DROP CONSTRAINT products_pkey CASCADE; ALTER TABLE products ALTER id DROP DEFAULT,'
            . ' ALTER id DROP NOT NULL',
            q{DELETE FROM products WHERE id IS NULL; ALTER TABLE products ALTER id SET DEFAULT nextval('products_id_seq'), ADD PRIMARY KEY (id)}],
        ['ids that are numeric', 'ALTER TABLE products ALTER id TYPE numeric', 'ALTER TABLE products ALTER id TYPE integer'],
    );
    for (@forms) {
        my ($what, $break, $mend) = @$_;
        $site->{log} = $server->error_log;
        $dbh->do($break);
        my @posts = map {
            $server->client->send(POST => '/v1/products', headers => [bearer($_ % 2 ? 'acme' : 'globex'), 'Content-Type' => 'application/json'],
                body => json({ name => "odd $_" }))
        } 1 .. 20;
        is_deeply([grep { $_ != 503 } map { $_->receive->status } @posts], [], "$what: new rows are refused, many at a time");
        is_problem(acme(POST => '/v1/products', json => { name => 'odd' }), 503, 'misconfigured', 'and one alone');
        is_problem(acme(POST => '/v1/products', json => { name => 'odd' }, headers => ['Idempotency-Key' => $what =~ tr/ /-/r]), 503, 'misconfigured',
            'and one with a key');
        is_problem(acme(GET => '/v1/products'), 503, 'misconfigured', 'and a page');
        is_problem(acme(GET => '/v1/products?limit=1000'), 503, 'misconfigured', 'and a long one');
        my @reads = map { $server->client->send(GET => '/v1/products?limit=3', headers => [bearer($_ % 2 ? 'acme' : 'globex')]) } 1 .. 20;
        is_deeply([grep { $_ != 503 } map { $_->receive->status } @reads], [], 'and many pages at a time');
        ok($site->{log}->wait_for(qr/statement products_\w+: column 1 of its rows is not as it should be/), 'as the log says');
        is_status(acme(GET => '/v1/calls'), 200, 'other tables are served');
        $dbh->do($mend);
        ok(wait_until(sub { acme(GET => '/v1/products')->status == 200 }, 30), 'mended, it is served');
    }
    is_deeply([$server->workers], [$child], 'the child lives');
};

# A table that stays as it is is no reason to open connections anew for each request: the others would wait for them.
subtest 'rows of another form, again and again' => sub {
    $dbh->do('ALTER TABLE products ALTER id TYPE numeric');
    is_problem(acme(GET => '/v1/products?limit=3'), 503, 'misconfigured', 'odd rows');
    my $before = count_transactions($site, 'sessions');
    my $requests = grep { acme(GET => '/v1/products?limit=3')->status == 503 } 1 .. 100;
    my $sessions = count_transactions($site, 'sessions') - $before;
    is($requests, 100, 'many requests');
    cmp_ok($sessions, '<', $requests / 2, '... of few sessions') or diag "$sessions sessions for $requests requests";
    $dbh->do('ALTER TABLE products ALTER id TYPE integer');
    ok(wait_until(sub { acme(GET => '/v1/products')->status == 200 }, 30), 'mended, it is served');
};

done_testing;
