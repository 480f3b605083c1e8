# SPDX-License-Identifier: Apache-2.0
#
# sql/ on databases that were there before it: what is refused, what a live application notices (nothing), and that
# revert gives back what was there.
use strict;
use warnings;

use TenantTest::Cluster;
use TenantTest::Writer;
use Test::More;
use Time::HiRes qw(sleep time);

my $ROWS    = $ENV{MIGRATION_ROWS} || 1_000_000;
my $LONGEST = 1.0;                                 # seconds that a statement of a live application may take

my $pg = TenantTest::Cluster->new(settings => {
    autovacuum_naptime => '1s',                    # an autovacuum in the way of each lock, as in real life
    max_wal_size       => '4GB',
    shared_buffers     => '512MB',
});
$pg->query('postgres', 'CREATE ROLE shop LOGIN');

# A database that the role shop owns, with the tables of a script.
sub database {
    my ($name, $sql) = @_;
    $pg->query('postgres', "CREATE DATABASE $name OWNER shop");
    $pg->query($name, $sql, 'shop') if $sql;
    return $pg->bootstrap($name);
}

sub schema {
    my $name = shift;
    my ($status, $dump) = $pg->dump($name, '--schema-only', '--exclude-schema=sqitch');
    die $dump if $status;
    $dump =~ s/^\\(?:un)?restrict .*\n//gm;           # a random token of each dump
    return $dump;
}

sub schema_is {
    my ($name, $wanted, $says) = @_;
    my $dump = schema($name);
    return if ok $dump eq $wanted, $says;
    my (%had, %has);
    $had{$_}++ for split /\n/, $wanted;
    $has{$_}++ for split /\n/, $dump;
    diag map {"- $_\n"} grep { !$has{$_} } sort keys %had;
    diag map {"+ $_\n"} grep { !$had{$_} } sort keys %has;
    return;
}

# One line for each table of a list: its number of rows and a checksum of the given columns.
sub rows {
    my ($name, @tables) = @_;
    return join "\n", map {
        my ($table, $columns, $where) = @{$_};
        "$table " . $pg->query($name, "SELECT count(*), sum(hashtextextended((SELECT r FROM (SELECT $columns) r)::text, 0)::numeric)"
            . " FROM $table" . ($where ? " WHERE $where" : ''));
    } @tables;
}

subtest 'an empty database' => sub {
    database('empty');
    my $before = schema('empty');
    $pg->deploy('empty');
    my $deployed = schema('empty');
    like +($pg->sqitch('deploy', 'empty'))[1], qr/Nothing to deploy/, 'a second deploy has nothing to do';
    $pg->bootstrap('empty');
    schema_is 'empty', $deployed, 'nor does a second bootstrap change anything';
    is +($pg->sqitch('verify', 'empty'))[0], 0, 'every change verifies in the end';
    $pg->revert('empty');
    schema_is 'empty', $before, 'revert leaves nothing behind';
    $pg->deploy('empty');
    schema_is 'empty', $deployed, 'it deploys again to the same';
    $pg->query('empty', q{INSERT INTO tenants (name, status, api_key_hash) VALUES ('a', 'active', 'h');
                          INSERT INTO calls (tenant_id, sid, from_number) VALUES (1, 'CA1', repeat('1', 21))});
    my ($status, $output) = $pg->sqitch('revert', 'empty', '-y');
    isnt $status, 0, 'revert refuses while rows would lose data';
    like $output, qr/cannot revert number_width: rows of calls would lose data.*: 1$/ms, 'and names them';
    is $pg->query('empty', 'SELECT length(from_number) FROM calls'), 21, 'which are still there';
    is $pg->query('empty', q{SELECT has_table_privilege('tenant_api', 'calls', 'SELECT')}), 'f',
        'the module has lost its access by then';
    $pg->query('empty', 'UPDATE calls SET from_number = NULL');
    ($status, $output) = $pg->sqitch('revert', 'empty', '-y');
    like $output, qr/cannot revert calls: rows of calls would lose data.*: 1$/ms, 'a table with rows is not dropped';
};

