# SPDX-License-Identifier: Apache-2.0
#
# A client of HTTP/2 that does not take an error keeps nobody from the place that its request has had.

use strict;
use warnings;

use Test::More;

use TenantTest;
use TenantTest::Fault;
use TenantTest::Gateway;
use TenantTest::Http2;
use TenantTest::Server;
use TenantTest::TwilioStub;

my $site = TenantTest::Site->make;
my $stub = TenantTest::TwilioStub->start;
my $gateway = TenantTest::Gateway->start(site => $site, stub => $stub, processes => 1, threads => 8, server => <<"CONFIG");
TenantPool max=8 lists=1 statement=1s wait=300ms
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
Protocols h2 h2c http/1.1
<Location "/away/">
    TenantGateway on
    ProxyPass "https://localhost:1/"
</Location>
CONFIG
my $server = $gateway->server;
my $acme = $gateway->account('acme');

# Has clients that do not take their answers ask, each once the one ahead has one.
sub ask {
    my ($path, $count) = @_;
    my $log = $server->error_log;
    return map {
        my $client = closed_window($server, $path);
        $log->wait_for(qr/statement .* was cut off|AH01144|AH00940|proxy:error/) or diag 'no answer';
        $log->mark;
        $client;
    } 1 .. $count;
}

subtest 'a list' => sub {
    my $list = sub { request(GET => '/v1/calls?limit=5', as => 'acme', to => $server) };
    is_status($list->(), 200, 'the place is free');
    my $lock = lock_table($site, 'calls');
    my @clients = ask('/v1/calls?limit=5', 1);
    $lock->release;
    is_status($list->(), 200, 'and it is, once a list has failed');
};

subtest 'the gateway' => sub {
    my $answer = sub { request(GET => "/$_[0]/2010-04-01/Accounts/$acme->{sid}/Calls.json", as => 'acme', to => $server) };
    is_fault($answer->('away'), 503, 20503, 'where Twilio is away all are told');
    my @clients = ask("/away/2010-04-01/Accounts/$acme->{sid}/Calls.json", 3);
    is_fault($answer->('away'), 503, 20503, 'and those behind them');
    is_status($answer->('gateway'), 200, 'who asks another one is answered');
};

done_testing;
