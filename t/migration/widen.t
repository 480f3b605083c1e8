# SPDX-License-Identifier: Apache-2.0
# tenantctl ids widen: integer ids become bigint while requests read and write the table.
use strict;
use warnings;
use utf8;

use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Command;
use TenantTest::Fault qw(wait_until);
use TenantTest::Load;

my $LAST = 2147483647;
my $ROWS = $ENV{TENANT_WIDEN_ROWS} // 30_000;
my $site = TenantTest::Site->make;
my $dbh = $site->dbh;
my @owner = ('--database', $site->conninfo($site->{database}, 'tenant_owner'));
my $acme = tenant('acme')->{id};

# As a table that wide_ids has left alone, which is referred to.
for my $table (qw(calls messages recordings)) {
    $dbh->do("ALTER TABLE $table ALTER id TYPE integer");
    $dbh->do("ALTER SEQUENCE ${table}_id_seq AS integer");
}

subtest 'not while it has partitions' => sub {
    $dbh->do("GRANT CREATE ON DATABASE $site->{database} TO tenant_owner");
    my $partition = sub {
        my ($modulus) = @_;
        my ($status, $output) = $site->cluster->partition($site->{database}, $modulus);
        is($status, 0, $modulus ? 'it is divided' : 'it is one table again') or diag $output;
    };
    $partition->(2) if !TenantTest::Site::partitions();
    is_refused(tenantctl(qw(ids widen calls), @owner), 1, qr/calls: it has partitions: make it one table first, by partition\.sql/, 'refused');
    is($dbh->selectrow_array(q{SELECT string_agg(DISTINCT attname || ' ' || atttypid::regtype, ', ') FROM pg_attribute
        WHERE attrelid IN (SELECT oid FROM pg_class WHERE relname = 'calls') AND attname ~ '^id'}), 'id integer', 'nothing is touched');
    $partition->(0);
};

$dbh->do(q{INSERT INTO calls (sid, tenant_id, from_number, status) SELECT 'CA' || md5(n::text), ?, '+1212555' || n, 'queued' FROM generate_series(1, ?) n},
    undef, $acme, $ROWS);
$dbh->do('CREATE TABLE notes (id serial PRIMARY KEY, call_id integer REFERENCES calls ON DELETE CASCADE)');
$dbh->do('INSERT INTO notes (call_id) SELECT id FROM calls WHERE id % 10 = 0');
$dbh->do(q{COMMENT ON COLUMN calls.id IS 'whose'});
$dbh->do('GRANT SELECT (id) ON calls TO tenant_lookup');
$dbh->do('ANALYZE');

