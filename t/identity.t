# SPDX-License-Identifier: Apache-2.0
#
# Who is asking: keys and Hosts, on the API and on any other content of the same httpd.

use strict;
use warnings;

use Cwd ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;

my $database = 'identity';
my $conninfo = database($database);
my %key = map { $_ => tenant($_)->{key} } qw(acme globex closed);
my %id = map { $_ => tenant($_)->{id} } keys %key;
my %host = map { $_ => tenant($_)->{host} } keys %key;

# A key that no tenant has: (key, what is stored of it).
sub new_key {
    my $key_file = site->{key_file};
    my ($key, $hash) = `build/tenantctl key --key-file '$key_file'` =~ /(\S+)\t(\S+)/ or die 'tenantctl failed';
    return ($key, $hash);
}

($key{unknown}) = new_key();
($key{retiring}, my $retiring) = new_key();
($key{expired}, my $expired) = new_key();
sql({ database => $database }, "UPDATE tenants SET retiring_api_key_hash = ?, retiring_api_key_expires_at = now() + ?::interval
    WHERE id = ?", @$_) for [$retiring, '1 hour', $id{acme}], [$expired, '-1 second', $id{globex}];
$key{checksum} = $key{acme} =~ s/(.)$/$1 eq 'a' ? 'b' : 'a'/er;

my $locations = <<"END";
ScriptSock cgisock
Options +Includes +ExecCGI
AddHandler cgi-script .cgi
AddOutputFilter INCLUDES .shtml
AddType text/html .shtml
DirectoryIndex index.shtml
RewriteEngine on
LogFormat "%U %>s id=%{TENANT_ID}e via=%{TENANT_VIA}e authorization=%{Authorization}i key=%{X-API-Key}i" keys
CustomLog "\${test_logs}/keys_log" keys
Header always set X-Tenant "%{TENANT_ID}e %{TENANT_NAME}e %{TENANT_STATUS}e %{TENANT_VIA}e"

<Location "/public/v1">
    TenantHandler api
    TenantPublicRead products
</Location>
<Location "/behind/v1">
    TenantHandler api
    TenantRequireTLS off
</Location>
<Location "/members/">
    AuthType Tenant
    AuthName "The members"
    Require tenant
    CGIPassAuth on
    ErrorDocument 404 /members/env.cgi
</Location>
RewriteRule "^/members/renamed\$" /members/env.cgi [PT]
<Location "/acme/">
    AuthType Tenant
    Require tenant $id{acme}
</Location>
<Location "/forbidden/">
    AuthType Tenant
    Require tenant $id{acme}
    AuthzSendForbiddenOnFailure On
</Location>
<Location "/both/">
    AuthType Tenant
    Require tenant $id{globex} $id{acme}
</Location>
<Location "/neither/">
    AuthType Tenant
    Require tenant 999999999
</Location>
<Location "/behind/members/">
    AuthType Tenant
    Require tenant
    TenantRequireTLS off
</Location>
END

sub start {
    my (%option) = @_;
    my $module = Cwd::abs_path('build/mod_test_peer.so');
    my $server = TenantTest::Server->prepare(
        database  => $conninfo,
        server    => qq{LoadModule test_peer_module "$module"\n$locations},
        log_level => 'trace8',
        %option,
    );
    my $root = $server->root . '/htdocs';
    my $cgi = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv\n";
    mkdir "$root/$_" for 'behind', my @folders = qw(members acme forbidden both neither behind/members open);
    for my $folder (@folders) {
        write_file("$root/$folder/page.txt", "a page\n");
        write_file("$root/$folder/env.cgi", $cgi);
        chmod 0755, "$root/$folder/env.cgi";
        write_file("$root/$folder/index.shtml", <<"END");
echo=<!--#echo var="TENANT_ID" -->
page=<!--#include virtual="/members/page.txt" -->
cgi=<!--#include virtual="/members/env.cgi" -->
api=<!--#include virtual="/v1/settings" -->
END
    }
    return $server->boot;
}

sub write_file {
    my ($path, $text) = @_;
    open my $file, '>', $path or die "$path: $!";
    print $file $text;
    close $file or die "$path: $!";
}

my $server = start();
my @logs = map { TenantTest::Log->new($server->root . "/$_") } qw(error_log access_log keys_log);

sub ask { my ($method, $path, @option) = @_; return request($method, $path, to => $server, @option) }

sub bearing { my ($which) = @_; return (Authorization => "Bearer $key{$which}") }
sub basic   { my ($text) = @_;  return (Authorization => 'Basic ' . encode_base64($text, '')) }

# --- Keys -----------------------------------------------------------------------------------------------------

subtest 'one key' => sub {
    my @cases = (
        ['Bearer'                    => [bearing('acme')]],
        ['Bearer in any case'        => [Authorization => "bEARER $key{acme}"]],
        ['Bearer and more spaces'    => [Authorization => "Bearer   $key{acme}  "]],
        ['X-API-Key'                 => ['X-API-Key' => $key{acme}]],
        ['Basic, any user'           => [basic("AC123:$key{acme}")]],
        ['Basic, no user'            => [basic(":$key{acme}")]],
        ['the same in both headers'  => [bearing('acme'), 'X-API-Key' => $key{acme}]],
        ['the same as Basic and key' => [basic("user:$key{acme}"), 'X-API-Key' => $key{acme}]],
        ['a key that is retiring'    => [bearing('retiring')]],
    );
    for (@cases) {
        my ($name, $headers) = @$_;
        my $response = ask(GET => '/v1/tenant', headers => $headers);
        is_status($response, 200, $name);
        is($response->json->{id}, $id{acme}, "$name: acme's");
    }
};

subtest 'more than one key' => sub {
    my $acme = $key{acme};
    my @cases = (
        ['two different ones'           => [bearing('acme'), 'X-API-Key' => $key{globex}]],
        ['Basic and another key'        => [basic("user:$acme"), 'X-API-Key' => $key{globex}]],
        ['a good and a malformed one'   => [bearing('acme'), 'X-API-Key' => 'nonsense']],
        ['a malformed and a good one'   => [Authorization => 'Bearer nonsense', 'X-API-Key' => $acme]],
        ['Authorization twice'          => [bearing('acme'), bearing('globex')]],
        ['Authorization twice the same' => [bearing('acme'), bearing('acme')]],
        ['X-API-Key twice'              => ['X-API-Key' => $acme, 'X-API-Key' => $key{globex}]],
        ['X-API-Key twice the same'     => ['X-API-Key' => $acme, 'X-API-Key' => $acme]],
        ['Basic ahead of Bearer'        => [basic('user:password'), bearing('acme')]],
        ['Bearer ahead of Basic'        => [bearing('acme'), basic('user:password')]],
        ['another scheme ahead'         => [Authorization => 'Digest username="x"', bearing('acme')]],
        ['two in one header'            => ['X-API-Key' => "$acme,$key{globex}"]],
    );
    is_problem(ask(GET => '/v1/tenant', headers => $_->[1]), 400, 'ambiguous-key', $_->[0]) for @cases;
};

my @invalid = (
    ['a wrong checksum'     => $key{checksum}],
    ['too short'            => substr $key{acme}, 0, 51],
    ['too long'             => "$key{acme}0"],
    ['lower case'           => lc $key{acme}],
    ['another prefix'       => $key{acme} =~ s/^mt/tm/r],
    ['a space inside'       => $key{acme} =~ s/^(.{20})./$1 /r],
    ['bytes beyond ASCII'   => "mt_" . "\xC3\xA9" x 24 . 'x'],
    ['a word'               => 'null'],
    ['eight thousand bytes' => 'x' x 8000],
    ['an SQL string'        => q{'; DROP TABLE tenants; --}],
);
my @unknown = (['a key of nobody' => $key{unknown}], ['a retired key that has expired' => $key{expired}]);

subtest 'keys that are not valid' => sub {
    my $first;
    for (@invalid, @unknown) {
        my ($name, $value) = @$_;
        for my $headers ([Authorization => "Bearer $value"], ['X-API-Key' => $value]) {
            my $response = ask(GET => '/v1/calls', headers => $headers);
            is_problem($response, 401, 'key-invalid', "$name in $headers->[0]");
            is_same_answer($response, $first //= $response, "$name: like all the others");
        }
    }
    like($first->header('WWW-Authenticate'), qr/^Bearer realm="[^"]+", error="invalid_token"$/, 'the challenge says so');
    is_problem(ask(GET => '/v1/calls', headers => ['X-API-Key' => '']), 401, 'key-missing', 'an empty X-API-Key says nothing');
    is_problem(ask(GET => '/v1/calls', headers => [basic("user:$key{checksum}")]), 401, 'key-invalid', 'in Basic');
};

subtest 'no key' => sub {
    my @none = ([], ['X-API-Key' => ''], [basic('user:password')], [Authorization => 'Digest username="x"'], [Cookie => 'key=' . (new_key())[0]]);
    for (@none) {
        my $response = ask(GET => '/v1/calls', headers => $_);
        is_problem($response, 401, 'key-missing', $_->[0] // 'nothing at all');
        like($response->header('WWW-Authenticate'), qr/^Bearer realm="[^"]+"$/, 'and a challenge');
    }
    for my $method (qw(GET HEAD POST)) {
        is(ask($method => '/v1/calls', json => {})->status, 401, $method);
    }
};

subtest 'a key in the URL is never read' => sub {
    my ($key, $hash) = new_key();    # what stands in a URL is in the logs: not one of those that are looked for there
    sql({ database => $database }, "INSERT INTO tenants (name, status, api_key_hash) VALUES ('url', 'active', ?)", $hash);
    is_status(ask(GET => '/v1/tenant', as => $key), 200, 'the key is good');
    for my $name (qw(key api_key access_token X-API-Key Authorization)) {
        my $response = ask(GET => "/v1/tenant?$name=$key");
        is_problem($response, 400, 'bad-parameter', $name);
        unlike($response->body, qr/$key/, 'which is not repeated');
    }
};

# Everything but a whole key is refused without a database: here there is none.
subtest 'without a database' => sub {
    my $away = TenantTest::Server->start(database => 'host=/nonexistent dbname=tenant user=tenant_api');
    my $log = $away->error_log;

    is_problem(request(GET => '/v1/calls', to => $away, headers => ['X-API-Key' => $_->[1]]), 401, 'key-invalid', $_->[0])
        for @invalid;
    is_problem(request(GET => '/v1/calls', to => $away), 401, 'key-missing', 'no key');
    is_problem(request(GET => '/v1/calls', to => $away, headers => [bearing('acme'), 'X-API-Key' => $key{globex}]),
        400, 'ambiguous-key', 'two keys');
    is($log->text, '', 'nothing tried to connect');
    is_problem(request(GET => '/v1/calls', to => $away, as => 'acme'), 503, 'database-away', 'a whole key asks for it');
};

# --- Hosts ----------------------------------------------------------------------------------------------------

subtest "a key and a Host" => sub {
    my @cases = (
        # key        Host                           answer
        ['acme',     $host{acme},                   200],
        ['acme',     'nobody.example.com',          200],
        ['acme',     '127.0.0.1',                   200],
        ['acme',     '[::1]:8080',                  200],
        ['acme',     'xglobex.example.com',         200],
        ['acme',     $host{globex},                 403, 'tenant-mismatch'],
        ['acme',     $host{closed},                 403, 'tenant-mismatch'],
        ['globex',   $host{acme},                   403, 'tenant-mismatch'],
        ['retiring', $host{globex},                 403, 'tenant-mismatch'],
        ['closed',   $host{acme},                   403, 'tenant-mismatch'],
        ['closed',   $host{closed},                 403, 'tenant-inactive'],
        ['closed',   'nobody.example.com',          403, 'tenant-inactive'],
        ['unknown',  $host{acme},                   401, 'key-invalid'],
        ['unknown',  $host{closed},                 401, 'key-invalid'],
        ['checksum', $host{acme},                   401, 'key-invalid'],
        ['expired',  $host{globex},                 401, 'key-invalid'],
        # the same Host, however it is written
        ['acme',     'GLOBEX.example.COM',          403, 'tenant-mismatch'],
        ['acme',     'globex.example.com:80',       403, 'tenant-mismatch'],
        ['acme',     'globex.example.com.',         403, 'tenant-mismatch'],
        ['acme',     'Globex.Example.com.:8443',    403, 'tenant-mismatch'],
    );
    for (@cases) {
        my ($key, $host, $status, $code) = @$_;
        my $response = ask(GET => '/v1/tenant', host => $host, headers => [bearing($key)]);
        is_problem($response, $status, $code, "$key on $host: $code") if $code;
        is_status($response, $status, "$key on $host") unless $code;
    }
    for my $method (qw(GET HEAD POST PATCH DELETE)) {
        my $path = { POST => '/v1/calls' }->{$method} // "/v1/calls/1";
        my @body = $method =~ /^P/ ? (json => {}) : ();
        is(ask($method, $path, host => $host{globex}, headers => [bearing('acme')], @body)->status, 403, "$method on globex's Host");
    }
};

subtest 'what is no Host' => sub {
    my @acme = (headers => [bearing('acme')]);
    is_status(ask(GET => '/v1/tenant', host => $host{acme}, headers => [bearing('acme'), $_ => $host{globex}]), 200, $_)
        for qw(X-Forwarded-Host X-Host X-Original-Host Forwarded);
    is_problem(ask(GET => '/v1/tenant', host => $host{globex}, headers => [bearing('acme'), 'X-Forwarded-Host' => $host{acme}]),
        403, 'tenant-mismatch', "X-Forwarded-Host does not hide globex's");
    is_problem(ask(GET => "http://$host{globex}/v1/tenant", host => $host{acme}, @acme), 403, 'tenant-mismatch',
        'the authority of an absolute URL outranks Host');
    is_problem(ask(GET => '/v1/tenant', tls => 1, sni => $host{acme}, host => $host{globex}, @acme), 403, 'tenant-mismatch',
        "the name in TLS's hello is no Host");
    is_status(ask(GET => '/v1/tenant', tls => 1, sni => $host{globex}, host => $host{acme}, @acme), 200, 'nor against one');

    my $client = client(to => $server);
    my $response = $client->write("GET /v1/tenant HTTP/1.0\r\nAuthorization: Bearer $key{acme}\r\n\r\n", 'GET')->receive;
    is_status($response, 200, 'HTTP/1.0 without Host');
};

# --- By Host alone --------------------------------------------------------------------------------------------

subtest 'TenantPublicRead' => sub {
    my ($own, $foreign) = map { row({ database => $database }, 'SELECT min(id) FROM products WHERE tenant_id = ?', $id{$_}) }
        qw(acme globex);
    my @acme = (host => $host{acme});
    my @cases = (
        # method, path, options                                      answer
        [GET    => '/public/v1/products', [@acme],                   200],
        [HEAD   => '/public/v1/products', [@acme],                   200],
        [GET    => "/public/v1/products/$own", [@acme],              200],
        [GET    => "/public/v1/products/$foreign", [@acme],          404, 'not-found'],
        [POST   => '/public/v1/products', [@acme, json => {}],       401, 'key-missing'],
        [PATCH  => "/public/v1/products/$own", [@acme, json => {}],  401, 'key-missing'],
        [DELETE => "/public/v1/products/$own", [@acme],              401, 'key-missing'],
        [GET    => '/public/v1/products', [host => $host{closed}],   403, 'tenant-inactive'],
        [GET    => '/public/v1/products', [host => 'nobody.example'], 401, 'key-missing'],
        [GET    => '/public/v1/products', [],                        401, 'key-missing'],
        (map { [GET => "/public/v1/$_", [@acme], 401, 'key-missing'] } qw(calls messages recordings users settings tenant)),
        [GET    => '/v1/products', [@acme],                          401, 'key-missing'],
        # a key counts all the same
        [GET    => '/public/v1/products', [@acme, headers => [bearing('acme')]],     200],
        [GET    => '/public/v1/products', [@acme, headers => [bearing('globex')]],   403, 'tenant-mismatch'],
        [GET    => '/public/v1/products', [@acme, headers => [bearing('unknown')]],  401, 'key-invalid'],
        [GET    => '/public/v1/products', [@acme, headers => [bearing('checksum')]], 401, 'key-invalid'],
        [GET    => '/public/v1/products', [@acme, headers => [bearing('acme'), bearing('acme')]], 400, 'ambiguous-key'],
        [POST   => '/public/v1/products', [@acme, headers => [bearing('acme')], json => { name => 'x' }], 201],
    );
    for (@cases) {
        my ($method, $path, $option, $status, $code) = @$_;
        my $response = ask($method, $path, @$option);
        is_problem($response, $status, $code, "$method $path: $status $code") if $code;
        is_status($response, $status, "$method $path") unless $code;
    }
    my $list = ask(GET => '/public/v1/products', @acme);
    is_deeply([grep { $_->{tenant_id} != $id{acme} } @{ $list->json->{data} }], [], "the list holds acme's products alone");
    is($list->header('X-Tenant'), "$id{acme} acme active host", 'the rest of httpd knows how acme was found');
};

# --- Other content --------------------------------------------------------------------------------------------

subtest 'AuthType Tenant' => sub {
    my @cases = (
        # path                     key, Host                           status
        ['/members/page.txt',      undef, undef,                       401],
        ['/members/page.txt',      undef, $host{acme},                 401],
        ['/members/page.txt',      'acme', undef,                      200],
        ['/members/page.txt',      'acme', $host{acme},                200],
        ['/members/page.txt',      'globex', undef,                    200],
        ['/members/page.txt',      'retiring', undef,                  200],
        ['/members/page.txt',      'acme', $host{globex},              403],
        ['/members/page.txt',      'closed', undef,                    403],
        ['/members/page.txt',      'unknown', undef,                   401],
        ['/members/page.txt',      'checksum', undef,                  401],
        ['/members/page.txt',      'expired', undef,                   401],
        ['/acme/page.txt',         'acme', undef,                      200],
        ['/acme/page.txt',         'globex', undef,                    401],
        ['/forbidden/page.txt',    'globex', undef,                    403],
        ['/both/page.txt',         'acme', undef,                      200],
        ['/both/page.txt',         'globex', undef,                    200],
        ['/neither/page.txt',      'acme', undef,                      401],
        ['/open/page.txt',         undef, undef,                       200],
        ['/open/page.txt',         'unknown', undef,                   200],
    );
    for (@cases) {
        my ($path, $key, $host, $status) = @$_;
        my $response = ask(GET => $path, $host ? (host => $host) : (), headers => [$key ? bearing($key) : ()]);
        is($response->status, $status, join ' ', $path, $key // 'no key', $host // ()) or diag $response->body;
        is($response->body, "a page\n", 'the page') if $status == 200;
        like($response->header('WWW-Authenticate') // 'none', qr/^Bearer realm="/, 'a challenge') if $status == 401;
        is($response->header('WWW-Authenticate'), undef, 'no challenge') if $status != 401;
    }
    my $two = ask(GET => '/members/page.txt', headers => [bearing('acme'), 'X-API-Key' => $key{globex}]);
    is($two->status, 400, 'two keys');
    is(ask(GET => '/members/page.txt')->header('WWW-Authenticate'), 'Bearer realm="The members"', "AuthName is the challenge's realm");
};

subtest 'environment' => sub {
    my $acme = "$id{acme} acme active key";
    is(ask(GET => '/v1/calls', as => 'acme')->header('X-Tenant'), $acme, 'of the API');
    is(ask(GET => '/members/page.txt', as => 'acme')->header('X-Tenant'), $acme, 'of a file');
    is(ask(GET => '/open/page.txt', as => 'acme')->header('X-Tenant'), '(null) (null) (null) (null)', 'of what needs no tenant');
    is(ask(GET => '/v1/calls', as => 'acme', host => $host{globex})->header('X-Tenant'), '(null) (null) (null) (null)', 'of a mismatch');

    my $env = ask(GET => '/members/env.cgi', headers => [bearing('acme')])->body;
    my %want = (TENANT_ID => $id{acme}, TENANT_NAME => 'acme', TENANT_STATUS => 'active', TENANT_VIA => 'key',
        REMOTE_USER => $id{acme}, AUTH_TYPE => 'Tenant');
    like($env, qr/^\Q$_=$want{$_}\E$/m, "a CGI's $_") for sort keys %want;
    unlike($env, qr/^HTTP_(?:AUTHORIZATION|X_API_KEY)=/m, 'but no key');
    unlike(ask(GET => '/members/env.cgi', headers => ['X-API-Key' => $key{acme}])->body, qr/X_API_KEY|$key{acme}/, 'of neither header');
    like(ask(GET => '/open/env.cgi', headers => [basic('user:password')])->body, qr/^REQUEST_METHOD=GET$/m, 'a CGI without a tenant');

    my $log = $logs[2]->mark;
    ask(GET => '/v1/users', as => 'globex');
    ok($log->wait_for(qr{^/v1/users 200 id=$id{globex} via=key authorization=- key=-$}), 'the access log has the tenant, and no key')
        or diag $log->text;
    ask(GET => '/open/page.txt', headers => [basic('user:password')]);
    ok($log->wait_for(qr{^/open/page.txt 200 id=- via=- authorization=Basic \w+}), "another's credentials stay") or diag $log->text;
    $log->{from} = 0;
};

subtest 'subrequests and internal redirects' => sub {
    for my $who (qw(acme globex)) {
        my @as = (headers => [bearing($who)]);
        for my $path ('/members/index.shtml', '/members/') {
            my $page = ask(GET => $path, @as)->body;
            like($page, qr/^echo=$id{$who}$/m, "$path of $who: the page's own");
            like($page, qr/^page=a page$/m, 'a file within');
            like($page, qr/^TENANT_ID=$id{$who}$/m, 'a CGI within');
            like($page, qr/"tenant_id":$id{$who}\b/, 'the API within');
        }
        my $open = ask(GET => '/open/index.shtml', @as)->body;
        like($open, qr/^page=a page$/m, "in a page for everyone $who sees what is for members");
        like($open, qr/^TENANT_ID=$id{$who}$/m, 'as that tenant');
        for my $path ('/members/missing', '/members/renamed') {
            like(ask(GET => $path, @as)->body, qr/^TENANT_ID=$id{$who}$/m, "$path goes to a CGI with $who");
        }
    }
    my $nobody = ask(GET => '/open/index.shtml')->body;
    unlike($nobody, qr/a page|TENANT_ID=|tenant_id/, 'and nobody sees nothing of it');
};

subtest 'one connection, many tenants' => sub {
    my $client = client(to => $server);
    my $none = '(null) (null) (null) (null)';
    my %tag = (acme => "$id{acme} acme active key", globex => "$id{globex} globex active key", closed => "$id{closed} closed inactive key");
    my @order = qw(acme globex none acme none closed globex unknown acme acme checksum globex);
    my (@got, @want);

    for my $round (1 .. 10) {
        for my $who (@order) {
            my $path = $round % 2 ? '/v1/calls?limit=1' : '/members/page.txt';
            $client->send(GET => $path, headers => [$who eq 'none' ? () : bearing($who)]);
            push @want, $tag{$who} // $none;
            next if $round > 5 && $who ne 'globex';    # several requests under way at once
            push @got, ($client->receive->header('X-Tenant')) while @got < @want;
        }
    }
    is_deeply(\@got, \@want, 'each answer is of the tenant whose key its own request had');
};

# --- TLS ------------------------------------------------------------------------------------------------------

subtest 'https-required' => sub {
    my %refused = (
        '192.0.2.1' => 1, '10.0.0.1' => 1, '128.0.0.1' => 1, '0.0.0.0' => 1, '2001:db8::1' => 1, '::' => 1, '::ffff:192.0.2.1' => 1,
        '127.0.0.1' => 0, '127.8.9.10' => 0, '::1' => 0, '::ffff:127.0.0.1' => 0,
    );
    for my $peer (sort keys %refused) {
        my $response = ask(GET => '/v1/tenant', headers => [bearing('acme'), 'X-Test-Peer' => $peer]);
        is_problem($response, 403, 'https-required', "plain HTTP from $peer") if $refused{$peer};
        is_status($response, 200, "plain HTTP from $peer") unless $refused{$peer};
        is($response->header('Location'), undef, 'no redirect');
    }
    my @far = ('X-Test-Peer' => '192.0.2.1');
    my @pretences = (
        ['X-Forwarded-Proto' => 'https'], ['X-Forwarded-For' => '127.0.0.1'], ['X-Forwarded-Ssl' => 'on'], ['X-Real-IP' => '127.0.0.1'],
        [Forwarded => 'for=127.0.0.1;proto=https'], ['Front-End-Https' => 'on'], ['X-Forwarded-For' => '127.0.0.1', 'X-Forwarded-Proto' => 'https'],
    );
    is_problem(ask(GET => '/v1/tenant', headers => [bearing('acme'), @far, @$_]), 403, 'https-required', "@$_ does not help") for @pretences;
    is_problem(ask(GET => "https://127.0.0.1/v1/tenant", headers => [bearing('acme'), @far]), 403, 'https-required', 'nor does an https URL');
    is_problem(ask($_ => '/v1/', headers => [@far]), 403, 'https-required', "$_ without a key too") for qw(GET POST OPTIONS);

    is_status(ask(GET => '/v1/tenant', tls => 1, headers => [bearing('acme'), @far]), 200, 'over HTTPS it is fine');
    is_status(ask(GET => '/behind/v1/tenant', headers => [bearing('acme'), @far]), 200, 'TenantRequireTLS off');
    is(ask(GET => '/members/page.txt', headers => [bearing('acme'), @far])->status, 403, 'AuthType Tenant wants it too');
    is(ask(GET => '/members/page.txt', tls => 1, headers => [bearing('acme'), @far])->status, 200, 'and has it');
    is(ask(GET => '/behind/members/page.txt', headers => [bearing('acme'), @far])->status, 200, 'unless TenantRequireTLS is off');
    is(ask(GET => '/open/page.txt', headers => [@far])->status, 200, 'other content does not');

    my $client = client(to => $server);
    my @turn = map { [bearing('acme'), $_ ? @far : ()] } 0, 1, 0;
    is_deeply([map { $client->request(GET => '/v1/tenant', headers => $_)->status } @turn], [200, 403, 200],
        'each request of a connection for itself');
};

# --- What must not be written down ----------------------------------------------------------------------------

subtest 'keys that were sent wrongly' => sub {
    my @cases = (
        [Authorization => $key{acme}], [Authorization => "Bearer\t$key{acme}"], [Authorization => "Token $key{acme}"],
        ['X-API-Key' => "Bearer $key{acme}"], ['X-API-Key' => qq{"$key{acme}"}], [Authorization => "Bearer $key{acme} x"],
    );
    for (@cases) {
        is(ask(GET => '/v1/tenant', headers => $_)->status, 401, "$_->[0]: " . $_->[1] =~ s/$key{acme}/KEY/r);
        unlike(ask(GET => '/open/env.cgi', headers => $_)->body, qr/$key{acme}/, 'not for CGIs');
    }
};

subtest 'logs' => sub {
    like($logs[0]->text, qr/trace8/, 'the error log tells everything');
    like($logs[2]->text, qr/authorization=-/, 'the access log has the headers');
    for my $log (@logs) {
        my $text = $log->text;
        cmp_ok(length $text, '>', 1000, "$log->{path} is not empty");
        is(index($text, $key{$_}), -1, "no $_ key there") for sort keys %key;
    }
};

done_testing;
