# SPDX-License-Identifier: Apache-2.0
#
# A tenant looks after itself: its profile, its sealed credentials, its API key.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use POSIX qw(strftime);
use Test::More;
use TenantTest;

my $database = 'profile';
my $server = TenantTest::Server->start(database => database($database), log_level => 'trace8');
my %key = map { $_ => tenant($_)->{key} } qw(acme globex);
my %id = map { $_ => tenant($_)->{id} } keys %key;
my $log = $server->error_log;
my @canaries = ('canary-auth-token', 'canary-api-secret');

sub api {
    my ($method, $path, %option) = @_;
    return request($method, "/v1$path", to => $server, %option);
}

sub stored {
    my ($column, $name) = @_;
    return scalar row({ database => $database }, "SELECT $column FROM tenants WHERE id = ?", $id{ $name // 'acme' });
}

subtest 'the profile' => sub {
    my $globex = row({ database => $database }, 'SELECT tenants::text FROM tenants WHERE id = ?', $id{globex});
    my $response = api(PATCH => '/tenant', as => $key{acme}, json => {
            name => 'Acme & Co', twilio_account_sid => 'AC' . '0f' x 16, twilio_auth_token => $canaries[0],
            twilio_api_key_sid => 'SK' . '0f' x 16, twilio_api_key_secret => $canaries[1],
            twilio_phone_number => '+15551234567' });

    is_status($response, 200);
    is_deeply($response->json, {
            id => $id{acme}, name => 'Acme & Co', status => 'active', custom_domain => tenant('acme')->{host},
            twilio_account_sid => 'AC' . '0f' x 16, twilio_auth_token_set => JSON::PP::true(),
            twilio_auth_token_previous_until => undef, twilio_api_key_sid => 'SK' . '0f' x 16, twilio_api_key_secret_set => JSON::PP::true(),
            twilio_phone_number => '+15551234567' }, 'secrets go in and do not come out');
    is_deeply(api(GET => '/tenant', as => $key{acme})->json, $response->json, 'and is read back');
    is(row({ database => $database }, 'SELECT tenants::text FROM tenants WHERE id = ?', $id{globex}), $globex,
        "another tenant's row is as it was");
};

subtest 'secrets are sealed' => sub {
    my $envelope = qr/^mt1\.xchacha20poly1305\.[1-9][0-9]*\.[A-Za-z0-9_-]{60,}$/;

    like(stored($_), $envelope, $_) for qw(twilio_auth_token twilio_api_key_secret);
    my $first = stored('twilio_auth_token');
    is_status(api(PATCH => '/tenant', as => $key{acme}, json => { twilio_auth_token => $canaries[0] }), 200);
    isnt(stored('twilio_auth_token'), $first, 'the same secret is never sealed the same way');
    $first = stored('twilio_api_key_secret');
    is_status(api(PATCH => '/tenant', as => $key{acme}, json => { name => 'Acme' }), 200);
    is(stored('twilio_api_key_secret'), $first, 'what a patch does not name stays');
    my $response = api(PATCH => '/tenant', as => $key{acme}, json => { twilio_auth_token => undef });
    is(stored('twilio_auth_token'), undef, 'null removes it');
    ok(!$response->json->{twilio_auth_token_set}, '... and says so');
};

# A time so many seconds from now, as answers show it.
sub in_seconds {
    return strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time + $_[0]));
}

