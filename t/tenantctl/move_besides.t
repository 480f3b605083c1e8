# SPDX-License-Identifier: Apache-2.0
#
# tenantctl tenant move, and what others do at the target or with the schema meanwhile.

use strict;
use warnings;

use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Cells;
use TenantTest::Command;
use TenantTest::Fault;
use TenantTest::Sample;

my $cells = TenantTest::Cells->start;
my %tenant = %{ $cells->{source}{tenants} };
my $globex = $tenant{globex}{id};
my $folder = File::Temp->newdir;

$cells->{target}->psql('postgres', 'postgres', '-c', 'CREATE DATABASE cell3 TEMPLATE cell2');
my $third = $cells->conninfo('target', 'postgres') =~ s/cell2/cell3/r;

sub count { return $cells->value(@_) }
sub at { my ($side, $sql, @values) = @_; return $cells->dbh($side)->do($sql, undef, @values) }

# A command at one side, as its owner.
sub run_at { my ($side, @words) = @_; return tenantctl(@words, '--database', $cells->conninfo($side, 'tenant_owner')) }

# Begins to move, and is killed while it copies: its messages cannot come.
sub begin {
    my $dbh = $cells->dbh('target')->clone;
    $dbh->do('BEGIN');
    $dbh->do('LOCK TABLE messages IN SHARE MODE');
    my $started = start_tenantctl($cells->arguments($globex));
    ok(wait_until(sub { count(target => 'SELECT count(*) FROM calls WHERE tenant_id = ?', $globex) == 25 }, 30), 'it copies');
    kill KILL => $started->{pid};
    $started->wait;
    $dbh->do('ROLLBACK');
    return;
}

# That it is taken back, and the target is as it was.
sub is_taken_back {
    my (@more) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $run = $cells->move($globex, '--abort', @more);
    is($run->{status}, 0, 'taken back') or diag $run->{errors};
    is_deeply([map { count(@$_) } [source => 'SELECT count(*) FROM pg_replication_slots'], [source => 'SELECT count(*) FROM pg_publication'],
        [target => 'SELECT count(*) FROM pg_subscription'], map { [target => "SELECT count(*) FROM $_ WHERE tenant_id = $globex"] } qw(calls products)],
        [0, 0, 0, 0, 0], 'nothing is left');
    return;
}

at(target => q{INSERT INTO tenants (id, name, status, api_key_hash) VALUES (5000, 'other', 'active', '!')});

subtest 'what the doctor advises leaves a cell what it is' => sub {
    at(target => q{INSERT INTO calls (id, tenant_id, sid) VALUES (1000001, 5000, 'CAhigh')});
    my $doctor = tenantctl('doctor', '--database', $cells->conninfo('target', 'tenant_owner'), '--key-file', $cells->{source}{key_file});
    my ($advice) = $doctor->{output} =~ /calls_id_seq +is behind: 1000001 is taken in calls; (SELECT setval\('calls_id_seq', \d+\))/;
    ok($advice, 'ids are taken ahead of a sequence') or diag $doctor->{output};
    at(target => $advice);
    is(count(target => q{SELECT nextval('calls_id_seq')}), 1000018, 'it goes on behind them with ids of its own');
    at(target => q{DELETE FROM calls WHERE sid = 'CAhigh'});
};

subtest 'its own row has a column that the target lacks' => sub {
    at(source => q{ALTER TABLE tenants ADD COLUMN note text DEFAULT 'of its own'});
    is_refused($cells->move($globex), 1, qr/the table tenants is not the same in both databases/, 'which would be lost');
    at(source => 'ALTER TABLE tenants DROP COLUMN note');
};

subtest 'keys of other types' => sub {
    for my $side (qw(source target)) {
        at($side, 'CREATE TABLE badges (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), code char(8) NOT NULL UNIQUE, tenant_id integer NOT NULL REFERENCES tenants ON DELETE CASCADE, UNIQUE (tenant_id, id))');
        at($side, 'ALTER TABLE badges OWNER TO tenant_owner');
        at($side, 'CALL tenant_table_identity(?)', 'badges');
    }
    at(source => q{INSERT INTO badges (code, tenant_id) VALUES ('AB', ?), ('CD', ?)}, $globex, $globex);
    at(target => q{INSERT INTO badges (code, tenant_id) VALUES ('CD', 5000)});
    my $started = start_tenantctl($cells->arguments($globex));
    my $ended = wait_until(sub { waitpid($started->{pid}, 1) != 0 }, 30);    # WNOHANG
    ok($ended, 'it does not look for ever') or kill KILL => $started->{pid};
    like($ended ? $started->wait->{errors} : '', qr/rows with the same badges\.code already, such as CD/, 'and finds one that is taken');
    at($_ => 'DROP TABLE badges') for qw(source target);
};

