# SPDX-License-Identifier: Apache-2.0
#
# mod_cache beside tenants: however it is told to keep answers, what was made for one is not given to another.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;
use TenantTest::Backend;

my %id = map { $_ => tenant($_)->{id} } qw(acme globex);
my %host = map { $_ => tenant($_)->{host} } keys %id;

# A backend whose pages anybody may keep, and which say whose they are. /vary says that it has a variant already.
my $backend = TenantTest::Backend->answer(sub {
    my ($head) = @_;
    my $tenant = $head =~ /^X-Tenant-Id: (\S+)/mi ? $1 : 'nobody';
    my $answer = TenantTest::Backend::ok("of $tenant", 'Content-Type: text/plain', 'Cache-Control: public, max-age=600',
        $head =~ m{^GET /vary} ? 'Vary: X-Tenant-Id, Accept-Language' : ());
    return $head =~ m{^GET /moved} ? $answer =~ s{200 OK}{301 Moved\r\nLocation: /to/$tenant}r : $answer;
});
my $url = $backend->url;

my $lines = <<"END";
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule cache_module /usr/lib/apache2/modules/mod_cache.so
LoadModule cache_disk_module /usr/lib/apache2/modules/mod_cache_disk.so
LoadModule cgid_module /usr/lib/apache2/modules/mod_cgid.so
ScriptSock cgisock
Options +Includes
AddOutputFilter INCLUDES .shtml
AddType text/html .shtml
CacheRoot "\${test_root}/cache"
CacheEnable disk /
CacheHeader on
<Location "/app/">
    ProxyPass $url
    TenantForward on
</Location>
<LocationMatch "^/(env|page\\.shtml)">
    TenantIdentify on
    Header set Cache-Control "public, max-age=600"
</LocationMatch>
ScriptAlias "/env" "\${test_root}/htdocs/env.cgi"
<Location "/says">
    Header set X-Tenant "expr=%{TENANT:id}"
    Header set Cache-Control "public, max-age=600"
</Location>
<Location "/members">
    AuthType Tenant
    AuthName "Tenants"
    Require tenant
    Header set Cache-Control "public, max-age=600"
</Location>
<Location "/hosted">
    Require tenant-host
    Header set Cache-Control "public, max-age=600"
</Location>
<Location "/public">
    TenantHandler api
    TenantPublicRead products
</Location>
END

my @ways = (
    ['as it is',             ''],
    ['one name for all',     'UseCanonicalName On'],
    ['one base URL for all', 'CacheKeyBaseURL http://www.example.com/'],
    ['everything is kept',   "UseCanonicalName On\nCacheStorePrivate On\nCacheStoreNoStore On\nCacheIgnoreCacheControl On"
            . "\nCacheIgnoreNoLastMod On\nCacheDefaultExpire 600\nCacheMinExpire 600"],
);

my %files = (
    'cache/'            => undef,
    'htdocs/env.cgi'    => "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\necho \"of \${TENANT_ID:-nobody}\"\n",
    'htdocs/says'       => "says\n",
    'htdocs/members'    => "for members\n",
    'htdocs/hosted'     => "for Hosts\n",
    'htdocs/page.shtml' => qq(<!--#include virtual="/members" -->\n<!--#include virtual="/app/within" -->\n),
);

for my $quick ('on', 'off') {
    for (@ways) {
        my ($name, $more) = @$_;
        subtest "$name, CacheQuickHandler $quick" => sub {
            my $server = TenantTest::Server->start(processes => 1, files => \%files, server => "$lines$more\nCacheQuickHandler $quick\n");
            my $get = sub { my ($path, @option) = @_; return request(GET => $path, to => $server, @option) };

            # who asks, and whose his pages are
            my @who = (
                ["acme's Host",   "of $id{acme}",   host => $host{acme}],
                ["globex's Host", "of $id{globex}", host => $host{globex}],
                ["nobody's Host", 'of nobody',      host => 'nobody.example.com'],
                ["acme's key",    "of $id{acme}",   as => 'acme'],
                ["globex's key",  "of $id{globex}", as => 'globex'],
                ["acme's key in Basic", "of $id{acme}", headers => [Authorization => 'Basic ' . encode_base64('x:' . tenant('acme')->{key}, '')]],
                ["globex's key in X-API-Key", "of $id{globex}", headers => ['X-API-Key' => tenant('globex')->{key}]],
                ['no key again',  'of nobody',      host => 'nobody.example.com'],
                ['a forged header', 'of nobody',    host => 'nobody.example.com', headers => ['X-Tenant-Id' => $id{acme}]],
            );
            for my $path ('/app/page', '/app/vary', '/env') {
                for my $round (1, 2) {
                    for (@who) {
                        my ($who, $want, @option) = @$_;
                        my $response = $get->($path, @option);
                        is($response->body =~ s/\s+$//r, $want, "$path for $who, time $round: " . ($response->header('X-Cache') // ''));
                    }
                }
                like($get->($path, host => $host{acme})->header('X-Cache'), qr/^HIT/, "$path: a Host's page is kept") if $path ne '/app/vary';
            }
            for (@who) {
                my ($who, $want, @option) = @$_;
                $get->('/app/moved', @option);
                like($get->('/app/moved', @option)->header('Location'), qr/\Q@{[ $want =~ s{of }{}r ]}\E$/, "a redirect for $who");
                is($get->('/says', @option)->header('X-Tenant') // '', $want eq 'of nobody' ? '' : $want =~ s/of //r, "an expression for $who");
            }
            for (1, 2) {
                is($get->('/members', as => 'acme')->status, 200, 'members');
                like($get->('/page.shtml', as => 'acme')->body, qr/for members\s+of $id{acme}/, 'and what a page includes for one');
                is($get->('/members')->status, 401, 'are not everybody');
                unlike($get->('/page.shtml')->body, qr/for members|of $id{acme}/, '... nor in a page');
                is($get->('/app/within')->body, 'of nobody', '... nor beside it');
                is($get->('/hosted', host => $host{acme})->status, 200, 'a Host');
                is($get->('/hosted', host => 'nobody.example.com')->status, 403, 'is not every Host');
                my %row = map { $_ => $get->('/public/products?limit=1', host => $host{$_})->json->{data}[0]{tenant_id} } keys %host;
                is_deeply(\%row, \%id, 'what the API shows to all on a Host');
                is($get->('/v1/calls/1', as => 'acme')->status, 200, 'the API by key');
                is($get->('/v1/calls/1')->status, 401, '... not without');
            }
        };
    }
}

done_testing;
