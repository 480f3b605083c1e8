# SPDX-License-Identifier: Apache-2.0
#
# What load balancers ask: /live and /ready, while PostgreSQL is there, away, frozen, restarted, or refused.

use strict;
use warnings;

use Cwd ();
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Asking qw(starting start);
use TenantTest::Fault;

my $site = TenantTest::Site->make;
my $cluster = $site->cluster;
my $peer = 'LoadModule test_peer_module "' . Cwd::abs_path('build/mod_test_peer.so') . '"';

# One child, so that it is always the same one that answers.
starting(site => $site, processes => 1);
our $server = start();

sub ask {
    my ($path, %option) = @_;
    return request(delete $option{method} // 'GET', "/v1/$path", to => $server, %option);
}

# That it is not ready, for a reason, and says so soon and without details.
sub is_unready {
    my ($code, $name, %option) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $answer = ask('ready', %option);
    is_problem($answer, 503, $code, $name);
    is_deeply([sort keys %{ $answer->json }], [qw(code request_id status title type)], "$name: no details");
    ok($answer->header('Retry-After'), "$name: Retry-After");
    cmp_ok($answer->elapsed, '<', 4, "$name: soon");
    is_status(ask('live', %option), 200, "$name: it is live all the same");
}

# That it gets unready, for a reason: a first answer may be of a connection that has just been lost.
sub gets_unready {
    my ($code, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(wait_until { my $answer = ask('ready'); $answer->status == 503 && $answer->json->{code} eq $code }, $name);
}

# That it is ready again, soon.
sub gets_ready {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(wait_until { ask('ready')->status == 200 }, $name);
}

# The statements that the database has got while code runs.
sub count_statements {
    my ($code) = @_;
    my $before = count_transactions($site, 'xact_commit');
    $code->();
    return count_transactions($site, 'xact_commit') - $before;
}

subtest 'while all is well' => sub {
    for my $path (qw(ready live)) {
        my $answer = ask($path);
        is_status($answer, 200, "$path, of a child that has no connection yet");
        is($answer->body, qq({"status":"$path"}\n), '... in a word');
        is($answer->type, 'application/json', '... as JSON');
        like($answer->header('Cache-Control'), qr/no-store/, '... which nobody keeps');
        my $head = ask($path, method => 'HEAD');
        is_status($head, 200, "HEAD of $path");
        is($head->header('Content-Length'), length $answer->body, '... has its length');
        is(ask($path, method => 'OPTIONS')->header('Allow'), 'GET, HEAD, OPTIONS', "OPTIONS of $path");
        is_problem(ask($path, method => 'POST', as => 'acme', json => {}), 405, 'method-not-allowed', "POST to $path");
        is_problem(ask("$path?x=1"), 400, 'bad-parameter', "$path with a query");
        is_problem(ask("$path/"), 404, 'not-found', "$path with a slash");
        is_status(ask($path, as => 'acme'), 200, "$path with a key");
        is_status(ask($path, host => 'nobody.example.com'), 200, "$path of any Host");
    }
};

subtest 'it costs little' => sub {
    is_status(ask('ready'), 200, 'ready');
    my $client = $server->client;
    my $began = time;
    my $count = count_statements(sub { $client->request(GET => '/v1/ready') for 1 .. 200 });
    my $seconds = 1 + int(time - $began);
    # each second one statement, and four of the new connection's; what the listener and the test itself send
    cmp_ok($count, '<=', 40 + 10 * $seconds, '200 questions are few statements') or diag "$count in $seconds s";
    is(scalar backends($site), 1, 'of one connection at most') if backends($site);
};

subtest 'in the clear' => sub {
    local $server = start(server => $peer);
    my @far = ('X-Test-Peer' => '192.0.2.7');
    is_status(ask($_, headers => [@far]), 200, "$_ from elsewhere") for qw(ready live);
    is_status(ask('ready', headers => [@far], method => 'HEAD'), 200, 'HEAD too');
    is_problem(ask($_, headers => [@far, bearer('acme')]), 403, 'https-required', "$_ with a key") for qw(ready live);
    is_problem(ask('ready', headers => [@far, 'X-API-Key' => tenant('acme')->{key}]), 403, 'https-required', 'with a key in its own header');
    is_problem(ask('ready', headers => [@far, Authorization => 'Basic YTpi']), 403, 'https-required', 'with a login');
    is_problem(ask($_, headers => [@far]), 403, 'https-required', "nothing else: /v1/$_") for '', 'problems', 'openapi.json', 'readyx', 'ready/';
    is_problem(ask('ready', headers => [@far, bearer('mt_wrong')]), 403, 'https-required', 'a wrong key');
};

subtest 'PostgreSQL is stopped' => sub {
    $_->disconnect for values %{ $site->{dbh} };
    $cluster->stop;
    gets_unready('database-away', 'it is not ready within seconds');
    is_unready('database-away', 'away');
    {
        local $server = start();
        is_unready('database-away', 'a child that was never connected');
    }
    $cluster->start;
    gets_ready('it is ready again, without any request of a tenant');
};

subtest 'PostgreSQL is restarted' => sub {
    for my $mode (qw(fast immediate)) {
        restart($site, $mode);
        gets_ready("$mode: it is ready");
        is_status(ask('calls/1', as => 'acme'), 200, '... and is right');
    }
};

subtest 'PostgreSQL is frozen' => sub {
    is_status(ask('calls/1', as => 'acme'), 200, 'there is a connection');
    my $postmaster = do { open my $file, '<', $cluster->data_dir . '/postmaster.pid' or die $!; 0 + readline $file };
    my @frozen = ($postmaster, backends($site));
    freeze(@frozen);
    sleep 1.1;
    is_unready('database-away', 'frozen');
    sleep 3;    # the connector has given up by now
    is_unready('database-away', 'still frozen');
    my @clients = map { $server->client } 1 .. 6;
    my $began = time;
    $_->send(GET => '/v1/ready') for @clients;
    is_deeply([map { $_->receive->status } @clients], [(503) x 6], 'to several at once');
    cmp_ok(time - $began, '<', 5, 'who do not wait for one another in turn');
    thaw(@frozen);
    gets_ready('it heals');
};

subtest 'the database is refused' => sub {
    my $dbh = $site->dbh;
    $dbh->do('ALTER TABLE products NO FORCE ROW LEVEL SECURITY');
    end_backends($site);
    gets_unready('misconfigured', 'it is not ready within seconds');
    is_unready('misconfigured', 'a table without its wall');
    $dbh->do('ALTER TABLE products FORCE ROW LEVEL SECURITY');
    gets_ready('mended');

    my ($change) = $dbh->selectrow_array(q{SELECT change FROM sqitch.changes ORDER BY planned_at DESC, change LIMIT 1});
    $dbh->do('UPDATE sqitch.changes SET change = ? WHERE change = ?', undef, "$change-later", $change);
    end_backends($site);
    gets_unready('misconfigured', 'a change that is not deployed');
    is_unready('misconfigured', 'an unmigrated database');
    $dbh->do('UPDATE sqitch.changes SET change = ? WHERE change = ?', undef, $change, "$change-later");
    gets_ready('deployed');
};

subtest 'an empty database' => sub {
    $site->dbh('postgres')->do('CREATE DATABASE nothing');
    local $server = start(database => $site->conninfo('nothing'));
    gets_unready('misconfigured', 'it is found out');
    is_unready('misconfigured', 'without a schema');
};

subtest 'a busy pool' => sub {
    role_setting($site, $_ => '20s') for qw(lock_timeout statement_timeout);
    my $brake = brake($site);
    local $server = start(server => 'TenantPool max=1 statement=20s');
    $brake->hold;
    my $client = $server->client;
    is_status(ask('ready'), 200, 'ready');
    $client->send(GET => '/v1/calls', headers => [bearer('acme')]);
    waiting_backends($site, 1);
    sleep 1.1;
    is_unready('pool-exhausted', 'no connection is free for a second');
    $brake->release;
    is($client->receive->status, 200, 'the request ends');
    is_status(ask('ready'), 200, 'ready at once: that was a proof');
};

subtest 'the administration' => sub {
    local $server = start(database => $site->{conninfo} . '" admin="' . $site->conninfo($site->{database}, 'tenant_admin'),
        server => "<Location \"/admin\">\nTenantHandler admin\n</Location>");
    is_problem(request(GET => "/admin/$_", to => $server), 403, 'admin-unprotected', "$_ is for those who have logged in, as all there")
        for qw(ready live);
};

subtest 'a child that ends' => sub {
    local $server = start();
    is_status(ask('ready'), 200, 'ready');
    my $client = $server->client;
    $client->write("GET /v1/ready HTTP/1.1\r\nHost: api.example.net\r\n", 'GET');
    my $pid = $server->pid;
    ok($client->wait_until_read, 'a thread reads a request');
    kill WINCH => $pid;
    ok(wait_until { !IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $server->port) }, 'it takes no new connection');
    $client->write("\r\n");
    is_problem($client->receive, 503, 'draining', 'who has one hears of it');
};

done_testing;
