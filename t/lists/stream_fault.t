# SPDX-License-Identifier: Apache-2.0
#
# What happens to a stream on its way: slow clients, too many streams, an authority that ends, a database or a child that
# dies, rows that come and go. Whatever happens, a client never takes a part for the whole.

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use MIME::Base64 qw(encode_base64);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Asking qw(starting start);
use TenantTest::Fault;
use TenantTest::Stream qw(csv_rows);

my $site = TenantTest::Site->make;
my $acme = tenant('acme')->{id};
my $path = '/v1/messages';

# Streams of some 10 MB: the server waits for whoever does not read them.
$site->dbh->do(<<'SQL', undef, $_, $_) for $acme, tenant('globex')->{id};
INSERT INTO messages (sid, tenant_id, body, created_at)
SELECT format('SM9%s%s', ?::text, lpad(n::text, 30, '0')), ?, repeat('x', 1000), now() FROM generate_series(1, 10000) n
SQL
$site->dbh->do(<<'SQL', undef, $acme);
INSERT INTO products (name, description, tenant_id) SELECT 'p', repeat('x', 1000), ? FROM generate_series(1, 10000)
SQL
my $ids = ids('messages');

starting(site => $site, processes => 1, pool => 'max=10 statement=20s', server => 'SendBufferSize 65536');

my $server = start();

