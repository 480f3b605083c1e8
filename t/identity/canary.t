# SPDX-License-Identifier: Apache-2.0
#
# Keys, tokens and passwords are planted through every door, and looked for wherever httpd and PostgreSQL write.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;

my $own = TenantTest::Site->make;
my $cluster = $own->cluster;
my $psql = sub { $own->psql('postgres', '-c', $_[0]) };
$psql->("ALTER SYSTEM SET $_") for "log_statement = 'all'", 'log_min_duration_statement = 0', "log_error_verbosity = 'verbose'",
    'log_min_error_statement = debug5', 'log_duration = on';
$psql->('SELECT pg_reload_conf()');

my $server = TenantTest::Server->start(site => $own, log_level => 'trace8', server => <<"END",
ForensicLog "\${test_logs}/forensic_log"
LoadModule cgid_module /usr/lib/apache2/modules/mod_cgid.so
ScriptSock cgisock
LogFormat "%r %{Authorization}i %{X-API-Key}i %{Location}o %U%q %u" everything
CustomLog "\${test_logs}/everything_log" everything
<Location "/cgi/">
    TenantIdentify on
    CGIPassAuth on
    Options +ExecCGI
    SetHandler cgi-script
</Location>
END
    database => $own->conninfo('tenant') . '" admin="' . $own->conninfo('tenant', 'tenant_admin'));
mkdir $server->root . '/htdocs/cgi';
{
    my $script = $server->root . '/htdocs/cgi/env';
    open my $file, '>', $script or die "$script: $!";
    print $file "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv\n";
    close $file;
    chmod 0755, $script;
}

my %canary = (
    key      => tenant('acme')->{key},
    typo     => tenant('acme')->{key} =~ s/(.)$/$1 eq 'a' ? 'b' : 'a'/er,
    token    => 'canaryToken' . 'x' x 21,
    secret   => 'canarySecret' . 'y' x 20,
    password => 'canary password of a user',
    changed  => 'canary password, changed',
);
my $api = sub {
    my ($method, $path, %option) = @_;
    return request($method, $path, to => $server, as => $canary{key}, %option);
};

subtest 'the doors' => sub {
    is_status($api->(PATCH => '/v1/tenant', json => {
                twilio_auth_token => $canary{token}, twilio_api_key_secret => $canary{secret} }), 200, 'credentials');
    my $user = $api->(POST => '/v1/users', json => { email => 'canary@example.com', password => $canary{password} });
    is_status($user, 201, 'a password');
    is_status($api->(POST => '/v1/users', headers => ['Idempotency-Key' => 'a-user'],
                json => { email => 'twice@example.com', password => $canary{password} }), 201, 'one with an Idempotency-Key') for 1, 2;
    is_status($api->(PATCH => '/v1/users/' . $user->json->{id}, json => { password => $canary{changed} }), 200, 'another');
    is_status($api->(POST => '/v1/users', json => { email => 'canary@example.com', password => $canary{password} }), 409,
        'one that conflicts');
    is_status($api->(POST => '/v1/users', json => { email => 'x', password => $canary{password} }), 422, 'one beside a fault');
    is_status($api->(POST => '/v1/users', body => qq({"email":"a\@b.c","password":"$canary{password}"), type => 'application/json'),
        400, 'one in broken JSON');
    is_status($api->(PATCH => '/v1/tenant', json => { twilio_account_sid => 'AC' . '0' x 32, twilio_api_key_sid => 'SK' . '0' x 32 }), 200,
        'an account at Twilio');
    my $token = $api->(POST => '/v1/twilio/token', json => { identity => 'canary', voice => {} });
    is_status($token, 200, 'a token for it');
    $canary{voice_token} = $token->json->{token};
    my $rotated = $api->(POST => '/v1/tenant/key', json => { grace_seconds => 600 });
    is_status($rotated, 200, 'a new key');
    $canary{new_key} = $rotated->json->{api_key};
    is_status(request(GET => '/v1/tenant', to => $server, headers => ['X-API-Key' => $canary{new_key}]), 200, 'X-API-Key');
    is_status(request(GET => '/v1/tenant', to => $server, headers => [
                Authorization => 'Basic ' . encode_base64("x:$canary{new_key}", '')]), 200, 'Basic');
    is_status(request(GET => '/v1/tenant', to => $server, as => $canary{typo}), 401, 'a mistyped key');
    is_status(request(GET => '/v1/tenant', to => $server, headers => [bearer($canary{key}), 'X-API-Key' => $canary{new_key}]), 400,
        'two keys');
    my $environment = request(GET => '/cgi/env', to => $server, as => $canary{new_key});
    is_status($environment, 200, 'a CGI');
    like($environment->body, qr/^TENANT_ID=\Q@{[tenant('acme')->{id}]}\E$/m, '... knows the tenant');
    unlike($environment->body, qr/\Q$canary{new_key}\E/, '... and not the key');
};

# As they are, and as they travel in base64.
my %spelled = map { ($_ => $canary{$_}, "$_ in base64" => encode_base64("x:$canary{$_}", '') =~ s/.{4}$//r) } keys %canary;

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!";
    local $/;
    return <$file> // '';
}

subtest 'the logs' => sub {
    my %log = (
        'the error log'    => slurp($server->root . '/error_log'),
        'the access log'   => slurp($server->root . '/access_log') . slurp($server->root . '/everything_log'),
        'the forensic log' => slurp($server->root . '/forensic_log'),
        "PostgreSQL's log" => slurp($cluster->log_file),
    );

    like($log{'the error log'}, qr/trace/, 'httpd traces');
    like($log{'the forensic log'}, qr/^\+.*\|POST \/v1\/users /m, 'mod_log_forensic logs the heads of requests');
    like($log{"PostgreSQL's log"}, qr/INSERT INTO users/, 'PostgreSQL logs every statement');
    for my $name (sort keys %log) {
        cmp_ok(length $log{$name}, '>', 500, "$name has something to say");
        my @found = grep { index($log{$name}, $spelled{$_}) >= 0 } sort keys %spelled;
        is("@found", '', "$name: no canary");
    }
};

subtest 'the database' => sub {
    my $dump = do {
        open my $out, '-|', 'pg_dump', '-h', $own->{host}, '-U', $own->{superuser}, '-d', 'tenant' or die "pg_dump: $!";
        local $/;
        <$out>;
    };

    like($dump, qr/argon2id/, 'is dumped whole');
    my @found = grep { index($dump, $canary{$_}) >= 0 } sort keys %canary;
    is("@found", '', 'no canary is stored as it is');
};

done_testing;
