# SPDX-License-Identifier: Apache-2.0
#
# tenantctl tenant: what it does to the database, what the module makes of it, and what it refuses.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);

use TenantTest;
use TenantTest::Command;

my $database = 'tenantctl_tenant';
my $conninfo = database($database);
my $admin    = site->conninfo($database, 'tenant_admin');
my @database = ('--database', $admin);
my @both     = (@database, '--key-file', site->{key_file});
my $server   = TenantTest::Server->start(database => $conninfo, server => 'TenantUsage off');    # which would add to rows
my $acme     = tenant('acme')->{id};
my $globex   = tenant('globex')->{id};
my $closed   = tenant('closed')->{id};

my $sid = 'AC' . '0' x 32;

# The answer to a request with a key, once httpd has heard of what tenantctl has done.
sub with_key {
    my ($key) = @_;
    until_heard();
    return request(GET => '/v1/tenant', to => $server, as => $key);
}

sub stored {
    my ($column, $id) = @_;
    return row({ database => $database }, "SELECT $column FROM tenants WHERE id = ?", $id);
}

my @members = qw(api_key_set custom_domain id name rate_limit retiring_api_key_expires_at status twilio_account_sid
    twilio_api_key_secret_set twilio_api_key_sid twilio_auth_token_previous_until twilio_auth_token_set twilio_phone_number);

subtest 'list and show' => sub {
    my $run = tenantctl('tenant', 'list', '--json', @database);
    is_done($run, 'the tenants are listed');
    my @tenants = @{ $run->json->{tenants} };
    is_deeply([map { $_->{name} } @tenants], [qw(acme globex closed)], 'in the order of their ids');
    is_deeply([sort keys %{ $tenants[0] }], \@members, 'with these members');
    is_deeply(tenantctl('tenant', 'show', '--json', $acme, @database)->json, $tenants[0], 'one is shown by its id');
    is_deeply(tenantctl('tenant', 'show', '--json', 'ACME.Example.com', @database)->json, $tenants[0], 'and by its domain');
    is_deeply([map { $_->{name} } @{ tenantctl('tenant', 'list', '--json', '--status', 'inactive', @database)->json->{tenants} }],
        ['closed'], 'by status');
    is_deeply(tenantctl('tenant', 'list', '--json', '--name', 'nobody', @database)->json, { tenants => [] }, 'by name');
    like(tenantctl('tenant', 'list', @database)->{output}, qr/\AID  NAME    STATUS    CUSTOM DOMAIN\s.*\n1   acme    active    acme\.example\.com\s/,
        'as a table');
    like(tenantctl('tenant', 'show', $acme, @database)->{output}, qr/^name: +acme$/m, 'as lines');
    is_refused(tenantctl('tenant', 'show', 999, @database), 1, qr/there is no tenant 999\n\z/, 'refused: an unknown id');
    is_refused(tenantctl('tenant', 'show', 'nobody.example', @database), 1, qr/no tenant nobody/, 'refused: an unknown domain');
    is_refused(tenantctl('tenant', 'show', '9' x 20, @database), 1, qr/no tenant 9/, 'refused: an id beyond any');
};