# What a table is made of, its columns in the order of their names.
sub shape {
    my ($table) = @_;
    my $all = sub { my ($sql) = @_; return join "\n", map { join ' ', map { $_ // '' } @$_ } @{ $dbh->selectall_arrayref($sql, undef, $table) } };
    return join "\n",
        $all->('SELECT attname, atttypid::regtype, attnotnull, attacl::text, attoptions::text, pg_get_expr(adbin, adrelid), col_description(attrelid, attnum) FROM pg_attribute
            LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attrelid = ?::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1'),
        $all->('SELECT pg_get_indexdef(indexrelid), indisreplident FROM pg_index WHERE indrelid = ?::regclass AND indisvalid ORDER BY 1'),
        $all->('SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE ?::regclass IN (conrelid, confrelid) ORDER BY 1'),
        $all->('SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = ?::regclass AND NOT tgisinternal ORDER BY 1');
}

# The same, once the ids are wide.
sub widened { my ($shape) = @_; return $shape =~ s/^id integer/id bigint/mr }

subtest 'what is refused' => sub {
    is_refused(tenantctl(qw(ids widen products), @owner), 2, qr/TABLE is calls, messages or recordings/, 'another table');
    is_refused(tenantctl(qw(ids widen calls --database), $site->conninfo($site->{database}, 'tenant_admin')), 1, qr/connect as tenant_owner/, 'another role');
    my $before = shape('calls');
    $dbh->do('CREATE VIEW numbered AS SELECT id, sid FROM calls');
    $dbh->do('CREATE PUBLICATION told FOR TABLE calls');
    is_refused(tenantctl(qw(ids widen calls), @owner), 1, qr/publication told, rule _RETURN on view numbered stands in the way/, 'what would not survive');
    $dbh->do('DROP VIEW numbered');
    $dbh->do('DROP PUBLICATION told');
    is_refused(tenantctl(qw(ids widen calls), @owner), 1, qr/foreign key notes_call_id_fkey, as another role owns notes stands/, 'what could not be made again');
    $dbh->do('ALTER TABLE notes OWNER TO tenant_owner');
    is(shape('calls'), $before, 'nothing is touched');
};

my $server = TenantTest::Server->start(site => $site, processes => 2, threads => 24);
my $log = $server->error_log;
my ($last) = $dbh->selectrow_array('SELECT max(id) FROM calls');
my @paths = map {"/v1/calls/$_"} $last, $last - 1, $last - 1000;

# The rows with their tags.
sub seen { return map { my $answer = request(GET => $_, as => 'acme', to => $server); $answer->status . $answer->header('ETag') . $answer->body } @paths }

# A write that is changed, and read again.
sub write_and_read {
    my ($client, $n) = @_;
    my @common = (on => $client, as => 'acme');
    my $sid = sprintf 'CA%08x%08x%016x', $$, $n, 9;
    my $made = request(POST => '/v1/calls', @common, json => { sid => $sid, to_number => '+12125550101' }, headers => ['Idempotency-Key' => "key-$sid-0123456789"]);
    return $made if $made->status != 201;
    my $path = $made->header('Location');
    my $changed = request(PATCH => $path, @common, json => { status => 'busy' }, headers => ['If-Match' => $made->header('ETag')]);
    return $changed if $changed->status != 200;
    my $read = request(GET => $path, @common);
    return $read if $read->header('ETag') eq $changed->header('ETag') && $read->json->{sid} eq $sid;
    return TenantTest::Response->new(status => 599, headers => [], body => $read->body);
}

subtest 'widened under load' => sub {
    my $before = shape('calls');
    my @before = seen();
    my $client = sub { $server->client };
    my $reader = sub { my ($client, $n) = @_; return request(GET => (@paths, '/v1/calls?limit=20', '/v1/calls?status=queued')[$n % 5], on => $client, as => 'acme') };
    my $load = TenantTest::Load->start(
        ({ name => 'read', keep => 1, client => $client, pause => 0.002, request => $reader }) x 4,
        ({ name => 'write', keep => 1, client => $client, pause => 0.002, request => \&write_and_read }) x 3,
    );
    sleep 1;
    my $first = start_tenantctl(qw(ids widen calls), @owner);
    ok((wait_until { $dbh->selectrow_array(q{SELECT count(*) FROM pg_attribute WHERE attrelid = 'calls'::regclass AND attname = 'id_wide'}) } 30), 'it has begun');
    $dbh->begin_work;
    $dbh->do('SELECT FROM calls LIMIT 1');    # now it cannot end, however late this test comes to the next lines
    ok((wait_until { $dbh->selectrow_array('SELECT count(*) FROM calls WHERE id_wide IS NOT NULL') > 2000 } 30), 'it is at work');
    kill KILL => $first->{pid};
    $first->wait;
    my $second = start_tenantctl(qw(ids widen calls --json), @owner);
    sleep 4;    # it cannot end
    is($dbh->selectrow_array(q{SELECT atttypid::regtype FROM pg_attribute WHERE attrelid = 'calls'::regclass AND attname = 'id'}), 'integer', 'whoever reads for long holds it up');
    $dbh->rollback;
    is_done($second->wait, 'another run goes on from there');
    note $second->{errors}, $second->{output};
    cmp_ok($second->json->{filled}, '<', $ROWS, 'and does not begin anew');
    sleep 1;
    my (%wrong, %count);
    for my $answer ($load->stop) {
        $count{ $answer->{series} }++;
        $wrong{"$answer->{series}: $answer->{status} $answer->{code} $answer->{error}"}++ if $answer->{status} != 200;
    }
    note join ', ', map {"$count{$_} $_"} sort keys %count;
    is_deeply(\%wrong, {}, 'every request is answered');
    is(shape('calls'), widened($before), 'the table is as before, but for the type');
    is_deeply([seen()], \@before, 'so are its rows, with their tags');
    is($dbh->selectrow_array('SELECT count(*) FROM notes n WHERE NOT EXISTS (SELECT FROM calls c WHERE c.id = n.call_id)'), 0, 'and what refers to them');
    is($dbh->selectrow_array(q{SELECT convalidated FROM pg_constraint WHERE conname = 'notes_call_id_fkey'}), 1, 'by a key that is checked');
    is($dbh->selectrow_array(q{SELECT count(*) FROM pg_proc WHERE proname = 'widen_id'}), 0, 'nothing is left behind');
};

subtest 'past the range of an integer' => sub {
    $dbh->do(q{SELECT setval('calls_id_seq', ?)}, undef, $LAST);
    for my $id ($LAST + 1, $LAST + 2) {
        my $made = request(POST => '/v1/calls', as => 'acme', to => $server, json => { sid => sprintf 'CA%032x', $id });
        is($made->json->{id}, $id, 'a new row');
        is(request(GET => "/v1/calls/$id", as => 'acme', to => $server)->json->{id}, $id, 'is found');
    }
};

subtest 'the change that follows' => sub {
    is_done(tenantctl(qw(ids widen calls), @owner), 'a table that is wide already is left alone');
    my ($status, $output) = $site->cluster->verify($site->{database});
    is($status, 0, 'the schema is as it should be') or diag $output;
    my $narrow = shape('messages');
    is_done(tenantctl(qw(ids widen messages), @owner), 'another table');
    is(shape('messages'), widened($narrow), 'as before, but for the type');
    $dbh->do(q{DELETE FROM tenant_migration.step WHERE change = 'wide_ids' AND relation <> 'messages'});
    $dbh->do(q{CALL tenant_migration.undo('wide_ids')});
    is(shape('messages'), $narrow, 'what reverts wide_ids reverts it too');
};

subtest 'indexes with other names' => sub {
    my $long = 'an index with a long name that begins as another one does, ab';
    $dbh->do(qq{CREATE INDEX "$long$_" ON recordings (tenant_id, id, duration) WHERE duration > $_}) for 1, 2;
    $dbh->do(qq{CREATE INDEX "${\('ü' x 30)}" ON recordings (id, status)});
    $dbh->do(q{CREATE INDEX quoted ON recordings (id) WHERE status <> 'no id'});
    my $narrow = shape('recordings');
    is_refused(tenantctl(qw(ids widen recordings), @owner), 1, qr/index quoted, which has the word id in quotes stands in the way/, 'one that could not be made as it is');
    is(shape('recordings'), $narrow, 'nothing is touched');
    $dbh->do('DROP INDEX quoted');
    $narrow = shape('recordings');
    is_done(tenantctl(qw(ids widen recordings), @owner), 'the others can');
    is(shape('recordings'), widened($narrow), 'as before, but for the type');
};

subtest 'two at once' => sub {
    my $lock = q{'pg_namespace'::regclass::integer, 'tenant_migration'::regnamespace::integer};
    my $holder = $site->dbh;
    $holder->do("SELECT pg_advisory_lock($lock)");
    is_refused(tenantctl(qw(ids widen messages), @owner), 1, qr/another tenantctl ids widen, or partition\.sql, is at work/, 'the second one is refused');
    my ($status, $output) = $site->cluster->partition($site->{database}, 2);
    ok($status != 0 && $output =~ /this, or tenantctl ids widen, is being run already/, 'and so is the division') or diag $output;
    my $waits = start_tenantctl(qw(ids widen messages), @owner);
    sleep 1;
    $holder->do("SELECT pg_advisory_unlock($lock)");
    is_done($waits->wait, 'what one that was killed has left is waited for');
};

subtest 'a deployment where it has partitions' => sub {
    my $pg = $site->cluster->create_database('former')->bootstrap('former');
    $pg->deploy('former', '--to', 'row_version');
    is(($pg->partition('former', 2))[0], 0, 'it is divided');
    $pg->deploy('former');
    is($pg->query('former', q{SELECT string_agg(relname || ' ' || atttypid::regtype, ', ' ORDER BY 1) FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relnamespace = 'public'::regnamespace AND relname IN ('calls', 'messages') AND attname = 'id'}), 'calls integer, messages bigint', 'and left alone');
};

done_testing;
