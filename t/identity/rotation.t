# SPDX-License-Identifier: Apache-2.0
#
# Keys are replaced while fifty requests a second go on: a tenant's API key, a pepper and a sealing key of the key
# file, step by step as docs/tenantctl.md has it. No request fails.

use strict;
use warnings;

use File::Copy qw(copy);
use Test::More;
use TenantTest;
use TenantTest::Fault qw(wait_until);
use TenantTest::Load;

my $database = 'rotation';
my $conninfo = database($database);
my $admin = site->conninfo($database, 'tenant_admin');
my $key_file = site->{scratch} . '/rotation.keys';
copy(site->{key_file}, $key_file) or die "$key_file: $!";
chmod 0600, $key_file;

my $server = TenantTest::Server->start(database => $conninfo, key_file => $key_file);
my $key = tenant('acme')->{key};
my $id = tenant('acme')->{id};

# tenantctl's output; the command has to succeed.
sub tenantctl {
    my (@arguments) = @_;
    open my $out, '-|', 'build/tenantctl', @arguments or die "tenantctl: $!";
    my $output = do { local $/; <$out> } // '';
    ok(close $out, "tenantctl @arguments[0 .. 1]");
    return $output;
}

sub on_both  { return ('--key-file', $key_file, '--database', $admin) }
sub on_all   { return (on_both(), '--runtime-dir', $server->{logs}) }

# That key 2 becomes the primary one, once the children that do not know it are gone.
sub promote {
    my ($purpose) = @_;
    return ok((wait_until { system('build/tenantctl', 'keyfile', 'promote', $purpose, 2, on_all()) == 0 } 30), "$purpose 2 is promoted");
}

sub key_ids  { return column({ database => $database }, 'SELECT DISTINCT split_part(api_key_hash, \':\', 1) FROM tenants WHERE id = ?', $id) }
sub sealed_under {
    return column({ database => $database }, q{SELECT DISTINCT split_part(twilio_auth_token, '.', 3) FROM tenants
        WHERE twilio_auth_token IS NOT NULL});
}

# Fifty requests a second, the key being whichever is in force: a file tells the processes of the load.
my $current = site->{scratch} . '/rotation.key';
sub use_key {
    open my $file, '>', "$current.new" or die "$current: $!";
    print $file $_[0];
    close $file;
    rename "$current.new", $current or die "$current: $!";
}
sub in_force {
    open my $file, '<', $current or die "$current: $!";
    return <$file>;
}

sub load_of {
    my ($name, $method, $path, @content) = @_;
    return { name => $name, pause => 0.08, client => sub { client(to => $server) },
        request => sub { $_[0]->request($method, $path, headers => [bearer(in_force()), @content ? ('Content-Type' => 'application/json') : ()],
            @content ? (body => $content[0]) : ()) } };
}

use_key($key);
is_status(request(PATCH => '/v1/tenant', to => $server, as => $key, json => { twilio_auth_token => 'canary' }), 200, 'a sealed token');
is_deeply([sealed_under()], [1], 'under the first sealing key');

my $load = TenantTest::Load->start(
    load_of('profile', GET => '/v1/tenant'),
    load_of('read', GET => '/v1/calls/1'),
    load_of('list', GET => '/v1/calls?limit=10'),
    load_of('seal', PATCH => '/v1/tenant', '{"twilio_api_key_secret": "canary"}'),
);

subtest 'the API key' => sub {
    for (1 .. 3) {
        my $rotated = request(POST => '/v1/tenant/key', to => $server, as => in_force(), json => { grace_seconds => 60 });
        is_status($rotated, 200, 'the tenant has a new one') or last;
        use_key($rotated->json->{api_key});
        $load->wait_for_next or die 'the load stands still';    # the next rotation ends the key that a request may still have
    }
};

subtest 'the sealing key' => sub {
    tenantctl(qw(keyfile add seal), '--key-file', $key_file);
    my $refused = system ('build/tenantctl', qw(keyfile promote seal 2), on_all());
    isnt($refused, 0, 'not promoted while httpd does not know it');
    $server->graceful;
    promote('seal');
    $server->graceful;
    is_status(request(PATCH => '/v1/tenant', to => $server, as => in_force(), json => { twilio_auth_token => 'canary' }), 200);
    is_deeply([sealed_under()], [2], 'the new one is in use');
    tenantctl('rewrap', on_both());
    ok((wait_until { system('build/tenantctl', qw(keyfile retire seal 1), on_all()) == 0 } 30), 'the first one is retired');
    $server->graceful;
    is_status(request(GET => '/v1/tenant', to => $server, as => in_force()), 200, 'all that is sealed can be opened');
};

subtest 'the pepper' => sub {
    tenantctl(qw(keyfile add pepper), '--key-file', $key_file);
    $server->graceful;
    promote('pepper');
    $server->graceful;
    my $rotated = request(POST => '/v1/tenant/key', to => $server, as => in_force(), json => { grace_seconds => 60 });
    is_status($rotated, 200);
    use_key($rotated->json->{api_key});
    is_deeply([key_ids()], [2], 'new keys are stored under the new one');
    is_status(request(GET => '/v1/tenant', to => $server, as => 'globex'), 200, 'old ones go on working under theirs');
};

select undef, undef, undef, 1.5;
subtest 'no request failed' => sub {
    my @answers = $load->stop;
    my @failed = grep { $_->{status} != 200 } @answers;

    cmp_ok(scalar @answers, '>', 100, 'there was a load');
    is(scalar @failed, 0, 'and no failure') or diag explain [@failed[0 .. ($#failed > 3 ? 3 : $#failed)]];
};

done_testing;
