# SPDX-License-Identifier: Apache-2.0
#
# POST /twilio/token: what Twilio's own library makes of the same input (t/twilio/token.js), for whom, of what body, and that
# neither the secret nor a token is in any log.

use strict;
use warnings;
use utf8;

use File::Temp ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Test::More;
use Time::Local qw(timegm);

use TenantTest;
use TenantTest::Asking qw(asking ask no_faults);
use TenantTest::Fault;
use TenantTest::Packages;
use TenantTest::Twilio qw(hex32);

plan skip_all => packages_missing('t/twilio') if packages_missing('t/twilio');

use constant RANDOM => 150;

my $seed = $ENV{TENANT_TEST_SEED} // time ^ $$ << 8;
srand $seed;
diag "TENANT_TEST_SEED=$seed";

my $json = JSON::PP->new->canonical->utf8;
my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $site = TenantTest::Site->make;
my $server = TenantTest::Server->start(site => $site, processes => 1, log_level => 'trace8', server => <<'CONFIG');
TenantLoginRate off
ForensicLog "${test_logs}/forensic_log"
<Location "/read/v1">
    TenantHandler api
    TenantUserAuthority read
</Location>
<Location "/write/v1">
    TenantHandler api
    TenantUserAuthority write
</Location>
<Location "/public/v1">
    TenantHandler api
    TenantPublicRead products
</Location>
CONFIG

my $path = '/v1/twilio/token';
my $application = 'AP' . hex32();
my %voice = (voice => { incoming => { allow => $true } });
my %account = (
    account => 'AC' . hex32(),
    key     => 'SK' . hex32(),
    secret  => 'canary' . hex32(),
);

asking(to => $server, as => 'acme', is_judged => 1);

sub store { return ask(PATCH => '/v1/tenant', json => {@_})->status }

is(store(twilio_account_sid => $account{account}, twilio_api_key_sid => $account{key}, twilio_api_key_secret => $account{secret}), 200,
    'the account is set up');

# --- Tokens ---------------------------------------------------------------------------------------------------

my @given;    # every token, for the logs

