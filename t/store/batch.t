# SPDX-License-Identifier: Apache-2.0
#
# Reads of one row that come at the same time share round trips to the database, whosever they are. Nobody gets to see
# another's row for that, nobody pays for another's fault, and nobody waits for another's lock.

use strict;
use warnings;

use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Asking qw(starting start);
use TenantTest::Fault;
use TenantTest::Statements;
use TenantTest::Volley;

my $statements = TenantTest::Statements->new;
my $site = $statements->site;
my @tenants = qw(acme globex);

# With two connections one round trip is under way at a time, on any machine.
starting(site => $site, processes => 1, threads => 32, server => "MaxKeepAliveRequests 0\nKeepAliveTimeout 600");

my $server = start(pool => 'max=2 wait=10s statement=10s');
our $volley = TenantTest::Volley->new($server);

# Reads that are asked for at the same time, each of them [tenant, path].
sub volley { return $volley->fire(map { [$_->[0], GET => $_->[1]] } @_) }

# What each path says to a tenant, asked alone.
my %alone;
sub alone {
    my ($asked) = @_;
    my ($tenant, $path) = @$asked;
    return $alone{"$tenant $path"} //= request(GET => $path, as => $tenant, to => $server);
}

# Answers without what differs from one to the next.
sub plain {
    my ($response) = @_;
    my $body = $response->body =~ s/"request_id":"[^"]*"//r;
    return join "\n", $response->status, $response->header('ETag') // '', $body;
}

# The paths that a volley asks for: rows of both tenants, each asked for by both, rows of nobody, single resources.
my @paths = ('/v1/settings', '/v1/tenant', '/v1/calls/2147483647');
for my $resource (qw(calls messages recordings products users)) {
    for my $tenant (@tenants) {
        push @paths, map { "/v1/$resource/$_" } @{ $site->dbh->selectcol_arrayref(
            "SELECT id FROM $resource WHERE tenant_id = ? ORDER BY id LIMIT 3", undef, tenant($tenant)->{id}) };
    }
}
my @everything = map { my $path = $_; map { [$_, $path] } @tenants } @paths;

sub some { return map { $everything[rand @everything] } 1 .. $volley->size }

