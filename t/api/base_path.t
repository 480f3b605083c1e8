# SPDX-License-Identifier: Apache-2.0
#
# Behind a proxy that cuts or changes the path TenantBasePath has every path of an answer lead somewhere.

use strict;
use warnings;

use Cwd ();
use JSON::PP ();
use Test::More;
use TenantTest;
use TenantTest::Browser;

my $reference = 'TenantReference "' . Cwd::abs_path('build/reference') . '"';
my $conninfo = database('base_path');
my $common = qq{TenantDatabase "$conninfo" admin="@{[site->conninfo('base_path', 'tenant_admin')]}"\nTenantKeyFile "@{[site->{key_file}]}"\n};

sub api {
    my ($location, @lines) = @_;
    return join "\n", qq{<Location "$location">}, 'TenantHandler api', @lines, "</Location>\n";
}

# Each Location with its base path, in an httpd of its own where one would hide the other.
my %back = (
    v1 => TenantTest::Server->start(config => $common
        . api('/v1', 'TenantBasePath /public/v1', $reference)
        . "<Location \"/v1/calls\">\nTenantPageSize 2 1000\n</Location>\n"
        . "<Location \"/v1/inner\">\nTenantHandler api\n</Location>\n"
        . api('/v2/', 'TenantBasePath /', $reference)
        . "<Location \"/v3\">\nTenantBasePath /three/\n</Location>\n<Location \"/v3\">\nTenantHandler api\n</Location>\n"),
    root => TenantTest::Server->start(config => $common . api('/', 'TenantBasePath /api', $reference)),
);
my %port = map { $_ => $back{$_}->port } keys %back;

sub front {
    my (@lines) = @_;
    return TenantTest::Server->start(config => join "\n", 'LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so',
        'LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so', @lines, '');
}

my $by_prefix = front(qq{ProxyPass "/public/v1" "http://127.0.0.1:$port{v1}/v1"}, qq{ProxyPassReverse "/public/v1" "http://127.0.0.1:$port{v1}/v1"},
    qq{ProxyPass "/api" "http://127.0.0.1:$port{root}"}, qq{ProxyPass "/three" "http://127.0.0.1:$port{v1}/v3"});
my $whole = front(qq{ProxyPass "/" "http://127.0.0.1:$port{v1}/v2/"});

# What is served where: the front's server, the path there, and the back's Location by that name.
my @sites = (
    ['a changed path', $by_prefix, '/public/v1'],
    ['a path that is cut', $by_prefix, '/api'],
    ['a path that is added', $whole, ''],
    ['a Location in two parts', $by_prefix, '/three'],
);

for (@sites) {
    my ($what, $front, $base) = @$_;
    my $ask = sub { my ($method, $path, %option) = @_; return request($method, $path, as => 'acme', to => $front, %option) };
    my $leads = sub {
        my ($path, $name, %option) = @_;
        like($path, qr{^\Q$base\E/}, "$name has the base path");
        return is_status($ask->(GET => $path, %option), 200, '... and leads somewhere');
    };
    subtest $what => sub {
        my $index = $ask->(GET => "$base/");
        is_status($index, 200, 'the index') or return;
        $leads->($index->json->{$_}, "the link to $_") for sort keys %{ $index->json };

        my $list = $ask->(GET => "$base/calls?limit=1");
        $leads->($list->json->{next}, 'next');
        my ($next) = $list->header('Link') =~ /^<([^>]*)>; rel="next"/;
        $leads->($next, 'Link');
        my $made = $ask->(POST => "$base/products", json => { name => 'Anvil' });
        is_status($made, 201, 'a new row');
        $leads->(scalar $made->header('Location'), 'its Location');

        my $missing = $ask->(GET => "$base/nothing");
        is_problem($missing, 404, 'not-found', 'an error');
        $leads->($missing->json->{type}, 'its type');
        $leads->($_->{type}, "the type of $_->{code}") for @{ $ask->(GET => "$base/problems")->json->{data} }[0, -1];
        my ($all) = $ask->(GET => "$base/problems/invalid", headers => [Accept => 'text/html'])->body =~ /href="([^"]*)"/;
        $leads->($all, 'a link of a page', headers => [Accept => 'text/html']);

        my $document = $ask->(GET => "$base/openapi.json");
        is($document->json->{servers}[0]{url}, $base || '/', 'the document\'s server');
        my @types = $document->body =~ m{"type":"(/[^"]*problems/[^"]*)"}g;
        cmp_ok(scalar @types, '>', 10, 'the examples of its problems');
        is_deeply([grep { !m{^\Q$base\E/problems/} } @types], [], '... have the base path');
    };
}

subtest 'httpd\'s own refusals, and other Locations' => sub {
    my $ask = sub { request(GET => $_[0], as => 'acme', to => $back{v1}) };
    is($ask->('/v1/%zz')->json->{type}, '/public/v1/problems/bad-request', 'a path that cannot be decoded');
    is($ask->('/v1/calls%2f1')->json->{type}, '/public/v1/problems/not-found', 'a path that httpd refuses');
    like($ask->('/v1/calls')->json->{next}, qr{^/public/v1/calls\?}, 'a Location inside has it for its API');
    like($ask->('/v1/inner/calls?limit=1')->json->{next}, qr{^/v1/inner/calls\?}, 'an API inside has its own path');
    is_status($ask->('/public/v1/calls'), 404, 'nothing answers at the path that clients see');
};

subtest 'the reference page' => sub {
    my $key = tenant('acme')->{key};
    for (['/public/v1', $by_prefix], ['/api', $by_prefix], ['', $whole]) {
        my ($base, $front) = @$_;
        my $origin = 'http://127.0.0.1:' . $front->port;
        my $page = request(GET => "$base/", to => $front, headers => [Accept => 'text/html']);
        my @files = $page->body =~ /"([^"]*\/reference\/[^"]*)"/g;
        is(scalar @files, 4, "$base/ has four files");
        is_status(request(GET => $_, to => $front), 200, $_) for @files;
        next unless $base eq '/public/v1';
        my $result = browse('reference.js', url => "$origin$base", key => $key, colorScheme => 'light');
        is($result->{answer}{status}, 200, 'a request can be tried');
        is($result->{answer}{url}, "$origin$base/calls?limit=50", 'at the path that the proxy has');
        is_deeply($result->{seen}{errors}, [], 'no script fails');
    }
};

done_testing;
