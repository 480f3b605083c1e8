# SPDX-License-Identifier: Apache-2.0
# Clients that are slow, go away, or cannot frame a body.
use strict;
use warnings;

use Socket qw(SOL_SOCKET SO_RCVBUF SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Fault;

# A page of 1 MiB, which is where it ends whatever its limit: more than the kernel keeps for a client that does not read, whose
# buffers are small.
my $conninfo = database('fault_client');
sql({ database => 'fault_client' }, <<'SQL');
INSERT INTO messages (sid, tenant_id, body, created_at)
SELECT format('MM1%s', lpad(n::text, 31, '0')), 1, repeat('x', 4096), now() FROM generate_series(1, 2000) n
SQL

my $server = TenantTest::Server->start(
    database  => $conninfo,
    processes => 1,
    server    => "TenantPool max=1 wait=2s statement=20s\nTenantCache off\nRequestReadTimeout header=3 body=2\nSendBufferSize 65536",
    location  => 'TenantPageSize 50 5000',
);
my $log = $server->error_log;
my $rows = product_count();

sub product_count { return scalar row({ database => 'fault_client' }, 'SELECT count(*) FROM products') }

sub acme {
    my ($method, $target, %option) = @_;
    return request($method, $target, as => 'acme', to => $server, %option);
}

# The head of a POST with a body that is still to come.
sub post_head {
    my (@headers) = @_;
    my %bearer = bearer('acme');
    return join "\r\n", 'POST /v1/products HTTP/1.1', 'Host: localhost', "Authorization: $bearer{Authorization}",
        'Content-Type: application/json', @headers, '', '';
}

# A connection that has asked for the long list and reads nothing.
sub slow_reader {
    my $client = $server->client;
    setsockopt $client->{socket}, SOL_SOCKET, SO_RCVBUF, 65536;
    return $client->send(GET => '/v1/messages?limit=2000', headers => [bearer('acme')]);
}

sub is_well {
    my ($name) = @_;
    is_status(acme(GET => '/v1/calls/1'), 200, "$name: the one connection is free");
}

subtest 'a client that reads slowly holds no connection' => sub {
    my $access = $server->access_log;
    my $client = slow_reader();
    sleep 0.5;
    is_well('while the client reads nothing') for 1 .. 5;
    is(scalar $access->matching(qr{/v1/messages}), 0, 'the answer is not yet handed over');
    my $list = $client->receive;
    is_status($list, 200, 'which comes whole');
    cmp_ok(length $list->body, '>', 1_000_000, 'with all that a page has');
    is_deeply($list->json, acme(GET => '/v1/messages?limit=2000')->json, 'as anybody gets it');
};

subtest 'a client that sends slowly holds no connection' => sub {
    my $client = $server->client;
    $client->write(post_head('Content-Length: 15') . '{"name"', 'POST');
    sleep 0.2;
    is_well('while the body has not come');
    $client->write(':"slow"}');
    is_status($client->receive, 201, 'then it is taken');
    is(product_count(), ++$rows, 'and written');
};

subtest 'a client that goes away' => sub {
    for my $body ('', '{"name"', '{"name":"gone"}') {
        my $client = $server->client;
        $client->write(post_head('Content-Length: 100') . $body, 'POST');
        sleep 0.1;
        $client->close;
        is_well(sprintf 'after %d of 100 bytes of a body', length $body);
    }
    for my $linger (0, 1) {
        my $client = slow_reader();
        sleep 0.3;
        setsockopt $client->{socket}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) if $linger;    # a reset
        $client->close;
        is_well($linger ? 'after a reset amid an answer' : 'after a close amid an answer');
    }
    # one that sends all and listens to nothing
    $server->client->send(GET => '/v1/messages?limit=2000', headers => [bearer('acme')])->close for 1 .. 5;
    is_well('after answers that nobody took');
    is(product_count(), $rows, 'nothing was written');
};

# Bodies whose frame is broken; each ends its connection, for nobody knows where the next request begins. Where the code is
# undef, httpd refuses the request before it knows of the Location.
my @broken = (
    ['a chunk size that is none',      400, 'bad-request', 'Transfer-Encoding: chunked', "ZZ\r\n{}\r\n0\r\n\r\n"],
    ['a negative chunk size',          400, 'bad-request', 'Transfer-Encoding: chunked', "-5\r\n{}\r\n0\r\n\r\n"],
    ['a chunk size beyond 64 bits',    413, 'body-too-large', 'Transfer-Encoding: chunked', ('f' x 17) . "\r\n{}\r\n0\r\n\r\n"],
    ['a chunk longer than it said',    400, 'bad-request', 'Transfer-Encoding: chunked', "2\r\n{\"name\":\"x\"}\r\n0\r\n\r\n"],
    ['a content length that is none',  400, undef, 'Content-Length: ten', '{"name":"x"}'],
    ['a negative content length',      400, undef, 'Content-Length: -1', '{"name":"x"}'],
);

subtest 'a broken frame' => sub {
    for (@broken) {
        my ($what, $status, $code, $header, $bytes) = @$_;
        my $client = $server->client;
        $client->write(post_head($header) . $bytes, 'POST');
        my $response = $client->receive;
        $code ? is_problem($response, $status, $code, $what) : is($response->status, $status, $what);
        ok($client->is_closed, 'and the connection ends');
    }
    my $client = $server->client;
    $client->write(post_head('Transfer-Encoding: chunked') . "f\r\n{\"name\":\"cut\"}\r\n", 'POST');
    shutdown $client->{socket}, 1;
    is_problem($client->receive, 400, 'bad-request', 'a body without its last chunk');
    is(product_count(), $rows, 'nothing was written');
    is_well('afterwards');
};

subtest 'a body that does not come in time' => sub {
    for my $sent ('', '{"name":') {
        my $client = $server->client;
        $client->write(post_head('Content-Length: 20') . $sent, 'POST');
        my $response = $client->receive;
        is_problem($response, 408, 'request-timeout', sprintf 'after %d of 20 bytes', length $sent);
        ok($client->is_closed(5), 'the connection ends');
    }
    is(product_count(), $rows, 'nothing was written');
    is_well('afterwards');
};

is_deeply([$log->matching(qr/\[tenant:(?:emerg|alert|crit|error)\]/)], [], 'the log has no error: clients make none');
done_testing;
