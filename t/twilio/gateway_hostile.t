# SPDX-License-Identifier: Apache-2.0
#
# What the gateway makes of a Twilio that is none: answers that are no HTTP, that never end, that lead elsewhere, and
# servers that cannot prove who they are. The client gets an error of Twilio's shape, in time; nobody else gets a secret.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);

use TenantTest;
use TenantTest::Backend;
use TenantTest::Gateway;
use TenantTest::TwilioStub;

plan skip_all => TenantTest::TwilioStub->missing if TenantTest::TwilioStub->missing;

my $other = TenantTest::TwilioStub->start;    # a certificate that another authority has signed
my $unknown = $other->https =~ s/127\.0\.0\.1/localhost/r;
my $elsewhere = TenantTest::Backend->answer(sub { return TenantTest::Backend::ok('elsewhere') });
my $gateway = TenantTest::Gateway->start(processes => 1, location => 'TenantGatewayRate off', server => <<"END");
ProxyTimeout 2
<Location "/unknown/">
    TenantGateway on
    ProxyPass "$unknown/"
</Location>
<Location "/address/">
    TenantGateway on
    ProxyPass "https://127.1:\${stub_port}/"
</Location>
<Location "/refused/">
    TenantGateway on
    ProxyPass "https://localhost:1/"
</Location>
<Location "/nowhere/">
    TenantGateway on
    ProxyPass "https://nowhere.invalid/"
</Location>
END
my $stub = $gateway->stub;
my $acme = $gateway->account('acme');
my ($worker) = $gateway->server->workers;

sub through { my ($name, $path) = @_; return $acme->path($path) =~ s{^/gateway/}{/$name/}r }

