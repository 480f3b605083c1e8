# SPDX-License-Identifier: Apache-2.0
package TenantTest::Browser;

# Runs a script of t/browser in a headless Chromium:
#
#     my $seen = browse('reference.js', url => 'http://127.0.0.1:8080/v1', key => $key);
#
# The script gets the arguments, and what it finds out comes back. Each has a home and a profile of its own, in the
# site's scratch folder. TENANT_SCREENSHOTS names a folder in which scripts leave pictures.

use strict;
use warnings;

use Cwd ();
use Exporter 'import';
use File::Temp ();
use JSON::PP ();

use TenantTest;

our @EXPORT = qw(browse);

my $scripts = Cwd::abs_path(__FILE__) =~ s{/lib/TenantTest/Browser\.pm$}{/browser}r;
my $json = JSON::PP->new->utf8->canonical;

sub browse {
    my ($script, %argument) = @_;
    my $home = File::Temp::tempdir('browser.XXXXXX', DIR => site->{scratch}, CLEANUP => 1);

    $argument{screenshots} //= $ENV{TENANT_SCREENSHOTS} if $ENV{TENANT_SCREENSHOTS};
    local @ENV{qw(HOME TMPDIR XDG_CONFIG_HOME XDG_CACHE_HOME)} = ($home) x 4;
    open my $out, '-|', 'node', "$scripts/$script", $json->encode(\%argument) or die "node: $!";
    my $text = do { local $/; <$out> };
    close $out or die "$script failed\n";
    return $json->decode($text);
}

1;
