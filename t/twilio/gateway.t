# SPDX-License-Identifier: Apache-2.0
#
# TenantGateway: a tenant's program uses Twilio's API with the tenant's key. What goes out has Twilio's credentials and
# nothing of the client's own, and only what is allowed goes out.

use strict;
use warnings;

use Cwd ();
use Test::More;

use TenantTest;
use TenantTest::Fault qw(wait_until);
use TenantTest::Gateway;
use TenantTest::Twilio;

plan skip_all => TenantTest::TwilioStub->missing if TenantTest::TwilioStub->missing;

my $peer = Cwd::abs_path('build/mod_test_peer.so');
my $gateway = TenantTest::Gateway->start(processes => 1, server => <<"END", location => 'TenantGatewayRate off');
LoadModule test_peer_module "$peer"
<Location "/twilio">
    TenantHandler twilio
    TenantPublicURL https://hooks.example.com
</Location>
<Location "/elsewhere/">
    TenantGateway on
    ProxyPass https://localhost:1/wrong/
</Location>
END
my $stub = $gateway->stub;
my $acme = $gateway->account('acme');
my $globex = $gateway->account('globex', key => 0, phone => '+12025550177');

sub credentials { return (basic(@_))[1] }

# The values of a header in what the stub has got.
sub values_of {
    my ($request, $name) = @_;
    my @headers = @{ $request->{headers} };
    return map { lc $headers[2 * $_] eq lc $name ? $headers[2 * $_ + 1] : () } 0 .. $#headers / 2;
}

# The one request that the stub has got.
sub seen {
    my @requests = $stub->requests;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(scalar @requests, 1, 'Twilio is asked once') or diag explain \@requests;
    return $requests[0] // { headers => [], url => '', body => '' };
}

