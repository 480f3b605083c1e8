# SPDX-License-Identifier: Apache-2.0
#
# What HTTP itself may get wrong: methods, media types, sizes and framing of bodies, and the errors that httpd
# raises in our Locations, which look like ours.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Contract;

my $database = 'contract_errors';
my $server = TenantTest::Server->start(
    database => database($database),
    server   => <<'END',
<Directory "/">
    Require all denied
</Directory>
<Directory "${test_root}/htdocs">
    Require all granted
</Directory>
ErrorDocument 400 "plain text of the administrator"
ErrorDocument 401 /static.txt
ErrorDocument 403 /static.txt
ErrorDocument 404 /static.txt
ErrorDocument 413 http://elsewhere.example.com/
ErrorDocument 500 /static.txt
AddEncoding x-gzip .gz
AddLanguage fr .fr
AddType text/html .html
AddOutputFilter INCLUDES .shtml
<Location "/small/v1">
    TenantHandler api
    TenantMaxBody 1000
</Location>
<Location "/limited/v1">
    TenantHandler api
    LimitRequestBody 1000
</Location>
<Location "/inflated/v1">
    TenantHandler api
    SetInputFilter DEFLATE
</Location>
<Location "/denied/v1">
    TenantHandler api
    Require all denied
</Location>
<Location "/guarded/v1">
    TenantHandler api
    AuthType Tenant
    AuthName guarded
    Require tenant
</Location>
RewriteEngine on
RewriteRule "forbidden$" - [F]
RewriteRule "gone$" - [G]
RewriteRule "dependency$" - [R=424]
RewriteRule "failure$" - [R=500]
END
);
my (@faults, $before);

# Answers of httpd before it knows the Location, and failures that are the point, have no need to look like ours.
sub watch {
    my ($what, $response) = @_;
    push @faults, map { "$what: $_" } faults($response);
    return $response;
}

sub ask {
    my ($method, $path, %option) = @_;
    return watch("$method $path", request($method, $path, to => $server, %option));
}

# Sends bytes as they are on a new connection and returns the answer to the method.
sub raw {
    my ($method, $bytes) = @_;
    return client(to => $server)->write($bytes, $method)->receive;
}

my $key = join ': ', bearer('acme');
my $id = row({ database => $database }, 'SELECT min(id) FROM calls WHERE tenant_id = ?', tenant('acme')->{id});
my $user = row({ database => $database }, 'SELECT min(id) FROM users WHERE tenant_id = ?', tenant('acme')->{id});
my $sid = row({ database => $database }, 'SELECT sid FROM calls WHERE id = ?', $id);
my $patch_types = 'application/merge-patch+json, application/json';
$before = snapshot($database);

subtest 'methods' => sub {
    my %row = map { $_ => 'GET, HEAD, PATCH, DELETE, OPTIONS' } "/v1/calls/$id", "/v1/calls/$sid", "/v1/users/$user",
        '/v1/products/1', '/v1/messages/1', '/v1/recordings/1';
    my %list = map { ("/v1/$_" => 'GET, HEAD, POST, OPTIONS') } collections();
    my %allow = (%row, %list, '/v1/' => 'GET, HEAD, OPTIONS', '/v1' => 'GET, HEAD, OPTIONS',
        '/v1/settings' => 'GET, HEAD, PATCH, OPTIONS',
        '/v1/tenant' => 'GET, HEAD, PATCH, OPTIONS', '/v1/tenant/key' => 'POST, OPTIONS');

    for my $path (sort keys %allow) {
        my %allowed = map { $_ => 1 } split /, /, $allow{$path};
        for my $method (qw(GET HEAD POST PATCH DELETE PUT TRACE PROPFIND MKCOL LOCK FOO get Get OPTIONSX)) {
            next if $allowed{$method};
            my $response = ask($method, $path);
            is_problem($response, 405, 'method-not-allowed', "$method $path") unless $method eq 'HEAD';
            is_status($response, 405, "$method $path") if $method eq 'HEAD';
            is($response->header('Allow'), $allow{$path}, 'Allow');
        }
        for my $headers ([], [bearer('acme')], ['X-API-Key' => 'nonsense'],
            [Origin => 'https://example.com', 'Access-Control-Request-Method' => 'POST']) {
            my $options = ask(OPTIONS => $path, headers => $headers);
            is_status($options, 204, join " ", "OPTIONS $path", @$headers ? $headers->[0] : ());
            is($options->header('Allow'), $allow{$path}, 'Allow');
            is($options->header('Accept-Patch'), $allow{$path} =~ /PATCH/ ? $patch_types : undef, 'Accept-Patch');
        }
    }
    is_problem(ask($_ => '/v1/nothing'), 404, 'not-found', "$_ where nothing is")
        for qw(GET POST PUT PATCH DELETE OPTIONS TRACE FOO);
};

