# SPDX-License-Identifier: Apache-2.0
#
# tenantctl rewrap: what it seals, what it leaves, alone and beside others.

use strict;
use warnings;

use DBI ();
use File::Copy qw(copy);
use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Command;

my $database = 'tenantctl_rewrap';
my $conninfo = database($database);
my $keys     = site->{scratch} . '/rewrap.keys';
my @file     = ('--key-file', $keys);
my @both     = ('--database', site->conninfo($database, 'tenant_admin'), @file);
my ($acme, $globex) = map { tenant($_)->{id} } qw(acme globex);
my @columns = qw(twilio_auth_token twilio_api_key_secret);
my $previous = 'twilio_auth_token_previous';
my $COUNT   = 600;    # of tenants with a token, where time matters

copy(site->{key_file}, $keys) or die "$keys: $!";
chmod 0600, $keys;

sub stored {
    my ($id, $column) = @_;
    return row({ database => $database }, 'SELECT ' . ($column // $columns[0]) . ' FROM tenants WHERE id = ?', $id);
}

sub store {
    my ($id, $value, $column) = @_;
    sql({ database => $database }, 'UPDATE tenants SET ' . ($column // $columns[0]) . ' = ? WHERE id = ?', $value, $id);
    return;
}

# What is in a stored value.
sub unsealed {
    my ($id, $column, $place) = @_;
    my $file = File::Temp->new;
    print $file stored($id, $column), "\n";
    close $file;
    my $text = qx(build/unit/unseal '$keys' $id tenants @{[ $place // $column // $columns[0] ]} <'$file');
    chomp $text;
    return $text;
}

sub set_secrets {
    my ($id, $token, $secret) = @_;
    is_done(tenantctl({ input => "$token\n$secret\n" }, 'tenant', 'set', $id, '--twilio-auth-token', '--twilio-api-key-secret', @both),
        "tenant $id has secrets");
    return;
}

# The counts of a run, by column.
sub counts {
    my ($run) = @_;
    my %counts = map { ($_->{column} => $_) } @{ $run->json->{columns} };
    delete @{$_}{qw(table column)} for values %counts;
    return \%counts;
}

sub count {
    my %counts = (current => 0, rewrapped => 0, sealed => 0, plaintext => 0, unreadable => 0, @_);
    return \%counts;
}

# Makes the next key of the file primary.
sub new_primary {
    my $id = tenantctl('keyfile', 'add', 'seal', '--json', @file)->json->{id};
    tenantctl('keyfile', 'promote', 'seal', $id, '--force', @file);
    return $id;
}

subtest 'a new primary key' => sub {
    set_secrets($acme, 'acme-token', 'acme-secret');
    set_secrets($globex, 'globex-token', 'globex-secret');
    is_deeply(counts(tenantctl('rewrap', '--json', @both)), { $previous => count(), map { ($_ => count(current => 2)) } @columns },
        'there is nothing to do at first');
    my @before = map { stored($acme, $_) } @columns;
    is(new_primary(), 2, 'another key becomes primary');
    my $run = tenantctl('rewrap', '--json', @both);
    is_done($run, 'everything is sealed under it');
    is($run->json->{primary}, 2, 'which is told');
    is_deeply(counts($run), { $previous => count(), map { ($_ => count(current => 2, rewrapped => 2)) } @columns }, 'and counted');
    is(unsealed($acme, $columns[0]), 'acme-token', 'the token is the same');
    is(unsealed($globex, $columns[1]), 'globex-secret', 'so is the secret');
    is_done(tenantctl('rewrap', @both), 'a second run has nothing to do');
    is_done(tenantctl('keyfile', 'retire', 'seal', 1, '--force', @file), 'the old key can go');
    is(unsealed($acme, $columns[1]), 'acme-secret', 'nothing needs it');
    store($acme, $before[0]);
    $run = tenantctl('rewrap', '--json', @both);
    is($run->{status}, 1, 'what needs it after all fails');
    is_deeply(counts($run)->{ $columns[0] }, count(current => 1, unreadable => 1), 'is counted');
    is($run->{errors}, "tenantctl: tenants.twilio_auth_token of tenant $acme (row $acme) is sealed with a key that the key file lacks\n", 'and told');
    is(stored($acme), $before[0], 'and stays');
    store($acme, undef);
};

subtest 'a token that is being replaced' => sub {
    my $under  = sub { stored($acme, $previous) =~ /\Amt1\.\w+\.([0-9]+)\./ ? $1 : 0 };
    my $in_use = sub { (map { $_->{in_use} } grep { "$_->{purpose} $_->{id}" eq "seal $_[0]" } @{ tenantctl('keyfile', 'list', '--json', @both)->json->{keys} })[0] };

    set_secrets($acme, 'old-token', 'acme-secret');
    my $before = $in_use->(2);
    sql({ database => $database }, "UPDATE tenants SET twilio_auth_token = NULL, twilio_auth_token_previous_until = now() + interval '1 hour' WHERE id = ?", $acme);
    is(unsealed($acme, $previous, $columns[0]), 'old-token', 'has moved, and opens as it did');
    is($in_use->(2), $before, 'and needs its key');
    my $primary = new_primary();
    my $run = tenantctl('rewrap', '--json', @both);
    is_done($run, 'another key becomes primary');
    is_deeply(counts($run)->{$previous}, count(current => 1, rewrapped => 1), 'it is sealed anew');
    is($under->(), $primary, 'under that key');
    is(unsealed($acme, $previous, $columns[0]), 'old-token', 'as it was');
    is($in_use->(2), 0, 'the former key is of no use');
    $before = $in_use->($primary);
    sql({ database => $database }, 'ALTER TABLE tenants DISABLE TRIGGER tenant_token_grace');
    sql({ database => $database }, 'UPDATE tenants SET twilio_auth_token_previous_until = now() WHERE id = ?', $acme);
    sql({ database => $database }, 'ALTER TABLE tenants ENABLE TRIGGER tenant_token_grace');
    is($in_use->($primary), $before - 1, 'past its time it needs no key');
    is_deeply(counts(tenantctl('rewrap', '--json', @both))->{$previous}, count(), 'nor is it sealed');
    is(stored($acme, $previous), undef, 'but removed');
};

subtest 'what an earlier system left in clear' => sub {
    store($acme, 'left-canary');
    store($globex, '', $columns[1]);
    my $run = tenantctl('rewrap', '--json', @both);
    is($run->{status}, 1, 'is told');
    is_deeply(counts($run), { $columns[0] => count(current => 1, plaintext => 1), $columns[1] => count(current => 1, plaintext => 1),
        $previous => count() }, 'and counted');
    like($run->{errors}, qr/auth_token of tenant $acme \(row $acme\) is in clear\n.*secret of tenant $globex \(row $globex\) is empty\n\z/, 'by its place');
    unlike($run->{errors} . $run->{output}, qr/canary/, 'never itself');
    is(stored($acme), 'left-canary', 'it stays');
    $run = tenantctl('rewrap', '--plaintext', '--json', @both);
    is($run->{status}, 1, '--plaintext leaves what is empty');
    is_deeply(counts($run)->{ $columns[0] }, count(current => 2, sealed => 1), 'and seals the rest');
    is(unsealed($acme), 'left-canary', 'as it was');
    store($globex, undef, $columns[1]);
    is_done(tenantctl('rewrap', '--plaintext', @both), 'then all is well');
};

subtest 'what cannot be opened' => sub {
    set_secrets($globex, 'globex-token', 'globex-secret');
    my $right = stored($acme);
    my %wrong = (
        "another tenant's" => stored($globex),
        "another column's" => stored($acme, $columns[1]),
        'altered'          => substr($right, 0, -1) . ($right =~ /A\z/ ? 'B' : 'A'),
        'cut'              => substr($right, 0, -4),
        'another version'  => $right =~ s/mt1/mt2/r,
        'another cipher'   => $right =~ s/xchacha20poly1305/rot13/r,
        'no key'           => $right =~ s/1305\.\d+/1305.0/r,
    );
    new_primary();
    for (sort keys %wrong) {
        store($acme, $wrong{$_});
        my $run = tenantctl('rewrap', '--plaintext', '--json', @both);
        is($run->{status}, 1, "$_: told");
        is(counts($run)->{ $columns[0] }{unreadable}, 1, "$_: counted");
        like($run->{errors}, qr/\Atenantctl: tenants\.twilio_auth_token of tenant $acme \(row $acme\) cannot be opened\n\z/, "$_: named");
        is(stored($acme), $wrong{$_}, "$_: left as it is");
    }
    store($acme, undef);
};

# A transaction that holds a row.
sub hold {
    my ($id, $sql) = @_;
    my $dbh = DBI->connect('dbi:Pg:host=' . site->{host} . ";dbname=$database", site->{superuser}, '',
        { RaiseError => 1, AutoCommit => 0 });
    $dbh->do($sql // 'SELECT FROM tenants WHERE id = ? FOR UPDATE', undef, $id);
    return $dbh;
}

sub wait_for {
    my ($what) = @_;
    my $until = time + 10;
    sleep 0.02 until $what->() || time > $until;
    return;
}

my $waiting = sub {
    return row("SELECT count(*) FROM pg_stat_activity WHERE datname = '$database' AND application_name = 'tenantctl' AND wait_event_type = 'Lock'");
};

subtest 'a row that somebody changes meanwhile' => sub {
    set_secrets($acme, 'old-token', 'old-secret');
    my $new = stored($acme);
    set_secrets($acme, 'older-token', 'old-secret');
    my $primary = new_primary();
    my $dbh = hold($acme, 'UPDATE tenants SET twilio_auth_token = ' . site->dbh($database)->quote($new) . ' WHERE id = ?');
    my $rewrap = start_tenantctl('rewrap', '--json', @both);
    wait_for($waiting);
    is($waiting->(), 1, 'rewrap waits for the row');
    $dbh->commit;
    $rewrap->wait;
    is_done($rewrap, 'and goes on');
    is(unsealed($acme), 'old-token', 'the change is kept');
    like(stored($acme), qr/1305\.$primary\./, 'under the primary key');
    is(counts($rewrap)->{ $columns[0] }{rewrapped}, 2, 'and counted once');

    new_primary();
    $dbh = hold($acme, 'UPDATE tenants SET twilio_auth_token = NULL WHERE id = ?');
    $rewrap = start_tenantctl('rewrap', '--json', @both);
    wait_for($waiting);
    $dbh->commit;
    is_done($rewrap->wait, 'a value that is unset meanwhile is no error');
    is(stored($acme), undef, 'and stays unset');
    $dbh->disconnect;
};

subtest 'beside the API' => sub {
    my $server = TenantTest::Server->start(database => $conninfo, key_file => $keys);
    my $token  = sub { sprintf 'token-%04d', $_[0] };
    my $patch  = sub { request(PATCH => '/v1/tenant', to => $server, as => 'acme', json => { twilio_auth_token => $token->($_[0]) }) };
    is_status($patch->(0), 200, 'the API seals under the key that it knows');
    my $primary = new_primary();
    my $writer = fork // die "fork: $!";
    if (!$writer) {
        $patch->($_) for 1 .. 60;
        POSIX::_exit(0);
    }
    tenantctl('rewrap', '--json', @both) for 1 .. 5;
    waitpid $writer, 0;
    is_done(tenantctl('rewrap', @both), 'once nobody seals under the old one any more');
    is(unsealed($acme), $token->(60), 'the last change stands');
    like(stored($acme), qr/1305\.$primary\./, 'under the new one');
    is_status($patch->(61), 200, 'and the API goes on');
};

# Tenants with tokens in clear.
sub make_many {
    sql({ database => $database }, q{DELETE FROM tenants WHERE name = 'many'});
    sql({ database => $database }, q{INSERT INTO tenants (name, status, api_key_hash, twilio_auth_token)
        SELECT 'many', 'active', '!' || gen_random_uuid(), 'many-' || n FROM generate_series(1, ?) n}, $COUNT);
    return column({ database => $database }, q{SELECT id FROM tenants WHERE name = 'many' ORDER BY id});
}

subtest 'two at the same time' => sub {
    my @ids = make_many();
    my @runs = map { start_tenantctl('rewrap', '--plaintext', '--json', @both) } 1, 2;
    is_done($_->wait, 'each ends well') for @runs;
    my ($first, $second) = map { counts($_)->{ $columns[0] }{sealed} } @runs;
    is($first + $second, $COUNT, "every value is sealed once, $first and $second");
    is(unsealed($ids[-1]), "many-$COUNT", 'as it was');
    is(row({ database => $database }, q{SELECT count(DISTINCT twilio_auth_token) FROM tenants WHERE name = 'many' AND twilio_auth_token LIKE 'mt1.%'}),
        $COUNT, 'each differs');
};

subtest 'interrupted' => sub {
    my @ids = make_many();
    my $dbh = hold($ids[$COUNT / 2]);
    my $rewrap = start_tenantctl('rewrap', '--plaintext', @both);
    wait_for($waiting);
    kill TERM => $rewrap->{pid};
    is($rewrap->wait->{status}, 128 + 15, 'rewrap is killed half way');
    $dbh->rollback;
    wait_for(sub { !row("SELECT count(*) FROM pg_stat_activity WHERE datname = '$database' AND application_name = 'tenantctl'") });
    my $done = sub { row({ database => $database }, q{SELECT count(*) FROM tenants WHERE name = 'many' AND twilio_auth_token LIKE 'mt1.%'}) };
    my $half = $done->();    # PostgreSQL may have finished the statement that waited
    ok($half == $COUNT / 2 || $half == $COUNT / 2 + 1, 'half of it is done') or diag $half;
    my $run = tenantctl('rewrap', '--plaintext', '--json', @both);
    is_done($run, 'the next one goes on');
    is(counts($run)->{ $columns[0] }{sealed}, $COUNT - $half, 'with the other half');
    is($done->(), $COUNT, 'and all is done');
    is(row({ database => $database }, q{SELECT count(*) FROM tenants WHERE name = 'many' AND twilio_auth_token ~ '^mt1[.].*mt1[.]'}), 0, 'once');

    $dbh = hold($ids[0]);
    new_primary();
    $run = tenantctl('rewrap', '--json', @both);
    is($run->{status}, 1, 'a row that is held too long is a failure');
    like($run->{errors}, qr/lock timeout; run it again to go on\n\z/, 'that says what to do');
    $dbh->disconnect;
};

done_testing;