subtest 'a token is replaced' => sub {
    my $patch = sub { api(PATCH => '/tenant', as => $key{acme}, json => {@_}) };
    my $until = sub { $_[0]->json->{twilio_auth_token_previous_until} };
    my ($hour, $day, $previous) = (in_seconds(3600), in_seconds(86400), 'twilio_auth_token_previous');

    $patch->(twilio_auth_token => 'canary-one');
    is(stored($previous), undef, 'without a time nothing is left of the former one');
    my $one = stored('twilio_auth_token');
    my $response = $patch->(twilio_auth_token => 'canary-two', twilio_auth_token_previous_until => $hour);
    is($until->($response), $hour, 'with a time that is told');
    is($until->(api(GET => '/tenant', as => $key{acme})), $hour, '... and read back');
    is(stored($previous), $one, 'the former one stays, sealed as it was');
    unlike($response->body, qr/\Q$one\E|mt1|canary/, 'and is not shown');
    $patch->(twilio_auth_token => 'canary-two', twilio_auth_token_previous_until => $hour);
    is(stored($previous), $one, 'also after the same once more');
    $patch->(twilio_auth_token => 'canary-two', twilio_auth_token_previous_until => $day);
    is(stored($previous), $one, '... and with another time');
    is($until->($patch->(name => 'Acme')), $day, 'which counts');
    $patch->(twilio_auth_token => 'canary-three');
    is(stored($previous), $one, 'also after the new one is mended');
    my $three = stored('twilio_auth_token');
    $patch->(twilio_auth_token => 'canary-four', twilio_auth_token_previous_until => $hour);
    is(stored($previous), $three, 'the next one takes its place');
    is($until->($patch->(twilio_auth_token_previous_until => undef)), undef, 'null');
    is(stored($previous), undef, 'ends it');
    is($until->($patch->(twilio_auth_token_previous_until => $hour)), undef, 'a time for none is none');
    is($until->($patch->(twilio_auth_token => 'canary-five', twilio_auth_token_previous_until => '2020-01-01T00:00:00Z')), undef, 'nor is one that is past');
    is(stored($previous), undef, 'it ends at once');
    is_invalid($patch->(twilio_auth_token_previous_until => in_seconds(30 * 86400 + 600)),
        { '/twilio_auth_token_previous_until' => 'range' }, 'more than 30 days');
    is_status($patch->(twilio_auth_token_previous_until => in_seconds(30 * 86400 - 600)), 200, 'no more than that');
    unlike($log->text, qr/canary-(?:one|two|three|four|five)/, 'the log has none of them');
};

subtest 'what cannot be opened is not as good as set' => sub {
    my %envelope;
    my $set = sub { sql({ database => $database }, "UPDATE tenants SET $_[1] = ? WHERE id = ?", $_[2], $id{ $_[0] }) };

    for my $name (qw(acme globex)) {
        is_status(api(PATCH => '/tenant', as => $key{$name}, json => {
                    twilio_auth_token => "$canaries[0]-$name", twilio_api_key_secret => "$canaries[1]-$name" }), 200);
        $envelope{$name} = { map { $_ => stored($_, $name) } qw(twilio_auth_token twilio_api_key_secret) };
    }
    my $own = $envelope{acme}{twilio_auth_token};
    my ($head, $body) = $own =~ /^(.*\.)([^.]+)$/;
    my @cases = (
        ["another tenant's", $envelope{globex}{twilio_auth_token}, qr/altered, or belongs to another place/],
        ["another column's", $envelope{acme}{twilio_api_key_secret}, qr/altered, or belongs to another place/],
        ['one character flipped', $head . ($body =~ s/^(.)/$1 eq 'A' ? 'B' : 'A'/er), qr/altered/],
        ['cut', substr($own, 0, -4), qr/altered/],
        ['an unknown version', $own =~ s/^mt1/mt9/r, qr/altered/],
        ['an unknown key', $own =~ s/poly1305\.\d+\./poly1305.4294967295./r, qr/does not have its key/],
    );

    for (@cases) {
        my ($name, $value, $why) = @$_;
        my $mark = $server->error_log;
        $set->('acme', 'twilio_auth_token', $value);
        is_problem(api(GET => '/tenant', as => $key{acme}), 503, 'secret-unreadable', $name);
        like($mark->text, qr/tenants\.twilio_auth_token of tenant $id{acme} cannot be opened: .*$why/, "$name: is logged");
        unlike($mark->text, qr/\Q@{[substr $value, -20]}\E/, "$name: without its content");
        is_status(api(GET => '/tenant', as => $key{globex}), 200, "$name: nobody else's affair");
    }
    is_status(api(PATCH => '/tenant', as => $key{acme}, json => { twilio_auth_token => $canaries[0] }), 200, 'a new one mends it');
    is_status(api(GET => '/tenant', as => $key{acme}), 200);
    $set->('acme', 'twilio_auth_token', 'in clear, by an earlier system');
    ok(api(GET => '/tenant', as => $key{acme})->json->{twilio_auth_token_set}, 'a plaintext is set');
    $set->('acme', 'twilio_auth_token', $own);
};

