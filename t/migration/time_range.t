# SPDX-License-Identifier: Apache-2.0
#
# Times outside of the years 0 to 9999 in databases that were there before: a migration is refused ahead of any change, an
# upgrade goes through, says which rows there are, and lets no new ones in.

use strict;
use warnings;

use TenantTest::Cluster;
use Test::More;

my $pg = TenantTest::Cluster->new;

subtest 'a live database' => sub {
    $pg->create_database('live')->query('live', q{
        CREATE TABLE calls (id serial PRIMARY KEY, sid varchar(34) UNIQUE, tenant_id int NOT NULL, from_number varchar(20),
          to_number varchar(20), status varchar(20), created_at timestamptz);
        CREATE TABLE users (id text PRIMARY KEY, email text, created_at timestamptz, updated_at timestamp);
        INSERT INTO calls (sid, tenant_id, created_at) VALUES ('CA1', 1, '4000-01-01 BC'), ('CA2', 1, '0001-01-01 00:00:00Z BC'),
          ('CA3', 1, '12026-05-05'), ('CA4', 1, '9999-12-31 23:59:59.999999Z'), ('CA5', 1, NULL);
        INSERT INTO users VALUES ('u1', 'a@x', '10000-01-01Z', NULL), ('u2', 'b@x', NULL, '4000-01-01 BC'), ('u3', 'c@x', now(), now())});
    my ($status, $output) = $pg->bootstrap('live')->sqitch('deploy', 'live', '--set', 'legacy_timezone=UTC');
    isnt $status, 0, 'is refused';
    is_deeply [sort $output =~ /(\w+ \w+: \w+) is outside of the years 0 to 9999/g],
        ['calls 1: created_at', 'calls 3: created_at', 'users u1: created_at', 'users u2: updated_at'], '... and the rows are named';
};

subtest 'an upgrade' => sub {
    $pg->create_database('former')->bootstrap('former')->deploy('former', '--to', 'idempotency_keys');
    $pg->query('former', q{INSERT INTO tenants (name, status, api_key_hash) VALUES ('a', 'active', 'h');
        INSERT INTO calls (sid, tenant_id, created_at) VALUES ('CA1', 1, now()), ('CA2', 1, '12026-05-05'), ('CA3', 1, '4000-01-01 BC')});
    my ($status, $output) = $pg->sqitch('deploy', 'former', '--verify');
    is $status, 0, 'goes through' or diag $output;
    like $output, qr/WARNING:\s+calls_created_at_range_check is not validated: rows of calls \(the first ten: 2, 3\) have a time outside/,
        '... and names the rows';
    is $pg->query('former', 'SELECT conname FROM pg_constraint WHERE NOT convalidated'), 'calls_created_at_range_check',
        'the other tables have been checked';
    like +($pg->try_query('former', q{INSERT INTO calls (sid, tenant_id, created_at) VALUES ('CA4', 1, '12026-05-05')}))[1],
        qr/violates check constraint "calls_created_at_range_check"/, 'no more such rows come';
    $pg->query('former', q{UPDATE calls SET created_at = 'epoch' WHERE id > 1;
                           ALTER TABLE calls VALIDATE CONSTRAINT calls_created_at_range_check});
    $pg->revert('former', '--to', 'idempotency_keys');
    is $pg->query('former', q{SELECT count(*) FROM pg_constraint WHERE conname ~ '_range_check'}), 0, 'revert takes the constraints away';
    like $pg->query('former', q{SELECT prosrc FROM pg_proc WHERE proname = 'tenant_table_secure'}), qr/CHECK \(isfinite\(created_at\)\)/,
        '... and gives later tables the former one';
    $pg->deploy('former');
};

done_testing;
