# SPDX-License-Identifier: Apache-2.0
# What is in effect, and waits for a synchronous standby that is away, is not told as done: not after the server was killed
# and has started again either, when any read shows it.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);

use TenantTest;
use TenantTest::Fault;

my $LIMIT = 1;    # seconds: the statements'

my $site = TenantTest::Site->make;
my $server = TenantTest::Server->start(site => $site, processes => 1, threads => 25, server => "TenantPool statement=${LIMIT}s max=20 wait=5s");

sub acme {
    my ($method, $target, %option) = @_;
    return request($method, $target, as => 'acme', to => $server, %option);
}

sub sid { return sprintf 'CA%032x', shift }

sub post {
    my ($n, $key, %more) = @_;
    return acme(POST => '/v1/calls', json => { sid => sid($n), %more }, $key ? (headers => ['Idempotency-Key' => $key]) : ());
}

# That nobody is told yes or no, in time. Where PostgreSQL stands still, and does not even say that it has given up the wait when it is
# told to, nothing is known of that: then it is asked once more.
sub is_in_doubt {
    my ($ask, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($response, $took);
    for my $try (1 .. 5) {
        my $began = time;
        $response = $ask->();
        $took = time - $began;
        last if $took < 1.1 * $LIMIT || $response->status != 503 || $response->json->{code} ne 'query-timeout';
    }
    is_problem($response, 503, 'write-in-doubt', $name);
    cmp_ok($took, '<', 3 * $LIMIT + 2, "$name: within the limit");
    return;
}

is_status(post(1), 201, 'a call to change');
is_status(post(2), 201, 'one to remove');
my ($changed, $removed) = map { $site->dbh->selectrow_array('SELECT id FROM calls WHERE sid = ?', undef, sid($_)) } 1, 2;
my $user = $site->dbh->selectrow_array('SELECT min(id) FROM users WHERE tenant_id = ?', undef, $site->{tenants}{acme}{id});
my $tag = acme(GET => "/v1/calls/$changed")->header('ETag');

my %again = (
    'a kept answer' => sub { post(10, 'key-of-ten') },
    'sid-taken' => sub { post(11) },
    'sid-taken, with another key' => sub { post(12, 'another-key') },
    'email-taken by a change' => sub { acme(PATCH => "/v1/users/$user", json => { email => 'doubt@example.com' }) },
    'a removal' => sub { acme(DELETE => "/v1/calls/$removed") },
    'a change of what is removed' => sub { acme(PATCH => "/v1/calls/$removed", json => { status => 'completed' }) },
    'a condition' => sub {
        acme(PATCH => "/v1/calls/$changed", json => { status => 'completed' }, headers => ['If-Match' => $tag]);
    },
    'a key that was replaced' => sub {
        request(POST => '/v1/tenant/key', as => 'globex', to => $server, json => { grace_seconds => 3600 },
            headers => ['Idempotency-Key' => 'nobody-guesses-this-one-here']);
    },
    'new settings' => sub {
        request(PATCH => '/v1/settings', as => 'globex', to => $server,
            json => { auto_record_calls => JSON::PP::true }, headers => ['If-Match' => '"0"']);
    },
);

$site->dbh->do('DELETE FROM settings WHERE tenant_id = ?', undef, $site->{tenants}{globex}{id});
$site->dbh('postgres')->do(q{ALTER SYSTEM SET synchronous_standby_names = 'nobody'});
$site->dbh('postgres')->do('SELECT pg_reload_conf()');
my $tried = 100;
ok(wait_until { post(++$tried)->status == 503 }, 'COMMITs wait for a standby');    # as soon as the checkpointer has heard of it
for my $write (
    ['a POST with a key', sub { post(10, 'key-of-ten') }],
    ['one without', sub { post(11) }],
    ['one with a key that is not sent again', sub { post(12, 'key-of-twelve') }],
    ['a new user', sub { acme(POST => '/v1/users', json => { email => 'doubt@example.com', password => 'correct horse battery' }) }],
    ['a removal', $again{'a removal'}],
    ['a change', $again{'a condition'}],
    ['new settings', $again{'new settings'}],
) {
    is_in_doubt($write->[1], "in doubt: $write->[0]");
}
restart($site, 'immediate');
# by itself, for a COMMIT that notifies, as a new user's does, has the next one that does wait ahead of its own
is_in_doubt($again{'a key that was replaced'}, 'in doubt: another API key');
restart($site, 'immediate');
is($site->dbh->selectrow_array('SELECT count(*) FROM calls WHERE sid IN (?, ?, ?)', undef, map { sid($_) } 10 .. 12), 3, 'the rows are there');
my $globex = $site->{tenants}{globex}{id};
ok($site->dbh->selectrow_array('SELECT retiring_api_key_hash IS NOT NULL FROM tenants WHERE id = ?', undef, $globex), 'the key was replaced');
is($site->dbh->selectrow_array('SELECT count(*) FROM settings WHERE tenant_id = ?', undef, $globex), 1, 'there are settings');
is_status(acme(GET => "/v1/calls/$removed"), 404, 'reads go on');

is_in_doubt($again{$_}, "asked again: $_") for sort keys %again;

my $standby;
subtest 'a standby comes' => sub {
    $standby = $site->cluster->standby('nobody');
    ok(wait_until { $site->dbh->selectrow_array(q{SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'}) }, 'and is waited for');
    my $kept = $again{'a kept answer'}->();
    is_status($kept, 201, 'the kept answer');
    is($kept->header('Idempotency-Replayed'), 'true', 'is a kept one');
    is($standby->query('tenant', q{SELECT count(*) FROM calls WHERE sid = '} . sid(10) . q{'}), 1, 'of what the standby has');
    is_problem($again{$_}->(), 409, 'sid-taken', $_) for 'sid-taken', 'sid-taken, with another key';
    is_problem($again{'email-taken by a change'}->(), 409, 'email-taken', 'email-taken by a change');
    is($again{'a key that was replaced'}->()->header('Idempotency-Replayed'), 'true', 'a key that was replaced');
    is_problem($again{$_}->(), 404, 'not-found', $_) for 'a removal', 'a change of what is removed';
    is_problem($again{$_}->(), 412, 'precondition-failed', $_) for 'a condition', 'new settings';
    is_status(post(13, 'key-of-thirteen'), 201, 'and a new row');
};

subtest 'what an ordinary write costs' => sub {
    my $messages = sub {
        my ($from) = @_;
        return $site->cluster->query('postgres', "SELECT count(*) FROM pg_get_wal_records_info('$from', pg_current_wal_flush_lsn()) WHERE resource_manager = 'LogicalMessage'");
    };
    plan skip_all => 'pg_walinspect is not there' unless $site->dbh('postgres')->selectrow_array(q{SELECT 1 FROM pg_available_extensions WHERE name = 'pg_walinspect'});
    $site->dbh('postgres')->do('CREATE EXTENSION pg_walinspect');
    my $from = $site->dbh->selectrow_array('SELECT pg_current_wal_insert_lsn()');
    is_status(post(14, 'key-of-fourteen'), 201, 'a row with a key');
    is_status(post(15), 201, 'one without');
    is_status(acme(PATCH => "/v1/calls/$changed", json => { status => 'completed' }), 200, 'a change');
    is($messages->($from), 0, 'write no message');
    is_status(post(14, 'key-of-fourteen'), 201, 'a kept answer');
    is($messages->($from), 1, 'writes one');
};

done_testing;
