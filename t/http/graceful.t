# SPDX-License-Identifier: Apache-2.0
# Graceful restarts under load, and the other MPMs.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Fault;
use TenantTest::Load;

my $site = TenantTest::Site->make;
role_setting($site, lock_timeout => '30s');
role_setting($site, statement_timeout => '30s');
my $brake = brake($site);

# Room for the children of two generations.
my $room = 'ServerLimit 8';

sub acme {
    my ($server, $method, $target, %option) = @_;
    return request($method, $target, as => 'acme', to => $server, %option);
}

# All sessions of the module, the one that hears of changes among them.
sub sessions {
    return @{ $site->dbh('postgres')->selectcol_arrayref(q{SELECT pid FROM pg_stat_activity WHERE usename = 'tenant_api'}) };
}

# Which of the first list are in the second too.
sub common {
    my ($some, $others) = @_;
    my %others = map { $_ => 1 } @$others;
    return grep { $others{$_} } @$some;
}

sub load {
    my ($server, $mark) = @_;
    my @headers = (headers => [bearer('acme'), 'Content-Type' => 'application/json']);
    return TenantTest::Load->start(map { +{ %$_, client => sub { $server->client } } }
        { name => 'kept', keep => 1, request => sub { $_[0]->request(GET => '/v1/calls?limit=5', @headers) } },
        { name => 'new', request => sub { $_[0]->request(GET => '/v1/calls/1', @headers) } },
        { name => 'create', request => sub { $_[0]->request(POST => '/v1/products', @headers, body => json({ name => "$mark $_[1]" })) } },
    );
}

# That everything was answered as if nothing had happened.
sub is_undisturbed {
    my ($mark, @answers) = @_;
    my @failed = grep { $_->{status} !~ /^20[01]$/ } @answers;
    my @created = grep { $_->{series} eq 'create' } @answers;
    cmp_ok(scalar @answers, '>', 50, 'many requests');
    is(@failed, 0, 'none failed') or diag explain @failed[0 .. ($#failed > 4 ? 4 : $#failed)];
    is(scalar $site->dbh->selectrow_array('SELECT count(*) FROM products WHERE name LIKE ?', undef, "$mark %"), scalar @created,
        'every write happened once');
}

sub ends_quietly {
    my ($server, $log) = @_;
    $server->stop;
    is_deeply([$log->matching(qr/exit signal|still did not exit|SIGKILL/)], [], 'no child crashed or had to be killed');
    ok(wait_until { !sessions() }, 'and none of its sessions stays');
}

subtest 'graceful under load' => sub {
    my $server = TenantTest::Server->start(site => $site, server => $room);
    my $log = $server->error_log;
    my $load = load($server, 'graceful');
    my (@old_children, @old_sessions);

    for (1 .. 4) {
        sleep 0.6;
        wait_until { my @now = sessions(); @now > 2 };
        push @old_children, $server->children;
        push @old_sessions, sessions();
        $server->graceful;
    }
    sleep 1;
    is_undisturbed('graceful', $load->stop);
    cmp_ok(scalar @old_sessions, '>', 8, 'there were sessions of old children');
    ok(wait_until { !common(\@old_children, [$server->children]) }, 'the old children have gone');
    ok(wait_until { !common(\@old_sessions, [sessions()]) }, 'and so have their sessions');
    ends_quietly($server, $log);
};

subtest 'graceful while a request takes its time' => sub {
    my $server = TenantTest::Server->start(site => $site, server => "$room\nTenantPool statement=30s");
    my $log = $server->error_log;
    my @old_children = $server->children;

    $brake->hold;
    my $read = $server->client->send(GET => '/v1/calls/1', headers => [bearer('acme')]);
    my $write = $server->client->send(POST => '/v1/products', headers => [bearer('acme'), 'Content-Type' => 'application/json'],
        body => json({ name => 'slow' }));
    my @old_sessions = waiting_backends($site, 2);
    is(@old_sessions, 2, 'two statements run');
    $server->graceful;
    is_status(acme($server, GET => '/v1/'), 200, 'the new children answer');
    is_deeply([waiting_backends($site, 2)], \@old_sessions, 'the old ones are still at work');
    $brake->release;
    is_status($read->receive, 200, 'the read is answered');
    is_status($write->receive, 201, 'the write is answered');
    ok(wait_until { !common(\@old_children, [$server->children]) }, 'then the old children go');
    ok(wait_until { !common(\@old_sessions, [sessions()]) }, 'and their sessions with them');
    ends_quietly($server, $log);
};

subtest 'graceful while a new connection stands still' => sub {
    my $server = TenantTest::Server->start(site => $site, processes => 1, server => "$room\nTenantPool statement=60s wait=500ms");
    my $log = $server->error_log;
    my @old_children = $server->children;
    my $registry = lock_table($site, 'sqitch.changes');

    is_status(acme($server, GET => '/v1/calls/1'), 503, 'no connection');
    my @checked = waiting_backends($site, 1);
    is(@checked, 1, 'one is being checked');
    freeze(@checked);
    $server->graceful;
    ok(wait_until { !common(\@old_children, [$server->children]) }, 'the old child goes all the same');
    thaw(@checked);
    $registry->release;
    ok(wait_until { acme($server, GET => '/v1/calls/1')->status == 200 }, 'the new one serves');
    ends_quietly($server, $log);
};

for my $mpm (qw(worker prefork)) {
    subtest "the $mpm MPM" => sub {
        my $server = TenantTest::Server->start(site => $site, mpm => $mpm, processes => 4, threads => $mpm eq 'prefork' ? 1 : 5,
            server => 'ServerLimit 16');
        my $log = $server->error_log;
        is_status(acme($server, GET => '/v1/calls/1'), 200, 'a read');
        is_status(acme($server, POST => '/v1/products', json => { name => $mpm }), 201, 'a write');
        is_status(request(GET => '/static.txt', to => $server), 200, 'a file');
        my $load = load($server, $mpm);
        for (1 .. 2) {
            sleep 0.7;
            $server->graceful;
        }
        sleep 0.7;
        is_undisturbed($mpm, $load->stop);
        ends_quietly($server, $log);
    };
}

done_testing;
