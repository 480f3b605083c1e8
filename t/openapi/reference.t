# SPDX-License-Identifier: Apache-2.0
#
# The page that shows browsers the API: who gets it, its files and no others.

use strict;
use warnings;

use Cwd ();
use File::Copy ();
use Test::More;
use TenantTest;
use TenantTest::Browser;
use TenantTest::Packages;

plan skip_all => page_missing if page_missing;

# The files come from a copy that is gone by the time they are asked for.
my $built = Cwd::abs_path('build/reference');
my $folder = site->{scratch} . '/reference';
mkdir $folder;
File::Copy::copy($_, $folder) or die "$_: $!" for glob "$built/*";
my $server = TenantTest::Server->start(location => qq{TenantReference "$folder"});
unlink glob "$folder/*";

my %type = (
    'swagger-ui-bundle.js' => 'text/javascript',
    'swagger-ui.css'       => 'text/css',
    'reference.js'         => 'text/javascript',
    'reference.css'        => 'text/css',
);

sub slurp {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!";
    local $/;
    return <$file>;
}

sub ask {
    my ($method, $path, @headers) = @_;
    return request($method, $path, to => $server, headers => \@headers);
}

subtest 'who gets the page' => sub {
    my %type = (
        'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8' => 'text/html',
        'text/html'                             => 'text/html',
        'text/*'                                => 'text/html',
        'text/html;q=0.2, application/json;q=0.1' => 'text/html',
        'application/json'                      => 'application/json',
        'application/json, text/html'           => 'application/json',
        'text/html, application/json'           => 'application/json',
        'text/html;q=0.9, */*'                  => 'application/json',
        'text/html;q=0, */*;q=0.1'              => 'application/json',
        '*/*'                                   => 'application/json',
        ''                                      => 'application/json',
        'image/png'                             => undef,
        'text/html;q=0'                         => undef,
    );
    for my $accept (sort keys %type) {
        for my $path ('/v1', '/v1/') {
            my $answer = ask(GET => $path, Accept => $accept);
            defined $type{$accept}
                ? is($answer->type, $type{$accept}, "$path, Accept: $accept")
                : is_problem($answer, 406, 'not-acceptable', "$path, Accept: $accept");
            like($answer->header('Vary'), qr/\bAccept\b/, '... which it depends on');
        }
    }
    is(ask(GET => '/v1/')->type, 'application/json', 'without Accept it is JSON');
    is_problem(ask(GET => '/v1/calls', Accept => 'text/html'), 406, 'not-acceptable', 'only the base path has a page');
    is_problem(ask(GET => '/v1/?x=1', Accept => 'text/html'), 400, 'bad-parameter', 'no parameters');
    is_problem(ask(GET => '/v1/', Accept => 'text/html', bearer('mt_wrong')), 401, 'key-invalid', 'a wrong key is refused here too');
};

subtest 'the page' => sub {
    my $page = ask(GET => '/v1', Accept => 'text/html');
    is_status($page, 200);
    is($page->header('Content-Type'), 'text/html; charset=utf-8', 'its type');
    is($page->header('Content-Security-Policy'),
        q(default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; )
            . q(frame-ancestors 'none'; base-uri 'none'; form-action 'none'), 'what it may do');
    is($page->header('Cache-Control'), 'private, no-store', 'it is not kept');
    is($page->header('X-Content-Type-Options'), 'nosniff', 'nor sniffed');
    is($page->header('Referrer-Policy'), 'no-referrer', 'and tells nobody where it was');
    my @named = $page->body =~ /(?:src|href|data-document)="([^"]*)"/g;
    is_deeply([grep { !m{^/v1/(?:reference/[a-z.-]+|openapi\.json)$} } @named], [], 'it names nothing but its files and the document');
    is_status(ask(GET => $_), 200, $_) for grep { m{/reference/} } @named;
    my $head = ask(HEAD => '/v1', Accept => 'text/html');
    is($head->header($_), $page->header($_), "HEAD: the same $_") for qw(Content-Type Content-Length Content-Security-Policy);
    is($head->body, '', 'and no body');
    unlike($page->body, qr/<script(?! src=)|<style|\son\w+=/, 'nothing is inline');
};

