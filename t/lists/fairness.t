# SPDX-License-Identifier: Apache-2.0
#
# A tenant that asks for slow lists, many at a time, holds up its own lists and nothing else: TenantPool lists=.

use strict;
use warnings;

use IO::Select;
use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Fault;

my $site = TenantTest::Site->make;
role_setting($site, $_ => '60s') for qw(lock_timeout statement_timeout);
my $brake = brake($site, undef, 'FROM calls .* ORDER BY|count.* FROM calls');    # lists of calls
my @clients;

sub start {
    my ($pool) = @_;
    @clients = ();
    return TenantTest::Server->start(site => $site, processes => 1, threads => 10,
        server => "TenantPool max=6 statement=60s $pool");
}

# A list that shares no round trip, so that each that is under way has a connection.
my $list = '/v1/calls?limit=1000';

# Clients of Acme that have sent this, which is not answered yet.
sub sent {
    my ($server, $count, $target, @headers) = @_;
    my @new = map { $server->client->send(GET => $target, headers => [bearer('acme'), @headers]) } 1 .. $count;
    push @clients, @new;
    return @new;
}

# What each of them gets is a 200, in whichever order.
sub all_are_answered {
    my ($what, @of) = @_;
    is_deeply([map { $_->receive->status } @of], [(200) x @of], $what);
}

# How many clients have an answer to read.
sub answered {
    return scalar grep { IO::Select->new($_->{socket})->can_read(0) } @_;
}

subtest 'one at a time, in its turn' => sub {
    my $server = start('lists=1 wait=60s');
    $brake->hold;
    my @lists = sent($server, 5, $list);

    waiting_backends($site, 1);
    is_status(request(GET => '/v1/products', as => 'globex', to => $server), 200, 'another tenant has its lists meanwhile');
    is_status(request(GET => '/v1/products/999999', as => 'acme', to => $server), 404, '... and the tenant its single rows');
    is_status(request(POST => '/v1/products', as => 'acme', to => $server, json => { name => 'x' }), 201, '... and its writes');
    is(scalar waiting_backends($site), 1, 'of five lists one has a connection');

    my ($small) = sent($server, 1, '/v1/products');
    sleep 0.3;
    is(answered($small), 0, 'a quick list of the same tenant comes after the slow ones');
    $brake->release;
    all_are_answered('all are answered in the end', @lists, $small);
};

subtest 'as many as TenantPool says' => sub {
    my $server = start('lists=3 wait=60s');
    $brake->hold;
    my @lists = sent($server, 5, $list);

    is(scalar waiting_backends($site, 3), 3, 'three of five');
    $brake->release;
    all_are_answered('all are answered in the end', @lists);
};

subtest 'streams and counts as well' => sub {
    my $server = start('lists=1 wait=60s');
    $brake->hold;
    my @lists = (
        sent($server, 2, '/v1/calls', 'Accept' => 'text/csv'),
        sent($server, 1, '/v1/calls', 'Prefer' => 'count=exact'),
        sent($server, 1, $list),
    );

    waiting_backends($site, 1);
    sleep 0.3;
    is(scalar waiting_backends($site), 1, 'of two streams, a count and a list one has a connection');
    $brake->release;
    all_are_answered('all are answered in the end', @lists);
};

subtest 'three in four threads' => sub {
    my $server = start('lists=1 wait=60s');
    $brake->hold;
    my @lists = sent($server, 10, $list);
    my @refused;

    ok(wait_until { answered(@lists) == 2 }, 'one is under way and seven wait, of ten threads; two are refused at once');
    for my $client (@lists) {
        push @refused, $client if answered($client);
    }
    for my $response (map { $_->receive } @refused) {
        is_problem($response, 429, 'rate-limited');
        ok($response->header('Retry-After'), 'it says when to try again');
    }
    is_status(request(GET => '/v1/products', as => 'globex', to => $server), 200, 'another tenant finds a thread');
    $brake->release;
    my %refused = map { $_ => 1 } @refused;
    all_are_answered('the others are answered in the end', grep { !$refused{$_} } @lists);
};

subtest 'no longer than TenantPool says' => sub {
    my $server = start('lists=1 wait=500ms');
    $brake->hold;
    my ($first) = sent($server, 1, $list);

    waiting_backends($site, 1);
    my $response;
    for (1 .. 5) {    # again where the machine stood still
        my ($second) = sent($server, 1, $list);
        $response = $second->receive;
        last if abs($response->elapsed - 0.5) <= 0.1;
    }
    is_problem($response, 429, 'rate-limited');
    is_about($response->elapsed, 0.5, 'when it has waited for as long as TenantPool says');
    $brake->release;
    all_are_answered('the first is answered', $first);
};

done_testing();
