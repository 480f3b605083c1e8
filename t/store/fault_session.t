# SPDX-License-Identifier: Apache-2.0
# A connection whose session is not what the module made of it, or what a new one would be, is not used for long.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep);

use TenantTest;
use TenantTest::Fault;

my $site = TenantTest::Site->make;
my $server = TenantTest::Server->start(site => $site, processes => 1, threads => 25);

sub acme {
    my ($method, $target, %option) = @_;
    return request($method, $target, as => 'acme', to => $server, %option);
}

sub post {
    return acme(POST => '/v1/products', json => { name => $_[0] });
}

# Several connections, which are a second old then.
sub fill_pool {
    my $brake = brake($site);
    $brake->hold;
    my @clients = map { $server->client->send(GET => '/v1/calls?limit=1000', headers => [bearer('acme')]) } 1 .. 8;    # which share none
    waiting_backends($site, 8);
    $brake->release;
    is_status($_->receive, 200) for @clients;
    sleep 1;
    return backends($site);
}

# Which of the backends are there still.
sub left {
    my %now = map { $_ => 1 } backends($site);
    return [grep { $now{$_} } @_];
}

# The same, once those have ended whose connections are closed, which takes them a moment.
sub kept {
    my (@pids) = @_;
    wait_until { !@{ left(@pids) } };
    return left(@pids);
}

subtest 'sessions that can only read' => sub {
    $site->dbh->do('ALTER DATABASE tenant SET default_transaction_read_only = on');
    end_backends($site);
    my @pids = fill_pool();
    cmp_ok(@pids, '>=', 8, 'several');
    is_problem(post('x'), 503, 'database-away', 'while new ones are no better a write is refused');
    is_deeply(kept(@pids), [], 'and none of those is kept');
    is_status(acme(GET => '/v1/calls'), 200, 'reads are answered');

    @pids = fill_pool();
    $site->dbh->do('ALTER DATABASE tenant RESET default_transaction_read_only');
    is_status(acme(GET => '/v1/calls/1'), 200, 'a read');
    is_status(post('y'), 201, 'the first write that new ones can take is taken');
    is_deeply(kept(@pids), [], 'and no older connection is kept');
    is_status(acme(PATCH => '/v1/products/1', json => { name => 'z' }), 200, 'an update, too');

    $site->dbh->do('ALTER ROLE tenant_api SET default_transaction_read_only = on');
    end_backends($site);
    @pids = fill_pool();
    $site->dbh->do('ALTER ROLE tenant_api RESET default_transaction_read_only');
    is_status(acme(PATCH => '/v1/products/1', json => { name => 'z' }), 200, 'an update as the first');
    is_deeply(kept(@pids), [], 'no older connection is kept');
};

# What a statement of the site's own leaves behind: a trigger runs it for new products of a certain name.
$site->dbh->do('GRANT TEMPORARY ON DATABASE tenant TO PUBLIC');
$site->dbh->do(<<'SQL');
CREATE FUNCTION litter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE NEW.description;
  RETURN NULL;
END
$$;
CREATE TRIGGER litter AFTER INSERT ON products FOR EACH ROW WHEN (NEW.name = 'left') EXECUTE FUNCTION litter();
SQL

my %litter = (
    'a temporary table in the place of a real one' => [
        'CREATE TEMP TABLE products (id text, tenant_id int, name int[], description point);'
            . 'INSERT INTO pg_temp.products VALUES (NULL, 1, NULL, NULL), (NULL, 2, NULL, NULL)', qr/left behind temporary tables/],
    'one in the place of a catalog' => ['CREATE TEMP TABLE pg_settings (name text, source text, setting text)',
        qr/left behind temporary tables/],
    'row_security'      => ['SET row_security = off', qr/statement \w+: SQLSTATE 42\w+/],
    'search_path'       => ['SET search_path = pg_catalog', qr/statement \w+: SQLSTATE 42\w+/],
    'another time zone' => [q{SET timezone = 'Europe/Berlin'}, qr/left behind the settings TimeZone/],
    'a tenant'          => [q{SELECT set_config('mod_tenant.tenant_id', '2', false)}, qr/left behind a tenant/],
    'another timeout'   => [q{SET statement_timeout = '1h'}, qr/left behind the settings statement_timeout/],
    'a read-only session' => ['SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY', qr/statement products_\w+: SQLSTATE 25006/],
    'an advisory lock'  => ['SELECT pg_advisory_lock(4711)', qr/left behind advisory locks/],
    'a cursor'          => ['DECLARE c CURSOR WITH HOLD FOR SELECT 1', qr/left behind cursors/],
    'a prepared statement' => ['PREPARE p AS SELECT 1', qr/left behind prepared statements/],
    'no prepared statement' => ['DEALLOCATE ALL', qr/statement \w+: SQLSTATE 26000/],
    'a LISTEN'          => ['LISTEN x', qr/left behind a LISTEN/],
);

