# SPDX-License-Identifier: Apache-2.0
#
# What httpd's children keep of keys and passwords in their memory once the requests have been answered: nothing, where
# HTTP/1.1 came without TLS. Buffers of mod_ssl, OpenSSL and mod_http2 are out of our reach (docs/operate.md, "Secrets in memory").

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;
use TenantTest::Asking qw(starting start);
use TenantTest::Memory;

my $database = 'memory';
my $conninfo = database($database);
my $key = tenant('acme')->{key};
my ($email, $password) = ('user@example.com', 'canary-password-of-a-user');
my %host = (host => tenant('acme')->{host});

plan skip_all => 'a sanitizer keeps what is freed' if $ENV{TENANT_TEST_PRELOAD};
plan skip_all => "no process may read another one's memory" unless defined copies_in((site->{server}->workers)[0], 'x');

# The servers share no memory with each other, and nothing but what a subtest sends reaches its own.
starting(database => $conninfo, processes => 1, threads => 10, location => 'TenantUserAuthority read', server => 'LimitRequestFieldSize 16000');

sub coded { return substr encode_base64($_[0], ''), 0, 4 * int(length($_[0]) / 3) }

# That nothing of these texts is left of what the requests brought, on connections that are open or closed.
sub is_clean {
    my ($name, $texts, $requests) = @_;
    subtest $name => sub {
        my $server = start();
        my @open = map { $server->client } 1 .. 3;
        $requests->($server, $_) for (@open) x 5, map { $server->client } 1 .. 5;
        my ($child) = $server->workers;
        for my $text (@$texts) {
            my $copies;
            # the child may be about to release what it answered last
            for (1 .. 50) {
                last unless $copies = copies_in($child, $text);
                select undef, undef, undef, 0.1;
            }
            is($copies, 0, 'nothing is left');
        }
    };
}

sub ask {
    my ($client, @headers) = @_;
    is_status(request(GET => '/v1/calls/1', on => $client, %host, headers => [@headers]), 200, 'a request');
}

# A request as text.
sub text {
    my ($path, @headers) = @_;
    return join "\r\n", "GET $path HTTP/1.1", "Host: $host{host}", @headers, '', '';
}

subtest 'the search' => sub {
    my $server = start();
    my $client = $server->client;
    my ($planted) = ('mt_' . 'planted' x 7) x 2;
    ask($client, "X-Other" => "$planted", 'X-API-Key' => $key);
    cmp_ok(copies_in($server->workers, $planted), '>', 0, 'finds what nobody wipes');
};

is_clean('Bearer', [$key], sub { ask($_[1], Authorization => "Bearer $key", Accept => '*/*') });
is_clean('X-API-Key', [$key], sub { ask($_[1], 'x-api-key' => $key) });
is_clean('Basic', [$key, coded("x:$key")], sub { ask($_[1], Authorization => 'Basic ' . encode_base64("x:$key", '')) });
is_clean('a user name', [$key, coded("$key:")], sub { ask($_[1], Authorization => 'Basic ' . encode_base64("$key:", '')) });
is_clean('a POST', [$key], sub {
    is_status(request(POST => '/v1/products', on => $_[1], headers => [Authorization => "Bearer $key"], json => { name => 'x' x 200 }), 201, 'a row');
});
is_clean('a wrong key', ["${key}x"], sub {
    is_status(request(GET => '/v1/calls/1', on => $_[1], headers => [Authorization => "Bearer ${key}x"]), 401, 'is refused');
});
is_clean('long headers ahead and behind', [$key], sub {
    ask($_[1], 'X-Long' => 'a' x 9000, Authorization => "Bearer $key", 'X-Longer' => 'b' x 9000);
});

{
    my $server = start();
    is_status(request(POST => '/v1/users', to => $server, as => $key, json => { email => $email, password => $password }), 201, 'a user');
}
is_clean('a login', [coded("$email:$password"), $password], sub {
    ask($_[1], Authorization => 'Basic ' . encode_base64("$email:$password", ''));
});

# What signs a token is opened for a moment; the server that it was brought to is another one.
my %twilio = (twilio_account_sid => 'AC' . '0' x 32, twilio_api_key_sid => 'SK' . '0' x 32, twilio_api_key_secret => 'canary-of-an-API-key-at-Twilio');
{
    my $server = start();
    is_status(request(PATCH => '/v1/tenant', to => $server, as => $key, json => \%twilio), 200, 'an account at Twilio');
}
is_clean('the secret of a token', [$twilio{twilio_api_key_secret}], sub {
    my $token = request(POST => '/v1/twilio/token', on => $_[1], headers => [bearer($key)], json => { identity => 'a', voice => {} });
    is_status($token, 200, 'a token');
});

# Requests that come together share a buffer: none may be harmed by what is wiped of another.
is_clean('requests that come together' => [$key], sub {
    my ($server, $client) = @_;
    my @requests = (
        [text('/v1/calls/1', "Authorization: Bearer $key", 'X-Other: Authorization: nothing') => 200],
        [text('/v1/calls/1') => 401],
        [text('/v1/calls/1', 'X-API-Key: ', 'Accept: */*', "AUTHORIZATION: bearer $key") => 200],
        [text('/static.txt', "X-API-Key: $key") => 200],
        [text('/v1/calls/1', "X-API-Key:$key") => 200],
    );
    $client->write(join('', map { $_->[0] } @requests), 'GET');
    push @{ $client->{waiting} }, (['GET', time]) x (@requests - 1);
    is_deeply([map { $client->receive->status } @requests], [map { $_->[1] } @requests], 'each is answered as it should be');
});

subtest 'a request that comes in two parts' => sub {
    my $server = start();
    my $text = text('/v1/calls/1', 'Accept: */*', "Authorization: Bearer $key", 'Prefer: x');
    for (my $at = 1; $at < length $text; $at += 7) {
        my $client = $server->client;
        $client->write(substr($text, 0, $at), 'GET');
        select undef, undef, undef, 0.01;
        is($client->write(substr $text, $at)->receive->status, 200, "cut at $at");
    }
};

done_testing;