sub begin {
    my ($target, %option) = @_;
    return TenantTest::Stream->begin(delete $option{to} // $server, $target // $path, as => 'acme', %option);
}

sub acme {
    my ($method, $target, %option) = @_;
    return request($method, $target, as => 'acme', to => $server, %option);
}

# The ids of acme's rows of a table, last first, as one text.
sub ids {
    my ($table) = @_;
    return join ' ', @{ $site->dbh->selectcol_arrayref("SELECT id FROM $table WHERE tenant_id = ? ORDER BY id DESC", undef, $acme) };
}

# The ids of the rows of an answer.
sub ids_of {
    my ($response) = @_;
    return join ' ', $response->body =~ /^\{"id":(\d+),/mg;
}

sub is_whole {
    my ($response, $name, $want) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_status($response, 200, $name) && is($response->error, undef, '... it ends in order')
        && ok(ids_of($response) eq ($want // $ids), '... with every row once');
}

# That the client saw the transfer break, after some rows.
sub is_broken {
    my ($response, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $got = () = $response->body =~ /\n/g;
    is($response->status, 200, $name);
    cmp_ok($got, '>', 0, '... it has begun');
    return isnt($response->error, undef, "... it breaks off, as the client sees");
}

sub is_whole_or_broken {
    my ($response, $name) = @_;
    return defined $response->error ? is_broken($response, $name) : is_whole($response, $name);
}

# Starts curl; it writes what comes into a file. Its process.
my $fetched = "$site->{scratch}/fetched";

sub curl {
    my (@arguments) = @_;
    my %bearer = bearer('acme');
    unlink $fetched;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        exec 'curl', '-s', '-o', $fetched, '-H', "Authorization: $bearer{Authorization}", '-H', 'Accept: text/csv', @arguments
            or POSIX::_exit(127);
    }
    return $pid;
}

subtest 'a client that reads slowly holds no connection' => sub {
    my $own = start(pool => 'max=1 wait=500ms statement=20s');
    for my $form (qw(ndjson csv)) {
        my $stream = begin($path, to => $own, form => $form);
        for (1 .. 10) {    # 10 KiB a second
            $stream->read(1024);
            sleep 0.1;
            is_status(acme(GET => '/v1/calls/1', to => $own), 200, 'another request has the one connection');
        }
        is_whole($stream->end, 'then it reads the rest') if $form eq 'ndjson';
    }
};

subtest 'a stream that has begun waits for a connection' => sub {
    role_setting($site, lock_timeout => '20s');
    my $own = start(pool => 'max=1 wait=500ms statement=20s');
    my $stream = begin($path, to => $own);
    my $lock = lock_table($site, 'calls');
    my $holder = $own->client->send(GET => '/v1/calls/1', headers => [bearer('acme')]);
    waiting_backends($site, 1);
    $stream->read_until_quiet;
    is_problem(acme(GET => '/v1/products/1', to => $own), 503, 'pool-exhausted', 'longer than other requests');
    $lock->release;
    is_status($holder->receive, 200, 'who has the connection ends');
    is_whole($stream->end, 'and the stream goes on');
};

subtest 'of a stream that has sent nothing yet the problem is told' => sub {
    $site->dbh->do(<<'SQL', undef, $acme);
INSERT INTO recordings (sid, tenant_id, created_at)
SELECT format('RE8%s', lpad(n::text, 31, '0')), ?, now() FROM generate_series(1, 150) n
SQL
    # the first 100 rows are less than a portion, and the second statement, which begins behind a row, takes too long
    my $brake = brake($site, undef, 'FROM recordings .* id < ');
    my $own = start(pool => 'statement=1s');
    my @how = (to => $own, headers => [TenantTest::Stream::form('csv'), Prefer => 'csv=raw']);
    $brake->hold;
    my $response = acme(GET => '/v1/recordings', @how);
    is_problem($response, 503, 'query-timeout', 'the stream fails');
    is($response->header($_), undef, "... without $_") for qw(Content-Disposition Preference-Applied);
    $brake->release;
    $response = acme(GET => '/v1/recordings', @how);
    is_status($response, 200, 'else it is there');
    cmp_ok(scalar(my @rows = csv_rows($response->body)), '>', 150, '... with all rows');
};

subtest 'two streams of a tenant at a time' => sub {
    my @streams = map { begin() } 1, 2;
    my $third = acme(GET => $path, headers => [TenantTest::Stream::form('csv')]);
    is_problem($third, 429, 'rate-limited', 'no third one');
    is($third->header('Retry-After'), 1, 'for now');
    is_status(acme(GET => $path), 200, 'a page is none');
    my $other = TenantTest::Stream->begin($server, $path, as => 'globex');
    like($other->end->body, qr/\A\{"id":/, "another tenant's");
    is_whole($streams[0]->end, 'the first ends');
    my $next = begin();
    is_whole($next->end, 'and another may begin');
    $streams[1]->close;
    ok(wait_until { acme(GET => '/v1/calls', headers => [TenantTest::Stream::form('csv')])->status == 200 }, 'a client that leaves makes room');
    is_whole(begin()->end, 'as often as it likes') for 1 .. 3;
};

subtest 'streams on half of the threads' => sub {
    my $own = start(threads => 6);
    my @streams = map { begin($path, to => $own, as => $_) } qw(acme acme globex);
    my $other = request(GET => $path, to => $own, as => 'globex', headers => [TenantTest::Stream::form('csv')]);
    is_problem($other, 429, 'rate-limited', 'no fourth one of six', qr/There are as many/);
    is_status(acme(GET => $path, to => $own), 200, 'for pages there are threads');
    is_whole($streams[0]->end, 'one ends');
    is_status(request(GET => $path, to => $own, as => 'globex', headers => [TenantTest::Stream::form('csv')]), 200, 'another begins');
    $_->close for @streams[1, 2];
};

# What ends an authority while a stream is under way: [name, options of the stream, what is done, what undoes it, the code].
my $key_hash = $site->dbh->selectrow_array('SELECT api_key_hash FROM tenants WHERE id = ?', undef, $acme);
my @login = (Authorization => 'Basic ' . encode_base64('slow@example.com:correct horse', ''));
my @ends = (
    ['the tenant is switched off', [$path], q{UPDATE tenants SET status = 'inactive' WHERE id = 1},
        q{UPDATE tenants SET status = 'active' WHERE id = 1}, 'tenant-inactive'],
    ['the key is replaced', [$path], q{UPDATE tenants SET api_key_hash = '!' WHERE id = 1},
        "UPDATE tenants SET api_key_hash = '$key_hash' WHERE id = 1", 'key-invalid'],
    ["the Host becomes another tenant's", [$path, host => 'free.example.com'],
        q{UPDATE tenants SET custom_domain = 'free.example.com' WHERE id = 2},
        q{UPDATE tenants SET custom_domain = 'globex.example.com' WHERE id = 2}, 'tenant-mismatch'],
    ["the Host of a public list is nobody's", ['/public/v1/products', host => 'acme.example.com', as => undef],
        q{UPDATE tenants SET custom_domain = NULL WHERE id = 1},
        q{UPDATE tenants SET custom_domain = 'acme.example.com' WHERE id = 1}, 'key-missing'],
    ['the password of the user is another', ['/login/v1/messages', host => 'acme.example.com', as => undef, headers => \@login],
        q{UPDATE users SET password_hash = '$argon2id$v=19$m=19456,t=2,p=1$AAAA$BBBB' WHERE email = 'slow@example.com'},
        undef, 'login-invalid'],
);
my $locations = <<'END';
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
<Location "/public/v1">
    TenantHandler api
    TenantPublicRead products
</Location>
<Location "/login/v1">
    TenantHandler api
    TenantUserAuthority read
</Location>
END

for my $cache ('', "TenantCache off\n") {
    my $own = start(server => $locations . $cache, $cache ? (mpm => 'worker') : ());
    for (@ends) {
        my ($what, $arguments, $do, $undo, $code) = @$_;
        subtest $what . ($cache ? ', without a cache' : '') => sub {
            $site->dbh->do(q{DELETE FROM users WHERE email = 'slow@example.com'});
            is_status(acme(POST => '/v1/users', json => { email => 'slow@example.com', password => 'correct horse' }), 201, 'a user')
                if $code eq 'login-invalid';
            my @ways = ({}, { http => '1.0' }, { tls => 1 }, { tls => 1, http => '1.0' });
            for my $how (@ways[0 .. ($code eq 'tenant-inactive' ? 3 : 0)]) {
                my $log = $own->error_log;
                my ($target, %option) = @$arguments;
                my $stream = begin($target, to => $own, %option, %$how);
                $site->dbh->do($do);
                until_heard();
                is_broken($stream->end, join ' ', %$how, 'the stream');
                ok($log->wait_for(qr/the stream of \w+ breaks off behind [1-9]\d* rows: $code/), "... for $code, says the log");
                $site->dbh->do($undo) if $undo;
                until_heard();    # a Host that is somebody's again may be nobody's for so long
                ok(wait_until { acme(GET => '/v1/calls/1', to => $own)->status == 200 }, '... and another request is fine');
            }
        };
    }
}

subtest 'sessions of PostgreSQL end' => sub {
    for my $at (0, 100_000, 1_000_000, 5_000_000) {
        my $stream = begin();
        for (my $read = 0; $read < $at; ) {
            $read += $stream->read(65536) || last;
        }
        $site->dbh('postgres')->do('SELECT pg_terminate_backend(?, 5000)', undef, $_) for backends($site);
        is_whole($stream->end, "the idle ones, $at bytes later");
    }

    # and those that are at work, again and again
    my $killer = fork // die "fork: $!";
    if (!$killer) {
        my $dbh = DBI->connect("dbi:Pg:host=$site->{host};dbname=postgres", $site->{superuser}, '', { RaiseError => 1 });
        while (1) {
            $dbh->do(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE usename = 'tenant_api' AND state = 'active' AND query LIKE '%messages%'});
            select undef, undef, undef, rand 0.05;
        }
    }
    for my $n (1 .. 12) {
        wait_until { acme(GET => '/v1/calls/1')->status == 200 };
        my $response = begin($path, $n % 3 ? () : (http => '1.0'))->end;
        is_whole_or_broken($response, "stream $n under fire") if $response->status == 200;
    }
    kill KILL => $killer;
    waitpid $killer, 0;
    ok(wait_until { acme(GET => '/v1/calls/1')->status == 200 }, 'afterwards');
    is_whole(begin()->end, 'all is well');
};

subtest 'PostgreSQL stops' => sub {
    my $log = $server->error_log;
    my @streams = map { begin($path, @$_) } [], [http => '1.0'];
    my $url = 'http://127.0.0.1:' . $server->port . $path;
    $_->disconnect for values %{ $site->{dbh} };
    $site->cluster->stop('immediate');
    is_broken($_->end, 'a stream') for @streams;
    ok($log->wait_for(qr/\[tenant:warn\].*the stream of messages breaks off behind [1-9]\d* rows: database-away/), 'the log says why');
    is_problem(acme(GET => $path, headers => [TenantTest::Stream::form('csv')]), 503, 'database-away', 'one that has not begun is refused');
    $site->cluster->start;
    ok(wait_until { acme(GET => '/v1/calls/1')->status == 200 }, 'PostgreSQL is there again');
    is_whole(begin()->end, 'and so are streams');

    for my $version ('--http1.1', '--http1.0') {
        my $pid = curl($version, '--limit-rate', '1M', $url);
        ok(wait_until(sub { (-s $fetched // 0) > 1_000_000 }, 30), 'rows have come');    # more than the first portion
        kill STOP => $pid;    # however long PostgreSQL takes to stop, curl has not got the whole by then
        $_->disconnect for values %{ $site->{dbh} };
        $site->cluster->stop('immediate');
        kill CONT => $pid;
        waitpid $pid, 0;
        isnt($? >> 8, 0, "curl $version fails") or diag sprintf '%d bytes: %.500s', -s $fetched, TenantTest::Server::_read($fetched);
        $site->cluster->start;
        ok(wait_until { acme(GET => '/v1/calls/1')->status == 200 }, 'PostgreSQL is there again');
    }
    my $pid = curl($url);
    waitpid $pid, 0;
    is($? >> 8, 0, 'where nothing happens curl succeeds');
};

subtest 'a graceful restart' => sub {
    my @streams = map { begin($path, @$_) } [], [http => '1.0'];
    $server->graceful;
    is_whole($_->end, 'waits for a stream') for @streams;
    is_status(acme(GET => '/v1/calls/1'), 200, 'while others are served');
};

subtest 'a child dies' => sub {
    my @streams = map { begin($path, @$_) } [], [http => '1.0'];
    for my $stream (@streams) {    # past the first portion: behind that the server says how the connection is to end
        1 while length $stream->{client}{read} < 1_000_000 && $stream->read(65536);
    }
    kill KILL => $server->workers;
    is_broken($_->end, 'a stream') for @streams;
    ok(wait_until { eval { acme(GET => '/v1/calls/1')->status == 200 } }, 'the next child serves');
};

subtest 'a client that reads nothing' => sub {
    my $own = start(server => "Timeout 1\n");
    my $access = $own->access_log;
    my @streams = map { begin($path, to => $own, http => $_) } '1.1', '1.0';
    ok(wait_until { $access->matching(qr{GET \Q$path\E .* 200 }) == 2 }, 'is waited for as long as Timeout says');
    is_status(acme(GET => $path, to => $own, headers => [TenantTest::Stream::form('csv')]), 200, 'then another may have its place');
    is_broken($_->end, 'and it gets no more') for @streams;
};

subtest 'rows come and go' => sub {
    my @before = split / /, ids('messages');
    my $stream = begin();
    $site->dbh->do(q{DELETE FROM messages WHERE tenant_id = ? AND id % 3 = 0}, undef, $acme);
    $site->dbh->do(<<'SQL', undef, $acme);
INSERT INTO messages (sid, tenant_id, body, created_at)
SELECT format('SM8%s', lpad(n::text, 31, '0')), ?, 'new', now() FROM generate_series(1, 1000) n
SQL
    my @got = split / /, ids_of($stream->end);
    my %got = map { $_ => 1 } @got;
    is(scalar @got, scalar keys %got, 'no row comes twice');
    is_deeply([grep { !$got{$_} && $_ % 3 } @before], [], 'whatever was there all the time is there');
    is_deeply([grep { $_ > $before[0] } @got], [], 'what came later is not');
    cmp_ok(scalar(grep { $_ % 3 == 0 } @got), '<', 1000, 'what went is not, unless it had been read');
};

done_testing;
