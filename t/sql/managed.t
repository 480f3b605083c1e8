# SPDX-License-Identifier: Apache-2.0
#
# Managed PostgreSQL: nobody is a superuser there. The owner of the database, with CREATEROLE, sets everything up; the walls
# between tenants are the same, later migrations reach all rows, and a backup can be made and restored.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Cluster;
use TenantTest::Fault qw(wait_until);

my $pg = TenantTest::Cluster->new;
my @file = ('--key-file', site->{key_file});
$pg->query('postgres', 'CREATE ROLE master LOGIN CREATEROLE CREATEDB');
$pg->query('postgres', 'CREATE ROLE shop LOGIN', 'master');

# Runs bootstrap.sql as the role that the provider gives; returns the exit status and what it says.
sub bootstrap { return $pg->psql($_[0], 'master', '-q', '-f', 'sql/bootstrap.sql') }

# A database with products of before, which belong to a role of the application.
sub live {
    my ($name) = @_;
    $pg->query('postgres', "CREATE DATABASE $name", 'master');
    $pg->query($name, 'GRANT CREATE ON SCHEMA public TO shop', 'master');
    $pg->query($name, q{CREATE TABLE products (id serial PRIMARY KEY, name varchar, description text);
        INSERT INTO products (name) SELECT 'p' || i FROM generate_series(1, 100) i}, 'shop');
    return;
}

# tenantctl's output on the database as a role; the command has to succeed.
sub tenantctl {
    my ($database, @arguments) = @_;
    open my $out, '-|', 'build/tenantctl', @arguments, '--database', $pg->conninfo($database, 'tenant_admin'), @file or die "tenantctl: $!";
    my $output = do { local $/; <$out> } // '';
    ok(close $out, "tenantctl @arguments[0 .. 1]") or diag $output;
    return $output;
}

# Every row of every table, as a superuser sees it, whom no policy binds.
sub rows {
    my ($database) = @_;
    return $pg->query($database, join '; ', map {"SELECT '$_', count(*), md5(string_agg(r::text, ',' ORDER BY r::text)) FROM $_ r"}
        qw(tenants calls messages recordings settings products users idempotency_keys sqitch.changes tenant_migration.step));
}

sub has_superuser_tables {
    return $pg->query($_[0], q{SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = relowner
        WHERE relnamespace = 'public'::regnamespace AND rolsuper});
}

live('app');
subtest 'set up by who is no superuser' => sub {
    my ($status, $output) = bootstrap('app');
    is($status, 0, 'the roles') or diag $output;
    like($output, qr/master is no superuser and cannot give tenant_owner BYPASSRLS/, 'which says what it could not do');
    like($output, qr/master may not set log_parameter_max_length: set it to 0 for the whole server/, 'and what else');
    ($status, $output) = bootstrap('app');
    is($status, 0, 'once more') or diag $output;
    is($pg->query('app', q{SELECT count(*) FROM pg_roles WHERE rolname LIKE 'tenant\_%' AND (rolbypassrls OR rolsuper OR rolcreaterole)}), 0,
        'no role has more than it needs');
    $pg->deploy('app');
    ($status, $output) = $pg->verify('app');
    is($status, 0, 'every change verifies') or diag $output;
    is(has_superuser_tables('app'), 0, 'nothing belongs to a superuser');
};

my $acme = (tenantctl('app', qw(tenant key 1)) =~ /\b(mt_\w+)/)[0];
my $globex = (tenantctl('app', qw(tenant add Globex)) =~ /\b(mt_\w+)/)[0];

subtest 'the walls stand' => sub {
    my $server = TenantTest::Server->start(database => $pg->conninfo('app', 'tenant_api'));
    my $ask = sub { my ($method, $path, @option) = @_; return request($method, "/v1$path", to => $server, @option) };
    is(scalar @{ $ask->(GET => '/products?limit=200', as => $acme)->json->{data} }, 100, 'a tenant has its rows');
    is_deeply($ask->(GET => '/products', as => $globex)->json->{data}, [], 'another one has none of them');
    is_problem($ask->(GET => '/products/1', as => $globex), 404, 'not-found', 'nor by its id');
    is_status($ask->(POST => '/products', as => $globex, json => { name => 'x' }), 201);
    is_status($ask->(POST => '/users', as => $acme, json => { email => 'a@example.com', password => 'a password' }), 201);
    my $rotated = $ask->(POST => '/tenant/key', as => $globex, json => {});
    is_status($rotated, 200, 'a key is replaced');
    is($pg->query('app', 'SELECT count(*) FROM products', 'tenant_api'), 0, 'without a tenant there is no row');
    is(($pg->try_query('app', 'SET row_security = off; SELECT FROM products', 'tenant_api'))[0] != 0, 1, 'nor another way to one');
    $server->stop;
};

