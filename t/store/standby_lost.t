# SPDX-License-Identifier: Apache-2.0
# A synchronous standby is lost: writes end in doubt and hold half of the pool at most, reads go on as if nothing was, and what
# was acknowledged is on the standby.
use strict;
use warnings;

use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Fault;
use TenantTest::Load;
use TenantTest::Scrape;

my $MAX = 8;     # connections of the pool
my $LIMIT = 1;    # seconds: the statements'
my $WAITS = q{wait_event = 'SyncRep'};

my $site = TenantTest::Site->make;
my $server = TenantTest::Server->start(site => $site, processes => 1, threads => 40,
    server => qq{TenantPool statement=${LIMIT}s max=$MAX wait=2s\n<Location "/metrics">\n    TenantHandler metrics\n</Location>});
my $log = $server->error_log;
my @products = @{ $site->dbh->selectcol_arrayref(q{INSERT INTO products (tenant_id, name) SELECT ?, 'product ' || n FROM generate_series(1, 8) n RETURNING id},
    undef, $site->{tenants}{acme}{id}) };    # one for each who changes one: nobody waits for another's lock

# How often requests have waited for a connection so far, and for how many seconds.
sub waits {
    my $scrape = TenantTest::Scrape->of($server);
    return map { $scrape->value("mod_tenant_pool_$_", pool => 'api') } 'waits_total', 'wait_seconds_total';
}

# For whom each COMMIT waits.
sub wait_for_standby {
    my ($name) = @_;
    $site->dbh('postgres')->do("ALTER SYSTEM SET synchronous_standby_names = '$name'");
    $site->dbh('postgres')->do('SELECT pg_reload_conf()');
    # As soon as the checkpointer has heard of it.
    ok((wait_until { does_commit_wait() == !!$name } 30), $name ? 'COMMITs wait' : 'no COMMIT waits');
}

# Whether one waits for a standby, which is given up then.
sub does_commit_wait {
    my $dbh = $site->dbh('postgres')->clone;
    my $pid = $dbh->{pg_pid};
    $dbh->{PrintWarn} = 0;
    $dbh->do(q{SELECT pg_logical_emit_message(true, 'probe', '')}, { pg_async => DBD::Pg::PG_ASYNC() });
    my $does_wait = 0;
    wait_until {
        $does_wait = $site->dbh('postgres')->selectrow_array("SELECT count(*) FROM pg_stat_activity WHERE pid = ? AND $WAITS", undef, $pid);
        $does_wait || $dbh->pg_ready
    };
    $site->dbh('postgres')->do('SELECT pg_cancel_backend(?)', undef, $pid) if $does_wait;
    $dbh->pg_result;
    $dbh->disconnect;
    return !!$does_wait;
}

sub post {
    my ($client, $writer, $n) = @_;
    return $client->request(POST => '/v1/calls', headers => [bearer('acme'), 'Content-Type' => 'application/json',
        'Idempotency-Key' => sprintf('writer-%d-row-number-%d', $writer, $n)], body => json({ sid => sprintf 'CA%08x%024x', $writer, $n }));
}

# A writer of new rows sends one until it is acknowledged, then the next one.
sub poster {
    my ($writer) = @_;
    my $n = 1;
    return { name => "post $writer", client => sub { $server->client }, request => sub {
        my ($client) = @_;
        my $response = post($client, $writer, $n);
        $n++ if $response->status == 201;
        return $response;
    } };
}

sub changer {
    my ($writer) = @_;
    return { name => "change $writer", client => sub { $server->client }, request => sub {
        my ($client, $n) = @_;
        return $client->request(PATCH => "/v1/products/$products[$writer]", headers => [bearer('acme'), 'Content-Type' => 'application/json'],
            body => json({ description => "number $n" }));
    } };
}

sub reader {
    my ($reader) = @_;
    return { name => "read $reader", client => sub { $server->client }, keep => 1, request => sub {
        my ($client, $n) = @_;
        return $client->request(GET => ("/v1/products/$products[0]", '/v1/calls?limit=5', "/v1/products/$products[1]", '/v1/messages')[$n % 4],
            headers => [bearer('acme')]);
    } };
}

sub all { return TenantTest::Load->start(map({ (poster($_), changer($_)) } 0 .. 7), map { reader($_) } 0 .. 3) }

# The answers to those of a name, by what they say.
sub by_code {
    my ($did, @answers) = @_;
    my %count;
    $count{ $_->{status} < 300 ? $_->{status} : "$_->{status} $_->{code}$_->{error}" }++ for grep { $_->{series} =~ /^(?:$did) / } @answers;
    return \%count;
}

