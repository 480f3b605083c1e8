# SPDX-License-Identifier: Apache-2.0
package TenantTest::Keys;

# API keys of every kind, for tests of who is asking.
#
#     my %key = keys_in($database);
#
# acme, globex, closed: those of the seeded tenants. retiring: acme's old one, in its time of grace. expired: an old
# one of globex's, which is over. unknown: nobody's. checksum: acme's with another last character.

use strict;
use warnings;

use Exporter 'import';

use TenantTest ();

our @EXPORT = qw(new_key keys_in);

# A key that no tenant has, and what would be stored of it.
sub new_key {
    my $key_file = TenantTest::site()->{key_file};
    my ($key, $hash) = `build/tenantctl key --key-file '$key_file'` =~ /(\S+)\t(\S+)/ or die "tenantctl failed\n";
    return ($key, $hash);
}

# The keys, after the seeded database of that name has got those that it lacks.
sub keys_in {
    my ($database) = @_;
    my %key = map { $_ => TenantTest::tenant($_)->{key} } qw(acme globex closed);

    ($key{unknown}) = new_key();
    $key{retiring} = _retire($database, 'acme', '1 hour');
    $key{expired} = _retire($database, 'globex', '-1 second');
    $key{checksum} = $key{acme} =~ s/(.)$/$1 eq 'a' ? 'b' : 'a'/er;
    return %key;
}

sub _retire {
    my ($database, $tenant, $grace) = @_;
    my ($key, $hash) = new_key();
    TenantTest::sql({ database => $database }, 'UPDATE tenants SET retiring_api_key_hash = ?,
        retiring_api_key_expires_at = now() + ?::interval WHERE name = ?', $hash, $grace, $tenant);
    return $key;
}

1;
