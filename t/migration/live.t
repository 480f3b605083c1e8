# SPDX-License-Identifier: Apache-2.0
#
# sql/ on a database that a live application uses, which notices nothing; revert gives back what was there.
use strict;
use warnings;

use TenantTest::Migration;
use TenantTest::Writer;
use Test::More;
use Time::HiRes qw(sleep time);

my $ROWS    = $ENV{MIGRATION_ROWS} || 1_000_000;
my $LONGEST = 1.0;                                 # seconds that a statement of a live application may take

my $pg = cluster(
    autovacuum_naptime => '1s',                    # an autovacuum in the way of each lock, as in real life
    max_wal_size       => '4GB',
    shared_buffers     => '512MB',
);

# How an application of the old schema keeps working behind row level security: its role gets a fixed context and
# policies of its own, which its connections have after a restart, and then defaults. docs/migrate.md has the same statements.
my $GIVE_CONTEXT = q{
    ALTER ROLE shop IN DATABASE live SET mod_tenant.tenant_id = '1';
    CREATE POLICY legacy ON tenants TO shop USING (id = tenant_context()) WITH CHECK (id = tenant_context());
    CREATE POLICY legacy ON products TO shop USING (tenant_id = tenant_context()) WITH CHECK (tenant_id = tenant_context());
    CREATE POLICY legacy ON users TO shop USING (tenant_id = tenant_context()) WITH CHECK (tenant_id = tenant_context());
};
my $GIVE_DEFAULTS = q{
    ALTER TABLE products ALTER tenant_id SET DEFAULT tenant_context();
    ALTER TABLE users ALTER tenant_id SET DEFAULT tenant_context();
};
my $UNDO_THAT = q{
    ALTER TABLE products ALTER tenant_id SET DEFAULT 1;
    ALTER TABLE users ALTER tenant_id SET DEFAULT 1;
    DROP POLICY legacy ON tenants;
    DROP POLICY legacy ON products;
    DROP POLICY legacy ON users;
    ALTER ROLE shop IN DATABASE live RESET mod_tenant.tenant_id;
};

