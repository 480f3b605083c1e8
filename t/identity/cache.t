# SPDX-License-Identifier: Apache-2.0
# The tenant cache, told by what the database is asked: how many statements a request costs, that the answers are those
# of the database, and that the cache is bounded in size and time.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Asking qw(asking ask);
use TenantTest::Keys;
use TenantTest::Statements;

my $statements = TenantTest::Statements->new;
my $site = $statements->site;
my %key = map { $_ => tenant($_)->{key} } qw(acme globex closed);
my %host = (map({ $_ => tenant($_)->{host} } keys %key), nobody => 'api.example.net');

# One child with one connection, so that nothing depends on chance.
sub start {
    my ($cache, %option) = @_;
    return TenantTest::Server->start(site => $site, processes => 1,
        location => 'TenantPublicRead products', %option,
        server => join "\n", 'TenantPool max=1', $cache ? "TenantCache $cache" : (), $option{server} // ());
}

# Waits until the server keeps what it looks up: it hears of changes, and the attestation of its connection is over.
sub warm_up {
    my ($server) = @_;
    my $until = time + 10;
    do {
        sleep 0.02;
        request(GET => '/v1/calls/1', as => 'closed', host => 'warm.example.net', to => $server);
        $statements->reset;
        request(GET => '/v1/calls/1', as => 'closed', host => 'warm.example.net', to => $server);
    } while ($statements->lookups && time < $until);
    return $server;
}

# Requests look their tenant up as long as a proof that the listener lives is late (docs/operate.md), as on a machine that stands still
# for a moment. So what costs a lookup too many is tried again once proofs come, and has to be right in one of five tries.
sub in_some_try {
    my ($server, $try) = @_;
    for (1 .. 5) {
        last if $try->();
        warm_up($server);
    }
}

# That requests to a server cost so much: all statements, lookups among them. is_looked_up tells that of the lookups alone.
sub costs {
    my ($server, $want, $name, $work) = @_;
    my $cost;
    in_some_try($server, sub { $cost = $statements->cost($work); "@$cost" eq "@$want" });
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply($cost, $want, $name);
}

sub is_looked_up {
    my ($server, $want, $name, $work) = @_;
    my $lookups;
    in_some_try($server, sub { ($lookups = $statements->cost($work)->[1]) == $want });
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($lookups, $want, $name);
}

my $server = warm_up(start());

asking(to => $server);

subtest 'one statement for each request' => sub {
    my $sid = 0;
    my $tag = ask(GET => '/v1/calls/1', as => 'acme')->header('ETag');
    my $post = sub {
        my ($key, $number) = @_;
        return ask(POST => '/v1/calls', as => 'acme', json => { sid => sprintf 'CA%032x', $number }, headers => ['Idempotency-Key' => $key]);
    };
    my %work = (
        'GET of one row'       => [200, sub { ask(GET => '/v1/calls/1', as => 'acme') }],
        'HEAD'                 => [200, sub { ask(HEAD => '/v1/calls/1', as => 'acme') }],
        'GET of a list'        => [200, sub { ask(GET => '/v1/calls', as => 'acme') }],
        'GET of nothing'       => [404, sub { ask(GET => '/v1/calls/99999', as => 'acme') }],
        'POST'                 => [201, sub { ask(POST => '/v1/calls', as => 'acme', json => { sid => sprintf 'CA%032x', ++$sid }) }],
        'POST with a new Idempotency-Key' => [201, sub { $post->('new' . ++$sid, $sid) }],
        'POST sent again'      => [201, sub { $post->('again', 0xabc) }],
        'GET of what is known' => [304, sub { ask(GET => '/v1/calls/1', as => 'acme', headers => ['If-None-Match' => $tag]) }],
        'GET by Host'          => [200, sub { ask(GET => '/v1/products', host => $host{acme}) }],
        'GET on its own Host'  => [200, sub { ask(GET => '/v1/calls/1', as => 'acme', host => $host{acme}) }],
    );
    for my $name (sort keys %work) {
        my ($status, $request) = @{ $work{$name} };
        is_status($request->(), $status, "$name: $status");
        costs($server, [5, 0], "$name: five requests, five statements", sub { $request->() for 1 .. 5 });
    }
};

subtest 'none for a request that fails ahead of it' => sub {
    my $bad_crc = $key{acme} =~ s/(.)$/$1 eq 'a' ? 'b' : 'a'/er;
    my @requests = (
        [401, 'a wrong checksum',      GET => '/v1/calls/1', as => $bad_crc],
        [401, 'no key',                GET => '/v1/calls/1'],
        [400, 'two keys',              GET => '/v1/calls/1', headers => [bearer('acme'), 'X-API-Key' => $key{globex}]],
        [404, 'no such route',         GET => '/v1/nothing', as => 'acme'],
        [404, 'an id that is none',    GET => '/v1/calls/x', as => 'acme'],
        [405, 'a wrong method',        PUT => '/v1/calls/1', as => 'acme'],
        [204, 'OPTIONS',               OPTIONS => '/v1/calls/1', as => 'acme'],
        [400, 'an unknown parameter',  GET => '/v1/calls?x=1', as => 'acme'],
        [400, 'a wrong cursor',        GET => '/v1/calls?after=x', as => 'acme'],
        [406, 'another media type',    GET => '/v1/calls/1', as => 'acme', headers => [Accept => 'text/html']],
        [415, 'another content type',  POST => '/v1/calls', as => 'acme', body => '{}', type => 'text/plain'],
        [413, 'too much',              POST => '/v1/calls', as => 'acme', body => ' ' x 70000, type => 'application/json'],
        [400, 'no Idempotency-Key',    POST => '/v1/calls', as => 'acme', json => {}, headers => ['Idempotency-Key' => 'a b']],
        [400, 'no entity tag',         GET => '/v1/calls/1', as => 'acme', headers => ['If-None-Match' => 'x']],
        [400, 'no JSON',               POST => '/v1/calls', as => 'acme', body => '{', type => 'application/json'],
        [422, 'nothing in it',         POST => '/v1/calls', as => 'acme', json => {}],
        [403, 'another one\'s Host',   GET => '/v1/calls/1', as => 'acme', host => $host{globex}],
        [403, 'an inactive tenant',    GET => '/v1/calls/1', as => 'closed'],
        [403, 'an inactive one\'s Host', GET => '/v1/products', host => $host{closed}],
        [401, 'a key that is nobody\'s', GET => '/v1/calls/1', as => invented_key()],
        [401, 'nobody\'s Host',        GET => '/v1/products', host => $host{nobody}],
        [200, 'static content',        GET => '/static.txt', host => $host{acme}],
    );
    for (@requests) {
        my ($status, $name, $method, $target, %option) = @$_;
        is_status(ask($method, $target, %option), $status, "$name: $status");
        costs($server, [0, 0], "$name: no statement", sub { ask($method, $target, %option) for 1 .. 3 });
    }
};

subtest 'the answers are those of the database' => sub {
    my $uncached = start('off');
    my %as = (map({ $_ => $key{$_} } keys %key), invented => invented_key(), none => undef);

    for my $as (sort keys %as) {
        for my $host (sort keys %host) {
            for my $target ('/v1/calls/1', '/v1/products') {
                my @request = (GET => $target, as => $as{$as}, host => $host{$host});
                my $want = request(@request, to => $uncached);
                is_same_answer(ask(@request), $want, "$target by $as on the Host of $host") for 1 .. 2;
            }
        }
    }
    is(scalar(grep { /mod_tenant listener/ } map { @$_ } @{ $statements->dbh->selectall_arrayref(
        q{SELECT application_name FROM pg_stat_activity WHERE usename = 'tenant_api'}) }), 1, 'off: nothing listens');
    is_deeply($statements->cost(sub { request(GET => '/v1/calls/1', as => 'acme', to => $uncached) for 1 .. 3 }), [6, 3], 'and each request asks');
};

subtest 'what asks for nothing is told nothing, whatever the cache knows' => sub {
    my $log = $server->access_log;
    ask(GET => '/static.txt?by=host', host => $host{acme});
    like($log->wait_for(qr/by=host/), qr/ tenant=- via=-$/, 'without a key');
    ask(GET => '/static.txt?by=nobody', host => $host{nobody});
    like($log->wait_for(qr/by=nobody/), qr/ tenant=- via=-$/, 'nobody\'s');
    ask(GET => '/static.txt?with=key', host => $host{acme}, as => 'globex');
    like($log->wait_for(qr/with=key/), qr/ tenant=- via=-$/, 'with a key, which would decide if somebody asked');
    ask(GET => '/v1/calls/1?', host => $host{acme}, as => 'acme');
    like($log->wait_for(qr{calls/1\? }), qr/ tenant=\Q${\tenant('acme')->{id}}\E via=key$/, 'the API asks');

    my $cold = start();
    $log = $cold->access_log;
    request(GET => '/static.txt', host => $host{acme}, to => $cold);
    like($log->wait_for(qr/static/), qr/ tenant=- via=-$/, 'one that is not known is not looked up');
};

# A thousand requests for one tenant whom nobody knows yet, while the database takes its time.
subtest 'one lookup for all' => sub {
    my $crowded = warm_up(start(undef, threads => 100));
    my $dbh = $statements->dbh;
    my ($lookups, %status);

    in_some_try($crowded, sub {
        my @clients = map { client(to => $crowded) } 1 .. 100;
        $statements->sql('UPDATE tenants SET name = name WHERE id = ?', tenant('acme')->{id});    # nobody knows it from an earlier try
        until_heard();
        %status = ();
        $statements->reset;
        $dbh->begin_work;
        $dbh->do('LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE');
        for my $client (@clients) {
            $client->send(GET => '/v1/calls/1', headers => [bearer('acme')]) for 1 .. 10;
        }
        sleep 0.5;
        $dbh->commit;
        for my $client (@clients) {
            $status{ $client->receive->status }++ for 1 .. 10;
        }
        ($lookups = $statements->lookups) == 1;
    });
    is_deeply(\%status, { 200 => 1000 }, 'all are answered');
    is($lookups, 1, 'the database was asked once');
};

subtest 'what nobody has drives out nothing' => sub {
    my $small = warm_up(start('size=64'));
    my $client = client(to => $small);
    my %real = map { $_ => 0 } qw(acme globex);
    my ($invented, $lost, $hosts) = (0, 0, 0);
    my $ask_real = sub {
        request(GET => '/v1/calls/1', as => $_, host => $host{nobody}, on => $client) for keys %real;
        request(GET => '/v1/products', host => $host{$_}, on => $client) for keys %real;
    };

    in_some_try($small, sub {
        ($invented, $lost) = (0, 0);
        $ask_real->();
        for (1 .. 20) {
            $statements->reset;
            for (1 .. 25) {
                request(GET => '/v1/calls/1', as => invented_key(), host => $host{nobody}, on => $client);
                request(GET => '/v1/products', host => 'h' . ++$hosts . '.example.org', on => $client);
            }
            $invented += $statements->lookups;
            $lost += $statements->cost($ask_real)->[1];
        }
        $lost == 0 && $invented == 1000;
    });
    is($invented, 1000, 'a thousand invented keys and Hosts were looked up');
    is($lost, 0, 'and no real one again');
};

subtest 'the size is a bound' => sub {
    my $bounded = start('size=64');
    my $client = client(to => $bounded);
    $statements->sql(q{INSERT INTO tenants (name, status, custom_domain, api_key_hash)
        SELECT 'many', 'active', 'many' || n || '.example.com', '!many' || n FROM generate_series(1, 300) n});
    warm_up($bounded);
    my $round = sub { request(GET => '/v1/products', host => "many$_.example.com", on => $client) for 1 .. 300 };
    $round->();
    my $lookups = $statements->cost($round)->[1];
    cmp_ok($lookups, '>=', 300 - 64, "of 300 Hosts at most 64 are kept, $lookups were looked up again");
    $bounded = warm_up(start('size=10000')); # so large that no set of eight is met by nine of 300, but by a miracle
    $client = client(to => $bounded);
    $round->();
    is_looked_up($bounded, 0, 'in a larger one all are', $round);
};

subtest 'time is a bound' => sub {
    my $brief = warm_up(start('ttl=400ms negative=100ms'));
    my $acme = sub { request(GET => '/v1/products', host => $host{acme}, to => $brief) };
    my $nobody = sub { request(GET => '/v1/products', host => $host{nobody}, to => $brief) };
    # the second of two that follow one another, if they did so in time
    my $is_kept = sub {
        my ($who, $name) = @_;
        my $lookups;
        in_some_try($brief, sub { $who->(); ($lookups = $statements->cost($who)->[1]) == 0 });
        is($lookups, 0, $name);
    };
    $is_kept->($acme, 'a tenant is kept');
    $is_kept->($nobody, 'a nobody is kept');
    sleep 0.11;
    is($statements->cost($nobody)->[1], 1, 'not for longer than negative=');
    sleep 0.3;
    is($statements->cost($acme)->[1], 1, 'not for longer than ttl=');
};

# The grace of a key ends without any change in the database.
subtest 'a retiring key' => sub {
    my ($key, $hash) = `build/tenantctl key --key-file '$site->{key_file}'` =~ /(\S+)\t(\S+)/;
    my $acme = tenant('acme')->{id};
    my $retire = sub {
        $statements->sql(q{UPDATE tenants SET retiring_api_key_hash = ?,
            retiring_api_key_expires_at = clock_timestamp() + ?::interval WHERE id = ?}, $hash, $_[0], $acme);
        until_heard();
    };
    my $use = sub { ask(GET => '/v1/calls/1', as => $key)->status };

    my (%count, $cost);
    in_some_try($server, sub {
        $retire->('1.2 s');
        my ($ends) = $statements->dbh->selectrow_array('SELECT extract(epoch FROM retiring_api_key_expires_at) FROM tenants WHERE id = ?', undef, $acme);
        %count = (200 => 0, 401 => 0);
        $cost = $statements->cost(sub {
            my $sent;
            while (($sent = time) < $ends + 0.2 || $count{401} < 3 && $sent < $ends + 10) {
                my $status = $use->();
                $count{$status}++;
                $count{late}++ if $status == 200 && $sent > $ends + 0.02;
                $count{early}++ if $status != 200 && time < $ends;
                sleep 0.005;
            }
        });
        $count{late} || $count{early} || $count{200} > 10 && $cost->[1] <= 4;
    });
    cmp_ok($count{200}, '>', 10, 'works');
    cmp_ok($cost->[1], '<=', 4, 'from the cache');
    is($count{early}, undef, 'until its end');
    is($count{late}, undef, 'and not after');
    cmp_ok($count{401}, '>', 2, 'when it is refused');

    $statements->sql(q{UPDATE tenants SET retiring_api_key_expires_at = 'infinity' WHERE id = ?}, $acme);
    until_heard();
    is($use->(), 200, 'one that never ends');
    is_looked_up($server, 0, 'is kept too', $use);
    $statements->sql('UPDATE tenants SET retiring_api_key_hash = NULL, retiring_api_key_expires_at = NULL WHERE id = ?', $acme);
};

subtest 'texts of any length' => sub {
    my $name = "\x{10FFFF}" x 256;
    $statements->dbh->do('UPDATE tenants SET name = ? WHERE id = ?', undef, $name, tenant('globex')->{id});
    until_heard();
    is_status(ask(GET => '/v1/products', host => $host{globex}), 200);
    is_looked_up($server, 0, 'the longest name is kept', sub { ask(GET => '/v1/products', host => $host{globex}) });
};

subtest 'configtest' => sub {
    my @refused = (
        ['TenantCache size=63', qr/size=/],       ['TenantCache size=10000001', qr/size=/], ['TenantCache size=', qr/size=/],
        ['TenantCache ttl=0', qr/ttl=/],          ['TenantCache ttl=1d', qr/ttl=/],         ['TenantCache negative=99ms', qr/negative=/],
        ['TenantCache on', qr/TenantCache must be off/], ['TenantCache', qr/TenantCache requires/],
        ["<VirtualHost *:1>\nTenantCache off\n</VirtualHost>", qr/TenantCache/],
        [qq{TenantDatabase "$site->{conninfo}" listen="host=x password=y"}, qr/listen= must not hold a password/],
        [qq{TenantDatabase "$site->{conninfo}" listen="what"}, qr/listen= is not a libpq/],
        [qq{<VirtualHost *:1>\nTenantDatabase "$site->{conninfo}" listen="host=other"\n</VirtualHost>}, qr/listen= differs/],
    );
    for (@refused) {
        my ($lines, $why) = @$_;
        my ($ok, $output) = TenantTest::Server->configtest(site => $site, server => $lines);
        ok(!$ok, "refused: $lines");
        like($output, $why, 'by name');
    }
    for my $lines ('TenantCache off', 'TenantCache size=64 ttl=100ms negative=86400', 'TenantCache ttl=5min',
        qq{TenantDatabase "$site->{conninfo}" listen="$site->{conninfo}"}, 'TenantDatabase "host=x" listen=exec:/bin/true') {
        my ($ok, $output) = TenantTest::Server->configtest(site => $site, server => $lines);
        ok($ok, "accepted: $lines") or diag $output;
    }
};

done_testing;
