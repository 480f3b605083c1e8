# SPDX-License-Identifier: Apache-2.0
#
# A thousand random changes by the API, the administration, tenantctl and psql: the audit has one line for each, which says
# what and by whom, and none for what was refused or is not told. Then nobody but the owner can change any of them.
#
#     make test TENANT_TEST_SEED=N TESTS=t/audit/random.t

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;
use TenantTest::Administration;
use TenantTest::Command;
use TenantTest::Contract;

my $CHANGES = 1000;
my $seed = $ENV{TENANT_TEST_SEED} // time;
srand $seed;
diag "TENANT_TEST_SEED=$seed";

my $database = 'audit_random';
my $conninfo = database($database);
my $server = TenantTest::Server->start(
    database => qq($conninfo" admin=") . site->conninfo($database, 'tenant_admin'),
    server   => administration('audit_random'),
);
my $dbh = site->dbh($database);
my %key = map { tenant($_)->{id} => tenant($_)->{key} } qw(acme globex);
my $n = 0;    # makes values that are new

sub any { return $_[rand @_] }
sub any_tenant { return any(sort { $a <=> $b } keys %key) }
sub any_id { my ($table, $tenant) = @_; return row({ database => $database }, "SELECT id FROM $table WHERE tenant_id = ? ORDER BY md5(id::text || ?) LIMIT 1", $tenant, rand) }

# --- What is done: each returns what the audit has to say, [tenant, action, kind, row_id], or nothing ----------------

sub api {
    my ($tenant, $method, $path, $json, $status) = @_;
    my $answer = request($method, "/v1$path", to => $server, as => $key{$tenant}, $json ? (json => $json) : (),
        $method eq 'POST' && rand() < 0.3 ? (headers => ['Idempotency-Key' => sprintf '%022d', ++$n]) : ());
    die "$method $path: " . $answer->status . ' ' . $answer->body unless $answer->status == $status;
    return $answer->json;
}

sub admin {
    my ($method, $path, $json, $status) = @_;
    my $answer = request($method, "/admin$path", to => $server, headers => [Authorization => 'Basic ' . encode_base64('root:secret', '')],
        $json ? (json => $json) : ());
    die "$method $path: " . $answer->status . ' ' . $answer->body unless $answer->status == $status;
    return $answer->json;
}

sub psql { my ($role, $sql, @values) = @_; $dbh->do("SET SESSION AUTHORIZATION $role"); my $rows = $dbh->do($sql, undef, @values); $dbh->do('RESET SESSION AUTHORIZATION'); die "$sql: $rows rows" unless $rows == 1; return }

