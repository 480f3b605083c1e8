# SPDX-License-Identifier: Apache-2.0
#
# tenantctl keyfile beside a database, and what tenantctl takes from an httpd configuration.

use strict;
use warnings;

use File::Copy qw(copy);
use Test::More;

use TenantTest;
use TenantTest::Command;

my $database = 'tenantctl_keyfile';
my $conninfo = database($database);
my $admin    = site->conninfo($database, 'tenant_admin');
my $folder   = File::Temp::tempdir('keyfile.XXXXXX', DIR => site->{scratch});
my $keys     = "$folder/keys";
my @file     = ('--key-file', $keys);
my @both     = (@file, '--database', $admin, '--runtime-dir', $folder);
my ($acme, $globex, $closed) = map { tenant($_)->{id} } qw(acme globex closed);

copy(site->{key_file}, $keys) or die "$keys: $!";
chmod 0600, $keys;

# What httpd would say that it has loaded: key 1 and 2 of each purpose, these primary.
sub write_loaded {
    my ($seal, $pepper) = @_;
    open my $file, '>', "$folder/tenant-key-ids" or die "tenant-key-ids: $!";
    print $file "file $keys\n", map({ "seal $_" . ($_ == $seal ? ' primary' : '') . "\n" } 1, 2),
        map({ "pepper $_" . ($_ == $pepper ? ' primary' : '') . "\n" } 1, 2);
    close $file;
    return;
}

sub in_use {
    return { map { ("$_->{purpose} $_->{id}" => $_->{in_use}) } @{ tenantctl('keyfile', 'list', '--json', @both)->json->{keys} } };
}

subtest 'retire a sealing key' => sub {
    tenantctl('keyfile', 'add', 'seal', @file);
    tenantctl({ input => "token\nsecret\n" }, 'tenant', 'set', $acme, '--twilio-auth-token', '--twilio-api-key-secret', @file, '--database', $admin);
    is_deeply(in_use(), { 'seal 1' => 2, 'seal 2' => 0, 'pepper 1' => 3 }, 'the list tells what is in use');
    write_loaded(1, 1);
    is_done(tenantctl('keyfile', 'promote', 'seal', 2, @both), 'another key is promoted');
    is_refused(tenantctl('keyfile', 'retire', 'seal', 1, @both), 1, qr/httpd still makes new values with the seal key 1: reload/,
        'refused: httpd still seals with it');
    write_loaded(2, 1);
    is_refused(tenantctl('keyfile', 'retire', 'seal', 1, @both), 1, qr/holds 2 secrets that are sealed with key 1: run tenantctl rewrap/,
        'refused: secrets are sealed with it');
    is_refused(tenantctl('keyfile', 'retire', 'seal', 1, @file, '--database', $admin), 1, qr/not known which keys httpd has loaded/,
        'refused: nobody knows what httpd does');
    is_done(tenantctl('rewrap', @file, '--database', $admin), 'they are sealed under the other one');
    is_deeply(in_use(), { 'seal 2' => 2, 'seal 1' => 0, 'pepper 1' => 3 }, 'which the list tells');
    is_done(tenantctl('keyfile', 'retire', 'seal', 1, @both), 'now it can go');
};

subtest 'retire a pepper' => sub {
    tenantctl('keyfile', 'add', 'pepper', @file);
    write_loaded(2, 2);
    tenantctl('keyfile', 'promote', 'pepper', 2, '--force', @file);
    is_refused(tenantctl('keyfile', 'retire', 'pepper', 1, @both), 1, qr/holds 3 hashes of API keys that are made with pepper 1: replace/,
        'refused: keys are hashed with it');
    my $new = tenantctl('tenant', 'key', $acme, '--json', '--grace-seconds', 3600, @file, '--database', $admin)->json->{api_key};
    tenantctl('tenant', 'key', $_, '--grace-seconds', 0, @file, '--database', $admin) for $globex, $closed;
    is_deeply(in_use(), { 'seal 2' => 2, 'pepper 2' => 3, 'pepper 1' => 1 }, 'one of them is retiring');
    is_refused(tenantctl('keyfile', 'retire', 'pepper', 1, @both), 1, qr/holds 1 hashes/, 'refused: it has its grace');

    my $server = TenantTest::Server->start(database => $conninfo, key_file => $keys);
    is_status(request(GET => '/v1/tenant', to => $server, as => $_), 200, 'httpd takes keys of both peppers') for $new, tenant('acme')->{key};
    sql({ database => $database }, q{UPDATE tenants SET retiring_api_key_expires_at = now() - interval '1 second' WHERE id = ?}, $acme);
    is_done(tenantctl('keyfile', 'retire', 'pepper', 1, @both), 'after its grace the pepper can go');
    $server->graceful;
    is_status(request(GET => '/v1/tenant', to => $server, as => $new), 200, 'and the new key works on');
};

subtest 'the configuration where Debian has it' => sub {
    my $debian = "$folder/debian";
    my $server = TenantTest::Server->prepare(config => qq(TenantDatabase "$conninfo"\nTenantKeyFile "$keys"\n));
    mkdir $debian;
    local $ENV{APACHE_CONFDIR} = $debian;
    is_refused(tenantctl('tenant', 'list'), 2, qr/needs --database CONNINFO, or --config FILE with a TenantDatabase\n/, 'there is none');
    symlink $server->root . '/httpd.conf', "$debian/apache2.conf" or die "symlink: $!";
    is_done(tenantctl('tenant', 'list'), 'there it is: no option is needed');
    is(tenantctl('keyfile', 'list', '--json')->json->{key_file}, $keys, 'nor for the key file');
    is(ref tenantctl('keyfile', 'list', '--json')->json->{keys}[0]{in_use}, '', 'and the database tells what is in use');
    is_done(tenantctl('tenant', 'list', '--database', $admin), 'what is given goes ahead of it');
    $server = TenantTest::Server->prepare(config => '');
    unlink "$debian/apache2.conf";
    symlink $server->root . '/httpd.conf', "$debian/apache2.conf" or die "symlink: $!";
    is_refused(tenantctl('tenant', 'list'), 2, qr{with a TenantDatabase, which \Q$debian\E/apache2\.conf has not}, 'one without the directive is named');
};

