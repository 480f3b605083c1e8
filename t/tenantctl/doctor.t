# SPDX-License-Identifier: Apache-2.0
#
# tenantctl doctor: a database as sql/ leaves it is clean, and each thing that is broken in it is found.

use strict;
use warnings;

use File::Copy qw(copy);
use Test::More;

use TenantTest;
use TenantTest::Command;

my $site = TenantTest::Site->make;    # roles are broken here
my $keys = "$site->{scratch}/keys";
my @file = ('--key-file', $keys);
my ($acme, $globex, $closed) = map { tenant($_)->{id} } qw(acme globex closed);

copy($site->{key_file}, $keys) or die "$keys: $!";
chmod 0600, $keys;

sub doctor {
    my ($database, @options) = @_;
    return tenantctl('doctor', '--json', '--database', $site->conninfo($database, 'tenant_admin'), @file, @options);
}

# The findings as lines: check, object, what is wrong.
sub findings {
    my ($run) = @_;
    return map {"$_->{check} $_->{object} $_->{finding}"} @{ $run->json->{findings} };
}

# That the doctor finds each of these and nothing else: strings that a finding starts with.
sub is_found {
    my ($run, $wanted, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my @found = findings($run);
    my @missing = grep { my $start = $_; !grep { index($_, $start) == 0 } @found } @{$wanted};
    my @beyond = grep { my $line = $_; !grep { index($line, $_) == 0 } @{$wanted} } @found;
    ok(!@missing && !@beyond && $run->{status} == 1, $name)
        or diag join "\n", (map {"missing: $_"} @missing), (map {"beyond: $_"} @beyond), $run->{errors};
    return;
}

# A database with all of these statements done, and what the doctor should say of it.
sub is_broken {
    my ($name, @breaks) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $database = 'broken_' . $name =~ s/\W/_/gr;
    $site->make_database($database);
    $site->dbh($database)->do($_->[0]) for @breaks;
    is_found(doctor($database), [map { @{$_}[1 .. $#{$_}] } @breaks], $name);
    return;
}

$site->make_database('clean');

subtest 'who serves requests' => sub {
    my $me = getpwuid $<;
    my $check = sub {
        my ($conninfo, $more) = @_;
        my $server = TenantTest::Server->prepare(site => $site, config => join "\n", "User $me",
            qq{TenantDatabase "$conninfo" admin="} . $site->conninfo('clean', 'tenant_admin') . '"' . ($more // ''), qq{TenantKeyFile "$keys"}, '');
        return tenantctl('doctor', '--json', '--config', $server->root . '/httpd.conf');
    };
    is_done($check->($site->conninfo('clean')), 'is let in');
    is_found($check->($site->conninfo('clean', 'nobody_knows')),
        [qq{connection TenantDatabase does not let in the user $me, as httpd is: }], 'or is not, as nobody else would notice');
    is_done($check->($site->conninfo('clean'), ' lag=5s read="' . $site->conninfo('clean') . '"'), 'nor by what answers reads');
    is_found($check->($site->conninfo('clean'), ' read="' . $site->conninfo('clean', 'nobody_knows') . '" lag=5s'),
        [qq{connection TenantDatabase read= does not let in the user $me, as httpd is: }], 'where nobody would notice either');
};

subtest 'a clean database' => sub {
    my $run = doctor('clean');
    is_done($run, 'is found so');
    is_deeply($run->json, { clean => JSON::PP::true, findings => [] }, 'as JSON');
    is(tenantctl('doctor', '--database', $site->conninfo('clean', 'tenant_admin'), @file)->{output}, "clean: true\n", 'as text');
    is_done(tenantctl('doctor', '--database', $site->conninfo('clean', $_), @file), "to $_ too") for 'postgres', 'tenant_owner';
    is_refused(tenantctl('doctor', '--database', $site->conninfo('clean', 'tenant_api'), @file), 1, qr/does not see every tenant/,
        'not to a role that does not see everything');
};

is_broken('walls',
    ['ALTER TABLE calls DISABLE ROW LEVEL SECURITY',            'row-security calls row-level security is not enabled'],
    ['ALTER TABLE messages NO FORCE ROW LEVEL SECURITY',        'row-security messages row-level security is not forced'],
    ['DROP POLICY tenant ON recordings',                        'policies recordings the policies for tenant_api'],
    ['CREATE POLICY more ON products TO tenant_api USING (true)', 'policies products the policies for tenant_api'],
    ['CREATE POLICY more ON users USING (true)',                'policies users the policies for tenant_api'],
    ['DROP POLICY tenant_admin ON settings',                    'policies settings the policies for tenant_admin'],
    ['CREATE POLICY less ON calls AS RESTRICTIVE TO tenant_admin USING (false)', 'policies calls the policies for tenant_admin'],
    ['ALTER POLICY tenant ON messages WITH CHECK (true)',       'policies messages the policies for tenant_api'],
    ['DROP POLICY tenant_lookup ON tenants',                    'policies tenants no policy lets tenant_lookup read it'],
    ['DROP POLICY tenant_key_rotation ON tenants',              'policies tenants no policy lets tenant_lookup change'],
    ['CREATE VIEW loud AS TABLE calls; GRANT SELECT ON loud TO tenant_api', 'policies loud shows tenant_api rows'],
    ['CREATE VIEW quiet WITH (security_invoker) AS TABLE calls; GRANT SELECT ON quiet TO tenant_api'],
    ['CREATE POLICY old ON calls TO postgres USING (tenant_id = 1)'],
);

is_broken('a table without walls',
    ['CREATE TABLE widgets (id int, tenant_id int)', 'row-security widgets row-level security is not enabled',
        'row-security widgets row-level security is not forced', 'policies widgets the policies for tenant_api',
        'policies widgets the policies for tenant_admin', 'grants widgets tenant_api lacks SELECT',
        'grants widgets tenant_admin lacks SELECT', 'constraints widgets has no validated foreign key',
        'constraints widgets.tenant_id may be NULL', 'indexes widgets has no unique index', 'indexes widgets lacks n_distinct'],
    ['CREATE TABLE gizmos (tenant_id integer PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE); ALTER TABLE gizmos
        ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; GRANT SELECT ON gizmos TO tenant_api, tenant_admin;
        CREATE POLICY tenant ON gizmos TO tenant_api USING (tenant_id = tenant_context()) WITH CHECK (tenant_id = tenant_context());
        CREATE POLICY tenant_admin ON gizmos TO tenant_admin USING (true) WITH CHECK (true)'],
    [q{CREATE TABLE gadgets (id serial PRIMARY KEY, tenant_id integer NOT NULL); CALL tenant_table_secure('gadgets')}],
);

is_broken('the schema',
    ['GRANT CREATE ON SCHEMA public TO PUBLIC',     'schema public every role may make functions and operators in it'],
    ['GRANT CREATE ON SCHEMA public TO tenant_api', 'schema public tenant_api may make functions and operators in it'],
    ['GRANT CREATE ON SCHEMA public TO tenant_owner'],
);

is_broken('functions',
    ['ALTER FUNCTION tenant_by_host(text) SECURITY INVOKER',         'functions tenant_by_host(text) must be SECURITY DEFINER'],
    ['REVOKE EXECUTE ON FUNCTION tenant_by_host(text) FROM tenant_api', 'functions tenant_by_host(text) must be executable by tenant_api'],
    ['GRANT EXECUTE ON FUNCTION tenant_by_key(text[]) TO PUBLIC',    'functions tenant_by_key(text[]) must not be executable by everyone'],
    ['ALTER FUNCTION user_by_email(integer, text) RESET search_path', 'functions user_by_email(integer,text) must set search_path'],
    ['ALTER FUNCTION tenant_rotate_key(integer, text[], text, integer) OWNER TO postgres',
        'functions tenant_rotate_key(integer, text[], text, integer) must be owned by tenant_lookup'],
    [q{CREATE OR REPLACE FUNCTION tenant_context() RETURNS int LANGUAGE sql SECURITY DEFINER RETURN
        coalesce(nullif(current_setting('mod_tenant.tenant_id', true), '')::numeric % 1000000000, 7)::int},
        'functions tenant_context() must be STABLE', q{functions tenant_context() must be NULL where mod_tenant.tenant_id is '', not 7},
        'functions tenant_context() must be NULL', 'functions tenant_context() the database says: invalid input syntax'],
);

is_broken('sequences',
    [q{SELECT setval('calls_id_seq', 1, false)}, 'sequences calls_id_seq is behind: '],
    [q{ALTER TABLE messages ALTER id TYPE integer; SELECT setval('messages_id_seq', 1073741824)},
        'sequences messages_id_seq is past its half: 1073741824 of 2147483647 numbers are gone'],
    [q{SELECT setval('settings_id_seq', 1073741823)}],
    [q{ALTER SEQUENCE products_id_seq MAXVALUE 4000; SELECT setval('products_id_seq', 4000)},
        'sequences products_id_seq is past its half: 4000 of 4000 numbers are gone'],
    [q{SELECT setval('recordings_id_seq', 3000000000)}],
);

is_broken('moves',
    [q{INSERT INTO tenant_moves (tenant, id, side, state, answer) SELECT min(id), gen_random_uuid(), 'source', 'closed', 'moved' FROM tenants},
        'moves tenant 1 is closed here, and may not be served by its new cell'],
    [q{INSERT INTO tenant_moves (tenant, id, side, state) SELECT max(id), gen_random_uuid(), 'source', 'copying' FROM tenants}],
    [q{INSERT INTO tenant_moves (tenant, id, side, state, answer, started_at)
        SELECT id, gen_random_uuid(), 'target', 'copying', 'moving', now() - interval '25 hours' FROM tenants WHERE name = 'globex'},
        'moves tenant 2 has been on its way for more than a day'],
    ['ALTER SEQUENCE calls_id_seq INCREMENT BY 16', 'moves sequences grow by different numbers (1, 16)'],
    [q{CREATE SUBSCRIPTION tenant_move_9_0123abcd CONNECTION 'host=/nowhere' PUBLICATION tenant_move_9_0123abcd WITH (connect = false, slot_name = NONE)},
        'moves subscription tenant_move_9_0123abcd is of a move that has ended'],
);

is_broken('temporary tables',
    ['GRANT TEMPORARY ON DATABASE broken_temporary_tables TO PUBLIC',
        'temporary-tables tenant_api may make temporary tables', 'temporary-tables tenant_admin may make temporary tables'],
    [q{ALTER ROLE tenant_api IN DATABASE broken_temporary_tables SET default_transaction_isolation = 'serializable'},
        'role-settings tenant_api has the setting default_transaction_isolation=serializable in this database alone'],
);

is_broken('a function that is gone',
    ['DROP FUNCTION tenant_by_host(text)', 'functions tenant_by_host(text) does not exist'],
);

is_broken('triggers',
    ['ALTER TABLE tenants DISABLE TRIGGER tenant_changed_update',     'triggers tenants.tenant_changed_update '],
    ['DROP TRIGGER tenant_login_changed_truncate ON users',           'triggers users.tenant_login_changed_truncate '],
    ['ALTER TABLE users ENABLE REPLICA TRIGGER tenant_login_changed_insert', 'triggers users.tenant_login_changed_insert '],
    ['ALTER TABLE users ENABLE ALWAYS TRIGGER tenant_login_changed_delete'],
    ['ALTER TABLE tenants DISABLE TRIGGER tenant_changed_replicated', 'triggers tenants.tenant_changed_replicated '],
    ['DROP TRIGGER tenant_login_changed_replicated ON users',         'triggers users.tenant_login_changed_replicated '],
    ['ALTER TABLE tenants ENABLE TRIGGER tenant_changed_truncate',    'triggers tenants.tenant_changed_truncate '],
    ['ALTER TABLE calls DISABLE TRIGGER tenant_row_version',          'triggers calls.tenant_row_version '],
    ['ALTER TABLE tenants ENABLE ALWAYS TRIGGER tenant_row_version',  'triggers tenants.tenant_row_version '],
    ['ALTER TABLE products ALTER row_version SET DEFAULT 0',          'triggers products.row_version '],
);

is_broken('grants',
    ['GRANT SELECT ON tenants TO tenant_api', 'grants tenants.api_key_hash tenant_api must not have SELECT',
        'grants tenants.retiring_api_key_hash tenant_api must not have SELECT',
        'grants tenants.twilio_auth_token_previous tenant_api must not have SELECT'],
    ['GRANT UPDATE (status, api_key_hash) ON tenants TO tenant_api', 'grants tenants.status tenant_api must not have UPDATE',
        'grants tenants.api_key_hash tenant_api must not have UPDATE'],
    ['GRANT DELETE ON tenants TO tenant_api',            'grants tenants tenant_api must not have DELETE'],
    ['GRANT UPDATE (tenant_id) ON calls TO tenant_api',  'grants calls.tenant_id tenant_api must not have UPDATE'],
    ['GRANT UPDATE ON products TO tenant_api', 'grants products.id tenant_api must not have UPDATE',
        'grants products.tenant_id tenant_api must not have UPDATE', 'grants products.row_version tenant_api must not have UPDATE'],
    ['GRANT INSERT (row_version) ON calls TO tenant_api', 'grants calls.row_version tenant_api must not have INSERT'],
    ['GRANT TRUNCATE ON calls TO tenant_api',            'grants calls tenant_api must not have TRUNCATE'],
    ['GRANT SELECT (password_hash) ON users TO tenant_admin', 'grants users.password_hash tenant_admin must not have SELECT'],
    ['GRANT SELECT ON products TO PUBLIC',               'grants products everyone has SELECT'],
    ['GRANT SELECT (id) ON settings TO PUBLIC',          'grants settings everyone has SELECT'],
    ['REVOKE SELECT ON messages FROM tenant_api',        'grants messages tenant_api lacks SELECT'],
    ['REVOKE INSERT ON idempotency_keys FROM tenant_api', 'grants idempotency_keys tenant_api lacks INSERT'],
    ['REVOKE DELETE ON recordings FROM tenant_api',      'grants recordings tenant_api lacks DELETE'],
    ['REVOKE UPDATE (auto_record_calls) ON settings FROM tenant_api', 'grants settings tenant_api lacks UPDATE'],
    ['REVOKE INSERT ON tenants FROM tenant_admin',       'grants tenants tenant_admin lacks INSERT'],
    ['REVOKE UPDATE (status, call_sid, url, duration, channels, source) ON recordings FROM tenant_admin',
        'grants recordings tenant_admin lacks UPDATE'],
    ['REVOKE USAGE ON SEQUENCE calls_id_seq FROM tenant_api', 'grants calls_id_seq tenant_api lacks USAGE'],
    ['REVOKE USAGE ON SEQUENCE messages_id_seq FROM tenant_admin', 'grants messages_id_seq tenant_admin lacks USAGE'],
    ['REVOKE SELECT ON sqitch.changes FROM tenant_api',  'grants sqitch.changes tenant_api cannot read'],
);

is_broken('changes',
    [q{UPDATE sqitch.changes SET change = 'later' WHERE change = 'statistics'}, 'changes statistics is not deployed',
        'changes later is deployed, but unknown'],
    [q{DELETE FROM sqitch.changes WHERE change = 'legacy_defaults'}, 'changes legacy_defaults is not deployed'],
);

is_broken('a table that is gone', ['DROP TABLE recordings', 'tables recordings does not exist']);

subtest 'each index, constraint, policy and trigger' => sub {
    my $drop = sub {
        my ($database, $names, $statements) = @_;
        $site->make_database($database);
        my @names = @{ $site->dbh($database)->selectcol_arrayref($names) };
        my @statements = @{ $site->dbh($database)->selectcol_arrayref($statements) };
        cmp_ok(scalar @names, '>', 5, "there are some in $database");
        $site->dbh($database)->do($_) for @statements;
        my @found = findings(doctor($database));
        for my $name (@names) {
            ok(scalar(grep {/[ .]\Q$name\E /} @found), "$database: $name") or diag join "\n", @found;
        }
    };
    my $tables = q{(SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND relname NOT IN ('nodes', 'usage_flushes', 'usage_removed', 'usage_rounds', 'tenant_moves'))};    # no request reads them
    # The doctor knows what these have by name, and of later resources what it is for: a table, or a column of it.
    my $named = q{('tenants', 'calls', 'messages', 'recordings', 'settings', 'products', 'users', 'audit', 'usage', 'idempotency_keys')};
    $drop->('no_indexes',
        qq{SELECT CASE WHEN t.relname IN $named THEN c.relname WHEN indisunique THEN t.relname
                  ELSE t.relname || '.' || (SELECT attname FROM pg_attribute WHERE attrelid = indexrelid AND attnum = 2) END
             FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_class t ON t.oid = indrelid
            WHERE indrelid IN $tables AND NOT indisprimary},
        qq{SELECT coalesce('ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || conname, 'DROP INDEX ' || indexrelid::regclass)
             FROM pg_index i LEFT JOIN pg_constraint c ON conindid = indexrelid AND contype <> 'f'
            WHERE indrelid IN $tables AND NOT indisprimary});
    $drop->('no_checks',
        qq{SELECT CASE WHEN contype = 'f' THEN t.relname WHEN t.relname IN $named THEN conname
                  ELSE t.relname || '.' || (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]) END
             FROM pg_constraint JOIN pg_class t ON t.oid = conrelid
            WHERE conrelid IN $tables AND contype IN ('c', 'f')},
        qq{SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || conname FROM pg_constraint
            WHERE conrelid IN $tables AND contype IN ('c', 'f')});
    $drop->('no_policies',
        qq{SELECT polrelid::regclass::text FROM pg_policy WHERE polrelid IN $tables},
        qq{SELECT 'DROP POLICY ' || polname || ' ON ' || polrelid::regclass FROM pg_policy WHERE polrelid IN $tables});
    $drop->('no_triggers',
        qq{SELECT tgname FROM pg_trigger WHERE tgrelid IN $tables AND NOT tgisinternal},
        qq{SELECT 'DROP TRIGGER ' || tgname || ' ON ' || tgrelid::regclass FROM pg_trigger WHERE tgrelid IN $tables AND NOT tgisinternal});
    is_broken('constraints',
        ['ALTER TABLE products REPLICA IDENTITY DEFAULT; ALTER TABLE products ALTER tenant_id DROP NOT NULL', 'constraints products.tenant_id may be NULL'],
        ['ALTER TABLE recordings DROP CONSTRAINT recordings_tenant_id_fkey; ALTER TABLE recordings ADD CONSTRAINT recordings_tenant_id_fkey
            FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE NOT VALID', 'constraints recordings has no validated'],
        ['ALTER TABLE users DROP CONSTRAINT users_tenant_id_fkey; ALTER TABLE users ADD CONSTRAINT users_tenant_id_fkey
            FOREIGN KEY (tenant_id) REFERENCES tenants (id)', 'constraints users has no validated'],
        [q{UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'calls_tenant_status_idx'::regclass}, 'indexes calls_tenant_status_idx is not valid'],
        ['DROP INDEX users_tenant_email_key; CREATE INDEX users_tenant_email_key ON users (tenant_id, lower(email))',
            'indexes users_tenant_email_key is missing, or not unique'],
        ['ALTER TABLE users DISABLE TRIGGER audit_update', 'triggers users.audit_update is missing or disabled: the audit does not hear'],
        ['DROP TRIGGER audit_change ON calls', 'triggers calls.audit_change is missing or disabled'],
        ['ALTER TABLE audit DISABLE TRIGGER audit_refuse', 'triggers audit.audit_refuse is missing or disabled: lines of the audit can be changed'],
        ['GRANT UPDATE (actor) ON audit TO tenant_admin', 'grants audit tenant_admin must not have UPDATE on it'],
        ['GRANT DELETE ON audit TO tenant_api', 'grants audit tenant_api must not have DELETE on it'],
        ['DROP POLICY tenant_audit ON audit', 'policies audit no policy lets tenant_lookup add to it'],
        ['ALTER FUNCTION audit_change() SECURITY INVOKER', 'functions audit_change() must be SECURITY DEFINER'],
        ['ALTER TABLE calls ALTER tenant_id RESET (n_distinct)', 'indexes calls lacks n_distinct'],
        ['ALTER TABLE messages ALTER created_at DROP NOT NULL', 'constraints messages.created_at may be NULL'],
        [q{ALTER TABLE calls DROP CONSTRAINT calls_created_at_range_check; ALTER TABLE calls ADD CONSTRAINT
            calls_created_at_range_check CHECK (created_at < '10000-01-01') NOT VALID},
            'constraints calls.calls_created_at_range_check is missing or not validated'],
    );
};

subtest 'a database without the schema' => sub {
    my $run = doctor('postgres');
    is($run->{status}, 1, 'is no reason to stop');
    my @found = findings($run);
    for my $start ((map {"tables $_ does not exist"} tenant_tables()),
        'changes database the database says: relation "sqitch.changes"', 'functions tenant_context() does not exist',
        'tenants database the database says', 'secrets database the database says', 'keys database the database says') {
        ok(scalar(grep { index($_, $start) == 0 } @found), $start) or diag join "\n", @found;
    }
};

subtest 'roles' => sub {
    my $postgres = $site->dbh('clean');
    my @breaks = (
        ['ALTER ROLE tenant_api BYPASSRLS',           'ALTER ROLE tenant_api NOBYPASSRLS',        'roles tenant_api must not have BYPASSRLS'],
        ['ALTER ROLE tenant_owner NOBYPASSRLS; DROP POLICY tenant_owner ON calls',
            'ALTER ROLE tenant_owner BYPASSRLS; CREATE POLICY tenant_owner ON calls TO tenant_owner USING (true) WITH CHECK (true)',
            'roles tenant_owner must have BYPASSRLS'],
        ['ALTER ROLE tenant_lookup LOGIN',            'ALTER ROLE tenant_lookup NOLOGIN',         'roles tenant_lookup must not have LOGIN'],
        ['CREATE ROLE guest; GRANT guest TO tenant_api', 'REVOKE guest FROM tenant_api; DROP ROLE guest', 'roles tenant_api must not be a member of guest'],
        ['CREATE ROLE guest; GRANT tenant_lookup TO guest', 'DROP ROLE guest',                    'roles guest must not be a member of tenant_lookup'],
        ['REVOKE tenant_lookup FROM tenant_owner',    'GRANT tenant_lookup TO tenant_owner',      'roles tenant_owner must be a member'],
        ['CREATE TABLE own (id int); ALTER TABLE own OWNER TO tenant_api', 'DROP TABLE own',      'roles tenant_api must own nothing, but owns table own'],
        ['ALTER ROLE tenant_api RESET log_parameter_max_length', 'ALTER ROLE tenant_api SET log_parameter_max_length = 0',
            'role-settings tenant_api lacks the setting log_parameter_max_length = 0'],
        ['ALTER ROLE tenant_admin SET search_path = public', 'ALTER ROLE tenant_admin SET search_path = public, pg_temp',
            'role-settings tenant_admin lacks the setting search_path = public, pg_temp'],
        ['ALTER ROLE tenant_admin RESET statement_timeout', q{ALTER ROLE tenant_admin SET statement_timeout = '30s'},
            'role-settings tenant_admin lacks the setting statement_timeout:'],
    );
    for (@breaks) {
        $postgres->do($_->[0]);
        is_found(doctor('clean'), [$_->[2]], $_->[0]);
        $postgres->do($_->[1]);
    }
    is_done(doctor('clean'), 'all is mended');
};

subtest 'tenants, keys and secrets' => sub {
    my $database = 'secrets';
    $site->make_database($database);
    my $dbh = $site->dbh($database);
    my @both = ('--database', $site->conninfo($database, 'tenant_admin'), @file);
    is_done(tenantctl({ input => "token\nsecret\n" }, 'tenant', 'set', $_, '--twilio-auth-token', '--twilio-api-key-secret', @both), 'secrets')
        for $acme, $globex, $closed;
    is_done(doctor($database), 'sealed secrets are fine');
    my $read = sub { ($dbh->selectrow_array("SELECT $_[1] FROM tenants WHERE id = ?", undef, $_[0]))[0] };
    my %right = map { my $id = $_; ($id => [map { $read->($id, $_) } qw(twilio_auth_token twilio_api_key_secret)]) } $acme, $globex, $closed;
    my $store = sub {
        my ($id, $column, $value) = @_;
        $dbh->do("UPDATE tenants SET $column = ? WHERE id = ?", undef, $value, $id);
    };
    $store->($acme, 'twilio_auth_token', $right{$globex}[0]);
    $store->($acme, 'twilio_api_key_secret', $right{$acme}[0]);
    $store->($globex, 'twilio_auth_token', 'clear-canary');
    $store->($globex, 'twilio_api_key_secret', '');
    $store->($closed, 'twilio_auth_token', $right{$closed}[0] =~ s/1305\.1/1305.77/r);
    $store->($acme, 'api_key_hash', '!1');
    $store->($globex, 'api_key_hash', '55:' . 'a' x 64);
    $store->($globex, 'custom_domain', 'Globex.example.com');
    $store->($closed, 'custom_domain', 'closed.example.com:8080');
    my $run = doctor($database);
    is_found($run, [
        "tenants tenant $acme has no usable API key",
        "tenants tenant $globex has a custom domain that no Host equals",
        "tenants tenant $closed has a custom domain that no Host equals",
        'keys pepper 55 is missing from the key file; 1 values need it',
        'keys seal 77 is missing from the key file; 1 values need it',
        "secrets tenants.twilio_auth_token of tenant $acme cannot be opened",
        "secrets tenants.twilio_api_key_secret of tenant $acme cannot be opened",
        "secrets tenants.twilio_auth_token of tenant $globex is in clear: run tenantctl rewrap --plaintext",
        "secrets tenants.twilio_api_key_secret of tenant $globex is empty",
    ], 'each is found: copied from another tenant, from another column, in clear, empty, under a missing key');
    unlike($run->{output}, qr/canary/, 'and not shown');
    like(tenantctl('doctor', @both)->{output}, qr/\Aclean: false\nCHECK +OBJECT +FINDING\ntenants +tenant $acme +has no usable/, 'as a table');
};

subtest 'the key file' => sub {
    chmod 0640, $keys;
    is_found(doctor('clean'), ["key-file $keys key file $keys: must give no permission"], 'unsafe');
    chmod 0600, $keys;
    open my $file, '>', "$site->{scratch}/tenant-key-ids" or die $!;
    print $file "file $keys\nseal 1 primary\npepper 1 primary\n";
    close $file;
    my @loaded = ('--runtime-dir', $site->{scratch});
    is_done(doctor('clean', @loaded), 'httpd has loaded its primary keys');
    tenantctl('keyfile', 'promote', 'seal', tenantctl('keyfile', 'add', 'seal', '--json', @file)->json->{id}, '--force', @file);
    is_found(doctor('clean', @loaded), ['key-file seal 2 is primary, but httpd has not loaded it'], 'or not');
    unlink $keys;
    is_found(doctor('clean'), ["key-file $keys key file $keys: cannot be opened"], 'not there');
    copy($site->{key_file}, $keys) or die "$keys: $!";
    chmod 0600, $keys;
};

subtest 'secrets stay secret' => sub {
    my $database = 'canary';
    $site->make_database($database);
    my $dbh = $site->dbh($database);
    my $log = TenantTest::Log->new($site->cluster->log_file);
    $dbh->do($_) for q{ALTER SYSTEM SET log_statement = 'all'}, 'ALTER SYSTEM SET log_min_duration_statement = 0', 'SELECT pg_reload_conf()';
    $log->wait_for(qr/parameter "log_statement" changed/, 10) or fail('everything is logged');
    $dbh->do($_) for q{SET log_statement = 'none'}, 'SET log_min_duration_statement = -1';
    $dbh->do('UPDATE tenants SET twilio_auth_token = ? WHERE id = ?', undef, 'canary-clear', $closed);

    my (@runs, @secrets);
    my $run = sub { push @runs, tenantctl(@_); return $runs[-1] };
    for my $role ('tenant_admin', 'postgres') {
        my @both = ('--database', $site->conninfo($database, $role), @file);
        my $added = tenantctl({ input => "canary-token-$role\ncanary-secret-$role\n" }, 'tenant', 'add', $role, '--json', @both,
            '--twilio-auth-token', '--twilio-api-key-secret');
        is_done($added, "$role makes a tenant");
        my $rotated = tenantctl('tenant', 'key', $added->json->{id}, '--json', @both);
        push @secrets, map { $_->json->{api_key} } $added, $rotated;
        $run->({ input => "canary-other\n" }, 'tenant', 'set', $acme, '--twilio-auth-token', @both);
        $run->({ input => "canary with blanks\n" }, 'tenant', 'set', $acme, '--twilio-auth-token', @both);
        $run->('tenant', 'add', 'x', '--twilio-auth-token=canary-argument', @both);
        $run->('tenant', $_, $acme, @both[0, 1]) for qw(show suspend resume);
        $run->('tenant', 'list', '--json', @both[0, 1]);
        $run->('keyfile', 'list', @both);
        $run->('doctor', @both);
        $run->('keyfile', 'promote', 'seal', tenantctl('keyfile', 'add', 'seal', '--json', @file)->json->{id}, '--force', @file);
        $run->('rewrap', '--json', @both);
        is_done($run->('rewrap', '--plaintext', @both), "$role seals all of them");
        $dbh->do('UPDATE tenants SET twilio_auth_token = ? WHERE id = ?', undef, 'canary-clear', $closed);
    }
    open my $file, '<', $keys or die "$keys: $!";
    push @secrets, grep {defined} map { (split)[2] } grep {/^(?:seal|pepper)/} <$file>;
    cmp_ok(scalar @secrets, '>=', 8, 'there are secrets to look for');
    $dbh->do($_) for 'ALTER SYSTEM RESET log_statement', 'ALTER SYSTEM RESET log_min_duration_statement', 'SELECT pg_reload_conf()';
    my %places = ('what tenantctl prints' => join('', map {"$_->{output}$_->{errors}"} @runs), "PostgreSQL's log" => $log->text);
    like($places{"PostgreSQL's log"}, qr/UPDATE public\.tenants SET twilio_auth_token = \$3/, 'statements are logged');
    for my $place (sort keys %places) {
        unlike($places{$place}, qr/canary[- ](?:token|secret|clear|other|with|argument)/, "no token is in $place");
        is(scalar(grep { index($places{$place}, $_) >= 0 } @secrets), 0, "nor a key in $place");
    }
};

done_testing;