subtest 'what is refused' => sub {
    my $tenants = 'CREATE TABLE tenants (id int PRIMARY KEY, name text, status text);';
    my $users   = 'CREATE TABLE users (id text PRIMARY KEY, email text, password_hash text, created_at timestamptz);';
    my @cases = (
        ['rows that break a rule', "$tenants $users
            CREATE TABLE products (id serial PRIMARY KEY, name varchar, description text);
            CREATE TABLE calls (id serial PRIMARY KEY, sid varchar(34) UNIQUE, tenant_id int NOT NULL, from_number varchar(20),
              to_number varchar(20), status varchar(20), created_at timestamptz);
            INSERT INTO tenants VALUES (0, 'a', 'active'), (1, repeat('n', 257), 'active'), (2, 'b', 'frozen'), (3, NULL, 'active');
            INSERT INTO users VALUES ('u1', 'A\@x'), ('u2', 'a\@X'), ('u3', NULL), ('u4', NULL), ('u5', repeat('e', 255));
            INSERT INTO users VALUES ('u6', 'f', NULL, 'infinity'), (repeat('i', 257), 'g', NULL, NULL);
            INSERT INTO products (name) VALUES ('fits'), (repeat('n', 257));
            INSERT INTO calls (sid, tenant_id, created_at) VALUES ('CA', 1, '-infinity')",
            qr/tenants\.id '0' is not an integer from 1 to 999999999/,
            qr/tenants 1: name has 257 characters, at most 256 fit/,
            qr/tenants 2: status 'frozen' is neither active nor inactive/,
            qr/tenants 3: name is null/,
            qr/users u1, u2 share the email 'a\@x'/,
            qr/users u5: email has 255 characters, at most 254 fit/,
            qr/users u6: created_at is infinite/,
            qr/users i{40}…: id has 257 characters/,
            qr/products 2: name has 257 characters/,
            qr/calls 1: created_at is infinite/],
        ['tenant ids that are no integers', q{CREATE TABLE tenants (id text PRIMARY KEY, name text, custom_domain text, api_key_hash text);
            INSERT INTO tenants VALUES ('1', 'a', 'a.example', 'h'), ('acme', 'b', 'A.example', 'h'), ('1000000000', 'c', NULL, 'i')},
            qr/tenants\.id 'acme' is not an integer from 1 to 999999999\ntenants\.id '1000000000' is not/,
            qr/tenants 1, acme share the custom_domain 'a\.example'/, qr/tenants acme: custom_domain 'A\.example' is not in lower/,
            qr/tenants 1, acme share one api_key_hash/],
        ['more than ten rows', "$users INSERT INTO users SELECT 'u' || i, repeat('e', 254) || i FROM generate_series(1, 12) i",
            qr/(?:users u\d+: email has 25\d characters.*?){10}… and others for the same reason/s],
        ['columns of another type, or none', q{CREATE TABLE tenants (id uuid PRIMARY KEY);
            CREATE TABLE calls (id serial PRIMARY KEY, caller text); CREATE TABLE users (id bytea PRIMARY KEY, created_at date)},
            qr/tenants\.id is of type uuid, not integer/, qr/calls\.from_number is missing\n/, qr/users\.id is of type bytea, not text/,
            qr/users\.created_at is of type date/],
        ['tables without their keys', q{CREATE TABLE products (id int, name varchar); CREATE TABLE tenants (id text PRIMARY KEY);
            CREATE TABLE orders (tenant text REFERENCES tenants)},
            qr/products\.id is not the primary key/, qr/products\.id has neither a default nor an identity/,
            qr/orders_tenant_fkey of orders refers to tenants\.id, which is not of type integer yet/],
        ['a view', 'CREATE VIEW users AS SELECT 1 AS id', qr/users is not an ordinary table/],
        ['several tenants and rows of nobody', "$tenants $users INSERT INTO tenants VALUES (3, 'a', 'active'), (7, 'b', 'inactive')",
            qr/could belong to any of the tenants 3, 7: say to which with --set legacy_id=ID/],
    );
    my $number = 0;
    for my $case (@cases) {
        my ($name, $sql, @reasons) = @{$case};
        my $db = 'refused' . ++$number;
        database($db, $sql);
        my $before = schema($db);
        my ($status, $output) = $pg->sqitch('deploy', $db);
        isnt $status, 0, $name;
        like $output, $_, "$name: says what is wrong" for @reasons;
        schema_is $db, $before, "$name: changed nothing";
    }

    # The same tables are fine once it is said whose they are.
    $pg->deploy("refused$number", '--set', 'legacy_id=7');
    $pg->query("refused$number", q{INSERT INTO users (id, tenant_id) VALUES ('u', 7)});
    pass 'with legacy_id it deploys';

    database('strangers', undef);
    $pg->query('strangers', 'CREATE ROLE other; CREATE TABLE users (id text PRIMARY KEY); ALTER TABLE users OWNER TO other');
    like +($pg->sqitch('deploy', 'strangers'))[1], qr/users belongs to other: run bootstrap\.sql again/, 'somebody else\'s table';
    $pg->bootstrap('strangers')->deploy('strangers');
    is $pg->query('strangers', q{SELECT relowner::regrole FROM pg_class WHERE oid = 'users'::regclass}), 'other',
        'after another bootstrap it deploys, and the table keeps its owner';
};

