# SPDX-License-Identifier: Apache-2.0
#
# tenantctl tenant move: what is refused ahead of it; killed, cut off and taken back at each step, and run again.

use strict;
use warnings;

use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Cells;
use TenantTest::Command;

my $cells = TenantTest::Cells->start;
my %tenant = %{ $cells->{source}{tenants} };
my $globex = $tenant{globex}{id};
my $server = TenantTest::Server->start(site => $cells->{source}, database => $cells->conninfo('source'));
my $there = TenantTest::Server->start(site => $cells->{source}, database => $cells->conninfo('target'));
my $folder = File::Temp->newdir;

sub ask {
    my ($to, $method, $path, $json) = @_;
    return request($method => $path, as => 'globex', to => $to, $json ? (json => $json) : ());
}

sub count { return $cells->value(@_) }
sub state { return $cells->state($_[0], $globex) }

sub wait_for {
    my ($what, $is) = @_;
    my $until = time + 30;
    sleep 0.02 until $is->() || time > $until;
    return ok($is->(), $what);
}

# That the source serves it: reads and writes.
sub is_served {
    my ($to, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $made;
    my $until = time + 10;
    sleep 0.05 until ($made = ask($to, POST => '/v1/products', { name => 'served' }))->status == 201 || time > $until;
    is($made->status, 201, "$name: a write");
    is(ask($to, GET => '/v1/products?limit=1')->status, 200, "$name: a read");
    return;
}

# That nothing is left at either side.
sub is_clean {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_deeply([map { count(@$_) } [source => 'SELECT count(*) FROM pg_replication_slots'], [source => 'SELECT count(*) FROM pg_publication'],
        [target => 'SELECT count(*) FROM pg_subscription']], [0, 0, 0], $name);
    return;
}

my $rows;

subtest 'what is refused' => sub {
    my $before = $cells->rows('source', $globex);
    my @arguments = $cells->arguments($globex);
    my $without = sub { my ($name) = @_; my ($n) = grep { $arguments[$_] eq $name } 0 .. $#arguments; my @rest = @arguments; splice @rest, $n, 2; return @rest };

    is_refused(tenantctl($without->('--to')), 2, qr/say --to CONNINFO/, 'without a target');
    is_refused($cells->move($globex, '--pause', 'x'), 2, qr/--pause is a number of seconds/, 'a pause that is none');
    is_refused(tenantctl($without->('--to'), '--to', $cells->conninfo('target', 'postgres') . ' password=secret'), 1, qr/target: .*password/, 'a password in --to');
    is_refused(tenantctl($without->('--through'), '--through', 'host=x password=secret'), 2, qr/--through, .*password/, 'a password in --through');
    is_refused(tenantctl($without->('--to'), '--to', $cells->conninfo('source', 'postgres')), 1, qr/both databases are of one PostgreSQL/, 'to itself');
    is_refused($cells->move(999), 1, qr/there is no tenant 999/, 'nobody');
    is_refused($cells->move($globex, '--abort'), 1, qr/is not on its way anywhere/, 'to take back what has not begun');

    my $keys = "$folder/keys";
    is(tenantctl('keyfile', 'make', $keys)->{status}, 0, 'another key file');
    is_refused($cells->move($globex, '--to-key-file', $keys), 1, qr/\Q$keys\E has another key as pepper 1, .*have to\s+share it/s, 'whose keys have the same ids');
    is(tenantctl('keyfile', 'add', 'pepper', '--key-file', $keys)->{status}, 0, 'a further key');

    is_refused(tenantctl($without->('--to'), '--to', $cells->conninfo('target', 'tenant_owner')), 1, qr/no superuser/, 'a target\'s role that cannot subscribe');
    $cells->dbh('target')->do('ALTER TABLE products ADD COLUMN colour text');
    is_refused($cells->move($globex), 1, qr/the table products is not the same/, 'another schema');
    $cells->dbh('target')->do('ALTER TABLE products DROP COLUMN colour');
    $cells->dbh('source')->do('ALTER TABLE products REPLICA IDENTITY DEFAULT');
    is_refused($cells->move($globex), 1, qr/the table products cannot be replicated: ALTER TABLE products REPLICA IDENTITY/, 'a table whose changes cannot be told');
    $cells->dbh('source')->do('CALL tenant_table_identity(?)', undef, 'products');
    is(tenantctl('cell', 'set', 1, '--of', 16, '--database', $cells->conninfo('target', 'tenant_owner'))->{status}, 0, 'both are one cell');
    is_refused($cells->move($globex), 1, qr/both databases can give the same ids/, 'ids that may be the same');
    tenantctl('cell', 'set', 2, '--of', 16, '--database', $cells->conninfo('target', 'tenant_owner'));

    my $sid = count(source => 'SELECT sid FROM calls WHERE tenant_id = ? ORDER BY id LIMIT 1', $globex);
    $cells->dbh('target')->do(q{INSERT INTO tenants (id, name, status, api_key_hash) VALUES (5000, 'other', 'active', '!')});
    $cells->dbh('target')->do('INSERT INTO calls (tenant_id, sid) VALUES (5000, ?)', undef, $sid);
    is_refused($cells->move($globex), 1, qr/rows with the same calls\.sid already, such as $sid/, 'a sid that is taken');
    $cells->dbh('target')->do('DELETE FROM calls WHERE sid = ?', undef, $sid);

    is_deeply($cells->rows('source', $globex), $before, 'nothing has changed');
    is_clean('and nothing was begun');
    is(state('source'), 'none', 'nor noted');
};

subtest 'taken back while it copies' => sub {
    $rows = $cells->rows('source', $globex);
    my $dbh = $cells->dbh('target')->clone;
    $dbh->do('BEGIN');
    $dbh->do('LOCK TABLE messages IN SHARE MODE');    # its rows cannot come
    my $started = start_tenantctl($cells->arguments($globex));
    wait_for('it copies', sub { count(target => q{SELECT count(*) FROM pg_subscription}) });
    wait_for('some rows are there', sub { count(target => 'SELECT count(*) FROM calls WHERE tenant_id = ?', $globex) == 25 });
    is_served($server, 'meanwhile');
    is(ask($there, GET => '/v1/calls')->status, 503, 'the target does not serve it yet');
    is(ask($there, GET => '/v1/calls')->json->{code}, 'tenant-moving', 'and says why');
    is_refused($cells->move($globex), 1, qr/another tenantctl is moving tenant $globex/, 'a second tenantctl');
    kill KILL => $started->{pid};
    is($started->wait->{status}, 128 + 9, 'killed');
    is_served($server, 'still');
    my $doctor = tenantctl('doctor', '--database', $cells->conninfo('source', 'tenant_owner'), '--key-file', $cells->{source}{key_file});
    unlike($doctor->{output}, qr/tenant_move/, 'the doctor has nothing to say of a move that has just begun');
    $dbh->do('ROLLBACK');
    $cells->{target}->stop('immediate');
    wait_for('the target is gone', sub { !count(source => q{SELECT count(*) FROM pg_replication_slots WHERE active}) });
    $doctor = tenantctl('doctor', '--database', $cells->conninfo('source', 'tenant_owner'), '--key-file', $cells->{source}{key_file});
    like($doctor->{output}, qr/slot tenant_move_${globex}_\w{8} +is read by nobody/, 'but of a slot that nobody reads it has');
    $cells->{target}->start;
    is($cells->move($globex, '--abort')->{status}, 0, 'taken back');
    is_clean('all is gone');
    is(count(target => 'SELECT count(*) FROM tenants WHERE id = ?', $globex) + count(target => 'SELECT count(*) FROM calls WHERE tenant_id = ?', $globex), 0, 'the target\'s rows too');
    is(count(source => q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'tenant\_move\_%'}), 0, 'and the triggers');
    is_served($server, 'afterwards');
};

subtest 'killed while it copies, and run again' => sub {
    my $dbh = $cells->dbh('target')->clone;
    $dbh->do('BEGIN');
    $dbh->do('LOCK TABLE messages IN SHARE MODE');
    my $started = start_tenantctl($cells->arguments($globex));
    wait_for('it copies', sub { count(target => q{SELECT count(*) FROM pg_subscription}) });
    kill KILL => $started->{pid};
    $started->wait;
    $dbh->do('ROLLBACK');
    is(state('source'), 'copying', 'it is noted');
    my $run = $cells->move($globex, '--switch', 'kill -9 $PPID; sleep 1');
    is($run->{status}, 128 + 9, 'run again it comes as far as the pause, where it is killed');
    is(state('source'), 'copying', 'and has not closed the source');
    is_served($server, 'without tenantctl');
};

subtest 'what fails in the pause' => sub {
    my $run = $cells->move($globex, '--switch', 'exit 3');
    is($run->{status}, 1, 'a command that fails');
    like($run->{errors}, qr/--switch has failed.*is served by the source as before/s, 'is told');
    is_served($server, 'afterwards');
    $run = $cells->move($globex, '--switch', 'sleep 60', '--pause', 1.5);
    is($run->{status}, 1, 'one that takes too long');
    like($run->{errors}, qr/longer than the pause: killed.*as before/s, 'is told');
    is_served($server, 'afterwards');

    my $frozen = start_tenantctl($cells->arguments($globex, '--switch', "touch $folder/frozen; sleep 4"));
    wait_for('the pause', sub { -e "$folder/frozen" });
    my $refused = ask($server, POST => '/v1/products', { name => 'refused' });
    is($refused->status, 503, 'a write in the pause');
    is($refused->json->{code}, 'tenant-moving', 'is told why');
    is($refused->header('Retry-After'), 1, 'and when to come again');
    is(ask($server, GET => '/v1/products?limit=1')->status, 200, 'a read is answered');
    is(request(POST => '/v1/products', as => 'acme', to => $server, json => { name => 'other' })->status, 201, 'others write');
    kill STOP => $frozen->{pid};    # it hangs
    my $began = time;
    is_served($server, 'it is not without writes for ever');
    cmp_ok(time - $began, '<', 10, 'but for the pause and a little');
    kill CONT => $frozen->{pid};
    is($frozen->wait->{status}, 1, 'and tenantctl finds out');
    is(state('source'), 'copying', 'the source is not closed');
    is(count(source => q{SELECT count(*) FROM products WHERE name = 'refused'}), 0, 'what was refused is not there');
};

subtest 'a write that has begun' => sub {
    my $dbh = $cells->dbh('source')->clone;
    $dbh->do('BEGIN');
    $dbh->do(q{UPDATE products SET description = 'long' WHERE id = (SELECT min(id) FROM products WHERE tenant_id = ?)}, undef, $globex);
    my $run = $cells->move($globex);
    is($run->{status}, 1, 'is waited for, but not for long');
    like($run->{errors}, qr/lock timeout/, 'what it was is told');
    $dbh->do('COMMIT');
    is_served($server, 'afterwards');
};

subtest 'the target is lost behind the point of no return' => sub {
    my $started = start_tenantctl($cells->arguments($globex, $cells->pausing("$folder/lost")));
    wait_for('the pause', sub { -e "$folder/lost" });
    my $dbh = $cells->dbh('target')->clone;
    $dbh->do('BEGIN');
    $dbh->do('SELECT FROM tenants WHERE id = ? FOR UPDATE', undef, $globex);
    $cells->go_on("$folder/lost");
    wait_for('the source is closed', sub { state('source') eq 'closed' });
    kill KILL => $started->{pid};
    $started->wait;
    $cells->{target}->stop('immediate');
    is($cells->move($globex)->{status}, 1, 'it cannot go on');
    is(ask($server, GET => '/v1/calls')->status, 421, 'nobody serves it');
    $cells->{target}->start;
    is(state('target'), 'copying', 'the target has not taken over');
    my $run = $cells->move($globex, '--abort');
    is($run->{status}, 0, 'it is taken back') or diag $run->{errors};
    is_served($server, 'by the source');
    is_clean('nothing is left');
};

subtest 'killed behind the point of no return, and run again' => sub {
    my $dbh = $cells->dbh('target')->clone;
    $dbh->do('BEGIN');
    $dbh->do('ROLLBACK');
    my $holder = $cells->dbh('target')->clone;
    my $started = start_tenantctl($cells->arguments($globex, $cells->pausing("$folder/second")));
    wait_for('the pause', sub { -e "$folder/second" });
    $holder->do('BEGIN');
    $holder->do('SELECT FROM tenants WHERE id = ? FOR UPDATE', undef, $globex);
    $cells->go_on("$folder/second");
    wait_for('the source is closed', sub { state('source') eq 'closed' });
    kill KILL => $started->{pid};
    $started->wait;
    $holder->do('ROLLBACK');
    my $all = $cells->rows('source', $globex);
    my $run = $cells->move($globex);
    is($run->{status}, 0, 'the target takes over') or diag $run->{errors};
    is_served($there, 'by the target');
    my %there = map { $_ => 1 } map { @$_ } values %{ $cells->rows('target', $globex) };
    is(scalar(grep { !$there{$_} } map { @{ $all->{$_} } } grep { $_ ne 'tenants' } keys %$all), 0, 'all rows are there, as they were');
    is_clean('nothing is left');
};

subtest 'moved back' => sub {
    is(tenantctl('tenant', 'erase', $globex, '--without-export', '--yes', '--database', $cells->conninfo('source', 'tenant_owner'))->{status}, 0, 'erased where it was');
    my $before = $cells->rows('target', $globex);
    my $run = tenantctl('tenant', 'move', $globex, '--to', $cells->conninfo('source', 'postgres'), '--database', $cells->conninfo('target', 'postgres'),
        '--key-file', $cells->{source}{key_file});
    is($run->{status}, 0, 'it comes back') or diag $run->{errors};
    is_deeply($cells->rows('source', $globex), $before, 'with all that it has got meanwhile');
    is_served($server, 'by the first cell');
    is(ask($there, GET => '/v1/calls')->status, 421, 'and no more by the second');
    cmp_ok(count(source => q{SELECT count(*) FROM audit WHERE tenant_id = ? AND action = 'erase'}, $globex), '==', 1, 'that it was erased is still proven');
};

done_testing;
