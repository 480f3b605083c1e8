# SPDX-License-Identifier: Apache-2.0
#
# sql/partition.sql divides calls while they are written, and makes them one table again. The API is the same on both, statements
# read one partition, and no partition is a way around the walls.
use strict;
use warnings;
use feature 'state';

use JSON::PP ();
use POSIX ();
use Test::More;

use TenantTest;
use TenantTest::Asking qw(asking ask get);
use TenantTest::Command;
use TenantTest::Fault;
use TenantTest::Load;
use TenantTest::Sample;

my $site = TenantTest::Site->make;    # its connections are ended here
my $pg = $site->cluster;
my $name = 'divided';
my ($acme, $globex) = map { $_->{id} } @{ $site->{tenants} }{qw(acme globex)};

$site->make_database($name);
my $dbh = $site->dbh($name);
$dbh->do("GRANT CREATE ON DATABASE $name TO tenant_owner");
is(($pg->partition($name, 0))[0], 0, 'one table') if TenantTest::Site::partitions();

# One child: each finds out by itself that the database may be used again.
my $server = TenantTest::Server->start(site => $site, processes => 1, threads => 20, database => $site->conninfo($name), server => 'TenantCache ttl=1s');
asking(to => $server, as => 'acme');

sub value_of { return scalar $dbh->selectrow_array(@_) }
sub do_all { $dbh->do($_) for @_; return }

# What there is of calls, but for where it lies, and for the one that is changed all the time.
sub contents {
    my ($but) = @_;
    return value_of(q{SELECT md5(string_agg(c::text, ' ' ORDER BY id)) FROM calls c WHERE id <> ?}, undef, $but);
}
sub sid { return sprintf 'CA%032d', $_[0] }
sub schema { return join "\n", grep { !/restrict/ } split /\n/, ($pg->dump($name, '--schema-only'))[1] }

sub findings {
    my $run = tenantctl('doctor', '--json', '--database', $site->conninfo($name, 'tenant_admin'), '--key-file', $site->{key_file});
    return map {"$_->{check} $_->{object} $_->{finding}"} @{ $run->json->{findings} };
}

# That the API takes part in what has changed in the catalog: new connections, attested anew.
sub reconnect { return end_backends($site) }

# The leaf of a tenant's calls.
sub leaf_of { return value_of('SELECT DISTINCT tableoid::regclass FROM calls WHERE tenant_id = ?', undef, $_[0]) }

my $former_schema = schema();
my $call = get('/v1/calls?limit=1')->json->{data}[0];
my $former = contents($call->{id});
my $tag = get("/v1/calls/$call->{id}")->header('ETag');

subtest 'what it refuses' => sub {
    my %refused = (
        'too few' => [['modulus=1'], qr/modulus must be from 2 to 64/],
        'too many' => [['modulus=65'], qr/modulus must be from 2 to 64/],
        'no number' => [['modulus=x'], qr/invalid input syntax/],
        'another table' => [['modulus=4', 'relation=users'], qr/users is not one of/],
    );
    for my $what (sort keys %refused) {
        my ($variables, $says) = @{ $refused{$what} };
        my ($modulus, @more) = @$variables;
        my ($status, $output) = $pg->partition($name, $modulus =~ s/modulus=//r, @more);
        ok($status != 0 && $output =~ $says, $what) or diag $output;
    }
    my ($status, $output) = $pg->psql($name, 'postgres', '-q', '-v', 'modulus=4', '-f', 'sql/partition.sql');
    ok($status != 0 && $output =~ /run this as tenant_owner/, 'another role');
    do_all('CREATE VIEW recent WITH (security_invoker = true) AS SELECT * FROM calls');
    ($status, $output) = $pg->partition($name, 4);
    ok($status != 0 && $output =~ /calls is referred to.*view public\.recent/, 'what a view would lose') or diag $output;
    do_all('DROP VIEW recent');
    is(schema(), $former_schema, 'nothing is left behind');
    is(contents($call->{id}), $former, 'nothing is changed');
    is(get("/v1/calls/$call->{id}")->header('ETag'), $tag, 'nor a tag');
};

# Runs the script with other things beside it: its process, and where it is said what it said.
sub begin_to_divide {
    my ($what) = @_;
    my $output = "$site->{scratch}/$what";
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        my ($status, $said) = $pg->partition($name, 4);
        open my $file, '>', $output or POSIX::_exit(2);
        print $file $said;
        close $file;
        POSIX::_exit($status ? 1 : 0);
    }
    return ($pid, $output);
}

