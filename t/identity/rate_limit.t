# SPDX-License-Identifier: Apache-2.0
#
# How many requests a tenant may send: what is counted, together and apart, what a client is told, what is refused.

use strict;
use warnings;

use Fcntl ();
use POSIX ();
use Test::More;
use TenantTest;
use TenantTest::Backend;
use TenantTest::Fault qw(wait_until);
use Time::HiRes qw(sleep time);

my $backend = TenantTest::Backend->answer(sub { return TenantTest::Backend::ok('backend') });

sub start {
    my ($lines, %option) = @_;
    return TenantTest::Server->start(server => $lines, %option);
}

sub statuses {
    my ($times, @request) = @_;
    my %count;
    $count{ request(GET => @request)->status }++ for 1 .. $times;
    return \%count;
}

subtest 'the API' => sub {
    my $server = start("TenantRateLimit 5/1h\n");
    my @to = (to => $server);
    my $began = time;
    my $first = request(GET => '/v1/calls?limit=1', @to, as => 'acme');
    is_status($first, 200, 'the first request');
    is($first->header('RateLimit-Policy'), '"default";q=5;w=3600', '... is told the limit');
    is($first->header('RateLimit'), '"default";r=4;t=720', '... and what is left of it');
    is_deeply(statuses(6, '/v1/calls?limit=1', @to, as => 'acme'), { 200 => 4, 429 => 2 }, 'five, whichever child has them');
    my $refused = request(GET => '/v1/calls?limit=1', @to, as => 'acme');
    is_problem($refused, 429, 'rate-limited', 'the next one');
    is($refused->header('RateLimit-Policy'), '"default";q=5;w=3600', '... the limit');
    my ($left, $full) = $refused->header('RateLimit') =~ /^"default";r=(\d+);t=(\d+)$/;
    is($left, 0, '... nothing is left');
    ok($full <= 3600 && $full >= 3600 - (time - $began), "... until when: $full s");
    my $after = $refused->header('Retry-After');
    ok($after <= 720 && $after >= 720 - (time - $began), "... when the next one may come: $after s");
    is(request(GET => '/v1/', @to)->header('RateLimit'), undef, 'what is no tenant\'s is not counted');
    is_status(request(GET => '/v1/calls', @to, as => 'globex'), 200, 'another tenant has a limit of its own');
    is_problem(request(GET => '/v1/calls', @to, as => 'closed'), 403, 'tenant-inactive', 'who may not act');
    is(request(GET => '/v1/calls', @to, as => 'closed')->header('RateLimit'), undef, '... is not charged');
    $server->graceful;
    is_problem(request(GET => '/v1/calls', @to, as => 'acme'), 429, 'rate-limited', 'a graceful restart forgets nothing');
    kill KILL => $server->children;
    my $status;
    wait_until { $status = eval { request(GET => '/v1/calls', @to, as => 'acme')->status } };    # 0: one that was just dying had it
    is($status, 429, 'nor does the death of all children');
};

subtest 'other content' => sub {
    my $server = start(<<"END", files => { 'htdocs/private/page.txt' => "a page\n" });
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
<Location "/private/">
    AuthType Tenant
    AuthName "private"
    Require tenant
    TenantRateLimit 3/1h
</Location>
<Location "/proxied/">
    AuthType Tenant
    AuthName "private"
    Require tenant
    TenantRateLimit 2/1h burst=1
    ProxyPass "@{[ $backend->url ]}"
</Location>
<Location "/public/">
    TenantIdentify on
    TenantRateLimit 2/1h
</Location>
Alias "/public/" "\${test_root}/htdocs/private/"
<Directory "\${test_root}/htdocs/private/">
    Require all granted
</Directory>
END
    my @to = (to => $server);
    my $page = request(GET => '/private/page.txt', @to, as => 'acme');
    is($page->status . ' ' . $page->header('RateLimit'), '200 "default";r=2;t=1200', 'a file');
    is_deeply(statuses(4, '/private/page.txt', @to, as => 'acme'), { 200 => 2, 429 => 2 }, '... has a limit');
    like(request(GET => '/private/page.txt', @to, as => 'acme')->header('Retry-After'), qr/^1[12]\d\d$/, '... and says when');
    is_deeply(statuses(3, '/proxied/x', @to, as => 'acme'), { 200 => 1, 429 => 2 }, 'a backend, whose Location has one of its own');
    is(request(GET => '/private/page.txt', @to)->status, 401, 'who has no key is not counted');
    is_status(request(GET => '/v1/calls', @to, as => 'acme'), 200, 'where there is none, nothing is');
    is(request(GET => '/v1/calls', @to, as => 'acme')->header('RateLimit'), undef, '... counted');
    is_deeply(statuses(4, '/public/page.txt', @to, host => tenant('acme')->{host}), { 200 => 2, 429 => 2 },
        'who comes by the Host shares a limit with the others who do');
    is_status(request(GET => '/public/page.txt', @to, as => 'acme'), 200, '... and not with the key');
};