for my $name (sort keys %type) {
    my $path = "/v1/reference/$name";
    subtest $name => sub {
        my $file = ask(GET => $path);
        is_status($file, 200);
        ok($file->body eq slurp("$built/$name"), 'byte for byte, though it has gone from the folder');
        is($file->header('Content-Type'), "$type{$name}; charset=utf-8", 'its type');
        is($file->header('X-Content-Type-Options'), 'nosniff', 'is not to be guessed');
        is($file->header('Cache-Control'), 'no-cache', 'a copy is kept, but asked about');
        is($file->header('Vary'), undef, 'it is the same for everybody');
        my $etag = $file->header('ETag');
        like($etag, qr/^"[0-9a-f]{40}"$/, 'a strong ETag');

        for ($etag, "W/$etag", qq("other", $etag), '*', $etag =~ s/"$/-gzip"/r) {
            my $same = ask(GET => $path, 'If-None-Match' => $_);
            is_status($same, 304, "If-None-Match: $_");
            is($same->header('ETag'), /-gzip/ ? $_ : $etag, '... has the ETag');
            is($same->body, '', '... and no body');
        }
        is_status(ask(GET => $path, 'If-None-Match' => $_), 200, "If-None-Match: $_") for '"other"', '"other-gzip"';
        is_problem(ask(GET => $path, 'If-None-Match' => $_), 400, 'bad-header', "If-None-Match: $_") for 'x-gzip"', '';
        is_problem(ask(GET => $path, 'If-Match' => '"other"'), 412, 'precondition-failed', 'If-Match');
        is_status(ask(GET => $path, Range => 'bytes=0-9'), 200, 'it comes as a whole');

        my $head = ask(HEAD => $path);
        is($head->header($_), $file->header($_), "HEAD: the same $_") for qw(Content-Type Content-Length ETag);
        is($head->body, '', 'and no body');
        my $options = ask(OPTIONS => $path);
        is_status($options, 204, 'OPTIONS');
        is($options->header('Allow'), 'GET, HEAD, OPTIONS', 'what is allowed');
        for (qw(POST PUT PATCH DELETE TRACE)) {
            my $refused = ask($_ => $path);
            is_problem($refused, 405, 'method-not-allowed', $_);
            is($refused->header('Allow'), 'GET, HEAD, OPTIONS', '... says what is');
        }
        is_status(ask(GET => $path, Accept => $_), 200, "Accept: $_") for '*/*', 'text/css,*/*;q=0.1', $type{$name};
        is_problem(ask(GET => $path, Accept => 'image/png'), 406, 'not-acceptable', 'Accept: image/png');
        is_problem(ask(GET => "$path?v=1"), 400, 'bad-parameter', 'a query');
    };
}

