# SPDX-License-Identifier: Apache-2.0
# The clock of httpd's machine jumps, ahead and back by days: keys work, limits hold as long as they should, figures do not go back,
# and what is used is on the bill once, of the day that the clock says.
use strict;
use warnings;

use Cwd ();
use Test::More;
use Time::HiRes qw(sleep);
use Time::Local qw(timegm);
use TenantTest;
use TenantTest::Fault qw(wait_until);
use TenantTest::Keys;
use TenantTest::Scrape;

my $day = 86_400;
my $database = 'metrics_clock';
my $conninfo = database($database);
my $clock = site->{scratch} . '/clock';

sub jump {
    my ($ahead) = @_;
    open my $file, '+<', $clock or die "$clock: $!";
    syswrite $file, pack('q', $ahead) or die "$clock: $!";
    return close $file;
}

TenantTest::Server::_write($clock, pack 'q', 0);
my $server = do {
    local $ENV{LD_PRELOAD} = Cwd::abs_path('build/mod_test_clock.so');
    local $ENV{TEST_CLOCK} = $clock;
    TenantTest::Server->start(database => $conninfo, server => <<'END');
LoadModule remoteip_module /usr/lib/apache2/modules/mod_remoteip.so
RemoteIPHeader X-Client
RemoteIPInternalProxy 127.0.0.1
TenantUsage flush=2s
TenantFailureRate 5/3600
TenantRateLimit 1000000/1h
<Location "/limited/">
    TenantRateLimit 3/1h
    AuthType Tenant
    Require tenant
</Location>
<Location "/metrics">
    TenantHandler metrics
    Require local
</Location>
END
};

# A Date as seconds since 1970.
my %month = do { my $n = 0; map { $_ => $n++ } qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec) };

sub seconds_of {
    my ($day, $month, $year, @clock) = $_[0] =~ /, (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT\z/;
    return timegm(reverse(@clock), $day, $month{$month}, $year);
}

my $sent = 0;
sub ask { return request(GET => '/v1/calls?limit=1', to => $server, as => 'acme') }
sub limited { return request(GET => '/limited/x', to => $server, as => 'globex')->status }
sub guess { return request(GET => '/v1/calls', to => $server, as => invented_key(), headers => ['X-Client' => '10.0.0.1'])->status }
sub figure { return TenantTest::Scrape->of($server)->value('mod_tenant_requests_total', handler => 'api') }
sub used { return 0 + row({ database => $database }, 'SELECT coalesce(sum(requests), 0) FROM usage WHERE tenant_id = ?', tenant('acme')->{id}) }
# Days from today on, by the database, on which there is something.
sub days { return column({ database => $database }, 'SELECT day - CURRENT_DATE FROM usage WHERE tenant_id = ? ORDER BY day', tenant('acme')->{id}) }

sql({ database => $database }, 'DELETE FROM usage');
is(limited(), 404, 'a request within the limit') for 1 .. 3;
is(limited(), 429, 'and one beyond it');
is(guess(), 401, 'a guess') for 1 .. 5;
is(guess(), 429, 'and one too many');

# Where it jumps to; whether a day is another one by that.
for my $ahead (0, 40 * $day, -40 * $day, 2 * 3600, 4000 * $day, -3 * $day, 0) {
    subtest "the clock is ahead by $ahead s" => sub {
        my $before = figure();
        jump($ahead);
        my $from = time + $ahead;
        my $told = seconds_of(ask()->header('Date'));
        ok($told >= $from && $told <= time + $ahead, 'httpd believes it') or diag "$told is not behind $from";
        is_status(ask(), 200, 'a key works') for 1 .. 4;
        $sent += 5;
        is(limited(), 429, 'a limit holds');
        is(guess(), 429, 'so does one of guesses');
        ok((wait_until { figure() >= $before + 5 } 10), 'what is counted goes on');
        ok((wait_until { used() >= $sent } 30), 'and is told');
        sleep 2.5;    # whatever is told twice would come now
        is(used(), $sent, 'once');
    };
}
my %days = map { $_ => 1 } days();
ok((grep { $days{$_} } $_, $_ - 1, $_ + 1), "the bill has the day $_ days from now") for 0, 40, -40, 4000, -3;

jump(0);
$server->graceful;
ok((wait_until { eval { ask()->status } == 200 } 20), 'a reload');
ok((wait_until { used() == $sent + 1 } 30), 'changes nothing of that');

done_testing;
