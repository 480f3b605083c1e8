# SPDX-License-Identifier: Apache-2.0
# PgBouncer is led to another server while the one of before lives on, and with it the connection that hears of changes: nothing
# is remembered then, for what changes at the new one is told there.
use strict;
use warnings;

use File::Temp ();
use Test::More;
use Time::HiRes qw(time);

use TenantTest;
use TenantTest::Fault;
use TenantTest::Pgbouncer;

my $site = TenantTest::Site->make;
my $copy = TenantTest::Site->make;    # of the same data, with the same identifier and timeline
my $folder = File::Temp::tempdir('pooler.XXXXXX', TMPDIR => 1, CLEANUP => 1);
my ($lost, $heard) = (qr/changes of tenants cannot be heard/, qr/changes of tenants are heard again/);
# Where the connection that listens goes; it stays where it is when this changes.
sub lead_listener {
    my ($to) = @_;
    unlink "$folder/listen";
    symlink $to->{host}, "$folder/listen" or die "$folder: $!";
}

lead_listener($site);
my $pooler = TenantTest::Pgbouncer->start(to => $site);
my $server = TenantTest::Server->start(site => $site, processes => 2, server => "TenantPool prepare=off\nTenantCache ttl=600s",
    database => $pooler->conninfo . qq{" listen="host=$folder/listen dbname=tenant user=tenant_api});
my $log = $server->error_log;

sub answer { return request(GET => '/v1/calls/1', as => 'acme', to => $server) }

sub set_status {
    my ($at, $status) = @_;
    $at->dbh->do('UPDATE tenants SET status = ? WHERE id = ?', undef, $status, $at->{tenants}{acme}{id});
}

sub warm { return map { answer()->status } 1 .. 40 }

is_deeply([grep { $_ != 200 } warm()], [], 'a tenant is served, and remembered');
is(scalar $log->matching($lost), 0, 'changes are heard');

subtest 'PgBouncer leads elsewhere' => sub {
    $pooler->lead_to($copy);
    set_status($copy, 'inactive');
    my $changed = time;
    ok((wait_until { answer()->status == 403 } 60), 'the tenant that is switched off there is refused');
    note sprintf 'after %.1f s', time - $changed;
    is_deeply([grep { $_ != 403 } warm()], [], 'by each child');
    ok($log->wait_for($lost), 'the log says that nothing is cached');
    like(($log->matching($lost))[0], qr/a notification from TenantDatabase does not arrive: .*another server/, 'and why');
    set_status($copy, 'active');
    is_deeply([grep { $_ != 200 } warm()], [], 'what changes there is in effect at once');
    is(scalar $log->matching($heard), 0, 'for as long as that is so');
};

subtest 'the listener follows' => sub {
    lead_listener($copy);
    ok($log->wait_for($heard, 60), 'changes are heard again');
    warm();
    set_status($copy, 'inactive');
    ok((wait_until { answer()->status == 403 } 60), 'they are in effect');
    set_status($copy, 'active');
    ok((wait_until { answer()->status == 200 } 60), 'each of them');
    is(scalar $log->matching($lost), 1, 'the log has said once that they were not');
};

subtest 'PgBouncer is away' => sub {
    $log->mark;
    $pooler->stop;
    ok($log->wait_for(qr/$lost.*TenantDatabase cannot be reached: it may lead to another server/, 60), 'who cannot tell does not trust');
    $pooler->boot;
    ok($log->wait_for($heard, 60), 'until it is back');
    ok((wait_until { answer()->status == 200 } 60), 'and serves');
};

done_testing;