subtest "a live database with $ROWS rows in each table" => sub {
    shop_database('live', qq{
        CREATE TABLE tenants (id serial PRIMARY KEY, name text NOT NULL, status text NOT NULL DEFAULT 'active', visits int DEFAULT 0);
        INSERT INTO tenants (name) VALUES ('The Shop');
        CREATE TABLE products (id serial PRIMARY KEY, name varchar, description text);
        INSERT INTO products (name, description) SELECT 'product ' || i, md5(i::text) FROM generate_series(1, $ROWS) i;
        CREATE TABLE users (id text PRIMARY KEY, email text, password_hash text, created_at timestamptz, updated_at timestamptz);
        INSERT INTO users SELECT 'user' || i, 'user' || i || '\@example.org', md5(i::text), 'epoch'::timestamptz + i * interval '1 s'
          FROM generate_series(1, $ROWS) i;
        CREATE TABLE sales (id bigserial PRIMARY KEY, product int REFERENCES products, note text);
    });
    my $schema = schema('live');

    my $products = TenantTest::Writer->start($pg->conninfo('live', 'shop'), $pg->socket_dir . '/products', sub {
        my ($run, $n) = @_;
        my $id = $run->(sub { "products\t$_[0]\tnew $n" }, 'INSERT INTO products (name, description) VALUES (?, ?) RETURNING id',
            "live $n", "new $n");
        my $old = 1 + $n % 1000;
        $run->("products\t$old\tupdate $n", 'UPDATE products SET description = ? WHERE id = ? RETURNING id', "update $n", $old);
        $run->("none", 'SELECT name, description FROM products WHERE id = ?', $old) eq "product $old" or die "product $old is gone\n";
        $run->("none", 'INSERT INTO sales (product, note) VALUES (?, ?) RETURNING id', $id, 'sold') if $id;
    });
    my $users = TenantTest::Writer->start($pg->conninfo('live', 'shop'), $pg->socket_dir . '/users', sub {
        my ($run, $n) = @_;
        $run->("users\tlive$n\tnew $n", 'INSERT INTO users (id, email, password_hash) VALUES (?, ?, ?) RETURNING id', "live$n",
            "live$n\@example.org", "new $n");
        my $old = 'user' . (1 + $n % 1000);
        $run->("users\t$old\tupdate $n", 'UPDATE users SET password_hash = ?, updated_at = now() WHERE id = ? RETURNING id',
            "update $n", $old);
        $run->("none", 'UPDATE tenants SET visits = visits + 1 RETURNING id');
    });
    # A transaction that keeps its locks longer than the writers may have to wait, and seldom lets go.
    my $slow = TenantTest::Writer->start($pg->conninfo('live', 'shop'), $pg->socket_dir . '/slow', sub {
        my ($run, $n) = @_;
        $run->("products\t1\tslow $n", 'WITH u AS (UPDATE products SET description = ? WHERE id = 1001 RETURNING id)
            SELECT id, pg_sleep(1.8) FROM u', "slow $n");
        sleep 0.35;
    });
    sleep 2.2; # the long transaction has just begun its second round

    my $start = time;
    my ($status, $output) = $pg->sqitch('deploy', 'live', '--to', 'users_tenant_id');
    is $status, 0, 'deploys while the application writes, with a long transaction in the way' or diag $output;
    my $slowly = $slow->stop;
    is_deeply $slowly->{errors}, [], 'the long transaction succeeds every time';
    note sprintf 'to users_tenant_id: %.1f s', time - $start;
    ($status, $output) = $pg->sqitch('deploy', 'live', '--to', '@expanded');
    is $status, 0, 'deploys to @expanded while the application writes' or diag $output;
    note sprintf 'to @expanded: %.1f s', time - $start;
    $pg->query('live', $GIVE_CONTEXT);
    $_->reconnect for $products, $users;
    sleep 0.3;
    $pg->query('live', $GIVE_DEFAULTS);
    ($status, $output) = $pg->sqitch('deploy', 'live');
    is $status, 0, 'deploys the rest while the application writes' or diag $output;
    note sprintf 'deployed: %.1f s', time - $start;
    my $deployed = schema('live');
    like +($pg->sqitch('deploy', 'live'))[1], qr/Nothing to deploy/, 'a second deploy has nothing to do';
    schema_is 'live', $deployed, 'and changes nothing';
    is $pg->query('live', 'SELECT count(*) FROM (SELECT tenant_id FROM products UNION ALL SELECT tenant_id FROM users) r
        WHERE tenant_id <> 1'), 0, "every row is the one tenant's";

    $start = time;
    ($status, $output) = $pg->sqitch('revert', 'live', '-y', '--to', '@expanded');
    is $status, 0, 'reverts to @expanded while the application writes' or diag $output;
    $pg->query('live', $UNDO_THAT);
    $_->reconnect for $products, $users;
    sleep 0.3;
    ($status, $output) = $pg->sqitch('revert', 'live', '-y');
    is $status, 0, 'reverts the rest while the application writes' or diag $output;
    note sprintf 'reverted: %.1f s', time - $start;
    schema_is 'live', $schema, 'revert gives back the schema';

    my %last;
    for my $report ($products->stop, $users->stop) {
        is_deeply $report->{errors}, [], 'no statement of the application fails' or diag join "\n", grep {defined} @{ $report->{errors} }[0 .. 4];
        cmp_ok $report->{statements}, '>', 1000, "it ran $report->{statements}";
        cmp_ok $report->{slowest}, '<', $LONGEST, "none waits over $LONGEST s" or diag $report->{slowest_text};
        note sprintf 'the slowest took %.3f s', $report->{slowest};
        for my $line (grep { $_ ne 'none' } @{ $report->{acknowledged} }) {
            my ($table, $id, $value) = split /\t/, $line;
            $last{$table}{$id} = $value;
        }
    }
    my %column = (products => 'description', users => 'password_hash');
    for my $table (sort keys %last) {
        my %stored = map { split /\t/, $_, 2 } split /\n/,
            $pg->query('live', "SELECT id || E'\\t' || $column{$table} FROM $table WHERE $column{$table} ~ '^(new|update) '");
        my @lost = grep { !defined $stored{$_} || $stored{$_} ne $last{$table}{$_} } sort keys %{ $last{$table} };
        is_deeply \@lost, [], "$table: all " . keys(%{ $last{$table} }) . ' rows that it wrote are there as written';
    }
    is rows('live', ['products', 'id, name, description', "id BETWEEN 1002 AND $ROWS"]),
        'products ' . $pg->query('live', qq{SELECT count(*), sum(hashtextextended((SELECT r FROM
            (SELECT i AS id, 'product ' || i AS name, md5(i::text) AS description) r)::text, 0)::numeric)
            FROM generate_series(1002, $ROWS) i}), 'products: the rows that it did not touch are as they were';
    is rows('live', ['users', 'id, email, password_hash, created_at, updated_at', q{updated_at IS NULL AND id LIKE 'user%'}]),
        'users ' . $pg->query('live', qq{SELECT count(*), sum(hashtextextended((SELECT r FROM
            (SELECT 'user' || i AS id, 'user' || i || '\@example.org' AS email, md5(i::text) AS password_hash,
                    'epoch'::timestamptz + i * interval '1 s' AS created_at, NULL::timestamptz AS updated_at) r)::text, 0)::numeric)
            FROM generate_series(1, $ROWS) i WHERE 'user' || i NOT IN (SELECT id FROM users WHERE updated_at IS NOT NULL)}),
        'users: the rows that it did not touch are as they were';
};

done_testing;
