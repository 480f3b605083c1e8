# SPDX-License-Identifier: Apache-2.0
#
# Idempotency-Key: whatever happens to a POST and its repetitions, there is one row, and one answer.

use strict;
use warnings;

use Fcntl qw(LOCK_EX);
use File::Copy qw(copy);
use Test::More;
use Time::HiRes qw(sleep);
use TenantTest;
use TenantTest::Contract;
use TenantTest::Fault;
use TenantTest::Keys;

my $database = 'idempotency';
my $conninfo = database($database);
# What the test holds back waits for as long as it takes.
sql("ALTER ROLE tenant_api IN DATABASE $database SET $_") for 'statement_timeout = 0', 'lock_timeout = 0', 'client_connection_check_interval = 0';
my $server = TenantTest::Server->start(database => $conninfo, server => "TenantPasswordSlots 1\nTenantPool statement=60s");
my ($acme, $globex) = map { tenant($_)->{id} } qw(acme globex);
my @faults;

my $count = 0;
sub new_request { return sprintf 'request-%d-%d', $$, ++$count }

# A POST with a key. Options as those of request().
sub post {
    my ($path, $key, $body, %option) = @_;
    my $response = request(POST => $path, to => $server, as => 'acme', type => 'application/json',
        body => ref $body ? json($body) : $body, %option, headers => ['Idempotency-Key' => $key, @{ $option{headers} || [] }]);
    push @faults, map { "POST $path: $_" } faults($response);
    return $response;
}

# How many rows a resource has, and how many answers are kept.
sub rows_in { my ($resource) = @_; return 0 + row({ database => $database }, "SELECT count(*) FROM $resource") }
sub kept    { return rows_in('idempotency_keys') }
sub replayed { return $_[0]->header('Idempotency-Replayed') }

