# SPDX-License-Identifier: Apache-2.0
#
# Any content uses the tenant: a proxied backend, expressions, logs, Require tenant-host.

use strict;
use warnings;

use Cwd ();
use Test::More;
use TenantTest;
use TenantTest::Backend;
use TenantTest::Asking qw(asking get);

my $other = Cwd::abs_path('build/mod_test_tenant.so');
my %key = map { $_ => tenant($_)->{key} } qw(acme globex closed);
my %id = map { $_ => tenant($_)->{id} } keys %key;
my %host = map { $_ => tenant($_)->{host} } keys %key;

# A real backend, which answers with the head of the request that it got.
my $backend = TenantTest::Backend->answer(sub { return TenantTest::Backend::ok($_[0], 'Content-Type: text/plain') });
my $port = $backend->port;

# The same by another of mod_proxy's protocols, SCGI: a netstring of names and values, each ended by NUL.
my $scgi = TenantTest::Backend->start(sub {
    my ($connection) = @_;
    my ($length) = (do { local $/ = ':'; <$connection> } // '') =~ /^(\d+):/ or return;
    read $connection, my $text, $length + 1;
    my ($head, %variable) = ('', split /\0/, substr $text, 0, -1);
    $head .= s/^HTTP_//r . ": $variable{$_}\r\n" for grep { /^HTTP_/ } sort keys %variable;
    print $connection "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n$head";
});
my $scgi_port = $scgi->port;

my %files = map { ("htdocs/$_/x" => "content\n") } qw(hosted known known/not says only-acme);
my $server = TenantTest::Server->start(files => \%files, server => <<"END");
LoadModule test_tenant_module "$other"
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule proxy_scgi_module /usr/lib/apache2/modules/mod_proxy_scgi.so
LogFormat "%U id=%{TENANT_ID}e via=%{TENANT_VIA}e status=%{TENANT_STATUS}e" tenants
CustomLog "\${test_logs}/tenants_log" tenants
<Location "/app/">
    ProxyPass http://127.0.0.1:$port/
    TenantForward on
</Location>
<Location "/scgi/">
    ProxyPass scgi://127.0.0.1:$scgi_port/
    TenantForward on
</Location>
<Location "/members/">
    ProxyPass http://127.0.0.1:$port/
    TenantForward on
    AuthType Tenant
    Require tenant
</Location>
<Location "/plain/">
    ProxyPass http://127.0.0.1:$port/
</Location>
<Location "/hosted/">
    Require tenant-host
</Location>
<Location "/known/">
    TenantIdentify on
</Location>
<Location "/known/not/">
    TenantIdentify off
</Location>
<Location "/says/">
    Header always set X-Tenant "expr=%{TENANT:id} %{TENANT:name} %{TENANT:status} %{TENANT:domain} %{TENANT:via}"
</Location>
<Location "/only-acme/">
    Require expr "%{TENANT:id} == '$id{acme}'"
</Location>
END

asking(to => $server);

# The backend's headers of that name, whatever its spelling.
sub seen {
    my ($name, $response) = @_;
    return [map { /^([^:\r\n]+):[ ]*([^\r\n]*)/ && lc($1 =~ tr{A-Za-z0-9}{-}cr) eq $name ? $2 : () } split /\n/, $response->body];
}

subtest 'a backend is told the tenant' => sub {
    is_deeply(seen('x-tenant-id', get('/app/', as => 'acme')), [$id{acme}], 'of the key');
    is_deeply(seen('x-tenant-via', get('/app/', as => 'acme')), ['key'], '... and how it was found');
    is_deeply(seen('x-tenant-id', get('/app/', host => $host{globex})), [$id{globex}], 'of the Host');
    is_deeply(seen('x-tenant-via', get('/app/', host => $host{globex})), ['host'], '... which gives no authority');
    is_deeply(seen('x-tenant-id', get('/app/')), [], "nobody's");
    is_deeply(seen('x-tenant-id', get('/app/', as => 'closed')), [], 'not of a tenant that is suspended');
    is_deeply(seen('x-tenant-id', get('/app/', as => 'acme', host => $host{globex})), [], 'not where key and Host disagree');
    is_deeply(seen('x-tenant-id', get('/app/', as => 'mt_wrong', host => $host{globex})), [], 'not by the Host of a wrong key');
    is_deeply(seen('x-tenant-id', get('/plain/', as => 'acme')), [], 'only where TenantForward is on');
    is_deeply(seen('x-tenant-id', get('/members/', as => 'globex')), [$id{globex}], 'behind a Require tenant');
    is_status(get('/members/'), 401, '... which comes first');
};

subtest 'a client neither forges nor strips it' => sub {
    my @forged = (
        ['the header', 'X-Tenant-Id' => 99],
        ['another spelling', 'x-TENANT-id' => 99],
        ['twice', 'X-Tenant-Id' => 98, 'X-Tenant-Id' => 99],
        ['underscores', 'X_Tenant_Id' => 99],
        ['some underscores', 'X-Tenant_Id' => 99, 'X_Tenant-Id' => 98],
        ['Connection', Connection => 'x-tenant-id, x-tenant-via', 'X-Tenant-Id' => 99],
        ['Connection alone', Connection => 'X-Tenant-Id, keep-alive'],
        ['how it was found', 'X-Tenant-Via' => 'user', X_TENANT_VIA => 'user'],
    );

    for my $app (qw(/app/ /scgi/)) {
        for (@forged) {
            my ($name, @headers) = @$_;
            my $response = get($app, as => 'acme', headers => \@headers);
            is_deeply(seen('x-tenant-id', $response), [$id{acme}], "$app: $name: with a key");
            is_deeply(seen('x-tenant-via', $response), ['key'], "$app: $name: with a key");
            $response = get($app, headers => \@headers);
            is_deeply(seen('x-tenant-id', $response), [], "$app: $name: without");
            is_deeply(seen('x-tenant-via', $response), [], "$app: $name: without");
        }
    }
    is_deeply(seen('x-tenant-identity', get('/app/', headers => ['X-Tenant-Identity' => 'mine'])), ['mine'],
        'a header with a longer name is not ours');
};

subtest 'a key never reaches a backend' => sub {
    for my $path (qw(/app/ /plain/ /scgi/)) {
        unlike(get($path, as => 'acme')->body, qr/\Q$key{acme}\E/, "$path: Bearer");
        unlike(get($path, headers => ['X-API-Key' => $key{acme}])->body, qr/\Q$key{acme}\E/, "$path: X-API-Key");
    }
    like(get('/plain/', headers => [Authorization => 'Bearer another.kind.of-token'])->body,
        qr/Authorization: Bearer another\.kind\.of-token/, "others' credentials do");
};

subtest 'Require tenant-host' => sub {
    is_status(get('/hosted/x', host => $host{acme}), 200, "a tenant's");
    is_status(get('/hosted/x', host => 'nobody.example'), 403, "nobody's");
    is_status(get('/hosted/x', host => $host{closed}), 403, "a suspended tenant's");
    is_status(get('/hosted/x', as => 'acme', host => 'nobody.example'), 403, 'a key is no Host');
};

subtest 'expressions' => sub {
    my $says = sub { get('/says/x', @_)->header('X-Tenant') };

    is($says->(as => 'acme'), "$id{acme} acme active $host{acme} key", 'by key');
    is($says->(host => $host{acme}), "$id{acme} acme active $host{acme} host", 'by Host');
    is($says->(host => $host{closed}), "$id{closed} closed inactive $host{closed} host", 'a suspended tenant is known');
    is($says->() =~ s/\s//gr, '', "nobody's");
    is_status(get('/only-acme/x', as => 'acme'), 200);
    is_status(get('/only-acme/x', as => 'globex'), 403);
    is_status(get('/only-acme/x'), 403);
    my ($starts, $output) = TenantTest::Server->configtest(server => q(Header set X "expr=%{TENANT:key}"));
    ok(!$starts, 'configtest refuses an attribute that there is not');
    like($output, qr/\Q%{TENANT:} knows id, name, status, domain and via\E/);
};

subtest 'another module asks, by the public header' => sub {
    my $told = sub { get('/static.txt', @_, headers => ['X-Test-Tenant' => 'ask'])->header('X-Test-Tenant') };

    is($told->(as => 'acme'), "$id{acme} $id{acme} acme 1 1", 'by key');
    is($told->(host => $host{globex}), "$id{globex} $id{globex} globex 1 0", 'by Host');
    is($told->(host => $host{closed}), "$id{closed} $id{closed} closed 0 0", 'a suspended one');
    is($told->(), 'nobody', "nobody's");
    is($told->(as => 'mt_wrong', host => $host{globex}), 'nobody', 'not by the Host of a wrong key');
};

subtest 'TenantIdentify' => sub {
    my $log = TenantTest::Log->new($server->root . '/tenants_log');

    is_status(get($_, as => 'acme'), 200) for qw(/known/x /known/not/x /static.txt);
    ok($log->wait_for(qr{^/known/x id=$id{acme} via=key status=active$}m), 'known in logs');
    ok($log->wait_for(qr{^/static\.txt id=- via=-}m), 'asked for nothing, nothing is looked up');
    ok($log->wait_for(qr{^/known/not/x id=- via=-}m), 'off inside of it');
};

done_testing;
