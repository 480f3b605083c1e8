# SPDX-License-Identifier: Apache-2.0
#
# TenantIdentify: the log names the tenant of every request, whoever answers it and however early, and does so whether
# the tenant had to be looked up or was known.

use strict;
use warnings;

use Test::More;
use TenantTest;

my %id = map { $_ => tenant($_)->{id} } qw(acme globex closed);
my %host = map { $_ => tenant($_)->{host} } keys %id;

my $lines = <<'END';
LoadModule cache_module /usr/lib/apache2/modules/mod_cache.so
LoadModule cache_disk_module /usr/lib/apache2/modules/mod_cache_disk.so
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
LoadModule authn_file_module /usr/lib/apache2/modules/mod_authn_file.so
LoadModule negotiation_module /usr/lib/apache2/modules/mod_negotiation.so
LogFormat "%>s %{n}i id=%{TENANT_ID}e via=%{TENANT_VIA}e" named
CustomLog "${test_logs}/named_log" named
CacheRoot "${test_root}/cache"
CacheEnable disk /t/kept.txt
CacheHeader on
DirectoryIndex index.txt
ErrorDocument 404 /static.txt
RewriteEngine on
RewriteRule "^/t/rewritten" "/elsewhere" [R]
RewriteRule "^/t/gone" "-" [G]
RewriteRule "^/t/no$" "-" [F]
Redirect "/t/moved" "/elsewhere"
<Location "/t">
    TenantIdentify on
</Location>
<Location "/t/kept.txt">
    Header set Cache-Control max-age=600
</Location>
<Location "/t/off">
    TenantIdentify off
</Location>
<Location "/t/redirected">
    Redirect "/elsewhere"
</Location>
<Location "/t/ruled">
    Options FollowSymLinks
    RewriteEngine on
    RewriteRule "." "/elsewhere" [R]
</Location>
<Location "/t/basic">
    AuthType Basic
    AuthName "Users"
    AuthUserFile "/dev/null"
    Require valid-user
</Location>
<Location "/t/tenant">
    AuthType Tenant
    AuthName "Tenants"
    Require tenant
</Location>
<Location "/t/denied">
    Require all denied
</Location>
<Directory "${test_root}/htdocs/d">
    TenantIdentify on
    Require all denied
</Directory>
END

sub start {
    my ($cache) = @_;
    my %files = (
        map({ ("$_/" => undef) } qw(cache htdocs/t/empty)),
        map({ ("htdocs/$_" => "content\n") } qw(t/page.txt t/kept.txt t/folder/index.txt d/page.txt)),
    );
    return TenantTest::Server->start(processes => 1, files => \%files, server => "$lines$cache", location => 'TenantIdentify on');
}

# [what it is, its path, status with and without a key]
my @requests = (
    ['a file',                      '/t/page.txt',         200, 200],
    ['a folder',                    '/t/folder/',          200, 200],
    ["a folder's redirect",         '/t/folder',           301, 301],
    ['a folder without an index',   '/t/empty/',           404, 404],
    ['no such file',                '/t/nothing',          404, 404],
    ['an encoded path',             '/%74/moved',          302, 302],
    ['a redirect',                  '/t/moved',            302, 302],
    ["a Location's redirect",       '/t/redirected',       302, 302],
    ["a rule's redirect",           '/t/rewritten',        302, 302],
    ["a Location's rule",           '/t/ruled',            302, 302],
    ['a rule that says gone',       '/t/gone',             410, 410],
    ['a rule that forbids',         '/t/no',               403, 403],
    ['a challenge',                 '/t/basic',            401, 401],
    ['a challenge of ours',         '/t/tenant/',          404, 401],
    ['denied',                      '/t/denied',           403, 403],
    ['denied in a folder',          '/d/page.txt',         403, 403],
    ['an encoded slash',            '/t/a%2fb',            404, 404],
    ['an escape that is none',      '/t/%zz',              400, 400],
    ['a path with NUL',             '/t/%00',              404, 404],
    ['the API',                     '/v1/calls/1',         200, 401],
    ['no such path of the API',     '/v1/calls/x',         404, 404],
);

my %server = (cold => start('TenantCache off'), warm => start(''));
my %log = map { $_ => TenantTest::Log->new($server{$_}->root . '/named_log') } keys %server;
my $number = 0;

# How the log names the tenant of a request.
sub logged {
    my ($which, $path, $status, $name, @option) = @_;
    my $n = ++$number;
    my ($as, $host) = @option;
    my $response = request(GET => $path, to => $server{$which}, $as ? (as => $as) : (), $host ? (host => $host) : (), headers => [n => $n]);
    is($response->status, $status, "$name: $status");
    my ($line) = $log{$which}->wait_for(qr/^\d+ $n id=\S+ via=\S+$/) =~ /^\d+ $n (.*)/m;
    return $line;
}

request(GET => '/t/page.txt', to => $server{warm}, as => 'acme', host => $host{acme}) for 1 .. 3;

for my $which (qw(cold warm)) {
    subtest "the cache is $which" => sub {
        for (@requests) {
            my ($what, $path, $with_key, $without) = @$_;
            is(logged($which, $path, $with_key, $what, 'acme'), "id=$id{acme} via=key", "$what: by key");
            is(logged($which, $path, $without, $what, undef, $host{acme}), "id=$id{acme} via=host", "$what: by Host");
            is(logged($which, $path, $without, $what), 'id=- via=-', "$what: nobody's");
        }
        is(logged($which, '/t/off/x', 404, 'off', undef, $host{acme}), 'id=- via=-', 'not where it is off');
        is(logged($which, '/static.txt', 200, 'elsewhere', undef, $host{acme}), 'id=- via=-', 'nor elsewhere');
        is(logged($which, '/t/moved', 302, 'closed', undef, $host{closed}), "id=$id{closed} via=host", 'one that is suspended is known');
    };
}

subtest 'an answer that mod_cache has kept' => sub {
    for my $which (qw(cold warm)) {
        logged($which, '/t/kept.txt', 200, 'kept', undef, $host{globex});
        for (1 .. 2) {
            is(logged($which, '/t/kept.txt', 200, 'kept', undef, $host{globex}), "id=$id{globex} via=host", "$which: its Host's tenant");
        }
        like(request(GET => '/t/kept.txt', to => $server{$which}, host => $host{globex})->header('X-Cache'), qr/^HIT/, "$which: it was kept");
    }
};

done_testing;