sub nothing_seen {
    my ($name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply([map {"$_->{method} $_->{url}"} $stub->requests], [], "$name: Twilio is not asked");
}

subtest 'credentials' => sub {
    is_status($acme->get('Calls.json'), 200, 'the key as Bearer');
    is_deeply([values_of(seen(), 'Authorization')], [credentials($acme->{key}, $acme->{secret})], 'Twilio sees the API key');
    is_status($globex->get('Calls.json'), 200, 'a tenant without an API key');
    is_deeply([values_of(seen(), 'Authorization')], [credentials($globex->{sid}, $globex->{token})], 'Twilio sees the auth token');

    my $key = tenant('acme')->{key};
    for my $user ('', $acme->{sid}, 'anybody') {
        is_status($acme->get('Calls.json', as => undef, headers => [Authorization => credentials($user, $key)]), 200, "as the password of '$user'");
        is_deeply([values_of(seen(), 'Authorization')], [credentials($acme->{key}, $acme->{secret})], 'Twilio sees the API key');
    }
    is_status($acme->get('Calls.json', as => undef, headers => ['X-API-Key' => $key]), 200, 'as X-API-Key');
    seen();
};

subtest 'what a client cannot do to them' => sub {
    my @own = (Cookie => 'session=1', 'Proxy-Authorization' => credentials('a', 'b'), 'X_API_Key' => 'x', 'X-Api.Key' => 'y', 'X-Forwarded-For' => '192.0.2.1',
        'X-HTTP-Method-Override' => 'DELETE', 'X-Twilio-Account' => 'z');
    for my $case (
        ['its own headers', @own],
        ['Connection', Connection => 'authorization, keep-alive'],
        ['Connection, in other words', Connection => 'AUTHORIZATION', Connection => 'host'],
        ['ahead of it', Authorization_ => 'Basic x'],
    ) {
        my ($name, @headers) = @$case;
        is_status($acme->get('Calls.json', headers => \@headers), 200, $name);
        my $request = seen();
        is_deeply([values_of($request, 'Authorization')], [credentials($acme->{key}, $acme->{secret})], "$name: one Authorization");
        my @headers_seen = @{ $request->{headers} };
        my @names = sort map { lc $headers_seen[2 * $_] } 0 .. $#headers_seen / 2;
        is_deeply([grep { !/^(?:host|authorization|accept-encoding|connection|accept|user-agent)$/ } @names], [], "$name: nothing else of the client's");
        unlike(join("\n", @headers_seen), qr/\Q@{[tenant('acme')->{key}]}\E/, "$name: not its key");
    }
    is_fault($acme->get('Calls.json', as => undef, headers => [bearer('acme'), 'X-API-Key' => tenant('globex')->{key}]), 400, 20001, 'two keys');
    nothing_seen('two keys');
};

subtest 'who may not' => sub {
    is_fault($acme->get('Calls.json', as => undef), 401, 20003, 'no key');
    is_fault($acme->get('Calls.json', as => 'mt_wrong'), 401, 20003, 'a wrong key');
    is_fault($acme->get('Calls.json', as => undef, headers => [Authorization => credentials($acme->{sid}, $acme->{token})]), 401, 20003, "Twilio's own credentials");
    is_fault($acme->get('Calls.json', as => 'closed'), 403, 20005, 'a tenant that is not active');
    is_fault($acme->get('Calls.json', as => 'globex'), 404, 20404, "another tenant's account");
    is_fault($acme->get('Calls.json', host => tenant('globex')->{host}), 403, 20403, "another tenant's Host");
    my ($mine) = $acme->{sid} =~ /(.*)/;
    is_fault($acme->get($acme->path('Calls.json') =~ s/\Q$mine\E/lc $mine/er), 404, 20404, 'an account in other letters');
    is_fault($acme->get('/elsewhere/2010-04-01/Accounts/' . $acme->{sid} . '/Calls.json'), 404, 20404, 'another path there');
    is_fault($acme->get('Calls.json', headers => ['X-Test-Peer' => '192.0.2.1']), 403, 20403, 'in the clear, from another machine');
    nothing_seen('who may not');

    $stub->put(calls => { account_sid => $globex->{sid} });
    is(scalar @{ $acme->get('Calls.json')->json->{calls} }, 0, 'of another account nothing is listed');
    $stub->requests;
};

subtest "what comes back of Twilio's headers" => sub {
    my %of_answer = ('Twilio-Request-Id' => 'RQ1', ETag => '"1"', 'Retry-After' => '7', 'Content-Language' => 'en');
    my %of_host = (
        'Strict-Transport-Security'   => 'max-age=31536000; includeSubDomains', 'Alt-Svc' => 'h3=":443"', 'Clear-Site-Data' => '"*"',
        'Access-Control-Allow-Origin' => '*', 'Access-Control-Allow-Credentials' => 'true', 'Set-Cookie' => 'a=b',
        'Content-Security-Policy'     => "default-src 'none'", Link => '<https://example.com/>; rel=preload', 'X-Sendfile' => '/etc/passwd',
        'Cache-Control'               => 'public, max-age=60', Location => 'https://example.com/', RateLimit => '"default";r=1;t=1',
    );
    $stub->faults({ fault => 'answer', status => 200, headers => { %of_answer, %of_host } });
    my $response = $acme->get('Calls.json');
    is_status($response, 200, 'an answer with many');
    is_deeply({ map { $_ => $response->header($_) } keys %of_answer }, \%of_answer, 'those of the answer come');
    is($response->type, 'application/json', '... and its type');
    is($response->header('Cache-Control'), 'private, no-store', 'what we say counts');
    is_deeply([grep { $_ ne 'Cache-Control' && defined $response->header($_) } sort keys %of_host], [], 'those of a host do not');
    is(scalar(my @asked = $stub->requests), 1, 'Twilio is asked once');
};

subtest 'what is allowed' => sub {
    my ($call) = $stub->put(calls => { account_sid => $acme->{sid}, status => 'in-progress' });
    my ($message) = $stub->put(messages => { account_sid => $acme->{sid} });
    my ($recording) = $stub->put(recordings => { account_sid => $acme->{sid}, call_sid => $call->{sid} });

    for my $path ('Calls.json', 'Calls.json?PageSize=1&To=%2B1', "Calls/$call->{sid}.json", "Calls/$call->{sid}/Recordings.json",
        "Calls/$call->{sid}/Recordings/$recording->{sid}.json", 'Messages.json', "Messages/$message->{sid}.json",
        "Messages/$message->{sid}/Media.json", 'Recordings.json', "Recordings/$recording->{sid}.json", "Recordings/$recording->{sid}.mp3") {
        is_status($acme->get($path), 200, "GET $path");
        is(seen()->{url}, "/2010-04-01/Accounts/$acme->{sid}/$path", '... as it is');
    }
    is_status($acme->post("Calls/$call->{sid}.json", Status => 'completed'), 200, 'a call is ended');
    is(seen()->{body}, 'Status=completed', '... by these bytes');
    is_status($acme->post("Calls/$call->{sid}/Recordings.json"), 201, 'a recording is started');
    seen();
    is_status($acme->ask(DELETE => "Messages/$message->{sid}.json"), 204, 'a message is removed');
    seen();
    is_status($acme->ask(HEAD => 'Calls.json'), 200, 'HEAD');
    is(seen()->{method}, 'HEAD', '... is one');

    my $root = '/gateway/2010-04-01';
    my $account = "$root/Accounts/$acme->{sid}";
    for my $path ("$root/Accounts.json", "$account.json", "$account/Keys.json", "$account/SigningKeys.json", "$account/Calls", "$account/Calls.xml",
        "$account/Calls.json/", "$account/Calls/x.json", "$account/Calls/$call->{sid}", "$account/Calls/$call->{sid}0.json",
        "$account/Calls/$message->{sid}.json", "$account/IncomingPhoneNumbers.json", "$account/Recordings/$recording->{sid}.mp3.json",
        "$account/Recordings/$recording->{sid}", "$account/Usage/Records.json", "$account/Calls/$call->{sid}/Payments.json", '/gateway/',
        "/gateway/v1/Accounts/$acme->{sid}/Calls.json", "/gateway/2010-04-01/accounts/$acme->{sid}/Calls.json") {
        is_fault($acme->get($path), 404, 20404, "no $path");
    }
    nothing_seen('what is not allowed');

    for my $path ("$account/%43alls.json", "$account/Calls.json%3f", "$account;x=1/Calls.json", "$account/Calls.json;a=b", "$account//Calls.json",
        "$account/./Calls.json", "$account/x/../Calls.json", "$root/Accounts/AC0/../$acme->{sid}/Calls.json", "$account/Calls%2ejson",
        "$account/Calls.json%00", "$account/Calls%0a.json", "$account/Calls\\.json", "$account/..;/Calls.json", "$account/.../Calls.json") {
        my $response = $acme->get($path);
        is_fault($response, $path =~ /%00/ ? $response->status : 400, $path =~ /%00/ ? 20000 + $response->status : 20001, "not $path");
    }
    like($acme->get("$account%2fCalls.json")->status, qr/^40[04]$/, 'an encoded slash');
    nothing_seen('paths that may be read in two ways');

    for my $case ([PUT => 'Calls.json'], [DELETE => 'Calls.json'], [PATCH => "Calls/$call->{sid}.json"], [POST => 'Recordings.json'],
        [OPTIONS => 'Calls.json'], [POST => "Recordings/$recording->{sid}.mp3"]) {
        my $response = $acme->ask(@$case, $case->[0] =~ /^P/ ? (body => 'a=b', type => 'application/x-www-form-urlencoded') : ());
        is_fault($response, 405, 20004, "no @$case");
        ok($response->header('Allow'), '... it says which');
    }
    nothing_seen('methods that are not allowed');
};

subtest 'bodies' => sub {
    is_fault($acme->ask(POST => 'Calls.json', json => { From => $acme->{phone} }), 415, 20415, 'no JSON');
    is_fault($acme->post('Calls.json?From=%2B12025550000', From => $acme->{phone}, To => '+1', Url => 'https://example.com'), 400, 20001, 'a POST has no query');
    is_fault($acme->ask(GET => 'Calls.json', body => 'a=b', type => 'application/x-www-form-urlencoded'), 400, 20001, 'a GET has no body');
    is_fault($acme->call(Twiml => 'x' x 70_000), 413, 20413, 'a body that is too large');
    is_fault($acme->call({ headers => ['Content-Encoding' => 'gzip'] }), 415, 20415, 'a body in a coding');
    is_fault($acme->ask(POST => 'Calls.json', body => 'a=%zz', type => 'application/x-www-form-urlencoded'), 400, 20001, 'a broken form');
    is_fault($acme->get('Calls.json?To=' . 'x' x 7_000), 400, 20001, 'a URL that is too long');
    nothing_seen('bodies that are not let pass');

    my $form = TenantTest::Twilio::encoded(From => $acme->{phone}, To => '+12025550100', Url => 'https://example.com/');
    my $chunks = join '', map({ sprintf "%x\r\n%s\r\n", length, $_ } unpack '(A7)*', $form), "0\r\nAuthorization: Basic x\r\n\r\n";
    is_status($acme->ask(POST => 'Calls.json', body => $chunks, headers => [bearer('acme'), 'Transfer-Encoding' => 'chunked',
        'Content-Type' => 'application/x-www-form-urlencoded'], as => undef), 201, 'a body in chunks');
    my $request = seen();
    like($request->{body}, qr/^\Q$form\E&StatusCallback=/, '... is whole');
    is_deeply([values_of($request, 'Content-Length')], [length $request->{body}], '... and has its length');
    is_deeply([values_of($request, 'Transfer-Encoding')], [], '... and no chunks');

    $form = TenantTest::Twilio::encoded(From => $acme->{phone}, To => '+12025550100', Twiml => "\x{e9}" x 15_000);
    is_status($acme->ask(POST => 'Calls.json', body => $form, type => 'application/x-www-form-urlencoded'), 201, 'a long body');
    like(seen()->{body}, qr/^\Q$form\E&StatusCallback=/, '... is whole');
    is_status($acme->get('Calls.json?To=' . 'x' x 5_500), 200, 'a long URL');
    is_deeply([values_of(seen(), 'Authorization')], [credentials($acme->{key}, $acme->{secret})], '... has the credentials behind it');
};

subtest 'a change takes effect at once' => sub {
    for my $secret (map { TenantTest::Twilio::hex32() } 1 .. 3) {
        is_status($acme->get('Calls.json'), 200, 'what is known');
        $stub->account($acme->{sid}, $acme->{token}, { $acme->{key} => $secret });
        is_status(request(PATCH => '/v1/tenant', as => 'acme', to => $gateway->server, json => { twilio_api_key_secret => $secret }), 200, 'another secret');
        $stub->requests;
        is_status($acme->get('Calls.json'), 200, 'is used');
        is_deeply([values_of(seen(), 'Authorization')], [credentials($acme->{key}, $secret)], '... and no other');
    }
    is_status(request(PATCH => '/v1/tenant', as => 'acme', to => $gateway->server, json => { twilio_api_key_secret => undef }), 200, 'no secret');
    is_status($acme->get('Calls.json'), 200, 'is used');
    is_deeply([values_of(seen(), 'Authorization')], [credentials($acme->{sid}, $acme->{token})], '... the token');
    is_status(request(PATCH => '/v1/tenant', as => 'acme', to => $gateway->server, json => { twilio_auth_token => undef }), 200, 'no token either');
    is_fault($acme->get('Calls.json'), 403, 20403, 'nothing is left');
    is_status(request(PATCH => '/v1/tenant', as => 'acme', to => $gateway->server, json => { twilio_account_sid => undef }), 200, 'no account either');
    is_fault($acme->get('Calls.json'), 404, 20404, 'nothing is there');
    nothing_seen('without credentials');
};

subtest 'secrets that cannot be opened' => sub {
    my $id = tenant('globex')->{id};
    my $log = $gateway->server->error_log;
    sql(q{UPDATE tenants SET twilio_auth_token = overlay(twilio_auth_token PLACING 'AAAA' FROM length(twilio_auth_token) - 4) WHERE id = ?}, $id);
    wait_until { $globex->get('Calls.json')->status == 503 } 10;
    is_fault($globex->get('Calls.json'), 503, 20503, 'one that was altered is not sent');
    like(($log->matching(qr/twilio_auth_token of tenant $id cannot be used at Twilio/))[0], qr/it was altered/, '... and the log says so');
    sql(q{UPDATE tenants SET twilio_auth_token = 'in-clear' WHERE id = ?}, $id);
    my $clear = qr/twilio_auth_token of tenant $id cannot be used at Twilio: it is stored in clear/;
    wait_until { $globex->get('Calls.json'); scalar $log->matching($clear) } 10;
    ok(scalar $log->matching($clear), 'one in clear is not sent either');
    unlike($log->text, qr/in-clear/, '... is not in the log');
    $stub->requests;
};

is($stub->log, '', 'the stub is well');
done_testing;
