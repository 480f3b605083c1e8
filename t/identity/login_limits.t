# SPDX-License-Identifier: Apache-2.0
#
# What logins may cost: stored hashes, slots, waiting, failed logins, memory.

use strict;
use warnings;

use Fcntl qw(:flock);
use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;
use TenantTest::Fault;
use Time::HiRes qw(sleep time);

my $conninfo = database('limits');
my %host = map { $_ => tenant($_)->{host} } qw(acme globex);
my $locations = <<'END';
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
LoadModule remoteip_module /usr/lib/apache2/modules/mod_remoteip.so
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
<Location "/intranet/">
    AuthType Basic
    AuthName "Your account"
    AuthBasicProvider tenant
    Require valid-user
</Location>
END

sub start {
    my (@lines) = grep { !ref } @_;
    my %size = map { %$_ } grep { ref } @_;
    return TenantTest::Server->start(database => $conninfo, server => join("\n", $locations, @lines),
        files => { 'htdocs/intranet/page.txt' => "a page\n" }, location => 'TenantUserAuthority read', %size);
}

my $server = start('TenantPasswordSlots 2', 'TenantLoginRate off');

sub login_headers {
    my ($email, $password, $address) = @_;
    return [Authorization => 'Basic ' . encode_base64("$email:$password", ''), defined $address ? ('X-Client' => $address) : ()];
}

sub log_in {
    my ($tenant, $email, $password, %option) = @_;
    return request(GET => $option{path} // '/intranet/page.txt', to => $option{to} // $server, host => $host{$tenant},
        headers => login_headers($email, $password, $option{from}));
}

# The same without waiting for the answer: a client that can receive it.
sub begin_login {
    my ($tenant, $email, $password, %option) = @_;
    return client(to => $option{to} // $server)->send(GET => '/intranet/page.txt', host => $host{$tenant},
        headers => login_headers($email, $password));
}

sub db { return sql({ database => 'limits' }, @_) }

# A user with that stored hash; returns the id.
sub user_with {
    my ($tenant, $email, $hash) = @_;
    my $id = "$tenant $email";
    db('INSERT INTO users (id, email, password_hash, tenant_id) VALUES (?, ?, ?, ?)', $id, $email, $hash, tenant($tenant)->{id});
    return $id;
}

sub hash_of { return row({ database => 'limits' }, 'SELECT password_hash FROM users WHERE id = ?', @_) }

sub new_user {
    my ($tenant, $email, $password) = @_;
    my $response = request(POST => '/v1/users', to => $server, as => $tenant, json => { email => $email, password => $password });
    is_status($response, 201, "$tenant has $email");
    return $response->json->{id};
}

# Hashes that nobody knows the password of; the second one takes about half a second of a processor.
my $usual = '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$bm8gcGFzc3dvcmQgaXMgaGFzaGVkIHRvIHRoaXMgdGV4dCE';
my $slow = $usual =~ s/m=19456,t=2/m=65536,t=10/r;

