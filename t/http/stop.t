# SPDX-License-Identifier: Apache-2.0
#
# Children that end while requests are under way in each of their threads: stops, restarts and graceful ones, by MPM.
# The clients keep their connections open, for what httpd itself makes of closed ones see TenantTest::Server's stop().

use strict;
use warnings;

use Fcntl qw(:flock);
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Fault;
use TenantTest::Stream;

my $site = TenantTest::Site->make;
role_setting($site, $_ => '120s') for qw(lock_timeout statement_timeout);    # a busy machine takes its time to occupy a server
my $brake = brake($site);

# A password to hash for half a second of a processor, and streams that wait for their clients.
my $slow = '$argon2id$v=19$m=65536,t=10,p=1$c29tZXNhbHQxMjM0NTY3OA$bm8gcGFzc3dvcmQgaXMgaGFzaGVkIHRvIHRoaXMgdGV4dCE';
for my $name (qw(acme globex)) {
    my $id = tenant($name)->{id};
    $site->dbh->do('INSERT INTO users (id, email, password_hash, tenant_id) VALUES (?, ?, ?, ?)', undef,
        "slow of $name", 'slow@example.com', $slow, $id);
    $site->dbh->do(<<'SQL', undef, $id, $id);
INSERT INTO messages (sid, tenant_id, body, created_at)
SELECT format('SM9%s%s', ?::text, lpad(n::text, 30, '0')), ?, repeat('x', 1000), now() FROM generate_series(1, 10000) n
SQL
}

sub sessions {
    return @{ $site->dbh('postgres')->selectcol_arrayref(q{SELECT pid FROM pg_stat_activity WHERE usename = 'tenant_api'}) };
}

sub start {
    my ($mpm, $limits) = @_;
    my $sizes = $mpm eq 'prefork' ? { processes => 20, threads => 1 } : { processes => 1, threads => 20 };
    return TenantTest::Server->start(mpm => $mpm, %$sizes, site => $site, location => 'TenantUserAuthority read',
        server => "ServerLimit 40\nSendBufferSize 65536\nTenantPasswordSlots 2\nTenantLoginRate off\nTenantPool max=6 lists=1 $limits");
}

# How many passwords are being hashed.
sub hashes {
    my ($server) = @_;
    return scalar grep {
        open my $file, '+<', $_ or die "$_: $!";
        !flock $file, LOCK_EX | LOCK_NB;
    } glob $server->root . '/tenant-password.[0-9]*';
}

sub ask {
    my ($server, $method, $target, %option) = @_;
    return $server->client->send($method, $target, headers => [bearer('acme'), 'Content-Type' => 'application/json'], %option);
}

sub log_in {
    my ($server, $name) = @_;
    return $server->client->send(GET => '/v1/calls', host => tenant($name)->{host},
        headers => [Authorization => 'Basic ' . encode_base64('slow@example.com:some-password', '')]);
}

# Occupies a server: statements in PostgreSQL, a list that waits for its turn, passwords in a hash and in wait for one,
# requests in wait for a connection. What has been asked, by kind.
sub occupy {
    my ($server, $mpm) = @_;
    my %busy;

    $brake->hold;
    $busy{read} = [map { ask($server, GET => $_) } '/v1/calls', '/v1/calls', '/v1/calls/1'];
    $busy{write} = [ask($server, POST => '/v1/products', body => json({ name => "by $mpm" }))];
    wait_until { waiting_backends($site) >= ($mpm eq 'prefork' ? 4 : 3) };
    $busy{login} = [map { log_in($server, $_) } qw(acme acme globex globex)];
    ok(wait_until { hashes($server) }, 'passwords are hashed');
    my ($running, $most) = (scalar waiting_backends($site), $mpm eq 'prefork' ? 9 : 6);
    for (1 .. 5) {    # one behind the other, so that none shares a round trip
        push @{ $busy{read} }, ask($server, GET => '/v1/calls/1');
        $running++ if $running < $most;
        wait_until { waiting_backends($site) >= $running };    # a stream may have one too
    }
    cmp_ok(scalar waiting_backends($site), '>=', $most, 'statements run');
    return \%busy;
}

# Streams in the middle of a write, until their client reads on.
sub begin_streams {
    my ($server) = @_;
    return map { TenantTest::Stream->begin($server, '/v1/messages', as => 'globex') } 1 .. 2;
}

sub is_quiet {
    my ($log) = @_;
    is_deeply([$log->matching(qr/exit signal|SIGKILL/)], [], 'no child crashed or had to be killed');
}

for my $mpm (qw(event worker prefork)) {
    subtest "a stop, $mpm" => sub {
        my $server = start($mpm, 'statement=6s wait=3s');
        my $log = $server->error_log;
        my $busy = occupy($server, $mpm);
        my $began = time;
        $server->stop;
        cmp_ok(time - $began, '<', 9, 'it ends by itself');
        is_quiet($log);
        $brake->release;
        ok(wait_until { !sessions() }, 'none of its sessions stays');
    };

    subtest "a restart, $mpm" => sub {
        my $server = start($mpm, 'statement=6s wait=3s');
        my $log = $server->error_log;
        my $busy = occupy($server, $mpm);
        $server->abrupt_restart;
        is_quiet($log);
        $brake->release;
        ok(wait_until { request(GET => '/v1/calls/1', to => $server, as => 'acme')->status == 200 }, 'it serves');
    };

    subtest "a graceful restart, $mpm" => sub {
        my $server = start($mpm, 'statement=60s wait=60s');
        my $log = $server->error_log;
        my @streams = begin_streams($server);
        my $busy = occupy($server, $mpm);
        my @children = $server->children;
        $server->graceful;
        $brake->release;
        is_status($_->receive, 200, 'a read is answered') for @{ $busy->{read} };
        is_status($_->receive, 201, 'a write is answered') for @{ $busy->{write} };
        like($_->receive->status, qr/^(401|503)$/, 'a login is answered') for @{ $busy->{login} };
        is($_->end->error, undef, 'a stream ends in order') for @streams;
        undef $busy;
        @streams = ();    # who keeps a connection open would keep the child
        my %is_old = map { $_ => 1 } @children;
        ok(wait_until { !grep { $is_old{$_} } $server->children }, 'the old children have gone');
        is_quiet($log);
    };
}

# A thread that is blocked in a write does not notice that httpd has closed its socket: httpd kills the child.
subtest 'a stop in the middle of streams' => sub {
    my $server = start('event', '');
    my $log = $server->error_log;
    my @streams = begin_streams($server);
    $server->stop;
    is_deeply([$log->matching(qr/exit signal (?!Killed)/)], [], 'no child crashed');
    isnt($_->end->error, undef, 'the client sees that its stream broke') for @streams;
    ok(wait_until { !sessions() }, 'and none of the sessions stays');
};

done_testing;