# Sends volleys until a time, each of the requests that a function chooses; the statuses of all answers, of 503 the codes, with their
# numbers, and the first body of an answer 200 that is not what the request gets alone.
sub fire_chosen {
    my ($until, $choose) = @_;
    my %seen;
    my $wrong = '';
    do {
        my @asked = $choose->();
        my @answers = volley(@asked);
        for (0 .. $#asked) {
            $seen{ $answers[$_]->status == 503 ? $answers[$_]->json->{code} : $answers[$_]->status }++;
            next if $answers[$_]->status != 200 || plain($answers[$_]) eq plain(alone($asked[$_]));
            $wrong ||= "@{ $asked[$_] }: " . plain($answers[$_]) . ($answers[$_]->error // "");
        }
    } until $until->();
    return (\%seen, $wrong);
}

# The same, of requests that are drawn from some.
sub fire {
    my ($until, @choices) = @_;
    return fire_chosen($until, sub { map { $choices[rand @choices] } 1 .. $volley->size });
}

subtest 'whoever shares sees what he sees alone' => sub {
    alone($_) for @everything;
    my %seen = map { $_->status => 1 } map { alone($_) } @everything;
    is_deeply([sort keys %seen], [200, 404], 'rows are found, and not those of others');
    # On a busy machine a round trip is waited for in vain now and then, and all go alone for a while: some portion of the
    # volleys has to show what sharing spares.
    my ($wrong, $answers, @shared) = ('', 0);
    for my $portion (1 .. 40) {
        my ($count, $before) = (0, count_transactions($site, 'xact_commit'));
        $statements->reset;
        for (1 .. 50) {
            my @asked = some();
            my @answers = volley(@asked);
            for (0 .. $#asked) {
                $count++;
                next if plain($answers[$_]) eq plain(alone($asked[$_]));
                $wrong ||= "@{ $asked[$_] }: " . plain($answers[$_]) . ($answers[$_]->error // "");
            }
        }
        $answers += $count;
        my $trips = count_transactions($site, 'xact_commit') - $before;
        my $run = $statements->all;
        note "$count answers took $trips transactions and $run statements";
        push @shared, $portion if $trips < 0.6 * $count && $run < 0.8 * $count;
        last if @shared && $portion >= 4;
    }
    is($wrong, '', "$answers answers are those of requests that were alone");
    ok(scalar @shared, 'they share transactions, and several that ask for the same kind of row share a statement');
};

my @calls = grep { $_->[1] =~ m{/calls/} && alone($_)->status == 200 } @everything;
my @messages = grep { $_->[1] =~ m{/messages/} && alone($_)->status == 200 } @everything;

subtest 'nobody pays for a fault of another' => sub {
    $site->dbh->do('REVOKE SELECT ON messages FROM tenant_api');
    my $rounds = 0;
    my ($seen) = fire(sub { ++$rounds == 50 }, @calls);
    is_deeply([keys %$seen], [200], 'calls are read');
    $rounds = 0;
    my @mixed;
    for (1 .. 50) {
        my @asked = map { rand(4) < 1 ? $messages[rand @messages] : $calls[rand @calls] } 1 .. $volley->size;
        my @answers = volley(@asked);
        push @mixed, map { [$asked[$_][1], $answers[$_]->status] } 0 .. $#asked;
    }
    is_deeply([grep { $_->[0] =~ /calls/ && $_->[1] != 200 } @mixed], [], 'also beside messages');
    is_deeply([grep { $_->[0] =~ /messages/ && $_->[1] != 503 } @mixed], [], 'which cannot be read');
    $site->dbh->do('GRANT SELECT ON messages TO tenant_api');
};

subtest 'a table changes under prepared statements' => sub {
    my $width = 400;
    my ($seen, $wrong) = fire(sub { $site->dbh->do("ALTER TABLE calls ALTER from_number TYPE varchar($width)"); ++$width == 420 },
        @calls, @messages);
    is_deeply([keys %$seen], [200], 'every read is answered');
    is($wrong, '', 'rightly');
};

subtest 'their columns change, so that no plan fits them' => sub {
    my $log = $server->error_log;
    my $replaced = qr/a database connection is replaced: a group of statements: SQLSTATE 0A000/;
    my $rounds = 0;
    # A message is asked for first, and goes alone: so it is the group behind it that meets the change.
    my ($seen, $wrong) = fire_chosen(sub {
        $site->dbh->do('ALTER TABLE calls ALTER created_at TYPE timestamptz' . (++$rounds % 2 ? '(6)' : ''));
        sleep 0.1;    # behind a round trip that was in vain nobody shares one for a while
        # on a busy machine it may take a while until there is a group
        return $rounds % 2 == 0 && ($rounds >= 20 && $log->text =~ $replaced || $rounds == 400);
    }, sub { ($messages[rand @messages], map { $calls[rand @calls] } 2 .. $volley->size) });
    is_deeply([keys %$seen], [200], 'every read is answered');
    is($wrong, '', 'rightly');
    ok($log->wait_for($replaced), 'a group that loses its connection for that says so');
};

subtest 'backends are killed' => sub {
    my $kills = 0;
    my $until = time + 60;
    my $is_well = sub { request(GET => $calls[0][1], as => $calls[0][0], to => $server)->status == 200 };
    my ($seen, $wrong) = fire(sub {
        # not while connections are being made, which may take a while: else there would be none but those
        if (rand(5) < 1 && $is_well->()) {
            $site->dbh->do(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tenant_api'
                AND application_name NOT LIKE 'mod_tenant %'});
            $kills++;
        }
        return $kills == 20 || time > $until;
    }, @calls, @messages);
    is($kills, 20, 'the server goes on after each time');
    is_deeply([grep { !/^(?:200|database-away)$/ } keys %$seen], [], 'an answer is right, or says that the database is away');
    is($wrong, '', 'never wrong');
    cmp_ok($seen->{200}, '>', 100, 'many are right');
    ok(wait_until { $is_well->() }, 'and the server goes on');
};

subtest 'nobody waits for the lock of another' => sub {
    my $other = start(pool => 'max=8 wait=10s statement=20s');
    my @blocked = map { $other->client } 1 .. 3;
    request(GET => $calls[0][1], as => $calls[0][0], to => $other);
    my $lock = brake($site, undef, 'FROM calls')->hold;
    $_->send(GET => $calls[0][1], headers => [bearer($calls[0][0])]) for @blocked;
    is(waiting_backends($site, 3), 3, 'three reads wait for a lock, more than run together');
    for my $asked (@messages[0 .. 3]) {
        my $response = request(GET => $asked->[1], as => $asked->[0], to => $other);
        is($response->status, 200, 'another table is read meanwhile');
        cmp_ok($response->elapsed, '<', 2, 'at once');
    }
    $lock->release;
    is($_->receive->status, 200, 'the others when the lock is gone') for @blocked;
};

subtest 'a backend stands still' => sub {
    my $other = start(pool => 'max=2 wait=1s statement=1s');
    local $volley = TenantTest::Volley->new($other);
    my $rounds = 0;
    fire(sub { ++$rounds == 20 }, @calls);    # both connections are there
    my @frozen = backends($site);
    my $cold = fork // die "fork: $!";
    if (!$cold) {    # in the midst of a round trip, most likely
        sleep 0.5;
        kill STOP => @frozen;
        POSIX::_exit(0);
    }
    my $until = time + 4;
    my ($seen, $wrong) = fire(sub { time > $until }, @calls);
    waitpid $cold, 0;
    is($wrong, '', 'no answer is wrong');
    is_deeply([grep { !/^(?:200|query-timeout|pool-exhausted|database-away)$/ } keys %$seen], [],
        'each says what it has waited for in vain');
    cmp_ok($seen->{'query-timeout'} // 0, '>=', 1, 'an answer of the database');
    thaw(@frozen);
    ok(wait_until { request(GET => $calls[0][1], as => $calls[0][0], to => $other)->status == 200 }, 'and it goes on');
};

is(scalar grep({ $_->status != 200 } volley(@calls[0 .. 1])), 0, 'the first server works');

done_testing;
