# SPDX-License-Identifier: Apache-2.0
# TenantLinger: after an answer a thread stays with the client for a moment, and nobody is the worse for it.
use strict;
use warnings;

use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Fault;

# The longest that may be said: so long a thread stays where it must not, a client waits where it need not.
my $longest = 1;

# Rows of 4 KB: 8 MB are more than the kernel keeps for a client that does not read.
my $conninfo = database('linger');
sql({ database => 'linger' }, <<'SQL');
INSERT INTO messages (sid, tenant_id, body, created_at)
SELECT format('MM2%s', lpad(n::text, 31, '0')), 1, repeat('x', 4000), now() FROM generate_series(1, 2000) n
SQL

sub start {
    my (%option) = @_;
    my $linger = exists $option{linger} ? $option{linger} : '1s';
    return TenantTest::Server->start(
        database  => $conninfo,
        processes => 1,
        %option,
        server => join "\n", defined $linger ? "TenantLinger $linger" : (), $option{server} // (), <<'CONFIG');
LogFormat "%{tid}P" thread
CustomLog "${test_logs}/thread_log" thread
<Location "/server-status">
    SetHandler server-status
</Location>
CONFIG
}

# Whether it comes to pass within some tries: a machine that stands still for a while proves nothing.
sub ever(&) {
    my ($try) = @_;
    for (1 .. 10) {
        return 1 if $try->();
    }
    return 0;
}

# Whether all that is done within the time that a thread lingers, at least once in some tries.
sub is_prompt(&$) {
    my ($deed, $name) = @_;
    return ok(ever { my $began = time; $deed->(); time - $began < 0.7 * $longest }, "$name: at once");
}

sub get {
    my ($client, $target, @headers) = @_;
    return $client->request(GET => $target // '/v1/calls/1', headers => [bearer('acme'), @headers]);
}

sub is_served {
    my ($client, $name) = @_;
    return is_status(get($client), 200, $name);
}

# How many threads linger: mod_status shows each of them as one that waits for a kept connection.
sub lingering {
    my ($server) = @_;
    my ($scoreboard) = request(GET => '/server-status?auto', to => $server)->body =~ /^Scoreboard: (\S+)/m or die 'no scoreboard';
    return scalar(() = $scoreboard =~ /K/g);
}

# Whether one does, and has not merely been seen on its way to give a connection back.
sub one_stays {
    my ($server) = @_;
    for (my $until = time + 0.5 * $longest; time < $until; sleep 0.02) {
        return 0 unless lingering($server);
    }
    return 1;
}

# The threads that so many requests one after the other on a new connection are served by.
sub threads {
    my ($server, $count, %option) = @_;
    my $log = TenantTest::Log->new("$server->{logs}/thread_log");
    my $client = $server->client(%option);
    get($client)->status == 200 or die 'no answer' for 1 .. $count;
    wait_until { $log->matching(qr/./) == $count } or die 'not all are logged';
    my %threads = map { $_ => 1 } $log->matching(qr/./);
    return keys %threads;
}

# A connection that has asked for something long and reads nothing.
sub slow_reader {
    my ($server, $target, @headers) = @_;
    my $client = $server->client;
    setsockopt $client->{socket}, SOL_SOCKET, SO_RCVBUF, 65536;
    return $client->send(GET => $target, headers => [bearer('acme'), @headers]);
}

subtest 'a thread stays with its client' => sub {
    my $server = start(threads => 25);
    for my $tls (0, 1) {
        ok(ever { threads($server, 20, tls => $tls) == 1 }, 'one thread serves 20 requests' . ($tls ? ' over TLS' : ''));
    }
    ok(!(grep { threads(start(threads => 25, linger => $_), 20) == 1 } 'off', '0'), 'several do where it is off');
    ok(ever { threads(start(threads => 25, linger => undef), 3) == 1 }, 'by default it is on');
};

subtest 'a virtual host has its own' => sub {
    my $server = start(server => <<'CONFIG');
<VirtualHost 127.0.0.1:${test_port}>
    ServerName off.example.com
    TenantLinger off
    <Location "/v1">
        TenantHandler api
    </Location>
</VirtualHost>
CONFIG
    ok(ever { is_served(my $off = $server->client, 'where it is off'); !one_stays($server) }, 'no thread stays');
    ok(ever { is_served(my $on = $server->client(tls => 1), 'where it is inherited'); lingering($server) }, 'one does');
};

subtest 'nothing waits for the thread that stays' => sub {
    my $server = start(server => 'SetOutputFilter DEFLATE');
    my $access = $server->access_log;
    ok(ever {
        is_served(my $client = $server->client, 'an answer');
        $access->wait_for(qr{GET /v1/calls/1}) && lingering($server) == 1;
    }, 'is logged while the thread stays, which is shown as waiting for a kept connection');

    my @bearer = (headers => [bearer('acme')]);
    my $get = "GET /v1/calls/1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: $bearer[1][1]\r\n\r\n";
    my $product = json({ name => 'x' });
    for my $tls (0, 1) {
        my $over = $tls ? ', over TLS' : '';
        my $client = $server->client(tls => $tls);
        is_prompt { is_served($client, "row$over") } "a row$over";
        is_prompt { is_status(get($client, '/v1/nothing'), 404) } "an error$over";
        is_prompt { is_status(get($client, '/v1/calls?limit=50', 'Accept-Encoding' => 'gzip'), 200) } "a compressed list$over";
        is_prompt { is_status(get($client, '/v1/calls', Accept => 'application/x-ndjson'), 200) } "a stream$over";
        is_prompt { is_status($client->request(HEAD => '/v1/calls/1', @bearer), 200) } "a HEAD$over";
        is_prompt { is_status($client->request(OPTIONS => '/v1/calls/1'), 204) } "an answer without a body$over";
        is_prompt {
            is_status($client->request(POST => '/v1/products', body => $product,
                headers => [bearer('acme'), 'Content-Type' => 'application/json', Expect => '100-continue']), 201)
        } "a body that was announced$over";
        is_prompt {
            $client->write($get x 2);
            is_deeply([map { $client->receive->status } 1, 2], [200, 200]);
        } "a request behind another one$over";
        is_prompt { $client->write("$get\r\n\r\n"); is_status($client->receive, 200) } "blank lines$over";
        is_served($client, "the next request$over");
    }
};

subtest 'the client decides' => sub {
    my $server = start(threads => 4);
    ok(ever {
        is_served(my $client = $server->client, 'a client');
        my $stays = lingering($server);
        $client->close;
        $stays && !one_stays($server);
    }, 'one that goes frees the thread at once');

    my $client = $server->client;
    is_served($client, 'a client');
    ok(ever {
        sleep 1.3 * $longest;
        is_served($client, 'that comes back late is served');
        !one_stays($server);
    }, 'is not waited for then');
    ok(ever { is_served($client, 'and comes back at once'); is_served($client, '') && lingering($server) }, 'is waited for again');

    $server = start(server => 'KeepAliveTimeout 100ms');
    ok(ever { is_served(my $kept = $server->client, 'a short KeepAliveTimeout'); $kept->is_closed(0.7 * $longest) }, 'is no longer for that');
    $server = start(server => 'MaxKeepAliveRequests 2');
    is_prompt {
        my $last = $server->client;
        1 until (get($last)->header('Connection') // '') =~ /close/i;
        ok($last->is_closed(20), 'the last of so many closes');
    } 'MaxKeepAliveRequests';
    $server = start(server => 'RequestReadTimeout header=1');
    is_served($client = $server->client, 'a client');
    ok($client->write('GET /v1/ca')->is_closed(20), 'that takes too long over its next request is cut off');
};

subtest 'threads are left for others' => sub {
    # room for more connections than threads, whatever those do
    my $server = start(threads => 4, location => 'TenantPageSize 50 2000', server => "AsyncRequestWorkerFactor 20\nFlushMaxThreshold 16000000\nSendBufferSize 65536");
    my @clients;
    ok(ever {
        @clients = map { $server->client } 1 .. 12;
        my $began = time;
        get($_)->status == 200 or die 'no answer' for @clients;
        my $stay = lingering($server);
        $stay > 0 && $stay <= 2 && time - $began < 0.7 * $longest;
    }, '12 clients need not wait: of four threads no more than two stay');

    # answers that httpd keeps whole, and the kernel does not
    my $access = $server->access_log;
    my @slow = map { slow_reader($server, '/v1/messages?limit=2000') } 1 .. 5;
    sleep 0.3;
    is_status(request(GET => '/v1/calls/1', as => 'acme', to => $server, timeout => 15), 200, 'no thread stays with slow readers');
    is(scalar $access->matching(qr{/v1/messages}), 0, 'who are being written to yet');
    my $page = request(GET => '/v1/messages?limit=2000', as => 'acme', to => $server)->json;
    cmp_ok(scalar @{ $page->{data} }, '>', 200, 'a long page');
    is_deeply($_->receive->json, $page, 'which they get whole') for @slow;
};

subtest 'a stop' => sub {
    my $server;
    ok(ever {
        $server = start(server => 'ServerLimit 4');
        my $streamed = slow_reader($server, '/v1/messages', Accept => 'application/x-ndjson');
        is_served(my $kept = $server->client, 'a client that is waited for');
        my @old = $server->children;
        my %new;
        $server->graceful;
        is_served($server->client, 'the next generation serves');
        cmp_ok(scalar(() = $streamed->receive->body =~ /\n/g), '>', 2000, 'a stream is sent to its end');
        my $is_closed = $streamed->is_closed(0.7 * $longest);
        ok($kept->is_closed(20), 'the client is let go');
        ok(wait_until { %new = map { $_ => 1 } $server->children; !grep { $new{$_} } @old }, 'the old child ends');
        $is_closed;
    }, 'nobody is waited for behind a graceful one');

    is_served(my $kept = $server->client, 'a client that is waited for');
    my $began = time;
    $server->stop;
    cmp_ok(time - $began, '<', 9, 'the server stops');
};

for my $mpm (qw(worker prefork)) {
    subtest "the $mpm MPM" => sub {
        my $server = start(mpm => $mpm, processes => 2, threads => $mpm eq 'prefork' ? 1 : 4);
        my $client = $server->client;
        like(TenantTest::Server::_read("$server->{logs}/error_log"), qr/\[mpm_$mpm:/, 'it is that one');
        is_prompt { is_served($client, 'a request') for 1 .. 5 } 'its requests';
    };
}

subtest 'HTTP/2' => sub {
    my $server = start(server => <<'CONFIG');
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
Protocols h2 http/1.1
CONFIG
    my %bearer = bearer('acme');
    my $url = 'https://127.0.0.1:' . $server->tls_port . '/v1/calls/1';
    is_prompt {
        is(qx(curl -s --http2 --cacert $server->{ca} -H 'Authorization: $bearer{Authorization}' -o /dev/null -o /dev/null -o /dev/null -w '%{http_version} %{http_code} ' $url $url $url),
            '2 200 ' x 3, 'its streams are answered');
    } 'HTTP/2';
};

done_testing;
