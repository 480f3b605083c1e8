# SPDX-License-Identifier: Apache-2.0
#
# tenantctl in the audit: it names itself, and takes out what is old, which leaves a line.

use strict;
use warnings;

use JSON::PP ();
use Test::More;

use TenantTest;
use TenantTest::Command;

my $database = 'audit_purge';
database($database);
my $acme = tenant('acme')->{id};
my @owner = ('--database', site->conninfo($database, 'tenant_owner'));
my @admin = ('--database', site->conninfo($database, 'tenant_admin'));

sub lines { return @{ site->dbh($database)->selectall_arrayref('SELECT * FROM audit ORDER BY id', { Slice => {} }) } }
sub purge { return tenantctl(ref $_[0] ? shift : {}, 'audit', 'purge', @_) }

# Lines of a time, as if they had been written then.
sub add {
    my ($at, $action, $kind) = @_;
    sql({ database => $database }, q{INSERT INTO audit (tenant_id, created_at, action, kind, changes, actor_type, actor, role)
        VALUES (?, ?, ?, ?, '{}', 'key', '1:00000000', 'tenant_api')}, $acme, $at, $action, $kind);
    return;
}

subtest 'tenantctl names itself' => sub {
    is_done(tenantctl('tenant', 'suspend', $acme, @admin), 'suspended');
    my ($line) = reverse lines();
    my $user = getpwuid $<;
    is_deeply([@$line{qw(tenant_id action kind actor_type actor role)}], [$acme, 'update', 'tenants', 'tenantctl', $user, 'tenant_admin'], 'by the name of who runs it');
    is_done(tenantctl('tenant', 'suspend', $acme, @admin), 'once more');
    is((reverse lines())[0]{id}, $line->{id}, 'is no change');
    is_done(tenantctl('tenant', 'resume', $acme, @owner), 'resumed');
    is((reverse lines())[0]{role}, 'tenant_owner', 'by another role');
};

subtest 'purge' => sub {
    my $before = () = lines();
    add('2020-01-01Z', 'delete', 'calls') for 1 .. 5;
    add('2020-01-01Z', $_, 'tenants') for qw(begin_erase erase);
    add('2020-01-01Z', 'purge', 'audit');
    add('2026-11-01Z', 'delete', 'calls');
    my $all = () = lines();
    is_refused(purge(@owner), 2, qr/say --before TIME\n\z/, 'without a time');
    is_refused(purge('--before', $_, '--yes', @owner), 2, qr/--before must be 2026-11-20, /, "a time that is none: '$_'")
        for '', 'yesterday', '2026-02-30', '7', '7y', '-1d', "2026-01-01'; --";
    is_refused(purge('--before', '2999-01-01', '--yes', @owner), 2, qr/--before lies ahead/, 'one that lies ahead');
    is_refused(purge('--before', '2021-01-01', @owner), 2, qr/there is nobody to ask: say --yes/, 'without a terminal and --yes');
    is_refused(purge('--before', '2021-01-01', '--yes', @admin), 1, qr/connect as tenant_owner/, 'the administrators\' role');
    my $run = purge({ asked => qr/\[y\/N\]/, input => "n\n" }, '--before', '2021-01-01', @owner);
    like($run->{output}, qr/Take 5 lines from before 2021-01-01T00:00:00Z out of the audit\?.*the audit stays as it is/s, 'it asks');
    is($run->{status}, 1, 'no is no');
    is(scalar(() = lines()), $all, 'nothing has changed');
    $run = purge('--before', '2021-01-01', '--yes', '--json', @owner);
    is_done($run, 'purged');
    is_deeply($run->json, { before => '2021-01-01T00:00:00Z', purged => 5 }, 'it says how many');
    my @left = lines();
    is(scalar @left, $before + 3 + 1 + 1, 'proofs, what is younger, and a new line are left');
    my $line = $left[-1];
    is_deeply([@$line{qw(tenant_id action kind actor_type role)}], [undef, 'purge', 'audit', 'tenantctl', 'tenant_owner'], 'which says who');
    is_deeply(JSON::PP::decode_json($line->{changes}), { rows => 5, latest => '2020-01-01T00:00:00+00:00' }, 'and what');
    is_deeply(purge('--before', '2021-01-01', '--yes', '--json', @owner)->json->{purged}, 0, 'a second time there is nothing');
    is(scalar(() = lines()), scalar @left, 'which leaves no line');
    is(purge({ asked => qr/\[y\/N\]/, input => "y\n" }, '--before', '1d', @owner)->{status}, 0, 'yes is yes');
    is_deeply([map { $_->{action} } grep { $_->{created_at} lt '2026-11-02' } lines()], [qw(begin_erase erase purge)], 'and how long ago is a time');
};

done_testing;
