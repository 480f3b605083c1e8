# SPDX-License-Identifier: Apache-2.0
#
# tenantctl tenant erase: nothing of an inactive tenant is left, whatever stops it on the way.

use strict;
use warnings;

use File::Temp ();
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Command;
use TenantTest::Export;

my $folder = File::Temp->newdir;
my $name = 'erase';
database($name);
my @on = ('--database', site->conninfo($name, 'tenant_owner'));
my $closed = tenant('closed')->{id};
my $acme = tenant('acme')->{id};
my @tables = grep { !/^(?:tenants|audit)$/ } tenant_tables();

# How many rows of a tenant there are, by table.
sub counts {
    my ($tenant) = @_;
    return { map { $_ => row({ database => $name }, "SELECT count(*) FROM $_ WHERE tenant_id = ?", $tenant) } @tables };
}

sub erase { return tenantctl(ref $_[0] ? shift : {}, 'tenant', 'erase', @_, @on) }

my $before = counts($closed);
my $others = counts($acme);

subtest 'what is refused' => sub {
    is_refused(erase($acme, '--without-export', '--yes'), 1, qr/tenant $acme is active: suspend it first\n\z/, 'an active tenant');
    is_refused(erase($closed, '--yes'), 2, qr/say --export FILE .*, or --without-export\n\z/, 'neither an export nor none');
    is_refused(erase($closed, '--yes', '--export', 'x', '--without-export'), 2, qr/say --export FILE/, 'both');
    is_refused(erase($closed, '--yes', '--export', '-'), 2, qr/--export takes a file/, 'an export to standard output');
    is_refused(erase($closed, '--yes', '--export', "$folder/none/x"), 1, qr/none\/x: No such file/, 'an export that fails');
    is_refused(erase($closed, '--without-export'), 2, qr/there is nobody to ask: say --yes\n\z/, 'without a terminal and --yes');
    is_refused(tenantctl('tenant', 'erase', $closed, '--without-export', '--yes', '--database', site->conninfo($name, 'tenant_admin')), 1,
        qr/connect as tenant_owner\n\z/, 'the administrators\' role');
    my $run = erase({ asked => qr/Type its name/, input => "yes\n" }, $closed, '--without-export');
    is($run->{status}, 1, 'another word than its name');
    like($run->{output}, qr/Tenant $closed and its rows \(.*25 calls.*\) will be gone for good\..*tenant $closed stays/s, 'is told');
    is_deeply(counts($closed), $before, 'all of its rows are there');
};

