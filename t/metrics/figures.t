# SPDX-License-Identifier: Apache-2.0
# Each figure counts what it says: connections, round trips, what is remembered, lookups, streams, Twilio's events and answers,
# passwords, keys. mod_status tells them in short.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);

use TenantTest;
use TenantTest::Fault;
use TenantTest::Gateway;
use TenantTest::Scrape;
use TenantTest::Stream;
use TenantTest::Twilio;

my $metrics = qq{<Location "/metrics">\nTenantHandler metrics\nRequire local\n</Location>\n};

# How much a figure has grown, or what it is: those of all labels that are given, once it is what it should be.
sub is_figure {
    my ($server, $want, $name, @labels) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is(TenantTest::Scrape->await($server, $want, "mod_tenant_$name", @labels), $want, "$name @labels");
}

subtest 'the pool' => sub {
    my $site = TenantTest::Site->make;
    role_setting($site, $_ => '30s') for qw(lock_timeout statement_timeout);
    my $brake = brake($site);
    my $server = TenantTest::Server->start(site => $site, processes => 1, server => $metrics, pool => 'max=1 wait=2s statement=6s');
    my $send = sub { $server->client->send(GET => '/v1/calls/1', headers => [bearer('acme')]) };

    is_status(request(GET => '/v1/calls/1', as => 'acme', to => $server), 200);
    is_figure($server, 1, 'pool_opened_total', pool => 'api');
    is_figure($server, 1, 'pool_connections_max', pool => 'api');
    is_figure($server, 1, 'pool_connections', pool => 'api', state => 'idle');
    is_figure($server, 0, 'pool_connections', pool => 'api', state => 'in-use');
    is_figure($server, 0, 'pool_connections_max', pool => 'admin');
    my $before = TenantTest::Scrape->of($server);
    $brake->hold;
    my $holder = $send->();
    waiting_backends($site, 1);
    is_figure($server, 1, 'pool_connections', pool => 'api', state => 'in-use');
    is_figure($server, 0, 'pool_connections', pool => 'api', state => 'idle');
    my $waiting = $server->client->send(GET => '/v1/calls?limit=2000', headers => [bearer('acme')]);
    is($waiting->receive->status, 400, 'what needs no connection waits for none');
    $waiting = $server->client->send(DELETE => '/v1/calls/1', headers => [bearer('acme')]);
    is_figure($server, 1, 'pool_waiting', pool => 'api');
    is_problem($waiting->receive, 503, 'pool-exhausted');
    is_figure($server, 0, 'pool_waiting', pool => 'api');
    is_figure($server, 1 + $before->value('mod_tenant_refusals_total', code => 'pool-exhausted'), 'refusals_total', code => 'pool-exhausted');
    my $after = TenantTest::Scrape->of($server);
    cmp_ok($after->value('mod_tenant_pool_waits_total') - $before->value('mod_tenant_pool_waits_total'), '>=', 1, 'a wait');
    cmp_ok($after->value('mod_tenant_pool_wait_seconds_total') - $before->value('mod_tenant_pool_wait_seconds_total'), '>=', 1.9,
        'of as long as it took');
    is_problem($holder->receive, 503, 'query-timeout');
    is_figure($server, 1, 'pool_cut_total', pool => 'api');
    is_figure($server, 0, 'pool_connections', pool => 'api', state => 'in-use');
    $brake->release;
    $site->cluster->stop('immediate');
    is_problem(request(GET => '/v1/calls/1', as => 'acme', to => $server), 503, 'database-away');
    my $refused = wait_until { TenantTest::Scrape->of($server)->value('mod_tenant_pool_refused_total', pool => 'api') };
    cmp_ok($refused, '>=', 1, 'attempts to connect are counted');
    is_figure($server, 0, 'listener_up', database => 1);
    ok((wait_until { TenantTest::Scrape->of($server)->value('mod_tenant_listener_lag_seconds') > 0.1 } 30), 'the listener lags');
};

subtest 'what is remembered, and what is looked up' => sub {
    my ($server, $first, $last);
    for (1 .. 10) {
        $server = TenantTest::Server->start(processes => 1, server => "TenantCache size=64\n$metrics");
        is_figure($server, 1, 'listener_up', database => 1);
        ok((wait_until { TenantTest::Scrape->of($server)->value('mod_tenant_listener_lag_seconds') < 1 }), 'the proof is new');
        request(GET => '/v1/calls/1', as => 'acme', to => $server, host => 'nobody.example') for 1 .. 3;
        $first = TenantTest::Scrape->of($server);
        request(GET => '/v1/calls/1', as => 'acme', to => $server, host => "nobody$_.example") for 1 .. 200;
        $last = TenantTest::Scrape->of($server);
        # while a proof is late, on a machine that stands still for a moment, nothing is remembered: then another server is asked
        last if $first->value('mod_tenant_cache_hits_total') == 4 && $last->value('mod_tenant_lookups_total', result => 'found') == 1;
    }
    is($first->value('mod_tenant_lookups_total', result => 'found'), 1, 'what is looked up');
    is($first->value('mod_tenant_cache_hits_total'), 4, 'what is remembered');
    my $misses = $first->value('mod_tenant_cache_misses_total');
    cmp_ok($misses, '>=', 2, 'the first knows neither the key nor the Host');
    cmp_ok($last->value('mod_tenant_cache_misses_total'), '>=', $misses + 200, 'each new Host is unknown');
    cmp_ok($last->value('mod_tenant_cache_evictions_total'), '>=', 50, 'and drives others out');
    is($last->value('mod_tenant_lookups_total', result => 'nobody'), 200, 'each of these is looked up');
};

