# SPDX-License-Identifier: Apache-2.0
#
# A tenant whose clients hardly read what comes from Twilio, or that asks while Twilio is slow, holds a share of the threads,
# and other tenants are served.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Fault;
use TenantTest::Gateway;
use TenantTest::TwilioStub;

plan skip_all => TenantTest::TwilioStub->missing if TenantTest::TwilioStub->missing;

my $threads = 8;
my $gateway = TenantTest::Gateway->start(processes => 1, threads => $threads, pool => "max=$threads wait=1s",
    server => "Timeout 120\nProxyTimeout 60\nSendBufferSize 65536\nAsyncRequestWorkerFactor 32\n");
my $stub = $gateway->stub;
my $server = $gateway->server;
my $acme = $gateway->account('acme');
my $globex = $gateway->account('globex', phone => '+12025550177');
my ($recording) = $stub->put(recordings => { account_sid => $acme->{sid} });
is_status(request(POST => '/v1/recordings', as => 'acme', to => $server, json => { sid => $recording->{sid} }), 201, 'there is a recording');

# That another tenant is served, here and by Twilio, for some seconds.
sub others_are_served {
    my ($name, %ask) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %seen;
    for (my $until = time + 3; time < $until; sleep 0.1) {
        my $response = request(GET => '/v1/calls?limit=5', as => 'globex', to => $server, timeout => 15);
        $seen{ 'the API: ' . $response->status }++;
        $response = $globex->get('Calls.json', timeout => 15);
        $seen{ 'Twilio: ' . $response->status }++;
        last if grep {/: 0$/} keys %seen;
    }
    return is_deeply([sort keys %seen], ['Twilio: 200', 'the API: 200'], "$name: another tenant is served") || diag explain \%seen;
}

# So many requests of acme's that are under way. Of those that wait for a seat most have been refused when this returns.
sub crowd {
    my ($path) = @_;
    my @clients = map { $server->client(buffer => 4096) } 1 .. 3 * $threads;
    $_->send(GET => $path, headers => [bearer('acme')]) for @clients;
    sleep 0.5;
    return @clients;
}

# What the clients get in the end, by status.
sub outcome {
    my (@clients) = @_;
    my %seen;
    for my $client (@clients) {
        my $response = $client->receive;
        $seen{ $response->status }++;
        fail('an answer is cut: ' . $response->error) if defined $response->error;
        cmp_ok($response->header('Retry-After') // 0, '>', 0, 'who is refused learns when to come again') if $response->status == 429 && $seen{429} == 1;
    }
    return \%seen;
}

subtest 'clients that hardly read' => sub {
    $stub->set(media => 4_000_000);
    for my $path ($acme->path("Recordings/$recording->{sid}.mp3"), "/v1/recordings/$recording->{sid}.mp3") {
        my @clients = crowd($path);
        others_are_served($path);
        my $seen = outcome(@clients);
        is_deeply([sort keys %$seen], [200, 429], "$path: some sounds come whole, the others are refused") or diag explain $seen;
        is_status($acme->get('Calls.json'), 200, '... and then the tenant is served as ever');
    }
    $stub->set(media => 65536);
};

subtest 'a seat is given back' => sub {
    my $client = $server->client;
    my %seen;
    for my $n (1 .. 4 * $threads) {
        my ($fault) = (undef, { fault => 'answer', status => 302, headers => { Location => 'https://example.com/' } })[$n % 2];
        $stub->faults($fault ? $fault : ());
        $seen{ $acme->get('Calls.json', on => $client)->status }++;
    }
    is_deeply([sort keys %seen], [200, 502], 'as soon as the answer has ended, or is refused') or diag explain \%seen;
};

subtest 'a Twilio that is slow' => sub {
    $stub->faults({ fault => 'stall', bytes => 0, match => $acme->{sid}, times => 0 });
    my @clients = crowd($acme->path('Calls.json'));    # they stay until the end
    others_are_served('slow');
    $stub->faults;
};

is($stub->log, '', 'the stub is well');
done_testing;
