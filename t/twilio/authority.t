# SPDX-License-Identifier: Apache-2.0
#
# Who may bring events. What Twilio's own library and Node's crypto sign (t/twilio/sign.js) is taken by the running server,
# however it reaches it; what else comes is refused, and changes no row.

use strict;
use warnings;
use utf8;

use IO::Handle;
use IPC::Open2 ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Fault qw(wait_until);
use TenantTest::Packages;
use TenantTest::Twilio;

plan skip_all => packages_missing('t/twilio') if packages_missing('t/twilio');

binmode $_, ':utf8' for Test::More->builder->output, Test::More->builder->failure_output;

# --- The servers ----------------------------------------------------------------------------------------------

my $server = TenantTest::Server->start(processes => 1, server => <<'END');
<Location "/twilio">
    TenantHandler twilio
</Location>
<Location "/fixed">
    TenantHandler twilio
    TenantPublicURL https://hooks.example.com
</Location>
<Location "/user">
    TenantHandler twilio
    TenantPublicURL https://twilio:secret@hooks.example.com:8443/
</Location>
<Location "/proxied">
    TenantHandler twilio
    TenantPublicURL https://%{HTTP_HOST}
</Location>
<Location "/inner">
    TenantHandler twilio
    TenantBasePath /outer/hooks
    TenantPublicURL https://hooks.example.com
</Location>
END
my %account = map { $_ => TenantTest::Twilio->account($server, $_) } qw(acme globex);
my $acme = $account{acme};
my %id = map { $_ => tenant($_)->{id} } qw(acme globex closed);

# --- Who signs ------------------------------------------------------------------------------------------------

my $json = JSON::PP->new->canonical->utf8;
my ($signer, $signed);
my $node = IPC::Open2::open2($signed, $signer, 'node', 't/twilio/sign.js');
$signer->autoflush;

# What t/twilio/sign.js makes of a request: { url, body, type, signature }.
sub sign {
    my ($request) = @_;
    print {$signer} $json->encode({ token => $acme->{token}, %$request }), "\n";
    my $line = <$signed> // die 'sign.js has ended';
    return $json->decode($line);
}

