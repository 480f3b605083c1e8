# SPDX-License-Identifier: Apache-2.0
# PostgreSQL over the network: TLS does not depend on whose HOME httpd was started with, and who runs it learns whether
# there is any.
use strict;
use warnings;

use File::Copy qw(copy);
use IO::Socket::INET;
use Test::More;

use TenantTest;
use TenantTest::Command;
use TenantTest::Fault;

my $site = TenantTest::Site->make;
my $own_address = sprintf '127.%d.%d.%d', 1 + $$ % 250, 1 + ($$ >> 8) % 250, 2 + time % 250;    # where no other server listens
my $outer_address = outer_address();
offer_tls();

# The machine's own address on a network, if it has any; nothing is sent.
sub outer_address {
    my $socket = IO::Socket::INET->new(Proto => 'udp', PeerAddr => '192.0.2.1', PeerPort => 9) or return undef;
    return $socket->sockhost =~ /^127\./ ? undef : $socket->sockhost;
}

# Has the site's PostgreSQL listen there, with TLS.
sub offer_tls {
    my $data = $site->cluster->data_dir;
    for ([certificate => 'server.crt'], [certificate_key => 'server.key']) {
        copy($site->{ $_->[0] }, "$data/$_->[1]") or die "$_->[1]: $!";
        chmod 0600, "$data/$_->[1]";
    }
    open my $hba, '>>', "$data/pg_hba.conf" or die "pg_hba.conf: $!";
    print $hba "host all all samenet trust\n";
    close $hba;
    my $addresses = join ',', grep {defined} $own_address, $outer_address;
    $site->dbh->do("ALTER SYSTEM SET $_") for "listen_addresses = '$addresses'", 'ssl = on';
    restart($site, 'fast');
}

# A connection string that leads there.
sub over_network {
    my (@words) = @_;
    return join ' ', "host=$own_address dbname=tenant user=tenant_api", @words;
}

# Whether the module's connections are encrypted.
sub are_encrypted {
    my ($ssl) = $site->dbh->selectrow_array('SELECT bool_and(s.ssl) FROM pg_stat_activity JOIN pg_stat_ssl s USING (pid)'
        . q{ WHERE usename = 'tenant_api' AND client_addr IS NOT NULL});
    return $ssl;
}

my @cases = (
    ['sslmode=require', 1, qr/notice.* database connections to \Q$own_address\E are encrypted, whoever answers \(sslmode=require\)/],
    ['sslmode=prefer', 1, qr/are in the clear where the server offers no TLS, or somebody between says so \(sslmode=prefer\)/],
    ['', 1, qr/are in the clear where the server offers no TLS, or somebody between says so \(sslmode=prefer\)/],
    ['sslmode=disable', 0, qr/are in the clear \(sslmode=disable\)/],
    ["sslmode=verify-ca sslrootcert=$site->{ca_file}", 1, qr/server's certificate is verified \(sslmode=verify-ca\)/],
);
for (@cases) {
    my ($words, $encrypted, $line) = @$_;
    subtest "`$words`, with the HOME of another user" => sub {
        my $home = File::Temp::tempdir('home.XXXXXX', DIR => $site->{scratch});
        chmod 0, $home;
        local %ENV = (%ENV, HOME => $home);
        my $server = TenantTest::Server->start(site => $site, processes => 1, database => over_network($words));
        is_status(request(GET => '/v1/calls', as => 'acme', to => $server), 200, 'is served');
        is(!!are_encrypted(), !!$encrypted, $encrypted ? 'encrypted' : 'in the clear');
        like(whole($server), $line, 'the start says how');
        chmod 0700, $home;
    };
}

# All of a server's log.
sub whole {
    my ($server) = @_;
    open my $file, '<', $server->root . '/error_log' or die "error_log: $!";
    local $/;
    return scalar <$file>;
}

subtest 'a socket of the machine' => sub {
    my $server = TenantTest::Server->start(site => $site, processes => 1);
    unlike(whole($server), qr/database connections to/, 'is nothing to speak of');
};

subtest 'doctor' => sub {
    my $doctor = sub {
        my ($host, $mode) = @_;
        return tenantctl('doctor', '--json', '--key-file', $site->{key_file}, '--database',
            "host=$host dbname=tenant user=tenant_admin sslmode=$mode");
    };
    is_done($doctor->($site->{host}, 'disable'), 'a socket');
    is_done($doctor->($own_address, 'disable'), "the machine's own address");
    if ($outer_address) {
        is_done($doctor->($outer_address, 'require'), 'encrypted');
        is_deeply($doctor->($outer_address, 'disable')->json->{findings},
            [{ check => 'connection', object => $outer_address,
                finding => 'is reached in the clear: set sslmode=verify-full and sslrootcert, or require at least' }], 'in the clear');
    }
};

done_testing;