sub is_new {
    my ($response, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_status($response, 201, $name) && is(replayed($response), undef, "$name: it is new");
    return;
}

# That an answer is another one's once more.
sub is_replay {
    my ($response, $first, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_status($response, 201, $name) or return;
    is(replayed($response), 'true', "$name: it says what it is");
    is($response->body, $first->body, "$name: the same body");
    is($response->header($_), $first->header($_), "$name: the same $_") for qw(Location ETag Content-Type);
    return;
}

# --- One after the other --------------------------------------------------------------------------------------

subtest 'every collection' => sub {
    for my $resource (collections()) {
        my ($key, $body) = (new_request(), sample($resource));
        my $rows = rows_in($resource);
        my $first = post("/v1/$resource", $key, $body);

        is_new($first, $resource);
        is($first->json->{tenant_id}, $acme, "acme's");
        is(request(GET => $first->header('Location'), to => $server, as => 'acme')->header('ETag'), $first->header('ETag'), 'its ETag');
        is_replay(post("/v1/$resource", $key, $body), $first, "$resource again") for 1 .. 3;
        is(rows_in($resource), $rows + 1, 'there is one row');
        is_new(post("/v1/$resource", new_request(), sample($resource)), 'another key');
        is(request(POST => "/v1/$resource", to => $server, as => 'acme', json => sample($resource))->status, 201, 'no key');
    }
};

# The members that a row may have, whatever they hold, come back as they were.
subtest 'every member' => sub {
    my %body = (
        calls      => { from_number => '', to_number => "\x{1F600} \"\\/", status => 'a-b', created_at => '1970-01-01T00:00:00.000001Z' },
        messages   => { body => "a\tb\r\nc", from_number => undef, created_at => '9999-12-31T23:59:59.999999Z' },
        recordings => { duration => 0, url => 'http://a', call_sid => undef },
        products   => { description => 'x' x 16384 },
        users      => { email => "J\x{f6}rg\@Example.com" },
    );
    for my $resource (sort keys %body) {
        my ($key, $body) = (new_request(), sample($resource, %{ $body{$resource} }));
        my $first = post("/v1/$resource", $key, $body);
        is_new($first, $resource);
        is_replay(post("/v1/$resource", $key, $body), $first, "$resource again");
    }
};

subtest 'what has become of the row' => sub {
    my ($key, $body) = (new_request(), { name => 'first', description => 'as it was' });
    my $first = post('/v1/products', $key, $body);
    my $path = $first->header('Location');

    is_status(request(PATCH => $path, to => $server, as => 'acme', json => { name => 'second' }), 200, 'it is changed');
    is_replay(post('/v1/products', $key, $body), $first, 'the first answer, not the row');
    is_problem(request(PATCH => $path, to => $server, as => 'acme', json => { name => 'x' }, headers => ['If-Match' => $first->header('ETag')]),
        412, 'precondition-failed', 'whose version is over');
    is_status(request(DELETE => $path, to => $server, as => 'acme'), 204, 'it is removed');
    is_replay(post('/v1/products', $key, $body), $first, 'still the first answer');
    is_problem(request(GET => $path, to => $server, as => 'acme'), 404, 'not-found', 'and no new row');
};

subtest 'another body' => sub {
    my ($key, $sid) = (new_request(), new_sid('calls'));
    my $body = qq({"sid":"$sid","status":"a"});
    my $first = post('/v1/calls', $key, $body);
    my $rows = rows_in('calls');

    for (qq({"sid":"$sid","status":"b"}), qq({"status":"a","sid":"$sid"}), qq({"sid": "$sid","status":"a"}), "$body\n",
        json(sample('calls'))) {
        is_problem(post('/v1/calls', $key, $_), 422, 'idempotency-mismatch', $_ =~ s/\n/\\n/r);
    }
    is_replay(post('/v1/calls', $key, $body), $first, 'the right one');
    is(rows_in('calls'), $rows, 'nothing was written');
    my $password = new_request();
    my $user = sample('users');
    is_new(post('/v1/users', $password, { %$user, password => 'first password' }), 'a user');
    is_problem(post('/v1/users', $password, { %$user, password => 'other password' }), 422, 'idempotency-mismatch', 'another password');
    is_problem(post('/v1/users', $password, $user), 422, 'idempotency-mismatch', 'none');
};

subtest 'whose a key is' => sub {
    my $key = new_request();
    my $body = { name => 'the same' };
    my $first = post('/v1/products', $key, $body);
    my $theirs = post('/v1/products', $key, $body, as => 'globex');

    is_new($theirs, 'another tenant');
    is($theirs->json->{tenant_id}, $globex, 'which has a row of its own');
    is_replay(post('/v1/products', $key, $body, as => 'globex'), $theirs, 'and an answer of its own');
    is_replay(post('/v1/products', $key, $body), $first, 'as has the first');
    is_problem(post('/v1/products', $key, { name => 'x' }, as => 'globex'), 422, 'idempotency-mismatch', 'each with its own body');
    is_new(post("/v1/$_", $key, sample($_)), "another collection: $_") for grep { $_ ne 'products' } collections();
    is_deeply([map { row({ database => $database }, 'SELECT count(*) FROM idempotency_keys WHERE id = ? AND tenant_id = ?', "products/$key", $_) }
            $acme, $globex], [1, 1], 'one answer each');
};

# --- What is refused ------------------------------------------------------------------------------------------

subtest 'headers' => sub {
    my $rows = rows_in('calls');
    for ('', 'a b', "a\tb", "\xc3\xa9", "\xff", 'x' x 256, tenant('acme')->{key}, 'mt_x') {
        is_problem(post('/v1/calls', $_, sample('calls')), 400, 'bad-header', 'no key: ' . json($_), qr/Idempotency-Key/);
    }
    is_problem(post('/v1/calls', 'x', sample('calls'), headers => ['Idempotency-Key' => 'y']), 400, 'bad-header', 'two of them');
    is_problem(request(POST => '/v1/calls', to => $server, headers => ['Idempotency-Key' => '', 'Content-Type' => 'application/json']),
        400, 'bad-header', 'ahead of the API key');
    is(rows_in('calls'), $rows, 'nothing was written');
    is_new(post('/v1/calls', $_, sample('calls')), $_) for '!', '~', '"quoted"', "'", '{}', '%00', 'x' x 255, '/', '../..';
};

subtest 'where it means nothing' => sub {
    is_problem(post('/v1/tenant/key', 'guess-me', {}), 400, 'bad-header', 'a new API key, by a name that can be guessed', qr/22 characters/);
    is_status(request(GET => '/v1/tenant', to => $server, as => 'acme'), 200, 'was not made');
    my $path = post('/v1/products', new_request(), { name => 'x' })->header('Location');
    my @key = ('Idempotency-Key' => 'a b');
    for ([GET => $path], [PATCH => $path, json => { name => 'y' }], [GET => '/v1/products'], [DELETE => $path]) {
        my ($method, $target, @option) = @$_;
        like(request($method, $target, to => $server, as => 'acme', headers => [@key], @option)->status, qr/^20[04]$/,
            "$method $target does not look at it");
    }
};

subtest 'refusals are not kept' => sub {
    my ($key, $sid) = (new_request(), new_sid('calls'));
    my $kept = kept();
    is_new(post('/v1/calls', new_request(), { sid => $sid }), 'a sid');
    is_problem(post('/v1/calls', $key, { sid => $sid }), 409, 'sid-taken', 'is taken for another key');
    is_problem(post('/v1/calls', $key, { sid => $sid }), 409, 'sid-taken', 'again and again');
    is_invalid(post('/v1/calls', $key, { sid => 'x' }), { '/sid' => 'length' }, 'a mistake');
    is_problem(post('/v1/calls', $key, '{'), 400, 'bad-json', 'no JSON');
    is(kept(), $kept + 1, 'nothing is kept of these');
    is_new(post('/v1/calls', $key, sample('calls')), 'the key is free');
    my $theirs = new_sid('calls');
    is_new(post('/v1/calls', $key, { sid => $theirs }, as => 'globex'), "a sid of globex's");
    is_problem(post('/v1/calls', new_request(), { sid => $theirs }), 409, 'sid-taken', 'is taken for acme, whatever the key')
        unless TenantTest::Site::partitions();
};

# --- At the same time -----------------------------------------------------------------------------------------

# Sends the same POST so many times at once; returns the answers.
sub at_once {
    my ($times, $path, $key, $body) = @_;
    my @clients = map { client(to => $server) } 1 .. $times;
    $_->send(POST => $path, headers => [bearer('acme'), 'Content-Type' => 'application/json', 'Idempotency-Key' => $key],
        body => json($body)) for @clients;
    return map { $_->receive } @clients;
}

subtest 'twins' => sub {
    for my $resource (qw(products calls products calls products calls)) {
        my ($key, $body, $rows) = (new_request(), sample($resource), rows_in($resource));
        my @answers = at_once(20, "/v1/$resource", $key, $body);
        my @made = grep { $_->status == 201 } @answers;
        my %said = map { $_->body => 1 } @made;
        my @waiting = grep { $_->status == 409 && $_->json->{code} eq 'idempotency-in-progress' } @answers;

        is(@made + @waiting, 20, "twenty at once: each gets the answer or 409 idempotency-in-progress ($resource)");
        is(scalar(grep { !replayed($_) } @made), 1, 'one has made it');
        is(scalar keys %said, 1, 'all answers are the same');
        is(rows_in($resource), $rows + 1, 'there is one row');
        is_replay(post("/v1/$resource", $key, $body), $made[0], 'which a late one gets too');
    }
};

# Holds back whoever inserts a product, in the middle of its statement.
sql({ database => $database }, <<'SQL');
CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  LOOP
    BEGIN
      PERFORM pg_advisory_xact_lock_shared(1);
      RETURN NEW;
    EXCEPTION WHEN query_canceled THEN    -- it is made in any case
      PERFORM pg_try_advisory_xact_lock(2);    -- for the test to see that it has been told to end
    END;
  END LOOP;
END $$
SQL
sql({ database => $database }, 'CREATE TRIGGER hold BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION hold()');
my $brake = TenantTest::Fault::Lock->new(site, $database, 'SELECT pg_advisory_xact_lock(1)');

# Sends a POST that is held back; returns its client.
sub held_back {
    my ($key, $body, $to) = @_;
    my $client = client(to => $to // $server);
    $brake->hold;
    $client->send(POST => '/v1/products', headers => [bearer('acme'), 'Content-Type' => 'application/json', 'Idempotency-Key' => $key],
        body => json($body));
    waiting_backends(site, 1);
    return $client;
}

# Sends it until no twin is under way.
sub insist {
    my ($key, $body) = @_;
    my $response;
    wait_until { $response = post('/v1/products', $key, $body); $response->status != 409 } 20;
    return $response;
}

subtest 'a twin that is under way' => sub {
    my ($key, $body, $rows) = (new_request(), { name => 'slow' }, rows_in('products'));
    my $client = held_back($key, $body);
    my $second = post('/v1/products', $key, $body);

    is_problem($second, 409, 'idempotency-in-progress', 'is not waited for');
    is_problem(post('/v1/products', $key, { name => 'other' }), 409, 'idempotency-in-progress', 'whatever the body');
    is_new(post('/v1/calls', $key, sample('calls')), 'another collection goes on');
    $brake->release;
    my $first = $client->receive;
    is_new($first, 'it ends');
    is_replay(post('/v1/products', $key, $body), $first, 'its answer is there then');
    is(rows_in('products'), $rows + 1, 'one row');
};

subtest 'the child is killed' => sub {
    my ($key, $body, $rows) = (new_request(), { name => 'crashed' }, rows_in('products'));
    my $own = TenantTest::Server->start(database => $conninfo, processes => 1, server => 'TenantPool statement=60s');
    my $client = held_back($key, $body, $own);

    kill KILL => $own->children;
    is($client->receive->status, 0, 'nobody answers');
    is_problem(post('/v1/products', $key, $body), 409, 'idempotency-in-progress', 'PostgreSQL is still at it');
    $brake->release;
    is_status(insist($key, $body), 201, 'sent again');
    is(rows_in('products'), $rows + 1, 'one row');
};

subtest 'the statement is ended' => sub {
    my ($key, $body, $rows) = (new_request(), { name => 'ended' }, rows_in('products'));
    my $client = held_back($key, $body);

    sql('SELECT pg_terminate_backend(?)', waiting_backends(site, 1));
    is_problem($client->receive, 503, 'database-away', 'it was not made');
    $brake->release;
    is_new(insist($key, $body), 'sent again');
    is(rows_in('products'), $rows + 1, 'one row');
};

subtest 'the answer is lost' => sub {
    my ($key, $body, $rows) = (new_request(), { name => 'lost' }, rows_in('products'));
    my $own = TenantTest::Server->start(database => $conninfo, server => 'TenantPool statement=1s');    # enough to get to the trigger, less than its lock_timeout of 2 s
    my $client = held_back($key, $body, $own);

    is_problem($client->receive, 503, 'query-timeout', 'httpd gives it up');
    ok(wait_until { scalar row({ database => $database }, q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 2}) }, 'and tells PostgreSQL');
    $brake->release;
    my $again = insist($key, $body);
    is_status($again, 201, 'sent again');
    is(replayed($again), 'true', 'PostgreSQL had made it');
    is(rows_in('products'), $rows + 1, 'one row');
};
sql({ database => $database }, 'DROP TRIGGER hold ON products');

# --- Time -----------------------------------------------------------------------------------------------------

sub age {
    my ($time) = @_;
    return sql({ database => $database }, 'UPDATE idempotency_keys SET kept_at = now() - ?::interval', $time);
}

subtest 'a day' => sub {
    my ($key, $body) = (new_request(), { name => 'old' });
    my ($sid_key, $sid_body) = (new_request(), sample('calls'));
    my $first = post('/v1/products', $key, $body);
    my $call = post('/v1/calls', $sid_key, $sid_body);

    age('23 hours 59 minutes');
    is_replay(post('/v1/products', $key, $body), $first, 'not quite');
    age('24 hours');
    my $second = post('/v1/products', $key, { name => 'new' });
    is_new($second, 'a day later the key is free');
    is_replay(post('/v1/products', $key, { name => 'new' }), $second, 'for another day');
    is_problem(post('/v1/products', $key, $body), 422, 'idempotency-mismatch', 'what it was used for is forgotten');
    is_problem(post('/v1/calls', $sid_key, $sid_body), 409, 'sid-taken', 'a sid is taken for ever');
    age('25 hours');
    my $rows = rows_in('products');
    my @answers = at_once(10, '/v1/products', $key, { name => 'newer' });
    is(scalar(grep { $_->status !~ /^(?:201|409)$/ } @answers), 0, 'ten at once');
    is(scalar(grep { $_->status == 201 && !replayed($_) } @answers), 1, 'of whom one is new');
    is(rows_in('products'), $rows + 1, 'make one row');
};

subtest 'what is old goes' => sub {
    my $old = sub { 0 + row({ database => $database }, "SELECT count(*) FROM idempotency_keys WHERE id LIKE 'old/%'") };
    age('1 hour');
    my $kept = kept();
    sql({ database => $database }, q{INSERT INTO idempotency_keys (tenant_id, id, fingerprint, answer, kept_at)
        SELECT ?, 'old/' || n, '', '{}', now() - interval '2 days' FROM generate_series(1, 1500) n}, $globex);
    my $sent = 0;
    my $client = client(to => $server);
    while ($old->() && $sent < 5000) {
        $client->request(POST => '/v1/products', headers => [bearer('acme'), 'Content-Type' => 'application/json',
                'Idempotency-Key' => new_request()], body => '{"name":"x"}');
        $sent++;
    }
    is($old->(), 0, 'while requests come in, of whichever tenant');
    is(kept(), $kept + $sent, 'and nothing else');
    cmp_ok($sent, '>', 1, 'a thousand at a time');
};

# --- Passwords ------------------------------------------------------------------------------------------------

subtest 'a password' => sub {
    my ($key, $canary) = (new_request(), 'canary password of an idempotent user');
    my $body = sample('users', password => $canary);
    my $first = post('/v1/users', $key, $body);

    is_new($first, 'a user');
    open my $slot, '+<', $server->root . '/tenant-password.0' or die "tenant-password.0: $!";
    flock $slot, LOCK_EX or die "flock: $!";
    is_replay(post('/v1/users', $key, $body), $first, 'again, while nobody can hash a password');
    is_problem(post('/v1/users', $key, { %$body, password => 'another password' }), 422, 'idempotency-mismatch', 'nor for a mismatch');
    is_problem(request(POST => '/v1/users', to => $server, as => 'acme', json => sample('users', password => $canary),
            headers => ['Idempotency-Key' => new_request()]), 503, 'slots-busy', 'which a new one needs');
    close $slot;

    my $stored = join "\n", column({ database => $database }, 'SELECT to_jsonb(k)::text FROM idempotency_keys k');
    like($stored, qr/\Q$body->{email}\E/, 'the answer is kept');
    unlike($stored, qr/canary|argon2|mt_[0-9A-Za-z]{20}/, 'no password, no hash, no key');
    my @hash = column({ database => $database }, 'SELECT fingerprint FROM idempotency_keys');
    is(scalar(grep { !/^[1-9]\d*:[0-9a-f]{64}$/ } @hash), 0, 'of a body its hash alone');
};

# --- The key file ---------------------------------------------------------------------------------------------

subtest 'another pepper' => sub {
    my $file = site->{scratch} . '/idempotency.keys';
    copy(site->{key_file}, $file) or die "$file: $!";
    chmod 0600, $file;
    my $tenantctl = sub { system("build/tenantctl keyfile @_ --key-file '$file' >/dev/null") == 0 or die "tenantctl keyfile @_ failed\n" };
    my ($key, $body) = (new_request(), { name => 'peppered' });
    my $first = post('/v1/products', $key, $body);

    $tenantctl->('add', 'pepper');
    open my $in, '<', $file or die "$file: $!";
    my @lines = map { /^pepper/ ? s/ primary$//r : $_ } <$in>;
    s/^(pepper 2 \S+)$/$1 primary/ for @lines;
    open my $out, '>', $file or die "$file: $!";
    print $out @lines;
    close $out;
    my $rotated = TenantTest::Server->start(database => $conninfo, key_file => $file);
    is_replay(post('/v1/products', $key, $body, to => $rotated), $first, 'what the former one was used for is known');
    is_problem(post('/v1/products', $key, { name => 'x' }, to => $rotated), 422, 'idempotency-mismatch', 'and what not');
    my $second = new_request();
    is_new(post('/v1/products', $second, $body, to => $rotated), 'a new one');
    like(row({ database => $database }, 'SELECT fingerprint FROM idempotency_keys WHERE id = ?', "products/$second"), qr/^2:/,
        'is hashed with the new one');
    is_problem(post('/v1/products', $second, $body), 422, 'idempotency-mismatch', 'which a server without it cannot compare');
};

subtest 'without prepared statements' => sub {
    my $plain = TenantTest::Server->start(database => $conninfo, server => 'TenantPool prepare=off');
    for my $resource (collections()) {
        my ($key, $body) = (new_request(), sample($resource));
        my $first = post("/v1/$resource", $key, $body, to => $plain);
        is_new($first, $resource);
        is_replay(post("/v1/$resource", $key, $body, to => $plain), $first, "$resource again");
    }
};

# A twin that ends after this one's statement has begun, and ahead of its lock: its answer is not to be seen by the
# statement, and stands in its way. The superuser plays the twin, with what a real one has left.
subtest 'a twin that has just ended' => sub {
    my $late = brake(site, $database);
    for my $resource (qw(products calls)) {
        my ($key, $body) = (new_request(), sample($resource));
        my $first = post("/v1/$resource", $key, $body);
        my ($id, $rows) = ($first->json->{id}, rows_in($resource));
        sql({ database => $database }, "CREATE TABLE $_->[0]_twin AS SELECT * FROM $_->[0] WHERE id = ?", $_->[1])
            for my @both = ([$resource, $id], ['idempotency_keys', "$resource/$key"]);
        sql({ database => $database }, "DELETE FROM $_->[0] WHERE id = ?", $_->[1]) for @both;

        $late->hold;
        my $client = client(to => $server)->send(POST => "/v1/$resource", body => json($body),
            headers => [bearer('acme'), 'Content-Type' => 'application/json', 'Idempotency-Key' => $key]);
        waiting_backends(site, 1);
        sql({ database => $database }, "INSERT INTO $_->[0] SELECT * FROM $_->[0]_twin") for @both;
        $late->release;
        is_replay($client->receive, $first, $resource);
        is(rows_in($resource), $rows, 'one row');
        sql({ database => $database }, "DROP TABLE $_->[0]_twin") for @both;
    }
};

# While nodes are upgraded, answers are kept by one release and given by the other.
subtest 'another release' => sub {
    my ($key, $body) = (new_request(), sample('products'));
    my $first = post('/v1/products', $key, $body);
    is_new($first, 'a product');
    my @kept = ({ database => $database }, 'SELECT answer ->> ? FROM idempotency_keys WHERE id = ?', 'xmin', "products/$key");
    is(row(@kept), 0, 'the former one finds an xmin, which no tag has');
    sql({ database => $database }, q{UPDATE idempotency_keys SET answer = answer - 'row_version' || '{"xmin": "777"}' WHERE id = ?},
        "products/$key");
    my $again = request(POST => '/v1/products', to => $server, as => 'acme', json => $body, headers => ['Idempotency-Key' => $key]);
    is_status($again, 201, 'what that has kept is given');
    is($again->body, $first->body, 'as it was');
    is($again->header('ETag'), undef, 'but for the ETag');
};

is_deeply(\@faults, [], 'no answer had a fault');

done_testing;
