# SPDX-License-Identifier: Apache-2.0
#
# The gateway for clients of HTTP/2, whose requests run beside each other in connections of httpd's own making.

use strict;
use warnings;

use JSON::PP ();
use Test::More;

use TenantTest;
use TenantTest::Fault qw(wait_until);
use TenantTest::Gateway;
use TenantTest::Twilio;
use TenantTest::TwilioStub;

plan skip_all => TenantTest::TwilioStub->missing if TenantTest::TwilioStub->missing;

my $gateway = TenantTest::Gateway->start(processes => 1, location => 'TenantGatewayRate off', server => <<'END');
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
Protocols h2 http/1.1
ProxyTimeout 2
END
my $server = $gateway->server;
my $stub = $gateway->stub;
my $acme = $gateway->account('acme');
my ($recording) = $stub->put(recordings => { account_sid => $acme->{sid} });
my $url = 'https://127.0.0.1:' . $server->tls_port;

# What curl says of some URLs on one connection: [version and status, body] of each.
sub curl {
    my (@arguments) = @_;
    my ($name, $value) = bearer('acme');
    open my $out, '-|', 'curl', '-s', '-m', 20, '--cacert', $server->{ca}, '--http2', '-w', "\\n%{http_version} %{http_code}\\n", '-H', "$name: $value",
        @arguments or die "curl: $!";
    my $text = do { local $/; <$out> };
    close $out;
    my @answers;
    push @answers, [$2, $1] while $text =~ /\G(.*?)\n(\d\S* \d+)\n/gs;
    return @answers;
}

my @lists = curl(map { $url . $acme->path('Calls.json') } 1 .. 10);
is_deeply([map { $_->[0] } @lists], [('2 200') x 10], 'lists');
is(scalar(my @asked = $stub->requests), 10, '... each is asked for');

my ($call) = curl('-d', TenantTest::Twilio::encoded(From => $acme->{phone}, To => '+12025550100', Url => 'https://example.com/'), $url . $acme->path('Calls.json'));
is($call->[0], '2 201', 'a call');
my $sid = JSON::PP::decode_json($call->[1])->{sid};
wait_until { row('SELECT 1 FROM calls WHERE sid = ?', $sid) } 10;
is(row('SELECT status FROM calls WHERE sid = ?', $sid), 'queued', '... has a row');

my ($missing) = curl($url . $acme->path('Keys.json'));
is($missing->[0], '2 404', 'what is not allowed');
is(JSON::PP::decode_json($missing->[1])->{code}, 20404, '... in the shape of Twilio');

for my $fault ({ fault => 'break', bytes => 0 }, { fault => 'break' }, { fault => 'stall' }, { fault => 'raw', text => "nothing\r\n" }) {
    $stub->faults($fault);
    my ($answer) = curl($url . $acme->path('Calls.json'));
    is($answer->[0], '2 502', "$fault->{fault}: no answer") or diag $answer->[1];
    is(JSON::PP::decode_json($answer->[1])->{code}, 20502, '... in the shape of Twilio');
}

is_status(request(POST => '/v1/recordings', as => 'acme', to => $server, json => { sid => $recording->{sid} }), 201, 'a recording');
my ($sound) = curl('-r', '0-9', "$url/v1/recordings/$recording->{sid}.mp3");
is($sound->[0], '2 206', '... is heard');
is($sound->[1], join('', map {chr} 0 .. 9), '... byte by byte');

is($stub->log, '', 'the stub is well');
done_testing;
