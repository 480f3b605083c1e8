# SPDX-License-Identifier: Apache-2.0
# The module does not serve from a database that would not keep tenants apart, whatever statement is sent.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Fault;

my $site = TenantTest::Site->make;
my $server = TenantTest::Server->start(site => $site, processes => 1);
my $refused = qr/TenantDatabase is refused: (.*)/;

sub calls {
    return request(GET => '/v1/calls', as => 'acme', to => $_[0] // $server);
}

# Ends every connection, so that the next is attested; PostgreSQL tells the module's role of changed tables then.
sub reconnect {
    end_backends($site);
}

# What each case says: what is wrong, how it comes about, how it is mended, and how the log names it.
my @cases = (
    ['a superuser', 'ALTER ROLE tenant_api SUPERUSER', 'ALTER ROLE tenant_api NOSUPERUSER',
        qr/^the role tenant_api is a superuser$/],
    ['BYPASSRLS', 'ALTER ROLE tenant_api BYPASSRLS', 'ALTER ROLE tenant_api NOBYPASSRLS',
        qr/^the role tenant_api has BYPASSRLS$/],
    ['a member of another role', 'GRANT tenant_lookup TO tenant_api', 'REVOKE tenant_lookup FROM tenant_api',
        qr/^the role tenant_api is a member of tenant_lookup$/],
    ['the owner of a table', 'ALTER TABLE calls OWNER TO tenant_api',
        'ALTER TABLE calls OWNER TO tenant_owner; GRANT SELECT, INSERT, UPDATE, DELETE ON calls TO tenant_api',
        qr/^the role tenant_api owns calls$/],
    ['the owner of a sequence', 'CREATE SEQUENCE own; ALTER SEQUENCE own OWNER TO tenant_api', 'DROP SEQUENCE own',
        qr/^the role tenant_api owns own$/],
    ['RLS disabled', 'ALTER TABLE recordings DISABLE ROW LEVEL SECURITY', 'ALTER TABLE recordings ENABLE ROW LEVEL SECURITY',
        qr/^row-level security is not enabled and forced on recordings$/],
    ['RLS not forced', 'ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY', 'ALTER TABLE tenants FORCE ROW LEVEL SECURITY',
        qr/^row-level security is not enabled and forced on tenants$/],
    ['one more policy for the role', 'CREATE POLICY more ON messages TO tenant_api USING (true)',
        'DROP POLICY more ON messages', qr/^the policies of messages are not the ones/],
    ['one more policy for all', 'CREATE POLICY more ON users USING (true)', 'DROP POLICY more ON users',
        qr/^the policies of users are not the ones/],
    ['a policy that shows all', 'ALTER POLICY tenant ON calls USING (true)',
        'ALTER POLICY tenant ON calls USING (tenant_id = tenant_context())', qr/^the policies of calls are not the ones/],
    ['a policy that lets all be written', 'ALTER POLICY tenant ON products WITH CHECK (true)',
        'ALTER POLICY tenant ON products WITH CHECK (tenant_id = tenant_context())', qr/^the policies of products are not the ones/],
    ['a policy for another column', 'ALTER POLICY tenant ON calls USING (id = tenant_context())',
        'ALTER POLICY tenant ON calls USING (tenant_id = tenant_context())', qr/^the policies of calls are not the ones/],
    ['no policy', 'DROP POLICY tenant ON settings',
        'CREATE POLICY tenant ON settings TO tenant_api USING (tenant_id = tenant_context()) WITH CHECK (tenant_id = tenant_context())',
        qr/^the policies of settings are not the ones/],
    ['a policy for reads alone',
        'DROP POLICY tenant ON settings; CREATE POLICY tenant ON settings FOR SELECT TO tenant_api USING (tenant_id = tenant_context())',
        'DROP POLICY tenant ON settings; CREATE POLICY tenant ON settings TO tenant_api USING (tenant_id = tenant_context())'
            . ' WITH CHECK (tenant_id = tenant_context())',
        qr/^the policies of settings are not the ones/],
    ['a table of tenants without RLS',
        'CREATE TABLE faxes (id int, tenant_id int); INSERT INTO faxes VALUES (1, 1); GRANT SELECT ON faxes TO tenant_api',
        'DROP TABLE faxes', qr/^row-level security is not enabled and forced on faxes$/],
    ['a view that reads as its owner', 'CREATE VIEW all_calls AS SELECT * FROM calls; GRANT SELECT ON all_calls TO tenant_api',
        'DROP VIEW all_calls', qr/^the view all_calls shows rows of tenants without security_invoker$/],
    ['a context that is always set',
        'CREATE FUNCTION wrong_context() RETURNS int LANGUAGE sql STABLE RETURN 1;'
            . ' ALTER FUNCTION tenant_context() RENAME TO right_context; ALTER FUNCTION wrong_context() RENAME TO tenant_context;'
            . ' ALTER POLICY tenant ON calls USING (tenant_id = tenant_context())',
        'ALTER FUNCTION tenant_context() RENAME TO wrong_context; ALTER FUNCTION right_context() RENAME TO tenant_context;'
            . ' ALTER POLICY tenant ON calls USING (tenant_id = tenant_context()); DROP FUNCTION wrong_context()',
        qr/^the policies of .* are not the ones|^the table calls shows rows without a tenant$/],
    ['a context with a default', <<'SQL',
CREATE OR REPLACE FUNCTION tenant_context() RETURNS int LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('mod_tenant.tenant_id', true), ''), '1')::int $$
SQL
        <<'SQL', qr/^the table \S+ shows rows without a tenant$/],
