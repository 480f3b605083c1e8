# SPDX-License-Identifier: Apache-2.0
# Several hosts in the connection string, and a connection to one that can only read: it does not stick.
use strict;
use warnings;

use File::Temp ();
use Test::More;

use TenantTest;
use TenantTest::Fault;

my $site = TenantTest::Site->make;
my $first = $site->cluster;
my $second = $first->standby('next');

# The hosts of the connection string; they are led elsewhere as addresses are that move.
my $folder = File::Temp->newdir('mt-at-XXXXXX', DIR => '/tmp');

sub lead {
    my (%to) = @_;
    for my $host (keys %to) {
        unlink "$folder/$host";
        symlink $to{$host}->socket_dir, "$folder/$host" or die "$host: $!";
    }
}

sub start_server {
    my ($attributes) = @_;
    return TenantTest::Server->start(site => $site, processes => 2, threads => 10,
        database => "host=$folder/a,$folder/b dbname=tenant user=tenant_api$attributes", server => "TenantCache off\nTenantPool wait=5s");
}

sub acme { my ($server, $method, $target, %option) = @_; return request($method, $target, as => 'acme', to => $server, %option) }

sub create { return acme($_[0], POST => '/v1/products', json => { name => $_[1] }) }

sub name_of { my ($server) = @_; my $response = acme($server, GET => '/v1/products/1'); return $response->status == 200 ? $response->json->{name} : $response->json->{code} }

# What both children read, most likely.
sub seen { my ($server) = @_; my %seen = map { (name_of($server) => 1) } 1 .. 40; return join ' ', sort keys %seen }

sub take_no_writes {
    my ($cluster, $is_so) = @_;
    $cluster->query('postgres', "ALTER SYSTEM SET default_transaction_read_only = $is_so");
    $cluster->query('postgres', 'SELECT pg_reload_conf()');
    wait_until { $cluster->query('postgres', 'SHOW default_transaction_read_only') eq $is_so };
}

lead(a => $second, b => $first);
my %server = (plain => start_server(''), 'read-write' => start_server(' target_session_attrs=read-write'), reader => start_server(''));

subtest 'a standby comes first' => sub {
    for my $name (sort keys %server) {
        is_status(create($server{$name}, $name), 201, "$name: a write");
        is($first->query('tenant', "SELECT count(*) FROM products WHERE name = '$name'"), 1, '... that the primary has');
    }
};

subtest 'the primary takes no writes any more, and the standby is promoted' => sub {
    $first->query('tenant', q{UPDATE products SET name = 'old' WHERE id = 1});
    lead(a => $first, b => $second);
    # new connections go to the primary, which comes first now
    $site->dbh->do(q{SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'tenant_api'});
    $_->disconnect for values %{ $site->{dbh} };
    is(seen($_), 'old', 'it serves') for values %server;
    ok((wait_until { $second->query('tenant', 'SELECT name FROM products WHERE id = 1') eq 'old' } 30), 'the standby has it all');
    take_no_writes($first, 'on');
    $second->promote;
    $second->query('tenant', q{UPDATE products SET name = 'new' WHERE id = 1});
    for my $name ('plain', 'read-write') {
        ok((wait_until { create($server{$name}, "$name again")->status == 201 } 30), "$name: writes go on");
        is($second->query('tenant', "SELECT count(*) FROM products WHERE name = '$name again'"), 1, '... at the new primary');
        ok((wait_until { seen($server{$name}) eq 'new' } 30), '... and it is read') or diag seen($server{$name});
    }
    ok((wait_until { seen($server{reader}) eq 'new' } 60), 'who only reads finds it too') or diag seen($server{reader});
    is(scalar $_->error_log->matching(qr/is refused/), 0, 'nothing is said to be wrong') for values %server;
};

subtest 'none takes writes' => sub {
    take_no_writes($second, 'on');
    is_problem(create($server{plain}, 'in vain'), 503, 'database-away', 'a write');
    ok((wait_until { seen($server{plain}) eq 'new' } 30), 'reads go on') or diag seen($server{plain});
    take_no_writes($second, 'off');
    ok((wait_until { create($server{plain}, 'in the end')->status == 201 } 30), 'then it does again');
};

done_testing;
