# SPDX-License-Identifier: Apache-2.0
# Who gets the figures: this machine, where nobody says otherwise; whom a Require lets in, where one does. What memory they take.
use strict;
use warnings;

use Cwd ();
use Test::More;
use TenantTest;
use TenantTest::Sample;

my $module = Cwd::abs_path('build/mod_test_peer.so');
my ($sample) = uncomment(slurp('conf/site.conf')) =~ m{^( *<Location "/metrics">.*?</Location>\n)}ms;
like($sample, qr/Require local/, 'the sample has a Require');
my $server = TenantTest::Server->start(server => <<"END");
LoadModule test_peer_module "$module"
LoadModule remoteip_module /usr/lib/apache2/modules/mod_remoteip.so
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
$sample
<Location "/open">
    TenantHandler metrics
    TenantRequireTLS off
</Location>
<Location "/strict">
    TenantHandler metrics
</Location>
<Location "/for-prometheus">
    TenantHandler metrics
    TenantRequireTLS off
    Require ip 192.0.2.7
</Location>
END

sub status_of {
    my ($path, @headers) = @_;
    return request(GET => $path, to => $server, headers => \@headers)->status;
}

my @far = ('X-Test-Peer' => '192.0.2.7');

is(status_of('/metrics'), 200, 'the sample: this machine');
is(status_of('/metrics', @far), 403, 'no other');
is(status_of('/open'), 200, 'without a Require: this machine');
is(status_of('/open', @far), 403, 'no other');
is(status_of('/open', 'X-Client' => '192.0.2.7'), 403, 'nor one for whom a proxy on this machine asks');
like(request(GET => '/open', to => $server, headers => \@far)->json->{detail}, qr/this machine alone, unless the Location has a Require/,
    'which is told why');
is(request(GET => '/strict', to => $server, headers => \@far)->json->{code}, 'https-required', 'in the clear from elsewhere');
is(status_of('/for-prometheus', 'X-Client' => '192.0.2.7'), 200, 'with a Require: whom it lets in');
is(status_of('/for-prometheus', 'X-Client' => '192.0.2.8'), 403, 'nobody else');
is(status_of('/for-prometheus'), 403, 'not even this machine');

subtest 'no memory' => sub {
    plan skip_all => 'a sanitizer takes all addresses' if $ENV{TENANT_TEST_PRELOAD};
    my $large = TenantTest::Server->prepare(mpm => 'prefork', server => "TenantMetrics tenants=1000\nServerLimit 20000");
    my $conf = $large->root . '/httpd.conf';
    my $said = qx{prlimit --as=1000000000 /usr/sbin/apache2 -f $conf -k start 2>&1; cat @{[$large->root]}/error_log};
    like($said, qr/mod_tenant cannot start: there is no shared memory for TenantMetrics, which takes \d{9,} bytes for 20000 children \(ServerLimit\)/,
        'a start without it says how much it takes');
    $large->stop;
};

done_testing;