subtest 'no other file' => sub {
    my @names = (qw(LICENSE NOTICE package.json swagger-ui-bundle.js.map swagger-ui.css/ Swagger-UI.css swagger-ui.css. swagger-ui.css;x
            ../../reference.js ..%2f..%2fetc%2fpasswd ..%5cetc reference.js%20 reference.js%00 reference.js%2f..%2fLICENSE
            reference.js// reference.js/. %ff), '', '%2fetc%2fpasswd', 'swagger-ui.css' x 500);
    for my $method (qw(GET HEAD)) {
        is_status(ask($method => "/v1/reference/$_"), 404, "$method " . substr $_, 0, 40) for @names;
    }
    is_same_answer(ask(GET => "/v1/reference/$_"), ask(GET => '/v1/reference/reference.js'), "$_ is the same file")
        for '//reference.js', './reference.js', '../reference/reference.js', 'reference%2ejs';
    is_status(ask(GET => "/v1/reference/../../../etc/passwd"), 400, 'nothing above the root');
    is_problem(ask(GET => $_), 404, 'not-found', $_) for qw(/v1/reference /v1/referenc /v1/references/swagger-ui.css /v1/Reference/swagger-ui.css);
};

subtest 'without TenantReference' => sub {
    is_problem(request(GET => '/v1/', headers => [Accept => 'text/html']), 406, 'not-acceptable', 'there is no page');
    is_problem(request(GET => "/v1/reference/$_"), 404, 'not-found', "nor $_") for sort keys %type;
};

subtest 'compressed' => sub {
    my $compressing = TenantTest::Server->start(location => qq{TenantReference "$built"\nSetOutputFilter DEFLATE});
    my $get = sub { request(GET => '/v1/reference/swagger-ui.css', to => $compressing, headers => ['Accept-Encoding' => 'gzip', @_]) };
    my $file = $get->();
    is($file->header('Content-Encoding'), 'gzip', 'mod_deflate compresses it');
    is_status($get->('If-None-Match' => $file->header('ETag')), 304, 'and what it makes of the ETag still matches');
};

subtest 'two Locations and the administration' => sub {
    my $own = TenantTest::Server->start(config => join "\n",
        'TenantDatabase "' . site->{conninfo} . '" admin="' . site->conninfo(site->{database}, 'tenant_admin') . '"',
        'TenantKeyFile "' . site->{key_file} . '"',
        map({ ("<Location \"$_\">", 'TenantHandler api', qq{TenantReference "$built"}, '</Location>') } '/', '/v2/'),
        '<Location "/admin">', 'TenantHandler admin', qq{TenantReference "$built"}, '</Location>', '');
    for (['/', ''], ['/v2/', '/v2']) {
        my ($path, $base) = @$_;
        my $page = request(GET => $path, to => $own, headers => [Accept => 'text/html']);
        my @files = $page->body =~ /"([^"]*\/reference\/[^"]*)"/g;
        is(scalar @files, 4, "$path has a page with four files");
        is_deeply([grep { !m{^\Q$base\E/reference/} } @files], [], 'of its own base');
        is_status(request(GET => $_, to => $own), 200, $_) for @files;
    }
    is_problem(request(GET => '/admin/', to => $own, headers => [Accept => 'text/html']), 403, 'admin-unprotected',
        'the page of the administration is for those who have logged in');
    is_problem(request(GET => '/admin/reference/swagger-ui.css', to => $own), 403, 'admin-unprotected', 'and so are its files');
};

# --- In a browser ------------------------------------------------------------------------------------------

# The operations of a server's OpenAPI document, as "GET /calls".
sub operations {
    my $paths = request(GET => '/v1/openapi.json', to => $server)->json->{paths};
    return map { my $path = $_; map { uc . " $path" } grep { $_ ne 'parameters' } keys %{ $paths->{$path} } } keys %$paths;
}

for my $scheme (qw(light dark)) {
    subtest "in a browser, $scheme" => sub {
        plan skip_all => packages_missing('t/browser') if packages_missing('t/browser');
        my $origin = 'http://127.0.0.1:' . $server->port;
        my $key = tenant('acme')->{key};
        my $result = browse('reference.js', url => "$origin/v1", key => $key, colorScheme => $scheme);

        is($result->{title}, 'Tenant API', 'the title is the document\'s');
        my %shown = map { $_ => 1 } @{ $result->{tags} };
        ok($shown{$_}, "$_ is shown") for qw(tenant calls messages recordings products users settings);
        is_deeply([sort @{ $result->{operations} }], [sort(operations())], 'and every operation');
        is($result->{ways}, 1, 'a key can be entered, in one way');
        is($result->{answer}{status}, 200, 'a request can be tried');
        like($result->{answer}{body}, qr/"tenant_id": @{[ tenant('acme')->{id} ]}\b/, 'and its answer seen');
        is($result->{answer}{url}, "$origin/v1/calls?limit=50", 'it asks for no more than was filled in');
        cmp_ok($result->{overflow}, '<=', 0, 'nothing is wider than a narrow window');

        my $seen = $result->{seen};
        is_deeply($seen->{violations}, [], 'the policy is not breached');
        is_deeply($seen->{errors}, [], 'no script fails');
        is_deeply([grep { !/^verbose:/ } @{ $result->{console} }], [], 'the console is silent');
        is_deeply([grep { index($_, "$origin/") } map { $_->{url} } @{ $seen->{requests} }], [], 'no other server is asked');
        is_deeply([grep { /\Q$key\E/ } map { $_->{url} } @{ $seen->{requests} }], [], 'the key is in no URL');
        for my $when (qw(withKey afterReload)) {
            my $stored = $result->{$when};
            is_deeply([@$stored{qw(local session databases cookies workers)}], [{}, {}, [], [], 0], "$when: nothing is stored");
            unlike(json($stored), qr/\Q$key\E/, "$when: and the key is nowhere");
        }
        ok(!$result->{keyInPage}, 'reloading forgets the key');
        is($result->{answerWithoutKey}{status}, 401, 'a request has none then');
    };
}

done_testing;