subtest 'media types' => sub {
    my @paths = ([POST => '/v1/products'], [PATCH => "/v1/calls/$id"], [PATCH => '/v1/settings'],
        [PATCH => '/v1/tenant']);
    my @wrong = (undef, '', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
        'application/jsonx', 'application/xjson',
        'application/json; charset=iso-8859-1', 'application/json;charset=utf-16', 'json', '*/*', 'application/*',
        'application/json, text/plain',
        'application/problem+json', 'application/json-patch+json', 'text/json', "application/json/x");
    my @right = ('application/json', 'APPLICATION/JSON', 'application/json;charset=utf-8',
        'application/json; charset=UTF-8', 'application/json; charset="utf-8"',
        'application/json ; x=y', ' application/json');
    for (@paths) {
        my ($method, $path) = @$_;
        my @too = $method eq 'PATCH' ? ('application/merge-patch+json', 'Application/Merge-Patch+JSON; charset=utf-8')
            : ();
        for my $type (@wrong, $method eq 'POST' ? 'application/merge-patch+json' : ()) {
            my $response = ask($method, $path, as => 'acme', body => '{"nonsense":1}', type => $type);
            is_problem($response, 415, 'unsupported-media-type', "$method $path: " . ($type // 'none'),
                qr/application\/json/);
            is($response->header('Accept-Patch'), $method eq 'PATCH' ? $patch_types : undef, 'Accept-Patch');
        }
        is_status(ask($method, $path, as => 'acme', body => '{"nonsense":1}', type => $_), 422, "$method $path: $_")
            for @right, @too;
    }
    is_problem(ask(POST => '/v1/products', type => 'text/plain', body => '{}'), 415, 'unsupported-media-type',
        'ahead of the key');
};

# --- Bodies ---------------------------------------------------------------------------------------------------

sub head {
    my ($method, $path, @headers) = @_;
    return join "\r\n", "$method $path HTTP/1.1", 'Host: 127.0.0.1', $key, 'Content-Type: application/json', @headers,
        '', '';
}

sub chunk { my ($bytes) = @_; return sprintf "%x\r\n%s\r\n", length $bytes, $bytes }

# A body of so many bytes that is valid JSON and refused for its member.
sub body_of { my ($size) = @_; return '{"x":"' . 'x' x ($size - 8) . '"}' }

subtest 'sizes' => sub {
    my %limit = ('/v1' => 65536, '/small/v1' => 1000);
    for my $base (sort keys %limit) {
        for my $more (-1, 0, 1, 1000) {
            my $body = body_of($limit{$base} + $more);
            my ($told, $chunked) = (
                raw(PATCH => head(PATCH => "$base/settings", 'Content-Length: ' . length $body) . $body),
                raw(PATCH => head(PATCH => "$base/settings", 'Transfer-Encoding: chunked') . join '',
                map({ chunk($_) } unpack '(a5000)*', $body), "0\r\n\r\n"),
            );
            for my $response (watch('told', $told), watch('chunked', $chunked)) {
                is_invalid($response, { '/x' => 'unknown' }, "$base: $more over the limit") if $more <= 0;
                is_problem($response, 413, 'body-too-large', "$base: $more over the limit", qr/$limit{$base} bytes/)
                    if $more > 0;
            }
        }
    }
    is_problem(watch('huge', raw(POST => head(POST => '/v1/products', 'Content-Length: 999999999999'))), 413,
        'body-too-large', 'told from its Content-Length');
    my $endless = client(to => $server)->write(head(POST => '/v1/products', 'Transfer-Encoding: chunked'), 'POST');
    $endless->write(chunk('[' x 16384)) for 1 .. 30;
    is_problem(watch('endless', $endless->receive), 413, 'body-too-large', 'no end in sight');
    ok($endless->is_closed, 'and the connection is closed');
    is_problem(ask(POST => '/v1/products', as => 'acme', type => 'application/json', body => ''), 400, 'bad-json',
        'an empty body');
    is_problem(watch('none', raw(POST => head(POST => '/v1/products'))), 400, 'bad-json', 'no body at all');
};

subtest 'framing' => sub {
    my $body = '{"nonsense":1}';
    my @chunked = map { chunk($_) } split //, $body;
    is_invalid(watch('bytes',
        raw(PATCH => head(PATCH => '/v1/settings', 'Transfer-Encoding: chunked') . join('', @chunked) . "0\r\n\r\n")),
        { '/nonsense' => 'unknown' },
        'a byte a chunk');
    is_invalid(watch('extensions',
        raw(PATCH => head(PATCH => '/v1/settings', 'Transfer-Encoding: chunked')
            . "E;x=y\r\n$body\r\n0\r\nTrailer: 1\r\n\r\n")),
        { '/nonsense' => 'unknown' }, 'extensions and trailers');

    my $client = client(to => $server)->write(head(PATCH => '/v1/settings', 'Content-Length: ' . length $body),
        'PATCH');
    $client->write($_) for split //, $body;
    is_invalid(watch('slow', $client->receive), { '/nonsense' => 'unknown' }, 'in many packets');

    for my $broken ("zz\r\n$body\r\n0\r\n\r\n", "E\r\n${body}0\r\n\r\n", "-1\r\n$body", "\r\n\r\n") {
        my $response = raw(PATCH => head(PATCH => '/v1/settings', 'Transfer-Encoding: chunked') . $broken);
        is_problem(watch('broken', $response), 400, 'bad-request', 'a broken chunk: ' . substr json($broken), 0, 20);
    }
    for my $cut (client(to => $server)->write(head(PATCH => '/v1/settings', 'Content-Length: 100') . $body, 'PATCH'),
        client(to => $server)->write(head(PATCH => '/v1/settings', 'Transfer-Encoding: chunked') . chunk($body),
        'PATCH')) {
        shutdown $cut->{socket}, 1;
        is_problem(watch('cut', $cut->receive), 400, 'bad-request', 'a body that ends too early');
    }
    # httpd refuses these ahead of any Location, in its own words
    for my $headers (['Content-Length: -1'], ['Content-Length: 1x'], ['Content-Length: 1', 'Content-Length: 2'],
        ['Transfer-Encoding: nonsense']) {
        like(raw(PATCH => head(PATCH => '/v1/settings', @$headers) . $body)->status, qr/^(?:400|501)$/, "@$headers");
    }
};

subtest 'a body that is refused unread' => sub {
    for my $size (10, 60_000) {
        my $client = client(to => $server);
        for my $path ('/v1/nothing', '/v1/products?x=1', '/v1/products') {
            my @key = $path eq '/v1/products' ? () : (headers => [bearer('acme')]);
            my $response = watch($path,
                request(POST => $path, on => $client, @key, body => 'x' x $size, type => 'application/json'));
            my $closes = ($response->header('Connection') // '') =~ /close/i;
            is($closes, $response->status == 400 ? 1 : '', "$path: the connection stays, $size bytes are read away");
            $client = client(to => $server) if $closes;
        }
        is_status(watch('after', request(GET => '/v1/tenant', on => $client, headers => [bearer('acme')])), 200,
            'and the next request is answered');
    }
    my $client = client(to => $server);
    my $response = watch('big',
        request(POST => '/v1/nothing', on => $client, body => 'x' x 300_000, type => 'application/json'));
    is_problem($response, 404, 'not-found', 'a big one');
    ok($client->is_closed, 'costs the connection');
};

subtest 'Expect: 100-continue' => sub {
    my $body = '{"nonsense":1}';
    my @expect = ('Expect: 100-continue', 'Content-Length: ' . length $body);
    my $client = client(to => $server)->write(head(PATCH => '/v1/settings', @expect), 'PATCH');
    is($client->_read_line, 'HTTP/1.1 100 Continue', 'the body is asked for');
    is($client->_read_line, '', 'once');
    is_invalid(watch('expected', $client->write($body)->receive), { '/nonsense' => 'unknown' }, 'and read');

    for ([404 => head(POST => '/v1/nothing', @expect)], [405 => head(PUT => '/v1/calls', @expect)],
        [413 => head(POST => '/v1/products', $expect[0], 'Content-Length: 99999')],
        [401 => head(POST => '/v1/products', @expect) =~ s/^Auth.*\r\n//mr]) {
        my ($status, $request) = @$_;
        my $refused = client(to => $server)->write($request, 'POST');
        is($refused->_read_line =~ s/^(\S+ \d+) .*/$1/r, "HTTP/1.1 $status",
            "$status at once, without asking for the body");
    }
    like(raw(POST => head(POST => '/v1/products', 'Expect: nonsense', 'Content-Length: 0'))->status, qr/^4/,
        'another expectation');
};

subtest 'an encoded body' => sub {
    for ('gzip', 'br', 'deflate', 'identity, gzip', 'x') {
        my $response = ask(POST => '/v1/products', as => 'acme', json => { nonsense => 1 }, headers => ['Content-Encoding' => $_]);
        is_problem($response, 415, 'unsupported-media-type', "Content-Encoding: $_", qr/encoded/);
        is($response->header('Accept-Encoding'), 'identity', 'says what there may be');
    }
    is_invalid(ask(POST => '/v1/products', as => 'acme', json => { nonsense => 1 }, headers => ['Content-Encoding' => 'identity']),
        { '/name' => 'required', '/nonsense' => 'unknown' }, 'none at all');
    require IO::Compress::Gzip;
    my $body = json({ nonsense => 1 });
    IO::Compress::Gzip::gzip(\$body => \my $compressed) or die 'gzip';
    is_invalid(ask(POST => '/inflated/v1/products', as => 'acme', type => 'application/json', body => $compressed,
            headers => ['Content-Encoding' => 'gzip']),
        { '/name' => 'required', '/nonsense' => 'unknown' }, 'a filter may decode it');
};

# --- Errors of httpd's ----------------------------------------------------------------------------------------

subtest 'what httpd refuses in our Locations' => sub {
    my @cases = (
        [GET => '/v1/calls/%2F', 404, 'not-found'],
        [GET => '/v1/%2Fcalls', 404, 'not-found'],
        [GET => '/v1/calls/%00', 404, 'not-found'],
        (map { [GET => "/v1/calls/$_", 400, 'bad-request'] } '%zz', '%', '%4', '%2f%zz'),
        [GET => '/v1/%zz', 400, 'bad-request'],
        [GET => '//v1/./%zz', 400, 'bad-request'],
        [GET => '/denied/v1/calls', 403, 'forbidden'],
        [POST => '/denied/v1/calls', 403, 'forbidden'],
        [GET => '/guarded/v1/calls', 401, 'login-invalid'],
        [GET => '/v1/forbidden', 403, 'forbidden'],
        [GET => '/v1/calls/forbidden', 403, 'forbidden'],
        [GET => "/v1/dependency", 424, "bad-request"],
        [POST => '/limited/v1/calls', 413, 'body-too-large', body => body_of(2000)],
        [POST => '/limited/v1/calls', 413, 'body-too-large',
        body => join('', map { chunk($_) } body_of(1500), body_of(1500)) . "0\r\n\r\n",
            headers => ['Transfer-Encoding' => 'chunked', bearer('acme')]],
    );
    for (@cases) {
        my ($method, $path, $status, $code, %option) = @$_;
        my $response = ask($method, $path, $path =~ /guarded/ || $option{headers} ? () : (as => 'acme'),
            type => 'application/json', %option);
        is($response->status, $status, "$method $path");
        is($response->type, 'application/problem+json', 'is a problem');
        my $problem = $response->json || {};
        is($problem->{code}, $code, $code);
        like($problem->{type} // '', qr{^/\w*/?v1/problems/$code$}, 'with its type');
        unlike($response->body, qr/static|administrator|<html/i, 'and no ErrorDocument');
    }
    is(ask(GET => '/v1/gone')->type, 'application/problem+json', '410 has no code of its own, but is a problem');
    my $failure = request(GET => '/v1/failure', to => $server);
    is($failure->status, 500, 'the administrator may have it fail');
    is($failure->json->{code}, 'internal', 'which is a problem too');
    is(request(GET => $_, to => $server)->body, "static\n", "elsewhere ErrorDocument does its work: $_")
        for '/missing', '/%2f', '/v1x/%2f', '/v1/../missing', '/v1/%2e%2e/missing', '/v1/calls/%2E%2E/%2e%2E/missing';
    unlike(request(GET => $_, to => $server)->body, qr/^\{/, "$_ is none of ours") for '/%zz', '/v1%zz', '/v1x/%zz';
};

subtest "what httpd must not make of our paths" => sub {
    for my $path (map { "/v1/users/nobody.$_" } qw(gz fr html shtml fr.html.gz cgi php)) {
        my $response = ask(GET => $path, as => 'acme');
        is_problem($response, 404, 'not-found', $path);
        is($response->header($_), undef, "no $_") for qw(Content-Encoding Content-Language);
    }
};

subtest 'headers' => sub {
    my @odd = (
        ['If-Modified-Since' => 'Fri, 31 Dec 2100 23:59:59 GMT'], [Range => 'bytes=0-1'],
        ['Accept-Encoding' => 'gzip, br, *;q=0'], ['Accept-Language' => 'x' x 4000],
        ['Accept-Charset' => 'iso-8859-1'], [Cookie => 'a=b; c=d'], [Origin => 'null'],
        ['X-HTTP-Method-Override' => 'DELETE'], ['Content-Type' => 'text/plain'],
        ['Content-Encoding' => 'gzip'], [Referer => "\xFF\xFE"], ['User-Agent' => ''], [Upgrade => 'h2c'],
        ['X-Forwarded-Prefix' => '/evil'], [Via => '1.1 x'],
    );
    my $plain = ask(GET => "/v1/calls/$id", as => 'acme');
    is_same_answer(ask(GET => "/v1/calls/$id", headers => [bearer('acme'), @$_]), $plain, "$_->[0] changes nothing")
        for @odd;
    is_status(raw(GET => "GET /v1/calls/$id HTTP/1.0\r\n$key\r\n\r\n"), 200, 'HTTP/1.0');
    for (['Host: x', 'bad header: x'], ['Host: a b'], ['Host: x', 'Content-Length: x'], ['Host: x', 'Content-Length: 1', 'Content-Length: 2'],
        ['Host: x', 'Transfer-Encoding: gzip'], ['Host: x', map { "X-$_: x" } 1 .. 200]) {
        my $refused = raw(GET => join "\r\n", 'GET /v1/calls HTTP/1.1', @$_, '', '');
        is_problem($refused, 400, 'bad-request', 'httpd refuses ' . substr "@$_", 0, 40);
    }
    is(raw(POST => "POST /v1/calls HTTP/1.1\r\nHost: x\r\nExpect: nonsense\r\nContent-Length: 0\r\n\r\n")->type,
        'application/problem+json', 'and an expectation of its own');
    unlike(raw(GET => "GET /static.txt HTTP/1.1\r\nHost: x\r\nbad header: x\r\n\r\n")->body, qr/^\{/, 'elsewhere in its own way');
    like(raw(GET => "GET /v1/" . 'x' x 9000 . " HTTP/1.1\r\nHost: x\r\n\r\n")->status, qr/^414$/,
        'so is a request line too long');
    like(raw(GET => "GET /v1/calls HTTP/1.1\r\n$key\r\n\r\n")->status, qr/^400$/, 'and a missing Host');
};

subtest 'what is hardly HTTP, where the API is all there is' => sub {
    my $own = TenantTest::Server->start(server => "<Location \"/\">\nTenantHandler api\n</Location>\nRequestReadTimeout header=1");
    my @garbage = ("GET\r\n\r\n", "\r\n\r\n\r\n", "GET  /  HTTP/1.1\r\n\r\n", "GET /\0 HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01",
        "GET * HTTP/1.1\r\nHost: x\r\n\r\n", "GET http:// HTTP/1.1\r\nHost: x\r\n\r\n", "GET ?x HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
        'GET /' . 'x' x 9000 . " HTTP/1.1\r\n\r\n", 'x' x 9000 . "\r\n\r\n", "GET / HTTP/9.9\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nX: 1");
    for my $bytes (@garbage) {
        my $response = client(to => $own)->write($bytes, 'GET')->receive;
        ok($response->status < 500 || $response->status == 505, substr $bytes =~ s/[^ -~]/./gr, 0, 40)
            or diag $response->status . ' ' . $response->body;
    }
    is_problem(client(to => $own)->write("GET /calls HTTP/1.1\r\nHost: x\r\nX: 1", 'GET')->receive, 408, 'request-timeout', 'a head that does not end');
    is_status(request(GET => '/', to => $own), 200, 'the server is well');
};

is(snapshot($database), $before, 'nothing was written');
is_deeply(\@faults, [], 'no answer had a fault');

done_testing;
