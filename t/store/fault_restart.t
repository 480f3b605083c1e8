# SPDX-License-Identifier: Apache-2.0
# PostgreSQL is restarted, or ends single sessions, while requests run.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Fault;
use TenantTest::Load;

my $site = TenantTest::Site->make;
role_setting($site, lock_timeout => '20s');
role_setting($site, statement_timeout => '20s');

my $server = TenantTest::Server->start(site => $site, processes => 1, threads => 60,
    server => 'TenantPool max=40 wait=10s statement=30s');
my $log = $server->error_log;
my $brake = brake($site);
my @children = $server->children;

sub acme {
    my ($method, $target, %option) = @_;
    return request($method, $target, as => 'acme', to => $server, %option);
}

sub row_count {
    my ($where, @values) = @_;
    return scalar $site->dbh->selectrow_array("SELECT count(*) FROM $where", undef, @values);
}

# Sends a request that stands still in PostgreSQL; returns its client and the backend's pid.
sub hold_back {
    my ($method, $target, %option) = @_;
    my $client = $server->client;
    $option{body} = json(delete $option{json}) if $option{json};
    $client->send($method, $target, %option, headers => [bearer('acme'), 'Content-Type' => 'application/json']);
    my ($pid) = waiting_backends($site, 1);
    die "$method $target does not wait" unless $pid;
    return ($client, $pid);
}

# Ends a session and waits until it has gone.
sub end_session {
    my ($pid) = @_;
    $site->dbh('postgres')->do('SELECT pg_terminate_backend(?, 5000)', undef, $pid);
}

# Fills the pool: 40 reads at the same time, then 40 idle connections.
sub open_forty {
    $brake->hold;
    my @clients = held_one_by_one($site, 40, sub { return $server->client->send(GET => '/v1/calls/1', headers => [bearer('acme')]) });
    $brake->release;
    my @refused = grep { $_->receive->status != 200 } @clients;
    is(@refused, 0, '40 reads at once are answered');
    is(wait_until { scalar(backends($site, q{state = 'idle'})) == 40 }, 1, 'and leave 40 idle connections');
}

# The changes that a tenant may ask for, with what the database must show for each when it was refused.
my %refused_write = (
    'an insert'  => [POST   => '/v1/products', { name => 'lost' }, q{products WHERE name = 'lost'}, 0],
    'an update'  => [PATCH  => '/v1/products/1', { name => 'lost' }, q{products WHERE name = 'lost'}, 0],
    'a deletion' => [DELETE => '/v1/products/1', undef, 'products WHERE id = 1', 1],
    'an upsert'  => [PATCH  => '/v1/settings', { auto_record_calls => JSON::PP::false() },
        q{settings WHERE tenant_id = 1 AND auto_record_calls}, 1],
);