subtest 'round trips' => sub {
    my $server = TenantTest::Server->start(processes => 1, threads => 25, pool => 'max=2', server => $metrics);
    request(GET => '/v1/calls/1', as => 'acme', to => $server);
    is_figure($server, 1, 'batch_statements_total', kind => 'rows');
    is_figure($server, 1, 'batch_statements_total', kind => 'rows', way => 'alone');
    my $sent = 1;
    my $shared;
    my $until = time + 60;
    while (time < $until) {    # behind a round trip that was waited for in vain nobody shares one for a while
        my @clients = map { $server->client->send(GET => '/v1/calls/1', headers => [bearer('acme')]) } 1 .. 20;
        $_->receive for @clients;
        $sent += 20;
        last if $shared = TenantTest::Scrape->of($server)->value('mod_tenant_batch_trips_total', kind => 'rows');
    }
    cmp_ok($shared, '>=', 1, 'some were shared');
    is_figure($server, $sent, 'batch_statements_total', kind => 'rows');
    cmp_ok(TenantTest::Scrape->of($server)->value('mod_tenant_batch_statements_total', way => 'shared'), '>=', 2 * $shared, 'by two at least');
};

subtest 'streams' => sub {
    my $server = TenantTest::Server->start(database => database('figures'), server => $metrics);
    sql({ database => 'figures' }, q{INSERT INTO products (tenant_id, name, description)
        SELECT ?, 'n', repeat('d', 4000) FROM generate_series(1, 5000)}, tenant('acme')->{id});
    my $stream = TenantTest::Stream->begin($server, '/v1/products', as => 'acme', form => 'ndjson');
    is_figure($server, 1, 'streams');
    $stream->close;
    is_figure($server, 0, 'streams');
};

subtest 'Twilio' => sub {
    my $gateway = TenantTest::Gateway->start(server => qq{$metrics<Location "/twilio">\nTenantHandler twilio\n</Location>\n});
    my $server = $gateway->server;
    my $acme = $gateway->account('acme');
    my $sender = TenantTest::Twilio->account($server, 'globex');

    is_status($acme->call, 201);
    is_status($acme->message, 201);
    is_status($acme->get('Calls.json'), 200);
    $acme->ask(GET => '/gateway/2010-04-01/Accounts.json');
    is_figure($server, 1, 'gateway_passed_total', kind => $_) for qw(call message other);
    is_figure($server, 3, 'gateway_answers_total', status => '2xx');
    is_figure($server, 4, 'requests_total', handler => 'gateway');
    is_figure($server, 1, 'requests_total', handler => 'gateway', status => '4xx');

    $sender->event('call-status', CallSid => sid('CA'), CallStatus => 'ringing');
    $sender->event('voice', CallSid => sid('CA'), CallStatus => 'ringing');
    is_figure($server, 1, 'twilio_events_total', event => 'call-status', verdict => 'stored');
    is_figure($server, 1, 'twilio_events_total', event => 'voice', verdict => 'stored');
    request(POST => '/twilio/recording', to => $server, body => 'AccountSid=AC' . 'a' x 32, type => 'application/x-www-form-urlencoded');
    is_figure($server, 1, 'twilio_events_total', event => 'recording', verdict => 'unproven');
    request(POST => '/twilio/message', to => $server, body => '%', type => 'application/x-www-form-urlencoded');
    is_figure($server, 1, 'twilio_events_total', event => 'message', verdict => 'malformed');
    is_figure($server, 4, 'twilio_events_total');
    is_figure($server, 4, 'requests_total', handler => 'twilio');
};

subtest 'passwords and keys' => sub {
    my $server = TenantTest::Server->start(server => "TenantPasswordSlots 3\n$metrics");
    is_figure($server, 3, 'password_slots');
    is_figure($server, 0, 'password_hashing');
    is_figure($server, 0, 'password_waiting');
    my @keys = TenantTest::Scrape->of($server)->samples('mod_tenant_key_info');
    my %primary = map { $_->{labels}{purpose} => $_->{labels}{id} } grep { $_->{labels}{primary} eq 'yes' } @keys;
    is_deeply([sort keys %primary], [qw(pepper seal)], 'each purpose has a primary key');
    open my $file, '<', site->{key_file} or die site->{key_file} . ": $!";
    my @ids = map { /^(\w+) (\d+) / ? "$1 $2" : () } <$file>;
    is_deeply([sort map { "$_->{labels}{purpose} $_->{labels}{id}" } @keys], [sort @ids], 'and those are the file\'s');
};

subtest 'mod_status' => sub {
    my $server = TenantTest::Server->start(server => <<"END");
LoadModule status_module /usr/lib/apache2/modules/mod_status.so
<Location "/server-status">
    SetHandler server-status
    Require local
</Location>
$metrics
END
    request(GET => '/v1/calls/1', as => 'acme', to => $server) for 1 .. 3;
    is_figure($server, 3, 'requests_total', handler => 'api');
    my $lines;
    ok((wait_until {    # the one for the figures is counted once it has been answered
        $lines = request(GET => '/server-status?auto', to => $server)->body;
        my ($count) = $lines =~ /^mod_tenant_requests_total: (\d+)$/m;
        $count >= 4;
    }), 'all requests in ?auto');
    like($lines, qr/^mod_tenant_database_seconds_total: \d+\.\d{6}$/m, 'a time');
    my $page = request(GET => '/server-status', to => $server)->body;
    like($page, qr{<h1>mod_tenant</h1>.*<tr><td>Rows that requests have read\.</td><td>3</td></tr>}s, 'a table in HTML');
};

done_testing;
