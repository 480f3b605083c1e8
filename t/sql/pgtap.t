# SPDX-License-Identifier: Apache-2.0
#
# The pgTAP tests of t/sql, on a freshly deployed database.
use strict;
use warnings;

use File::Basename qw(basename);

use JSON::PP ();
use TAP::Parser;
use TenantTest::Site;
use Test::More;

my $pg = TenantTest::Site->deployed_cluster('app');
$pg->deploy('app');    # what the tree has beyond its site: t/api/new_resource.t

# Every statement of the module, as the build prints them: plans.pg looks at their plans too.
my $statements = $pg->socket_dir . '/statements';
is system("build/unit/statements >$statements"), 0, 'the build prints the module\'s statements';

# Which columns lists are filtered by, as the build prints THE table, but for unique ones, times of creation and tenants: schema.pg
# looks at what the planner knows of them.
sub filters {
    my %filters;
    for my $resource (@{ JSON::PP::decode_json(`build/unit/resources`) }) {
        $filters{"$resource->{table}.$_->{column}"} = 1
            for grep { $_->{is_filter} && !$_->{is_unique} && $_->{name} !~ /^(?:created_at|custom_domain|tenant_id)$/ } @{ $resource->{fields} };
    }
    return '{' . join(',', sort keys %filters) . '}';
}
my $filters = filters();

for my $file (sort glob "t/sql/*.pg") {
    subtest basename($file) => sub {
        my ($status, $output) = $pg->psql('app', 'postgres', '-At', '-q', '-v', "statements=$statements", '-v', "filters=$filters", '-f', $file);
        is $status, 0, 'psql runs it to the end';
        my $parser = TAP::Parser->new({ tap => $output });
        while (my $result = $parser->next) {
            if    ($result->is_test)    { (my $name = $result->description) =~ s/^- //; ok $result->is_ok, $name }
            elsif ($result->is_comment) { diag $result->raw }
            elsif (!$result->is_plan)   { diag $result->as_string }
        }
        is_deeply [$parser->parse_errors], [], 'it keeps to its plan';
    };
}

done_testing;
