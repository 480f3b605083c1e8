# SPDX-License-Identifier: Apache-2.0
# What a tenant has used, for bills: it is what was sent, after restarts, reloads and killed children; and rows that are removed
# stay on the bill.
use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;
use TenantTest::Administration;
use TenantTest::Fault qw(wait_until);

my $database = 'metrics_usage';
my $conninfo = database($database);
my $administration = administration('usage');
my $server = TenantTest::Server->start(database => qq($conninfo" admin=") . site->conninfo($database, 'tenant_admin'), server => <<"END");
TenantUsage flush=2s
TenantMetrics off
$administration
END
my ($acme, $globex) = map { tenant($_)->{id} } qw(acme globex);
my %sent;
my @numbers = qw(requests rows_written bytes_out calls call_seconds messages recordings recording_seconds);

sub db { return sql({ database => $database }, @_) }

# A request that is counted here as it has to be there.
sub ask {
    my ($as, $rows, $method, $path, %option) = @_;
    my $response = counted_request($method => $path, as => $as, to => $server, %option);
    my $bytes = length($response->body // '');
    $sent{$as}{requests}++;
    $sent{$as}{rows_written} += $rows;
    $sent{$as}{bytes_out} += $bytes;
    return $response;
}

# A tenant's sums over all days, of some numbers.
sub used {
    my ($as, @names) = @_;
    my $columns = join ', ', map {"coalesce(sum($_), 0)::bigint AS $_"} @names;
    my %used;
    @used{@names} = map { 0 + $_ } row({ database => $database }, "SELECT $columns FROM usage WHERE day > '2026-10-01' AND tenant_id = ?", tenant($as)->{id});
    return \%used;
}

sub is_used {
    my ($as, $what) = @_;
    my %want = %{ $sent{$as} };
    my @names = sort keys %want;
    my $has = sub { my $used = used($as, @names); return !grep { $used->{$_} != $want{$_} } @names };
    ok((wait_until { $has->() } 60), $what) or diag explain { used => used($as, @names), sent => \%want };
}

subtest 'requests, rows, bytes' => sub {
    ask(acme => 0, GET => '/v1/calls?limit=3') for 1 .. 5;
    ask(acme => 1, POST => '/v1/products', json => { name => 'used' });
    ask(acme => 0, GET => '/v1/calls/999999');
    ask(acme => 0, GET => '/v1/calls', headers => [Accept => 'text/csv']);
    ask(globex => 0, GET => '/v1/products/1');
    request(GET => '/v1/calls', to => $server);
    is_used($_ => "those of $_") for qw(acme globex);
};

subtest 'a reload, killed children, a restart, a stop' => sub {
    for my $way (qw(graceful kill restart)) {
        ask(acme => 0, GET => '/v1/calls?limit=2') for 1 .. 7;
        $way eq 'kill' ? $server->kill_and_wait($server->workers) : $server->$way;
        ask(acme => 0, GET => '/v1/calls?limit=2');
        is_used(acme => "$way: nothing is lost, nothing is counted twice");
    }
    ask(acme => 0, GET => '/v1/calls?limit=2') for 1 .. 7;
    $server->stop;
    is_deeply(used('acme', sort keys %{ $sent{acme} }), $sent{acme}, 'a server that has ended has told all');
    $server->boot;
};

subtest 'calls, messages, recordings' => sub {
    my ($call, $other) = map { ask(acme => 1, POST => '/v1/calls', json => { sid => 'CA' . sprintf '%032x', $_ })->json->{id} } 1 .. 2;
    ask(acme => 1, POST => '/v1/messages', json => { sid => 'SM' . '1' x 32 });
    my $recording = ask(acme => 1, POST => '/v1/recordings', json => { sid => 'RE' . '1' x 32, duration => 40 })->json->{id};
    ask(acme => 1, POST => '/v1/calls', json => { sid => 'CA' . '2' x 32, created_at => '2020-01-01T00:00:00Z' });
    db('UPDATE calls SET duration = ? WHERE id = ?', @$_) for [100, $call], [30, $other];
    @{ $sent{acme} }{qw(calls call_seconds messages recordings recording_seconds)} = (2, 130, 1, 1, 40);
    is_used(acme => 'how many and how long; not those of a day that is past');
    ask(acme => 1, DELETE => "/v1/calls/$other");
    ask(acme => 1, DELETE => "/v1/recordings/$recording");
    db('UPDATE calls SET duration = 90 WHERE id = ?', $call);
    $sent{acme}{call_seconds} = 120;
    is_used(acme => 'what is removed stays on the bill; what is corrected is corrected');
};

subtest 'what the API tells' => sub {
    db(q{INSERT INTO usage (tenant_id, day, requests) SELECT t, date '2026-03-01' + n, n + 1 FROM unnest(?::int[]) t, generate_series(0, 9) n},
        [$acme, $globex]);
    my $list = request(GET => '/v1/usage?from=2026-03-02&to=2026-03-04&order=day.asc', as => 'acme', to => $server)->json->{data};
    is_deeply([map { [$_->{tenant_id}, $_->{day}, $_->{requests}] } @$list], [map { [$acme, "2026-03-0$_", $_] } 2 .. 4], 'from and to, both included, own rows alone');
    is_deeply([sort keys %{ $list->[0] }], [sort qw(id tenant_id day), @numbers], 'its members');
    my $one = request(GET => '/v1/usage?day=2026-03-05', as => 'globex', to => $server)->json->{data};
    is_deeply([map { [$_->{tenant_id}, $_->{requests}] } @$one], [[$globex, 5]], 'one day');
    my $page = request(GET => '/v1/usage?from=2026-03-01&to=2026-03-10&limit=4', as => 'acme', to => $server)->json;
    my @days = map { $_->{day} } @{ $page->{data} };
    while ($page->{next}) {
        $page = request(GET => $page->{next} =~ s{^https?://[^/]+}{}r, as => 'acme', to => $server)->json;
        push @days, map { $_->{day} } @{ $page->{data} };
    }
    is_deeply(\@days, [map { sprintf '2026-03-%02d', $_ } reverse 1 .. 10], 'pages');
    my $csv = request(GET => '/v1/usage?from=2026-03-01&to=2026-03-02&order=day.asc&fields=day,requests', as => 'acme', to => $server,
        headers => [Accept => 'text/csv']);
    is($csv->body, "day,requests\r\n2026-03-01,1\r\n2026-03-02,2\r\n", 'CSV');
    my $lines = request(GET => '/v1/usage?from=2026-03-01&to=2026-03-02&order=day.asc&fields=day,requests', as => 'acme', to => $server,
        headers => [Accept => 'application/x-ndjson']);
    is($lines->body, qq({"day":"2026-03-01","requests":1}\n{"day":"2026-03-02","requests":2}\n), 'NDJSON');
    for my $wrong ('from=2026-02-29', 'to=yesterday', 'day=2026-03-01T00:00:00Z', 'day.gte=2026-03-01', 'from=', 'since=2026-03-01') {
        my $response = request(GET => "/v1/usage?$wrong", as => 'acme', to => $server);
        is_status($response, 400, $wrong);
        is($response->json->{code}, 'bad-parameter');
    }
    is_status(request(GET => '/v1/calls?from=2026-03-01', as => 'acme', to => $server), 400, 'others know no from');
    is_status(request($_ => '/v1/usage', as => 'acme', to => $server, json => {}), 405, "$_: a bill is nobody's to write") for qw(POST PATCH DELETE);
    is_status(request(GET => '/v1/usage', to => $server), 401, 'without a key');
};

subtest 'what administrators see' => sub {
    my $see = sub { return request(GET => "/admin/usage?$_[0]", to => $server, headers => [Authorization => 'Basic ' . encode_base64('root:secret', '')])->json->{data} };
    is_deeply([sort { $a <=> $b } map { $_->{tenant_id} } @{ $see->('from=2026-03-02&to=2026-03-02') }], [sort { $a <=> $b } $acme, $globex], 'all tenants');
    is_deeply([map { [$_->{tenant_id}, $_->{day}] } @{ $see->("tenant_id=$acme&from=2026-03-09&to=2026-03-31") }],
        [map { [$acme, $_] } qw(2026-03-10 2026-03-09)], 'one');
    is_status(request(GET => '/admin/usage', to => $server, as => 'acme'), 401, 'no tenant sees that');
};

done_testing;
