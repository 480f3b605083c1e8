# SPDX-License-Identifier: Apache-2.0
# Under load, while children are killed and the server restarts gracefully: no counter goes back, and in the end the counts are
# those of the clients, but for what was under way.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Askers;
use TenantTest::Scrape;

my $clients = 8;
my $server = TenantTest::Server->start(processes => 3, threads => 10,
    server => qq{<Location "/metrics">\nTenantHandler metrics\nRequire local\n</Location>});
my @figures = (
    ['mod_tenant_requests_total', handler => 'api', resource => 'calls'],
    ['mod_tenant_request_duration_seconds_count', handler => 'api', resource => 'calls'],
    ['mod_tenant_tenant_requests_total'],
    ['mod_tenant_rows_read_total'],
);

my $askers = TenantTest::Askers->start($server, $clients);
my @last = (0) x @figures;
my $kills = 0;
for my $round (1 .. 12) {
    sleep 0.4;
    my @children = $server->children;
    if ($round % 4 == 0) {
        $server->graceful;
    } elsif (@children) {    # httpd makes new ones a second later
        kill KILL => $children[rand @children];
        $kills++;
    }
    my $scrape = eval { TenantTest::Scrape->of($server) } // eval { TenantTest::Scrape->of($server) } or next;
    my @now = map { $scrape->value(@$_) } @figures;
    cmp_ok($now[$_], '>=', $last[$_], "round $round: $figures[$_][0] does not go back") for 0 .. $#now;
    @last = @now;
}
my ($answered, $lost) = $askers->stop;
diag "$answered requests were answered, $lost were not; $kills children were killed";
cmp_ok($answered, '>', 500, 'there was load');
sleep 1;    # what is answered is counted a moment later

# Each kill may find a request of each client answered and not counted, or counted and not answered.
my $under_way = $clients * $kills;
my $scrape = TenantTest::Scrape->of($server);
for my $figure (@figures) {
    my $count = $scrape->value(@$figure);
    cmp_ok($count, '>=', $answered - $under_way, "$figure->[0]: $count are not less than the clients' $answered, but for what was under way");
    cmp_ok($count, '<=', $answered + $lost, 'nor more than they sent');
}
is(TenantTest::Scrape->await($server, 3, 'mod_tenant_children'), 3, 'three children count');
my $connections = TenantTest::Scrape->await($server, 0, 'mod_tenant_pool_connections', state => 'in-use');
is($connections, 0, 'what killed children had in use is not told any longer');

done_testing;
