# SPDX-License-Identifier: Apache-2.0
#
# tenantctl tenant move between databases that are not alike or not at rest: partitions, settings, a clock that is set, transactions
# that began before, another target than the one that was begun with, and one that comes back when nobody waits for it.

use strict;
use warnings;

use Cwd ();
use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Cells;
use TenantTest::Command;
use TenantTest::Fault;
use TenantTest::Reader qw(pause resume);

my $cells = TenantTest::Cells->start;
my %tenant = %{ $cells->{source}{tenants} };
my $globex = $tenant{globex}{id};
my $folder = File::Temp->newdir;

$cells->{target}->psql('postgres', 'postgres', '-c', 'CREATE DATABASE cell3 TEMPLATE cell2');
my $third = $cells->conninfo('target', 'postgres') =~ s/cell2/cell3/r;

sub count { return $cells->value(@_) }
sub state { return $cells->state($_[0], $globex) }

sub triggers { return count(source => q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'tenant\_move\_%'}) }

sub is_moved {
    my ($run, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($run->{status}, 0, $name) or diag $run->{errors};
    return;
}

sub remove {
    my ($command, $side) = @_;
    return tenantctl('tenant', $command, $globex, '--yes', $command eq 'erase' ? '--without-export' : (), '--database', $cells->conninfo($side, 'tenant_owner'));
}

# As a superuser at the source, by another target.
sub move_to_third {
    my ($source, @more) = @_;
    my @arguments = $cells->arguments($globex, @more);
    $arguments[4] = $third;
    $arguments[8] = $cells->conninfo('source', $source);
    return tenantctl(@arguments);
}

# Back to the source, whose rows go first.
sub move_back {
    is(remove(erase => 'source')->{status}, 0, 'erased at the source');
    is(triggers(), 0, 'with the triggers');
    is_moved(tenantctl('tenant', 'move', $globex, '--to', $cells->conninfo('source', 'postgres'), '--database', $cells->conninfo('target', 'postgres'),
        '--key-file', $cells->{source}{key_file}), 'it comes back');
    is(remove(erase => 'target')->{status}, 0, 'erased at the target');
    return;
}

# Begins to move, and is killed while it copies: its messages cannot come.
sub begin {
    my $dbh = $cells->dbh('target')->clone;
    $dbh->do('BEGIN');
    $dbh->do('LOCK TABLE messages IN SHARE MODE');
    kill_copying();
    $dbh->do('ROLLBACK');
    return;
}

sub kill_copying {
    my $started = start_tenantctl($cells->arguments($globex));
    ok(wait_until(sub { count(target => 'SELECT count(*) FROM calls WHERE tenant_id = ?', $globex) == 25 }, 30), 'it copies');
    kill KILL => $started->{pid};
    return $started->wait;
}

subtest 'a pause that is no number' => sub {
    is_refused($cells->move($globex, '--pause', $_), 2, qr/--pause is a number of seconds/, "'$_'") for 'nan', '-nan', 'inf', '', ' ', '1e9', '2 s';
};

# What both sum up is text.
subtest 'time zones' => sub {
    $cells->dbh('target')->do(q{ALTER DATABASE cell2 SET timezone = 'America/New_York'});
    $cells->dbh('source')->do(q{INSERT INTO idempotency_keys (tenant_id, id, fingerprint, answer) VALUES (?, 'a', 'b', '{}')}, undef, $globex);
    is_moved($cells->move($globex), 'it moves with a kept answer');
    is(count(target => q{SELECT count(*) FROM idempotency_keys WHERE tenant_id = ?}, $globex), 1, 'which has come');
    move_back();
};

subtest 'partitions' => sub {
    is(($cells->{source}->cluster->partition('tenant', 4))[0], 0, 'calls of the source are divided') unless TenantTest::Site::partitions();
    $cells->dbh('target')->do('GRANT CREATE ON DATABASE cell2 TO tenant_owner');
    is(($cells->{target}->partition('cell2', 0))[0], 0, 'those of the target are not');
    begin();
    is_moved($cells->move($globex, '--abort'), 'taken back');
    is(triggers(), 0, 'no trigger is left');
    my $before = $cells->rows('source', $globex);

    my $sid = count(source => 'SELECT sid FROM calls WHERE tenant_id = ? ORDER BY id LIMIT 1', $globex);
    $cells->dbh('target')->do(q{INSERT INTO tenants (id, name, status, api_key_hash) VALUES (5000, 'other', 'active', '!')});
    $cells->dbh('target')->do('INSERT INTO calls (tenant_id, sid) VALUES (5000, ?)', undef, $sid);
    is_refused($cells->move($globex), 1, qr/rows with the same calls\.sid already, such as $sid/, 'a sid that is taken where there can be only one');
    is(state('source'), 'none', 'is found ahead of all');
    $cells->dbh('target')->do('DELETE FROM calls WHERE sid = ?', undef, $sid);

    is_moved($cells->move($globex), 'it moves');
    is_deeply({ %{ $cells->rows('target', $globex) }, tenants => 0 }, { %$before, tenants => 0 }, 'with all rows');
    is(($cells->{target}->partition('cell2', 3))[0], 0, 'and there they are divided');
    move_back();
    is_deeply({ %{ $cells->rows('source', $globex) }, tenants => 0 }, { %$before, tenants => 0 }, 'with all rows');
};

# With a snapshot of its own a transaction does not see that the tenant has moved.
subtest 'transactions that began before' => sub {
    my %at;
    my $see = sub { my $dbh = $at{ $_[0] } = $cells->dbh('source')->clone; $dbh->do("BEGIN ISOLATION LEVEL $_[1]"); $dbh->do('SELECT FROM nodes') };
    $see->('ahead of the move', 'REPEATABLE READ');
    my $started = start_tenantctl($cells->arguments($globex, $cells->pausing("$folder/paused")));
    ok(wait_until(sub { -e "$folder/paused" }, 30), 'its writes stop');
    $see->('in the pause', 'REPEATABLE READ');
    $see->('serializable', 'SERIALIZABLE');
    $see->('read committed', 'READ COMMITTED');
    $cells->go_on("$folder/paused");
    is_moved($started->wait, 'it moves');
    for my $when (sort keys %at) {
        my $did = eval { $at{$when}->do(q{INSERT INTO products (tenant_id, name) VALUES (?, 'late')}, undef, $globex); $at{$when}->do('COMMIT'); 1 };
        ok(!$did, "$when: a write is refused");
        like($at{$when}->state, $when eq 'read committed' ? qr/^MT002$/ : qr/^40001$/, 'with the code for it');
    }
    is(count(source => q{SELECT count(*) FROM products WHERE tenant_id = ? AND name = 'late'}, $globex), 0, 'so nothing is written where nobody reads it');
};

subtest 'moved, and then to another' => sub {
    is_refused(move_to_third('tenant_owner', '--switch', "touch $folder/third"), 1, qr/tenant $globex is served by another database/, 'it has moved already');
    ok(!-e "$folder/third", 'nobody is led there');
    my ($there) = DBI->connect('dbi:Pg:' . $third =~ s/ /;/gr, '', '', { RaiseError => 1 })->selectrow_array('SELECT count(*) FROM tenants');
    is($there, 0, 'and nothing comes there');
    move_back();
};

# A tenant that has moved, and whose rows are still there.
subtest 'what else goes on at the source' => sub {
    for my $side (qw(source target)) {
        $cells->dbh($side)->do('ALTER TABLE messages ALTER id TYPE integer');
        $cells->dbh($side)->do('ALTER SEQUENCE messages_id_seq AS integer');
    }
    my ($acme) = $tenant{acme}{id};
    is_moved($cells->move($globex), 'it moves');
    $cells->dbh('source')->do($_) for 'SET session_replication_role = replica',
        q{UPDATE tenants SET twilio_auth_token = repeat('a', 32), twilio_auth_token_previous = repeat('b', 32), twilio_auth_token_previous_until = now()},
        'RESET session_replication_role';
    my $tokens = sub { $cells->dbh('source')->selectrow_array('SELECT twilio_auth_token, twilio_auth_token_previous FROM tenants WHERE id = ?', undef, @_) };
    my $run = tenantctl('rewrap', '--plaintext', '--database', $cells->conninfo('source', 'tenant_admin'), '--key-file', $cells->{source}{key_file});
    is($run->{status}, 1, 'rewrap');
    like($run->{errors}, qr/\Atenantctl: tenants\.twilio_auth_token of tenant $globex \(row $globex\) stays as it is: the tenant has moved away, erase it\n\z/, 'tells what it leaves');
    is_deeply([$tokens->($globex)], ['a' x 32, 'b' x 32], 'which is as it was');
    like(($tokens->($acme))[0], qr/^mt1\./, 'and has sealed what is another\'s');
    is(($tokens->($acme))[1], undef, 'and forgotten what is past');
    $run = tenantctl('ids', 'widen', 'messages', '--database', $cells->conninfo('source', 'tenant_owner'));
    is($run->{status}, 0, 'ids are widened') or diag $run->{errors};
    is(count(source => q{SELECT atttypid::regtype FROM pg_attribute WHERE attrelid = 'messages'::regclass AND attname = 'id'}), 'bigint', 'with all rows');
    is(tenantctl('ids', 'widen', 'messages', '--database', $cells->conninfo('target', 'tenant_owner'))->{status}, 0, 'those of the target too');
    move_back();
};

# It may answer reads there: so it has to have what the source's clients have seen.
subtest 'a standby of the target' => sub {
    my $standby = $cells->{target}->standby('reader');
    my $follow = sub {
        my ($delay) = @_;
        open my $file, '>>', $standby->data_dir . '/postgresql.conf' or die "postgresql.conf: $!";
        print $file "recovery_min_apply_delay = $delay\n";
        close $file or die "postgresql.conf: $!";
        $standby->query('postgres', 'SELECT pg_reload_conf()');
        return wait_until { $standby->query('postgres', q{SELECT setting FROM pg_settings WHERE name = 'recovery_min_apply_delay'}) eq $delay };
    };
    my $rows = sub { $standby->query('cell2', "SELECT count(*) FROM calls WHERE tenant_id = $globex") };

    ok($follow->(4000), 'it follows some seconds behind');
    my $run = $cells->move($globex, '--pause', 30);
    is($rows->(), 25, 'as soon as the tenant has moved, the standby has its rows');
    is_moved($run, 'which was waited for');
    unlike($run->{errors}, qr/is not waited for/, 'in the pause');
    ok($follow->(0), 'it follows closely');
    move_back();

    ok(pause($standby), 'it replays nothing');
    $run = $cells->move($globex);
    is_moved($run, 'a standby that does not follow keeps nobody from moving');
    like($run->{errors}, qr/is not waited for by standbys of the target that are behind: reader/, 'and is told of');
    is($rows->(), 0, 'for it is behind');
    resume($standby);
    move_back();
    $standby->stop;
};

subtest 'transactions that began before a move that goes on' => sub {
    begin();
    my $dbh = $cells->dbh('source')->clone;
    $dbh->do('BEGIN ISOLATION LEVEL REPEATABLE READ');
    $dbh->do('SELECT FROM nodes');
    is($dbh->do(q{UPDATE products SET description = 'seen' WHERE tenant_id = ?}, undef, $globex), 25, 'it writes while it copies');
    is($dbh->do(q{UPDATE products SET description = 'seen again' WHERE tenant_id = ?}, undef, $globex), 25, 'and once more');
    $dbh->do('COMMIT');
};

subtest 'removed on its way' => sub {
    $cells->dbh('source')->do(q{UPDATE tenants SET status = 'inactive' WHERE id = ?}, undef, $globex);
    is_refused(remove(erase => 'source'), 1, qr/tenant $globex is on its way to another database: end the move first/, 'it is not erased');
    my $run = remove(remove => 'source');
    is($run->{status}, 1, 'nor removed');
    like($run->{errors}, qr/tenant $globex is on its way to another database/, 'and it says why');
    is(count(source => 'SELECT count(*) FROM products WHERE tenant_id = ?', $globex), 25, 'all is there');
    is_moved($cells->move($globex, '--abort'), 'taken back');
    $cells->dbh('source')->do(q{UPDATE tenants SET status = 'active' WHERE id = ?}, undef, $globex);
};

subtest 'a clock that is set back' => sub {
    TenantTest::Server::_write("$folder/clock", pack 'q', 0);
    local $ENV{TENANT_TEST_PRELOAD} = Cwd::abs_path('build/mod_test_clock.so');
    local $ENV{TEST_CLOCK} = "$folder/clock";
    my $run = $cells->move($globex, '--pause', 1.5, '--switch', qq{perl -e 'open my \$f, "+<", "$folder/clock"; syswrite \$f, pack "q", -3600'; sleep 30});
    is($run->{status}, 1, 'the pause is as long as it may be');
    like($run->{errors}, qr/--switch takes longer than the pause: killed.*it was [1-9]\.\d s without writes/s, 'and the time without writes is right');
};

subtest 'a slot that is gone' => sub {
    begin();
    my $slot = count(source => q{SELECT slot_name FROM pg_replication_slots WHERE slot_name ~ '^tenant_move'});
    $cells->dbh('target')->do("ALTER SUBSCRIPTION $slot DISABLE");
    ok(wait_until(sub { eval { $cells->dbh('source')->do('SELECT pg_drop_replication_slot(?)', undef, $slot) } }, 30), 'it is dropped');
    $cells->dbh('target')->do("ALTER SUBSCRIPTION $slot ENABLE");
    is_refused($cells->move($globex), 1, qr/slot $slot is gone, .* take the\s+move back with --abort/s, 'the move cannot go on');
    is_moved($cells->move($globex, '--abort'), 'but is taken back');
    is(count(target => 'SELECT count(*) FROM pg_subscription'), 0, 'with the subscription');
};

subtest 'nobody who copies' => sub {
    begin();
    my $slot = count(source => q{SELECT slot_name FROM pg_replication_slots WHERE slot_name ~ '^tenant_move'});
    $cells->dbh('target')->do("ALTER SUBSCRIPTION $slot DISABLE");
    is_refused($cells->move($globex), 1, qr/no worker for the subscription $slot for half a minute: .* run this\s+again/s, 'is told, not waited for without an end');
    $cells->dbh('target')->do("ALTER SUBSCRIPTION $slot ENABLE");
    is_moved($cells->move($globex, '--abort'), 'and the move is as it was: taken back');
};

subtest 'taken back at the source itself' => sub {
    begin();
    my $before = $cells->rows('source', $globex);
    my @arguments = $cells->arguments($globex, '--abort');
    $arguments[4] = $cells->conninfo('source', 'postgres');
    my $run = tenantctl(@arguments);
    is($run->{status}, 1, 'which is no target');
    like($run->{errors}, qr/both databases are of one PostgreSQL/, 'and is told so');
    is_deeply($cells->rows('source', $globex), $before, 'nothing is deleted');
    is_moved($cells->move($globex, '--abort'), 'taken back');
};

# Found ahead of the point of no return, behind which nobody would serve it.
subtest 'what the target cannot have comes while it copies' => sub {
    my ($key, $host) = $cells->dbh('source')->selectrow_array('SELECT api_key_hash, custom_domain FROM tenants WHERE id = ?', undef, $globex);
    $cells->dbh('target')->do(q{UPDATE tenants SET custom_domain = 'other.example.com' WHERE id = 5000});
    for (['custom_domain', 'other.example.com', qr/duplicate key .*tenants_custom_domain_key/, 'another one\'s host'],
        ['api_key_hash', $key =~ s/^1:/9:/r, qr/lacks the key pepper 9/, 'a key that the target cannot check']) {
        my ($column, $value, $why, $what) = @$_;
        my $dbh = $cells->dbh('target')->clone;
        $dbh->do('BEGIN');
        $dbh->do('LOCK TABLE messages IN SHARE MODE');
        my $started = start_tenantctl($cells->arguments($globex, '--switch', "touch $folder/late"));
        ok(wait_until(sub { count(target => 'SELECT count(*) FROM calls WHERE tenant_id = ?', $globex) == 25 }, 30), "$what: it copies");
        $cells->dbh('source')->do("UPDATE tenants SET $column = ? WHERE id = ?", undef, $value, $globex);
        $dbh->do('ROLLBACK');
        my $run = $started->wait;
        is($run->{status}, 1, 'it does not move');
        like($run->{errors}, qr/$why.*is served by the source as before/s, 'and it says why');
        ok(!-e "$folder/late", 'nobody is led there');
        is(state('source'), 'copying', 'the source is not closed');
        is_moved($cells->move($globex, '--abort'), 'taken back');
        $cells->dbh('source')->do('UPDATE tenants SET api_key_hash = ?, custom_domain = ? WHERE id = ?', undef, $key, $host, $globex);
    }
};

# Nobody can make, or drop, a subscription meanwhile.
sub hold {
    my $holder = $cells->dbh('target')->clone;
    $holder->do('BEGIN');
    $holder->do('LOCK TABLE pg_subscription IN SHARE MODE');
    return $holder;
}

sub wait_held {
    my ($statement, $name) = @_;
    return ok(wait_until(sub { count(target => q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE ? AND wait_event_type = 'Lock'}, "$statement SUBSCRIPTION%") }, 30), $name);
}