subtest 'another database, while it is copied' => sub {
    begin();
    my @arguments = $cells->arguments($globex, '--switch', 'exit 1');
    $arguments[4] = $third;
    is_refused(tenantctl(@arguments), 1, qr/knows nothing of tenant ${globex}'s move/, 'is not the one that it goes to');
    is_refused(tenantctl(@arguments, '--abort'), 1, qr/knows nothing of tenant ${globex}'s move/, 'nor taken back there');
    is(DBI->connect('dbi:Pg:' . $third =~ s/ /;/gr, '', '', { RaiseError => 1 })->selectrow_array('SELECT count(*) FROM tenants'), 0, 'nothing comes there');
    is_taken_back();
};

subtest 'erased at the target on its way' => sub {
    begin();
    is_refused(run_at(target => 'tenant', 'erase', $globex, '--without-export', '--yes'), 1, qr/tenant $globex is on its way here: end the move first/, 'not by erase');
    is(run_at(target => 'tenant', 'remove', $globex, '--yes')->{status}, 0, 'but it is removed');
    at(target => 'DELETE FROM audit WHERE tenant_id = ?', $globex);
    at(source => q{INSERT INTO products (tenant_id, name) VALUES (?, 'later')}, $globex);
    ok(wait_until(sub { count(target => 'SELECT count(*) FROM products WHERE tenant_id = ?', $globex) }, 30), 'what is written comes nevertheless');
    is_refused($cells->move($globex), 1, qr/knows nothing of tenant ${globex}'s move: .* --abort --force takes the\s+move back/s, 'it does not go on');
    is_taken_back('--force');
};

subtest 'the target has removed it once' => sub {
    at(target => q{INSERT INTO audit (tenant_id, action, kind, row_id, changes) VALUES (?, 'delete', 'tenants', ?, '{}')}, $globex, $globex);
    is_refused($cells->move($globex), 1, qr/the target has rows in audit of a tenant $globex that was removed there: .* by tenantctl audit purge/, 'lines of the audit are not mixed');
    is(count(target => 'SELECT count(*) FROM audit WHERE tenant_id = ?', $globex), 1, 'and stay');
    at(target => 'DELETE FROM audit WHERE tenant_id = ?', $globex);
};

subtest 'another tenant has its id' => sub {
    at(target => q{INSERT INTO tenants (id, name, status, api_key_hash) VALUES (?, 'innocent', 'active', '!!')}, $globex);
    my $run = $cells->move($globex);
    is_refused($run, 1, qr/the target has a tenant $globex of its own, innocent:/, 'it is told');
    unlike($run->{errors}, qr/erase/, 'and not that it should go');
    at(target => 'DELETE FROM tenants WHERE id = ?', $globex);
    at(target => 'DELETE FROM audit WHERE tenant_id = ?', $globex);
};

subtest 'the source cannot be reached any more' => sub {
    begin();
    at(source => 'ALTER ROLE tenant_move NOLOGIN');
    at(source => q{SELECT pg_terminate_backend(active_pid, 10000) FROM pg_replication_slots WHERE active});
    my $started = start_tenantctl($cells->arguments($globex));
    my $ended = wait_until(sub { waitpid($started->{pid}, 1) != 0 }, 60);
    ok($ended, 'workers that come and go are not waited for without an end') or kill KILL => $started->{pid};
    # which of both is first depends on how often they came meanwhile
    my $told = qr/no worker for the subscription \w+ for half a minute: none reads the source|fails each time: .* cannot\s+read\s+the\s+source/s;
    like($ended ? $started->wait->{errors} : '', $told, 'and it is told');
    at(source => 'ALTER ROLE tenant_move LOGIN');
    is_taken_back();
};

subtest 'an incomplete tenant' => sub {
    begin();
    my $archive = "$folder/part.tar";
    is_refused(tenantctl('tenant', 'export', $globex, $archive, '--database', $cells->conninfo('target', 'tenant_admin')), 1,
        qr/tenant $globex is on its way here, and not all of it is there: export it\s+where it comes from/, 'is not exported as if it were all');
    ok(!-e $archive, 'nor written');
    at(target => 'GRANT CREATE ON DATABASE cell2 TO tenant_owner');
    my ($status, $output) = $cells->{target}->partition('cell2', TenantTest::Site::partitions() ? 0 : 2);
    isnt($status, 0, 'nor is the table divided meanwhile');
    like($output, qr/a subscription brings rows into calls: run this when it has ended/, 'whose other half would not come');
    is_taken_back();
};

# Somebody at the target has taken an id, and does not end.
subtest 'a long transaction at the target' => sub {
    my $long = $cells->dbh('target')->clone;
    $long->do('BEGIN');
    $long->do(q{INSERT INTO products (tenant_id, name) VALUES (5000, 'long')});
    at(source => q{INSERT INTO products (id, tenant_id, name) VALUES (900001, ?, 'high')}, $globex);
    at(source => q{INSERT INTO usage (id, tenant_id, day, requests) VALUES (700001, ?, '2026-01-01', 3)}, $globex);
    at(target => q{INSERT INTO usage (id, tenant_id, day, requests) VALUES (700001, 5000, '2026-01-01', 4)});
    my $host = count(source => 'SELECT custom_domain FROM tenants WHERE id = ?', $globex);
    my $started = start_tenantctl($cells->arguments($globex, '--switch', "echo \$TENANT_DOMAIN >$folder/host"));
    ok(wait_until(sub { count(target => q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'ALTER SEQUENCE%' AND wait_event_type = 'Lock'}) }, 30), 'it is waited for');
    my $other = $cells->dbh('target')->clone;
    $other->do(q{SET statement_timeout = '2s'});
    ok(eval { $other->do(q{INSERT INTO products (tenant_id, name) VALUES (5000, 'other')}) }, 'by nobody else') or diag $@;
    ok(run_at(target => 'cell', 'show')->{status} == 0, 'the cell is shown');
    at(source => q{UPDATE tenants SET custom_domain = 'new.example.com' WHERE id = ?}, $globex);
    $long->do('COMMIT');
    my $run = $started->wait;
    is($run->{status}, 0, 'then it moves') or diag $run->{errors};
    is(slurp("$folder/host"), "new.example.com\n", 'by the host that it has now');
    at(source => 'SELECT 1');
    is(count(target => q{SELECT requests FROM usage WHERE tenant_id = ? AND day = '2026-01-01'}, $globex), 3, 'its usage comes, though another one\'s has the same id');
    is(count(target => q{SELECT requests FROM usage WHERE tenant_id = 5000 AND day = '2026-01-01'}), 4, 'which is as it was');
    is($cells->state('source', $globex), 'done', 'and that is all');
};

subtest 'erased where it was' => sub {
    my $archive = "$folder/left.tar";
    is_refused(run_at(source => 'tenant', 'erase', $globex, '--export', $archive, '--yes'), 1, qr/tenant $globex has moved to another database: export it there/, 'what is left is not kept as if it were all');
    ok(!-e $archive, 'nor written');
    my $reader = $cells->dbh('source')->clone;
    $reader->do('BEGIN');
    $reader->do('SELECT FROM products LIMIT 1');    # no trigger can be dropped
    my $started = start_tenantctl('tenant', 'erase', $globex, '--without-export', '--yes', '--database', $cells->conninfo('source', 'tenant_owner'));
    ok(wait_until(sub { count(source => q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DROP TRIGGER%' AND wait_event_type = 'Lock'}) }, 30), 'its triggers go');
    kill KILL => $started->{pid};
    $started->wait;
    $reader->do('ROLLBACK');
    is(run_at(source => 'tenant', 'erase', $globex, '--without-export', '--yes')->{status}, 0, 'killed there it is run again');
    is(count(source => q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'tenant\_move\_%'}), 0, 'and no trigger is left');
    is(count(source => 'SELECT count(*) FROM tenants WHERE id = ?', $globex), 0, 'nor the tenant');
};

done_testing;
