# SPDX-License-Identifier: Apache-2.0
#
# Servers tell the database that they use it, and with which keys: tenantctl nodes, and what keyfile and doctor make of it.

use strict;
use warnings;

use File::Copy qw(copy);
use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Command;
use TenantTest::Fault qw(wait_until);

my $database = 'tenantctl_nodes';
my $conninfo = database($database);
my $folder = File::Temp::tempdir('nodes.XXXXXX', DIR => site->{scratch});
my %keys = map { $_ => "$folder/$_.keys" } qw(one two);
my @database = ('--database', site->conninfo($database, 'tenant_admin'));

copy(site->{key_file}, $_) || die "$_: $!" for values %keys;
chmod 0600, values %keys;

sub nodes { return @{ tenantctl('nodes', '--json', @database)->json->{nodes} } }
sub findings { return join "\n", map {"$_->{object} $_->{finding}"} grep { $_->{check} eq 'nodes' }
        @{ tenantctl('doctor', '--json', @database, '--key-file', $keys{one})->json->{findings} } }
sub keyfile { my ($server, @arguments) = @_; return tenantctl('keyfile', @arguments, '--key-file', $keys{one}, '--runtime-dir', $server->{logs}, @database) }
sub made_old { return sql({ database => $database }, q{UPDATE nodes SET seen_at = now() - interval '61 s' WHERE name ~ ?}, ":$_[0]\$") }

# While servers cannot tell that they are there, which they do every ten seconds.
sub while_unheard {
    my ($work) = @_;
    my $seen = 'FUNCTION node_seen(text, bigint, text, text[], text[])';
    sql({ database => $database }, "REVOKE EXECUTE ON $seen FROM tenant_api");
    $work->();
    sql({ database => $database }, "GRANT EXECUTE ON $seen TO tenant_api");
    return;
}

is_done(tenantctl('nodes', @database), 'without any server it lists none');
my ($one, $two) = map { TenantTest::Server->start(database => $conninfo, key_file => $keys{$_}, processes => 2) } qw(one two);
my %name = map { $_->port => $_ } $one, $two;
ok((wait_until { nodes() == 2 } 30), 'each server has a row, however many children it has');

subtest 'what is listed' => sub {
    my %node = map { ($_->{name} =~ /:(\d+)\z/) => $_ } nodes();
    is_deeply([sort keys %node], [sort keys %name], 'by its first port');
    my $node = $node{ $one->port };
    is($node->{keys}, 'seal 1, pepper 1', 'its keys');
    is($node->{primary_keys}, 'seal 1, pepper 1', 'those that it makes new values with');
    like($node->{version}, qr/^\d+\.\d+\.\d+\z/, 'its version');
    like($node->{$_}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\z/, $_) for qw(started_at seen_at);
    ok($node->{serves}, 'it serves');
    like(tenantctl('nodes', @database)->{output}, qr/^NAME +VERSION +KEYS /, 'for people it is a table');
    is(findings(), '', 'nothing is wrong with them');
};

subtest 'a row is renewed' => sub {
    while_unheard(sub {
        made_old($one->port);
        is(scalar(grep { !$_->{serves} } nodes()), 1, 'who has not been seen for a minute does not serve');
        like(findings(), qr/:@{[$one->port]} has ended without a word: last seen \d+ s ago/, 'which the doctor tells');
    });
    ok((wait_until { !grep { !$_->{serves} } nodes() } 30), 'it is seen again');
    is(nodes(), 2, 'in the same row');
};

subtest 'a key that only one of them has' => sub {
    is_done(tenantctl(qw(keyfile add seal --key-file), $keys{one}), 'a new key');
    is_refused(keyfile($one, qw(promote seal 2)), 1, qr/httpd has not loaded the seal key 2/, 'nobody has it');
    $one->graceful;
    ok((wait_until { grep { $_->{keys} eq 'seal 1, seal 2, pepper 1' } nodes() } 30), 'one server has it');
    is_refused(keyfile($one, qw(promote seal 2)), 1, qr/:@{[$two->port]}: has not loaded the seal key 2, .* reload it/,
        'the other one is named');
    copy($keys{one}, $keys{two}) or die "$keys{two}: $!";
    $two->graceful;
    ok((wait_until { 2 == grep { $_->{keys} eq 'seal 1, seal 2, pepper 1' } nodes() } 30), 'the other one has it');
    ok((wait_until { nodes() == 2 } 30), 'and the former children are gone');
    is_done(keyfile($one, qw(promote seal 2)), 'the key is promoted');
    like(findings(), qr/^$/, 'and everybody has it');
    is_refused(keyfile($one, qw(retire seal 1)), 1, qr/httpd still makes new values with the seal key 1/, 'the former one is in use');
    $one->graceful;
    ok((wait_until { 1 == grep { $_->{primary_keys} =~ /seal 1/ } nodes() } 30), 'by the other server');
    is_refused(keyfile($one, qw(retire seal 1)), 1, qr/:@{[$two->port]}: still makes new values with the seal key 1: reload it first/,
        '... which is named');
    copy($keys{one}, $keys{two}) or die "$keys{two}: $!";
    $two->graceful;
    ok((wait_until { keyfile($one, qw(retire seal 1))->{status} == 0 } 30), 'it is retired when nobody uses it');
};

subtest 'a key that a server lacks' => sub {
    is_done(tenantctl(qw(keyfile add pepper --key-file), $keys{one}), 'a new pepper');
    is_done(keyfile($one, qw(promote pepper 2 --force)), 'is promoted by force');
    like(findings(), qr/^pepper 2 is primary, and is not loaded by \S+:\d+, \S+:\d+\z/, 'the doctor tells who lacks it');
};

subtest 'a child that is killed' => sub {
    ok((wait_until { nodes() == 2 } 30), 'two servers');
    kill KILL => ($one->workers)[0];
    made_old($one->port);
    ok((wait_until { !grep { !$_->{serves} } nodes() } 30), 'another child goes on');
    is(nodes(), 2, 'in the same row');
};

subtest 'their ends' => sub {
    sql({ database => $database }, "UPDATE nodes SET version = '99.0.0' WHERE name ~ ?", ':' . $two->port . '$');
    like(findings(), qr/:@{[$one->port]} has version \S+, others have 99\.0\.0/, 'versions that differ are told');
    $one->stop;
    ok((wait_until { nodes() == 1 } 30), 'a server that is stopped takes its row with it') or diag explain [nodes()];
    kill KILL => $two->pids;
    sleep 0.5;
    is(nodes(), 1, 'one that is killed cannot');
    made_old($two->port);
    like(findings(), qr/has ended without a word/, 'which the doctor tells');
};

subtest 'without its table' => sub {
    sql({ database => $database }, 'ALTER TABLE nodes RENAME TO former_nodes');
    is_refused(tenantctl('nodes', @database), 1, qr/relation "public\.nodes" does not exist/, 'tenantctl says so');
    is_refused(keyfile($one, qw(promote seal 2)), 1, qr/relation "public\.nodes" does not exist/, '... and promotes nothing unseen');
    sql({ database => $database }, 'ALTER TABLE former_nodes RENAME TO nodes');
};

done_testing;