subtest 'a wait that an administrator cancels is no yes' => sub {
    wait_for_standby('nobody');
    my $stop = fork // die "fork: $!";
    if (!$stop) {
        $site->{dbh} = {};
        wait_until { backends($site, $WAITS) };
        $site->dbh('postgres')->do("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE $WAITS");
        POSIX::_exit(0);
    }
    my $response = post($server->client, 1000, 1);
    waitpid $stop, 0;
    is_problem($response, 503, 'write-in-doubt', 'a row that is on no standby');
    is($response->header('Retry-After'), 1, 'with a time to come back');
    wait_for_standby('');
    my $again = post($server->client, 1000, 1);
    is_status($again, 201, 'once nobody is to be waited for it is acknowledged');
    is($again->header('Idempotency-Replayed'), 'true', 'as what was made');
};

subtest 'the standby is lost' => sub {
    $log->mark;
    wait_for_standby('nobody');
    my ($most, $most_waiting, $reads, $writes);
    my ($waits, $waited, $from) = (waits(), time);
    for my $try (1 .. 5) {
        ($most, $most_waiting) = (0, 0);
        wait_until { !backends($site, $WAITS) } 30;
        my $load = all();
        my $until = time + 7 * $LIMIT;
        while (time < $until) {
            my ($count, $waiting) = (scalar backends($site), scalar backends($site, $WAITS));
            $most = $count if $count > $most;
            $most_waiting = $waiting if $waiting > $most_waiting;
            sleep 0.02;
        }
        my @answers = $load->stop;
        ($reads, $writes) = map { by_code($_, @answers) } 'read', 'post|change';
        # Where a backend stands still, and does not say in time that it has given up the wait when it is told to, its connection is cut,
        # and another one opened while it is still there: then once more.
        last unless grep { $_->{'503 query-timeout'} } $reads, $writes;
    }
    cmp_ok($reads->{200} // 0, '>', 50, 'many reads') or diag json($reads);
    is_deeply([keys %$reads], ['200'], 'each is answered') or diag json($reads);
    is_deeply([sort keys %$writes], ['503 pool-exhausted', '503 write-in-doubt'], 'no write is')
        or diag json($writes);
    my ($waits_since, $waited_since) = waits();
    cmp_ok($waited_since - $waited, '<=', 20 * (time - $from), 'no longer than 20 clients can have waited the figures tell')
        or diag sprintf '%.0f s, %d times', $waited_since - $waited, $waits_since - $waits;
    note("reads: ", json($reads), ', writes: ', json($writes));
    cmp_ok($most, '<=', $MAX, 'there are no more backends than connections of the pool');
    is($most_waiting, $MAX / 2, 'and half of them wait for the standby');
    is(scalar $log->matching(qr/writes wait in vain for a synchronous standby: .*synchronous_standby_names/), 1, 'the log says it once');
    ok((wait_until { !backends($site, $WAITS) } 30), 'nobody waits any more');
};

subtest 'it comes back' => sub {
    my $standby = $site->cluster->standby('nobody');
    ok((wait_until { $site->dbh->selectrow_array(q{SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'}) } 30), 'and is waited for');
    is_status(post($server->client, 1000, 2), 201, 'a row is acknowledged');    # so none is refused for want of a connection at once
    ok($log->wait_for(qr/writes no longer wait in vain/), 'the log says so');
    my $load = all();
    sleep 1;
    my @answers = $load->stop;
    for (['post', 201, 'new rows are acknowledged'], ['change', 200, 'so are changes'], ['read', 200, 'reads are answered']) {
        my ($did, $status, $name) = @$_;
        my $seen = by_code($did, @answers);
        is_deeply([keys %$seen], [$status], $name) or diag json($seen);
    }
    my %acknowledged;
    $acknowledged{ $_->{series} =~ s/\D+//r }++ for grep { $_->{status} == 201 } @answers;
    $_->disconnect for values %{ $site->{dbh} };
    $site->cluster->stop('immediate');
    $standby->promote;
    for my $writer (sort { $a <=> $b } keys %acknowledged) {
        my $prefix = sprintf 'CA%08x', $writer;
        cmp_ok($standby->query('tenant', "SELECT count(*) FROM calls WHERE sid LIKE '$prefix%'"), '>=', $acknowledged{$writer},
            "the standby has each row that writer $writer was acknowledged");
    }
};

done_testing;
