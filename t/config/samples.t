# SPDX-License-Identifier: Apache-2.0
# That the configuration files that we ship are accepted, with every directive in them in force.
use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Sample;

# Debian's modules that the samples use beside those of the test servers.
my $modules = join '', map { "LoadModule ${_}_module /usr/lib/apache2/modules/mod_$_.so\n" }
    qw(auth_basic authn_file proxy proxy_http);

my @directives = do {
    my ($table) = slurp('mod_tenant/directives.c') =~ /directives\[\] = \{(.*?)\{NULL\}/s;
    $table =~ /AP_INIT_\w+\("(\w+)"/g;
};
cmp_ok(scalar @directives, '>', 5, 'the directives of the module');

my $reference = slurp('conf/tenant.conf');
unlike($reference, qr/^[^#\n]/m, 'tenant.conf does nothing until something is uncommented');
my $all = uncomment($reference);
like($all, qr/^\s*\Q$_\E /m, "tenant.conf has $_") for @directives;

for my $sample (['tenant.conf', $all], ['site.conf', slurp('conf/site.conf')], ['site.conf, all', uncomment(slurp('conf/site.conf'))],
    ['tuning.conf', slurp('conf/tuning.conf')]) {
    my ($name, $text) = @$sample;
    my ($ok, $output) = TenantTest::Server->configtest(config => $modules . at_home($text));
    ok($ok, "$name is accepted") or diag $output;
}

like(slurp('conf/tenant.load'), qr/^# Depends: authn_core authz_core\nLoadModule tenant_module \S+mod_tenant\.so$/m,
    'tenant.load as a2enmod reads it');

# --- site.conf beside other sites --------------------------------------------------------------------------------

my ($own) = slurp('conf/site.conf') =~ /^(TenantDatabase.*)/ms;
my $others = $own =~ s{^<VirtualHost .*?^</VirtualHost>}{}msgr;
is_deeply([grep { !/^(?:Tenant\w+|LogFormat) |^ +admin=|^#|^$/ } split /\n/, $others], [],
    'site.conf sets nothing of the whole server but what is ours');

my %port = (80 => '127.0.0.1:${test_port}', 443 => '127.0.0.1:${test_tls_port}');
my $site = at_home(slurp('conf/site.conf')) =~ s/\*:(443|80)\b/$port{$1}/gr;
my $behind = join "\n", map { ("<VirtualHost $port{$_}>", 'ServerName behind.example.com',
    $_ == 443 ? ('SSLEngine on', 'SSLCertificateFile ' . site->{certificate}, 'SSLCertificateKeyFile ' . site->{certificate_key}) : (),
    'RedirectMatch 302 "^" "http://behind.example.com/mine"', '</VirtualHost>', '') } 80, 443;
my $server = TenantTest::Server->start(config => $modules . $site . $behind);
for my $tls (0, 1) {
    my $answer = request(GET => '/', to => $server, host => 'behind.example.com', sni => 'behind.example.com', tls => $tls);
    is($answer->header('Location'), 'http://behind.example.com/mine', 'a site that sorts behind it answers for itself, ' . ($tls ? 'https' : 'http'));
}
like(request(GET => '/about', to => $server, host => 'api.example.com')->header('Location'), qr{^https://api\.example\.com/about$}i,
    'people who come to its own name are sent to HTTPS');
is_problem(request(GET => '/v1/calls', to => $server, host => 'api.example.com', sni => 'api.example.com', tls => 1), 401, 'key-missing', 'where the API is');

done_testing;
