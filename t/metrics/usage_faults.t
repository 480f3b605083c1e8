# SPDX-License-Identifier: Apache-2.0
# What tenants have used is told once, whatever happens meanwhile: a database that is away, children that are killed while they
# count or tell, a tenant that is deleted, a hundred thousand tenants.
use strict;
use warnings;

use DBI;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use TenantTest;
use TenantTest::Fault qw(wait_until);

my $database = 'metrics_usage_faults';
my $conninfo = database($database);
my $usage = 'TenantUsage flush=2s tenants=100';
my $server = TenantTest::Server->start(database => $conninfo, processes => 3, server => $usage);
my %sent = (acme => 0, globex => 0);

sub db { return sql({ database => $database }, @_) }
sub ask { my ($as, $count) = @_; is_status(request(GET => '/v1/calls?limit=1', as => $as, to => $server), 200) for 1 .. $count; $sent{$as} += $count; return }
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
    sleep 0.2;    # what is answered is counted a moment later
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
    kill KILL => $server->workers;
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
    kill KILL => $server->workers;
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

# A client in a process of its own, which tells how many requests were answered, and how many were not.
sub start_client {
    pipe my $read, my $write or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    return { pid => $pid, read => $read } if $pid && close $write;
    my ($answered, $lost, $client, $stop) = (0, 0);
    local $SIG{USR1} = sub { $stop = 1 };
    until ($stop) {
        my $status = eval {
            $client //= $server->client;
            $client->request(GET => '/v1/calls/1', headers => [bearer('acme')])->status;
        };
        ($status // 0) == 200 ? $answered++ : $lost++;
        undef $client if ($status // 0) != 200;
    }
    syswrite $write, "$answered $lost\n";
    close $write;
    return POSIX::_exit(0);
}

subtest 'under load' => sub {
    my ($answered, $lost, $kills, $clients) = (0, 0, 6, 4);
    my $before = used('acme');
    my @running = map { start_client() } 1 .. $clients;
    for my $round (1 .. $kills) {
        sleep 0.7;
        my @children = $server->workers;
        kill KILL => $children[rand @children] if @children;
        $server->graceful if $round % 3 == 0;
    }
    kill USR1 => map { $_->{pid} } @running;
    for my $client (@running) {
        my ($one, $other) = split ' ', readline($client->{read}) // '';
        waitpid $client->{pid}, 0;
        $answered += $one;
        $lost += $other;
    }
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
    sleep 0.2;
    my $log = $server->error_log;
    $server->stop;
    let_tell();
    is(said($log, qr/the database has not been told of 3 requests of tenants: .*; unless this is a reload, they are on no bill/), 1, 'the log says what is lost');
    $server->boot;
    $sent{acme} = used('acme');
};

subtest 'memory that is too small' => sub {
    my $path = $server->root . '/httpd.conf';
    my $log = $server->error_log;
    my $text = TenantTest::Server::_read($path) =~ s/\Q$usage\E/TenantUsage flush=2s tenants=20000/r;
    TenantTest::Server::_write($path, $text);
    $server->graceful;
    ok((wait_until { said($log, qr/TenantUsage tenants=20000 takes \d+ bytes more than the server has had since its start: there is room for 100 until it is restarted/) } 30),
        'the log says by how much');
    ask(acme => 2);
    is_used(acme => 'it goes on');
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