# Sends a signed request to where its URL says, or to another path. %option: path, host, headers, tls.
sub deliver {
    my ($request, %option) = @_;
    my ($scheme, $authority, $path) = $request->{url} =~ m{^(\w+)://([^/]*)([^#]*)};
    my $body = $request->{body};
    utf8::encode($body);
    my @answer = (to => $option{to} // $server, tls => $option{tls} // $scheme eq 'https',
        headers => [map({ ('X-Twilio-Signature' => $_) } $request->{signature} // ()), @{ $option{headers} // [] }],
        host => $option{host} // $authority =~ s/^.*@//r);
    push @answer, body => $body, type => $request->{type} if $request->{type};
    my $response = request(($request->{type} ? 'POST' : 'GET') => $option{path} // $path, @answer);
    $response->{is_unexplained} = 1;
    return $response;
}

# A call's event: the parameters of a form, with a sid of its own.
sub call { return { AccountSid => $acme->{sid}, CallSid => sid('CA'), CallStatus => 'ringing', @_ } }

sub owner { my ($sid) = @_; return row('SELECT tenant_id FROM calls WHERE sid = ?', $sid) }

# Everything that events could change.
sub rows {
    return join ' ', map { scalar row("SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY id), '')) FROM $_ t") }
        qw(calls messages recordings);
}

sub is_taken {
    my ($name, $request, %option) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $params = $request->{params} // $json->decode(do { my $text = $request->{body}; utf8::encode($text); $text });
    my $response = deliver(sign($request), %option);
    is_status($response, 204, "$name: taken") and is(owner($params->{CallSid}), $option{tenant} // $id{acme}, "$name: stored");
}

sub is_refused {
    my ($name, $status, $code, $work) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $rows = rows();
    is_problem($work->(), $status, $code, "$name: $status");
    is(rows(), $rows, "$name: no row is changed");
}

# --- What is taken --------------------------------------------------------------------------------------------

subtest 'however it comes' => sub {
    for my $scheme (qw(http https)) {
        for my $host ('127.0.0.1', 'hooks.example.com', tenant('acme')->{host}, '[::1]') {
            for my $port ('', ':80', ':443', ':8443') {
                is_taken("$scheme to $host$port", { url => "$scheme://$host$port/twilio/call-status", params => call() });
            }
        }
    }
};

subtest 'with the port that Twilio signs, or without' => sub {
    my %usual = (http => 80, https => 443);
    for my $scheme (qw(http https)) {
        my $url = "$scheme://hooks.example.com";
        is_taken("$scheme, signed without the port that was asked for", { url => "$url/twilio/call-status", params => call() },
            host => 'hooks.example.com:8443');
        is_taken("$scheme, signed with the usual one", { url => "$url:$usual{$scheme}/twilio/call-status", params => call() },
            host => 'hooks.example.com');
        is_refused("$scheme, signed with another one", 403, 'signature-invalid', sub {
            deliver(sign({ url => "$url:8443/twilio/call-status", params => call() }), host => 'hooks.example.com') });
    }
};

subtest 'whatever its query' => sub {
    for my $query ('?', '?a=1', '?b=2&a=1', '?a=%2f%2F&a=+%20', "?name=O'Hara~*()!", '?x=%C3%A9', '?u=sip%3Abob%40b;c', '?AccountSid=x', '?bodySHA256=00') {
        is_taken("with $query", { url => "https://hooks.example.com/twilio/call-status$query", params => call() });
    }
};

subtest 'whatever it says' => sub {
    my $url = 'http://hooks.example.com/twilio/call-status';
    my %what = (
        Unicode   => [CallerName => 'Zoë 😀 漢字', 'é' => "\x{301}"],
        'blanks and specials' => [A => ' two  words ', B => "lines\r\n\t", C => 'a=b&c', D => '%41+', 'x[]' => "'\"<>~*()!"],
        'empty values' => [From => '', To => '', Z => ''],
        'repeated names' => [Digits => ['5678', '1234', '1234'], Extra => ['', 'b', 'a']],
        'many' => [map { ("Extra$_" => $_) } 1 .. 300],
    );
    is_taken($_, { url => $url, params => call(@{ $what{$_} }) }) for sort keys %what;

    my $call = call(CallerName => 'Zoë 😀');
    is_taken('JSON', { url => $url, body => JSON::PP->new->canonical->encode($call) });
    $call = call(Digits => 1234);
    is_taken('JSON, with a query', { url => "$url?a=1", body => JSON::PP->new->encode($call) });

    $call = call(From => '+12025550100');
    my $query = join '&', map { "$_=" . ($call->{$_} =~ s/\+/%2B/r) } sort keys %$call;
    is_status(deliver(sign({ url => "$url?$query" })), 204, 'GET: taken');
    is(row('SELECT from_number FROM calls WHERE sid = ?', $call->{CallSid}), '+12025550100', 'GET: stored');
};

subtest 'where a proxy changes the URL' => sub {
    my @http = (tls => 0);
    is_taken('a fixed TenantPublicURL', { url => 'https://hooks.example.com/fixed/call-status?a=1', params => call() }, @http, host => 'inside:8080');
    is_taken('... with a port', { url => 'https://hooks.example.com:443/fixed/call-status', params => call() }, @http, host => 'inside:8080');
    is_taken('with userinfo', { url => 'https://twilio:secret@hooks.example.com:8443/user/call-status', params => call() }, @http,
        host => 'inside', headers => [Authorization => 'Basic dHdpbGlvOnNlY3JldA==']);
    is_taken('by Host', { url => 'https://hooks.example.com/proxied/call-status', params => call() }, @http);
    is_taken('by Host, with its port', { url => 'https://hooks.example.com:8443/proxied/call-status', params => call() }, @http);
    is_taken('with TenantBasePath', { url => 'https://hooks.example.com/outer/hooks/call-status?x=%2F', params => call() }, @http,
        path => '/inner/call-status?x=%2F', host => 'inside');
    is_refused('the path ahead of TenantBasePath', 403, 'signature-invalid', sub {
        deliver(sign({ url => 'https://hooks.example.com/inner/call-status', params => call() }), @http) });
    is_refused('a Host that is not TenantPublicURL\'s', 403, 'signature-invalid', sub {
        deliver(sign({ url => 'https://other.example.com/fixed/call-status', params => call() }), @http) });
};

# --- What is refused ------------------------------------------------------------------------------------------

my $url = 'http://hooks.example.com/twilio/call-status';

# A signed form, changed on its way.
sub changed {
    my ($change, %option) = @_;
    my $request = sign({ url => $url, params => call(), %{ delete $option{request} // {} } });
    local $_ = $request->{body};
    $change->($request);
    $request->{body} = $_;
    return deliver($request, %option);
}

subtest 'what is not signed by the account' => sub {
    my %refused = (
        'a forged signature'       => sub { changed(sub { $_[0]{signature} = 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }) },
        'a part of one'            => sub { changed(sub { $_[0]{signature} =~ s/.{4}$// }) },
        'one without its padding'  => sub { changed(sub { $_[0]{signature} =~ s/=$// }) },
        'one and more'             => sub { changed(sub { $_[0]{signature} =~ s/=$/AAAA=/ }) },
        'an empty one'             => sub { changed(sub { $_[0]{signature} = '' }) },
        'none'                     => sub { changed(sub { delete $_[0]{signature} }) },
        'another tenant\'s token'  => sub { changed(sub {}, request => { token => $account{globex}{token} }) },
        'another tenant\'s AccountSid' => sub { changed(sub {}, request => { params => call(AccountSid => $account{globex}{sid}) }) },
        'an AccountSid put in'     => sub { changed(sub { s/AccountSid=\w+/AccountSid=$account{globex}{sid}/ }) },
        'nobody\'s AccountSid'     => sub { changed(sub {}, request => { params => call(AccountSid => 'AC' . '0' x 32) }) },
        'no AccountSid'            => sub { changed(sub {}, request => { params => { CallSid => sid('CA') } }) },
        'an AccountSid that is none' => sub { changed(sub {}, request => { params => call(AccountSid => "' OR 1=1") }) },
        'sent again to another tenant\'s Host' => sub { changed(sub {}, host => tenant('globex')->{host}) },
        'sent again to another path' => sub { changed(sub {}, path => '/twilio/voice') },
        'sent again with another query' => sub { changed(sub {}, path => '/twilio/call-status?a=1') },
        'sent again over TLS'      => sub { changed(sub {}, tls => 1) },
        'a parameter put in'       => sub { changed(sub { $_ .= '&Extra=1' }) },
        'a truncated body'         => sub { changed(sub { chop }) },
        'an empty body'            => sub { changed(sub { $_ = '' }) },
        'a signed empty body'      => sub { changed(sub {}, request => { params => {} }) },
        'X-Forwarded-*'            => sub { changed(sub {}, request => { url => 'https://hooks.example.com/twilio/call-status' }, tls => 0,
            host => 'inside', headers => ['X-Forwarded-Proto' => 'https', 'X-Forwarded-Host' => 'hooks.example.com',
                'X-Forwarded-Port' => 443, Forwarded => 'proto=https;host=hooks.example.com', 'X-Original-URL' => '/twilio/call-status']) },
        'two signatures'           => sub { changed(sub {}, headers => ['X-Twilio-Signature' => 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=']) },
        'the same one twice'       => sub {
            my $request = sign({ url => $url, params => call() });
            deliver($request, headers => ['X-Twilio-Signature' => $request->{signature}]) },
        'two AccountSids'          => sub { changed(sub {}, request => { params => call(AccountSid => [$acme->{sid}, $account{globex}{sid}]) }) },
        'JSON that was changed'    => sub { changed(sub { s/ringing/completed/ }, request => { params => undef, body => $json->encode(call()) }) },
    );
    for my $name (sort keys %refused) {
        is_refused($name, 403, 'signature-invalid', $refused{$name});
    }
    # of a signature that ends with a zero byte all but that
    my ($request, $bytes);
    do {
        $request = { url => $url, params => call() };
        $bytes = decode_base64(TenantTest::Twilio::signature($acme->{token}, $url, %{ $request->{params} }));
    } until $bytes =~ /\0\z/;
    $request = sign($request);
    is($request->{signature}, encode_base64($bytes, ''), 'a signature that ends with a zero byte');
    is_refused('without that', 403, 'signature-invalid', sub { deliver({ %$request, signature => encode_base64(substr($bytes, 0, 19), '') }) });
    is_status(deliver($request), 204, '... whole it is taken');

    my $plain = $json->encode(call());
    my $signature = sign({ url => $url })->{signature};
    is_refused('JSON without bodySHA256', 403, 'signature-invalid', sub {
        deliver({ url => $url, body => $plain, type => 'application/json', signature => $signature }) });
};

subtest 'what is signed, and no event' => sub {
    my %refused = (
        'two CallSids'    => sub { changed(sub {}, request => { params => call(CallSid => [sid('CA'), sid('CA')]) }) },
        'one twice'       => sub { changed(sub { s/(CallSid=\w+)/$1&$1/ }) },
        'no CallSid'      => sub { changed(sub {}, request => { params => { AccountSid => $acme->{sid} } }) },
        'an empty one'    => sub { changed(sub {}, request => { params => call(CallSid => '') }) },
        'one that is none' => sub { changed(sub {}, request => { params => call(CallSid => 'CA1') }) },
        'one of a message' => sub { changed(sub {}, request => { params => call(CallSid => sid('SM')) }) },
        'one with a NUL'  => sub { changed(sub {}, request => { params => call(CallSid => sid('CA') . "\0") }) },
    );
    for my $name (sort keys %refused) {
        is_refused($name, 400, 'bad-request', $refused{$name});
    }
};

subtest 'what is no form' => sub {
    my %refused = (
        'another type'      => sub { changed(sub { $_[0]{type} = 'text/plain' }) },
        'multipart'         => sub { changed(sub { $_[0]{type} = 'multipart/form-data; boundary=x' }) },
        'a broken escape'   => sub { changed(sub { $_ .= '&a=%4' }) },
        'one that is none'  => sub { changed(sub { $_ .= '&a=%zz' }) },
        'a broken name'     => sub { changed(sub { $_ .= '&%=1' }) },
        'too many'          => sub { changed(sub { $_ .= '&a=1' x 600 }) },
        'JSON that is none' => sub { changed(sub { $_[0]{type} = 'application/json' }) },
        'a JSON array'      => sub { changed(sub {}, request => { params => undef, body => '[]' }) },
    );
    for my $name (sort keys %refused) {
        is_refused($name, 400, 'bad-request', $refused{$name});
    }
    is_refused('too much', 413, 'body-too-large', sub { changed(sub { $_ .= '&a=' . 'x' x 70_000 }) });

    my $rows = rows();
    my $request = sign({ url => $url, params => call() });
    my $client = client(to => $server);
    $client->write("POST /twilio/call-status HTTP/1.1\r\nHost: hooks.example.com\r\nX-Twilio-Signature: $request->{signature}\r\n"
        . "Content-Type: $request->{type}\r\nContent-Length: " . (1 + length $request->{body}) . "\r\n\r\n$request->{body}", 'POST');
    shutdown $client->{socket}, 1;
    is_status($client->receive, 400, 'a body that ends early: 400');
    is(rows(), $rows, '... no row is changed');
};

# --- Tenants that share an account ----------------------------------------------------------------------------

subtest 'tenants of one account' => sub {
    my %own = map { $_ => { %{ $account{$_} } } } keys %account;
    my $shared = 'AC' . TenantTest::Twilio::hex32();
    $account{$_}->store(twilio_account_sid => $shared) for keys %account;
    my $known = sub {
        my ($tenant, $token, %option) = @_;
        my $call = call(AccountSid => $shared);
        deliver(sign({ url => $option{url} // $url, token => $token, params => $call }), %option);
        return (owner($call->{CallSid}) // 0) == $id{$tenant};
    };
    for (qw(acme globex)) {
        my $name = $_;
        ok(wait_until(sub { $known->($name, $own{$name}{token}) }), "it is $name\'s whose token verifies");
    }
    ok($known->('globex', $own{globex}{token}, url => 'http://' . tenant('acme')->{host} . '/twilio/call-status'),
        '... even on the other one\'s Host');

    # the same token too: then the Host decides
    $account{globex}->store(twilio_auth_token => $own{acme}{token});
    my $on = sub { my ($host) = @_; return (url => 'http://' . tenant($host)->{host} . '/twilio/call-status') };
    ok(wait_until(sub { $known->('globex', $own{acme}{token}, $on->('globex')) }), 'by one token: that of the Host, globex');
    ok($known->('acme', $own{acme}{token}, $on->('acme')), 'or acme');
    $account{$_}->store(twilio_account_sid => $own{$_}{sid}, twilio_auth_token => $own{$_}{token}) for keys %account;
    ok(wait_until(sub { changed(sub {})->status == 204 }), 'as before');
};

# --- Tokens that change ---------------------------------------------------------------------------------------

# What a call's event by a token is answered with.
sub by_token { my ($token) = @_; return changed(sub {}, request => { token => $token })->status }

sub stamp { my ($seconds) = @_; my @t = gmtime(time + $seconds); return sprintf '%04d-%02d-%02dT%02d:%02d:%02dZ', $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0] }

subtest 'a token that is replaced' => sub {
    my ($old, $new) = ($acme->{token}, TenantTest::Twilio::hex32());
    my $sealed = row('SELECT twilio_auth_token FROM tenants WHERE id = ?', $id{acme});
    is(by_token($new), 403, 'one to come is refused');
    $acme->store(twilio_auth_token => $new, twilio_auth_token_previous_until => stamp(3600));
    ok(wait_until(sub { by_token($new) == 204 }), 'it verifies once it is there');
    is(by_token($old), 204, 'the old one too, for now');
    $acme->store(twilio_auth_token_previous_until => stamp(3));
    ok(wait_until(sub { by_token($old) == 403 }, 30), 'it ends by its time');
    is(by_token($new), 204, 'the new one does not');

    sql('UPDATE tenants SET twilio_auth_token = ? WHERE id = ?', $sealed, $id{acme});
    ok(wait_until(sub { by_token($old) == 204 }), 'a change by SQL is heard of');
    is(by_token($new), 403, 'without a grace the former one is gone');
    $acme->store(twilio_auth_token => $new);
    ok(wait_until(sub { by_token($new) == 204 }), 'so is one by PATCH');
    is_refused('a stale token', 403, 'signature-invalid', sub { changed(sub {}, request => { token => $old }) });
    $acme->store(twilio_auth_token => undef);
    ok(wait_until(sub { by_token($new) == 403 }), 'without a token all is refused');
    is(by_token(''), 403, 'what an empty one signs, too');
    $acme->store(twilio_auth_token => $old);
    ok(wait_until(sub { by_token($old) == 204 }), 'as before');
};

subtest 'a tenant that is switched off' => sub {
    sql(q{UPDATE tenants SET status = 'inactive' WHERE id = ?}, $id{acme});
    my $voice = sub {
        my ($call) = @_;
        return deliver(sign({ url => 'http://hooks.example.com/twilio/voice', params => $call }));
    };
    ok(wait_until(sub { request(GET => '/v1/calls/1', as => 'acme', to => $server)->status == 403 }), 'it is off');
    my $call = call();
    my $response = $voice->($call);
    is_status($response, 200, 'a call is answered');
    like($response->body, qr{<Response><Reject/></Response>}, 'by its rejection');
    is(owner($call->{CallSid}), $id{acme}, 'and stored');
    is_taken('its end', { url => $url, params => { %$call, CallStatus => 'completed' } });
    sql(q{UPDATE tenants SET status = 'active' WHERE id = ?}, $id{acme});
};

# --- What the log says ----------------------------------------------------------------------------------------

subtest 'a line for each change, and none for each request' => sub {
    my $log = $server->error_log;
    my $forged = sub { changed(sub { $_[0]{signature} = 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }) };
    my $good = sub { changed(sub {}) };
    my $nobody = sub { changed(sub {}, request => { params => call(AccountSid => 'AC' . 'f' x 32) }) };
    my $refused = qr/\[tenant:warn\].*webhooks of tenant $id{acme} \(0: of nobody\) are refused: X-Twilio-Signature/;
    my $accepted = qr/\[tenant:notice\].*webhooks of tenant $id{acme} are accepted again/;

    $good->();
    $log->mark;
    for my $round (1 .. 3) {
        $good->() for 1 .. 3;
        is(scalar $log->matching($accepted), $round - 1, "round $round: nothing of what is taken");
        $forged->() for 1 .. 5;
        is(scalar $log->matching($refused), $round, 'one line of what is refused');
        $good->();
        is(scalar $log->matching($accepted), $round, 'one when it is over');
    }
    $nobody->();
    $log->mark;
    $nobody->() for 1 .. 5;
    is_deeply([$log->matching(qr/webhooks of/)], [], 'what is nobody\'s was said once');
    unlike($log->text, qr/\Q$acme->{token}\E/, 'no token');
};

close $signer;
waitpid $node, 0;
is($?, 0, 'sign.js runs to its end');

done_testing;
