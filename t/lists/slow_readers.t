# SPDX-License-Identifier: Apache-2.0
#
# A tenant's clients that ask for much and hardly read it hold a share of the threads and of the memory, and other tenants
# notice nothing. Pages of long rows are short of rows, and lead on to all of them.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Asking qw(starting start);
use TenantTest::Fault;
use TenantTest::Http2;

my $database = 'slow_readers';
my $conninfo = database($database);
my $threads = 8;
my $rows = 150;

# acme's and globex's rows of 32 KB, 5 MB each; what acme's messages have is short.
for my $name (qw(acme globex)) {
    sql({ database => $database }, q{INSERT INTO products (name, description, tenant_id)
        SELECT 'long', repeat(chr(233), 16000) || n, ? FROM generate_series(1, ?) n}, tenant($name)->{id}, $rows);
}
sql({ database => $database }, <<'SQL', tenant('acme')->{id});
INSERT INTO messages (sid, tenant_id, body, created_at)
SELECT format('SM9%s', lpad(n::text, 31, '0')), ?, 'short', now() FROM generate_series(1, 1500) n
SQL

my $pool = "max=$threads lists=2 statement=20s";
starting(database => $conninfo, processes => 1, threads => $threads, pool => "$pool wait=1s",
    server => "Timeout 60\nSendBufferSize 65536\nAsyncRequestWorkerFactor 32");

# KiB that the children have for themselves and their share of what they have with others.
sub memory {
    my ($server) = @_;
    my $sum = 0;
    for my $child ($server->workers) {
        open my $file, '<', "/proc/$child/smaps_rollup" or die "no memory of $child: $!";
        my ($pss) = join('', <$file>) =~ /^Pss:\s+(\d+) kB/m;
        $sum += $pss;
    }
    return $sum;
}

# That another tenant is served, for some seconds, each time soon.
sub others_are_served {
    my ($server, $name, %option) = @_;
    my ($asked, $most, %status) = (0, 0);
    for (my $until = time + 4; time < $until; sleep 0.1) {
        for my $path ('/v1/calls?limit=5', '/v1/products/999999') {
            my $response = eval { request(GET => $path, as => 'globex', to => $server, timeout => 10, %option) };
            my $status = $response ? $response->status : "none: $@";
            $most = $response->elapsed if $response && $response->elapsed > $most;
            $status{$status}++;
            $asked++;
            last if !$response || $response->error;
        }
        last if $status{0} || grep { /^none/ } keys %status;
    }
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_deeply([sort keys %status], [200, 404], "$name: another tenant is served") or diag explain \%status;
    return note sprintf '%d requests, the slowest took %.3f s', $asked, $most;
}

# Clients with a small buffer that have asked and do not read.
sub slow_readers {
    my ($server, $count, $path, %option) = @_;
    my @headers = $option{as} ? bearer($option{as}) : ();
    my @clients = map { $server->client(tls => $option{tls}, buffer => 4096) } 1 .. $count;
    $_->send(GET => $path, headers => \@headers) for @clients;
    return @clients;
}

# The first bytes of what a client has got, without which it waits for nothing.
sub head_of {
    my ($client) = @_;
    $client->_fill if !length $client->{read} && $client->_can_read(0);
    return substr $client->{read}, 0, 20;
}

for my $tls (0, 1) {
    my $scheme = $tls ? 'https' : 'http';
    subtest "pages by $scheme" => sub {
        my $server = start();
        request(GET => '/v1/products?limit=1', as => $_, to => $server) for ('acme') x 4, ('globex') x 4;
        my $before = memory($server);
        my @clients = slow_readers($server, 3 * $threads, '/v1/products?limit=1000', as => 'acme', tls => $tls);
        others_are_served($server, 'many slow readers', tls => $tls);
        SKIP: {
            skip 'a sanitizer keeps what is freed', 1 if $ENV{TENANT_TEST_PRELOAD};
            cmp_ok(memory($server) - $before, '<', 64 * 1024, 'the child takes at most 64 MiB more');
        }
        is_status(request(GET => '/v1/products?limit=100', as => 'globex', to => $server, tls => $tls), 200, 'large pages too');
        is_status(request(GET => '/v1/messages?limit=50', as => 'acme', to => $server, tls => $tls), 200, 'and the tenant itself has short ones');
        my %heads = map { $_ => (head_of($_)) } @clients;
        cmp_ok(scalar(grep { /^HTTP\S+ 429/ } values %heads), '>', 0, 'some readers are refused');
        my ($patient) = grep { $heads{$_} =~ /^HTTP\S+ 200/ } @clients;
        my $page = $patient->receive;
        is($page->error, undef, 'one that is not, and reads after all,');
        is($page->header('Content-Length'), length $page->body, '... has its whole page');
    };
}