subtest 'what is refused' => sub {
    my $before = row({ database => $database }, 'SELECT tenants::text FROM tenants WHERE id = ?', $id{acme});
    my @cases = (
        [{ status => 'inactive' }, { '/status' => 'read-only' }],
        [{ custom_domain => 'evil.example' }, { '/custom_domain' => 'read-only' }],
        [{ id => 1 }, { '/id' => 'read-only' }],
        [{ api_key_hash => 'x' }, { '/api_key_hash' => 'unknown' }],
        [{ twilio_auth_token_set => JSON::PP::true() }, { '/twilio_auth_token_set' => 'read-only' }],
        [{ name => undef }, { '/name' => 'null' }],
        [{ name => 'x' x 257 }, { '/name' => 'length' }],
        [{ name => "a\nb" }, { '/name' => 'pattern' }],
        [{ twilio_auth_token => '' }, { '/twilio_auth_token' => 'length' }],
        [{ twilio_auth_token => 'x' x 257 }, { '/twilio_auth_token' => 'length' }],
        [{ twilio_api_key_secret => "\x{e9}" }, { '/twilio_api_key_secret' => 'pattern' }],
        [{ twilio_account_sid => 'CA' . '0' x 32 }, { '/twilio_account_sid' => 'pattern' }],
        [{ twilio_phone_number => '+0555' }, { '/twilio_phone_number' => 'pattern' }],
        [{ twilio_phone_number => '+1555123456789012' }, { '/twilio_phone_number' => 'length' }],
    );

    is_invalid(api(PATCH => '/tenant', as => $key{acme}, json => $_->[0]), $_->[1], json($_->[0])) for @cases;
    is_problem(api($_ => '/tenant', as => $key{acme}, json => {}), 405, 'method-not-allowed', $_) for qw(POST DELETE);
    is(row({ database => $database }, 'SELECT tenants::text FROM tenants WHERE id = ?', $id{acme}), $before,
        'nothing was written');
};

subtest 'a new key' => sub {
    my $globex = stored('api_key_hash', 'globex');
    my $old = $key{acme};
    my $response = api(POST => '/tenant/key', as => $old, json => {});

    is_status($response, 200);
    is($response->json->{grace_seconds}, 86_400, 'a day of grace unless said otherwise');
    my $new = $response->json->{api_key};
    like($new, qr/^mt_[0-9A-Za-z]{49}$/);
    is_status(api(GET => '/tenant', as => $_), 200, 'both keys work') for $old, $new;
    is_problem(api(POST => '/tenant/key', as => $old, json => {}), 403, 'key-retiring', 'the old one gets no new one');
    is_status(api(PATCH => '/tenant', as => $old, json => { name => 'Acme' }), 200, '... and does everything else');
    cmp_ok(row({ database => $database }, "SELECT extract(epoch FROM retiring_api_key_expires_at - now()) FROM tenants WHERE id = ?",
            $id{acme}), '<=', 86_400);

    my $third = api(POST => '/tenant/key', as => $new, json => { grace_seconds => 600 })->json->{api_key};
    is_problem(api(GET => '/tenant', as => $old), 401, 'key-invalid', 'a second rotation ends the earlier grace');
    is_status(api(GET => '/tenant', as => $_), 200) for $new, $third;

    sql({ database => $database }, "UPDATE tenants SET retiring_api_key_expires_at = now() - interval '1 second' WHERE id = ?",
        $id{acme});
    until_heard();
    is_problem(api(GET => '/tenant', as => $new), 401, 'key-invalid', 'after its grace a key is gone');
    is_problem(api(POST => '/tenant/key', as => $new, json => {}), 401, 'key-invalid', '... for a rotation too');

    my $fourth = api(POST => '/tenant/key', as => $third, json => { grace_seconds => 0 })->json->{api_key};
    is_problem(api(GET => '/tenant', as => $third), 401, 'key-invalid', 'no grace at all');
    is(stored('retiring_api_key_hash'), undef, '... leaves nothing behind');
    is(stored('api_key_hash', 'globex'), $globex, "another tenant's key is as it was");
    $key{acme} = $fourth;
};

