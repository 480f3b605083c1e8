# SPDX-License-Identifier: Apache-2.0
#
# Webhooks that come at the same time share transactions. A burst about one sid, a lock, a connection that is lost and a
# database that is away cost no event.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Fault;
use TenantTest::Twilio;

my $site = TenantTest::Site->make;
role_setting($site, lock_timeout => '15s');
my $server = TenantTest::Server->start(site => $site, processes => 1, threads => 32, server => <<'CONFIG');
MaxKeepAliveRequests 0
KeepAliveTimeout 600
TenantPool max=8 wait=10s statement=20s
<Location "/twilio">
    TenantHandler twilio
</Location>
CONFIG
my @accounts = map { TenantTest::Twilio->account($server, $_) } qw(acme globex);
my @clients = map { $server->client } 1 .. 16;

sub send_event {
    my ($client, $account, $hook, @parameters) = @_;
    my $host = "127.0.0.1:$server->{port}";
    push @parameters, AccountSid => $account->{sid};
    return $client->send(POST => "/twilio/$hook", host => $host, body => TenantTest::Twilio::encoded(@parameters), headers => [
        'Content-Type' => 'application/x-www-form-urlencoded',
        'X-Twilio-Signature' => TenantTest::Twilio::signature($account->{token}, "http://$host/twilio/$hook", @parameters),
    ]);
}