subtest 'pages by HTTP/2' => sub {
    my $workers = 2 * $threads;
    my $server = start(server => "LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so\nProtocols h2c http/1.1\nH2MaxWorkers $workers");
    request(GET => '/v1/products?limit=1', as => $_, to => $server) for ('acme') x 4, ('globex') x 4;
    my $before = memory($server);
    my @clients = map { sleep 0.05; closed_window($server, '/v1/products?limit=1000') } 1 .. 90;    # not at once: most would be refused as lists
    others_are_served($server, 'streams that may not be sent');
    is(http2_answer($server, '/v1/products?limit=5'), '2 200', '... by HTTP/2 as well');
    SKIP: {
        skip 'a sanitizer keeps what is freed', 1 if $ENV{TENANT_TEST_PRELOAD};
        cmp_ok(memory($server) - $before, '<', 64 * 1024, 'the child takes at most 64 MiB more');
    }
};

subtest 'files that need no key' => sub {
    my $server = start(server => 'SendBufferSize 8192');
    my @clients = slow_readers($server, 3 * $threads, '/v1/openapi.json');
    others_are_served($server, 'slow readers of openapi.json');
    is_status(request(GET => '/v1/products?limit=1000', as => 'acme', to => $server), 200, 'large pages too');
};

subtest 'fast clients' => sub {
    my $server = start(pool => "$pool wait=30s");
    my %bearer = bearer('acme');
    my $count = $threads - 2;
    my $url = 'http://127.0.0.1:' . $server->port . '/v1/products?limit=1000';
    for (1 .. 3) {
        my $status = qx(curl -s -Z 2>/dev/null --parallel-max $count -m 60 -w '%{http_code} ' -H 'Authorization: $bearer{Authorization}' @{[map { "-o /dev/null '$url'" } 1 .. $count]});
        is($status, '200 ' x $count, 'many of a tenant have large pages at a time');
    }
};

# All pages from a path on, by a link.
sub pages {
    my ($server, $path, $relation) = @_;
    my @pages;
    while (defined $path && @pages < 100) {
        my $page = request(GET => $path, as => 'acme', to => $server);
        is_status($page, 200, $path) or last;
        push @pages, $page;
        ($path) = ($page->header('Link') // '') =~ /<([^>]*)>; rel="$relation"/;
    }
    return @pages;
}

# By what its rows begin with, and without parsing megabytes.
sub ids { return map { $_->body =~ /\{"id":(\d+),/g } @_ }

sub next_of { return ($_[0]->body =~ /"next":(null|"[^"]*"),"next_cursor":[^{}]*\}\n\z/)[0] }

subtest 'pages of long rows' => sub {
    my $server = start();
    my $all = join ' ', column({ database => $database }, 'SELECT id FROM products WHERE tenant_id = ? ORDER BY id DESC', tenant('acme')->{id});
    for my $limit (20, 50, 1000) {
        my @pages = pages($server, "/v1/products?limit=$limit", 'next');
        my ($most) = sort { $b <=> $a } map { length $_->body } @pages;
        my ($longest) = sort { $b <=> $a } map { scalar(my @ids = ids($_)) } @pages;
        is(join(' ', ids(@pages)), $all, "limit=$limit: every row once, in order");
        cmp_ok($most, '<', 1.2 * 1024 * 1024, '... in pages of about 1 MiB at most');
        is(next_of($pages[-1]), 'null', '... the last one has no next');
        cmp_ok($longest, '<=', $limit, '... none has too many rows');

        my @back = reverse pages($server, ($pages[-1]->header('Link') =~ /<([^>]*)>; rel="prev"/)[0], 'prev');
        is(join(' ', ids(@back, $pages[-1])), $all, '... and back');
    }
    my $counted = request(GET => '/v1/products?limit=1000', as => 'acme', to => $server, headers => [Prefer => 'count=exact']);
    my $count = split / /, $all;
    like($counted->body, qr/,"count":$count\}\n\z/, 'a count is of all of them');
    is(request(HEAD => '/v1/products?limit=1000', as => 'acme', to => $server)->header('Content-Length'), 
        length request(GET => '/v1/products?limit=1000', as => 'acme', to => $server)->body, 'HEAD tells the length');
};

subtest 'pages of short rows' => sub {
    my $server = start();
    my $all = join ' ', column({ database => $database }, 'SELECT id FROM messages WHERE tenant_id = ? ORDER BY id DESC', tenant('acme')->{id});
    for my $limit (220, 221, 1000) {
        my @pages = pages($server, "/v1/messages?limit=$limit", 'next');
        is(join(' ', ids(@pages)), $all, "limit=$limit: every row once, in order");
        is(scalar(my @ids = ids($pages[0])), $limit, '... as many as were asked for');
        my @back = reverse pages($server, ($pages[-1]->header('Link') =~ /<([^>]*)>; rel="prev"/)[0], 'prev');
        is(join(' ', ids(@back, $pages[-1])), $all, '... and back');
    }
};

done_testing;