# Holds it up as it is about to take the table's place.
sub hold_place {
    my $holder = $dbh->clone;
    ok(wait_until { value_of(q{SELECT count(*) FROM pg_trigger WHERE tgname = 'tenant_partitioning'}) }, 'it has begun');
    $holder->begin_work;
    $holder->do('SELECT FROM calls LIMIT 1');
    ok(wait_until(sub { value_of(q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CALL tenant_partitioning.take_place%'}) }, 60), 'it has compared');
    return $holder;
}

subtest 'a transaction that sees less' => sub {
    $dbh->do(q{INSERT INTO calls (sid, tenant_id) SELECT 'CAx' || n, ? FROM generate_series(1, 40000) n}, undef, $globex);
    my @older = map { my $older = $dbh->clone; $older->do('BEGIN ISOLATION LEVEL REPEATABLE READ'); $older->do('SELECT FROM nodes'); $older } 1 .. 2;
    my ($pid, $output) = begin_to_divide('older');
    my $holder = hold_place();
    ok(!eval { $older[0]->do(q{DELETE FROM calls WHERE sid = 'CAx7'}); 1 }, 'a row whose copy it does not see it cannot remove');
    is($older[0]->state, '40001', 'and may try again');
    ok(!eval { $older[1]->do(q{UPDATE calls SET status = 'x' WHERE sid = 'CAx8'}); 1 }, 'nor change');
    $_->disconnect for @older;
    my $newer = $dbh->clone;
    $newer->do('BEGIN ISOLATION LEVEL REPEATABLE READ');
    is($newer->do(q{DELETE FROM calls WHERE sid = 'CAx9'}), 1, 'one that sees it can');
    $newer->do('COMMIT');
    $holder->commit;
    waitpid $pid, 0;
    is($? >> 8, 0, 'it is divided') or diag TenantTest::Sample::slurp($output);
    is(value_of(q{SELECT string_agg(sid, ' ' ORDER BY sid) FROM calls WHERE sid IN ('CAx7', 'CAx8', 'CAx9')}), 'CAx7 CAx8', 'no row that was removed comes back');
    do_all(q{DELETE FROM calls WHERE sid LIKE 'CAx%'});
    is(($pg->partition($name, 0))[0], 0, 'one table again');
};

subtest 'a row that is not copied yet' => sub {
    $dbh->do(q{INSERT INTO calls (sid, tenant_id) SELECT 'CAx' || n, ? FROM generate_series(1, 40000) n}, undef, $globex);
    my ($pid, $output) = begin_to_divide('early');
    my $holder = $dbh->clone;
    ok(wait_until { value_of(q{SELECT count(*) FROM pg_trigger WHERE tgname = 'tenant_partitioning'}) }, 'it has begun');
    $holder->begin_work;
    $holder->do(q{SELECT FROM calls WHERE sid = 'CAx40000' FOR UPDATE});
    my $other = $dbh->clone;
    $other->do('BEGIN ISOLATION LEVEL REPEATABLE READ');
    $other->do('SELECT FROM nodes');
    is(eval { $other->do(q{DELETE FROM calls WHERE sid = 'CAx39999'}) }, 1, 'can be removed') or diag $@;
    $other->do('COMMIT');
    $holder->commit;
    waitpid $pid, 0;
    is($? >> 8, 0, 'it is divided') or diag TenantTest::Sample::slurp($output);
    is(value_of(q{SELECT count(*) FROM calls WHERE sid LIKE 'CAx%'}), 39999, 'without it');
    do_all(q{DELETE FROM calls WHERE sid LIKE 'CAx%'});
    is(($pg->partition($name, 0))[0], 0, 'one table again');
    is(contents($call->{id}), $former, 'nothing is changed');
};

subtest 'published meanwhile' => sub {
    $dbh->do(q{INSERT INTO calls (sid, tenant_id) SELECT 'CAx' || n, ? FROM generate_series(1, 40000) n}, undef, $globex);
    my ($pid, $output) = begin_to_divide('published');
    my $holder = hold_place();
    local $dbh->{PrintWarn} = 0;    # wal_level
    $dbh->do('CREATE PUBLICATION others FOR TABLE calls');
    $holder->commit;
    waitpid $pid, 0;
    is($? >> 8, 1, 'it gives up');
    like(TenantTest::Sample::slurp($output), qr/calls is referred to: drop, and make anew afterwards: publication of table public.calls in publication others/, 'and says why');
    is(value_of(q{SELECT count(*) FROM pg_publication_tables WHERE pubname = 'others' AND tablename = 'calls'}), 1, 'what was published is so still');
    do_all('DROP PUBLICATION others', q{DELETE FROM calls WHERE sid LIKE 'CAx%'});
    is(($pg->partition($name, 0))[0], 0, 'what it left is taken away');
    is(schema(), $former_schema, 'nothing is left behind');
};

subtest 'altered meanwhile' => sub {
    $dbh->do(q{INSERT INTO calls (sid, tenant_id) SELECT 'CAx' || n, ? FROM generate_series(1, 40000) n}, undef, $globex);
    my ($pid, $output) = begin_to_divide('altered');
    ok(wait_until { value_of(q{SELECT count(*) FROM pg_trigger WHERE tgname = 'tenant_partitioning'}) }, 'it has begun');
    my $other = $dbh->clone;
    $other->begin_work;
    $other->do('SELECT FROM tenants WHERE id = ? FOR UPDATE', undef, $globex);    # which no row can refer to meanwhile
    do_all('CREATE INDEX more ON calls (duration)');
    $other->commit;
    $other->disconnect;
    waitpid $pid, 0;
    is($? >> 8, 1, 'it gives up');
    like(TenantTest::Sample::slurp($output), qr/calls has been altered meanwhile: run this again/, 'and says why');
    do_all('DROP INDEX more', q{DELETE FROM calls WHERE sid LIKE 'CAx%'});
    is(($pg->partition($name, 0))[0], 0, 'what it left is taken away');
    is(contents($call->{id}), $former, 'nothing is changed');
    is(schema(), $former_schema, 'nothing is left behind');
};

subtest 'the index that it is replicated by is gone' => sub {
    do_all('CREATE UNIQUE INDEX gone ON calls (tenant_id, id)', 'ALTER TABLE calls REPLICA IDENTITY USING INDEX gone', 'DROP INDEX gone');
    my ($status, $output) = $pg->partition($name, 2);
    is($status, 0, 'it is divided') or diag $output;
    is(value_of(q{SELECT string_agg(DISTINCT relreplident::text, '') FROM pg_class WHERE relname = 'calls'}), 'n', 'and replicated by nothing');
    is(($pg->partition($name, 0))[0], 0, 'one table again');
    do_all(q{CALL tenant_table_identity('calls')});
    is(schema(), $former_schema, 'the schema is what it was');
};

subtest 'beside writers' => sub {
    my $removals = removals();
    # enough rows for many portions
    $dbh->do(q{INSERT INTO calls (sid, tenant_id, from_number) SELECT 'CAx' || n, ?, n FROM generate_series(1, 20000) n}, undef, $globex);
    my $load = TenantTest::Load->start(
        { name => 'post', client => sub { client(to => $server) },
            request => sub { $_[0]->request(POST => '/v1/calls', content(json => { sid => sid($_[1]) })) } },
        { name => 'patch', client => sub { client(to => $server) },
            request => sub { $_[0]->request(PATCH => "/v1/calls/$call->{id}", content(json => { from_number => "+$_[1]" })) } },
        { name => 'remove', client => sub { client(to => $server) },
            request => sub { $_[0]->request(DELETE => '/v1/calls/' . ($_[1] > 20000 ? 0 : row_id($_[1])), content(as => 'globex')) } },
        { name => 'read', client => sub { client(to => $server) },
            request => sub { $_[0]->request(GET => "/v1/calls/$call->{id}", content()) } },
    );
    sleep 1;
    for my $modulus (4, 0, 4) {
        my ($status, $output) = $pg->partition($name, $modulus);
        ok($status == 0 && $output eq '', "modulus $modulus") or diag $output;
    }
    sleep 1;
    my @answers = $load->stop;
    my %count;
    $count{ $_->{series} }{ $_->{status} }++ for @answers;
    is_deeply([sort keys %{ $count{$_} }], [{ post => 201, remove => 204 }->{$_} // 200], "no $_ fails") for sort keys %count;
    note join ', ', map {"$_: $count{$_}{+(keys %{ $count{$_} })[0]}"} sort keys %count;
    is(value_of(q{SELECT count(*) FROM calls WHERE sid LIKE 'CA0000%'}), $count{post}{201}, 'each call that was made is there');
    is(value_of(q{SELECT count(*) FROM calls WHERE sid LIKE 'CAx%'}), 20000 - $count{remove}{204}, 'each that was removed is gone');
    is(value_of('SELECT from_number FROM calls WHERE id = ?', undef, $call->{id}), '+' . $count{patch}{200}, 'the last change is there');
    is(removals() - $removals, $count{remove}{204}, 'the audit tells of each removal once');
    do_all(q{DELETE FROM calls WHERE sid LIKE 'CAx%' OR sid LIKE 'CA0000%'});
};

sub removals { return value_of(q{SELECT count(*) FROM audit WHERE action = 'delete' AND kind = 'calls'}) }

# The id of the nth of the rows that are to be removed.
sub row_id {
    my ($n) = @_;
    state $first = $dbh->clone->selectrow_array(q{SELECT id FROM calls WHERE sid = 'CAx1'});
    return $first + $n;
}

sub content { return TenantTest::content(as => 'acme', @_) }


subtest 'what it leaves' => sub {
    is(contents($call->{id}), $former, 'the rows are the same');
    is_deeply([findings()], [], 'the doctor has nothing to say');
    my ($status, $output) = $pg->verify($name);
    is($status, 0, 'sqitch verify has nothing to say') or diag $output;
    ($status, $output) = $pg->partition($name, 4);
    ok($status == 0 && $output =~ /has that form already/, 'once more');
    ($status, $output) = $pg->partition($name, 8);
    ok($status != 0 && $output =~ /has 4 partitions: run this with modulus=0 first/, 'another modulus');
};

subtest 'the API' => sub {
    my $now = get("/v1/calls/$call->{id}");
    is_status($now, 200, 'a row');
    is_status(get("/v1/calls/$call->{id}", headers => ['If-None-Match' => $now->header('ETag')]), 304, 'its tag');
    my $list = get('/v1/calls?limit=100');
    is(scalar @{ $list->json->{data} }, 25, 'a list');
    is_deeply([map { $_->{id} } @{ $list->json->{data} }], [sort { $b <=> $a } map { $_->{id} } @{ $list->json->{data} }], 'in its order');
    my $page = get('/v1/calls?limit=10&status=completed&order=created_at.asc');
    is(scalar @{ $page->json->{data} }, 10, 'a page of one that is filtered');

    my $made = ask(POST => '/v1/calls', json => { sid => sid(900001) });
    is_status($made, 201, 'a new row');
    my $id = $made->json->{id};
    ok($id > $call->{id}, 'ids go on from where they were');
    is_problem(ask(POST => '/v1/calls', json => { sid => sid(900001) }), 409, 'sid-taken', 'a sid that the tenant has');
    is_status(ask(POST => '/v1/calls', as => 'globex', json => { sid => sid(900001) }), 201, 'another tenant may have it');
    my @key = ('Idempotency-Key' => 'partitions');
    my @twice = map { ask(POST => '/v1/calls', json => { sid => sid(900002) }, headers => \@key) } 1, 2;
    is_deeply([map { $_->status, $_->json->{id} } @twice], [(201, $twice[0]->json->{id}) x 2], 'once by an Idempotency-Key');

    my $changed = ask(PATCH => "/v1/calls/$id", json => { status => 'busy' }, headers => ['If-Match' => $made->header('ETag')]);
    is_status($changed, 200, 'a change');
    isnt($changed->header('ETag'), $made->header('ETag'), 'gives another tag');
    is_problem(ask(PATCH => "/v1/calls/$id", json => { status => 'x' }, headers => ['If-Match' => $made->header('ETag')]),
        412, 'precondition-failed', 'the former one is not taken');

    is_problem(ask($_ => "/v1/calls/$id", as => 'globex', $_ eq 'PATCH' ? (json => { status => 'x' }) : ()), 404, 'not-found', "another tenant's $_")
        for qw(GET PATCH DELETE);
    is(get("/v1/calls/$id")->header('ETag'), $changed->header('ETag'), 'nothing has come of that');
    is(scalar(grep { $_->{tenant_id} != $globex } @{ get('/v1/calls?limit=100', as => 'globex')->json->{data} }), 0, 'lists are of one tenant');

    my $removed = removed_of($acme);
    is_status(ask(DELETE => "/v1/calls/$id"), 204, 'a row is removed');
    is_problem(get("/v1/calls/$id"), 404, 'not-found', 'and gone');
    is(value_of(q{SELECT count(*) FROM audit WHERE kind = 'calls' AND action = 'delete' AND row_id = ? AND changes #>> '{sid,old}' = ?}, undef, $id, sid(900001)), 1,
        'the audit tells of it');
    is(removed_of($acme), $removed + 1, 'and so does usage');
};

# How many of a tenant's calls are noted as removed.
sub removed_of { return value_of('SELECT coalesce(sum(calls), 0) FROM usage_removed WHERE tenant = ?', undef, $_[0]) }

# --- The walls --------------------------------------------------------------------------------------------------

# What tenant_api sees by a statement in a tenant's context, or the error.
sub as_api {
    my ($statement, $tenant) = @_;
    my ($status, $output) = $pg->try_query($name, "SELECT set_config('mod_tenant.tenant_id', '$tenant', false) \\g /dev/null\n$statement", 'tenant_api');
    return $output =~ s/\A.*ERROR: +//sr =~ s/\n.*//sr;
}

subtest 'by the partition itself' => sub {
    my $leaf = leaf_of($globex);
    my $schema = (split /\./, $leaf)[0];
    my $refused = qr/^the role tenant_api has a right to \Q$leaf\E, which is, or was, a partition/;
    like(as_api("SELECT count(*) FROM $leaf", $globex), qr/permission denied for schema/, 'the schema is closed');
    do_all("GRANT USAGE ON SCHEMA $schema TO tenant_api");
    like(as_api($_, $globex), qr/permission denied for table/, "closed behind that: $_")
        for "SELECT count(*) FROM $leaf", "DELETE FROM $leaf", "UPDATE $leaf SET status = 'x'", "TRUNCATE $leaf",
        "INSERT INTO $leaf (sid, tenant_id) VALUES ('CAz', $globex)";
    is_deeply([findings()], ["partitions $schema tenant_api has a right to the schema: revoke all"], 'the doctor finds it');
    do_all("GRANT ALL ON $leaf TO tenant_api");
    is(as_api("SELECT count(*) FROM $leaf", $globex), '0', 'row-level security shows nothing, not even the tenant its own');
    is(as_api("DELETE FROM $leaf RETURNING id", $globex), '', 'and lets nothing be removed');
    my $log = $server->error_log;
    reconnect();
    is_problem(get('/v1/calls'), 503, 'misconfigured', 'the module serves nothing');
    my @said = $log->wait_for(qr/TenantDatabase is refused: (.*)/);
    like($said[0] // '', qr/the role tenant_api has a right to \Q$leaf\E/, 'and says why');
    ok(scalar(grep {/^partitions \Q$leaf\E tenant_api has a right to it/} findings()), 'the doctor finds it');
    do_all("REVOKE ALL ON $leaf FROM tenant_api", "REVOKE USAGE ON SCHEMA $schema FROM tenant_api");
    ok(wait_until { get('/v1/calls')->status == 200 }, 'it serves again');
    is(as_api('SELECT count(*) FROM calls WHERE tenant_id <> ' . $acme, $acme), '0', 'the table shows no row of others');
    is(as_api('SELECT count(*) FROM calls', 'x'), '0', 'and none without a tenant');
};

subtest 'a partition that is taken out' => sub {
    my $leaf = leaf_of($acme);
    my $bound = value_of('SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = ?::regclass', undef, $leaf);
    do_all("ALTER TABLE calls DETACH PARTITION $leaf");
    is_problem(get("/v1/calls/$call->{id}"), 404, 'not-found', 'its rows are not served');
    is_problem(ask(POST => '/v1/calls', json => { sid => sid(900003) }), 503, 'misconfigured', 'a new one has no place');
    is_status(get('/v1/calls', as => 'globex'), 200, 'others are served');
    is_deeply([sort(findings())], [
        'partitions calls is not divided by hash of tenant_id alone, or not all of its partitions are there: writes of some tenants fail',
        "partitions $leaf is no partition: its rows are served to nobody",
    ], 'the doctor finds both');
    do_all("GRANT USAGE ON SCHEMA " . (split /\./, $leaf)[0] . " TO tenant_api", "GRANT SELECT ON $leaf TO tenant_api");
    is(as_api("SELECT count(*) FROM $leaf", $acme), '0', 'not even a grant opens it');
    reconnect();
    is_problem(get('/v1/calls'), 503, 'misconfigured', 'with which the module serves nothing');
    do_all("REVOKE ALL ON $leaf FROM tenant_api", "REVOKE ALL ON SCHEMA " . (split /\./, $leaf)[0] . " FROM tenant_api");
    do_all("ALTER TABLE calls ATTACH PARTITION $leaf $bound");
    ok(wait_until { get("/v1/calls/$call->{id}")->status == 200 }, 'put back, they are served again');
    is_deeply([findings()], [], 'and all is well');

    my %break = (
        "ALTER TABLE $leaf NO FORCE ROW LEVEL SECURITY" => ["ALTER TABLE $leaf FORCE ROW LEVEL SECURITY", 'row-level security is not'],
        "CREATE POLICY more ON $leaf USING (true)" => ["DROP POLICY more ON $leaf", 'a policy shows rows to others'],
        "ALTER TABLE $leaf DISABLE TRIGGER tenant_row_version" => ["ALTER TABLE $leaf ENABLE TRIGGER tenant_row_version", 'is missing or otherwise enabled'],
        "ALTER TABLE $leaf ALTER tenant_id RESET (n_distinct)" => ["ALTER TABLE $leaf ALTER tenant_id SET (n_distinct = 1000)", 'lacks n_distinct'],
        "ALTER INDEX ${\(split_leaf($leaf))}.calls_sid_key RENAME TO other" => ["ALTER INDEX ${\(split_leaf($leaf))}.other RENAME TO calls_sid_key", 'must be named calls_sid_key'],
    );
    for my $how (sort keys %break) {
        my ($mend, $says) = @{ $break{$how} };
        do_all($how);
        my @found = findings();
        ok(@found == 1 && $found[0] =~ /^partitions \S+ \Q$says\E/, "the doctor finds: $how") or diag join "\n", @found;
        do_all($mend);
    }
};

sub split_leaf { return $_[0] =~ s/\..*//r }

# --- Plans ------------------------------------------------------------------------------------------------------

# The partitions of calls that a statement's generic plan has read, with how often, as tenant_api.
sub partitions_read {
    my ($statement, %value) = @_;
    my @names = split / /, $statement->[2];
    my $n = 0;
    my $sql = $statement->[1] =~ s/%[sd]/'$' . ++$n/ger;
    my @values = map { defined $value{$_} ? $dbh->quote($value{$_}) : 'NULL' } @names;
    my $execute = 'EXECUTE s' . (@values ? '(' . join(', ', @values) . ')' : '');
    my ($status, $output) = $pg->try_query($name,
        "BEGIN;\nPREPARE s AS $sql;\nEXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) $execute;\nROLLBACK;", 'tenant_api');
    return { failed => $output } if $status;
    my %read;
    my @nodes = map { $_->{Plan} } @{ JSON::PP::decode_json($output) };
    while (my $node = shift @nodes) {
        push @nodes, @{ $node->{Plans} || [] };
        $read{"$node->{Schema}.$node->{'Relation Name'}"} += $node->{'Actual Loops'}
            if defined $node->{'Relation Name'} && $node->{'Relation Name'} eq 'calls' && $node->{'Node Type'} ne 'ModifyTable' && $node->{'Actual Loops'};
    }
    return \%read;
}

subtest 'each statement reads one partition' => sub {
    my %statement = map { $_->[0] => $_ } map { [(split /\t/)[1 .. 3]] } grep {/^calls\t/} split /\n/, `build/unit/statements`;
    my ($mine, $other) = (leaf_of($acme), leaf_of($globex));
    isnt($mine, $other, 'two tenants are apart');
    my %value = (tenant => $acme, 'row.id' => $call->{id}, limit => 5, 'new.sid' => sid(900004), sid => sid(900004), request => 'r', fingerprint => 'f', lock => 1);
    is_deeply(partitions_read($statement{$_}, %value), { $mine => 1 }, $_) for qw(calls_read calls_list_by_id_down calls_list_by_created_at_down);
    my $foreign = value_of('SELECT min(id) FROM calls WHERE tenant_id = ?', undef, $globex);
    is_deeply(partitions_read($statement{calls_read_many}, tenant => "{$acme,$globex}", 'row.id' => "{$call->{id},$foreign}"),
        { $mine => 1, $other => 1 }, 'calls_read_many: of two tenants each once');
    my (%failed, %read);
    for my $label (sort grep { $_ ne 'calls_read_many' } keys %statement) {
        my $read = partitions_read($statement{$label}, %value);
        $failed{$label} = $read if $read->{failed} && $read->{failed} !~ /null value in column/ || grep { $_ ne $mine } keys %$read;
        $read{$label} = 1 if $read->{$mine};
    }
    is_deeply(\%failed, {}, 'none reads another') or diag explain \%failed;
    cmp_ok(scalar(keys %read), '>', 10, 'many have read it');
};

# --- Back -------------------------------------------------------------------------------------------------------

subtest 'one table again' => sub {
    is_status(ask(POST => '/v1/calls', json => { sid => sid(900001) }), 201, 'a sid that another tenant has');
    my ($status, $output) = $pg->partition($name, 0);
    ok($status != 0 && $output =~ /calls_sid_key/, 'refused while two tenants have a sid') or diag $output;
    is_status(get("/v1/calls/$call->{id}"), 200, 'all is as before');
    is_problem(ask(POST => '/v1/calls', json => { sid => sid(900002) }), 409, 'sid-taken', 'still');
    ok((grep {/^partitions tenant_partitioning partition.sql is at work, or was interrupted/} findings()), 'the doctor says that it was interrupted');
    ($status, $output) = $pg->partition($name, 4);
    is($status, 0, 'the modulus that it has clears that away') or diag $output;
    is_deeply([findings()], [], 'the doctor has nothing to say');

    do_all(q{DELETE FROM calls WHERE sid LIKE 'CA0000%'});
    ($status, $output) = $pg->partition($name, 0);
    ok($status == 0 && $output eq '', 'one table') or diag $output;
    is(schema(), $former_schema, 'the schema is what it was');
    is_deeply([findings()], [], 'the doctor has nothing to say');
    is_status(get('/v1/calls'), 200, 'the API goes on');
    is(contents($call->{id}), $former, 'with the same rows');
};

done_testing;