sub end_held { return $_[0]->do(q{SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE query LIKE '%SUBSCRIPTION%' AND pid <> pg_backend_pid()}) }

subtest 'killed while the target subscribes' => sub {
    my $holder = hold();
    my $started = start_tenantctl($cells->arguments($globex));
    wait_held(CREATE => 'it subscribes');
    kill KILL => $started->{pid};
    $started->wait;
    $started = start_tenantctl($cells->arguments($globex, '--switch', 'exit 1'));
    ok(wait_until(sub { count(target => q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_try_advisory_lock%'}) }, 30), 'another one waits for the end of that');
    $holder->do('ROLLBACK');
    like($started->wait->{errors}, qr/--switch: exit 1/, 'and goes on behind it');
    is_moved($cells->move($globex, '--abort'), 'taken back');

    $holder = hold();
    $started = start_tenantctl($cells->arguments($globex));
    wait_held(CREATE => 'it subscribes');
    kill KILL => $started->{pid};
    $started->wait;
    end_held($holder);
    $holder->do('ROLLBACK');
    my $slot = count(source => 'SELECT pubname FROM pg_publication');
    $cells->dbh('source')->do(q{SELECT pg_create_logical_replication_slot(?, 'pgoutput')}, undef, $slot);
    is_moved($cells->move($globex), 'a slot without a subscription, as a crash of the target leaves it, is used');
    is(count(source => 'SELECT count(*) FROM pg_replication_slots'), 0, 'and goes');
    move_back();
};

subtest 'killed behind the handover, and then by another target' => sub {
    my $started = start_tenantctl($cells->arguments($globex, $cells->pausing("$folder/handover")));
    ok(wait_until(sub { -e "$folder/handover" }, 30), 'its writes stop');
    my $holder = hold();
    $cells->go_on("$folder/handover");
    wait_held(DROP => 'the target serves it');
    kill KILL => $started->{pid};
    $started->wait;
    end_held($holder);
    $holder->do('ROLLBACK');
    is(state('target'), 'done', 'which it knows');
    is(state('source'), 'closed', 'the source does not know that');
    is_refused(move_to_third('postgres', '--abort'), 1, qr/knows nothing of tenant ${globex}'s move/, 'it is not taken back');
    is_refused(move_to_third('postgres'), 1, qr/knows nothing of tenant ${globex}'s move/, 'nor moved');
    is(state('source'), 'closed', 'so no two serve it');
    is_moved($cells->move($globex), 'by its own target it goes on');
    move_back();
};

subtest 'taken back without the target, which comes back' => sub {
    my $holder = $cells->dbh('target')->clone;
    $holder->do('BEGIN');
    $holder->do('INSERT INTO messages (tenant_id, sid) VALUES (5000, ?)', undef, count(source => 'SELECT min(sid) FROM messages WHERE tenant_id = ?', $globex));
    kill_copying();
    ok(wait_until(sub { count(target => q{SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted}) }, 30), 'in the midst of a table');
    ok(wait_until(sub { count(target => q{SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'}) == 1 }, 30), 'the last one');
    is(count(source => q{SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE 'pg\_%\_sync\_%'}), 1, 'which has a slot of its own');
    my $former = count(source => q{SELECT slot_name FROM pg_replication_slots WHERE slot_name ~ '^tenant_move'});
    $cells->{target}->stop('immediate');
    is_refused($cells->move($globex, '--abort'), 1, qr/target: /, 'the target is away');
    my $run = $cells->move($globex, '--abort', '--force');
    is($run->{status}, 1, 'without it the slot stays');
    like($run->{errors}, qr/as a superuser say SELECT pg_drop_replication_slot\('$former'\) at the source/, 'and what to do is said');
    is(state('source'), 'copying', 'up to then all is as it was');
    $cells->dbh('source')->do('SELECT pg_drop_replication_slot(?)', undef, $former);
    $run = $cells->move($globex, '--abort', '--force');
    is($run->{status}, 0, 'then it is taken back') or diag $run->{errors};
    my $table = count(source => 'SELECT slot_name FROM pg_replication_slots');
    like($run->{errors}, qr/nobody reads the slots '$table': if they are the lost target's/, 'and what it cannot know is said');
    my $doctor = tenantctl('doctor', '--database', $cells->conninfo('source', 'tenant_owner'), '--key-file', $cells->{source}{key_file});
    like($doctor->{output}, qr/slot $table +is read by nobody/, 'by the doctor too');
    $cells->dbh('source')->do('SELECT pg_drop_replication_slot(?)', undef, $table);
    is_deeply([state('source'), triggers(), map { count(source => "SELECT count(*) FROM $_") } qw(pg_replication_slots pg_publication)], ['none', 0, 0, 0], 'nothing else is left');
    $holder->disconnect;

    $cells->{target}->start;
    is(count(target => 'SELECT count(*) FROM pg_subscription'), 1, 'the target still wants its rows');
    is_refused($cells->move($globex), 1, qr/the target has a tenant $globex already/, 'it does not go over its own remains');
    my $started = move_to_third('tenant_owner', '--switch', 'exit 1');
    is($started->{status}, 1, 'a move to another one');
    isnt(count(source => q{SELECT slot_name FROM pg_replication_slots WHERE slot_name ~ '^tenant_move'}), $former, 'has a slot that the first one does not read');
    is_moved(move_to_third('tenant_owner'), 'and ends');
};

done_testing;
