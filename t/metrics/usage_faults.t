# SPDX-License-Identifier: Apache-2.0
# What tenants have used is told once, whatever happens meanwhile: a database that is away, children that are killed while they
# count or tell, a tenant that is deleted, a hundred thousand tenants.
use strict;
use warnings;

use DBI;
use Test::More;
use Time::HiRes qw(sleep);
use TenantTest;
use TenantTest::Askers;
use TenantTest::Fault qw(wait_until);

my $database = 'metrics_usage_faults';
my $conninfo = database($database);
my $usage = 'TenantUsage flush=2s tenants=100';
my $server = TenantTest::Server->start(database => $conninfo, processes => 3, server => $usage);
my %sent = (acme => 0, globex => 0);

sub db { return sql({ database => $database }, @_) }
sub ask { my ($as, $count) = @_; is_status(counted_request(GET => '/v1/calls?limit=1', as => $as, to => $server), 200) for 1 .. $count; $sent{$as} += $count; return }
sub used { return 0 + row({ database => $database }, q{SELECT coalesce(sum(requests), 0) FROM usage WHERE day > '2026-10-01' AND tenant_id = ?}, tenant($_[0])->{id}) }

sub is_used {
    my ($as, $what) = @_;
    ok((wait_until { used($as) >= $sent{$as} } 60), "$what: told");
    sleep 2.5;    # whatever is told twice would come now
    return is(used($as), $sent{$as}, "$what: once");
}

# Lets nobody tell, or lets them tell again; requests are served.
my $add = 'FUNCTION usage_add(bigint, bigint, integer[], integer[], bigint[], bigint[], bigint[])';
sub stop_telling { return db("REVOKE EXECUTE ON $add FROM tenant_api") }
sub let_tell     { return db("GRANT EXECUTE ON $add TO tenant_api") }

# Counts how often the log says something from now on.
sub said { my ($log, $what) = @_; return scalar(my @lines = $log->matching($what)) }

my $lost = qr/the database is not told what tenants use: .+; it is kept, to be told later/;
my $found = qr/the database is told again what tenants use/;

subtest 'the database is away' => sub {
    ask(acme => 3);
    is_used(acme => 'at first');
    my $log = $server->error_log;
    ask(acme => 5);
    sql({ database => 'postgres' }, "ALTER DATABASE $database ALLOW_CONNECTIONS false");
    sql({ database => 'postgres' }, q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ? AND usename = 'tenant_api'}, $database);
    ok((wait_until { said($log, $lost) } 30), 'the log says that it is not told');
    sleep 5;
    is(said($log, $lost), 1, 'once');
    sql({ database => 'postgres' }, "ALTER DATABASE $database ALLOW_CONNECTIONS true");
    is_used(acme => 'later');
    ok((wait_until { said($log, $found) } 30), 'the log says so');
    ok((wait_until { request(GET => '/static.txt', to => $server)->status && request(GET => '/v1/ready', to => $server)->status == 200 } 30), 'it serves again');
};

subtest 'it takes nothing' => sub {
    my $log = $server->error_log;
    stop_telling();
    ask(acme => 5);
    ok((wait_until { said($log, qr/the database is not told what tenants use: .*permission denied for function usage_add/) } 30), 'the log says why');
    ask(acme => 5);
    let_tell();
    is_used(acme => 'what was kept, and what came behind it');
};

subtest 'all children are killed meanwhile' => sub {
    stop_telling();
    ask(acme => 4);
    sleep 3;
    $server->kill_and_wait($server->workers);
    let_tell();
    ok((wait_until { request(GET => '/v1/calls?limit=1', as => 'globex', to => $server)->status == 200 } 30), 'new ones serve');
    is_used(acme => 'what killed children have counted');
    $sent{globex} = used('globex');
};

