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

use Compress::Zlib qw(crc32);
use Exporter 'import';

use TenantTest ();

our @EXPORT = qw(invented_key new_key keys_in);

# A key that no tenant has, and what would be stored of it.
sub new_key {
    my $key_file = TenantTest::site()->{key_file};
    my ($key, $hash) = `build/tenantctl key --key-file '$key_file'` =~ /(\S+)\t(\S+)/ or die "tenantctl failed\n";
    return ($key, $hash);
}

my @base62 = (0 .. 9, 'A' .. 'Z', 'a' .. 'z');

# The same, of which nothing could be stored, at once: it has a right checksum.
sub invented_key {
    my $key = 'mt_' . join '', map { $base62[rand @base62] } 1 .. 43;
    my $crc = crc32($key);
    my $check = '';
    for (1 .. 6) {
        $check = $base62[$crc % 62] . $check;
        $crc = int($crc / 62);
    }
    return $key . $check;
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