subtest 'an index that could not be built' => sub {
    database('broken', q{CREATE TABLE users (id text PRIMARY KEY, email text, password_hash text, created_at timestamptz,
        updated_at timestamptz); INSERT INTO users (id, email) VALUES ('u1', 'a@x')});
    my $schema = schema('broken');
    $pg->deploy('broken', '--to', 'users_tenant_id');
    $pg->query('broken', q{INSERT INTO users (id, email) VALUES ('u2', 'A@x')}, 'shop');
    my ($status, $output) = $pg->sqitch('deploy', 'broken');
    like $output, qr/users_indexes .*could not create unique index "users_tenant_email_key"/, 'two users took one e-mail meanwhile';
    is $pg->query('broken', 'SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid'), 'users_tenant_email_key',
        'what is left of the index serves nobody';
    is $pg->query('broken', q{SELECT to_regclass('calls_tenant_id_key')}), 'calls_tenant_id_key', 'the changes ahead of it stay';
    $pg->query('broken', q{DELETE FROM users WHERE id = 'u2'});
    $pg->deploy('broken');
    is $pg->query('broken', 'SELECT count(*) FROM pg_index WHERE NOT indisvalid'), 0, 'a second deploy builds it anew';
    $pg->revert('broken');
    schema_is 'broken', $schema, 'and revert removes it';
};

