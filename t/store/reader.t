# SPDX-License-Identifier: Apache-2.0
# A standby that answers reads (TenantDatabase read=): what comes from it, what does not, and that no client notices when it
# is away, behind, or another server than it was.
use strict;
use warnings;

use Test::More;

use TenantTest;
use TenantTest::Fault;
use TenantTest::Reader;

my $site = TenantTest::Site->make;
my $primary = $site->cluster;
my $standby = $primary->standby('reader');

my $acme = $site->{tenants}{acme}{id};
my $globex = $site->{tenants}{globex}{id};

# As another node would.
sub rename_product {
    my ($tenant, $name) = @_;
    $primary->query('tenant', "UPDATE products SET name = '$name' WHERE id = (SELECT min(id) FROM products WHERE tenant_id = $tenant)");
    return;
}

my ($first, $foreign) = map { $site->dbh->selectrow_array('SELECT min(id) FROM products WHERE tenant_id = ?', undef, $_) } $acme, $globex;
my $patient = start_server($site, $standby, '1h');
my $plain = TenantTest::Server->start(site => $site);    # which asks the primary alone

subtest 'what comes from the standby' => sub {
    my $log = $patient->error_log;
    ok((wait_until { is_read($patient) } 30), 'reads do');
    my $failed = reads($patient, 'primary-failed');
    my %asked = (
        'a row' => [GET => '/v1/calls/1'],
        'a HEAD' => [HEAD => '/v1/calls/1'],
        'a row that is not there' => [GET => '/v1/calls/99999999'],
        'a list' => [GET => '/v1/messages'],
        'a filtered list' => [GET => '/v1/calls?status=completed&order=created_at.asc'],
        'a count' => [GET => '/v1/calls?limit=1', headers => [Prefer => 'count=exact']],
        'the settings' => [GET => '/v1/settings'],
        'the profile' => [GET => '/v1/tenant'],
        'a stream' => [GET => '/v1/calls', headers => [Accept => 'application/x-ndjson']],
        'a stream of CSV' => [GET => '/v1/calls', headers => [Accept => 'text/csv']],
        'users' => [GET => '/v1/users'],
    );
    for (sort keys %asked) {
        my ($method, $target, @option) = @{ $asked{$_} };
        my $before = reads($patient);
        my $one = ask($patient, $method, $target, @option);
        ok($one->status == 200 || $one->status == 404, "$_: " . $one->status);
        cmp_ok(reads($patient), '>', $before, "$_ comes from there");
        my $other = ask($plain, $method, $target, @option);
        is($one->header('ETag'), $other->header('ETag'), "$_: another server has the same ETag");
        is($one->body, $other->body, "$_: and the same body") if !/profile|not there/;
    }
    is(reads($patient, 'primary-failed'), $failed, 'nothing was asked in vain');
    cmp_ok($standby->query('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'tenant_api' AND application_name = 'mod_tenant'}), '>', 0, 'there are connections');
    is($log->matching(qr/\[tenant:(?:warn|error|crit)/), 0, 'and nothing to complain of') or diag $log->text;
};

subtest 'what a tenant has written' => sub {
    ok(pause($standby), 'the standby replays nothing');
    rename_product($globex, 'by another node');
    my $before = reads($patient);
    my @wrong;
    for my $n (1 .. 20) {
        my $new = ask($patient, POST => '/v1/products', json => { name => "new $n" });
        my $path = $new->header('Location') // die $new->body;
        my $read = ask($patient, GET => $path);
        push @wrong, "$n: a new row is " . $read->status if $read->status != 200;
        my $changed = ask($patient, PATCH => $path, json => { name => "changed $n" }, headers => ['If-Match' => $read->header('ETag') // '-']);
        push @wrong, "$n: the change is " . $changed->status if $changed->status != 200;
        push @wrong, "$n: the change is not seen" if ask($patient, GET => $path)->json->{name} ne "changed $n";
        push @wrong, "$n: nor in the list" if ask($patient, GET => '/v1/products?limit=1&order=id.desc')->json->{data}[0]{name} ne "changed $n";
        push @wrong, "$n: the removal is " . $_ for grep { $_ != 204 } ask($patient, DELETE => $path)->status;
        push @wrong, "$n: what is gone is there" if ask($patient, GET => $path)->status != 404;
    }
    is("@wrong", '', 'is seen by its next read');
    cmp_ok(reads($patient, 'primary-wrote'), '>=', 80, 'from the primary');
    is(reads($patient), $before, 'and not from the standby');
    my $other = request(GET => "/v1/products/$foreign", as => 'globex', to => $patient);
    is_status($other, 200, 'another tenant reads');
    isnt($other->json->{name}, 'by another node', 'from the standby, which may be behind');
    $patient->graceful;
    is(ask($patient, GET => '/v1/products?limit=1&order=id.desc')->json->{data}[0]{name}, 'product 25 of acme', 'what was removed is not seen after a graceful restart either');
    is(request(GET => "/v1/products/$foreign", as => 'globex', to => $patient, headers => ['Cache-Control' => 'max-age=0, no-cache'])->json->{name}, 'by another node',
        'unless it asks for what is newest');
    resume($standby);
    ok((wait_until { is_read($patient) } 30), 'once the standby has it the tenant reads there again');
    is(request(GET => "/v1/products/$foreign", as => 'globex', to => $patient)->json->{name}, 'by another node', 'so does the other one');
};

subtest 'what another node has written, and this one says again' => sub {
    my $node = TenantTest::Server->start(site => $site, processes => 1, threads => 5);
    ok((wait_until { is_read($patient) } 30), 'the standby is used');
    ok(pause($standby), 'it replays nothing');
    my @user = (POST => '/v1/users', json => { email => 'twice@example.com', password => 'correct horse battery' }, headers => ['Idempotency-Key' => 'of-a-user']);
    is_status(ask($node, @user), 201, 'a user');
    my $again = ask($patient, @user);
    is($again->header('Idempotency-Replayed'), 'true', 'the answer comes again');
    is_status(ask($patient, GET => $again->header('Location')), 200, 'and what it tells of is seen by the next read');
    resume($standby);
    ok((wait_until { is_read($patient) } 30), 'the standby is used again');
};

subtest 'what a child without the standby has written, when a reload has brought it' => sub {
    my $without = 'TenantDatabase "' . leads_to($primary) . '"';
    my $with = $without . ' read="' . leads_to($standby) . '" lag=1h';
    role_setting($site, $_ => '60s') for qw(lock_timeout statement_timeout);
    my $node = TenantTest::Server->start(
        site => $site, processes => 2, database => undef, pool => 'statement=60s',
        server => join "\n", $without, '<Location "/metrics">', 'TenantHandler metrics', '</Location>'
    );
    my $lock = TenantTest::Fault::Lock->new($site, undef, "SELECT FROM products WHERE id = $first FOR UPDATE")->hold;
    my $write = $node->client->send(
        PATCH => "/v1/products/$first",
        headers => [bearer('acme'), 'Content-Type' => 'application/merge-patch+json'],
        body => '{"name": "by the old child"}'
    );
    is(scalar(waiting_backends($site, 1)), 1, 'a write is under way');
    $node->reconfigure(sub { s/^\Q$without\E$/$with/m })->graceful;
    ok((wait_until { is_read($node) } 30), 'the next child reads from the standby');
    ok(pause($standby), 'which replays nothing from now on');
    $lock->release;
    is_status($write->receive, 200, 'the write ends');
    is(ask($node, GET => "/v1/products/$first")->json->{name}, 'by the old child', 'and is seen by the next read');
    resume($standby);
};

subtest 'a tag from the standby' => sub {
    my $read = ask($patient, GET => "/v1/products/$first");
    my $unchanged = ask($patient, GET => "/v1/products/$first", headers => ['If-None-Match' => $read->header('ETag')]);
    is_status($unchanged, 304, 'is known there');
    is_status(ask($patient, PATCH => "/v1/products/$first", json => { name => 'tagged' }, headers => ['If-Match' => $read->header('ETag')]), 200, 'and at the primary');
    is_problem(ask($patient, PATCH => "/v1/products/$first", json => { name => 'again' }, headers => ['If-Match' => $read->header('ETag')]), 412, 'precondition-failed', 'once');
};

subtest 'a tenant that is switched off' => sub {
    pause($standby);
    $primary->query('tenant', "UPDATE tenants SET status = 'inactive' WHERE id = $globex");
    ok((wait_until { request(GET => "/v1/products/$foreign", as => 'globex', to => $patient)->status == 403 }), 'is refused, whatever the standby knows');
    $primary->query('tenant', "UPDATE tenants SET status = 'active' WHERE id = $globex");
    resume($standby);
};

subtest 'a standby that is behind' => sub {
    my $strict = start_server($site, $standby, '3s');
    my $log = $strict->error_log;
    ok((wait_until { is_read($strict) } 30), 'is used as long as it is not');
    sleep 5;
    ok((wait_until { is_read($strict) } 30), 'nor where nobody writes');
    pause($standby);
    rename_product($acme, 'newer');
    ok((wait_until { ask($strict, GET => "/v1/products/$first")->json->{name} eq 'newer' } 30), 'then the primary is asked');
    cmp_ok(reads($strict, 'primary-behind'), '>', 0, 'and counted');
    ok($log->wait_for(qr/TenantDatabase read= is not used, the primary answers: it is more than 3000 ms behind/), 'the log says so');
    is(is_up($strict, 0), 0, 'so do the figures');
    cmp_ok(TenantTest::Scrape->of($strict)->value('mod_tenant_reader_lag_seconds'), '>', 1, 'which know how far');
    is_status(ask($strict, GET => '/v1/ready'), 200, 'the server is ready');
    resume($standby);
    ok($log->wait_for(qr/TenantDatabase read= is used again/), 'until it has caught up');
    ok((wait_until { is_read($strict) } 30), 'and is used');
    is(is_up($strict, 1), 1, 'the figures say so');
    is(scalar(my @lines = $log->matching(qr/TenantDatabase read=/)), 2, 'in two lines');
};

# What the survey asks a server (mod_tenant/store/surveyor.sql), and where its log ends by that.
sub surveyed {
    my ($cluster, $name) = @_;
    open my $file, '<', 'mod_tenant/store/surveyor.sql' or die "surveyor.sql: $!";
    my $text = do { local $/; <$file> };
    my ($server) = $text =~ /^-- part server\n(.*?)^-- text/ms;
    my ($sql) = $text =~ /^-- text $name\n(.*?)(?:^-- (?:text|statement) |\z)/ms;
    return (split /\|/, $cluster->query('tenant', $sql =~ s/^:server$/$server/mr, 'tenant_api'))[-1];
}

subtest 'where the log ends' => sub {
    my $end = sub { $primary->query('tenant', q{SELECT pg_current_wal_insert_lsn() - '0/0'}) };
    my $segment = $primary->query('tenant', q{SELECT pg_size_bytes(current_setting('wal_segment_size'))});
    my $is_end = sub {    # of a log that ends behind a header; whether both servers say the same; others may write too
        my ($fill, $is_there) = @_;
        for (1 .. 20) {
            $fill->();
            next if !$is_there->();
            my $same = wait_until { surveyed($primary, 'primary') == surveyed($standby, 'reader') } 2;
            return $same if $is_there->();
        }
        return diag 'the log never ends there';
    };
    ok($is_end->(sub { $primary->query('tenant', 'SELECT pg_switch_wal()') }, sub { $end->() % $segment == 40 }), 'behind a full segment');
    my $fill_page = sub {
        my ($before, $after) = split /\|/, $primary->query('tenant', q{SELECT pg_current_wal_insert_lsn() - '0/0', pg_logical_emit_message(false, '', repeat('x', 1000)) - '0/0'});
        my $fill = 8192 - $after % 8192 - ($after - $before - 1000);    # which is rounded up to 8 bytes
        $primary->query('tenant', "SELECT pg_logical_emit_message(false, '', repeat('x', $fill))") if $fill > 1000;
    };
    ok($is_end->($fill_page, sub { $end->() % 8192 == 24 }), 'behind a full page');
};

done_testing;
