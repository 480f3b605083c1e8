# SPDX-License-Identifier: Apache-2.0
#
# A Location of ours is answered by us, whoever else has been told to answer everything, and in whatever order the
# modules are loaded.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Backend;

# A backend that takes whatever it gets.
my $swallower = TenantTest::Backend->answer(sub { return TenantTest::Backend::ok('swallowed') });
my $backend = $swallower->url =~ s{/\z}{}r;

my $modules = join "\n", 'ScriptSock cgisock', map { "LoadModule ${_}_module /usr/lib/apache2/modules/mod_$_.so" }
    qw(proxy proxy_http actions cgid vhost_alias negotiation speling dav dav_fs);

# Who claims all paths.
my $htdocs = '${test_root}/htdocs';
my @claims = (
    ['ProxyPass',                   qq(ProxyPass "/" "$backend/")],
    ['ProxyPass without decoding',  qq(ProxyPass "/" "$backend/" nocanon)],
    ['ProxyPass ahead of decoding', qq(ProxyPass "/" "$backend/" mapping=encoded)],
    ['ProxyPass for servlets',      qq(ProxyPass "/" "$backend/" mapping=servlet)],
    ['ProxyPassMatch',              qq(ProxyPassMatch "^/(.*)" "$backend/\$1")],
    ['ProxyPass in a Location',     in_root(qq(ProxyPass "$backend/"))],
    ['SetHandler proxy:',           in_root(qq(SetHandler "proxy:$backend/"))],
    ['RewriteRule [P]',             qq(RewriteEngine on\nRewriteRule "^/(.*)" "$backend/\$1?all=1" [P])],
    ['RewriteRule [P] in a Location', in_root(qq(RewriteEngine on\nRewriteRule "." "$backend/" [P]))],
    ['RewriteRule',                 qq(RewriteEngine on\nRewriteRule "^/(.*)" "/static.txt?path=\$1" [L])],
    ['RewriteRule in a Location',   in_root(qq(RewriteEngine on\nRewriteRule "." "/static.txt" [END]))],
    ['FallbackResource',            'FallbackResource /static.txt'],
    ['Alias',                       qq(Alias "/" "$htdocs/")],
    ['AliasMatch',                  qq(AliasMatch "." "$htdocs/static.txt")],
    ['ScriptAlias',                 qq(ScriptAlias "/" "$htdocs/")],
    ['VirtualDocumentRoot',         qq(VirtualDocumentRoot "$htdocs")],
    ['SetHandler',                  in_root('SetHandler server-status')],
    ['SetHandler none',             "FallbackResource /static.txt\n" . in_root('SetHandler none')],
    ['Action',                      "Action any /static.txt virtual\n" . in_root('SetHandler any')],
    ['Script',                      "Script POST /static.txt\nScript PATCH /static.txt"],
    ['MultiViews',                  in_root('Options MultiViews')],
    ['CheckSpelling',               'CheckSpelling on'],
    ['WebDAV',                      "DavLockDB \"\${test_root}/locks\"\n" . in_root('Dav on')],
    ['DirectoryIndex',              'DirectoryIndex /static.txt'],
);

sub in_root {
    my ($lines) = @_;
    return qq(<Location "/">\nOptions FollowSymLinks\n$lines\n</Location>);
}

# That the API answers as it does where it is alone.
sub is_answered {
    my ($server, $rewrites) = @_;
    my $response = request(GET => '/v1/calls?limit=1&order=id.asc', as => 'acme', to => $server);
    is_status($response, 200, 'a list');
    is(eval { scalar @{ $response->json->{data} } }, 1, '... by its own query');
    is(eval { request(GET => '/v1/calls/%31', as => 'acme', to => $server)->json->{id} }, 1, 'an escape in the path');
    is_problem(request(GET => '/v1/calls/1', to => $server), 401, 'key-missing', 'no key');
    is_problem(request(GET => '/v1/nothing.html.gz', as => 'acme', to => $server), 404, 'not-found', 'no such path');
    is_problem(request(GET => '/v1/calls/%0a%7f%20', as => 'acme', to => $server), 404, 'not-found', 'an odd path')
        unless $rewrites;    # mod_rewrite refuses control characters itself
    is_problem(request(POST => '/v1/calls', as => 'acme', json => {}, to => $server), 422, 'invalid', 'POST');
    is_problem(request(PATCH => '/v1/calls/1', as => 'acme', json => { id => 1 }, to => $server), 422, 'invalid', 'PATCH');
    is_problem(request($_ => '/v1/calls/1', as => 'acme', to => $server), 405, 'method-not-allowed', $_) for qw(PUT TRACE PROPFIND);
    is_status(request(GET => '/v1', to => $server), 200, 'the base path');
    is_status(request(OPTIONS => '/v1/', to => $server), 204, 'OPTIONS');
}

for my $order ('ahead of ours', 'behind ours') {
    for (@claims) {
        my ($name, $lines) = @$_;
        subtest "$name, loaded $order" => sub {
            is_answered(TenantTest::Server->start(processes => 1,
                $order eq 'ahead of ours' ? (ahead => $modules, server => $lines) : (server => "$modules\n$lines")), $lines =~ /^RewriteRule "\^/m);
        };
    }
}

subtest 'what is not ours is theirs' => sub {
    my $site = TenantTest::site();
    my $config = <<"END";
TenantDatabase "$site->{conninfo}"
TenantKeyFile "$site->{key_file}"
RewriteEngine on
RewriteRule "^/legacy/(\\d+)\$" "/v1/calls?limit=\$1" [PT]
RewriteRule "^/v1/old/(.*)" "/app/\$1" [PT]
Redirect "/v1/moved" "/v1/calls"
<Location "/v1">
    TenantHandler api
</Location>
<Location "/v1/app">
    TenantHandler off
</Location>
END
    my $server = TenantTest::Server->start(ahead => $modules, config => qq(${config}ProxyPass "/" "$backend/"\n));
    my $alone = TenantTest::Server->start(config => $config);
    is(request(GET => $_, to => $server)->body, 'swallowed', $_) for qw(/ /app /v10 /v1/app /v1/app/x /v1/old/x);
    for ($server, $alone) {
        my $response = request(GET => '/legacy/2', as => 'acme', to => $_);
        is(eval { scalar @{ $response->json->{data} } }, 2, 'a rule brings a path into our Location, with its query');
    }
    is_status(request(GET => '/v1/moved', to => $alone), 302, 'a redirect stays one');
    is_status(request(GET => '/v1/app/x', to => $alone), 404, 'nobody has it');
};

done_testing;
