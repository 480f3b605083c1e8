# SPDX-License-Identifier: Apache-2.0
#
# sql/schema.sql is what the changes deploy.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Sample;

my $name = 'schema';
database($name);
if (TenantTest::Site::partitions()) {
    site->psql($name, '-c', "GRANT CREATE ON DATABASE $name TO tenant_owner");
    site->psql($name, '-c', 'SET ROLE tenant_owner', '-v', 'modulus=0', '-f', 'sql/partition.sql');
}
my $deployed = do {
    local @ENV{qw(PGHOST PGDATABASE PGUSER)} = (site->{host}, $name, site->{superuser});
    `tools/schema print`;
};
is($?, 0, 'the schema is printed');
is_deeply([split /\n/, $deployed], [split /\n/, slurp('sql/schema.sql')], 'sql/schema.sql is right: `make schema` makes it anew');

done_testing;
