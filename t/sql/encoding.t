# SPDX-License-Identifier: Apache-2.0
#
# A database in another encoding than UTF8 cannot hold what clients send, or holds what they cannot read. It is refused
# when it is deployed to, and where it is there already by the module and the doctor, who say so.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Command;

my $site = TenantTest::Site->make;
my $pg = $site->cluster;

for my $encoding (qw(SQL_ASCII LATIN1)) {
    my $database = lc $encoding;

    $pg->query('postgres', "CREATE DATABASE $database TEMPLATE template0 ENCODING '$encoding' LOCALE 'C'");
    $pg->bootstrap($database);

    my ($status, $output) = $pg->sqitch('deploy', $database);
    isnt($status, 0, "$encoding: nothing is deployed");
    like($output, qr/database $database is encoded in $encoding, not in UTF8/, '... as it is said');

    $pg->deploy($database, '--log-only', '--to', 'precheck');    # as it was before that was checked
    $pg->deploy($database, '--to', 'time_range_checks');
    ($status, $output) = $pg->sqitch('deploy', $database);
    like($output, qr/email_fold .*database $database is encoded in $encoding, not in UTF8/, '... nor an upgrade of what is there');
    $pg->deploy($database, '--log-only');
    my $server = TenantTest::Server->prepare(site => $site, database => $site->conninfo($database));
    my $log = $server->error_log;
    $server->boot;
    is_problem(request(GET => '/v1/calls', as => 'acme', to => $server), 503, 'misconfigured', "$encoding: nothing is served");
    ok($log->wait_for(qr/TenantDatabase is refused: the database is encoded in $encoding, not in UTF8/),
        '... as the log says');

    my $run = tenantctl('doctor', '--database', $site->conninfo($database, 'tenant_admin'), '--key-file', $site->{key_file});
    is($run->{status}, 1, "$encoding: the doctor finds it");
    like($run->{output}, qr/^database\s+$database\s+is encoded in $encoding, not in UTF8/m, '... and says so');
}

done_testing;
