# SPDX-License-Identifier: Apache-2.0
#
# A recording's sound in the tenant's own API: /recordings/RE….mp3 and .wav, by the tenant's key or a user's login.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;

use TenantTest;
use TenantTest::Gateway;
use TenantTest::TwilioStub;

plan skip_all => TenantTest::TwilioStub->missing if TenantTest::TwilioStub->missing;

my $gateway = TenantTest::Gateway->start(processes => 1, server => <<'END');
ProxyTimeout 2
<Location "/users">
    TenantHandler api
    TenantUserAuthority read
</Location>
<Location "/nobody">
    TenantHandler api
    TenantUserAuthority none
</Location>
END
my $stub = $gateway->stub;
my $acme = $gateway->account('acme');
my $globex = $gateway->account('globex', phone => '+12025550177');
my ($recording) = $stub->put(recordings => { account_sid => $acme->{sid} });
my ($unknown) = $stub->put(recordings => { account_sid => $acme->{sid} });    # no webhook has told of it
my ($foreign) = $stub->put(recordings => { account_sid => $globex->{sid} });

sub get { my ($path, %option) = @_; return request(GET => $path, to => $gateway->server, exists $option{as} ? () : (as => 'acme'), %option) }
sub store { my ($name, $sid) = @_; is_status(request(POST => '/v1/recordings', as => $name, to => $gateway->server, json => { sid => $sid }), 201, 'there is a row') }

store(acme => $recording->{sid});
store(globex => $foreign->{sid});
is_status(request(POST => '/v1/users', as => 'acme', to => $gateway->server, json => { email => 'sound@example.com', password => 'a-password-of-some-length' }), 201, 'there is a user');
my @login = (as => undef, host => tenant('acme')->{host}, headers => [Authorization => 'Basic ' . encode_base64('sound@example.com:a-password-of-some-length', '')]);

sub bytes { return join '', map { chr($_ % 251) } $_[0] .. $_[1] }

subtest 'by the key' => sub {
    my $response = get("/v1/recordings/$recording->{sid}.mp3");
    is_status($response, 200, 'all of it');
    is($response->type, 'audio/mpeg', '... of its type');
    ok($response->body eq bytes(0, 65535), '... byte by byte');
    is($response->header('X-Content-Type-Options'), 'nosniff', '... as it says');
    is($response->header('Cache-Control'), 'private, no-store', '... for nobody else');
    is(get("/v1/recordings/$recording->{sid}.wav")->type, 'audio/x-wav', 'as WAV');

    $response = get("/v1/recordings/$recording->{sid}.mp3", headers => [Range => 'bytes=100-199']);
    is_status($response, 206, 'a part');
    is($response->header('Content-Range'), 'bytes 100-199/65536', '... which is named');
    ok($response->body eq bytes(100, 199), '... byte by byte');
    is_status(get("/v1/recordings/$recording->{sid}.mp3", headers => [Range => 'bytes=70000-']), 416, 'a part that there is not');
    my $head = request(HEAD => "/v1/recordings/$recording->{sid}.mp3", as => 'acme', to => $gateway->server);
    is_status($head, 200, 'HEAD');

    my @requests = $stub->requests;
    my %want = ('Basic ' . encode_base64("$acme->{key}:$acme->{secret}", '') => 1);
    for (@requests) {
        my %headers = @{ $_->{headers} };
        delete $want{wrong} unless $want{ $headers{Authorization} };
        ok($want{ $headers{Authorization} }, "$_->{method} $_->{url}: by the tenant's credentials");
        unlike(join("\n", @{ $_->{headers} }), qr/\Q@{[tenant('acme')->{key}]}\E/, '... and not its key');
    }
};

subtest "Twilio's host does not speak for ours" => sub {
    my %of_host = ('Strict-Transport-Security' => 'max-age=31536000', 'Access-Control-Allow-Origin' => '*', 'Alt-Svc' => 'h3=":443"');
    $stub->faults({ fault => 'answer', status => 200, headers => { 'Content-Type' => 'audio/mpeg', %of_host } });
    my $response = get("/v1/recordings/$recording->{sid}.mp3");
    is_status($response, 200, 'a sound with such headers');
    is_deeply([grep { defined $response->header($_) } sort keys %of_host], [], 'they do not come');
    is(scalar(my @asked = $stub->requests), 1, 'Twilio is asked once');
};

