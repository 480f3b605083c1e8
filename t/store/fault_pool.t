# SPDX-License-Identifier: Apache-2.0
# What TenantPool promises: its limits hold, and a request learns in time that it gets no connection.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Asking qw(starting start);
use TenantTest::Fault;
use TenantTest::Load;

my $site = TenantTest::Site->make;
role_setting($site, lock_timeout => '30s');
role_setting($site, statement_timeout => '30s');
my $brake = brake($site);

starting(site => $site, processes => 1, threads => 25, server => 'TenantCache off');

sub acme {
    my ($server, $method, $target, %option) = @_;
    return request($method, $target, as => 'acme', to => $server, %option);
}

# Clients that have sent the same read, which is not yet answered.
sub sent {
    my ($server, $count, $target) = @_;
    return map { $server->client->send(GET => $target // '/v1/calls/1', headers => [bearer('acme')]) } 1 .. $count;
}

sub held {
    my ($server, $count) = @_;
    return held_one_by_one($site, $count, sub { return (sent($server, 1))[0] });
}

subtest 'all connections are in use' => sub {
    my $server = start(pool => 'max=1 wait=2s statement=30s');
    my $log = $server->error_log;
    my $line = qr/no database connection within 2000 ms: TenantPool allows 1 in each child/;

    is_status(acme($server, GET => '/v1/calls/1'), 200, 'one request');
    $brake->hold;
    my ($holder) = sent($server, 1);
    waiting_backends($site, 1);
    my @waiting = sent($server, 5);
    for my $response (map { $_->receive } @waiting) {
        is_problem($response, 503, 'pool-exhausted');
        is_about($response->elapsed, 2, 'when it has waited for as long as TenantPool says');
    }
    is(scalar $log->matching($line), 1, 'one line in the log for all of them');

    my ($late) = sent($server, 1);
    sleep 1;
    $brake->release;
    is_status($late->receive, 200, 'a request that waits gets the connection as soon as it is free');
    is_status($holder->receive, 200, 'the one that held it is answered');
    is_status(acme($server, POST => '/v1/products', json => { name => 'x' }), 201, 'and so is the next');

    $brake->hold;
    ($holder) = sent($server, 1);
    waiting_backends($site, 1);
    is_problem(acme($server, GET => '/v1/calls/1'), 503, 'pool-exhausted');
    is_problem(acme($server, GET => '/v1/calls/1'), 503, 'pool-exhausted');
    is(scalar $log->matching($line), 2, 'another line 5 s later');
    $brake->release;
    is_status($holder->receive, 200, 'the one that held it is answered');
};

subtest 'how many connections there may be' => sub {
    # with those of a moment: without one for the witness (identity/witness.h) nothing would be remembered
    for (['size=100', 3], ['off', 1]) {
        my ($cache, $beside) = @$_;
        my $server = TenantTest::Server->start(site => $site, processes => 1, threads => 25, pool => 'max=7', server => "TenantCache $cache");
        open my $log, '<', "$server->{logs}/error_log" or die "error_log: $!";
        is((join('', <$log>) =~ /at most (\d+) database connections \(1 children, 7 in each/)[0], 7 + $beside, "TenantCache $cache: the log says it");
    }
};

subtest 'connecting is slow' => sub {
    my ($socket, $folder) = silent_database($site);
    my ($server, @responses);
    for (1 .. 3) {    # another one if this machine has stood still meanwhile
        $server = start(pool => 'max=4 wait=1s', database => "host=$folder dbname=tenant user=tenant_api");
        is_asked($socket) if @responses;    # the connections of the one before are none of what follows
        @responses = map { $_->receive } sent($server, 6);
        last unless grep { $_->elapsed > 1.2 } @responses;
    }
    for my $response (@responses) {
        is($response->status, 503, 'refused');
        is(($response->json // {})->{code}, 'pool-exhausted', 'for want of a connection');
        is($response->header('Retry-After'), 1, 'with a time to come back');
        is_about($response->elapsed, 1, 'when it has waited for as long as TenantPool says');
    }
    sleep 2;    # connect_timeout is 2 s
    my $response;
    for (1 .. 3) {
        $response = acme($server, GET => '/v1/calls/1');
        last if $response->elapsed < 0.5;
    }
    is_problem($response, 503, 'database-away');
    cmp_ok($response->elapsed, '<', 0.5, 'at once, when connecting has failed');

    # a server that hangs up without a word
    local $SIG{PIPE} = 'IGNORE';
    $socket->accept->close for 1 .. 2;
    is_problem(acme($server, GET => '/v1/calls/1'), 503, 'database-away');
};

subtest 'lookups use at most a quarter' => sub {
    my $server = start(pool => 'max=8 wait=5s statement=30s');
    $brake->hold;
    my @clients = held($server, 8);
    is(waiting_backends($site, 8), 8, '8 statements run at the same time');
    $brake->release;
    is_status($_->receive, 200) for @clients;

    $brake->hold;
    my ($statement) = sent($server, 1);
    waiting_backends($site, 1);
    my $tenants = lock_table($site, 'tenants');
    my @lookups = sent($server, 10);
    is(waiting_backends($site, 3), 3, 'with it two lookups stand in PostgreSQL');
    sleep 0.5;
    is(scalar(waiting_backends($site)), 3, 'and no third joins them');
    $brake->release;
    is_status($statement->receive, 200, 'who has been looked up is not held up');
    $tenants->release;
    is_status($_->receive, 200) for @lookups;
};

subtest 'so do lookups of accounts that webhooks name' => sub {
    my $server = start(pool => 'max=8 wait=5s statement=30s', server => "<Location /twilio>\nTenantHandler twilio\n</Location>");
    $brake->hold;
    my @clients = held($server, 4);
    is(waiting_backends($site, 4), 4, 'connections are open');
    $brake->release;
    is_status($_->receive, 200) for @clients;

    my $tenants = lock_table($site, 'tenants');
    my @flood = map { $server->client->send(POST => '/twilio/call-status',
        headers => ['Content-Type' => 'application/x-www-form-urlencoded', 'X-Twilio-Signature' => 'A' x 27 . '='],
        body    => sprintf 'AccountSid=AC%032x&CallSid=CA%032x', $_, $_) } 1 .. 10;
    is(waiting_backends($site, 2), 2, 'two stand in PostgreSQL');
    sleep 0.5;
    is(scalar(waiting_backends($site)), 2, 'and no third joins them');
    $tenants->release;
    is_status($_->receive, 403) for @flood;
};

subtest 'connections that nobody uses are closed' => sub {
    my $server = start(pool => 'max=8 idle=1s');
    $brake->hold;
    my @clients = held($server, 5);
    $brake->release;
    is_status($_->receive, 200) for @clients;
    is(scalar(backends($site)), 5, 'five connections');
    for (1 .. 15) {
        acme($server, GET => '/v1/calls/1');
        sleep 0.1;
    }
    ok(wait_until(sub { acme($server, GET => '/v1/calls/1'); backends($site) == 1 }), 'the one that is used stays');
    ok(wait_until { !backends($site) }, 'until it is idle too');
    is_status(acme($server, GET => '/v1/calls/1'), 200, 'and another is opened when there is need');
};

subtest 'there are never more than max in each child' => sub {
    my $server = start(pool => 'max=3 wait=10s', processes => 2);
    my $most = 0;
    my $load = TenantTest::Load->start(map { +{
        client  => sub { $server->client },
        request => sub { $_[0]->request(GET => '/v1/calls?limit=100', headers => [bearer('acme')]) },
        pause   => 0,
    } } 1 .. 12);
    my $until = time + 3;
    while (time < $until) {
        my $count = () = backends($site);
        $most = $count if $count > $most;
    }
    my @answers = $load->stop;
    cmp_ok($most, '>', 3, 'more than one child can have');
    cmp_ok($most, '<=', 6, 'and no more than two can');
    is(scalar(grep { $_->{status} != 200 } @answers), 0, 'every request was answered');
};

subtest 'what is past the limit does not go on in PostgreSQL' => sub {
    my $server = start(pool => 'max=4 wait=1s statement=500ms');
    is_status(acme($server, GET => '/v1/calls/1'), 200, 'one request');
    $brake->hold;
    is_problem(acme($server, GET => '/v1/calls/1'), 503, 'query-timeout', 'a read');
    is_problem(acme($server, POST => '/v1/products', json => { name => 'given up' }), 503, 'query-timeout', 'a new row');
    is_problem(acme($server, PATCH => '/v1/products/1', json => { name => 'given up' }), 503, 'query-timeout', 'a change');
    ok((wait_until { !waiting_backends($site) } 30), 'nobody waits for the lock any more');
    $brake->release;
    is_deeply($site->dbh->selectall_arrayref(q{SELECT id FROM products WHERE name = 'given up'}), [], 'nothing was written');
};

subtest 'writes use at most half' => sub {
    my $server = start(pool => 'max=6 wait=5s statement=30s');
    my $row = TenantTest::Fault::Lock->new($site, undef, 'SELECT FROM products WHERE id = 1 FOR UPDATE')->hold;
    my @writes = map { $server->client->send(PATCH => '/v1/products/1', headers => [bearer('acme'), 'Content-Type' => 'application/json'],
        body => '{"name":"patient"}') } 1 .. 6;
    is(waiting_backends($site, 3), 3, 'three stand in PostgreSQL');
    is_status(acme($server, GET => '/v1/calls/1'), 200, 'reads go on');
    is(scalar(waiting_backends($site)), 3, 'and no fourth write has joined them');
    $row->release;
    is_status($_->receive, 200, 'each is done') for @writes;
};

# The role's own limits: PostgreSQL ends the statement, and the connection stays.
for my $limit (qw(statement_timeout lock_timeout)) {
    subtest "the role's $limit" => sub {
        role_setting($site, $limit => '500ms');
        my $server = start(pool => 'max=1 statement=20s');
        is_status(acme($server, GET => '/v1/calls/1'), 200, 'in time');
        my @pids = backends($site);
        $brake->hold;
        is_problem(acme($server, GET => '/v1/calls/1'), 503, 'query-timeout', 'a read');
        is_problem(acme($server, PATCH => '/v1/products/1', json => { name => 'late' }), 503, 'query-timeout', 'an update');
        $brake->release;
        is_status(acme($server, PATCH => '/v1/products/1', json => { name => 'in time' }), 200, 'in time again');
        is_deeply([backends($site)], \@pids, 'on the same connection');
        role_setting($site, $limit => '30s');
    };
}

done_testing;