# Sends an event over each of the first connections, and returns the answers in their order.
sub fire {
    my (@events) = @_;
    send_event($clients[$_], @{ $events[$_] }) for 0 .. $#events;
    my @answers = map { $clients[$_]->receive } 0 .. $#events;
    for (0 .. $#events) {
        $clients[$_] = $server->client if ($answers[$_]->header('Connection') // '') eq 'close';
    }
    return @answers;
}

sub sent { my ($n, $sid) = @_; return [$accounts[$n % 2], 'message-status', MessageSid => $sid // sid('SM'), MessageStatus => 'sent'] }

sub messages {
    my ($columns, @sids) = @_;
    return $site->dbh->selectall_arrayref("SELECT $columns FROM messages WHERE sid = ANY(?)", { Slice => {} }, \@sids);
}

sub is_away {
    my ($answer, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($answer->status . ' ' . ($answer->json // {})->{code}, '503 database-away', $name);
}

# So long it takes to make a row: meanwhile others can come, however slow this machine is.
$site->dbh->do($_) for
    'CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(0.003); RETURN NEW; END$$',
    'CREATE TRIGGER linger BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION linger()';

subtest 'a burst shares transactions' => sub {
    my (@sids, @answers, $rows, $is_shared);
    # On a busy machine a round trip is waited for in vain now and then, and all go alone for a while: then there is another portion.
    for my $portion (1 .. 20) {
        @sids = ();
        for my $round (1 .. 20) {
            my @events = map { sent($_) } 1 .. @clients;
            push @sids, map { $_->[3] } @events;
            push @answers, fire(@events);
        }
        $rows = messages('tenant_id, xmin', @sids);
        is(scalar @$rows, scalar @sids, 'each has its row');
        my %transactions = map { $_->{xmin} => 1 } @$rows;
        note @sids . ' rows took ' . keys(%transactions) . ' transactions';
        $is_shared = keys(%transactions) < 0.6 * @sids and last;
    }
    is(scalar grep({ $_->status != 204 } @answers), 0, 'all are stored');
    ok($is_shared, 'many share a transaction');
    my %tenants;
    $tenants{ $_->{tenant_id} }++ for @$rows;
    is_deeply([sort { $a <=> $b } values %tenants], [@sids / 2, @sids / 2], 'half of them each tenant');
};

# Each event of a pair of sids, in both orders, so that groups, and single ones, meet on the same rows.
subtest 'all at once about the same sids' => sub {
    my @bad;
    for my $round (1 .. 20) {
        my @sids = map { sid('CA') } 1 .. 2;
        my @events = map {
            my ($one, $other) = $_ % 2 ? @sids : reverse @sids;
            [$accounts[0], 'dial-status', CallSid => $one, CallStatus => 'in-progress', DialCallSid => $other, DialCallStatus => 'completed',
                DialCallDuration => $_]
        } 1 .. @clients;
        push @bad, grep { $_->status != 200 } fire(@events);
        my $rows = $site->dbh->selectall_arrayref('SELECT status, duration FROM calls WHERE sid = ANY(?) ORDER BY duration', undef, \@sids);
        push @bad, $rows if @$rows != 2 || grep({ $_->[0] ne 'completed' } @$rows) || "@{[map { $_->[1] } @$rows]}" ne '15 16';
    }
    is_deeply(\@bad, [], 'each is stored');
    is($site->dbh->selectrow_array('SELECT sum(deadlocks) FROM pg_stat_database'), 0, 'without a deadlock');
};

subtest 'a row that is locked' => sub {
    my @sids = map { sid('SM') } 1 .. 2;
    is_deeply([map { $_->status } fire(sent(0, $sids[0]))], [204], 'there is a row');
    my $lock = TenantTest::Fault::Lock->new($site, undef, "SELECT FROM messages WHERE sid = '$sids[0]' FOR UPDATE")->hold;
    my @blocked = map { $server->client } 1 .. 2;
    send_event($_, $accounts[0], 'message-status', MessageSid => $sids[0], MessageStatus => 'delivered') for @blocked;
    is(scalar waiting_backends($site, 2), 2, 'two events wait');
    my @others = map { fire(map { sent($_) } 1 .. @clients) } 1 .. 4;
    is(scalar grep({ $_->status != 204 } @others), 0, 'others do not');
    $lock->release;
    is_deeply([map { $_->receive->status } @blocked], [204, 204], 'and are stored then');
    is(messages('status', $sids[0])->[0]{status}, 'delivered', 'as they should be');
};

my $brake = brake($site);

subtest 'a connection that is lost ahead of the answer' => sub {
    my $sid = sid('SM');
    $brake->hold;
    send_event($clients[0], @{ sent(0, $sid) });
    my ($first) = waiting_backends($site, 1);
    $site->dbh('postgres')->do('SELECT pg_terminate_backend(?, 5000)', undef, $first);
    my ($second) = waiting_backends($site, 1);
    isnt($second // $first, $first, 'the event is sent to PostgreSQL again');
    $brake->release;
    is($clients[0]->receive->status, 204, 'it is stored');
    is(scalar @{ messages('id', $sid) }, 1, 'once');

    $brake->hold;
    my $lost = sid('SM');
    send_event($clients[0], @{ sent(0, $lost) });
    for (1 .. 2) {
        my ($pid) = waiting_backends($site, 1);
        $site->dbh('postgres')->do('SELECT pg_terminate_backend(?, 5000)', undef, $pid);
    }
    is_away($clients[0]->receive, 'behind two losses it is refused');
    $brake->release;
    is(scalar @{ messages('id', $lost) }, 0, 'and has no row');
    $clients[0] = $server->client;
};

subtest 'the database is away' => sub {
    my $call = sid('CA');
    fire(sent(0), sent(1));
    $_->disconnect for values %{ $site->{dbh} };
    $brake->{dbh}->disconnect;
    $site->cluster->stop;
    for my $hook (qw(message message-status)) {
        my ($answer) = fire([$accounts[0], $hook, MessageSid => sid('SM'), From => '+12025550100', SmsStatus => 'sent']);
        is_away($answer, "$hook: 503, so that Twilio sends it again");
        like($answer->header('Retry-After'), qr/^\d+$/, 'with Retry-After');
    }
    for my $event (['call-status', CallSid => $call, CallStatus => 'ringing'], ['recording', CallSid => $call, RecordingSid => sid('RE')]) {
        is_away((fire([$accounts[0], @$event]))[0], "$event->[0], too");
    }
    $site->cluster->start;
    ok(wait_until { (fire(sent(0)))[0]->status == 204 }, 'and goes on when it is back');
};

done_testing;
