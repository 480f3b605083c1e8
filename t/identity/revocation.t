# SPDX-License-Identifier: Apache-2.0
# A change to `tenants` is in effect in every child of every server within 200 ms, whoever made it; and whatever
# happens to the connection that hears of changes, what is stale is not served for longer than it takes to notice.
use strict;
use warnings;

use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Asking qw(starting start);
use TenantTest::Statements;

my $DEADLINE = 0.2;    # seconds, until a change is in effect
my $NOTICED  = 10;     # seconds, until a connection counts as dead that says nothing

my $statements = TenantTest::Statements->new;
my $site = $statements->site;
my %id = map { $_ => tenant($_)->{id} } qw(acme globex);

# Hearing of changes has a role of its own here, so that it alone can be shut out.
$statements->sql('CREATE ROLE listener LOGIN');
my $listen = $site->conninfo($site->{database}, 'listener');

starting(site => $site, location => 'TenantPublicRead products', log_level => 'info', database => qq{$site->{conninfo}" listen="$listen});

sub psql { return $site->psql($site->{database}, '-c', $_[0]) }

sub wait_until {
    my ($condition, $seconds) = @_;
    my $until = time + ($seconds // 20);
    while (1) {
        my $value = $condition->();
        return $value if $value || time > $until;
        sleep 0.01;
    }
}

# What a request is answered with: its status, and the code of a problem. Any child may answer.
sub answer {
    my ($server, %option) = @_;
    my $response = request(GET => delete $option{path} // '/v1/calls/1', to => $server, %option);
    my $problem = ref $response->json eq 'HASH' && $response->json->{code};
    return join ' ', $response->status, $problem // ();
}

# Asks servers again and again for some seconds; returns [when it was asked, the answer] of each time.
sub watch {
    my ($seconds, $servers, %option) = @_;
    my ($until, @seen) = (time + $seconds);
    while ((my $asked = time) < $until) {
        push @seen, map { [time, answer($_, %option)] } @$servers;
    }
    return @seen;
}

# That a change by psql is in effect in time. Beside what is asked: on => servers.
sub takes_effect {
    my ($name, $change, $before, $after, %option) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $servers = delete $option{on};
    my %first = map { $_->[1] => 1 } watch(0.15, $servers, %option);
    is(join(', ', sort keys %first), $before, "$name: first $before");
    psql($change);
    my $changed = time;
    my @seen = watch(2 * $DEADLINE, $servers, %option);
    my @late = grep { $_->[0] >= $changed + $DEADLINE && $_->[1] ne $after } @seen;
    my ($last) = grep { $_->[1] eq $before } reverse @seen;
    is(scalar @late, 0, "$name: within 200 ms $after") or diag map { sprintf "%s after %.3f s\n", $_->[1], $_->[0] - $changed } @late;
    note sprintf '%s: %d answers, the last old one was asked for after %.1f ms', $name, scalar @seen,
        $last ? 1000 * ($last->[0] - $changed) : 0;
}

# How many lookups requests make once every child has had the chance to keep the tenant.
sub lookups_when_warm {
    my ($server, $requests) = @_;
    answer($server, as => 'acme') for 1 .. 20;
    $statements->reset;
    answer($server, as => 'acme') for 1 .. $requests;
    return $statements->lookups;
}

sub is_cached {
    my ($server, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok(wait_until(sub { lookups_when_warm($server, 10) == 0 }), $name);
}

my $SUSPEND = "UPDATE tenants SET status = 'inactive' WHERE id = $id{acme}";
my $RESUME  = "UPDATE tenants SET status = 'active' WHERE id = $id{acme}";
my $lost  = qr/changes of tenants cannot be heard/;
my $heard = qr/changes of tenants are heard again/;

subtest 'each change is in effect in every child of every server' => sub {
    my @servers = map { start() } 1 .. 2;
    ok(wait_until(sub { $statements->listeners == 2 }), 'each server has one connection that listens');
    is_cached($_, 'its children cache') for @servers;

    my $hash = tenant('acme')->{hash};
    my ($key, $new_hash) = `build/tenantctl key --key-file '$site->{key_file}'` =~ /(\S+)\t(\S+)/;
    my %acme = (on => \@servers, as => 'acme');
    my %by_host = (on => \@servers, path => '/v1/products', host => tenant('acme')->{host});

    takes_effect('suspended', $SUSPEND, '200', '403 tenant-inactive', %acme);
    takes_effect('resumed', $RESUME, '403 tenant-inactive', '200', %acme);
    takes_effect('another key', "UPDATE tenants SET api_key_hash = '$new_hash' WHERE id = $id{acme}",
        '200', '401 key-invalid', %acme);
    takes_effect('its own key again', "UPDATE tenants SET api_key_hash = '$hash' WHERE id = $id{acme}",
        '401 key-invalid', '200', %acme);
    takes_effect('another domain', "UPDATE tenants SET custom_domain = 'new.example.com' WHERE id = $id{acme}",
        '200', '401 key-missing', %by_host);
    takes_effect('a domain that another one takes', "UPDATE tenants SET custom_domain = '$by_host{host}' WHERE id = $id{globex}",
        '200', '403 tenant-mismatch', %by_host, path => '/v1/calls/1', as => 'acme');
    takes_effect('a new tenant', "INSERT INTO tenants (name, status, api_key_hash) VALUES ('new', 'inactive', '$new_hash')",
        '401 key-invalid', '403 tenant-inactive', %acme, as => $key);
    takes_effect('removed', "DELETE FROM tenants WHERE name = 'new'", '403 tenant-inactive', '401 key-invalid', %acme, as => $key);
    psql(q{INSERT INTO tenants (name, status, api_key_hash) SELECT 'many', 'active', '!' || n FROM generate_series(1, 200) n});
    sleep $DEADLINE;
    takes_effect('all at once', q{UPDATE tenants SET status = 'inactive'}, '200', '403 tenant-inactive', %acme);
    psql(q{UPDATE tenants SET status = 'active'});
};

# Lookups that read ahead of a change and end when it has long been heard of: a lock holds them back in the middle.
subtest 'what was read ahead of a change is not kept' => sub {
    my $dbh = $statements->dbh;
    $dbh->do("ALTER ROLE tenant_api SET $_ = '60s'") for qw(lock_timeout statement_timeout);    # they wait for as long as it takes
    my $server = start(server => 'TenantPool statement=60s wait=60s');
    my ($slow) = $dbh->selectrow_array(q{SELECT pg_get_functiondef('tenant_by_host(text)'::regprocedure)});
    my $host = $slow;
    $slow =~ s/BEGIN/BEGIN PERFORM pg_advisory_xact_lock_shared(1);/ or die $slow;
    $dbh->do($slow);
    is_cached($server, 'it caches');
    my (@early, %late, %after);
    for (1 .. 5) {    # again where one stood still on its way to its lookup
        my @clients = map { $server->client } 1 .. 8;
        psql('UPDATE tenants SET name = name');    # all have to be looked up anew
        sleep $DEADLINE;
        $dbh->do('SELECT pg_advisory_lock(1)');
        $_->send(GET => '/v1/calls/1', headers => [bearer('acme')]) for @clients;
        $_->wait_until_read for @clients;
        wait_until(sub { $dbh->selectrow_array(q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted}) });
        sleep 0.5;
        psql($SUSPEND);
        sleep $DEADLINE;
        my $late = $server->client->send(GET => '/v1/calls/1', headers => [bearer('acme')]);
        sleep 0.1;
        $dbh->do('SELECT pg_advisory_unlock(1)');
        @early = map { $_->receive->status } @clients;
        $late{ $late->receive->status } = 1;
        $after{ $_->[1] } = 1 for watch(0.3, [$server], as => 'acme');
        psql($RESUME);
        last if "@early" eq '200 ' x 7 . '200';
        sleep $DEADLINE;
    }
    is("@early", '200 ' x 7 . '200', 'requests from before it are answered as of then');
    is_deeply([keys %late], [403], 'one from after it does not take part in their lookup');
    is_deeply([keys %after], ['403 tenant-inactive'], 'and nobody finds what they read');
    $dbh->do($host);
};

subtest 'nobody can listen' => sub {
    my $server = start();
    my $log = $server->error_log;
    is_cached($server, 'it caches');

    psql('ALTER ROLE listener CONNECTION LIMIT 0');
    psql(q{SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'listener'});
    ok($log->wait_for($lost), 'the log says that changes are not heard');
    is(lookups_when_warm($server, 10), 10, 'each request looks its tenant up');
    takes_effect('suspended', $SUSPEND, '200', '403 tenant-inactive', on => [$server], as => 'acme');
    sleep 1;
    kill KILL => ($server->children)[0];    # the next one to try has nothing new to say
    sleep 1;
    is(scalar $log->matching($lost), 1, 'the log has said so once');

    psql('ALTER ROLE listener CONNECTION LIMIT -1');
    ok($log->wait_for($heard), 'it says that they are heard again');
    takes_effect('resumed', $RESUME, '403 tenant-inactive', '200', on => [$server], as => 'acme');
    is_cached($server, 'it caches again');
    is(scalar $log->matching($heard), 1, 'the log has said so once');
};

# Its sessions get another server connection for each transaction: a LISTEN stays with the one that it had.
subtest 'a transaction pooler is between' => sub {
    my $folder = File::Temp::tempdir('pooler.XXXXXX', TMPDIR => 1, CLEANUP => 1);
    chmod 0777, $folder;
    open my $file, '>', "$folder/pgbouncer.ini" or die "$folder: $!";
    print $file <<"END";
[databases]
$site->{database} = host=$site->{host} user=tenant_api
[pgbouncer]
listen_addr =
unix_socket_dir = $folder
listen_port = 6432
auth_type = any
pool_mode = transaction
logfile = $folder/log
ignore_startup_parameters = extra_float_digits
END
    close $file;
    my $pooler = fork // die "fork: $!";
    if (!$pooler) {
        open STDERR, '>', '/dev/null';
        exec $> == 0 ? qw(setpriv --reuid=nobody --regid=nogroup --clear-groups) : (), '/usr/sbin/pgbouncer', '-q', "$folder/pgbouncer.ini";
    }
    ok(wait_until(sub { -S "$folder/.s.PGSQL.6432" }), 'PgBouncer runs');

    my $server = TenantTest::Server->start(site => $site, server => 'TenantPool prepare=off',
        database => "host=$folder port=6432 dbname=$site->{database} user=tenant_api");
    my $log = $server->error_log;
    $log->{from} = 0;
    ok($log->wait_for($lost), 'the log says that changes are not heard');
    is_deeply([map { $_->[1] } watch(2, [$server], as => 'acme')]->[-1], '200', 'it serves');
    psql($SUSPEND);
    my %after = map { $_->[1] => 1 } watch(4, [$server], as => 'acme');
    is_deeply([keys %after], ['403 tenant-inactive'], 'and a tenant that is suspended gets nothing more');
    psql($RESUME);
    $server->stop;
    kill TERM => $pooler;
    waitpid $pooler, 0;
};

subtest 'the session that listens ends' => sub {
    my $server = start();
    my $log = $server->error_log;
    is_cached($server, 'it caches');
    my ($first) = $statements->listeners;
    takes_effect('suspended as it ends', "SELECT pg_terminate_backend($first); $SUSPEND", '200', '403 tenant-inactive',
        on => [$server], as => 'acme');
    ok($log->wait_for($heard), 'the log says that it is over');
    is(scalar $log->matching($lost), 1, 'and that it was so');
    my ($second, @more) = $statements->listeners;
    ok($second && $second != $first && !@more, 'there is another one');
    takes_effect('resumed', $RESUME, '403 tenant-inactive', '200', on => [$server], as => 'acme');
    is_cached($server, 'it caches again');
};

# Whatever is frozen, nobody relies for longer than that on what it would have said.
subtest 'a change while what listens is frozen' => sub {
    my $server = start();
    is_cached($server, 'it caches');
    my %frozen = ('the session' => [$statements->listeners], map { +"child $_" => [($server->workers)[$_]] } 0, 1);

    for my $what (sort keys %frozen) {
        is_cached($server, "$what: it caches");
        kill STOP => @{ $frozen{$what} };
        psql($SUSPEND);
        my $changed = time;
        my @late = grep { $_->[0] >= $changed + $DEADLINE && $_->[1] ne '403 tenant-inactive' } watch(1, [$server], as => 'acme');
        kill CONT => @{ $frozen{$what} };
        is(scalar @late, 0, "$what is frozen: within 200 ms 403 all the same")
            or diag sprintf '%d late answers, the last after %.3f s', scalar @late, $late[-1][0] - $changed;
        psql($RESUME);
    }
    is_cached($server, 'it caches again');
    is(scalar $server->error_log->matching($lost), 0, 'a second of that is not worth a line');
};

# What freezes says nothing, so that only time tells. Two servers at once: of one the session is frozen, of the other
# the child that has it.
subtest 'what listens freezes' => sub {
    my $server = start();
    my $log = $server->error_log;
    is_cached($server, 'it caches');
    my ($session) = $statements->listeners;
    my $alone = start(processes => 1, server => 'KeepAliveTimeout 60');    # its idle connection outlives the freeze
    is_cached($alone, 'and so does the other one');
    my ($child) = $alone->children;
    my $client = $alone->client;
    is($client->request(GET => '/v1/calls/1', headers => [bearer('acme')])->status, 200, 'which serves');

    my $began = time;
    kill STOP => $session, $child;
    psql($SUSPEND);
    $client->send(GET => '/v1/calls/1', headers => [bearer('acme')]);
    my $noticed = $log->wait_for($lost, $NOTICED);
    kill CONT => $session;
    ok($noticed, sprintf 'a frozen session is noticed after %.1f s', time - $began);
    sleep $DEADLINE;
    my %after = map { $_->[1] => 1 } watch(0.2, [$server], as => 'acme');
    is_deeply([keys %after], ['403 tenant-inactive'], 'the change is in effect');
    ok($log->wait_for($heard), 'another session listens');

    sleep $began + $NOTICED - time if time < $began + $NOTICED;
    kill CONT => $child;
    is($client->receive->status, 403, 'a child that was frozen does not trust what it kept');
    psql($RESUME);
    is_cached($_, 'it caches again') for $server, $alone;
};

# Killing each child in turn kills the one that listens too.
subtest 'the child that listens is killed' => sub {
    my $server = start();
    my $log = $server->error_log;
    is_cached($server, 'it caches');
    my ($listener) = $statements->listeners;
    my $moves = 0;

    for my $child ($server->children) {
        kill KILL => $child;
        takes_effect('suspended', $SUSPEND, '200', '403 tenant-inactive', on => [$server], as => 'acme');
        takes_effect('resumed', $RESUME, '403 tenant-inactive', '200', on => [$server], as => 'acme');
        my @now;
        wait_until(sub { (@now = $statements->listeners) == 1 });
        is(scalar @now, 1, 'one session listens');
        $moves++ if $now[0] != $listener;
        $listener = $now[0];
    }
    cmp_ok($moves, '>=', 1, 'and it has moved to another child');
    is(scalar $log->matching($lost), 0, 'without a word');
    is_cached($server, 'it caches again');
};

# A child of the generation before lives for as long as its last request; nobody but itself listens for it then.
subtest 'a graceful restart' => sub {
    # room for children of both generations, and time to send a request
    my $server = start(server => "ServerLimit 6\nMaxRequestWorkers 60\nRequestReadTimeout header=0");
    is_cached($server, 'it caches');
    my $line = "GET /v1/calls/1 HTTP/1.1\r\nHost: localhost\r\n";
    my @clients = map { $server->client->write($line, 'GET') } 1 .. 3;
    my %old = map { $_ => 1 } $server->children;
    is(scalar(grep { $_->wait_until_read } @clients), 3, 'children read requests');
    $server->graceful;
    ok(wait_until(sub { grep { $old{$_} } $server->children }), 'there are children of both generations');
    is_cached($server, 'the new one caches');
    ok(wait_until(sub { $statements->listeners == 2 }), 'each has a connection that listens');

    my %bearer = bearer('acme');
    my $end = "Authorization: $bearer{Authorization}\r\n\r\n";
    is($clients[0]->write($end)->receive->status, 200, 'a request of the old generation is served');
    psql($SUSPEND);
    sleep $DEADLINE;
    is($clients[1]->write($end)->receive->status, 403, 'a change is in effect there');
    psql($RESUME);
    sleep $DEADLINE;
    is($clients[2]->write($end)->receive->status, 200, 'and so is the next one');
    $_->close for @clients;
    ok(wait_until(sub { $statements->listeners == 1 }, 10), 'when it has gone, one connection listens');
    is_cached($server, 'the new one caches still');
};

# Two connection strings for two databases: what is heard from one says nothing of the other.
subtest 'listening at another database' => sub {
    $site->make_database('elsewhere');
    my $elsewhere = $site->conninfo('elsewhere', 'listener');
    my $server = TenantTest::Server->start(site => $site, database => qq{$site->{conninfo}" listen="$elsewhere});
    my $log = $server->error_log;
    $log->{from} = 0;
    ok($log->wait_for($lost, 10), 'is noticed');
    is(lookups_when_warm($server, 10), 10, 'nothing is cached');
};

subtest 'the table is truncated' => sub {
    my $server = start();
    is_cached($server, 'it caches');
    takes_effect('truncated', 'TRUNCATE tenants CASCADE', '404 not-found', '401 key-invalid', on => [$server], as => 'acme',
        path => '/v1/calls/99999');
};

done_testing;