subtest 'a read whose connection dies is tried again on a new one, once' => sub {
    for my $target ('/v1/calls?limit=3', '/v1/calls/1') {
        $brake->hold;
        my ($client, $first) = hold_back(GET => $target);
        end_session($first);
        my ($second) = waiting_backends($site, 1);
        isnt($second // $first, $first, 'it waits in another session');
        $brake->release;
        is_status($client->receive, 200, "$target succeeds after one loss");

        $brake->hold;
        ($client, $first) = hold_back(GET => $target);
        end_session($first);
        ($second) = waiting_backends($site, 1);
        end_session($second);
        is_problem($client->receive, 503, 'database-away', "$target gives up after two");
        $brake->release;
    }
    # the lookup of a key; a connection is there then, and none has to be attested
    my $uncached = TenantTest::Server->start(site => $site, processes => 1, server => "TenantCache off\nTenantPool wait=10s");
    request(GET => '/v1/calls/1', as => 'acme', to => $uncached);
    my $tenants = lock_table($site, 'tenants');
    my $client = $uncached->client->send(GET => '/v1/calls/1', headers => [bearer('acme')]);
    end_session(waiting_backends($site, 1));
    $tenants->release;
    is_status($client->receive, 200, 'the lookup of the key is such a read');
};

subtest 'a write whose connection dies is never tried again' => sub {
    for my $what (sort keys %refused_write) {
        my ($method, $target, $json, $where, $count) = @{ $refused_write{$what} };
        acme(GET => '/v1/calls/1');    # so that a connection is there
        $brake->hold;
        my ($client, $pid) = hold_back($method, $target, $json ? (json => $json) : ());
        end_session($pid);
        is_problem($client->receive, 503, 'database-away', "$what is refused");
        is(scalar(waiting_backends($site)), 0, 'nobody else runs it');
        $brake->release;
        is(row_count($where), $count, 'and it has not happened');
    }
};

for my $mode (qw(fast immediate)) {
    subtest "restart, $mode, with 40 idle connections" => sub {
        open_forty();
        my $restarted = $server->error_log;
        restart($site, $mode);
        $brake = brake($site);
        is_status(acme(POST => '/v1/products', json => { name => "first after $mode" }), 201,
            'the first request, a write, succeeds');
        is(scalar $restarted->matching(qr/lost its connection/), 0, 'no statement was sent on a dead connection');
        open_forty();
    };
}

# Reads on kept and on new connections, and writes whose rows can be counted.
my @series = (
    { name => 'read', keep => 1, target => '/v1/calls?limit=5' },
    { name => 'read', target => '/v1/calls/1' },
    { name => 'create', method => 'POST', body => sub { { name => "create $_[0]" } }, target => '/v1/products' },
    { name => 'update', method => 'PATCH', body => sub { { description => "update $_[0]" } }, target => '/v1/products/1' },
);

sub under_load {
    my ($mode) = @_;
    return TenantTest::Load->start(map {
        my $series = $_;
        +{  %$series,
            client  => sub { $server->client },
            request => sub {
                my ($client, $n) = @_;
                return $client->request($series->{method} // 'GET', $series->{target},
                    headers => [bearer('acme'), 'Content-Type' => 'application/json'],
                    $series->{body} ? (body => json($series->{body}->("$mode $n"))) : ());
            },
        };
    } @series);
}

for my $mode (qw(fast immediate)) {
    subtest "restart, $mode, under load" => sub {
        open_forty();
        my $load = under_load($mode);
        sleep 1;
        restart($site, $mode);
        my $accepting = time;
        sleep 2.5;
        my @answers = $load->stop;
        my @late = grep { $_->{began} > $accepting + 1 } @answers;
        my %refused = map { $_->{code} => 1 } grep { $_->{status} >= 400 } @answers;

        for my $name (qw(read create update)) {
            my @of = grep { $_->{series} eq $name } @late;
            cmp_ok(scalar @of, '>', 5, "enough of $name a second later");
            is(scalar(grep { $_->{status} !~ /^20[01]$/ } @of), 0, 'all of them succeed');
        }
        is(scalar(grep { $_->{error} ne '' } @answers), 0, 'every request is answered');
        delete $refused{'database-away'};
        is_deeply([sort keys %refused], [], 'a refusal is database-away');

        my %rows = map { $_ => 1 } @{ $site->dbh->selectcol_arrayref(
            'SELECT name FROM products WHERE name LIKE ?', undef, "create $mode %") };
        my @creates = grep { $_->{series} eq 'create' } @answers;
        my @created = map {"create $mode $_->{n}"} grep { $_->{status} == 201 } @creates;
        is(row_count('products WHERE name LIKE ?', "create $mode %"), scalar keys %rows, 'no row is there twice');
        is(scalar(grep { !$rows{$_} } @created), 0, 'no row that was answered 201 is missing');
        # a row whose commit was under way when PostgreSQL stopped may be there although its answer was lost
        cmp_ok(keys(%rows) - @created, '<=', 1, 'a row that was refused is not there');
        $brake = brake($site);
    };
}

is_deeply([$server->children], \@children, 'no child died and none was replaced');
is(scalar $log->matching(qr/statement limit/), 0, 'no connection was cut off');
done_testing;