# Tables that differ from ours in every way that is allowed. Each is [name, script, columns to compare].
my @SHAPES = (
    ['tenants with extra columns and no key', q{
        CREATE TABLE tenants (id serial PRIMARY KEY, name varchar(256) NOT NULL, plan text DEFAULT 'free',
          status varchar(50) NOT NULL DEFAULT 'active', seats int CHECK (seats > 0));
        CREATE INDEX ON tenants (plan);
        INSERT INTO tenants (name, seats) VALUES ('Acme', 5), ('Globex', 6);
        SELECT setval('tenants_id_seq', 40)},
        ['tenants', 'id, name, plan, status, seats']],
    ['tenants of other types and without any constraint', q{
        CREATE TABLE tenants (id text, name text, status text DEFAULT 'active', api_key_hash varchar(100), custom_domain varchar(255));
        INSERT INTO tenants VALUES ('7', 'Acme', 'active', NULL, 'acme.example'), ('12', 'Globex', 'inactive', 'h12', NULL)},
        ['tenants', 'id, name, status, api_key_hash, custom_domain']],
    ['tenants with another key and an identity, users with times without zone, products that lack a column', q{
        CREATE TABLE tenants (id bigint GENERATED ALWAYS AS IDENTITY, slug text PRIMARY KEY DEFAULT md5(random()::text), name text NOT NULL);
        INSERT INTO tenants (slug, name) VALUES ('acme', 'Acme');
        CREATE TABLE products (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text);
        INSERT INTO products (name) SELECT 'p' || i FROM generate_series(1, 50) i;
        CREATE TABLE users (id varchar(36) PRIMARY KEY, email varchar(255), password_hash text,
          created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT CURRENT_TIMESTAMP);
        CREATE UNIQUE INDEX users_email ON users (email);
        INSERT INTO users (id, email) SELECT 'u' || i, 'u' || i || '@x' FROM generate_series(1, 50) i},
        ['tenants', 'id, slug, name'], ['products', 'id, name'], ['users', 'id, email, password_hash, created_at, updated_at']],
    ['no tenants at all', q{
        CREATE TABLE users (id text PRIMARY KEY, email text, password_hash text, created_at timestamptz, updated_at timestamptz);
        INSERT INTO users (id, email) VALUES ('u1', 'u1@x')},
        ['users', 'id, email, password_hash, created_at, updated_at']],
    ['all seven tables as the first version made them', q{
        CREATE TABLE tenants (id serial PRIMARY KEY, name varchar(256) NOT NULL, status varchar(50) NOT NULL, api_key_hash text NOT NULL,
          custom_domain text UNIQUE, twilio_account_sid text, twilio_auth_token text, twilio_api_key_sid text,
          twilio_api_key_secret text, twilio_phone_number varchar(20));
        CREATE TABLE calls (id serial PRIMARY KEY, sid varchar(34) UNIQUE NOT NULL,
          tenant_id integer NOT NULL REFERENCES tenants ON DELETE CASCADE, from_number varchar(20), to_number varchar(20),
          status varchar(20), created_at timestamptz DEFAULT now());
        CREATE TABLE messages (id serial PRIMARY KEY, sid varchar(34) UNIQUE NOT NULL,
          tenant_id integer NOT NULL REFERENCES tenants ON DELETE CASCADE, from_number varchar(20), to_number varchar(20),
          status varchar(20), created_at timestamptz DEFAULT now(), body text);
        CREATE TABLE recordings (id serial PRIMARY KEY, sid varchar(34) UNIQUE NOT NULL,
          tenant_id integer NOT NULL REFERENCES tenants ON DELETE CASCADE, call_sid varchar(34), url text, duration integer,
          created_at timestamptz DEFAULT now());
        CREATE TABLE settings (id serial PRIMARY KEY, tenant_id integer UNIQUE NOT NULL REFERENCES tenants ON DELETE CASCADE,
          auto_record_calls boolean DEFAULT false);
        CREATE TABLE products (id serial PRIMARY KEY, name varchar, description text,
          tenant_id integer NOT NULL REFERENCES tenants ON DELETE CASCADE);
        CREATE TABLE users (id text PRIMARY KEY, email text, password_hash text, created_at timestamptz, updated_at timestamptz,
          tenant_id integer NOT NULL REFERENCES tenants ON DELETE CASCADE);
        INSERT INTO tenants (name, status, api_key_hash) VALUES ('Acme', 'active', 'h1'), ('Globex', 'inactive', 'h2');
        INSERT INTO calls (sid, tenant_id, created_at) SELECT 'CA' || i, 1 + i % 2, CASE WHEN i % 3 > 0 THEN now() END
          FROM generate_series(1, 6000) i;
        INSERT INTO users (id, email, tenant_id) VALUES ('u1', 'a@x', 1), ('u2', 'A@x', 2)},
        ['tenants', '*'], ['calls', 'id, sid, tenant_id, from_number, to_number, status, created_at'],
        ['users', 'id, email, password_hash, created_at, updated_at, tenant_id']],
);
my $shape = 0;
for my $case (@SHAPES) {
    my ($name, $sql, @tables) = @{$case};
    subtest $name => sub {
        my $db = 'shape' . ++$shape;
        database($db, $sql);
        my ($schema, $rows) = (schema($db), rows($db, map { [$_->[0], $_->[1] eq '*' ? 'tenants.*' : $_->[1]] } @tables));
        my ($status, $output) = $pg->sqitch('deploy', $db, '--set', 'legacy_timezone=UTC');
        is $status, 0, 'deploys' or diag $output;
        is $pg->query($db, q{SELECT count(*) FROM tenants WHERE api_key_hash = '!' || id}),
            $pg->query($db, q{SELECT count(*) FROM tenants WHERE api_key_hash LIKE '!%'}), 'no tenant without a key has one';
        $pg->query($db, q{
            INSERT INTO tenants (name, status, api_key_hash) VALUES ('Initech', 'active', 'h') RETURNING id \gset
            INSERT INTO products (name, tenant_id) VALUES ('p', :id);
            INSERT INTO users (id, email, tenant_id) VALUES ('new', 'U1@x', :id);
            INSERT INTO calls (sid, tenant_id, from_number) VALUES ('CAnew', :id, 'sip:' || repeat('x', 300));
            DELETE FROM tenants WHERE id = :id});
        is $pg->query($db, q{SELECT count(*) FROM users WHERE id = 'new'}), 0, 'a new tenant comes and goes with its rows';
        is $pg->query($db, q{SELECT count(*) FROM calls WHERE created_at IS NULL}), 0, 'every call has a time';
        ($status, $output) = $pg->sqitch('revert', $db, '-y');
        is $status, 0, 'reverts' or diag $output;
        schema_is $db, $schema, 'to the same schema';
        is rows($db, map { [$_->[0], $_->[1] eq '*' ? 'tenants.*' : $_->[1]] } @tables), $rows, 'and the same rows';
    };
}

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
    database('live', qq{
        CREATE TABLE tenants (id serial PRIMARY KEY, name text NOT NULL, status text NOT NULL DEFAULT 'active', visits int DEFAULT 0);
        INSERT INTO tenants (name) VALUES ('The Shop');
        CREATE TABLE products (id serial PRIMARY KEY, name varchar, description text);
        INSERT INTO products (name, description) SELECT 'product ' || i, md5(i::text) FROM generate_series(1, $ROWS) i;
        CREATE TABLE users (id text PRIMARY KEY, email text, password_hash text, created_at timestamptz, updated_at timestamptz);
        INSERT INTO users SELECT 'user' || i, 'user' || i || '\@example.org', md5(i::text), 'epoch'::timestamptz + i * interval '1 s'
          FROM generate_series(1, $ROWS) i;
        CREATE TABLE audit (id bigserial PRIMARY KEY, product int REFERENCES products, note text);
    });
    my $schema = schema('live');

    my $products = TenantTest::Writer->start($pg->conninfo('live', 'shop'), $pg->socket_dir . '/products', sub {
        my ($run, $n) = @_;
        my $id = $run->(sub { "products\t$_[0]\tnew $n" }, 'INSERT INTO products (name, description) VALUES (?, ?) RETURNING id',
            "live $n", "new $n");
        my $old = 1 + $n % 1000;
        $run->("products\t$old\tupdate $n", 'UPDATE products SET description = ? WHERE id = ? RETURNING id', "update $n", $old);
        $run->("none", 'SELECT name, description FROM products WHERE id = ?', $old) eq "product $old" or die "product $old is gone\n";
        $run->("none", 'INSERT INTO audit (product, note) VALUES (?, ?) RETURNING id', $id, 'sold') if $id;
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