my @deletable = qw(calls messages recordings products users);
my %do = (
    api => {
        rename   => sub { my $t = any_tenant(); api($t, PATCH => '/tenant', { name => 'name ' . ++$n }, 200); return [$t, 'update', 'tenants', $t] },
        secret   => sub { my $t = any_tenant(); api($t, PATCH => '/tenant', { twilio_auth_token => 'canary-' . ++$n }, 200); return [$t, 'update', 'tenants', $t] },
        settings => sub {
            my $t = any_tenant();
            my $now = api($t, GET => '/settings', undef, 200);
            my $set = api($t, PATCH => '/settings', { auto_record_calls => $now->{auto_record_calls} ? JSON::PP::false : JSON::PP::true }, 200);
            return [$t, defined $now->{id} ? 'update' : 'create', 'settings', $set->{id}];
        },
        user     => sub { my $t = any_tenant(); my $u = api($t, POST => '/users', { email => ++$n . '@random.example' }, 201); return [$t, 'create', 'users', $u->{id}] },
        email    => sub { my $t = any_tenant(); my $u = any_id('users', $t); api($t, PATCH => "/users/$u", { email => ++$n . '@random.example' }, 200); return [$t, 'update', 'users', $u] },
        password => sub { my $t = any_tenant(); my $u = any_id('users', $t); api($t, PATCH => "/users/$u", { password => "canary-$n-" . ++$n }, 200); return [$t, 'change_password', 'users', $u] },
        delete   => sub { my $t = any_tenant(); my $table = any(@deletable); my $id = any_id($table, $t); api($t, DELETE => "/$table/$id", undef, 204); return [$t, 'delete', $table, $id] },
        key      => sub { my $t = any_tenant(); $key{$t} = api($t, POST => '/tenant/key', { grace_seconds => 60 }, 200)->{api_key}; return [$t, 'rotate_key', 'tenants', $t] },
        create   => sub { my $t = any_tenant(); my $r = any(qw(calls messages recordings products)); api($t, POST => "/$r", sample($r), 201); return },
        change   => sub { my $t = any_tenant(); my $c = any_id('calls', $t); api($t, PATCH => "/calls/$c", { status => 'busy' }, 200); return },
        refused  => sub { my $t = any_tenant(); api($t, PATCH => '/tenant', { name => '' }, 422); return },
        nothing  => sub { api(any_tenant(), DELETE => '/calls/2147483647', undef, 404); return },
        same     => sub { my $t = any_tenant(); api($t, PATCH => '/tenant', { name => api($t, GET => '/tenant', undef, 200)->{name} }, 200); return },
    },
    admin => {
        make    => sub { my $made = admin(POST => '/tenants', { name => 'made ' . ++$n }, 201); $key{ $made->{id} } = $made->{api_key}; return [$made->{id}, 'create', 'tenants', $made->{id}] },
        limit   => sub { my $t = any_tenant(); admin(PATCH => "/tenants/$t", { rate_limit => '100000/1 burst=' . ++$n }, 200); return [$t, 'update', 'tenants', $t] },
        domain  => sub { my $t = any_tenant(); admin(PATCH => "/tenants/$t", { custom_domain => ++$n . '.random.example' }, 200); return [$t, 'update', 'tenants', $t] },
        key     => sub { my $t = any_tenant(); $key{$t} = admin(POST => "/tenants/$t/key", {}, 200)->{api_key}; return [$t, 'rotate_key', 'tenants', $t] },
        remove  => sub {
            my $t = admin(POST => '/tenants', { name => 'short' }, 201)->{id};
            admin(PATCH => "/tenants/$t", { status => 'inactive' }, 200);
            admin(DELETE => "/tenants/$t", undef, 204);
            return map { [$t, $_, 'tenants', $t] } qw(create update delete);
        },
    },
    psql => {
        user   => sub { my ($t, $id) = (any_tenant(), 'u' . ++$n); psql('tenant_owner', 'INSERT INTO users (id, tenant_id, email) VALUES (?, ?, ?)', $id, $t, "$n\@psql.example"); return [$t, 'create', 'users', $id] },
        status => sub { my $t = any_tenant(); psql('tenant_admin', 'UPDATE tenants SET name = ? WHERE id = ?', 'psql ' . ++$n, $t); return [$t, 'update', 'tenants', $t] },
        delete => sub { my $t = any_tenant(); my $table = any(@deletable); my $id = any_id($table, $t); psql('tenant_owner', "DELETE FROM $table WHERE id = ?", $id); return [$t, 'delete', $table, $id] },
        many   => sub {
            my ($t, $table) = (any_tenant(), any(qw(calls messages)));
            my @ids = @{ $dbh->selectcol_arrayref("SELECT id FROM $table WHERE tenant_id = ? ORDER BY id LIMIT 3", undef, $t) };
            return if @ids < 3;
            $dbh->do("DELETE FROM $table WHERE id IN (" . join(',', @ids) . ')');
            return map { [$t, 'delete', $table, $_] } @ids;
        },
        rolled => sub { my $t = any_tenant(); $dbh->begin_work; $dbh->do('UPDATE tenants SET name = ? WHERE id = ?', undef, 'no ' . ++$n, $t); $dbh->rollback; return },
    },
    tenantctl => {
        limit => sub { my $t = any_tenant(); command('set', $t, '--rate-limit', '100000/1 burst=' . ++$n); return [$t, 'update', 'tenants', $t] },
        key   => sub { my $t = any_tenant(); $key{$t} = command('key', $t, '--json')->json->{api_key}; return [$t, 'rotate_key', 'tenants', $t] },
        add   => sub { my $made = command('add', 'by tenantctl', '--json')->json; $key{ $made->{id} } = $made->{api_key}; return [$made->{id}, 'create', 'tenants', $made->{id}] },
    },
);

sub command {
    my $run = tenantctl('tenant', @_, '--database', site->conninfo($database, 'tenant_admin'), $_[0] =~ /^(?:key|add)$/ ? ('--key-file', site->{key_file}) : ());
    die "tenantctl @_: $run->{errors}" if $run->{status};
    return $run;
}