sub token {
    my ($body, %option) = @_;
    my $response = ask(POST => $option{path} // $path, json => $body, %option);
    push @given, $response->json->{token} if $response->status == 200;
    return $response;
}

# What t/twilio/token.js says of answers to bodies: [body, answer] ….
sub judged {
    my @cases = @_;
    my $file = File::Temp->new;
    print {$file} map { $json->encode({ %account, %{ $_->[0] }, token => $_->[1]->json->{token}, identity => $_->[1]->json->{identity} }) . "\n" } @cases;
    close $file or die $!;
    my @lines = map { $json->decode($_) } qx(node t/twilio/token.js <$file);
    is($?, 0, 'the library runs to its end');
    is(@lines, @cases, '... and judges each');
    return @lines;
}

# What is in a token, whoever has signed it.
sub claims {
    my ($token) = @_;
    my ($header, $claims, $signature) = map { tr{-_}{+/}r } split /\./, $token;
    return $json->decode(decode_base64($claims));
}

subtest 'a token' => sub {
    my $before = time;
    my $body = { identity => 'desk_7', ttl => 600, voice => { incoming => { allow => $true },
        outgoing => { application_sid => $application, params => { department => 'support' } }, push_credential_sid => 'CR' . hex32() } };
    my $response = token($body);
    my $after = time;
    is_status($response, 200, 'is made');
    is($response->type, 'application/json', '... as JSON');
    is($response->header('Cache-Control'), 'private, no-store', '... which nothing keeps');
    is_deeply([sort keys %{ $response->json }], [qw(expires_at identity token)], '... with these members');
    my ($judged) = judged([$body, $response]);
    is_deeply($judged->{header}, { alg => 'HS256', typ => 'JWT', cty => 'twilio-fpa;v=1' }, 'its header');
    my $iat = $judged->{claims}{iat};
    ok($iat >= $before && $iat <= $after, 'was made now');
    is_deeply($judged->{claims}, {
        jti    => "$account{key}-$iat",
        iss    => $account{key},
        sub    => $account{account},
        iat    => $iat,
        exp    => $iat + 600,
        grants => { identity => 'desk_7', voice => $body->{voice} },
    }, 'its claims');
    is($response->json->{token}, $judged->{library}, "it is the very one of Twilio's library");
    my ($year, $month, $day, $hour, $minute, $second) = $response->json->{expires_at} =~ /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z\z/;
    is(timegm($second, $minute, $hour, $day, $month - 1, $year), $iat + 600, 'expires_at is its exp');
    my ($forged) = judged([{ %$body, secret => "$account{secret}x" }, $response]);
    like($forged->{wrong}, qr/invalid signature/, 'another secret makes another signature');
};

sub one_of { return $_[rand @_] }

my @words = ('', 'a', 'support', ' two  words ', 'é', "Zoë \x{1F600}", "漢字\x{2028}", '"\\/', '<b>&', '%41', "\x{7F}", 'x' x 256, "\x{1F600}" x 256);

sub random_body {
    my %voice;
    $voice{incoming} = { allow => one_of($true, $false) } if rand() < 0.6;
    $voice{push_credential_sid} = 'CR' . uc hex32() if rand() < 0.3;
    $voice{outgoing} = { application_sid => 'AP' . hex32() } if rand() < 0.6;
    # no names that JavaScript takes for an index, and puts first
    $voice{outgoing}{params} = { map { (one_of('n', 'Name', 'é', "\x{1F600}", 'a b', '"', '~/', 'y' x 63) . int rand 10) => one_of(@words) } 1 .. rand 8 }
        if $voice{outgoing} && rand() < 0.6;
    return {
        identity => join('', map { one_of('A' .. 'Z', 'a' .. 'z', 0 .. 9, '_') } 1 .. one_of(1, 8, 8, 8, 121)),
        rand() < 0.7 ? (ttl => one_of(60, 3600, 86400, 60 + int rand 86341)) : (),
        voice => \%voice,
    };
}

subtest "equal claims for equal input" => sub {
    my @cases = map { my $body = random_body(); [$body, token($body)] } 1 .. RANDOM;
    my @judged = judged(@cases);
    is(scalar(grep { $_->[1]->status != 200 } @cases), 0, 'each is made');
    is_deeply([map { $_->{wrong} // () } @judged], [], 'each is verified');
    my @other = grep { $cases[$_][1]->json->{token} ne ($judged[$_]{library} // '') } 0 .. $#cases;
    ok(!@other, "each is the very one of Twilio's library") or diag explain map { [$cases[$_][0], $judged[$_]] } $other[0];
};

subtest 'lifetimes' => sub {
    for ([{}, 3600], [{ ttl => 60 }, 60], [{ ttl => 86400 }, 86400]) {
        my ($ttl, $seconds) = @$_;
        my $claims = claims(token({ identity => 'a', %voice, %$ttl })->json->{token});
        is($claims->{exp} - $claims->{iat}, $seconds, "$seconds seconds");
    }
};

subtest 'secrets of any length' => sub {
    for my $length (1, 63, 64, 65, 256) {
        local $account{secret} = join '', map { chr 33 + rand 94 } 1 .. $length;
        is(store(twilio_api_key_secret => $account{secret}), 200, "of $length characters");
        my $body = { identity => 'a', %voice };
        my $response = token($body);
        my ($judged) = judged([$body, $response]);
        is($response->json->{token}, $judged->{library}, '... signs as the library does');
    }
    is(store(twilio_api_key_secret => $account{secret}), 200, 'back');
};

# --- Bodies ---------------------------------------------------------------------------------------------------

subtest 'bodies that are refused' => sub {
    my %body = (identity => 'a', %voice);
    my $outgoing = sub { return { %body, voice => { outgoing => { application_sid => $application, @_ } } } };
    my $params = sub { return $outgoing->(params => {@_}) };
    my @cases = (
        ['nothing' => {}, { '/voice' => 'required' }],
        ['no identity' => {%voice}, { '/identity' => 'required' }],
        ['no grant' => { identity => 'a' }, { '/voice' => 'required' }],
        ['an unknown member' => { %body, nbf => 1 }, { '/nbf' => 'unknown' }],
        ['a grant of another kind' => { %body, video => {} }, { '/video' => 'unknown' }],
        ['a claim' => { %body, sub => $account{account}, iss => $account{key} }, { '/sub' => 'unknown', '/iss' => 'unknown' }],
        (map { ["identity: $_->[1]" => { %body, identity => $_->[0] }, { '/identity' => $_->[1] }] }
            [undef, 'null'], [7, 'type'], [$true, 'type'], [['a'], 'type'], [{}, 'type'], ['', 'length'], ['a' x 122, 'length']),
        (map { ['identity: ' . $json->encode([$_]) => { %body, identity => $_ }, { '/identity' => 'pattern' }] }
            'a b', 'a-b', 'a@example.com', 'client:a', 'é', 'a.', "a\n", "a\x01", "\t", "a\x{7F}", '"', "a/b", '٣', "a\x{200B}"),
        ['identity: NUL' => { %body, identity => "a\0" }, { '/identity' => 'nul' }],
        (map { ["ttl: $_->[0]" => { %body, ttl => $_->[0] }, { '/ttl' => $_->[1] }] }
            [59, 'range'], [86401, 'range'], [0, 'range'], [-3600, 'range'], [2**31, 'range'], [60.5, 'type'], ['3600', 'type'], [$true, 'type'], [[], 'type']),
        ['ttl: null' => { %body, ttl => undef }, { '/ttl' => 'null' }],
        (map { ['voice: ' . $json->encode([$_->[0]]) => { %body, voice => $_->[0] }, { '/voice' => $_->[1] }] }
            [undef, 'null'], [$true, 'type'], ['x', 'type'], [1, 'type'], [[], 'type']),
        ['voice: an unknown member' => { %body, voice => { incoming_allow => $true } }, { '/voice/incoming_allow' => 'unknown' }],
        ['voice: an unknown name' => { %body, voice => { 'a/b~' => 1 } }, { '/voice/a~1b~0' => 'unknown' }],
        ['incoming: no object' => { %body, voice => { incoming => $true } }, { '/voice/incoming' => 'type' }],
        ['incoming: nothing' => { %body, voice => { incoming => {} } }, { '/voice/incoming/allow' => 'required' }],
        ['incoming: no boolean' => { %body, voice => { incoming => { allow => 'true' } } }, { '/voice/incoming/allow' => 'type' }],
        ['incoming: null' => { %body, voice => { incoming => { allow => undef } } }, { '/voice/incoming/allow' => 'null' }],
        ['incoming: an unknown member' => { %body, voice => { incoming => { allow => $true, deny => $true } } },
            { '/voice/incoming/deny' => 'unknown' }],
        ['outgoing: no object' => { %body, voice => { outgoing => $application } }, { '/voice/outgoing' => 'type' }],
        ['outgoing: no application' => { %body, voice => { outgoing => { params => { a => 'b' } } } },
            { '/voice/outgoing/application_sid' => 'required' }],
        (map { ['application: ' . $json->encode([$_->[0]]) => { %body, voice => { outgoing => { application_sid => $_->[0] } } },
            { '/voice/outgoing/application_sid' => $_->[1] }] }
            ['', 'length'], ['AP1', 'length'], ["${application}0", 'length'], ['AC' . hex32(), 'pattern'], ['AP' . 'g' x 32, 'pattern'],
            ["AP\n" . '0' x 31, 'pattern'], [17, 'type']),
        (map { ['push credential: ' . $json->encode([$_->[0]]) => { %body, voice => { push_credential_sid => $_->[0] } },
            { '/voice/push_credential_sid' => $_->[1] }] }
            ['', 'length'], ['PN' . hex32(), 'pattern'], [undef, 'null'], [[], 'type']),
        (map { ['params: ' . $json->encode([$_]) => $outgoing->(params => $_), { '/voice/outgoing/params' => 'type' }] } 'a=b', 1, $true, ['a']),
        ['params: null' => $outgoing->(params => undef), { '/voice/outgoing/params' => 'null' }],
        (map { ['params: a value ' . $json->encode([$_]) => $params->(a => $_), { '/voice/outgoing/params/a' => 'type' }] } 1, undef, $false, {}, []),
        ['params: a long value' => $params->(a => 'x' x 257), { '/voice/outgoing/params/a' => 'length' }],
        ['params: a long value of few bytes a character' => $params->(a => "\x{1F600}" x 257), { '/voice/outgoing/params/a' => 'length' }],
        ['params: a control character' => $params->(a => "x\ry"), { '/voice/outgoing/params/a' => 'pattern' }],
        ['params: NUL' => $params->(a => "x\0"), { '/voice/outgoing/params/a' => 'nul' }],
        ['params: a long name' => $params->('x' x 65 => ''), { '/voice/outgoing/params/' . 'x' x 65 => 'length' }],
        ['params: no name' => $params->('' => 'x'), { '/voice/outgoing/params/' => 'length' }],
        ['params: a name with a control character' => $params->("a\x02~" => 'x'), { "/voice/outgoing/params/a\x02~0" => 'pattern' }],
        ['params: too many' => $params->(map { ("n$_" => 'x') } 1 .. 17), { '/voice/outgoing/params' => 'length' }],
        ['all at once' => { identity => '-', ttl => 1, voice => { outgoing => { params => { a => 1 } }, x => 1 }, y => 1 },
            { '/identity' => 'pattern', '/ttl' => 'range', '/voice/outgoing/application_sid' => 'required', '/voice/outgoing/params/a' => 'type',
                '/voice/x' => 'unknown', '/y' => 'unknown' }],
    );
    is_invalid(token($_->[1]), $_->[2], $_->[0]) for @cases;
    is_status(token($params->(map { ("n$_" => 'x' x 256) } 1 .. 16)), 200, 'as many as there may be');
    is_status(token({ identity => 'a', voice => {} }), 200, 'a grant of nothing');

    my $raw = sub { return ask(POST => $path, type => 'application/json', body => $_[0]) };
    is_invalid($raw->('[]'), { '' => 'type' }, 'no object');
    is_invalid($raw->('{"identity":"a","identity":"b","voice":{}}'), { '/identity' => 'duplicate' }, 'a member twice');
    is_invalid($raw->('{"identity":"a","voice":{"outgoing":{"application_sid":"' . $application . '","params":{"a":"1","a":"2"}}}}'),
        { '/voice/outgoing/params/a' => 'duplicate' }, 'a parameter twice');
    is_problem($raw->(qq({"identity":"a$_","voice":{}})), 400, 'bad-json', 'broken UTF-8') for "\xFF", "\xC0\xAF", "\xED\xA0\x80";
    is_problem($raw->($_), 400, 'bad-json', "'$_'") for '', '{', '{"identity":"\ud800","voice":{}}', '{"voice":' x 40 . '{}' . '}' x 40;
    is_problem($raw->('{"identity":"' . 'a' x 70_000 . '"}'), 413, 'body-too-large', 'a large body');
    is_problem(ask(POST => $path, type => 'text/plain', body => '{}'), 415, 'unsupported-media-type', 'no JSON');
    is_problem(ask(POST => "$path?ttl=60", json => {%body}), 400, 'bad-parameter', 'parameters');
    is_problem(ask(POST => $path, json => {%body}, headers => [bearer('acme'), Accept => 'text/html'], as => undef), 406, 'not-acceptable', 'no HTML');
};

subtest 'the path' => sub {
    is_problem(ask($_ => $path, json => {}), 405, 'method-not-allowed', $_) for qw(GET PUT PATCH DELETE);
    my $options = request(OPTIONS => $path, to => $server);
    is($options->status . ' ' . $options->header('Allow'), '204 POST, OPTIONS', 'OPTIONS, without a key');
    is_problem(ask(POST => "/v1/$_", json => { identity => 'a', %voice }), 404, 'not-found', $_)
        for qw(twilio twilio/ twilio/token/ twilio/tokens twilio/Token Twilio/token token twilio/token/1);
};

# An answer with a token is nothing to keep: asking again is harmless.
subtest 'Idempotency-Key' => sub {
    my $body = { identity => 'a', %voice };
    for my $key ('a-key', 'a-key', 'é', '') {
        my $response = token($body, as => undef, headers => [bearer('acme'), 'Idempotency-Key' => $key =~ s/é/\xC3\xA9/r]);
        is_status($response, 200, 'is not looked at');
        is($response->header('Idempotency-Replayed'), undef, '... nothing is kept');
    }
    is($site->dbh->selectrow_array(q{SELECT count(*) FROM idempotency_keys}), 0, '... in the database either');
};

# The tokens that the example of docs/twilio.md hands the SDK, at a server, with headers.
sub example {
    my ($base, $headers) = @_;
    open my $document, '<:raw', 'docs/twilio.md' or die "docs/twilio.md: $!";
    my $text = do { local $/; <$document> };
    my ($code) = $text =~ m{^    import \{ Device \} from '\@twilio/voice-sdk';\n(.*?^    await device\.register\(\);\n)}ms or die 'no example';
    my $script = File::Temp->new(SUFFIX => '.mjs');
    print {$script} <<"END", $code;
import { request } from 'node:http';
const seen = [];
class Device {
    #on = {};
    constructor(token) { seen.push(token); }
    on(name, does) { this.#on[name] = does; }
    updateToken(token) { seen.push(token); }
    async register() { await this.#on.tokenWillExpire(); console.log(JSON.stringify(seen)); }
}
// Node's own lets nobody choose the Host
globalThis.fetch = (path, { method, headers, body }) => new Promise((resolve, reject) => {
    const asked = request('$base' + path, { method, headers: { ...headers, ...@{[ $json->encode($headers) ]} } }, async answer => {
        const text = (await answer.toArray()).join('');
        resolve({ ok: answer.statusCode < 300, json: async () => JSON.parse(text) });
    });
    asked.on('error', reject).end(body);
});
END
    close $script or die $!;
    return $json->decode(scalar qx(node $script) || '[]');
}

# --- Who may --------------------------------------------------------------------------------------------------


# A user's name at Twilio, by another way than the module's.
sub name_of { return $_[0] =~ s/([^0-9A-Za-z])/sprintf '_%02x', ord $1/ger }

subtest 'keys' => sub {
    my $body = { identity => 'anybody', %voice };
    my $none = { as => undef };
    is_problem(token($body, as => undef), 401, 'key-missing', 'no key');
    is_problem(token($body, as => undef, host => tenant('acme')->{host}), 401, 'key-missing', "... on the tenant's own Host");
    is_problem(token($body, as => undef, host => tenant('acme')->{host}, path => '/public/v1/twilio/token'), 401, 'key-missing',
        '... where something is public');
    is_problem(token($body, as => 'mt_nonsense'), 401, 'key-invalid', 'a wrong key');
    is_problem(token($body, host => tenant('globex')->{host}), 403, 'tenant-mismatch', "another tenant's Host");
    is_problem(token($body, as => 'closed'), 403, 'tenant-inactive', 'an inactive tenant');
    is_status(token($body, host => tenant('acme')->{host}), 200, "the tenant's own Host");
    is_problem(token($body, as => 'globex'), 409, 'twilio-not-set-up', "another tenant's key signs nothing with this secret");
};

subtest 'logins' => sub {
    my %password = map { $_ => "the password of $_" } qw(ada bob);
    my %user = map {
        my $made = ask(POST => '/v1/users', json => { email => "$_\@example.com", password => $password{$_} });
        is_status($made, 201, "$_ is a user");
        ($_ => $made->json->{id});
    } sort keys %password;
    my $by = sub {
        my ($who, $body, %option) = @_;
        return token($body, as => undef, host => tenant('acme')->{host}, path => '/write/v1/twilio/token', %option,
            headers => [basic("$who\@example.com", $password{$who}), @{ $option{headers} || [] }]);
    };
    my $own = name_of($user{ada});
    my $mine = $by->(ada => {%voice});
    is_status($mine, 200, "a user gets a token without naming anybody");
    is($mine->json->{identity}, $own, '... in its own name');
    is(claims($mine->json->{token})->{grants}{identity}, $own, '... which is in the token');
    my ($judged) = judged([{%voice}, $mine]);
    is($mine->json->{token}, $judged->{library}, "... the very one of Twilio's library");
    is_status($by->(ada => { %voice, identity => $own }), 200, '... or naming itself');
    for my $other (name_of($user{bob}), $own . 'x', substr($own, 1), uc $own, 'desk_7', $user{ada} =~ tr/-//dr) {
        is_problem($by->(ada => { %voice, identity => $other }), 403, 'user-forbidden', "not as $other", qr/\Q$own\E/);
    }
    is_invalid($by->(ada => { %voice, identity => $user{ada} }), { '/identity' => 'pattern' }, 'nor by the id as it is');
    is($by->(bob => {%voice})->json->{identity}, name_of($user{bob}), 'another user has another name');
    is_problem($by->(ada => {%voice}, path => '/read/v1/twilio/token'), 403, 'user-forbidden', 'not where users may only read');
    is_problem($by->(ada => {%voice}, path => $path), 401, 'key-missing', 'nor where logins are nothing');
    is_problem($by->(ada => {%voice}, host => tenant('globex')->{host}), 401, 'login-invalid', "nor on another tenant's Host");
    is_problem($by->(ada => {%voice}, headers => ['Sec-Fetch-Site' => 'cross-site']), 403, 'cross-site', 'nor from another site');
    is_status($by->(ada => {%voice}, headers => ['Sec-Fetch-Site' => 'same-origin']), 200, "but from the server's own");

    # as a page of the tenant's Host runs it: the SDK is an imitation, the login is the browser's
    my $login = { host => tenant('acme')->{host}, basic("ada\@example.com", $password{ada}) };
    my $seen = example('http://127.0.0.1:' . $server->port . '/write', $login);
    is(scalar @$seen, 2, "the document's example takes a token, and another one when that expires");
    is($_->{grants}{identity}, $own, '... for who is logged in') for map { claims($_) } @$seen;

    # names of an earlier system
    my %earlier = ('a-b' => 'a_2db', 'a_b' => 'a_5fb', 'a_2db' => 'a_5f2db', 'Zoë 1' => 'Zo_c3_ab_201', '7' => '7');
    my $rename = sub { $site->dbh->do('UPDATE users SET id = ? WHERE email = ?', undef, $_[0], 'ada@example.com'); $server->graceful };
    for my $id (sort keys %earlier) {
        $rename->($id);
        is($by->(ada => {%voice})->json->{identity}, $earlier{$id}, "the user $id is called $earlier{$id}");
    }
    $rename->('-' x 41);
    is_invalid($by->(ada => {%voice}), { '/identity' => 'length' }, 'an id that is too long for a name');
};

# --- What the tenant lacks ------------------------------------------------------------------------------------

subtest 'an account that is not set up' => sub {
    my $body = { identity => 'a', %voice };
    my %fields = (twilio_account_sid => $account{account}, twilio_api_key_sid => $account{key}, twilio_api_key_secret => $account{secret});
    for my $field (sort keys %fields) {
        is(store($field => undef), 200, "without $field");
        is_problem(token($body), 409, 'twilio-not-set-up', '... there is no token', qr/^The tenant has no $field\.$/);
        is(store($field => $fields{$field}), 200, '... with it again');
        is_status(token($body), 200, '... there is');
    }
    is_problem(token($body, as => 'globex'), 409, 'twilio-not-set-up', 'nothing at all',
        qr/^The tenant has no twilio_account_sid, twilio_api_key_sid, twilio_api_key_secret\.$/);
    is_invalid(token({}, as => 'globex'), { '/voice' => 'required' }, 'what is wrong with the body comes first');
};

no_faults;
asking(to => $server, as => 'acme');    # from here on there are answers that only a fault explains

subtest 'a secret that cannot be opened' => sub {
    my $dbh = $site->dbh;
    is(store(twilio_auth_token => 'canary-of-another-column'), 200, 'there is an auth token too');
    my ($sealed, $other) = $dbh->selectrow_array(q{SELECT twilio_api_key_secret, twilio_auth_token FROM tenants WHERE name = 'acme'});
    my $put = sub { $dbh->do(q{UPDATE tenants SET twilio_api_key_secret = ? WHERE name = 'acme'}, undef, $_[0]) };
    my $log = $server->error_log;
    my %stored = (
        'altered'           => [$sealed =~ s/(.)$/$1 eq 'A' ? 'B' : 'A'/er, qr/it was altered/],
        'of another key'    => [$sealed =~ s/\.1\./.99./r, qr/TenantKeyFile does not have its key/],
        'in clear'          => ['canary-in-clear', qr/it is stored in clear: run tenantctl rewrap/],
        'of another column' => [$other, qr/it was altered, or belongs to another place/],
    );
    for my $name (sort keys %stored) {
        my ($text, $why) = @{ $stored{$name} };
        $put->($text);
        is_problem(token({ identity => 'a', %voice }), 503, 'secret-unreadable', $name);
        ok($log->wait_for(qr/tenants\.twilio_api_key_secret of tenant \d+ cannot be opened: $why/), '... which the log says');
    }
    $put->($sealed);
    is_status(token({ identity => 'a', %voice }), 200, 'back');
};

subtest 'the database is away' => sub {
    $site->cluster->stop('immediate');
    is_problem(token({ identity => 'a', %voice }), 503, 'database-away', 'there is no token');
    is_problem(ask(GET => $path), 405, 'method-not-allowed', 'a wrong method is one');
    $site->cluster->start;
    ok(wait_until { token({ identity => 'a', %voice })->status == 200 }, 'until it is back');
};

# --- What is left behind --------------------------------------------------------------------------------------

subtest 'no log knows' => sub {
    cmp_ok(scalar @given, '>', RANDOM, 'there were tokens');
    for my $name (qw(error_log access_log forensic_log)) {
        open my $file, '<:raw', $server->root . "/$name" or die "$name: $!";
        my $text = do { local $/; <$file> };
        like($text, qr{/v1/twilio/token}, "$name knows of requests");
        my @found = grep { index($text, $_) >= 0 } $account{secret}, 'canary-in-clear', @given, map { (split /\./)[2] } @given;
        is(scalar @found, 0, '... of no secret, and of no token');
    }
};

done_testing;
