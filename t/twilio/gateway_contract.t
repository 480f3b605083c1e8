# SPDX-License-Identifier: Apache-2.0
#
# What the gateway forwards is what Twilio's own OpenAPI document allows for, by Stoplight's Prism: each request that the stub
# has got is sent to `prism mock` as well, byte for byte, and Prism takes it.

use strict;
use warnings;

use IO::Socket::INET;
use POSIX ();
use Test::More;

use TenantTest;
use TenantTest::Client;
use TenantTest::Corpora;
use TenantTest::Fault qw(wait_until);
use TenantTest::Gateway;
use TenantTest::Packages;
use TenantTest::Server;
use TenantTest::TwilioStub;

plan skip_all => packages_missing('t/node') if packages_missing('t/node');
my $document = twilio_document();
plan skip_all => "Twilio's OpenAPI document is not there" if !defined $document;

my $port = TenantTest::Server::free_port();
my $pid = fork // die "fork: $!";
if (!$pid) {
    open STDIN, '<', '/dev/null';
    open STDOUT, '>', site->{scratch} . '/prism-twilio.log';
    open STDERR, '>&', \*STDOUT;
    exec 'node', 't/node/node_modules/.bin/prism', 'mock', $document, '--errors', '--port', $port or POSIX::_exit(127);
}
END { kill TERM => $pid if $pid }

my $gateway = TenantTest::Gateway->start(
    processes => 1,
    location  => "TenantGatewayRate off\nTenantGatewayFrom any",
    server    => "<Location /twilio>\nTenantHandler twilio\nTenantPublicURL https://acme.example.com\n</Location>\n",
);
my $stub = $gateway->stub;
my $acme = $gateway->account('acme');
my ($recording) = $stub->put(recordings => { account_sid => $acme->{sid} });

# Prism's status for a request that the stub has got.
sub judged {
    my ($request, %change) = @_;
    my @headers = map { [@{ $request->{headers} }[2 * $_, 2 * $_ + 1]] } 0 .. $#{ $request->{headers} } / 2;
    @headers = grep { $_->[0] !~ /^(?:host|connection|content-length|transfer-encoding)$/i } @headers;
    @headers = grep { $_->[0] !~ /^\Q$change{without}\E$/i } @headers if $change{without};
    my $body = $change{body} // $request->{body};
    $body =~ s/&(?:StatusCallbackEvent|MediaUrl)=[^&]*//g;    # Prism takes no form for an array, be it of one
    my $answer = TenantTest::Client->new(port => $port, timeout => 60)->request($request->{method} => $request->{url}, headers => [map { @$_ } @headers],
        length $body ? (body => $body) : ());
    return $answer->status;
}

ok((wait_until { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") } 120), 'Prism runs') or BAIL_OUT('prism');

my %ask = (
    'a call'                       => sub { $acme->call },
    'a call with more'             => sub { $acme->call(Timeout => 30, StatusCallbackEvent => 'ringing', StatusCallbackEvent => 'completed') },
    'a call with TwiML'            => sub { $acme->post('Calls.json', From => $acme->{phone}, To => '+12025550100', Twiml => '<Response/>') },
    'a message'                    => sub { $acme->message(Body => "Gr\x{c3}\x{bc}\x{c3}\x{9f}e & more + 1") },
    'a message with media'         => sub { $acme->message(MediaUrl => 'https://example.com/1.png', MediaUrl => 'https://example.com/2.png') },
    'the calls'                    => sub { $acme->get('Calls.json?PageSize=20&Status=completed') },
    'the messages'                 => sub { $acme->get('Messages.json?PageSize=20') },
    'the recordings'               => sub { $acme->get('Recordings.json') },
    'a recording'                  => sub { $acme->get("Recordings/$recording->{sid}.json") },
    'a call that ends'             => sub { $acme->post('Calls/CA' . '0' x 32 . '.json', Status => 'completed') },
    'a call that is not there'     => sub { $acme->get('Calls/CA' . '0' x 32 . '.json') },
    'a message that goes'          => sub { $acme->ask(DELETE => 'Messages/SM' . '0' x 32 . '.json') },
    'a recording of a call'        => sub { $acme->post('Calls/CA' . '0' x 32 . '/Recordings.json', RecordingChannels => 'dual') },
);

for my $records (0, 1) {
    is_status(request(PATCH => '/v1/settings', as => 'acme', to => $gateway->server, json => { auto_record_calls => $records ? JSON::PP::true() : JSON::PP::false() }), 200);
    for my $name (sort keys %ask) {
        $stub->requests;
        $ask{$name}->();
        my @requests = $stub->requests;
        is(scalar @requests, 1, "$name: Twilio is asked");
        # 500: the request is fine, and the document's own example of an answer is not
        like(judged($requests[0]), qr/^(?:2|500$)/, '... as its document says') or diag explain $requests[0];
        next if $name ne 'a call';
        is(judged($requests[0], body => $requests[0]{body} =~ s/(?:^|&)To=[^&]*//r), 422, '... which Prism looks at: a call to nobody');
        is(judged($requests[0], without => 'Authorization'), 401, '... and one by nobody');
        like($requests[0]{body}, $records ? qr/&Record=true&/ : qr/&StatusCallback=/, '... with what the gateway adds');
    }
}

is($stub->log, '', 'the stub is well');
done_testing;
