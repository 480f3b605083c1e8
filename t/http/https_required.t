# SPDX-License-Identifier: Apache-2.0
#
# Plain HTTP is for peers on this machine. Others are what t/c-modules/peer makes of `X-Test-Peer`.

use strict;
use warnings;

use Cwd ();
use Test::More;
use TenantTest;
use TenantTest::Asking qw(asking ask);

my $module = Cwd::abs_path('build/mod_test_peer.so');
my $server = TenantTest::Server->start(server => <<"END");
LoadModule test_peer_module "$module"
<Location "/behind/v1">
    TenantHandler api
    TenantRequireTLS off
</Location>
Alias /members "\${test_root}/htdocs"
<Location "/members">
    AuthType Tenant
    Require tenant
</Location>
Alias /behind/members "\${test_root}/htdocs"
<Location "/behind/members">
    AuthType Tenant
    Require tenant
    TenantRequireTLS off
</Location>
END
my @far = ('X-Test-Peer' => '192.0.2.1');

asking(to => $server);

subtest 'peers' => sub {
    my @refused = qw(192.0.2.1 10.0.0.1 128.0.0.1 0.0.0.0 2001:db8::1 :: ::ffff:192.0.2.1 ::7f00:1);
    my @fine = qw(127.0.0.1 127.8.9.10 ::1 ::ffff:127.0.0.1);
    for my $peer (@refused) {
        my $response = ask(GET => '/v1/tenant', as => 'acme', headers => ['X-Test-Peer' => $peer]);
        is_problem($response, 403, 'https-required', $peer);
        is($response->header('Location'), undef, 'no redirect');
    }
    is_status(ask(GET => '/v1/tenant', as => 'acme', headers => ['X-Test-Peer' => $_]), 200, $_) for @fine;
    is_problem(ask($_ => '/v1/', headers => \@far), 403, 'https-required', "$_ without a key too") for qw(GET POST OPTIONS);

    my $client = client(to => $server);
    my @turn = map { [bearer('acme'), $_ ? @far : ()] } 0, 1, 0;
    is_deeply([map { $client->request(GET => '/v1/tenant', headers => $_)->status } @turn], [200, 403, 200],
        'each request of a connection for itself');
};

subtest 'headers that claim more' => sub {
    my @claims = (
        ['X-Forwarded-Proto' => 'https'], ['X-Forwarded-For' => '127.0.0.1'], ['X-Forwarded-Ssl' => 'on'],
        ['X-Real-IP' => '127.0.0.1'], [Forwarded => 'for=127.0.0.1;proto=https'], ['Front-End-Https' => 'on'],
        ['X-Forwarded-For' => '127.0.0.1', 'X-Forwarded-Proto' => 'https'],
    );
    is_problem(ask(GET => '/v1/tenant', as => 'acme', headers => [@far, @$_]), 403, 'https-required', "@$_") for @claims;
    is_problem(ask(GET => 'https://127.0.0.1/v1/tenant', as => 'acme', headers => \@far), 403, 'https-required', 'an https URL');
};

subtest 'what is fine from anywhere' => sub {
    is_status(ask(GET => '/v1/tenant', as => 'acme', tls => 1, headers => \@far), 200, 'HTTPS');
    is_status(ask(GET => '/behind/v1/tenant', as => 'acme', headers => \@far), 200, 'TenantRequireTLS off');
    is(ask(GET => '/static.txt', headers => \@far)->status, 200, 'other content');
};

subtest 'AuthType Tenant' => sub {
    my @acme = (as => 'acme', headers => \@far);
    is(ask(GET => '/members/static.txt', @acme)->status, 403, 'wants HTTPS too');
    is(ask(GET => '/members/static.txt', @acme, tls => 1)->status, 200, 'and has it');
    is(ask(GET => '/behind/members/static.txt', @acme)->status, 200, 'unless TenantRequireTLS is off');
};

done_testing;