subtest 'off, and a burst' => sub {
    my $server = start("TenantRateLimit 2/2s burst=4\n<Location \"/v1/products\">\nTenantRateLimit off\n</Location>"
        . "\n<Location \"/v1/settings\">\nTenantRateLimit 1/24h burst=1000000\n</Location>");
    my @to = (to => $server);
    my $start = time;
    my $all = statuses(4, '/v1/calls?limit=1', @to, as => 'acme');
    is_deeply($all, { 200 => 4 }, 'so many at once');
    is_deeply(statuses(3, '/v1/settings', @to, as => 'acme'), { 200 => 3 }, 'the largest burst of the smallest rate');
    is_deeply(statuses(8, '/v1/products?limit=1', @to, as => 'acme'), { 200 => 8 }, 'no limit where it is off');
    sleep 2.2;
    cmp_ok(statuses(3, '/v1/calls?limit=1', @to, as => 'acme')->{200} // 0, '>=', 2, 'two more after 2 s');
};

subtest 'clients at the same time' => sub {
    my $limit = 300;
    my $server = start("TenantRateLimit $limit/1h", threads => 20);
    my %pipe;
    for my $name ((qw(acme globex)) x 4) {    # four clients of each tenant, who ask for half as much again as they may have
        pipe my $from, my $to or die "pipe: $!";
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            my $client = client(to => $server);
            my $good = grep { request(GET => '/v1/calls?limit=1', to => $server, on => $client, as => $name)->status == 200 } 1 .. $limit * 3 / 8;
            syswrite $to, "$name $good\n";
            POSIX::_exit(0);
        }
        close $to;
        $pipe{$pid} = $from;
    }
    my %good;
    for (values %pipe) {
        my ($name, $count) = (<$_> // '') =~ /^(\w+) (\d+)/ or next;
        $good{$name} += $count;
    }
    waitpid $_, 0 for keys %pipe;
    for my $name (qw(acme globex)) {
        cmp_ok($good{$name}, '>=', $limit, "$name has all that it may have, from two children");
        cmp_ok($good{$name}, '<=', $limit * 1.01 + 2, '... and no more');
    }
};

subtest 'a limit of its own' => sub {
    my $database = 'ratelimit';
    my $server = start('TenantRateLimit 3/1h', database => database($database));
    my @to = (to => $server);
    my $id = tenant('acme')->{id};
    my $policy = sub { my $answer = request(GET => '/v1/calls?limit=1', @to, as => $_[0]); return $answer->header('RateLimit-Policy') };
    my $set = sub { sql({ database => $database }, 'UPDATE tenants SET rate_limit = ? WHERE id = ?', $_[0], $id) };
    my $becomes = sub {
        my ($wanted, $what) = @_;
        my $until = time + 10;
        my $is = $policy->('acme');
        while ($is ne $wanted && time < $until) { sleep 0.02; $is = $policy->('acme') }
        is($is, $wanted, $what);
    };

    is_deeply(statuses(5, '/v1/calls?limit=1', @to, as => 'acme'), { 200 => 3, 429 => 2 }, 'the server\'s limit');
    $set->('5000/1m burst=50');
    $becomes->('"default";q=5000;w=60', 'the tenant\'s own is in effect');
    is_status(request(GET => '/v1/calls?limit=1', @to, as => 'acme'), 200, '... at once, whatever the former one had counted');
    is($policy->('globex'), '"default";q=3;w=3600', 'another tenant has the server\'s');
    $set->(undef);
    $becomes->('"default";q=3;w=3600', 'so has this one again');
    ok(!eval { $set->($_); 1 }, "no limit: $_") for '0/1m', '5', '5/0', '5/25h', '1000001/1m', '5/1m burst=0', '5/1m  burst=1', 'off';
};

# Who asks for a tenant that another request is just asking the database for takes over its answer, and still has it once that request
# is gone with its memory, which glibc then fills.
subtest 'a limit of its own that another request has found out' => sub {
    my $name = 'ratelimit_found';
    my $database = database($name);
    my $dbh = TenantTest::site()->dbh($name);
    my $waiting = sub {
        return scalar $dbh->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = ?',
            undef, 'Lock');
    };
    my $is_heard = sub {
        return $dbh->selectrow_array('SELECT true FROM pg_stat_activity WHERE datname = current_database() AND application_name = ?',
            undef, 'mod_tenant listener');
    };

    sql({ database => $name }, 'UPDATE tenants SET rate_limit = ? WHERE id = ?', '7/1h', tenant('acme')->{id});
    local $ENV{MALLOC_PERTURB_} = 165;
    my $server = start(<<'END', database => $database, processes => 1);
<Location "/held/">
    AuthType Tenant
    AuthName "held"
    <RequireAll>
        Require tenant
        Require expr "-z %{REMOTE_USER} || file('${test_root}/gate') == ''"
    </RequireAll>
</Location>
END
    my $gate = "$server->{root}/gate";
    POSIX::mkfifo($gate, 0666) or die "$gate: $!";
    ok(wait_until { $is_heard->() }, 'changes are heard, so answers are shared');
    is_status(request(GET => '/v1/calls', to => $server, as => 'globex'), 200, 'there is a connection');
    sleep 0.5;

    # Where no proof comes in time that changes are heard, each asks for itself: then again.
    my ($asks, $first, $second, $policy, $is_held);
    for (1 .. 5) {
        ($first, $second) = map { client(to => $server) } 1 .. 2;
        $dbh->do('UPDATE tenants SET name = name WHERE id = ?', undef, tenant('acme')->{id});
        until_heard();
        $dbh->begin_work;
        $dbh->do('LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE');
        $first->send(GET => '/v1/calls/1', headers => [bearer('acme')]);
        wait_until { $waiting->() == 1 };
        $second->send(GET => '/held/', headers => [bearer('acme')])->wait_until_read;
        sleep 0.3;
        $asks = $waiting->();
        $dbh->commit;
        $policy = $first->receive->header('RateLimit-Policy');
        undef $first;
        sleep 0.2;
        $is_held = wait_until { sysopen my $writer, $gate, Fcntl::O_WRONLY() | Fcntl::O_NONBLOCK() };
        $second = $second->receive;
        last if $asks == 1;
    }
    is($asks, 1, 'a request asks, and another one waits for its answer');
    is($policy, '"default";q=7;w=3600', 'the first has the limit');
    ok($is_held, 'the second is held on its way');
    is($second->header('RateLimit-Policy'), '"default";q=7;w=3600', '... and has it too');
};

done_testing;