subtest 'a child is killed while it tells' => sub {
    my $dbh = site->dbh($database)->clone;
    $dbh->begin_work;
    $dbh->do('LOCK TABLE usage IN SHARE MODE');
    ask(acme => 6);
    ok((wait_until {
        row({ database => $database }, q{SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%usage_add%' AND wait_event_type = 'Lock' AND datname = ?}, $database)
    } 30), 'a child waits for the database');
    $server->kill_and_wait($server->workers);
    $dbh->rollback;
    $dbh->disconnect;
    is_used(acme => 'what was in doubt');
};

subtest 'a tenant is deleted meanwhile' => sub {
    stop_telling();
    ask(acme => 2);
    ask(globex => 2);
    db(q{UPDATE tenants SET status = 'inactive' WHERE id = ?}, tenant('globex')->{id});
    db('DELETE FROM tenants WHERE id = ?', tenant('globex')->{id});
    let_tell();
    is_used(acme => 'of the other one');
    is(row({ database => $database }, 'SELECT count(*) FROM usage WHERE tenant_id = ?', tenant('globex')->{id}), 0, 'it has no bill');
};

subtest 'under load' => sub {
    my ($kills, $clients) = (6, 4);
    my $before = used('acme');
    my $askers = TenantTest::Askers->start($server, $clients);
    for my $round (1 .. $kills) {
        sleep 0.7;
        my @children = $server->workers;
        kill KILL => $children[rand @children] if @children;
        $server->graceful if $round % 3 == 0;
    }
    my ($answered, $lost) = $askers->stop;
    sleep 1;    # what is answered is counted a moment later
    $server->stop;
    my $used = used('acme') - $before;
    diag "$answered requests were answered, $lost were not, $used are on the bill";
    cmp_ok($answered, '>', 100, 'there was load');
    # each kill may find a request of each client answered and not counted, or counted and not answered
    cmp_ok($used, '>=', $answered - $clients * $kills, 'the bill has all that was answered, but for what was under way');
    cmp_ok($used, '<=', $answered + $lost, 'and no more than was sent');
    $server->boot;
    $sent{acme} = used('acme');
};

subtest 'the end of a server that cannot tell' => sub {
    stop_telling();
    ask(acme => 3);
    my $log = $server->error_log;
    $server->stop;
    let_tell();
    is(said($log, qr/the database has not been told of 3 requests of tenants: .*; they are kept, to be told later/), 1, 'the log says so');
    $server->boot;
    is_used(acme => 'the next one tells it');    # usage_kept.t has more of that
};

subtest 'memory that is too small' => sub {
    my $log = $server->error_log;
    $server->reconfigure(sub { s/\Q$usage\E/TenantUsage flush=2s tenants=20000/ })->graceful;
    ok((wait_until { said($log, qr/TenantUsage tenants=20000 takes \d+ bytes more than the server has had since its start: there is room for 100 until it is restarted/) } 30),
        'the log says by how much');
    ask(acme => 2);
    is_used(acme => 'it goes on');
};

subtest 'no memory' => sub {
    plan skip_all => 'a sanitizer takes all addresses' if $ENV{TENANT_TEST_PRELOAD};
    my $start = sub {
        my ($tenants, @limit) = @_;
        my $large = TenantTest::Server->prepare(database => $conninfo, server => "TenantMetrics off\nTenantUsage tenants=$tenants", mpm => 'prefork');
        my $said = join '', map { qx{$_} } "@limit /usr/sbin/apache2 -f @{[$large->root]}/httpd.conf -k start 2>&1; cat @{[$large->root]}/error_log";
        wait_until { $large->pid } 20 if !@limit;
        my $peak = $large->pid && TenantTest::Server::_read('/proc/' . $large->pid . '/status') =~ /^VmPeak:\s+(\d+) kB/m ? $1 * 1024 : 0;
        $large->stop;
        return ($said, $peak);
    };
    my (undef, $peak) = $start->(100);
    ok($peak, 'a server of a hundred tenants takes so much') or return;
    my ($said) = $start->(1_000_000, 'prlimit', '--as=' . ($peak + 40_000_000));
    like($said, qr/mod_tenant cannot start: there is no shared memory for TenantUsage, which takes (?:9|1\d)\d{7} bytes for tenants=1000000/,
        'one of a million says at its start how much it takes');
};

subtest 'a clock that jumps' => sub {
    # what a server has counted by a clock that was ahead, or behind, is of that day, and of no other
    # (none is today or tomorrow, which may have begun meanwhile)
    my ($today) = row({ database => $database }, q{SELECT CURRENT_DATE - date '1970-01-01'});
    my @numbers = map { $today + $_ } -3000, 7, 3000;
    my @days = column({ database => $database }, q{SELECT date '1970-01-01' + n FROM unnest(?::int[]) n}, \@numbers);
    db('SELECT usage_add(2, ?, ?, ?, ?, ?, ?)', $_, [tenant('acme')->{id}], [$numbers[$_]], [5], [0], [0]) for 0 .. 2;
    is_deeply([column({ database => $database }, 'SELECT requests FROM usage WHERE tenant_id = ? AND day = ANY (?) ORDER BY day', tenant('acme')->{id}, \@days)], [5, 5, 5], 'each day has its own');
    db('DELETE FROM usage WHERE tenant_id = ? AND day = ANY (?)', tenant('acme')->{id}, \@days);
    db(q{UPDATE usage_rounds SET began_at = now() + interval '10 years', counted_at = now() + interval '10 years'});
    db(q{INSERT INTO calls (sid, tenant_id, duration) VALUES ('CA' || repeat('a', 32), ?, 60)}, tenant('acme')->{id});
    ask(acme => 1);
    is_used(acme => 'what is counted behind it');
    ok((wait_until { row({ database => $database }, 'SELECT coalesce(sum(call_seconds), 0) FROM usage WHERE day >= CURRENT_DATE - 1 AND tenant_id = ?', tenant('acme')->{id}) >= 60 } 30),
        'rows are counted though they were last counted in the future');
};

subtest 'a hundred thousand tenants' => sub {
    $server->stop;
    db(q{INSERT INTO tenants (name, status, api_key_hash) SELECT 'many', 'active', 'many ' || n FROM generate_series(1, 100000) n});
    db(q{INSERT INTO calls (sid, tenant_id, duration) SELECT 'CA' || md5(id::text), id, 7 FROM tenants WHERE name = 'many'});
    db('ANALYZE tenants, calls');
    # as the module does it: with tenant_api's own limits
    my $dbh = DBI->connect('dbi:Pg:' . site->conninfo($database, 'tenant_api') =~ tr/ /;/r, undef, undef, { RaiseError => 1, PrintError => 0 });
    my @ids = column({ database => $database }, q{SELECT id FROM tenants WHERE name = 'many'});
    for my $n (0 .. 19) {
        my @portion = @ids[$n * 5000 .. $n * 5000 + 4999];
        $dbh->do('SELECT usage_add(1, ?, ?, ?, ?, ?, ?)', undef, $n, \@portion, [(20_500) x 5000], [(1) x 5000], [(2) x 5000], [(3) x 5000]);
    }
    is(row({ database => $database }, q{SELECT count(*) FROM usage WHERE day = '2026-02-16' AND requests = 1}), 100_000, 'each has its line');
    db(q{UPDATE usage_rounds SET began_at = '-infinity'});
    my $calls = 0;
    do { $dbh->do(q{SELECT usage_count('1 minute')}) } until ++$calls == 1000 || !row({ database => $database }, 'SELECT next_tenant FROM usage_rounds');
    is(row({ database => $database }, q{SELECT count(*) FROM usage JOIN tenants t ON t.id = tenant_id WHERE name = 'many' AND calls = 1 AND call_seconds = 7}),
        100_000, 'and its calls, counted a second at a time');
    diag "$calls calls";
    $dbh->disconnect;
};

done_testing;