CREATE OR REPLACE FUNCTION tenant_context() RETURNS int LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('mod_tenant.tenant_id', true), '')::int $$
SQL
    ['a missing Sqitch change', q{UPDATE sqitch.changes SET change = 'another' WHERE change = 'legacy_defaults'},
        q{UPDATE sqitch.changes SET change = 'legacy_defaults' WHERE change = 'another'},
        qr/^the Sqitch change legacy_defaults is not deployed$/],
    ['an unreadable registry', 'REVOKE SELECT ON sqitch.changes FROM tenant_api', 'GRANT SELECT ON sqitch.changes TO tenant_api',
        qr/^the catalog cannot be read \(is the schema deployed\?\): permission denied/],
);

for (@cases) {
    my ($what, $break, $mend, $named) = @$_;
    subtest $what => sub {
        is_status(calls(), 200, 'fine before');
        my $log = $server->error_log;
        $site->dbh->do($break);
        reconnect();
        for (1 .. 3) {
            my $response = calls();
            is_problem($response, 503, 'misconfigured');
            my $said = $response->body =~ s/"request_id":"[^"]*"//r;    # 24 letters and digits, which may say anything
            unlike($said, qr/tenant_|polic|sqitch|superuser/i, 'the client learns nothing of it');
        }
        is_status(request(GET => '/v1/', to => $server), 200, 'what needs no database is served');
        $log->wait_for($refused);
        sleep 0.3;    # more than one more attempt
        my @lines = map { /$refused/ ? $1 : () } $log->matching($refused);
        is(@lines, 1, 'the log says it once');
        like($lines[0], $named, 'and names it');

        $site->dbh->do($mend);
        is(wait_until(sub { calls()->status == 200 }, 30), 1, 'mended, it serves again, without a reload');
        ok($log->wait_for(qr/TenantDatabase is reached again/), 'and the log says so');
    };
}

subtest 'of two faults the second is named too' => sub {
    my $log = $server->error_log;
    $site->dbh->do('ALTER ROLE tenant_api BYPASSRLS; ALTER TABLE calls NO FORCE ROW LEVEL SECURITY');
    reconnect();
    is_problem(calls(), 503, 'misconfigured');
    ok($log->wait_for(qr/has BYPASSRLS/), 'the first');
    $site->dbh->do('ALTER ROLE tenant_api NOBYPASSRLS');
    ok($log->wait_for(qr/not enabled and forced on calls/), 'the second, when the first is mended');
    $site->dbh->do('ALTER TABLE calls FORCE ROW LEVEL SECURITY');
    is(wait_until(sub { calls()->status == 200 }, 30), 1, 'then it serves');
};

subtest 'a fault that comes while connections are open' => sub {
    my $brake = brake($site);
    is_status(calls(), 200, 'there is a good connection');
    $brake->hold;
    my $first = $server->client->send(GET => '/v1/messages', headers => [bearer('acme')]);
    waiting_backends($site, 1);
    $site->dbh->do('ALTER TABLE calls DISABLE ROW LEVEL SECURITY');
    is_problem(calls(), 503, 'misconfigured', 'a new connection finds it');
    $brake->release;
    is_status($first->receive, 200, 'what ran already is answered');
    is_problem(calls(), 503, 'misconfigured', 'no older connection is used again');
    $site->dbh->do('ALTER TABLE calls ENABLE ROW LEVEL SECURITY');
    is(wait_until(sub { calls()->status == 200 }, 30), 1, 'mended, it serves again');
};

subtest 'a database without the schema' => sub {
    $site->cluster->create_database('empty')->bootstrap('empty');
    my $other = TenantTest::Server->start(site => $site, processes => 1, database => $site->conninfo('empty'));
    my $log = $other->error_log;
    is_problem(calls($other), 503, 'misconfigured');
    is_problem(calls($other), 503, 'misconfigured');
    $log->wait_for(qr/is the schema deployed\?/);
    sleep 0.5;
    is(scalar $log->matching(qr/is the schema deployed\?/), 1, 'the log says it once');
    $site->cluster->deploy('empty');
    is(wait_until(sub { calls($other)->status == 401 }, 30), 1, 'deployed, it serves (and knows no tenant yet)');
};

# One pool serves all servers with the same connection string, but not two roles.
subtest "an API with the administrator's connection string" => sub {
    my $admin = $site->conninfo($site->{database}, 'tenant_admin');
    my $other = TenantTest::Server->start(site => $site, processes => 1, database => $site->{conninfo} . qq(" admin="$admin), server => <<"END");
<VirtualHost *:\${test_port}>
    ServerName wrong.example.com
    TenantDatabase "$admin"
    <Location "/v1">
        TenantHandler api
        TenantRequireTLS off
    </Location>
</VirtualHost>
END
    my $log = $other->error_log;
    is_problem(calls($other), 503, 'misconfigured', 'serves nothing');
    ok($log->wait_for(qr/TenantDatabase is refused: the policies of \w+ are not the ones that keep tenants apart/), 'as the log says');
};

# No fault of the configuration, so no reason to send an administrator looking.
subtest 'a check that is held up' => sub {
    role_setting($site, lock_timeout => '300ms');
    reconnect();
    my $log = $server->error_log;
    my $registry = lock_table($site, 'sqitch.changes');
    my $response = calls();
    is_problem($response, 503, 'database-away');
    cmp_ok($response->elapsed, '<', 1.5, 'without a wait for more attempts');
    is(scalar $log->matching($refused), 0, 'the log does not call it a fault');
    for (1 .. 10) {
        $response = calls();
        is_problem($response, 503, 'database-away');
        cmp_ok($response->elapsed, '<', 1, 'nor by those that find an attempt under way');
        sleep 0.1;
    }
    $registry->release;
    is(wait_until(sub { calls()->status == 200 }, 30), 1, 'then it serves');
};

done_testing;