subtest 'later migrations reach all rows' => sub {
    is($pg->query('app', q{UPDATE products SET description = 'new'; SELECT count(*) FROM products WHERE description = 'new'}, 'tenant_owner'), 101,
        'as the owner of the schema');
    $pg->query('app', q{CREATE TABLE widgets (id serial PRIMARY KEY, tenant_id integer NOT NULL, name text);
        CALL tenant_table_secure('widgets', filterable => '{name}'); CALL tenant_table_check('widgets');
        INSERT INTO widgets (tenant_id, name) VALUES (1, 'w')}, 'tenant_owner');
    is($pg->query('app', 'SELECT count(*) FROM widgets', 'tenant_owner'), 1, 'of later tables too');
    is($pg->query('app', 'SELECT count(*) FROM widgets', 'tenant_api'), 0, 'which have their walls');
    is(($pg->try_query('app', q{INSERT INTO widgets (tenant_id) VALUES (4711)}, 'tenant_owner'))[0] != 0, 1, 'and their foreign key');
    $pg->query('app', 'DROP TABLE widgets', 'tenant_owner');
};

subtest 'the doctor' => sub {
    open my $out, '-|', 'build/tenantctl', 'doctor', '--database', $pg->conninfo('app', 'tenant_admin'), @file or die "tenantctl: $!";
    my $output = do { local $/; <$out> };
    close $out;
    like($output, qr/tenant_api +lacks the setting log_parameter_max_length = 0/, 'says what nobody has set');
    unlike($output, qr/BYPASSRLS/, 'and does not ask for what nobody can give');
    $pg->query('postgres', 'ALTER SYSTEM SET log_parameter_max_length = 0');
    $pg->query('postgres', 'SELECT pg_reload_conf()');
    ok((wait_until { $pg->query('postgres', 'SHOW log_parameter_max_length') eq '0' } 30), 'set for the whole server');
    tenantctl('app', qw(doctor --json));
    unlike((bootstrap('app'))[1], qr/log_parameter/, 'bootstrap is content with it, too');
};

# docs/operate.md has the same steps.
sub restored_is_same {
    my ($from, $to, $by, @option) = @_;
    my $file = $pg->socket_dir . "/$from.dump";
    my ($status, $output) = $pg->run_as('tenant_owner', $from, 'pg_dump', '-Fc', @option, '-f', $file);
    is($status, 0, 'tenant_owner makes a backup') or diag $output;
    $pg->query('postgres', "CREATE DATABASE $to", $by);
    ($status, $output) = $pg->psql($to, $by, '-q', '-f', 'sql/bootstrap.sql');
    is($status, 0, 'the roles of the new database') or diag $output;
    my $owners = 'tenant_lookup, shop';
    $pg->query($to, "GRANT CREATE ON SCHEMA public TO $owners", $by);
    my $list = "$file.list";
    ($status, $output) = $pg->run_as('tenant_owner', $to, 'pg_restore', '-l', '-f', $list, $file);
    is(system("sed -i '/ACL - SCHEMA public/d' $list"), 0, 'whose list is cut');
    ($status, $output) = $pg->run_as('tenant_owner', $to, 'pg_restore', '--exit-on-error', '-L', $list, '-d', $to, $file);
    is($status, 0, 'and restores it') or diag $output;
    $pg->query($to, "REVOKE CREATE ON SCHEMA public FROM $owners; ANALYZE", $by);
    is(rows($to), rows($from), 'the same rows');
    is(($pg->verify($to))[0], 0, 'every change verifies');
    tenantctl($to, qw(doctor --json));
    return;
}

subtest 'a backup without a superuser' => sub {
    my ($status, $output) = $pg->run_as('tenant_owner', 'app', 'pg_dump', '-Fc', '-f', '/dev/null');
    isnt($status, 0, 'rows are not left out silently');
    like($output, qr/row-level security/, 'but said to be missing');
    isnt(($pg->run_as('tenant_admin', 'app', 'pg_dump', '-f', '/dev/null'))[0], 0, 'tenant_admin makes none');
    restored_is_same('app', 'again', 'master', '--enable-row-security');
};

subtest 'a backup where there is a superuser' => sub {
    $pg->bootstrap('again');
    is($pg->query('app', q{SELECT rolbypassrls FROM pg_roles WHERE rolname = 'tenant_owner'}), 't', 'who gives tenant_owner BYPASSRLS');
    restored_is_same('again', 'third', 'postgres');
};

subtest 'revert' => sub {
    $pg->query('app', 'TRUNCATE usage');    # which has been seeded; nobody loses a bill unasked
    $pg->revert('app', '--to', '@expanded');
    is($pg->query('app', 'SELECT count(*) FROM products', 'shop'), 101, 'the application sees its rows again');
};

done_testing;