subtest 'what a stored text does to a terminal' => sub {
    sql({ database => $database }, q{INSERT INTO tenants (name, status, api_key_hash) VALUES (E'a\x1b[2Jb\u009bc\u00e9d', 'active', '!')});
    like(tenantctl('tenant', 'list', @database)->{output}, qr/ a\?\[2Jb\?c\xc3\xa9d /, 'nothing');
    like(tenantctl('tenant', 'list', '--json', @database)->{output}, qr/"a\\u001b\[2Jb/, 'in JSON it is escaped');
    is(tenantctl('tenant', 'list', '--json', @database)->json->{tenants}[3]{api_key_set}, JSON::PP::false, 'no key is told');
    sql({ database => $database }, q{DELETE FROM tenants WHERE api_key_hash = '!'});
};

subtest 'add' => sub {
    my $run = tenantctl({ input => "the-token\n" }, 'tenant', 'add', 'Initech', '--json', @both, '--custom-domain',
        'Initech.EXAMPLE.com', '--twilio-account-sid', $sid, '--twilio-phone-number', '+12025550100', '--twilio-auth-token');
    is_done($run, 'a tenant is made');
    my $made = $run->json;
    is_deeply([sort keys %$made], [sort @members, 'api_key'], 'shown with its key');
    my $answer = with_key($made->{api_key});
    is_status($answer, 200, 'which works at once');
    is($answer->json->{name}, 'Initech', 'for the new tenant');
    is($answer->json->{custom_domain}, 'initech.example.com', 'whose domain is in lower case');
    is($answer->json->{twilio_auth_token_set}, JSON::PP::true, 'the token is there');
    like(stored('twilio_auth_token', $made->{id}), qr/\Amt1\.xchacha20poly1305\.1\./, 'sealed');
    is(stored('api_key_hash', $made->{id}), tenantctl({ input => $made->{api_key} }, 'key', '--hash', '--key-file',
        site->{key_file})->{output} =~ s/\n//r, 'of the key only the hash is kept');
    $run = tenantctl('tenant', 'add', 'Hooli', '--status', 'inactive', @both);
    like($run->{output}, qr/^status: +inactive\n.*^api_key: +mt_\w{49}\n/ms, 'as lines, an inactive one');
    is_problem(with_key($run->{output} =~ /(mt_\w+)/), 403, 'tenant-inactive', 'which is refused');

    my @rows = row({ database => $database }, 'SELECT count(*) FROM tenants');
    my %wrong = (
        'no name'             => [''],
        'a long name'         => ['x' x 257],
        'a control character' => ["a\tb"],
        'bad UTF-8'           => ["\xff"],
        'a status'            => ['x', '--status', 'gone'],
        'a port'              => ['x', '--custom-domain', 'a.example:80'],
        'a trailing dot'      => ['x', '--custom-domain', 'a.example.'],
        'an IPv4 address'     => ['x', '--custom-domain', '192.0.2.1'],
        'an IPv6 address'     => ['x', '--custom-domain', '[2001:db8::1]'],
        'a U-label'           => ['x', '--custom-domain', "b\xc3\xbccher.example"],
        'a long label'        => ['x', '--custom-domain', 'a' x 64 . '.example'],
        'a long domain'       => ['x', '--custom-domain', join '.', ('a' x 62) x 4, 'ab'],
        'a phone number'      => ['x', '--twilio-phone-number', '0123'],
        'a sid'               => ['x', '--twilio-account-sid', 'AC0'],
        "another's sid"       => ['x', '--twilio-api-key-sid', $sid],
        'a secret with a space' => ['x', '--twilio-auth-token'],
    );
    is_refused(tenantctl({ input => "not one\n" }, 'tenant', 'add', @{ $wrong{$_} }, @both), 2, qr/ must /, "refused: $_")
        for sort keys %wrong;
    is_refused(tenantctl('tenant', 'add', 'x', '--twilio-auth-token', @both), 1, qr/twilio_auth_token: there is none/,
        'refused: no secret');
    is_refused(tenantctl({ input => 'x' x 257 }, 'tenant', 'add', 'x', '--twilio-auth-token', @both), 1, qr/too long/,
        'refused: a long secret');
    is_refused(tenantctl({ input => 'x' x 10_000 }, 'tenant', 'add', 'x', '--twilio-auth-token', @both), 1, qr/too long/,
        'refused: a very long secret');
    is_refused(tenantctl({ input => "t\n" }, 'tenant', 'add', 'x', '--twilio-auth-token', '--custom-domain', 'initech.example.com',
        @both), 1, qr/another tenant has this custom domain/, 'refused: a domain that is taken');
    is_refused(tenantctl('tenant', 'add', 'x', @database), 2, qr/needs --key-file/, 'refused: no key file');
    is_deeply([row({ database => $database }, 'SELECT count(*) FROM tenants')], \@rows, 'none of these is made');
};

subtest 'set' => sub {
    my $run = tenantctl({ input => "new-token\nnew-secret\n" }, 'tenant', 'set', $acme, '--json', @both, '--name', 'Acme Ltd',
        '--twilio-api-key-secret', '--twilio-auth-token', '--twilio-api-key-sid', $sid =~ s/AC/SK/r, '--custom-domain', 'www.acme.example');
    is_done($run, 'fields are set');
    is_deeply([@{ $run->json }{qw(name custom_domain twilio_auth_token_set twilio_api_key_secret_set)}],
        ['Acme Ltd', 'www.acme.example', JSON::PP::true, JSON::PP::true], 'and shown, secrets apart');
    my %before = map { ($_ => stored($_, $acme)) } qw(name status twilio_auth_token twilio_api_key_secret api_key_hash);
    $run = tenantctl('tenant', 'set', 'www.acme.example', '--json', '--clear', 'twilio_auth_token,custom_domain', @database);
    is_done($run, 'fields are unset, without a key file');
    is_deeply([@{ $run->json }{qw(custom_domain twilio_auth_token_set)}], [undef, JSON::PP::false], 'and shown as such');
    is(stored('twilio_auth_token', $acme), undef, 'the token is gone');
    is(stored($_, $acme), $before{$_}, "$_ stays") for grep { $_ ne 'twilio_auth_token' } sort keys %before;

    is_refused(tenantctl('tenant', 'set', $acme, @both, @{ $_->[0] }), $_->[1], $_->[2], "refused: @{ $_->[0] }")
        for [[], 2, qr/nothing is to be set/], [['--clear', 'name'], 2, qr/no field name that can be unset/],
        [['--clear', 'colour'], 2, qr/no field colour/], [['--clear', 'custom_domain,custom_domain'], 2, qr/unset twice/],
        [['--clear', 'custom_domain', '--custom-domain', 'a.example'], 2, qr/both set and unset/],
        [['--status', 'inactive'], 2, qr/no option --status/], [['--name', ''], 2, qr/must have 1 to 256/],
        [['--name', 'x', '--custom-domain', 'globex.example.com'], 1, qr/another tenant has this custom domain/];
    is(stored('name', $acme), 'Acme Ltd', 'and nothing of these is set');
    is_refused(tenantctl('tenant', 'set', 999, '--name', 'x', @database), 1, qr/no tenant 999/, 'refused: nobody');
    tenantctl('tenant', 'set', $acme, '--custom-domain', 'acme.example.com', @database);
};

subtest 'key' => sub {
    my $old = tenant('acme')->{key};
    my $run = tenantctl('tenant', 'key', $acme, '--json', @both);
    is_done($run, 'a tenant gets a new key');
    my $new = $run->json;
    is_status(with_key($new->{api_key}), 200, 'which works');
    is_status(with_key($old), 200, 'as does the old one');
    like($new->{retiring_api_key_expires_at}, qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\z/, 'until a time that is told');
    my $grace = row({ database => $database }, 'SELECT extract(epoch FROM retiring_api_key_expires_at - now()) FROM tenants WHERE id = ?', $acme);
    ok($grace > 86_390 && $grace <= 86_400, 'a day from now');
    my $third = tenantctl('tenant', 'key', $acme, '--json', '--grace-seconds', 604_800, @both)->json->{api_key};
    is_problem(with_key($old), 401, 'key-invalid', 'the next rotation ends the earlier grace');
    is_status(with_key($new->{api_key}), 200, 'and begins one');
    my $last = tenantctl('tenant', 'key', $acme, '--json', '--grace-seconds', 0, @both)->json;
    is($last->{retiring_api_key_expires_at}, undef, 'without a grace');
    is_problem(with_key($third), 401, 'key-invalid', 'the old key ends at once');
    is_refused(tenantctl('tenant', 'key', $acme, '--grace-seconds', $_, @both), 2, qr/0 to 604800/, "refused: $_ seconds")
        for -1, 604_801, 'x', '', '1x', '9' x 30;
    sql({ database => $database }, q{UPDATE tenants SET api_key_hash = '!' || id WHERE id = ?}, $closed);
    is(tenantctl('tenant', 'key', $closed, '--json', @both)->json->{retiring_api_key_expires_at}, undef,
        'a tenant that had no key has none to retire');
};

subtest 'suspend and resume' => sub {
    my $key = tenant('globex')->{key};
    is(tenantctl('tenant', 'suspend', $globex, '--json', @database)->json->{status}, 'inactive', 'a tenant is suspended');
    is_problem(with_key($key), 403, 'tenant-inactive', 'and refused');
    is_done(tenantctl('tenant', 'suspend', $globex, @database), 'once more is no error');
    is(tenantctl('tenant', 'resume', 'globex.example.com', '--json', @database)->json->{status}, 'active', 'it is resumed');
    is_status(with_key($key), 200, 'and served');
    is_refused(tenantctl('tenant', 'suspend', 999, @database), 1, qr/no tenant 999/, 'refused: nobody');
};

subtest 'remove' => sub {
    my $rows = sub { row({ database => $database }, "SELECT count(*) FROM @{[$_[0] // 'calls']} WHERE tenant_id = ?", $globex) };
    my @removed = map { { table => $_, rows => 0 + $rows->($_) } } grep { !/^(?:tenants|audit)$/ } tenant_tables();
    my $counts = join ', ', map { "$_->{rows} $_->{table}" } @removed;
    is_refused(tenantctl('tenant', 'remove', $globex, '--yes', @database), 1, qr/is active: suspend it first/, 'an active tenant is not removed');
    tenantctl('tenant', 'suspend', $globex, @database);
    is_refused(tenantctl('tenant', 'remove', $globex, @database), 2, qr/say --yes/, 'nor is one without a word');
    my $run = tenantctl({ input => "n\n", asked => qr/\[y\/N\]/ }, 'tenant', 'remove', $globex, @database);
    is($run->{status}, 1, 'nor where the answer is no');
    like($run->{output}, qr/Remove tenant 2 and its rows \(\Q$counts\E\) for good\? \[y\/N\]/,
        'to a question that says what would go');
    like($counts, qr/^25 calls, 0 idempotency_keys, /, 'which are many');
    is($rows->(), 25, 'all is there');
    $run = tenantctl('tenant', 'remove', $globex, '--yes', '--json', @database);
    is_done($run, 'an inactive one is removed');
    is_deeply($run->json, { id => $globex, removed => \@removed }, 'and its rows are counted');
    is($rows->(), 0, 'they are gone');
    is_problem(with_key(tenant('globex')->{key}), 401, 'key-invalid', 'its key is nobody\'s');
    is_refused(tenantctl('tenant', 'remove', $globex, '--yes', @database), 1, qr/no tenant 2/, 'once');
    $run = tenantctl({ input => "y\n", asked => qr/\[y\/N\]/ }, 'tenant', 'remove', $closed, @database);
    is($run->{status}, 0, 'another one is removed where the answer is yes') or diag $run->{output};
};

subtest 'a secret from the terminal' => sub {
    my $run = tenantctl({ input => "typed-canary\n", asked => qr/token: / }, 'tenant', 'set', $acme, '--twilio-auth-token', @both);
    is($run->{status}, 0, 'is asked for') or diag $run->{output};
    like($run->{output}, qr/^twilio_auth_token: /, 'by its name');
    unlike($run->{output}, qr/canary/, 'without an echo');
    is(stored('twilio_auth_token IS NOT NULL', $acme), 1, 'and stored');
};

subtest 'connections' => sub {
    is_refused(tenantctl('tenant', 'list', '--database', $conninfo), 1, qr/role tenant_api does not see every tenant/, 'refused: the role of the module');
    is_refused(tenantctl('tenant', 'list', '--database', "$admin password=canary"), 1, qr/must not hold a password/, 'refused: a password');
    is_refused(tenantctl('tenant', 'list', '--database', 'host'), 1, qr/is not a libpq connection string/, 'refused: no connection string');
    is_refused(tenantctl('tenant', 'list', '--database', 'host=/nowhere'), 1, qr/No such file/, 'refused: no server');
    is_refused(tenantctl('tenant', 'list', '--database', site->conninfo('nothing', 'tenant_admin')), 1, qr/"nothing" does not exist/, 'refused: no database');
    is_refused(tenantctl('tenant', 'list', '--database', site->conninfo('postgres', 'tenant_admin')), 1, qr/tenants" does not exist/, 'refused: no tables');
    is_done(tenantctl('tenant', 'list', '--database', site->conninfo($database, site->{superuser})), 'a superuser will do');
    my $uri = 'postgresql://tenant_admin@/' . $database . '?host=' . site->{host};
    is_done(tenantctl('tenant', 'list', '--database', $uri), 'a URI will do');
    my $program = site->{scratch} . '/print-conninfo';
    open my $file, '>', $program or die "$program: $!";
    print $file "#!/bin/sh\necho \"$admin password=unused\"\n";
    close $file;
    chmod 0700, $program;
    is_done(tenantctl('tenant', 'list', '--database', "exec:$program"), 'a program that prints one will do');
};

done_testing;
