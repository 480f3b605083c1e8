# SPDX-License-Identifier: Apache-2.0
package TenantTest::Sample;

# The configuration files that we ship, as a server under test can take them.

use strict;
use warnings;

use Exporter 'import';

use TenantTest;
use TenantTest::Packages;

our @EXPORT = qw(slurp uncomment at_home);

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!";
    local $/;
    return <$file>;
}

# Takes the comment signs, two at most, off what is configuration; prose has one blank behind them.
sub uncomment {
    my ($text) = @_;
    $text =~ s/^( *)#(?=    |\S)/$1/mg for 1, 2;
    return $text;
}

# Puts this site's files where the sample has a sysadmin's.
sub at_home {
    my ($text) = @_;
    my %path = (
        '/etc/apache2/tenant.keys'               => site->{key_file},
        '/etc/ssl/certs/API.EXAMPLE.COM.pem'     => site->{certificate},
        '/etc/ssl/private/API.EXAMPLE.COM.key'   => site->{certificate_key},
        '/usr/share/mod_tenant/reference'        => page_folder,
        '/var/www/html'                          => site->{scratch},
        '${APACHE_LOG_DIR}'                      => site->{scratch},
        'exec:/usr/local/sbin/print-tenant-conninfo' => 'exec:/bin/true',
    );
    $text =~ s/\Q$_\E/$path{$_}/g for keys %path;
    return $text;
}

1;
