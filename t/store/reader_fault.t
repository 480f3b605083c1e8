# SPDX-License-Identifier: Apache-2.0
# A standby that answers reads, and what may happen to it: no client notices.
use strict;
use warnings;

use File::Temp ();
use Test::More;

use TenantTest;
use TenantTest::Fault;
use TenantTest::Reader;
use TenantTest::Stream qw(json_rows);

my $site = TenantTest::Site->make;
my $primary = $site->cluster;
my $acme = $site->{tenants}{acme}{id};

$site->dbh->do(q{INSERT INTO products (name, description, tenant_id) SELECT 'p' || n, repeat('x', 2000), ? FROM generate_series(1, 5000) n}, undef, $acme);

my $standby = $primary->standby('reader');

# Where connection strings lead, as an address does that is moved.
my $folder = File::Temp->newdir('mt-at-XXXXXX', DIR => '/tmp');

sub lead {
    my ($name, $cluster) = @_;
    unlink "$folder/$name";
    symlink $cluster->socket_dir, "$folder/$name" or die "$name: $!";
    return;
}

sub by_name { return "host=$folder/$_[0] dbname=tenant user=tenant_api" }

lead(primary => $primary);
lead(reader => $standby);
my $server = start_server($site, $standby, '1h', primary => by_name('primary'), read => by_name('reader'),
    server => 'TenantPool max=5 statement=3s');    # so long a test has to find a read that waits
my $log = $server->error_log;

# Its log from the start on.
sub slurp_log {
    my ($server) = @_;
    open my $file, '<', "$server->{logs}/error_log" or return '';
    local $/;
    return <$file>;
}

# The statuses of so many reads, each once.
sub statuses {
    my ($count) = @_;
    my %seen;
    $seen{ ask($server, GET => "/v1/calls/$_")->status }++ for map { 1 + 3 * ($_ % 20) } 1 .. $count;
    return join ' ', sort keys %seen;
}

ok((wait_until { is_read($server) } 30), 'reads come from the standby');

subtest 'a stream goes on at the primary' => sub {
    my $stream = TenantTest::Stream->begin($server, '/v1/products?limit=5000', as => 'acme');
    my $before = reads($server);
    $standby->stop('immediate');
    my @rows = json_rows($stream->end->body);
    is(scalar @rows, 5000, 'all rows come');
    my %ids;
    is(scalar(grep { $ids{ $_->{id} }++ } @rows), 0, 'each once');
    cmp_ok($before, '>', 0, 'it began at the standby');
};

subtest 'a standby that is away' => sub {
    is(statuses(60), '200', 'reads go on');
    is_status(ask($server, GET => '/v1/ready'), 200, 'the server is ready');
    ok($log->wait_for(qr/TenantDatabase read= is not used, the primary answers: it cannot be asked/), 'the log says so');
    is(is_up($server, 0), 0, 'so do the figures');
    is_status(ask($server, POST => '/v1/products', json => { name => 'new' }), 201, 'writes go on');
    $standby->start;
    ok((wait_until { is_read($server) } 60), 'it is used once it is back');
    ok($log->wait_for(qr/TenantDatabase read= is used again/), 'and the log says so');
};

subtest 'it is killed again and again' => sub {
    my %seen;
    for my $round (1 .. 4) {
        kill KILL => ($standby->backends('tenant_api'))[0];    # PostgreSQL then ends all, and begins anew
        $seen{$_}++ for split / /, statuses(40);
        wait_until { is_read($server) } 60;
    }
    is(join(' ', sort keys %seen), '200', 'reads go on while its backends crash');
    ok((wait_until { is_read($server) } 60), 'and it is used again');
};

subtest 'it hangs' => sub {
    my @pids = $standby->backends;
    $standby->freeze(@pids);
    is(statuses(60), '200', 'reads go on');
    $standby->thaw(@pids);
    ok((wait_until { is_read($server) } 60), 'it is used once it goes on');
};

