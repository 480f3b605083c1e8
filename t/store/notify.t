# SPDX-License-Identifier: Apache-2.0
#
# What the database tells the caches of the module.
use strict;
use warnings;

use DBI;
use TenantTest::Site;
use Test::More;

my $pg = TenantTest::Site->deployed_cluster('app');

(my $dsn = 'dbi:Pg:' . $pg->conninfo('app')) =~ s/ /;/g;
my $dbh = DBI->connect($dsn, '', '', { RaiseError => 1, PrintError => 0 });
$dbh->do('SET client_min_messages = warning');
$dbh->do("LISTEN $_") for qw(tenant_changed tenant_login_changed);

# Runs statements in one transaction; returns what was notified of, as "channel payload", sorted.
sub notified {
    my @statements = @_;
    $dbh->begin_work;
    $dbh->do($_) for @statements;
    $dbh->commit;
    my @heard;
    while (my $notify = $dbh->pg_notifies) {
        my ($channel, undef, $payload) = @{$notify};
        push @heard, "$channel $payload";
    }
    return [sort @heard];
}

# A statement that makes the tenants with these ids.
sub tenants {
    my ($from, $to) = @_;
    return "INSERT INTO tenants (id, name, status, api_key_hash) SELECT n, n, 'active', n FROM generate_series($from, $to) n";
}

my @cases = (
    # what,                             statements,                                             expected
    ['one new tenant',                  [tenants(1, 1)],                                        ['tenant_changed 1']],
    ['100 tenants, all named',          [tenants(2, 101)],                                      [qr/^tenant_changed (?:\d+,){99}\d+$/]],
    ['101 tenants, not named',          [tenants(102, 202)],                                    ['tenant_changed *']],
    ['a tenant that changes',           [q{UPDATE tenants SET status = 'inactive' WHERE id = 1}], ['tenant_changed 1']],
    ['one whose id changes',            ['UPDATE tenants SET id = 900 WHERE id = 202'],         [qr/^tenant_changed (?:202,900|900,202)$/]],
    ['none that changes',               ['UPDATE tenants SET status = status WHERE id = 999'],  []],
    ['one that goes',                   ['DELETE FROM tenants WHERE id = 900'],                 ['tenant_changed 900']],
    ['several statements',              ['UPDATE tenants SET name = name WHERE id = 1', 'DELETE FROM tenants WHERE id = 2'],
                                                                                                ['tenant_changed 1', 'tenant_changed 2']],
    ['a user with a password',          [q{INSERT INTO users (id, tenant_id, email, password_hash) VALUES ('u', 1, 'u@x', 'p')}],
                                                                                                ['tenant_login_changed 1']],
    ['a user without one',              [q{INSERT INTO users (id, tenant_id, email) VALUES ('v', 1, 'v@x')}], []],
    ['a new password',                  [q{UPDATE users SET password_hash = 'q' WHERE id = 'u'}], ['tenant_login_changed 1']],
    ['a new e-mail',                    [q{UPDATE users SET email = 'w@x' WHERE id = 'u'}],     ['tenant_login_changed 1']],
    ['nothing of a login',              [q{UPDATE users SET updated_at = now()}],               []],
    ['another tenant\'s from now on',   [q{UPDATE users SET tenant_id = 3 WHERE id = 'u'}],     [qr/^tenant_login_changed (?:1,3|3,1)$/]],
    ['logins of 101 tenants',           [q{INSERT INTO users (id, tenant_id, password_hash) SELECT n, n, 'p' FROM generate_series(3, 103) n}],
                                                                                                ['tenant_login_changed *']],
    ['two logins of one tenant',        [q{UPDATE users SET password_hash = NULL WHERE tenant_id = 3}], ['tenant_login_changed 3']],
    ['a login that goes',               [q{DELETE FROM users WHERE tenant_id = 4}],             ['tenant_login_changed 4']],
    ['a tenant that goes with its logins', ['DELETE FROM tenants WHERE id = 5'],                ['tenant_changed 5', 'tenant_login_changed 5']],
    ['all users that go',               ['TRUNCATE users'],                                     ['tenant_login_changed *']],
    ['everything that goes',            ['TRUNCATE tenants CASCADE'],                           ['tenant_changed *', 'tenant_login_changed *']],
    ['rows that are not cached',        [tenants(1, 1), q{INSERT INTO calls (sid, tenant_id) VALUES ('CA', 1)}], ['tenant_changed 1']],
);

for my $case (@cases) {
    my ($what, $statements, $expected) = @{$case};
    my $heard = notified(@{$statements});
    if (@{$expected} && ref $expected->[0]) {
        like join(' ', @{$heard}), $expected->[0], $what;
    } else {
        is_deeply $heard, $expected, $what;
    }
}

ok !eval { notified('DELETE FROM tenants', 'SELECT 1 / 0') }, 'a transaction fails';
$dbh->rollback;
is_deeply notified(), [], 'and tells nothing';

# The least of the roles sends them too.
$dbh->do('SET ROLE tenant_api');
is_deeply notified(q{SELECT set_config('mod_tenant.tenant_id', '1', true)}, q{UPDATE tenants SET name = 'renamed'},
    q{INSERT INTO users (id, tenant_id, password_hash) VALUES ('u', 1, 'p')}), ['tenant_changed 1', 'tenant_login_changed 1'],
    'tenant_api is heard';
$dbh->disconnect;

done_testing;
