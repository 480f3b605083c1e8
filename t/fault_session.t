# SPDX-License-Identifier: Apache-2.0
# A connection whose session is not what the module made of it, or what a new one would be, is not used for long.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Fault;

my $site = TenantTest::Site->make;
my $server = TenantTest::Server->start(site => $site, processes => 1, threads => 25);

sub acme {
    my ($method, $target, %option) = @_;
    return request($method, $target, as => 'acme', to => $server, %option);
}

sub post {
    return acme(POST => '/v1/products', json => { name => $_[0] });
}

# Several connections, which are a second old then.
sub fill_pool {
    my $brake = brake($site);
    $brake->hold;
    my @clients = map { $server->client->send(GET => '/v1/calls', headers => [bearer('acme')]) } 1 .. 8;
    waiting_backends($site, 8);
    $brake->release;
    is_status($_->receive, 200) for @clients;
    sleep 1;
    return backends($site);
}

# Which of the backends are there still.
sub left {
    my %now = map { $_ => 1 } backends($site);
    return [grep { $now{$_} } @_];
}

subtest 'sessions that can only read' => sub {
    $site->dbh->do('ALTER DATABASE tenant SET default_transaction_read_only = on');
    end_backends($site);
    my @pids = fill_pool();
    cmp_ok(@pids, '>=', 8, 'several');
    is_problem(post('x'), 503, 'database-away', 'while new ones are no better a write is refused');
    is_deeply(left(@pids), [], 'and none of those is kept');
    is_status(acme(GET => '/v1/calls'), 200, 'reads are answered');

    @pids = fill_pool();
    $site->dbh->do('ALTER DATABASE tenant RESET default_transaction_read_only');
    is_status(acme(GET => '/v1/calls/1'), 200, 'a read');
    is_status(post('y'), 201, 'the first write that new ones can take is taken');
    is_deeply(left(@pids), [], 'and no older connection is kept');
    is_status(acme(PATCH => '/v1/products/1', json => { name => 'z' }), 200, 'an update, too');

    $site->dbh->do('ALTER ROLE tenant_api SET default_transaction_read_only = on');
    end_backends($site);
    @pids = fill_pool();
    $site->dbh->do('ALTER ROLE tenant_api RESET default_transaction_read_only');
    is_status(acme(PATCH => '/v1/products/1', json => { name => 'z' }), 200, 'an update as the first');
    is_deeply(left(@pids), [], 'no older connection is kept');
};

done_testing;