subtest 'a statement is cancelled there' => sub {
    my $brake = brake($site, 'tenant');
    ok((wait_until { is_read($server) } 30), 'the standby is used');
    my $hold = DBI->connect('dbi:Pg:host=' . $standby->socket_dir . ';dbname=tenant', 'postgres', '', { RaiseError => 1 });
    my $failed = reads($server, 'primary-failed');
    for my $how (qw(pg_cancel_backend pg_terminate_backend)) {
        $hold->do('SELECT pg_advisory_lock(1)');
        my $client = $server->client;
        $client->send(GET => '/v1/calls/1', headers => [bearer('acme')]);
        my $waiting = "SELECT pid FROM pg_stat_activity WHERE usename = 'tenant_api' AND wait_event_type = 'Lock'";
        ok((wait_until { $standby->query('postgres', $waiting) }), 'a read waits there');
        $standby->query('postgres', "SELECT $how(pid) FROM ($waiting) w");
        is_status($client->receive, 200, "$how: the client does not notice");
        $hold->do('SELECT pg_advisory_unlock(1)');
        ok((wait_until { is_read($server) } 30), 'the standby is used');
    }
    cmp_ok(reads($server, 'primary-failed'), '>=', $failed + 2, 'it is counted');
    $standby->query('postgres', 'ALTER SYSTEM SET max_standby_streaming_delay = 0');
    $standby->query('postgres', 'SELECT pg_reload_conf()');
    $hold->do('SELECT pg_advisory_lock(1)');
    my $client = $server->client;
    $client->send(GET => '/v1/products/1', headers => [bearer('acme')]);
    ok((wait_until { $standby->query('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'tenant_api' AND wait_event_type = 'Lock'}) }), 'a read waits there');
    $primary->query('tenant', 'BEGIN; LOCK TABLE products IN ACCESS EXCLUSIVE MODE; COMMIT');    # which takes the table from it
    is_status($client->receive, 200, 'a conflict with recovery: the client does not notice');
    ok((wait_until { $standby->query('tenant', q{SELECT confl_lock > 0 FROM pg_stat_database_conflicts WHERE datname = 'tenant'}) eq 't' } 30), 'which it was');
    $hold->disconnect;
    ok((wait_until { is_read($server) } 30), 'the standby is used');
};

subtest 'it is promoted by mistake' => sub {
    $log->mark;
    my $second = $primary->standby('second');
    $second->promote;
    lead(reader => $second);
    $second->query('tenant', q{UPDATE calls SET status = 'failed'});
    $standby->stop('immediate');
    ok($log->wait_for(qr/read= is not used, .*: it is a primary, and another one than writes go to/), 'it is not used');
    is(ask($server, GET => '/v1/calls/1')->json->{status}, 'completed', 'the primary is asked');
    is_status(ask($server, PATCH => '/v1/calls/1', json => { status => 'busy' }), 200, 'which goes on');
    $standby->start;
    lead(reader => $standby);
    $second->stop('immediate');
    ok((wait_until { is_read($server) } 60), 'the standby is used again');
};

subtest 'two standbys at one address' => sub {
    my $end = sub {
        my ($application) = @_;
        $standby->query('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '$application'");
    };
    my $second = $primary->standby('second');
    ok((wait_until { is_read($server) } 30), 'one is used');
    $log->mark;
    pause($second);
    lead(reader => $second);
    $end->('mod_tenant');
    is_status(ask($server, PATCH => '/v1/calls/1', json => { status => 'ringing' }), 200, 'a write that the other one lacks');
    ok((wait_until { ask($server, GET => '/v1/calls/1'); $log->matching(qr/read= is not used: it is another server than the one that is known to be fresh/) } 30), 'of the other one nothing is known')
        or diag map { $_->last_words(15) } $primary, $standby, $second;
    my %seen;
    $seen{ ask($server, GET => '/v1/calls/1')->json->{status} }++ for 1 .. 60;
    is(join(' ', sort keys %seen), 'ringing', 'so it is not asked');
    resume($second);
    $end->('mod_tenant survey');
    ok((wait_until { is_read($server) } 30), 'until the survey is of that one');
    lead(reader => $standby);
    $second->stop('immediate');
    ok((wait_until { is_read($server) } 60), 'and back') or diag map { $_->last_words(15) } $primary, $standby;
    is_status(ask($server, PATCH => '/v1/calls/1', json => { status => 'busy' }), 200, 'as it was');
};

subtest 'another cluster' => sub {
    my $other = TenantTest::Cluster->new->create_database('tenant');
    $other->query('postgres', 'CREATE ROLE tenant_api LOGIN');
    my $twin = TenantTest::Site->make;    # of the same identifier
    $twin->dbh->do(q{UPDATE calls SET status = 'failed'});
    for ([$other, qr/it is of another cluster/], [$twin->cluster, qr/it is a primary, and another one than writes go to/]) {
        my ($cluster, $why) = @$_;
        my $wrong = start_server($site, $standby, '1h', read => leads_to($cluster));
        ok((wait_until { slurp_log($wrong) =~ /read= is not used, .*$why/ }), 'the log says so') or diag slurp_log($wrong);
        is(ask($wrong, GET => '/v1/calls/1')->json->{status}, 'busy', 'it is not asked');
    }
};

subtest 'a role that is not let in' => sub {
    my $program = "$folder/print";
    open my $file, '>', $program or die;
    print {$file} "#!/bin/sh\necho 'host=$folder/reader dbname=tenant user=nobody_at_all password=hunter2'\n";
    close $file;
    chmod 0700, $program;
    my $wrong = start_server($site, $standby, '1h', read => "exec:$program");
    is_status(ask($wrong, GET => '/v1/calls/1'), 200, 'reads are answered');
    ok((wait_until { slurp_log($wrong) =~ /read= is not used, .*nobody_at_all/ }), 'the log says who') or diag slurp_log($wrong);
    unlike(slurp_log($wrong), qr/hunter2/, 'and no password');
};

subtest 'a failover' => sub {
    my $follower = $primary->standby('follower');
    wait_until { is_read($server) } 30;
    $log->mark;
    $primary->stop;    # both standbys have all of its log
    $standby->promote;
    lead(primary => $standby);
    ok((wait_until { ask($server, POST => '/v1/products', json => { name => 'behind it' })->status == 201 } 30), 'the new primary is written to');
    ok((wait_until { is_read($server) } 30), 'and read from, as the reader that it was');
    is(ask($server, GET => '/v1/products?limit=1&order=id.desc')->json->{data}[0]{name}, 'behind it', 'what was written is seen');

    my $other = start_server($site, $follower, '1h', primary => by_name('primary'));
    ok((wait_until { ask($other, GET => '/v1/calls/1')->status == 200 } 30), 'a node whose reader has stayed a standby');
    ok((wait_until { slurp_log($other) =~ /read= is not used, .*: its last restart point is of another timeline/ } 30), 'does not use it, as it may have another log');
    $follower->query('postgres', q{ALTER SYSTEM SET primary_conninfo = 'host=} . $standby->socket_dir . q{ user=postgres application_name=follower'});
    $follower->query('postgres', 'SELECT pg_reload_conf()');
    ok((wait_until { $follower->query('tenant', q{SELECT count(*) FROM products WHERE name = 'behind it'}) } 30), 'it follows the new primary');
    $_->query('postgres', 'CHECKPOINT') for $standby, $follower;
    ok((wait_until { is_read($other) } 30), 'once it has a restart point there it is used') or diag slurp_log($other);
};

done_testing;
