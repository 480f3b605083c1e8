# SPDX-License-Identifier: Apache-2.0
#
# Tenants for any content of the same httpd: AuthType Tenant, the environment, subrequests and redirects; and that
# no key gets further than to the module.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Asking qw(asking get);
use TenantTest::Keys;

my $database = 'content';
my $conninfo = database($database);
my %key = keys_in($database);
my %id = map { $_ => tenant($_)->{id} } qw(acme globex closed);
my %host = map { $_ => tenant($_)->{host} } keys %id;

# Who may read which folder.
my %folders = (
    open      => '',
    members   => 'Require tenant',
    acme      => "Require tenant $id{acme}",
    forbidden => "Require tenant $id{acme}\nAuthzSendForbiddenOnFailure On",
    both      => "Require tenant $id{globex} $id{acme}",
    neither   => 'Require tenant 999999999',
);

my $server = TenantTest::Server->prepare(database => $conninfo, log_level => 'trace8', server => <<"END");
LoadModule cgid_module /usr/lib/apache2/modules/mod_cgid.so
ScriptSock cgisock
Options +Includes +ExecCGI
AddHandler cgi-script .cgi
AddOutputFilter INCLUDES .shtml
AddType text/html .shtml
DirectoryIndex index.shtml
LogFormat "%U %>s id=%{TENANT_ID}e via=%{TENANT_VIA}e authorization=%{Authorization}i key=%{X-API-Key}i" keys
CustomLog "\${test_logs}/keys_log" keys
Header always set X-Tenant "%{TENANT_ID}e %{TENANT_NAME}e %{TENANT_STATUS}e %{TENANT_VIA}e"
RewriteEngine on
RewriteRule "^/members/renamed\$" /members/env.cgi [PT]
@{[ map { location($_) } sort keys %folders ]}
END
make_folder($_) for keys %folders;
$server->boot;

my ($error_log, $access_log, $keys_log) = map { TenantTest::Log->new($server->root . "/$_") } qw(error_log access_log keys_log);
$_->{from} = 0 for $error_log, $access_log, $keys_log;
my $no_tenant = '(null) (null) (null) (null)';

sub location {
    my ($folder) = @_;
    my $auth = $folders{$folder} ? qq{AuthType Tenant\nAuthName "The $folder"\n$folders{$folder}} : '';
    return qq{<Location "/$folder/">\n$auth\nCGIPassAuth on\nErrorDocument 404 /$folder/env.cgi\n</Location>\n};
}

sub make_folder {
    my ($folder, $of) = @_;
    ($of // $server)->add_files(
        "htdocs/$folder/page.txt"    => "a page\n",
        "htdocs/$folder/env.cgi"     => "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv\n",
        "htdocs/$folder/index.shtml" => <<'END');
echo=<!--#echo var="TENANT_ID" -->
page=<!--#include virtual="/members/page.txt" -->
cgi=<!--#include virtual="/members/env.cgi" -->
api=<!--#include virtual="/v1/settings" -->
END
}

asking(to => $server);
sub bearing { my ($which) = @_;         return (Authorization => "Bearer $key{$which}") }