subtest 'rotations that are refused' => sub {
    my $hash = stored('api_key_hash');

    is_invalid(api(POST => '/tenant/key', as => $key{acme}, json => $_->[0]), $_->[1], json($_->[0]))
        for [{ grace_seconds => -1 }, { '/grace_seconds' => 'range' }],
        [{ grace_seconds => 604_801 }, { '/grace_seconds' => 'range' }],
        [{ grace_seconds => '60' }, { '/grace_seconds' => 'type' }],
        [{ grace_seconds => undef }, { '/grace_seconds' => 'null' }],
        [{ api_key => 'mt_' }, { '/api_key' => 'unknown' }];
    is_invalid(api(POST => '/tenant/key', as => $key{acme}, body => '[]', type => 'application/json'), { '' => 'type' });
    is_problem(api(POST => '/tenant/key', as => $key{acme}), 415, 'unsupported-media-type');
    is_problem(api(POST => '/tenant/key', json => {}), 401, 'key-missing');
    is_problem(api(GET => '/tenant/key', as => $key{acme}), 405, 'method-not-allowed');
    is_problem(api(POST => '/tenant/keys', as => $key{acme}, json => {}), 404, 'not-found');
    is_problem(api(POST => '/calls/key', as => $key{acme}, json => {}), 404, 'not-found');
    is(stored('api_key_hash'), $hash, 'the key is as it was');
};

subtest 'of twenty rotations at once one wins' => sub {
    my @clients = map { client(to => $server) } 1 .. 20;
    $_->send(POST => '/v1/tenant/key', headers => [bearer($key{acme}), 'Content-Type' => 'application/json'], body => '{}')
        for @clients;
    my @responses = map { $_->receive } @clients;
    my @won = grep { $_->status == 200 } @responses;

    is(scalar @won, 1, 'one');
    is_problem($_, 403, 'key-retiring') for grep { $_->status != 200 } @responses;
    $key{acme} = $won[0]->json->{api_key};
    is_status(api(GET => '/tenant', as => $key{acme}), 200, 'with the key that is in force');
};

subtest 'Basic with a key' => sub {
    my $basic = sub { (Authorization => 'Basic ' . encode_base64(join(':', @_), '')) };

    is_status(api(GET => '/tenant', headers => [$basic->('AC' . '0' x 32, $key{acme})]), 200, 'any user name');
    is_status(api(GET => '/tenant', headers => [$basic->('', $key{acme})]), 200, 'none');
    is_problem(api(GET => '/tenant', headers => [$basic->('x', $key{acme} =~ s/.$/-/r)]), 401, 'key-invalid', 'a wrong one');
    is_problem(api(GET => '/tenant', headers => [$basic->('x', $key{acme}), 'X-API-Key' => $key{globex}]), 400, 'ambiguous-key');
    is_status(api(GET => '/tenant', headers => [$basic->($key{acme}, '')]), 200, 'or the key is the user name');
    is_status(api(GET => '/tenant', headers => [$basic->($key{acme}, 'x')]), 200, 'beside any password');
};

subtest 'nothing of it is logged' => sub {
    my $text = $log->text;

    cmp_ok(length $text, '>', 10_000, 'at trace8');
    unlike($text, qr/\Q$_\E/, 'no secret') for @canaries;
    unlike($text, qr/\Q$_\E/, 'no key') for values %key;
    unlike($text, qr/\Q@{[encode_base64("x:$key{acme}", '')]}\E/, 'nor in base64');
};

done_testing;
