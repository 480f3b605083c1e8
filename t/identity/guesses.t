# SPDX-License-Identifier: Apache-2.0
#
# Who guesses keys and logins: what fails is counted by the client's address, and costs nobody else.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Fault qw(wait_until);
use TenantTest::Keys;

my $lines = <<'END';
LoadModule remoteip_module /usr/lib/apache2/modules/mod_remoteip.so
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
TenantFailureRate 5/3600
<Location "/private/">
    AuthType Tenant
    AuthName "private"
    Require tenant
</Location>
END
my $server = TenantTest::Server->start(location => 'TenantUserAuthority read', server => $lines, processes => 1,
    files => { 'htdocs/private/page.txt' => "a page\n" });

sub ask {
    my ($key, $from, %option) = @_;
    return request(GET => $option{path} // '/v1/calls?limit=1', to => $server, as => $key, headers => ['X-Client' => $from]);
}

sub guess { return ask(invented_key(), @_)->status }

sub log_in {
    my ($from) = @_;
    return request(GET => '/v1/calls?limit=1', to => $server, host => tenant('acme')->{host},
        headers => [basic('nobody@example.com', 'wrong-password'), 'X-Client' => $from])->status;
}

# What a key that has just been asked for from elsewhere, so that the cache knows it, is answered from an address with 10.0.0.1's
# failures. While nobody hears of changes, as at start or on a busy machine, the cache knows nothing: then once more.
my $elsewhere = 0;
sub known {
    my ($key, $status) = @_;
    my $answer;
    wait_until {
        ask($key, '10.9.' . (++$elsewhere >> 8) . '.' . ($elsewhere & 255));
        $answer = ask($key, '10.0.0.1');
        return $answer->status == $status;
    } 30;
    return $answer;
}

subtest 'keys' => sub {
    is_status(ask(acme => '10.0.0.1'), 200, 'a right key');
    my $wrong = invented_key();
    is_problem(ask($wrong, '10.0.0.1'), 401, 'key-invalid', 'a wrong one');
    is(guess('10.0.0.1'), 401, 'another one') for 1 .. 4;
    my $refused = ask(invented_key(), '10.0.0.1');
    is_problem($refused, 429, 'rate-limited', 'the sixth is not looked up');
    like($refused->header('Retry-After'), qr/^7[0-2]\d$/, '... and is told when it may be');
    is(guess('10.0.0.1', path => '/private/page.txt'), 429, 'nor for other content');
    is_problem(known($wrong, 401), 401, 'key-invalid', 'what is known to be wrong costs nothing');
    is_status(known('acme', 200), 200, 'what is known to be right is served');
    is_problem(ask(globex => '10.0.0.1'), 429, 'rate-limited', 'a right key that is not known has to wait');
    is_status(ask(globex => '10.0.0.2'), 200, '... unless it comes from elsewhere');
    is_status(known('globex', 200), 200, '... which makes it known');
    is(ask('mt_x', '10.0.0.1')->status, 401, 'what can be no key is refused without being looked up');
};

subtest 'right keys are not counted' => sub {
    is_status(ask(globex => '10.0.0.3'), 200, 'a right key') for 1 .. 8;
    is(guess('10.0.0.3'), 401, 'five wrong ones') for 1 .. 5;
    is(guess('10.0.0.3'), 429, 'and no more');
};

subtest 'networks' => sub {
    is(guess("2001:db8:1:2::$_"), 401, "an address of an IPv6 network: $_") for 1 .. 5;
    is(guess('2001:db8:1:2:ffff::1'), 429, '... whose others count with it');
    is(guess('2001:db8:1:3::1'), 401, 'another network');
    is(guess("::ffff:10.0.1.$_"), 401, "mapped IPv4 addresses are addresses: $_") for 1 .. 6;
};

subtest 'logins' => sub {
    is(log_in('10.0.0.4'), 401, 'a wrong login') for 1 .. 5;
    is(log_in('10.0.0.4'), 429, 'as many may fail as keys');
    is(guess('10.0.0.4'), 429, '... and count together');
};

subtest '10,000 addresses' => sub {
    my %status;
    my $client = client(to => $server);
    for my $n (0 .. 9_999) {
        my $from = join '.', 10, 1, $n >> 8, $n & 255;
        $status{ request(GET => '/v1/calls?limit=1', on => $client, to => $server, as => invented_key(), headers => ['X-Client' => $from])->status }++;
    }
    is_deeply(\%status, { 401 => 10_000 }, 'each may guess');
    is(guess('10.0.0.1'), 429, 'and none drives out one that has failed more');
    is_status(ask(acme => '10.1.0.0'), 200, 'a right key');
};

done_testing;
