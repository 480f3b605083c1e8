# SPDX-License-Identifier: Apache-2.0
#
# New rows that come at the same time share round trips to the database and transactions, whosever they are. Each is
# its tenant's and nobody else's, what is answered is in the database once, what is refused is not in it, and nobody
# pays for another's fault or waits for another's lock.

use strict;
use warnings;

use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use TenantTest;
use TenantTest::Asking qw(starting start);
use TenantTest::Contract;
use TenantTest::Fault;
use TenantTest::Volley;

my $site = TenantTest::Site->make;
my @tenants = qw(acme globex);

starting(site => $site, processes => 1, threads => 32, server => "MaxKeepAliveRequests 0\nKeepAliveTimeout 600");

my $server = start(pool => 'max=4 wait=10s statement=10s');
our $volley = TenantTest::Volley->new($server);

# A number that no other row of this test has.
my $count = 0;
sub new_number { return sprintf '+1555%07d', ++$count }

# A POST of a new row, its tenant by turns.
sub new_row {
    my ($resource) = @_;
    my $number = new_number();
    return [$tenants[$count % 2], POST => "/v1/$resource", { sid => new_sid($resource), from_number => $number }];
}

sub some { return map { new_row($_ % 3 ? 'calls' : 'messages') } 1 .. $volley->size }
sub table { my ($request) = @_; return $request->[2] =~ s{.*/}{}r }
sub number { my ($request) = @_; return $request->[3]{from_number} }

# How many rows a request has made.
sub rows_made {
    my ($request) = @_;
    return 0 + $site->dbh->selectrow_array('SELECT count(*) FROM ' . table($request) . ' WHERE tenant_id = ? AND from_number = ? AND sid = ?',
        undef, tenant($request->[0])->{id}, number($request), $request->[3]{sid});
}

# What is wrong with an answer: a 201 that does not show its row, or of which there is not one row; another one of
# which there is a row, unless it may be.
sub fault {
    my ($request, $answer, %option) = @_;
    my $rows = rows_made($request);
    my $about = "@$request[0 .. 2] " . number($request) . ': ' . $answer->status . ' ' . $answer->body;
    return $rows == 0 || ($option{unknown} && $rows == 1) ? () : "$rows rows in spite of $about" if $answer->status != 201;
    my $shown = $answer->json;
    return "$rows rows: $about" if $rows != 1;
    return "another's row: $about" if $shown->{tenant_id} != tenant($request->[0])->{id}
        || $shown->{from_number} ne number($request) || $shown->{sid} ne $request->[3]{sid};
    return;
}

# How many transactions have made the rows of requests.
sub transactions {
    my (@requests) = @_;
    my %xmin;
    for my $request (@requests) {
        $xmin{ $site->dbh->selectrow_array('SELECT xmin FROM ' . table($request) . ' WHERE from_number = ?', undef, number($request)) }++;
    }
    return scalar keys %xmin;
}

# So long it takes to make a row: meanwhile others can come, however slow this machine is.
sub slow_down {
    my ($seconds) = @_;
    $site->dbh->do("CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS \$\$BEGIN PERFORM pg_sleep($seconds); RETURN NEW; END\$\$");
    $site->dbh->do("CREATE TRIGGER linger BEFORE INSERT ON $_ FOR EACH ROW EXECUTE FUNCTION linger()") for qw(calls messages);
}

sub speed_up { $site->dbh->do($_) for 'DROP TRIGGER linger ON calls', 'DROP TRIGGER linger ON messages', 'DROP FUNCTION linger()' }