# The processes that hold a slot, by what the kernel says of the files' locks.
sub holders {
    my ($of) = @_;
    my $root = ($of // $server)->root;
    my %slot = map { ((stat)[1] => 1) } glob "$root/tenant-password.[0-9]*";
    open my $locks, '<', '/proc/locks' or die "/proc/locks: $!";
    return map { /^\d+: FLOCK +\S+ +WRITE +(\d+) \w+:\w+:(\d+) / && $slot{$2} ? $1 : () } <$locks>;
}

# Takes slots as another process of the machine would; what is returned holds them.
sub take_slots {
    my ($of, @numbers) = @_;
    return map {
        my $path = $of->root . "/tenant-password.$_";
        open my $file, '+<', $path or die "$path: $!";
        flock $file, LOCK_EX or die "$path: $!";
        $file;
    } @numbers;
}

# Bytes of memory of a server's children.
sub memory {
    my ($of) = @_;
    my $pages = 0;
    for my $pid ($of->children) {
        open my $file, '<', "/proc/$pid/statm" or next;
        $pages += (split ' ', <$file> // '0 0')[1];
    }
    return $pages * 4096;
}

new_user('acme', 'right@example.com', 'the-right-password');
new_user('globex', 'right@example.com', 'the-other-password');

# --- Stored hashes ----------------------------------------------------------------------------------------------

subtest 'hashes that are refused' => sub {
    my %hash = (
        '1 GiB'        => $usual =~ s/m=19456/m=1048576/r,
        '1000 passes'  => $usual =~ s/t=2/t=1000/r,
        'bcrypt'       => '$2b$12$abcdefghijklmnopqrstuuK0NcXxw0sYQd8jqg3bkU6n0bZ2hKq6a',
        'the password' => 'in-the-clear',
        'nothing'      => '',
    );
    my $n = 0;
    for my $name (sort keys %hash) {
        my $email = 'refused' . $n++ . '@example.com';
        my $id = user_with('acme', $email, $hash{$name});
        my $log = $server->error_log;
        my $before = memory($server);
        my $response = log_in('acme', $email, 'in-the-clear');
        is($response->status, 401, "$name: refused");
        cmp_ok($response->elapsed, '<', 1, '... quickly');
        ok($log->wait_for(qr/\[tenant:warn\].*stored password hash of user \Q$id\E of tenant @{[tenant('acme')->{id}]} is not argon2id/), '... and logged');
        unlike($log->text, qr/\Q$hash{$name}\E/, '... without the hash') if length $hash{$name};
        is_status(request(PATCH => "/v1/users/" . ($id =~ s/ /%20/gr), to => $server, as => 'acme', json => { password => 'set-anew-by-the-api' }),
            200, '... until the password is set anew');
        is(log_in('acme', $email, 'set-anew-by-the-api')->status, 200, '... which is good');
    }
};

subtest 'hashes that cost too little are replaced' => sub {
    my $cheap = '$argon2id$v=19$m=8,t=1,p=1$k7ufI32Cq29KGnIx7Lgb1A$GYDyfOUAixJQdOXAF6TFOo4y1JLmQojifWFFC7Ogzbw';
    my $costly = '$argon2id$v=19$m=32768,t=3,p=1$SQaneCRyW0zKrCFeAPjO9A$spUmGAuaJ8is5qjG3oY6yqoTXLwOqX9hPLpI7iXuQBk';
    my $poor = user_with('acme', 'cheap@example.com', $cheap);
    my $rich = user_with('acme', 'costly@example.com', $costly);

    is(log_in('acme', 'cheap@example.com', 'wrong-password')->status, 401, 'a wrong password');
    is(hash_of($poor), $cheap, '... replaces nothing');
    is(log_in('acme', 'cheap@example.com', 'cheap-password')->status, 200, 'the right one');
    like(hash_of($poor), qr/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/, '... has its hash replaced');
    is(log_in('acme', 'cheap@example.com', 'cheap-password')->status, 200, '... and goes on being right') for 1 .. 4;
    is(log_in('acme', 'costly@example.com', 'costly-password')->status, 200, 'a hash that costs more');
    is(hash_of($rich), $costly, '... stays as it is');
};

# --- Sizes ------------------------------------------------------------------------------------------------------

subtest 'passwords that are too long' => sub {
    my @as = (to => $server, as => 'acme');
    my @slots = take_slots($server, 0, 1);    # nothing here may want to hash anything
    is_invalid(request(POST => '/v1/users', @as, json => { email => 'x@example.com', password => 'x' x 61440 }), { '/password' => 'length' },
        '60 KiB');
    is_problem(request(POST => '/v1/users', @as, json => { email => 'x@example.com', password => 'x' x 1048576 }), 413, 'body-too-large',
        '1 MiB');
    is(log_in('acme', 'right@example.com', 'x' x 1025)->status, 401, 'Basic, 1025 bytes');
    is(log_in('acme', 'right@example.com', 'x' x 5000)->status, 401, 'Basic, 5000 bytes');
    is_problem(log_in('acme', 'right@example.com', 'x' x 1025, path => '/v1/calls'), 401, 'login-invalid', 'on the API');
    is(log_in('acme', 'x' x 255, 'x')->status, 401, 'an address of 255 bytes');
};

# --- Failed logins ----------------------------------------------------------------------------------------------

subtest 'a rate of failed logins' => sub {
    my $limited = start('TenantLoginRate 3/60', 'TenantPasswordSlots 2');
    my @to = (to => $limited);
    my $wrong = sub { log_in('acme', $_[0] // 'right@example.com', 'wrong-password', @to, from => $_[1] // '10.0.0.1')->status };

    is($wrong->(), 401, 'a wrong password') for 1 .. 3;
    my @slots = take_slots($limited, 0, 1);    # whoever hashes now gets 503
    for my $password ('wrong-password', 'the-right-password') {
        for (1 .. 4) {                         # by any child
            my $response = log_in('acme', 'right@example.com', $password, @to, from => '10.0.0.1');
            is($response->status, 429, "the next ones: $password");
            my $after = $response->header('Retry-After') // 0;
            ok($after > 0 && $after <= 20, "... may come after $after s");
            ok(!defined $response->header('WWW-Authenticate'), '... and are not asked for a password');
        }
    }
    is($wrong->('RIGHT@Example.com'), 429, 'another spelling is no other address');
    is_problem(log_in('acme', 'right@example.com', 'the-right-password', @to, from => '10.0.0.1', path => '/v1/calls'), 429, 'rate-limited', 'the API');
    undef $_ for @slots;
    @slots = ();
    is(log_in('acme', 'right@example.com', 'the-right-password', @to, from => '10.0.0.2')->status, 200, 'from elsewhere the user gets in');
    is(log_in('globex', 'right@example.com', 'the-other-password', @to, from => '10.0.0.1')->status, 200, "and another tenant's of that address");
    is($wrong->('other@example.com'), 401, 'other addresses have a rate of their own') for 1 .. 3;
    is($wrong->('other@example.com'), 429, '... whether or not somebody has them');
    my $kelvin = "\xe2\x84\xaa";    # U+212A, of which lower() makes k
    is($wrong->("like\@example.com", '10.0.0.9'), 401, 'an address with a k') for 1 .. 3;
    is($wrong->("li${kelvin}e\@example.com", '10.0.0.9'), 429, '... is the same to PostgreSQL with another one');
    is($wrong->("other-li${kelvin}e\@example.com", '10.0.0.9'), 401, 'so is this one') for 1 .. 3;
    is($wrong->("other-like\@example.com", '10.0.0.9'), 429, '... the other way round');
    is($wrong->('right@example.com', "2001:db8:1:2::$_"), 401, "an address of an IPv6 network: $_") for 1 .. 3;
    is($wrong->('right@example.com', '2001:db8:1:2:ffff::1'), 429, '... whose others count with it');
    is($wrong->('right@example.com', '2001:db8:1:3::1'), 401, 'another network');
    $limited->graceful;
    is($wrong->(), 429, 'a graceful restart forgets nothing');
    is(request(GET => '/v1/calls', @to, as => 'acme', headers => ['X-Client' => '10.0.0.1'])->status, 200, 'keys are not affected');
};

subtest 'the rate recovers' => sub {
    my @want = (
        ['401'   => 'a wrong password'],
        ['401'   => 'a wrong password'],
        ['429 1' => 'the next one'],
        ['200'   => 'after Retry-After it is right'],
        ['401'   => 'one more may be wrong'],
        ['200'   => 'who is known to be right is not affected'],
    );
    my @got;
    for (1 .. 5) {    # it recovers while a machine stands still, and nobody is known while no proof comes that changes are heard
        my $limited = start('TenantLoginRate 2/2', { processes => 1 });
        my $login = sub {
            my $answer = log_in('acme', 'right@example.com', $_[0], to => $limited);
            return join ' ', $answer->status, $answer->header('Retry-After') // ();
        };
        @got = map { $login->($_) } 'wrong-password', 'wrong-password', 'the-right-password';
        sleep 1.1;
        push @got, map { $login->($_) } 'the-right-password', 'wrong-password', 'the-right-password';
        last if "@got" eq join ' ', map { $_->[0] } @want;
    }
    is($got[$_], $want[$_][0], $want[$_][1]) for 0 .. $#want;
};

# --- Slots ------------------------------------------------------------------------------------------------------

subtest 'all slots are busy' => sub {
    my @slots = take_slots($server, 0);
    is(log_in('acme', 'nobody@example.com', 'some-password')->status, 401, 'one is free');
    push @slots, take_slots($server, 1);
    my $start = time;
    my $refused = log_in('acme', 'nobody@example.com', 'some-password');
    is($refused->status, 503, 'none is free');
    cmp_ok(abs(time - $start - 2), '<', 0.5, '... in the 2 s that a login waits');
    like($refused->header('Retry-After') // '', qr/^[1-9]\d?$/, '... Retry-After');
    is_problem(log_in('acme', 'nobody@example.com', 'some-password', path => '/v1/calls'), 503, 'slots-busy', 'on the API');
    is_problem(request(POST => '/v1/users', to => $server, as => 'acme', json => { email => 'new@example.com', password => 'some-password' }),
        503, 'slots-busy', 'a new user');

    my @waiting = map { begin_login('acme', "nobody$_\@example.com", 'some-password') } 1 .. 12;
    my $patient;
    wait_until { ($patient = grep { !$_->_can_read(0) } @waiting) <= 4 } 1.5;    # the others are refused at once
    my ($quick) = sort { $a->elapsed <=> $b->elapsed } map { request(GET => '/v1/calls/1', to => $server, as => 'acme') } 1 .. 3;
    is($quick->status, 200, 'requests by key are answered while others wait');
    cmp_ok($quick->elapsed, '<', 0.5, '... at once');
    my @answers = map { $_->receive } @waiting;
    is(scalar(grep { $_->status == 503 } @answers), 12, 'twelve logins get 503');
    ok($patient >= 1 && $patient <= 4, "a quarter of the threads waited: $patient of 20");
};

subtest 'a slot comes free' => sub {
    my @slots = take_slots($server, 0, 1);
    my $client = begin_login('acme', 'right@example.com', 'the-right-password');
    sleep 0.3;
    close $slots[0];
    is($client->receive->status, 200, 'who waited for it gets in');
};

subtest 'half of the slots for one tenant' => sub {
    user_with('acme', 'slow@example.com', $slow);
    user_with('globex', 'slow@example.com', $slow);
    my @clients = map { begin_login('acme', 'slow@example.com', 'some-password') } 1 .. 3;
    wait_until { holders() == 1 };
    my ($most, $alone) = (0, 0);
    for (1 .. 50) {
        my $count = () = holders();
        $alone = $count if $count > $alone;
        sleep 0.005;
    }
    is($alone, 1, 'one tenant has no more than one');
    my $other = begin_login('globex', 'slow@example.com', 'some-password');
    for (1 .. 200) {
        my $count = () = holders();
        $most = $count if $count > $most;
        last if $most == 2;
        sleep 0.005;
    }
    is($most, 2, 'the other tenant has one at the same time');
    is($other->receive->status, 401, '... and its answer');
    $_->receive for @clients;
};

subtest 'a child is killed in the middle of a hash' => sub {
    my $single = start('TenantPasswordSlots 1');
    my ($is_child, $status);
    for (1 .. 5) {    # 401: it had just come to the end
        my $killed = begin_login('acme', 'slow@example.com', 'some-password', to => $single);
        my $pid = wait_until { (holders($single))[0] } or last;
        $is_child = grep { $_ == $pid } $single->children;
        kill KILL => $pid;
        $status = $killed->receive->status;
        last if $status == 0;
    }
    ok($is_child, 'a child hashes');
    is($status, 0, 'it is killed');
    ok(wait_until { !holders($single) }, 'its slot is free');
    is(log_in('acme', 'right@example.com', 'the-right-password', to => $single)->status, 200, 'and used by others');
};

# --- Memory -----------------------------------------------------------------------------------------------------

subtest '200 logins at a time' => sub {
    my $hash = 19 * 1024 * 1024;
    log_in('acme', 'nobody@example.com', 'some-password') for 1 .. 20;    # threads get to know their pools
    request(GET => '/v1/calls/1', to => $server, as => 'acme') for 1 .. 20;
    my $before = memory($server);
    my @clients = map { begin_login($_ % 2 ? 'acme' : 'globex', "many$_\@example.com", 'some-password') } 1 .. 200;
    my ($peak, @quick) = (0);
    my $until = time + 2;
    while (time < $until) {
        my $now = memory($server);
        $peak = $now if $now > $peak;
        push @quick, request(GET => '/v1/calls/1', to => $server, as => 'acme'), request(GET => '/static.txt', to => $server)
            if @quick < 20;
    }
    my %status;
    $status{ $_->receive->status }++ for @clients;
    is(join(' ', sort keys %status), '401 503', 'some are judged, the others get 503');
    cmp_ok($status{401}, '>=', 4, "judged: $status{401}");
    is(scalar(grep { $_->status == 200 } @quick), scalar @quick, 'keys and static files go on');
    my ($longest) = sort { $b <=> $a } map { $_->elapsed } @quick;
    cmp_ok($longest, '<', 1, sprintf 'within %.3f s', $longest);
    SKIP: {
        skip 'a sanitizer keeps what is freed', 3 if $ENV{TENANT_TEST_PRELOAD};
        my $grown = $peak - $before;
        cmp_ok($grown, '<', 2 * $hash + 16 * 1024 * 1024, sprintf 'memory grows by %.1f MiB', $grown / 1024 / 1024);
        cmp_ok($grown, '>', $hash / 2, 'which is seen');
        my $kept;
        wait_until { ($kept = memory($server) - $before) < 16 * 1024 * 1024 };
        cmp_ok($kept, '<', 16 * 1024 * 1024, 'and is given back');
    }
};

done_testing;