subtest 'a tenant that becomes active' => sub {
    my $dbh = site->dbh($name)->clone;
    $dbh->do('BEGIN');
    $dbh->do('LOCK TABLE users IN SHARE MODE');
    my $started = start_tenantctl('tenant', 'erase', $closed, '--without-export', '--yes', $on[0], "$on[1] options='-c lock_timeout=60s'");
    my $until = time + 20;
    sleep 0.02 until row(q{SELECT count(*) FROM pg_stat_activity WHERE datname = ? AND wait_event_type = 'Lock'}, $name) || time > $until;
    sql({ database => $name }, q{UPDATE tenants SET status = 'active' WHERE id = ?}, $closed);
    $dbh->do('COMMIT');
    is_refused($started->wait, 1, qr/has become active meanwhile, or is gone: what was erased is gone \(/, 'is left alone');
    is(row({ database => $name }, 'SELECT count(*) FROM tenants WHERE id = ?', $closed), 1, 'its row stays');
    sql({ database => $name }, q{UPDATE tenants SET status = 'inactive' WHERE id = ?}, $closed);
};

subtest 'killed and run again' => sub {
    sql({ database => $name }, q{INSERT INTO calls (sid, tenant_id) SELECT 'CX' || lpad(n::text, 32, '0'), ? FROM generate_series(1, 20000) n}, $closed);
    my $all = counts($closed)->{calls};
    my $dbh = site->dbh($name)->clone;
    $dbh->do('BEGIN');
    $dbh->do(q{SELECT FROM calls WHERE sid = 'CX' || lpad('12000', 32, '0') FOR UPDATE});    # one portion is held up
    my $started = start_tenantctl('tenant', 'erase', $closed, '--export', "$folder/closed.tar", '--yes', $on[0], "$on[1] options='-c lock_timeout=60s'");
    my $until = time + 30;
    sleep 0.02 until row(q{SELECT count(*) FROM pg_stat_activity WHERE datname = ? AND wait_event_type = 'Lock'}, $name) || time > $until;
    kill KILL => $started->{pid};
    is($started->wait->{status}, 128 + 9, 'killed');
    $dbh->do('ROLLBACK');
    my $left = counts($closed)->{calls};
    ok($left > 0 && $left < 20000, "some of its calls are gone: $left are left");
    is(scalar @{ TenantTest::Export->read("$folder/closed.tar")->rows('calls') }, $all, 'the export has them all');
    is_refused(erase($closed, '--export', "$folder/closed.tar", '--yes'), 1, qr/closed\.tar is there already\n\z/, 'the export is not replaced by what is left');
    $until = time + 20;
    sleep 0.02 while row(q{SELECT count(*) FROM pg_stat_activity WHERE datname = ? AND application_name = 'tenantctl'}, $name) && time < $until;
    $left = counts($closed)->{calls};
    my $run = erase($closed, '--without-export', '--yes', '--json');
    is_done($run, 'run again');
    is_deeply([map { $_->{rows} } grep { $_->{table} eq 'calls' } @{ $run->json->{erased} }], [$left], 'it erases what was left, and says so');
    is($run->json->{id}, $closed, 'of which tenant');
    is_deeply(counts($closed), { map { $_ => 0 } @tables }, 'nothing of it is in any table');
    is(row({ database => $name }, 'SELECT count(*) FROM tenants WHERE id = ?', $closed), 0, 'nor the tenant');
    is_deeply(counts($acme), $others, 'another has all of its rows');
    is_refused(erase($closed, '--without-export', '--yes'), 1, qr/there is no tenant $closed\n\z/, 'a third time there is none');
    is_told($closed, ('begin_erase') x 3, 'erase');
};

subtest 'an audit of many lines' => sub {
    sql({ database => $name }, q{INSERT INTO tenants (name, status, api_key_hash) VALUES ('talked of', 'inactive', 'none')});
    my $tenant = row({ database => $name }, q{SELECT id FROM tenants WHERE name = 'talked of'});
    sql({ database => $name }, q{INSERT INTO audit (tenant_id, action, kind, row_id, changes, actor) SELECT ?, 'update', 'users', n, '{}', 'who' FROM generate_series(1, 20000) n}, $tenant);
    my $all = row({ database => $name }, 'SELECT count(*) FROM audit WHERE tenant_id = ?', $tenant);
    my $dbh = site->dbh($name)->clone;
    $dbh->do('BEGIN');
    $dbh->do(q{SELECT FROM audit WHERE tenant_id = ? AND row_id = '12000' FOR UPDATE}, undef, $tenant);    # one portion is held up
    my $started = start_tenantctl('tenant', 'erase', $tenant, '--without-export', '--yes', $on[0], "$on[1] options='-c lock_timeout=60s'");
    my $until = time + 30;
    sleep 0.02 until row(q{SELECT count(*) FROM pg_stat_activity WHERE datname = ? AND wait_event_type = 'Lock'}, $name) || time > $until;
    kill KILL => $started->{pid};
    is($started->wait->{status}, 128 + 9, 'killed between two portions of it');
    $dbh->do('ROLLBACK');
    $until = time + 20;
    sleep 0.02 while row(q{SELECT count(*) FROM pg_stat_activity WHERE datname = ? AND application_name = 'tenantctl'}, $name) && time < $until;
    my $left = row({ database => $name }, q{SELECT count(*) FROM audit WHERE tenant_id = ? AND action <> 'begin_erase'}, $tenant);
    ok($left > 0 && $left <= $all - 5000, "some of its lines are gone: $left of $all are left");
    is(row({ database => $name }, 'SELECT status FROM tenants WHERE id = ?', $tenant), 'inactive', 'the tenant is there, inactive');
    is(row({ database => $name }, q{SELECT count(*) FROM audit WHERE action = 'purge'}), 0, 'no line says that the audit was purged');
    my $run = erase({ asked => qr/Type its name/, input => "talked of\n" }, $tenant, '--without-export');
    is($run->{status}, 0, 'run again') or diag $run->{output};
    like($run->{output}, qr/\r\e\[Kaudit: \d+ of $left rows/, 'it says how far it is');
    my $lines = is_told($tenant, qw(begin_erase begin_erase erase));
    is_deeply([map { JSON::PP::decode_json($_->{changes})->{audit} } @$lines], [$all, $left, $left], 'how many lines there were each time, and how many went');
};

subtest 'tables that nobody has told of' => sub {
    my $globex = tenant('globex')->{id};
    sql({ database => $name }, $_) for
        'CREATE TABLE "Notes" (id serial PRIMARY KEY, tenant_id integer NOT NULL REFERENCES tenants, call_id integer, FOREIGN KEY ('
            . (TenantTest::Site::partitions() ? 'tenant_id, ' : '') . 'call_id) REFERENCES calls)',
        'ALTER TABLE "Notes" OWNER TO tenant_owner', "UPDATE tenants SET status = 'inactive' WHERE id = $globex";
    sql({ database => $name }, 'INSERT INTO "Notes" (tenant_id, call_id) SELECT tenant_id, id FROM calls WHERE tenant_id = ?', $globex);
    my $run = erase({ asked => qr/Type its name/, input => "globex\n" }, 'globex.example.com', '--without-export');
    is($run->{status}, 0, 'its name is typed') or diag $run->{output};
    like($run->{output}, qr/\r\e\[Kcalls: 25 of 25 rows/, 'it says how far it is');
    is(row({ database => $name }, 'SELECT count(*) FROM "Notes"'), 0, 'rows that refer to others go first');
    is_told($globex, 'begin_erase', 'erase');
};

# The lines of the audit that tell of a tenant, and that they alone are there.
sub is_told {
    my ($tenant, @actions) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $lines = site->dbh($name)->selectall_arrayref('SELECT * FROM audit WHERE tenant_id = ? ORDER BY id', { Slice => {} }, $tenant);
    is_deeply([map { $_->{action} } @$lines], \@actions, 'the audit has the proof, and nothing else of the tenant') or return;
    my ($begun, $done) = map { JSON::PP::decode_json($_->{changes}) } @$lines[-2, -1];
    is_deeply([map { @$_{qw(kind row_id actor_type role)} } @$lines[-2, -1]], [('tenants', $tenant, 'tenantctl', 'tenant_owner') x 2], '... by whom');
    is_deeply([sort keys %$done], [sort keys %$begun], '... of each table');
    is($done->{calls}, $begun->{calls}, '... how many rows');
    unlike(join('', map { grep { defined } values %$_ } @$lines), qr/example|globex|closed/i, '... and no name');
    return $lines;
}

done_testing;