# A fault of the stub, and that the client gets an error, be it the first on its connection or a later one.
sub is_none {
    my ($name, $status, $fault, %option) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    for my $kind ('first', 'on a connection that has had requests') {
        my $client = $gateway->server->client;
        is_status($acme->get('Calls.json', on => $client), 200, "$name: a good one") if $kind ne 'first';
        $stub->faults($fault);
        my $began = time;
        my $response = $option{ask} ? $option{ask}->($client) : $acme->get('Calls.json', on => $client);
        is_fault($response, $status, 20000 + $status, "$name, $kind");
        cmp_ok(time - $began, '<', 12, "$name: in time");
        if (($response->header('Connection') // '') ne 'close') {
            my $next;
            for (1 .. 3) {    # the stub closes its connection when the next request may be on its way there
                $next = $acme->get('Calls.json', on => $client);
                last if $next->status != 502;
            }
            is_status($next, 200, "$name, $kind: nothing is left of it");
        }
        unlike(join("\n", map { $_ // '' } %$response), qr/\Q$acme->{secret}\E|\Q$acme->{token}\E/, "$name: no secret");
    }
    $stub->faults;
}

# Bytes of memory that a process has held at most.
sub resident {
    my ($pid) = @_;
    open my $status, '<', "/proc/$pid/status" or return 0;
    my ($size) = map { /^VmHWM:\s+(\d+) kB/ ? 1024 * $1 : () } <$status>;
    return $size;
}

sub raw { my ($text, @more) = @_; return { fault => 'raw', text => $text, @more } }

subtest 'answers that are none' => sub {
    is_none('a bad status line', 502, raw("SMTP ready\r\n\r\n"));
    is_none('HTTP/0.9', 502, raw('{"calls":[]}'));
    is_none('HTTP/2.0', 502, raw("HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
    is_none('a status that there is not', 502, raw("HTTP/1.1 999 What\r\nContent-Length: 2\r\n\r\n{}"));
    is_none('nothing', 502, raw(''));
    is_none('a connection that is cut', 502, { fault => 'break', bytes => 20 });
    is_none('a connection that is cut in the body', 502, { fault => 'break' });
    is_none('a cut body of a length', 502, raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"calls\":["));
    is_none('a cut body in chunks', 502, raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"cal"));
    is_none('bad chunks', 502, raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"));
    is_none('headers that are none', 502, raw("HTTP/1.1 200 OK\r\nWhat\r\n\r\n{}"));
    is_none('interim answers without end', 502, raw('', piece => "HTTP/1.1 103 Early\r\n\r\n", most => 10_000));
};

subtest 'answers that do not come' => sub {
    for my $bytes (0, 10) {
        my $response = do { $stub->faults({ fault => 'stall', bytes => $bytes }); $acme->get('Calls.json') };
        like($response->status, qr/^50[24]$/, "a stall in the head, at $bytes");
        is_fault($response, $response->status, 20000 + $response->status, '... in the shape of Twilio');
    }
    is_none('a stall in the body', 502, { fault => 'stall' });
};

subtest 'answers that do not end' => sub {
    my $before = resident($worker);
    is_none('headers', 502, raw("HTTP/1.1 200 OK\r\n", piece => "X-More: " . 'x' x 1000 . "\r\n", most => 300_000_000));
    is_none('headers of many lines', 502, raw("HTTP/1.1 200 OK\r\nX-More: a\r\n", piece => " more\r\n", most => 300_000_000));
    is_none('a header', 502, raw("HTTP/1.1 200 OK\r\nX-More: ", piece => 'x' x 10_000, most => 300_000_000));
    is_none('a status line', 502, raw('HTTP/1.1 200 ', piece => 'x' x 10_000, most => 300_000_000));
    is_none('a length of 100 MB', 502, raw("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n", piece => 'x' x 10_000, most => 104_857_600));
    is_none('a redirect of 100 MB', 502, raw("HTTP/1.1 302 Found\r\nLocation: https://localhost/\r\n\r\n", piece => 'x' x 10_000, most => 104_857_600));

    $stub->faults(raw("HTTP/1.1 200 OK\r\n\r\n", piece => 'x' x 10_000, most => 104_857_600));
    my $response = $acme->get('Calls.json');
    is($response->status, 200, 'a body without a length begins');
    ok(defined $response->error, '... and is broken off');
    cmp_ok(length($response->body // ''), '<', 17_000_000, '... in time');
    cmp_ok(resident($worker) - $before, '<', 48 * 1024 * 1024, 'the memory is bounded, whatever 300 MB come');
};

subtest 'redirects' => sub {
    for my $status (300, 301, 302, 303, 305, 307, 308) {
        is_none("a redirect by $status", 502, { fault => 'answer', status => $status, headers => { Location => $elsewhere->url } });
    }
    is_none('a redirect of a call', 502, { fault => 'answer', status => 307, headers => { Location => $elsewhere->url } },
        ask => sub { return $acme->call({ on => $_[0] }) });
};

subtest 'who cannot prove that it is Twilio' => sub {
    $other->account($acme->{sid}, $acme->{token}, { $acme->{key} => $acme->{secret} });
    is_fault($acme->get(through(unknown => 'Calls.json')), 502, 20502, 'a certificate of another authority');
    is(scalar(my @none = $other->requests), 0, '... gets nothing');
    $stub->requests;
    is_fault($acme->get(through(address => 'Calls.json')), 502, 20502, 'a certificate of another name');
    is(scalar(@none = $stub->requests), 0, '... gets nothing');
    my $response = $acme->get(through(refused => 'Calls.json'));
    is_fault($response, 503, 20503, 'nobody');
    $response = $acme->get(through(nowhere => 'Calls.json'), timeout => 120);    # a resolver that nobody answers gives up late
    is_fault($response, $response->status, 20000 + $response->status, 'a name that there is not');
};

subtest 'what is left' => sub {
    is_status($acme->get('Calls.json'), 200, 'the gateway is well');
    is_deeply([$gateway->server->workers], [$worker], 'no child has ended');
};

done_testing;
