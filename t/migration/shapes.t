# SPDX-License-Identifier: Apache-2.0
#
# sql/ on databases that were there before it, in all their shapes: what is refused, and that revert gives back what was
# there.
use strict;
use warnings;

use TenantTest::Migration;
use Test::More;

my $pg = cluster(autovacuum_naptime => '1s');    # an autovacuum in the way of each lock, as in real life

subtest 'an empty database' => sub {
    shop_database('empty');
    my $before = schema('empty');
    is +($pg->sqitch('deploy', 'empty'))[0], 0, 'deploys';
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
    $pg->revert('empty', '--to', 'number_width');    # in one session, what is not refused
    my ($status, $output) = $pg->sqitch('revert', 'empty', '-y');
    isnt $status, 0, 'revert refuses while rows would lose data';
    like $output, qr/cannot revert number_width: rows of calls would lose data.*: 1$/ms, 'and names them';
    is $pg->query('empty', 'SELECT length(from_number) FROM calls'), 21, 'which are still there';
    is $pg->query('empty', q{SELECT has_table_privilege('tenant_api', 'calls', 'SELECT')}), 'f',
        'the module has lost its access by then';
    $pg->query('empty', 'UPDATE calls SET from_number = NULL');
    $pg->revert('empty', '--to', 'calls');
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
        ['tables whose names are ours', 'CREATE TABLE audit (id int); CREATE TABLE usage (id int)',
            (map { qr/$_ is there already, and mod_tenant makes a table of that name: rename it/ } qw(audit usage))],
        ['a view', 'CREATE VIEW users AS SELECT 1 AS id', qr/users is not an ordinary table/],
        ['several tenants and rows of nobody', "$tenants $users INSERT INTO tenants VALUES (3, 'a', 'active'), (7, 'b', 'inactive')",
            qr/could belong to any of the tenants 3, 7: say to which with --set legacy_id=ID/],
    );
    my $number = 0;
    for my $case (@cases) {
        my ($name, $sql, @reasons) = @{$case};
        my $db = 'refused' . ++$number;
        shop_database($db, $sql);
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

    shop_database('strangers', undef);
    $pg->query('strangers', 'CREATE ROLE other; CREATE TABLE users (id text PRIMARY KEY); ALTER TABLE users OWNER TO other');
    like +($pg->sqitch('deploy', 'strangers'))[1], qr/users belongs to other: run bootstrap\.sql again/, 'somebody else\'s table';
    $pg->bootstrap('strangers')->deploy('strangers');
    is $pg->query('strangers', q{SELECT relowner::regrole FROM pg_class WHERE oid = 'users'::regclass}), 'other',
        'after another bootstrap it deploys, and the table keeps its owner';
};

subtest 'an index that could not be built' => sub {
    shop_database('broken', q{CREATE TABLE users (id text PRIMARY KEY, email text, password_hash text, created_at timestamptz,
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
        shop_database($db, $sql);
        my ($schema, $rows) = (schema($db), rows($db, map { [$_->[0], $_->[1] eq '*' ? 'tenants.*' : $_->[1]] } @tables));
        $pg->deploy($db, '--log-only');    # the registry, which a change grants rights to
        my ($status, $output) = $pg->scripts($db, 'deploy', 'legacy_timezone=UTC');
        is $status, 0, 'deploys' or diag $output;
        ($status, $output) = $pg->verify($db);
        is $status, 0, 'verifies' or diag $output;
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
        ($status, $output) = $pg->scripts($db, 'revert');
        is $status, 0, 'reverts' or diag $output;
        schema_is $db, $schema, 'to the same schema';
        is rows($db, map { [$_->[0], $_->[1] eq '*' ? 'tenants.*' : $_->[1]] } @tables), $rows, 'and the same rows';
    };
}

done_testing;