subtest 'AuthType Tenant' => sub {
    my @cases = (
        # folder      key         Host                 status
        ['members',   undef,      undef,               401],
        ['members',   undef,      $host{acme},         401],
        ['members',   'acme',     undef,               200],
        ['members',   'acme',     $host{acme},         200],
        ['members',   'globex',   undef,               200],
        ['members',   'retiring', undef,               200],
        ['members',   'acme',     $host{globex},       403],
        ['members',   'closed',   undef,               403],
        ['members',   'unknown',  undef,               401],
        ['members',   'checksum', undef,               401],
        ['members',   'expired',  undef,               401],
        ['acme',      'acme',     undef,               200],
        ['acme',      'globex',   undef,               401],
        ['forbidden', 'globex',   undef,               403],
        ['both',      'acme',     undef,               200],
        ['both',      'globex',   undef,               200],
        ['neither',   'acme',     undef,               401],
        ['open',      undef,      undef,               200],
        ['open',      'unknown',  undef,               200],
    );
    for (@cases) {
        my ($folder, $key, $host, $status) = @$_;
        my $response = get("/$folder/page.txt", $host ? (host => $host) : (), headers => [$key ? bearing($key) : ()]);
        my $challenge = $response->header('WWW-Authenticate');
        is($response->status, $status, join ' ', $folder, $key // 'no key', $host // ()) or diag $response->body;
        is($response->body, "a page\n", 'the page') if $status == 200;
        is($challenge, $status == 401 ? qq{Bearer realm="The $folder"} : undef, $status == 401 ? 'a challenge' : 'no challenge');
    }
    is(get('/members/page.txt', headers => [bearing('acme'), 'X-API-Key' => $key{globex}])->status, 400, 'two keys');
};

subtest 'a cache' => sub {
    my $cached = TenantTest::Server->prepare(database => $conninfo, server => <<"END");
LoadModule cache_module /usr/lib/apache2/modules/mod_cache.so
LoadModule cache_disk_module /usr/lib/apache2/modules/mod_cache_disk.so
CacheRoot "\${test_logs}"
CacheEnable disk /
CacheHeader on
CacheMinExpire 600
AddHandler cgi-script .cgi
Options +ExecCGI
LoadModule cgid_module /usr/lib/apache2/modules/mod_cgid.so
ScriptSock cgisock
<Location "/open/">
    TenantIdentify on
    Header set Cache-Control max-age=600
</Location>
@{[ map { location($_) } 'members' ]}
END
    make_folder($_, $cached) for qw(open members);
    $cached->boot;
    my $get = sub {
        my ($path, @option) = @_;
        my $response = request(GET => $path, to => $cached, @option);
        return join ' ', $response->status, ($response->header('X-Cache') // '') =~ /^(\w+)/;
    };
    is($get->('/open/page.txt'), '200 MISS', 'what is for everybody');
    is($get->('/open/page.txt'), '200 HIT', '... is kept');
    for my $headers ([bearing('acme')], ['X-API-Key' => $key{acme}], [basic("x:$key{acme}")]) {
        is($get->('/members/page.txt', headers => $headers), '200', "what a key is needed for: $headers->[0]") for 1, 2;
        is($get->('/open/env.cgi', headers => $headers), '200', 'what is made for its tenant') for 1, 2;
    }
    is($get->('/members/page.txt'), '401', 'is not given to those who have none');
};

subtest 'the environment' => sub {
    my $acme = "$id{acme} acme active key";
    is(get('/v1/calls', as => 'acme')->header('X-Tenant'), $acme, 'of the API');
    is(get('/members/page.txt', as => 'acme')->header('X-Tenant'), $acme, 'of a file');
    is(get('/open/page.txt', as => 'acme')->header('X-Tenant'), $no_tenant, 'of what nobody has asked for');
    is(get('/v1/calls', as => 'acme', host => $host{globex})->header('X-Tenant'), $no_tenant, 'of a mismatch');

    my $env = get('/members/env.cgi', as => 'acme')->body;
    my %want = (
        TENANT_ID     => $id{acme},
        TENANT_NAME   => 'acme',
        TENANT_STATUS => 'active',
        TENANT_VIA    => 'key',
        REMOTE_USER   => $id{acme},
        AUTH_TYPE     => 'Tenant',
    );
    like($env, qr/^\Q$_=$want{$_}\E$/m, "a CGI's $_") for sort keys %want;
    unlike($env, qr/^HTTP_(?:AUTHORIZATION|X_API_KEY)=/m, 'but no key');
    unlike(get('/members/env.cgi', headers => ['X-API-Key' => $key{acme}])->body, qr/X_API_KEY|$key{acme}/, 'of neither header');
    like(get('/open/env.cgi', headers => [basic('user:password')])->body, qr/^HTTP_AUTHORIZATION=Basic /m, "another's credentials stay");
};

subtest 'a name of old with control characters' => sub {
    my ($key, $hash) = new_key();
    sql({ database => $database }, q{INSERT INTO tenants (name, status, api_key_hash)
        VALUES (E'odd\r\nX-Injected: 1\t\x01', 'active', ?)}, $hash);
    my $page = get('/members/env.cgi', as => $key);
    is_status($page, 200, 'is a tenant like any other');
    is($page->header('X-Injected'), undef, 'its name is one line of a header');
    like($page->body, qr/^TENANT_NAME=odd  X-Injected: 1 *$/m, 'and of the environment');
};

subtest 'the access log' => sub {
    get('/v1/users', as => 'globex');
    ok($keys_log->wait_for(qr{^/v1/users 200 id=$id{globex} via=key authorization=- key=-$}), 'has the tenant, and no key')
        or diag $keys_log->text;
    get('/open/page.txt', headers => [basic('user:password')]);
    ok($keys_log->wait_for(qr{^/open/page.txt 200 id=- via=- authorization=Basic - key=-$}), "nor another's password")
        or diag $keys_log->text;
};

subtest 'subrequests and internal redirects' => sub {
    for my $who (qw(acme globex)) {
        for my $path ('/members/index.shtml', '/members/') {
            my $page = get($path, as => $who)->body;
            like($page, qr/^echo=$id{$who}$/m, "$path of $who: the page's own");
            like($page, qr/^page=a page$/m, 'a file within');
            like($page, qr/^TENANT_ID=$id{$who}$/m, 'a CGI within');
            like($page, qr/"tenant_id":$id{$who}\b/, 'the API within');
        }
        my $open = get('/open/index.shtml', as => $who)->body;
        like($open, qr/^page=a page$/m, "in a page for everyone $who sees what is for members");
        like($open, qr/^TENANT_ID=$id{$who}$/m, 'as that tenant');
        for my $path ('/members/missing', '/members/renamed') {
            like(get($path, as => $who)->body, qr/^TENANT_ID=$id{$who}$/m, "$path goes to a CGI with $who");
        }
    }
    unlike(get('/open/index.shtml')->body, qr/a page|TENANT_ID=|tenant_id/, 'and nobody sees nothing of it');
};

subtest 'one connection, many tenants' => sub {
    my $client = client(to => $server);
    my %tag = (
        acme   => "$id{acme} acme active key",
        globex => "$id{globex} globex active key",
        closed => "$id{closed} closed inactive key",
    );
    my @order = qw(acme globex none acme none closed globex unknown acme acme checksum globex);
    my (@got, @want);

    for my $round (1 .. 10) {
        for my $who (@order) {
            my $path = $round % 2 ? '/v1/calls?limit=1' : '/members/page.txt';
            $client->send(GET => $path, headers => [$who eq 'none' ? () : bearing($who)]);
            push @want, $tag{$who} // $no_tenant;
            next if $round > 5 && $who ne 'globex';    # several requests under way at once
            push @got, ($client->receive->header('X-Tenant')) while @got < @want;
        }
    }
    is_deeply(\@got, \@want, 'each answer is of the tenant whose key its own request had');
};

subtest 'keys that were sent wrongly' => sub {
    my @cases = (
        [Authorization => $key{acme}], [Authorization => "Bearer\t$key{acme}"], [Authorization => "Token $key{acme}"],
        [Authorization => "Bearer $key{acme} x"], ['X-API-Key' => "Bearer $key{acme}"], ['X-API-Key' => qq{"$key{acme}"}],
    );
    for (@cases) {
        is(get('/v1/tenant', headers => $_)->status, 401, "$_->[0]: " . $_->[1] =~ s/$key{acme}/KEY/r);
        unlike(get('/open/env.cgi', headers => $_)->body, qr/$key{acme}/, 'not for CGIs');
    }
};

subtest 'logs' => sub {
    like($error_log->text, qr/trace8/, 'the error log tells everything');
    like($keys_log->text, qr/authorization=-/, 'the access log has the headers');
    for my $log ($error_log, $access_log, $keys_log) {
        my $text = $log->text;
        cmp_ok(length $text, '>', 1000, "$log->{path} is not empty");
        is(index($text, $key{$_}), -1, "no $_ key there") for sort keys %key;
    }
};

done_testing;