# The result of a list of tenants through an httpd configuration.
sub listed {
    my ($config) = @_;
    my $server = TenantTest::Server->prepare(config => $config);
    return tenantctl('tenant', 'list', '--config', $server->root . '/httpd.conf');
}

subtest '--config' => sub {
    is_done(listed(qq(TenantDatabase "$conninfo"\n)), "the module's own connection, as tenant_admin");
    is_done(listed(qq(TenantDatabase "$conninfo" admin="$admin"\n)), 'admin=');
    is_done(listed(qq(TenantDatabase "host=/nowhere" listen="host=/nowhere" admin='$admin'\n)), 'which goes first');
    my ($host, $rest) = split / /, $admin, 2;
    is_done(listed(qq(Define where "$host"\n<IfDefine where>\nTenantDatabase "\${where} \\\n$rest"\n</IfDefine>\n)),
        'variables, sections and lines that go on');
    open my $file, '>', "$folder/included.conf" or die $!;
    print $file qq(<VirtualHost *:1>\ntenantdatabase "user=none" admin="host='@{[ site->{host} ]}' dbname=$database user=tenant_admin"\n</VirtualHost>\n);
    close $file;
    is_done(listed(qq(Include "$folder/*.conf"\n)), 'included files, virtual hosts, quotes');
    is_done(listed(qq(TenantDatabase "$conninfo"\n<VirtualHost *:1>\nTenantDatabase "$conninfo"\n</VirtualHost>\n)), 'the same twice');
    is_refused(listed(qq(TenantDatabase "$conninfo"\n<VirtualHost *:1>\nTenantDatabase "$conninfo application_name=other"\n</VirtualHost>\n)), 2,
        qr/has different TenantDatabase directives: choose with --database/, 'refused: two databases');
    is_refused(listed(''), 2, qr/needs --database CONNINFO, or --config/, 'refused: no TenantDatabase');
    my $unreadable = listed(qq(TenantDatabase "$conninfo"\nTenantKeyFile $folder\n));
    is_refused($unreadable, 1, qr/TenantKeyFile: .*httpd does not accept /s, 'refused: a key file that may not be read');
    unlike($unreadable->{errors}, qr/LoadModule/, 'in the words of httpd, without its whole configuration');
    is_refused(listed("Nonsense on\n"), 1, qr/Invalid command 'Nonsense'.*httpd does not accept /s, 'refused: a configuration that httpd refuses');
    is_refused(tenantctl('tenant', 'list', '--config', "$folder/none.conf"), 1, qr/does not accept/, 'refused: no file');

    my $server = TenantTest::Server->prepare(config => qq(TenantDatabase "host=/nowhere"\nTenantKeyFile "$keys"\nDefaultRuntimeDir "$folder"\n));
    my @config = ('--config', $server->root . '/httpd.conf');
    is_refused(tenantctl('keyfile', 'list', @config), 1, qr/No such file/, 'the database is asked for what is in use');
    is_refused(tenantctl('tenant', 'list', @config), 1, qr/No such file/, 'a database that is away');
    is_done(tenantctl('tenant', 'list', @config, '--database', $admin), 'an option goes before the configuration');
    my $list = tenantctl('keyfile', 'list', '--json', @config, '--database', $admin)->json;
    is($list->{key_file}, $keys, 'the key file comes from there');
    is_deeply([map { $_->{loaded} } @{ $list->{keys} }], [(JSON::PP::true) x 2], 'so does the runtime folder');
};

subtest 'the whole way of a key beside httpd' => sub {
    my $server = TenantTest::Server->start(database => $conninfo, key_file => $keys, server => qq(DefaultRuntimeDir "$folder"));
    my @config = ('--config', $server->root . '/httpd.conf');
    my $key = tenantctl('tenant', 'key', $acme, '--json', @config)->json->{api_key};
    is(tenantctl('keyfile', 'add', 'seal', '--json', @config)->json->{id}, 3, 'a key is added');
    is_refused(tenantctl('keyfile', 'promote', 'seal', 3, @config), 1, qr/httpd has not loaded the seal key 3/, 'httpd does not know it yet');
    $server->graceful;
    is_done(tenantctl('keyfile', 'promote', 'seal', 3, @config), 'after a graceful restart it does');
    is_refused(tenantctl('keyfile', 'retire', 'seal', 2, @config), 1, qr/httpd still makes new values with the seal key 2/, 'it goes on with the old one');
    $server->graceful;
    is_refused(tenantctl('keyfile', 'retire', 'seal', 2, @config), 1, qr/holds 2 secrets/, 'until the next one');
    is_done(tenantctl('rewrap', @config), 'secrets are sealed anew');
    is_done(tenantctl('keyfile', 'retire', 'seal', 2, @config), 'and the old key goes');
    is_status(request(PATCH => '/v1/tenant', to => $server, as => $key, json => { twilio_auth_token => 'new' }), 200, 'httpd seals');
    is_done(tenantctl('doctor', @config), 'all is well');
};

done_testing;
