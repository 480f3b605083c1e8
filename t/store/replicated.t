# SPDX-License-Identifier: Apache-2.0
# Two clusters, one of which gets tenants and users of the other by logical replication: what changes there is in effect at the
# server of this one.
use strict;
use warnings;

use Test::More;

use TenantTest;
use TenantTest::Fault;

my $far = TenantTest::Site->make;
my $near = TenantTest::Site->make;
my $acme = $near->{tenants}{acme}{id};
my $password = 'correct horse battery staple';

# Both are copies: each has the rows already.
$far->dbh('postgres')->do('ALTER SYSTEM SET wal_level = logical');
restart($far, 'fast');
$far->dbh->do('CREATE PUBLICATION news FOR TABLE tenants, users');
$near->dbh->do("CREATE SUBSCRIPTION news CONNECTION 'host=$far->{host} dbname=tenant user=postgres' PUBLICATION news WITH (copy_data = false)");

my $server = TenantTest::Server->start(site => $near, processes => 2, server => "TenantCache ttl=600s\nTenantLoginRate off\nTenantFailureRate off",
    location => 'TenantUserAuthority write');

sub by_key { return request(GET => '/v1/calls/1', as => 'acme', to => $server)->status }

sub by_login {
    my ($email, $with) = @_;
    return request(GET => '/v1/calls/1', to => $server, host => $near->{tenants}{acme}{host}, headers => [basic($email, $with // $password)])->status;
}

# What both children say, most likely.
sub said { my ($ask, @arguments) = @_; my %seen = map { ($ask->(@arguments) => 1) } 1 .. 20; return join ' ', sort keys %seen }

sub becomes {
    my ($want, $name, @ask) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok((wait_until { said(@ask) eq $want } 60), $name) or diag said(@ask);
}

is(said(\&by_key), '200', 'a key is known');

subtest 'tenants' => sub {
    my $hash = $far->{tenants}{acme}{hash};
    $far->dbh->do(q{UPDATE tenants SET status = 'inactive' WHERE id = ?}, undef, $acme);
    becomes('403', 'one is switched off', \&by_key);
    $far->dbh->do(q{UPDATE tenants SET status = 'active' WHERE id = ?}, undef, $acme);
    becomes('200', 'and on', \&by_key);
    $far->dbh->do(q{UPDATE tenants SET api_key_hash = 'another' WHERE id = ?}, undef, $acme);
    becomes('401', 'its key is revoked', \&by_key);
    $far->dbh->do(q{UPDATE tenants SET api_key_hash = ? WHERE id = ?}, undef, $hash, $acme);
    becomes('200', 'and given back', \&by_key);
};

subtest 'logins' => sub {
    # a hash is what a server makes of a password
    is_status(request(POST => '/v1/users', as => 'acme', to => $server, json => { email => 'near@example.com', password => $password }), 201,
        'a user');
    is(said(\&by_login, 'near@example.com'), '200', 'who logs in');
    my @row = $near->dbh->selectrow_array("SELECT 'far', tenant_id, 'far\@example.com', password_hash FROM users WHERE email = 'near\@example.com'");
    is(said(\&by_login, 'far@example.com'), '401', 'another one is not there');
    $far->dbh->do('INSERT INTO users (id, tenant_id, email, password_hash) VALUES (?, ?, ?, ?)', undef, @row);
    becomes('200', 'and comes', \&by_login, 'far@example.com');
    $far->dbh->do(q{UPDATE users SET email = 'moved@example.com' WHERE id = 'far'});
    becomes('401', 'has another address', \&by_login, 'far@example.com');
    becomes('200', 'by which it is known', \&by_login, 'moved@example.com');
    $far->dbh->do(q{DELETE FROM users WHERE id = 'far'});
    becomes('401', 'and goes', \&by_login, 'moved@example.com');
};

subtest 'all of them' => sub {
    $far->dbh->do('TRUNCATE users');
    becomes('401', 'users are truncated', \&by_login, 'near@example.com');
    is(said(\&by_key), '200', 'the tenant is there');
    $far->dbh->do('DELETE FROM tenants WHERE id = ?', undef, $acme);
    becomes('401', 'a tenant is removed', \&by_key);
};

done_testing;
