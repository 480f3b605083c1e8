# SPDX-License-Identifier: Apache-2.0
#
# HTTP/2 by `Upgrade: h2c`: the request that asks for it is answered as stream 1, with the key that it came with.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;

my $server = TenantTest::Server->start(log_level => 'trace8', server => <<"END");
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
Protocols h2c http/1.1
LogFormat "%H %>s %U %{Authorization}i %{X-API-Key}i" everything
CustomLog "\${test_logs}/everything_log" everything
<Location "/static.txt">
    AuthType Tenant
    AuthName tenant
    Require tenant
</Location>
END
my $url = 'http://127.0.0.1:' . $server->port;
my ($acme, $globex) = map { tenant($_)->{key} } qw(acme globex);
my $typo = $acme =~ s/(.)$/$1 eq 'a' ? 'b' : 'a'/er;

# What curl is answered to requests, each a path and headers, on one connection: for each the problem's code or the
# tenant's id, the version, the status.
sub curl {
    my (@requests) = @_;
    my @arguments;
    for (@requests) {
        my ($path, @headers) = @$_;
        push @arguments, '--next' if @arguments;
        push @arguments, '-s', '--http2', '-w', "\n%{http_version} %{http_code}\n", (map { ('-H', $_) } @headers), "$url$path";
    }
    for (1 .. 20) {
        my $answers = run_curl(@arguments);
        return $answers unless $answers =~ /\b000\b/;    # mod_http2 may end a connection as soon as its first stream has
    }
}

sub run_curl {
    open my $out, '-|', 'curl', @_ or die "curl: $!";
    my @answers;
    while (my $line = <$out>) {
        push @answers, $1 if $line =~ /^\{.*?"(?:code|id)":\s*"?([\w-]+)/;
        push @answers, $1 if $line =~ /^(\S+ \d{3})$/;
    }
    return join ' ', @answers;
}

my $id = tenant('acme')->{id};
my $basic = sub { 'Authorization: Basic ' . encode_base64($_[0], '') };

subtest 'a key goes along' => sub {
    my @cases = (
        ['Bearer',        "Authorization: Bearer $acme"],
        ['X-API-Key',     "X-API-Key: $acme"],
        ['Basic',         $basic->("x:$acme")],
        ['as user name',  $basic->("$acme:")],
        ['beside a login', "X-API-Key: $acme", $basic->('user:password')],
    );
    is(curl(['/v1/tenant', @$_[1 .. $#$_]]), "$id 2 200", $_->[0]) for @cases;
    is(curl(['/static.txt', "X-API-Key: $acme"]), '2 200', 'to AuthType Tenant');
};

subtest 'so does what is wrong with it' => sub {
    is(curl(['/v1/tenant']), 'key-missing 2 401', 'none');
    is(curl(['/v1/tenant', "Authorization: Bearer $typo"]), 'key-invalid 2 401', 'a mistyped one');
    is(curl(['/v1/tenant', 'Authorization: Bearer nonsense']), 'key-invalid 2 401', 'nonsense');
    is(curl(['/v1/tenant', "Authorization: Bearer $acme", "X-API-Key: $globex"]), 'ambiguous-key 2 400', 'two');
    is(curl(['/v1/tenant', 'Authorization: Bearer nonsense', "X-API-Key: $acme"]), 'ambiguous-key 2 400', 'nonsense and a good one');
};

subtest 'no other stream has it' => sub {
    is(curl(['/v1/tenant', "X-API-Key: $acme"], ['/v1/tenant'], ['/v1/tenant']), "$id 2 200 key-missing 2 401 key-missing 2 401",
        'the next streams of the connection');
    is(curl(['/v1/tenant'], ['/v1/tenant']), 'key-missing 2 401 key-missing 2 401', 'nor where there was none');
};

subtest 'answers are private' => sub {
    my $head = qx(curl -s --http2 -D - -o /dev/null -H "X-API-Key: $acme" "$url/static.txt");
    like($head, qr{^HTTP/2 200.*^cache-control: private}msi, 'to others than the API as well');
};

subtest 'a request that stays HTTP/1.1' => sub {
    my @upgrade = (Connection => 'Upgrade, HTTP2-Settings', Upgrade => 'h2c', 'HTTP2-Settings' => 'AAMAAABkAAQAoAAAAAIAAAAA');
    my $client = $server->client;
    my $posted = request(POST => '/v1/products', as => 'acme', on => $client, json => { name => 'a body' }, headers => \@upgrade);
    is_status($posted, 201, 'one with a body');
    is_status(request(GET => '/v1/tenant', as => 'acme', on => $client, headers => [Connection => 'Upgrade', Upgrade => 'h2c']), 200,
        'one without settings');
    is_status(request(GET => '/v1/tenant', on => $client), 401, 'the next has no key');
};

subtest 'the logs' => sub {
    my $text = join '', map { TenantTest::Server::_read($server->root . "/$_") } qw(error_log access_log everything_log);
    like($text, qr{^HTTP/2.0 200 /v1/tenant - -$}m, 'the stream is logged');
    like($text, qr{^HTTP/1.1 101 /v1/tenant - -$}m, 'so is the request that it was');
    for (['acme' => $acme], ['globex' => $globex], ['the mistyped one' => $typo]) {
        my ($name, $key) = @$_;
        my @spelled = ($key, map { substr encode_base64($_, ''), 0, 60 } "x:$key", "$key:");
        is((grep { index($text, $_) >= 0 } @spelled), 0, "no key of $name");
    }
};

done_testing;
