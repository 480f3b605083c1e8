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

for my $sample (['tenant.conf', $all], ['site.conf', slurp('conf/site.conf')], ['site.conf, all', uncomment(slurp('conf/site.conf'))]) {
    my ($name, $text) = @$sample;
    my ($ok, $output) = TenantTest::Server->configtest(config => $modules . at_home($text));
    ok($ok, "$name is accepted") or diag $output;
}

like(slurp('conf/tenant.load'), qr/^# Depends: authn_core authz_core\nLoadModule tenant_module \S+mod_tenant\.so$/m,
    'tenant.load as a2enmod reads it');

done_testing;
