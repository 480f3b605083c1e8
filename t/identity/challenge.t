# SPDX-License-Identifier: Apache-2.0
#
# Which challenges a 401 has: no script of a page may make a browser ask for a login.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;
use TenantTest::Browser;

my $server = TenantTest::Server->start(server => <<'END');
<Location "/users/v1">
    TenantHandler api
    TenantUserAuthority read
</Location>
END

my $bearer = 'Bearer realm="api"';
my $basic = 'Basic realm="api", charset="UTF-8"';
my $invalid = 'Bearer realm="api", error="invalid_token"';
my @login = (Authorization => 'Basic ' . encode_base64('nobody@example.com:wrong horse', ''));

# Of each kind of client: its headers, and whether it may be asked for a login.
my @clients = (
    ['a program', [], 1],
    ['a program of a browser\'s kind', [Accept => 'text/html, */*;q=0.5', Origin => 'https://app.example.com'], 1],
    ['a person who goes there', ['Sec-Fetch-Mode' => 'navigate', 'Sec-Fetch-Dest' => 'document'], 1],
    ['fetch()', ['Sec-Fetch-Mode' => 'cors', 'Sec-Fetch-Dest' => 'empty'], 0],
    ['fetch() of the same site', ['Sec-Fetch-Mode' => 'same-origin', 'Sec-Fetch-Dest' => 'empty'], 0],
    ['an image', ['Sec-Fetch-Mode' => 'no-cors', 'Sec-Fetch-Dest' => 'image'], 0],
    ['an older script', ['X-Requested-With' => 'XMLHttpRequest'], 0],
    ['an app', ['X-Requested-With' => 'com.example.app'], 1],
);

sub challenges {
    my ($path, @headers) = @_;
    my $answer = request(GET => $path, to => $server, host => tenant('acme')->{host}, headers => \@headers);
    is($answer->status, 401, "$path: 401");
    return [$answer->header('WWW-Authenticate')];
}

for (@clients) {
    my ($what, $headers, $is_asked) = @$_;
    subtest $what => sub {
        is_deeply(challenges('/v1/calls', @$headers), [$bearer], 'where users have no say there is one for keys');
        is_deeply(challenges('/v1/calls', @$headers, @login), [$bearer], '... with a login, too');
        is_deeply(challenges('/v1/calls', @$headers, bearer('mt_wrong')), [$invalid], '... and with a wrong key');
        is_deeply(challenges('/users/v1/calls', @$headers), [$bearer, $is_asked ? $basic : ()], 'where they have');
        is_deeply(challenges('/users/v1/calls', @$headers, @login), [$is_asked ? $basic : $bearer], '... with a wrong login');
        is_deeply(challenges('/users/v1/calls', @$headers, bearer('mt_wrong')), [$invalid], '... with a wrong key');
    };
}

subtest 'a script in a browser' => sub {
    my $origin = 'http://127.0.0.1:' . $server->port;
    my @requests = map { ["$origin/users/v1/calls", { headers => {@$_} }] } [], [@login], [bearer('mt_wrong')];
    my $result = browse('cors.js', url => "$origin/static.txt", requests => \@requests);
    is_deeply([map { $_->{status} } @{ $result->{answers} }], [401, 401, 401], 'gets its answers');
    is_deeply([map { $_->{headers}{'www-authenticate'} } @{ $result->{answers} }], [$bearer, $bearer, $invalid],
        'which ask nobody for a login');
};

done_testing;