my %type = (api => 'key', admin => 'admin', psql => 'role', tenantctl => 'tenantctl');

# Something to delete and to change, whatever has gone. Returns the latest line of the audit.
my $scarce = join ' UNION ALL ', map {
    "SELECT t.id, '$_' FROM tenants t WHERE t.id = ANY (?) AND (SELECT count(*) FROM (SELECT FROM $_ r WHERE r.tenant_id = t.id LIMIT 3) r) < 3"
} @deletable;

sub refill {
    my $tenants = '{' . join(',', keys %key) . '}';
    for (@{ $dbh->selectall_arrayref($scarce, undef, ($tenants) x @deletable) }) {
        my ($tenant, $resource) = @$_;
        request(POST => "/v1/$resource", to => $server, as => $key{$tenant}, json => sample($resource)) for 1 .. 5;
    }
    return row({ database => $database }, 'SELECT max(id) FROM audit');
}

# --- The changes -----------------------------------------------------------------------------------------------------

my ($changes, @wrong, %count) = (0);
while ($changes < $CHANGES && @wrong < 10) {
    my $before = refill();
    my $by = rand() < 0.02 ? 'tenantctl' : any(qw(api api api admin psql));
    my $what = any(sort keys %{ $do{$by} });
    my @want = map { join ' ', @$_, $type{$by} } $do{$by}{$what}->();
    my $lines = $dbh->selectall_arrayref('SELECT * FROM audit WHERE id > ? ORDER BY id', { Slice => {} }, $before);
    my @got = map { join ' ', map { $_ // '-' } @$_{qw(tenant_id action kind row_id actor_type)} } @$lines;
    push @wrong, "$by $what: (@{[join ', ', @got]}), not (@{[join ', ', @want]})" if join(',', sort @got) ne join(',', sort @want);
    $changes += @want;
    $count{"$by $what"}++;
}
is_deeply(\@wrong, [], "$changes changes: one line for each") or diag "TENANT_TEST_SEED=$seed";
diag 'none was made: ', join ', ', grep { !$count{$_} } map { my $by = $_; map { "$by $_" } sort keys %{ $do{$by} } } sort keys %do if @wrong;
my $text = join '', @{ $dbh->selectcol_arrayref('SELECT a::text FROM audit a') };
unlike($text, qr/canary/, 'no secret is among them');
unlike($text, qr/\Q$_\E/, 'nor a key') for map { substr $_, 5, 20 } values %key;
is($dbh->selectrow_array(q{SELECT count(*) FROM audit WHERE actor_type IN ('key', 'admin') AND (address IS DISTINCT FROM '127.0.0.1' OR request_id IS NULL)}), 0,
    'each of a request has its address and name');

# --- None can be altered ---------------------------------------------------------------------------------------------

my $whole = sub { $dbh->selectrow_array(q{SELECT md5(string_agg(a::text, '' ORDER BY id)) FROM audit a}) };
my $before = $whole->();
for my $granted (0, 1) {
    $dbh->do('GRANT ALL ON audit TO tenant_api, tenant_admin, tenant_lookup') if $granted;
    for my $role (qw(tenant_api tenant_admin)) {
        for my $tenant (sort keys %key) {
            $dbh->do("SET SESSION AUTHORIZATION $role");
            $dbh->do('SELECT set_config($$mod_tenant.tenant_id$$, ?, false)', undef, $tenant);
            for my $sql (q{UPDATE audit SET actor = 'x'}, 'DELETE FROM audit', 'TRUNCATE audit', "DELETE FROM audit WHERE tenant_id = $tenant",
                q{INSERT INTO audit (tenant_id, action, kind, changes, actor_type, actor, role) VALUES (1, 'update', 'tenants', '{}', 'key', 'x', 'x')}) {
                local $dbh->{RaiseError} = 0;
                local $dbh->{PrintError} = 0;
                push @wrong, "$role: $sql" if $dbh->do($sql) || $dbh->state ne '42501';
            }
            $dbh->do('RESET SESSION AUTHORIZATION');
        }
    }
}
is_deeply(\@wrong, [], 'tenant_api and tenant_admin alter none, whatever they are granted');
is($whole->(), $before, 'all are as they were');

done_testing;
