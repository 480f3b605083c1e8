# SPDX-License-Identifier: Apache-2.0
# A backend, or the postmaster, stops as it does when a disk or a network file system hangs: alive, and silent.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Fault;

my $site = TenantTest::Site->make;
my $cluster = $site->cluster;
role_setting($site, lock_timeout => '20s');
role_setting($site, statement_timeout => '20s');

my $brake = brake($site);
my $server = TenantTest::Server->start(site => $site, processes => 1, 
    server => "TenantPool max=1 wait=1s statement=2s\nTenantCache off");
my $log = $server->error_log;

sub acme {
    my ($method, $target, %option) = @_;
    return request($method, $target, as => 'acme', to => $server, %option);
}

sub is_static_served {
    my $static = request(GET => '/static.txt', to => $server);
    is_status($static, 200, 'static content is served meanwhile');
    cmp_ok($static->elapsed, '<', 1, 'at once');
}

# The pid of the one backend, made to be there.
sub only_backend {
    is_status(acme(GET => '/v1/calls/1'), 200, 'the server works');
    my @pids = backends($site);
    is(@pids, 1, 'with one connection');
    return $pids[0];
}

# That a frozen backend's connection has been given up: it ends as soon as it can move again.
sub ends_when_thawed {
    my ($pid) = @_;
    thaw($pid);
    ok(wait_until { !grep { $_ == $pid } backends($site) }, 'its session ends once it moves again');
}

# Where the backend stands still: in which statement, and whether it was at work already.
my @stops = (
    ['a list, while it waits for a lock', 1, GET => '/v1/calls'],
    ['an insert, while it waits for a lock', 1, POST => '/v1/products', json => { name => 'x' }],
    ['an update, while it waits for a lock', 1, PATCH => '/v1/products/1', json => { name => 'frozen' }],
    ['the lookup of a key, ahead of any statement', 0, GET => '/v1/calls/1'],
);

# A limit is kept within a fifth, most of which goes for telling PostgreSQL: where this machine has stood still meanwhile, it is
# tried once more.
sub is_late { my ($response) = @_; return $response->elapsed > 2.4 }

my $cut = 0;    # how many statements

for (@stops) {
    my ($what, $wait, $method, $target, %option) = @$_;
    subtest $what => sub {
        my ($pid, $response);
        $option{body} = json(delete $option{json}) if $option{json};
        for my $try (1 .. 3) {
            ends_when_thawed($pid) if $pid;
            $pid = only_backend();
            my $client = $server->client;
            $brake->hold if $wait;
            freeze($pid) unless $wait;
            $client->send($method, $target, headers => [bearer('acme'), 'Content-Type' => 'application/json'], %option);
            if ($wait) {
                is_deeply([waiting_backends($site, 1)], [$pid], 'the statement runs');
                freeze($pid);
            }
            is_static_served();
            $response = $client->receive;
            $brake->release if $wait;
            is_problem($response, 503, 'query-timeout');
            $cut++;
            last unless is_late($response);
        }
        is_about($response->elapsed, 2, "at the statement's deadline");
        my $next = acme(GET => '/v1/calls/1');
        is_status($next, 200, 'the next request is answered by another session');
        cmp_ok($next->elapsed, '<', 1, 'at once');
        ends_when_thawed($pid);
    };
}
is_deeply($site->dbh->selectall_arrayref(q{SELECT id FROM products WHERE name = 'frozen'}), [], 'the update was rolled back');
is(scalar $log->matching(qr/cut off: no answer within TenantPool's statement limit/), $cut,
    'the log has a line for each');

# More statements than a connection keeps prepared: each of the last ones takes the place of another.
subtest 'a list for which another statement has to go' => sub {
    my @filters = ('', 'id=1', 'from_number=x', 'to_number=x', 'status=x', 'from_number.null=true', 'to_number.null=true',
        'status.null=true', map { "created_at.$_=2026-01-01T00:00:00Z" } qw(gt gte lt lte));
    my @lists = map { my $filter = $_; map { ("/v1/calls?$filter&order=$_", "/v1/messages?$filter&order=$_") } orders($filter) } @filters;
    my ($pid, $response);
    for my $try (1 .. 3) {
        $pid = only_backend();
        my %count;
        $count{ acme(GET => $_)->status }++ for @lists;
        cmp_ok($count{200}, '>', 70, 'many lists are read') or diag json(\%count);

        $brake->hold;
        $response = acme(GET => '/v1/products?name=x');
        $brake->release;
        is_problem($response, 503, 'query-timeout');
        last unless is_late($response);
    }
    is_about($response->elapsed, 2, "at the statement's deadline");
    ok(wait_until { !grep { $_ == $pid } backends($site) }, 'the session ends');
};

# The orders in which a list may be by its filter.
sub orders {
    my ($filter) = @_;
    my @fields = $filter =~ /^(\w+)\.(?!null)/ ? $1 : qw(id created_at);
    return map { ("$_.asc", "$_.desc") } @fields;
}

subtest 'the postmaster' => sub {
    my $postmaster = do { open my $file, '<', $cluster->data_dir . '/postmaster.pid' or die $!; 0 + readline $file };
    my $pid = only_backend();
    my ($first, $second);

    freeze($postmaster);
    is_status(acme(GET => '/v1/calls/1'), 200, 'a connection that is there goes on working');
    $site->dbh('postgres')->do('SELECT pg_terminate_backend(?)', undef, $pid);
    # the postmaster does not reap it, but its socket is closed
    for my $try (1 .. 3) {
        $first = acme(GET => '/v1/calls/1');
        last if $first->elapsed <= 1.2;
    }
    is($first->status, 503, 'without one a request is refused');
    cmp_ok($first->elapsed, '<=', 1.2, 'when it has waited for a connection');
    is_static_served();
    sleep 3;    # more than connect_timeout
    for my $try (1 .. 3) {
        $second = acme(GET => '/v1/calls/1');
        last if $second->elapsed < 0.5;
    }
    is_problem($second, 503, 'database-away');
    cmp_ok($second->elapsed, '<', 0.5, 'at once, when an attempt to connect has timed out');

    thaw($postmaster);
    is_status(acme(GET => '/v1/calls/1'), 200, 'it heals') if wait_until { acme(GET => '/v1/calls/1')->status == 200 };
};

done_testing;