subtest 'each gets its own row' => sub {
    my (@asked, @answers, $is_shared);
    slow_down(0.003);
    # On a busy machine a round trip is waited for in vain now and then, and all go alone for a while: some portion of the volleys
    # has to show what sharing spares.
    for my $portion (1 .. 20) {
        my @portion;
        for (1 .. 40) {
            my @new = some();
            push @portion, @new;
            push @answers, $volley->fire(@new);
        }
        push @asked, @portion;
        my $transactions = transactions(@portion);
        note @portion . " rows took $transactions transactions";
        $is_shared = $transactions < 0.6 * @portion and last;
    }
    speed_up();
    is_deeply([map { fault($asked[$_], $answers[$_]) } 0 .. $#asked], [], 'it is there, and shown');
    is(scalar grep({ $_->status != 201 } @answers), 0, 'always');
    ok($is_shared, 'many share a transaction');
    my @wrong;
    for my $n (map { int rand @asked } 1 .. 100) {
        my $path = $answers[$n]->header('Location');
        my ($owner, $other) = ($asked[$n][0], grep { $_ ne $asked[$n][0] } @tenants);
        my ($his, $others) = map { request(GET => $path, as => $_, to => $server) } $owner, $other;
        push @wrong, $path if $his->body ne $answers[$n]->body || $his->header('ETag') ne $answers[$n]->header('ETag') || $others->status != 404;
    }
    is_deeply(\@wrong, [], 'at its Location, for its tenant alone');
};

subtest 'nobody pays for a fault of another' => sub {
    my $taken = new_row('calls');
    is(($volley->fire($taken))[0]->status, 201, 'there is a row');
    my (@faults, %seen);
    for (1 .. 30) {
        my @asked = some();
        my $bad = int rand @asked;
        $asked[$bad][2] = '/v1/calls';
        $asked[$bad][3]{sid} = $taken->[3]{sid};
        $asked[$bad][0] = $taken->[0] if TenantTest::Site::partitions();    # another tenant could have it
        my @answers = $volley->fire(@asked);
        $seen{ $_ == $bad ? 'taken' : 'new' }{ $answers[$_]->status }++ for 0 .. $#asked;
        push @faults, map { fault($asked[$_], $answers[$_]) } 0 .. $#asked;
    }
    is_deeply([map { [sort keys %{ $seen{$_} }] } qw(taken new)], [[409], [201]], 'a sid that is taken is refused, and it alone');
    is_deeply(\@faults, [], 'every other row is there');
};

subtest 'nobody is named for what another does' => sub {
    # a trigger of the site's own, which deletes: so new calls are in the audit too
    $site->dbh->do(q{CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO products (tenant_id, name) VALUES (NEW.tenant_id, NEW.sid);
          DELETE FROM products WHERE tenant_id = NEW.tenant_id AND name = NEW.sid;
          RETURN NEW;
        END $$});
    $site->dbh->do('CREATE TRIGGER tidy AFTER INSERT ON calls FOR EACH ROW EXECUTE FUNCTION tidy()');
    slow_down(0.003);
    my $globex = tenant('globex')->{id};
    my $count_shared = sub {
        return $site->dbh->selectrow_array(q{SELECT count(*) FROM (SELECT xmin::text FROM audit WHERE kind IN ('users', 'products') GROUP BY xmin::text
            HAVING count(DISTINCT tenant_id) > 1) t});
    };
    for (my $round = 1; $round <= 20 || $round <= 400 && !$count_shared->(); $round++) {
        my @new = map { $_ % 2 ? ['acme', POST => '/v1/users', { email => "user-$round-$_\@example.com" }]
            : ['globex', POST => '/v1/calls', { sid => new_sid('calls'), from_number => new_number() }] } 1 .. $volley->size;
        is(scalar(grep { $_->status != 201 } $volley->fire(@new)), 0, 'new users, and calls of another tenant');
    }
    speed_up();
    $site->dbh->do("DROP $_") for 'TRIGGER tidy ON calls', 'FUNCTION tidy()';
    cmp_ok($count_shared->(), '>', 0, 'some shared a transaction');
    is_deeply($site->dbh->selectcol_arrayref(q{SELECT DISTINCT concat_ws(' ', actor_type, actor) FROM audit WHERE tenant_id = ? AND kind = 'products'}, undef, $globex),
        ['role tenant_api'], 'what comes of a call is told without a name');
};

subtest 'what a COMMIT refuses' => sub {
    $site->dbh->do($_) for <<'SQL', 'CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON calls DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()';
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.to_number = 'refused' THEN RAISE EXCEPTION 'no such number'; END IF;
  RETURN NULL;
END
$$
SQL
    my (@faults, %seen);
    for (1 .. 20) {
        my @asked = map { new_row('calls') } 1 .. $volley->size;
        my $bad = int rand @asked;
        $asked[$bad][3]{to_number} = 'refused';
        my @answers = $volley->fire(@asked);
        $seen{ $_ == $bad ? 'refused' : 'new' }{ $answers[$_]->status == 201 ? 201 : $answers[$_]->json->{code} }++ for 0 .. $#asked;
        push @faults, map { fault($asked[$_], $answers[$_]) } 0 .. $#asked;
    }
    is_deeply([map { [sort keys %{ $seen{$_} }] } qw(refused new)], [['misconfigured'], [201]], 'has not been done, and is all that has not');
    is_deeply(\@faults, [], 'every other row is there');
    $site->dbh->do($_) for 'DROP TRIGGER refuse ON calls', 'DROP FUNCTION refuse()';
};

subtest 'requests with an Idempotency-Key' => sub {
    my (@faults, %seen);
    for my $round (1 .. 20) {
        my @asked = map { my $new = new_row('calls'); my @twins = map { [@$new, 'Idempotency-Key', "batch-$round-$count"] } 1 .. 3; @twins } 1 .. 5;
        my @answers = $volley->fire(@asked);
        for my $first (map { 3 * $_ } 0 .. 4) {
            my @made = grep { $_->status == 201 } @answers[$first .. $first + 2];
            $seen{ $_->status == 409 ? $_->json->{code} : $_->status }++ for @answers[$first .. $first + 2];
            push @faults, 'no row: ' . number($asked[$first]) unless @made;
            push @faults, map { fault($asked[$first], $_) } @made;
            push @faults, 'made twice: ' . number($asked[$first]) if grep({ !$_->header('Idempotency-Replayed') } @made) != 1;
            push @faults, 'twins differ: ' . number($asked[$first]) if grep { $_->body ne $made[0]->body } @made;
        }
    }
    is_deeply(\@faults, [], 'have one row and one answer');
    is_deeply([grep { !/^(?:201|idempotency-in-progress)$/ } keys %seen], [], 'or are told that it is being made');
};

subtest 'many more than fit into one group' => sub {
    my $other = start(pool => 'max=8 wait=10s statement=20s', threads => 64);
    local $volley = TenantTest::Volley->new($other, 48);
    slow_down(0.002);
    my (@asked, @answers, $is_shared);
    for my $portion (1 .. 20) {    # as above
        @asked = map { some() } 1 .. 4;
        @answers = map { $volley->fire(splice @{ [@asked] }, 48 * $_, 48) } 0 .. 3;
        is_deeply([map { fault($asked[$_], $answers[$_]) } 0 .. $#asked], [], 'all are made');
        my $transactions = transactions(@asked);
        note @asked . " rows took $transactions transactions";
        $is_shared = $transactions < 0.3 * @asked and last;
    }
    ok($is_shared, 'by few transactions, though the last had to wait long');

    my ($owner, $taken) = ($asked[0][0], $asked[0][3]{sid});
    my $before = count_transactions($site, 'xact_rollback');
    @asked = map { new_row('calls') } 1 .. 48;
    my @bad = map { 8 * $_ + 7 } 0 .. 5;
    $asked[$_][3]{sid} = $taken for @bad;
    if (TenantTest::Site::partitions()) { $asked[$_][0] = $owner for @bad }    # another tenant could have it
    @answers = $volley->fire(@asked);
    speed_up();
    is_deeply([map { $_->status } @answers], [map { $_ % 8 == 7 ? 409 : 201 } 0 .. 47], 'some are refused');
    my $vain = count_transactions($site, 'xact_rollback') - $before - @bad;
    cmp_ok($vain, '<=', 1, 'one group at most was in vain, then all went alone');
};

# Has a server open eight connections, which takes as many statements at the same time that go alone; writes have half of the
# pool. (None can be opened
# while a table is locked, for each tries whether it shows rows.)
sub open_connections {
    my ($server) = @_;
    my $id = tenant('acme')->{id};
    my $row = $site->dbh->selectrow_array('SELECT min(id) FROM products WHERE tenant_id = ?', undef, $id);
    my $lock = TenantTest::Fault::Lock->new($site, undef, "SELECT FROM products WHERE id = $row FOR UPDATE")->hold;
    my @clients = map { $server->client } 1 .. 8;
    $_->send(PATCH => "/v1/products/$row", headers => [bearer('acme'), 'Content-Type' => 'application/json'], body => '{"name":"lock"}')
        for @clients;
    is(waiting_backends($site, 8), 8, 'there are eight connections');
    $lock->release;
    $_->receive for @clients;
}

# Posts of other rows while some wait for a lock.
sub test_lock {
    my ($server, $lock, $new_blocked) = @_;
    my $send = sub {
        my ($client, $new) = @_;
        $client->send(@$new[1, 2], headers => [bearer($new->[0]), 'Content-Type' => 'application/json'], body => json($new->[3]));
        return $new;
    };
    my ($waiting, @held, @late);
    for my $try (1 .. 5) {
        open_connections($server);
        my @clients = map { $server->client } 1 .. 12;
        my @blocked = map { $server->client } 1 .. 3;
        my (@asked, @answers);
        @held = ();
        $lock->hold;
        for my $round (1 .. 20) {
            for my $n (0 .. $#clients) {    # those that will wait come in the midst of others
                push @held, $send->($blocked[@held], $new_blocked->()) if $n == 6 && @held < @blocked;
                my $new = new_row('calls');
                $new->[0] = 'globex';
                push @asked, $send->($clients[$n], $new);
            }
            push @answers, map { $_->receive } @clients;
        }
        $waiting = waiting_backends($site, 3);
        is(scalar grep({ $_->status != 201 } @answers), 0, 'others write without waiting for the lock, which is still held');
        is_deeply([map { fault($asked[$_], $answers[$_]) } 0 .. $#asked], [], 'what is there when it is told so');
        $lock->release;
        @late = map { $_->receive } @blocked;
        # Of a group whose backend stands still, and does not even say that it has given up the wait, nothing is known: once more then.
        last unless grep { $_->status == 503 && $_->json->{code} eq 'query-timeout' } @late;
    }
    is($waiting, 3, 'three wait for a lock');
    is_deeply([map { $late[$_]->status, rows_made($held[$_]) } 0 .. 2], [(201, 1) x 3], 'the others when it is gone, each once')
        or diag join "\n", map { sprintf '%.3f s: %s %s', $_->elapsed, $_->error // '', $_->body } @late;
}

role_setting($site, lock_timeout => '120s');

subtest 'nobody waits for the lock of another' => sub {
    my $acme = tenant('acme')->{id};
    test_lock(start(pool => 'max=16 wait=10s statement=120s'),
        TenantTest::Fault::Lock->new($site, undef, "SELECT FROM tenants WHERE id = $acme FOR UPDATE"),
        sub { my $new = new_row('calls'); $new->[0] = 'acme'; $new });
};

subtest 'nor for a table that others need, be it to prepare a statement' => sub {
    slow_down(0.002);
    test_lock(start(pool => 'max=16 wait=10s statement=120s'),
        TenantTest::Fault::Lock->new($site, undef, 'LOCK TABLE messages IN ACCESS EXCLUSIVE MODE'), sub { new_row('messages') });
    speed_up();
};

subtest 'backends are killed' => sub {
    my $until = time + 3;
    my (@faults, %seen);
    while (time < $until || ($seen{201} // 0) <= 100 && time < $until + 60) {    # a busy machine takes longer
        my @asked = some();
        $site->dbh->do(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tenant_api'
            AND application_name NOT LIKE 'mod_tenant %'}) if rand(5) < 1;
        my $killer = rand(5) < 1 ? fork : undef;
        if (defined $killer && !$killer) {    # in the midst of a round trip
            sleep rand 0.004;
            kill TERM => backends($site);
            POSIX::_exit(0);
        }
        my @answers = $volley->fire(@asked);
        waitpid $killer, 0 if $killer;
        $seen{ $_->status == 503 ? $_->json->{code} : $_->status }++ for @answers;
        push @faults, map { fault($asked[$_], $answers[$_], unknown => 1) } 0 .. $#asked;
    }
    is_deeply([grep { !/^(?:201|database-away)$/ } keys %seen], [], 'an answer is 201, or that the database is away');
    is_deeply(\@faults, [], 'what is answered is there, once');
    cmp_ok($seen{201}, '>', 100, 'nearly all are');
    ok(wait_until { ($volley->fire(new_row('calls')))[0]->status == 201 }, 'and the server goes on');
};

subtest 'the answer to a COMMIT is lost' => sub {
    my $postgres = $site->dbh('postgres');
    my $standby = sub { $postgres->do("ALTER SYSTEM SET synchronous_standby_names = '$_[0]'"); $postgres->do('SELECT pg_reload_conf()') };
    my (@faults, %seen);
    for (1 .. 4) {
        $volley->fire(some()) for 1 .. 3;
        my $child = fork // die "fork: $!";
        if (!$child) {
            $postgres = $site->dbh('postgres');
            sleep 0.05;
            $standby->('nobody');    # for whom every COMMIT waits when it has taken effect
            wait_until { backends($site, q{wait_event = 'SyncRep'}) };
            for (1 .. 10) {
                kill TERM => backends($site, q{wait_event = 'SyncRep'});
                sleep 0.02;
            }
            $standby->('');
            POSIX::_exit(0);
        }
        while (waitpid($child, POSIX::WNOHANG()) == 0) {
            my @asked = some();
            my @answers = $volley->fire(@asked);
            $seen{ $_->status == 201 ? 201 : $_->json->{code} }++ for @answers;
            push @faults, map { fault($asked[$_], $answers[$_], unknown => 1) } 0 .. $#asked;
        }
    }
    is_deeply([sort keys %seen], ['201', 'database-away'], 'a row is there, or nobody knows: it is not sent again');
    is_deeply(\@faults, [], 'what is answered is there, once');
};

subtest 'a backend stands still' => sub {
    my $other = start(pool => 'max=2 wait=1s statement=1s');
    local $volley = TenantTest::Volley->new($other);
    $volley->fire(some()) for 1 .. 5;
    my @frozen = backends($site);
    my $cold = fork // die "fork: $!";
    if (!$cold) {    # in the midst of a round trip, most likely
        sleep 0.3;
        kill STOP => @frozen;
        POSIX::_exit(0);
    }
    my $until = time + 3;
    my (@asked, @answers);
    while (time < $until) {
        my @new = some();
        push @asked, @new;
        push @answers, $volley->fire(@new);
    }
    waitpid $cold, 0;
    thaw(@frozen);
    ok(wait_until { ($volley->fire(new_row('calls')))[0]->status == 201 }, 'it goes on');
    is_deeply([map { fault($asked[$_], $answers[$_], unknown => 1) } 0 .. $#asked], [], 'what is answered is there, once');
    my %seen = map { ($_->status == 201 ? 201 : $_->json->{code}) => 1 } @answers;
    is_deeply([grep { !/^(?:201|query-timeout|pool-exhausted|database-away)$/ } keys %seen], [], 'the others are told what they have waited for in vain');
    ok($seen{'query-timeout'}, 'an answer of the database');
};

done_testing;