# Whatever one tenant's request has left there, those that come after it get what is right.
sub serves {
    my ($server, $as) = @_;
    my $list = request(GET => '/v1/products?limit=1000', as => $as, to => $server);
    is_status($list, 200, "$as: a list");
    my ($count) = $site->dbh->selectrow_array('SELECT count(*) FROM public.products WHERE tenant_id = ?', undef, tenant($as)->{id});
    is(scalar @{ $list->json->{data} }, $count, 'has its rows');
    my $new = request(POST => '/v1/products', as => $as, to => $server, json => { name => 'after' });
    is_status($new, 201, 'a new row');
    my $location = $new->header('Location') // '/';
    is_status(request(GET => $location, as => $as, to => $server), 200, 'can be read');
    is_status(request(PATCH => $location, as => $as, to => $server, json => { name => 'b' }), 200, 'and changed');
}

my %left;
for my $what (sort keys %litter) {
    subtest "a statement leaves behind: $what" => sub {
        my $name = 'left' . keys %left;
        my $own = $left{$what}{server} = TenantTest::Server->start(site => $site, processes => 1, threads => 5,
            database => $site->conninfo('tenant', 'tenant_api', "application_name=$name"), server => 'TenantPool max=1');
        $left{$what}{log} = $own->error_log;
        $left{$what}{name} = $name;
        is_status(request(POST => '/v1/products', as => 'acme', to => $own, json => { name => 'clean' }), 201, 'before');
        sleep 0.6;
        is_status(request(POST => '/v1/products', as => 'acme', to => $own, json => { name => 'left', description => $litter{$what}[0] }),
            201, 'the row that does it');
        ($left{$what}{pid}) = backends($site, "application_name = '$name'");
        serves($own, $_) for qw(globex acme);
    };
}
for my $what (sort keys %litter) {
    subtest "the connection is replaced: $what" => sub {
        my $left = $left{$what};
        ok(wait_until(sub {
            request(GET => '/v1/calls/1', as => 'acme', to => $left->{server});
            my ($now) = backends($site, "application_name = '$left->{name}'");
            return $now && $now != $left->{pid};
        }, 20), 'by another one');
        ok($left->{log}->wait_for(qr/a database connection is replaced: .*$litter{$what}[1]/), 'and the log says why');
        delete $left{$what};
    };
}

subtest 'what was changed for new sessions' => sub {
    my $own = TenantTest::Server->start(site => $site, processes => 1,
        database => $site->conninfo('tenant', 'tenant_api', 'application_name=changed'));
    my $calls = sub { return request(GET => '/v1/calls/1', as => 'acme', to => $own) };
    is_status($calls->(), 200, 'before');
    my @pids = backends($site, q{application_name = 'changed'});
    ok(!wait_until(sub { $calls->(); @{ left(@pids) } == 0 }, 7), 'without a change connections stay');
    role_setting($site, work_mem => '5MB');
    ok(wait_until(sub { $calls->(); @{ left(@pids) } == 0 }, 20), 'a setting of the role: they are replaced');
    @pids = backends($site, q{application_name = 'changed'});
    $site->dbh->do(q{ALTER DATABASE tenant SET work_mem = '6MB'});
    ok(wait_until(sub { $calls->(); @{ left(@pids) } == 0 }, 20), 'a setting of the database: they are replaced');
};

# Statements are written for READ COMMITTED.
subtest 'another isolation level' => sub {
    $site->dbh->do('ALTER DATABASE tenant SET default_transaction_isolation = serializable');
    $site->dbh->do('ALTER ROLE tenant_api IN DATABASE tenant SET default_transaction_isolation = serializable');
    end_backends($site);
    my @bad;
    for (1 .. 10) {
        my @clients = map {
            $server->client->send(POST => '/v1/products', headers => [bearer($_ % 2 ? 'acme' : 'globex'), 'Content-Type' => 'application/json'],
                body => json({ name => "n$_" }))
        } 1 .. 20;
        push @bad, grep { $_ != 201 } map { $_->receive->status } @clients;
    }
    is_deeply(\@bad, [], 'new rows that have nothing to do with each other are all taken');

    my $pooled = TenantTest::Server->start(site => $site, processes => 1, server => 'TenantPool prepare=off');
    my $log = $pooled->error_log;
    is_problem(request(GET => '/v1/calls', as => 'acme', to => $pooled), 503, 'misconfigured',
        'where a session is not our own the role has to have the level');
    ok($log->wait_for(qr/transactions are serializable and not read committed by default: run bootstrap.sql/), 'as the log says');
    $site->dbh->do('ALTER ROLE tenant_api IN DATABASE tenant RESET default_transaction_isolation');
    $site->dbh->do(q{ALTER ROLE tenant_api SET default_transaction_isolation = 'read committed'});
    is(wait_until(sub { request(GET => '/v1/calls', as => 'acme', to => $pooled)->status == 200 }, 30), 1, 'then it serves');
};

done_testing;