subtest 'by a login' => sub {
    my $response = get("/users/recordings/$recording->{sid}.mp3", @login, headers => [@{ $login[-1] }, Range => 'bytes=0-9']);
    is_status($response, 206, 'a part');
    ok($response->body eq bytes(0, 9), '... byte by byte');
    my @requests = $stub->requests;
    is(scalar @requests, 1, 'Twilio is asked once');
    unlike(join("\n", @{ $requests[0]{headers} }), qr/c291bmRA/, 'it does not see the login');
    is_problem(get("/nobody/recordings/$recording->{sid}.mp3", @login), 401, 'key-missing', 'where users may not');
    is_fault(get("/gateway/2010-04-01/Accounts/$acme->{sid}/Recordings/$recording->{sid}.mp3", @login), 401, 20003, 'nor at the gateway itself');
    is(scalar(my @none = $stub->requests), 0, 'Twilio is not asked');
};

subtest 'what there is not' => sub {
    my $r = $recording->{sid};
    is_problem(get("/v1/recordings/$r.mp3", as => undef), 401, 'key-missing', 'nobody');
    is_problem(get("/v1/recordings/$r.mp3", as => 'globex'), 404, 'not-found', 'for another tenant');
    is_problem(get("/v1/recordings/$foreign->{sid}.mp3"), 404, 'not-found', "another tenant's");
    is_problem(get("/v1/recordings/$unknown->{sid}.mp3"), 404, 'not-found', 'without a row');
    is_problem(get("/v1/recordings/$r.$_"), 404, 'not-found', ".$_") for qw(ogg mp3.wav MP3 json mp3/);
    is_problem(get("/v1/recordings/1.mp3"), 404, 'not-found', 'by its id');
    is_problem(get("/v1/calls/$r.mp3"), 404, 'not-found', 'of a call');
    is_problem(request(DELETE => "/v1/recordings/$r.mp3", as => 'acme', to => $gateway->server), 405, 'method-not-allowed', 'nothing but reading');
    is_problem(get("/v1/recordings/$r.mp3?x=1"), 400, 'bad-parameter', 'with a query');
    is_problem(get("/v1/recordings/$r.mp3", headers => [Accept => 'text/html']), 406, 'not-acceptable', 'as a page');
    is(scalar(my @none = $stub->requests), 0, 'Twilio is not asked');
    is_problem(request(GET => "/v1/recordings/$r.mp3", as => 'acme'), 404, 'not-found', 'a server without a gateway');
};

subtest 'a Twilio that is none' => sub {
    my $path = "/v1/recordings/$recording->{sid}.mp3";
    for my $case (
        [404, 'not-found', 'gone', { fault => 'answer', status => 404 }],
        [502, 'twilio-unusable', 'refused', { fault => 'answer', status => 401, headers => { 'WWW-Authenticate' => 'Basic realm="Twilio"' } }],
        [502, 'twilio-unusable', 'a page', { fault => 'answer', status => 200, headers => { 'Content-Type' => 'text/html' }, body => '<script>' }],
        [502, 'twilio-unusable', 'elsewhere', { fault => 'answer', status => 302, headers => { Location => 'https://example.com/' } }],
        [502, 'twilio-unusable', 'nothing', { fault => 'raw', text => '' }],
    ) {
        my ($status, $code, $name, $fault) = @$case;
        $stub->faults($fault);
        my $response = get($path);
        is_problem($response, $status, $code, $name);
        unlike(join("\n", @{ $response->{headers} }), qr/Twilio"/, '... without a challenge');
    }
    my $nobody = TenantTest::Server->start(processes => 1,
        server => TenantTest::Gateway->lines($stub, '') =~ s{ProxyPass .*}{ProxyPass https://localhost:1/}r);
    my $response = request(GET => $path, as => 'acme', to => $nobody);
    is_problem($response, 503, 'twilio-away', 'nobody');
    cmp_ok($response->header('Retry-After'), '>', 0, '... for a while');
    $stub->set(media => 3_000_000);
    $response = get($path);
    is(length $response->body, 3_000_000, 'a long one is whole');
};

subtest 'it is in the description of the API' => sub {
    my $document = get('/v1/openapi.json')->json;
    my $operation = $document->{paths}{'/recordings/{sid}.wav'}{get};
    is_deeply($operation->{responses}{206}{content}, { 'audio/x-wav' => { schema => { type => 'string', format => 'binary', maxLength => 2_000_000_000 } } }, 'with its type');
    is_deeply([sort keys %{ $operation->{responses} }], [qw(200 206 400 401 403 404 406 416 421 429 500 502 503 504)], 'and what it may fail with');
    is_deeply([grep {/mp3|wav/} map { keys %{ request(GET => "$_/openapi.json", as => 'acme')->json->{paths} } } '/v1'], [],
        'but for a server without a gateway');
};

is($stub->log, '', 'the stub is well');
done_testing;
