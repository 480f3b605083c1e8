# SPDX-License-Identifier: Apache-2.0
#
# Which e-mail addresses are one does not depend on the database's locale: in Turkish the small letter of I is another one
# than i, and in the locale C only ASCII has small letters.

use strict;
use warnings;
use utf8;

use Encode qw(encode_utf8);
use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;
use TenantTest::Command;

my $site = TenantTest::Site->make;
my $pg = $site->cluster;
my %locale = (turkish => "LOCALE_PROVIDER icu ICU_LOCALE 'tr' LOCALE 'C.UTF-8'", posix => "LOCALE 'C'");

sub create { my ($name, $locale) = @_; return $pg->query('postgres', "CREATE DATABASE $name TEMPLATE template0 ENCODING 'UTF8' $locale") }

sub uri { return encode_utf8($_[0]) =~ s/([^A-Za-z0-9.@-])/sprintf '%%%02X', ord $1/ger }

# That all spellings of an address are one user's, wherever one is looked for.
sub is_one_user {
    my ($locale, $server, $email, @spellings) = @_;
    my @to = (to => $server);
    my $password = 'the-right-password';
    my $made = request(POST => '/v1/users', as => 'acme', json => { email => $email, password => $password }, @to);
    my $id = $made->json->{id};

    is_status($made, 201, "$locale: " . encode_utf8($email));
    for my $spelling (@spellings) {
        my $name = "$locale: " . encode_utf8($spelling);
        my $basic = 'Basic ' . encode_base64(encode_utf8("$spelling:$password"), '');

        is_problem(request(POST => '/v1/users', as => 'acme', json => { email => $spelling }, @to), 409, 'email-taken', "$name is taken");
        is_deeply([map { $_->{id} } @{ request(GET => '/v1/users?email=' . uri($spelling), as => 'acme', @to)->json->{data} }], [$id],
            '... finds it');
        is(request(GET => "/v1/users/$id", host => tenant('acme')->{host}, headers => [Authorization => $basic], @to)->status, 200,
            '... logs it in');
    }
    return;
}

# That failed logins of all spellings count together.
sub is_one_login {
    my ($locale, $server, @spellings) = @_;
    my @status = map {
        my $basic = 'Basic ' . encode_base64(encode_utf8("$_:a-wrong-password"), '');
        request(GET => '/v1/calls', host => tenant('acme')->{host}, headers => [Authorization => $basic], to => $server)->status
    } @spellings;
    is("@status", join(' ', (401) x 3, (429) x (@spellings - 3)), "$locale: wrong passwords of all spellings count together");
}

for my $locale (sort keys %locale) {
    create($locale, $locale{$locale});
    $site->fill_database($locale);
    my $server = TenantTest::Server->start(site => $site, database => $site->conninfo($locale), processes => 1,
        server => 'TenantLoginRate 3/3600', location => 'TenantUserAuthority read');

    is_one_user($locale, $server, 'info@example.com', 'INFO@example.com', 'Info@EXAMPLE.COM', 'info@example.com');
    is_one_user($locale, $server, 'IVY@INITECH.example', 'ivy@initech.example', 'Ivy@Initech.Example');
    is_one_user($locale, $server, 'ÉMILIE@example.com', 'émilie@example.com', 'Émilie@Example.com');
    is_one_login($locale, $server, qw(iris@example.com IRIS@example.com Iris@example.com iRIS@EXAMPLE.com));
    is_one_login($locale, $server, 'ÉRIC@example.com', 'éric@example.com', 'Éric@example.com', 'éRIC@example.com');
    is(request(POST => '/v1/users', as => 'acme', json => { email => 'ınfo@example.com' }, to => $server)->status, 201,
        "$locale: an i without a dot is another letter");

    $pg->query($locale, q{UPDATE tenants SET custom_domain = 'initech.example' WHERE name = 'acme'});
    my $run = tenantctl('tenant', 'show', 'INITECH.EXAMPLE', '--json', '--database', $site->conninfo($locale, 'tenant_admin'));
    is($run->{status}, 0, "$locale: a domain in capital letters") or diag $run->{errors};
}

subtest 'another version of the collation' => sub {
    my @doctor = ('doctor', '--database', $site->conninfo('turkish', 'tenant_admin'), '--key-file', $site->{key_file});
    unlike(tenantctl(@doctor)->{output}, qr/collation/, 'is not there');
    $pg->query('postgres', q{UPDATE pg_database SET datcollversion = '1' WHERE datname = 'turkish'});
    like(tenantctl(@doctor)->{output}, qr/^database\s+turkish\s+its collation was of version 1, the system has \S+ now: .*REINDEX/m,
        'is found');
};

subtest 'two users whom the locale has told apart' => sub {
    create('former', $locale{turkish});
    $pg->bootstrap('former')->deploy('former', '--to', 'time_range_checks');
    $pg->query('former', q{INSERT INTO tenants (name, status, api_key_hash) VALUES ('a', 'active', 'h');
        INSERT INTO users (id, tenant_id, email) VALUES ('u1', 1, 'info@x'), ('u2', 1, 'INFO@x'), ('u3', 1, 'other@x')});
    my ($status, $output) = $pg->sqitch('deploy', 'former');
    isnt($status, 0, 'are in the way');
    like($output, qr/users u1, u2 of tenant 1 share the email 'info\@x'/, '... and are named');
    is($pg->query('former', q{SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid}), '', '... ahead of any index');
    $pg->query('former', q{UPDATE users SET email = 'second@x' WHERE id = 'u2'});
    $pg->deploy('former');
    is(($pg->verify('former'))[0], 0, 'once there is one of them it deploys');
    is($pg->query('former', q{SELECT count(*) FROM pg_index WHERE indrelid = 'users'::regclass AND indexrelid::regclass::text ~ 'email'}), 1,
        '... and leaves one index');
    $pg->revert('former', '--to', 'time_range_checks');
    like($pg->query('former', q{SELECT pg_get_indexdef('users_tenant_email_key'::regclass)}), qr/\(tenant_id, lower\(email\)\)$/,
        'revert gives the former one back');
    $pg->deploy('former');
};

subtest 'a live database' => sub {
    my @users = ('CREATE TABLE users (id text PRIMARY KEY, email text)', q{INSERT INTO users VALUES ('u1', 'info@x'), ('u2', 'INFO@x')});
    create('live', $locale{turkish});
    $pg->query('live', $_) for @users, 'ALTER TABLE users OWNER TO tenant_owner';
    my ($status, $output) = $pg->bootstrap('live')->sqitch('deploy', 'live');
    isnt($status, 0, 'is refused');
    like($output, qr/users u1, u2 share the email 'info\@x'/, '... and the users are named');
};

done_testing;
