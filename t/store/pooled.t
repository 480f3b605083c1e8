# SPDX-License-Identifier: Apache-2.0
# A PgBouncer in transaction mode, with fewer sessions than connections: any statement may come to any session. Statements are prepared
# where it keeps them (1.21 and later), and sent with their text where it does not. The program is Debian's, or PGBOUNCER's.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);

use TenantTest;
use TenantTest::Fault;
use TenantTest::Load;
use TenantTest::Pgbouncer;

my $site = TenantTest::Site->make;
my $keeps = TenantTest::Pgbouncer::keeps_statements();
my $unkept = qr/leads to a pooler that keeps no prepared statements/;
my ($pooler, $server, $log);

# The lines that have a PgBouncer keep so many statements in each session, or none.
sub keeping {
    my ($count) = @_;
    return 'default_pool_size = 3' . ($keeps ? "\nmax_prepared_statements = $count" : '');
}

sub start {
    my ($lines, $prepare) = @_;
    undef $server;
    $pooler = TenantTest::Pgbouncer->start(to => $site, lines => $lines);
    $server = TenantTest::Server->start(site => $site, processes => 2, threads => 24, pool => "max=6 prepare=$prepare",
        database => $pooler->conninfo . qq{" listen="$site->{conninfo}});
    $log = $server->error_log;
    return;
}

# Somebody else whom PgBouncer leads to the same sessions.
sub other { return DBI->connect('dbi:Pg:' . $pooler->conninfo =~ s/ /;/gr, '', '', { RaiseError => 1, pg_server_prepare => 0 }) }

# A write that is read again, by the tag and the value.
sub write_and_read {
    my ($client, $n) = @_;
    my @common = (on => $client, as => 'acme');
    my $sid = sprintf 'CA%08x%08x%016x', $$, $n, 7;
    my $made = request(POST => '/v1/calls', @common, json => { sid => $sid, from_number => '+12125550100', to_number => '+12125550101' });
    return $made if $made->status != 201;
    my $path = '/v1/calls/' . $made->json->{id};
    my $changed = request(PATCH => $path, @common, json => { status => 'busy' }, headers => ['If-Match' => $made->header('ETag')]);
    return $changed if $changed->status != 200;
    my $read = request(GET => $path, @common);
    return $read if $read->status != 200 || $read->json->{sid} eq $sid && $read->json->{status} eq 'busy';
    return TenantTest::Response->new(status => 599, headers => [], body => $read->body);
}

# What readers, and writers unless told, were answered that they should not have been, while something happened.
sub wrong_under_load {
    my ($events, $writers) = @_;
    my %call = map { $_ => $site->dbh->selectrow_array('SELECT min(id) FROM calls WHERE tenant_id = ?', undef, tenant($_)->{id}) } qw(acme globex);
    my $client = sub { $server->client };
    my $reader = sub {
        my ($tenant) = @_;
        my @paths = ("/v1/calls/$call{$tenant}", '/v1/calls?limit=20', '/v1/messages?limit=5', '/v1/settings', '/v1/calls?status=queued&order=id.desc');
        return { name => "reads of $tenant", keep => 1, client => $client, pause => 0,
            request => sub { my ($client, $n) = @_; request(GET => $paths[$n % @paths], on => $client, as => $tenant) } };
    };
    my $load = TenantTest::Load->start(
        (map { $reader->($_) } (qw(acme globex)) x 5),
        ({ name => 'writes', keep => 1, client => $client, pause => 0, request => \&write_and_read }) x ($writers // 3),
    );
    $events->();
    my (%wrong, %count);
    for my $answer ($load->stop) {
        $count{ $answer->{series} }++;
        $wrong{"$answer->{series}: $answer->{status} $answer->{code} $answer->{error}"}++ if $answer->{status} != 200;
    }
    note join ', ', map {"$count{$_} $_"} sort keys %count;
    return \%wrong;
}

sub later { my ($seconds) = @_; return sub { sleep $seconds } }

# The names of what is prepared in one of them.
sub names { return @{ other()->selectcol_arrayref('SELECT name FROM pg_prepared_statements') } }

subtest 'prepare=off' => sub {
    start(keeping(0), 'off');
    is_deeply(wrong_under_load(later(4)), {}, 'all are answered');
    is_deeply([names()], [], 'nothing is prepared');
    is(scalar $log->matching($unkept), 0, 'which nobody complains about');
};

subtest 'prepare=on, and PgBouncer keeps nothing' => sub {
    start(keeping(0), 'on');
    is_deeply(wrong_under_load(later(4)), {}, 'all are answered');
    is_deeply([names()], [], 'nothing is prepared');
    is(scalar $log->matching($unkept), 2, 'the log says why, once for each child');
};

SKIP: {
    skip 'PgBouncer keeps no prepared statements: that takes 1.21, named by PGBOUNCER', 1 unless $keeps;

    subtest 'prepare=on, and PgBouncer keeps statements' => sub {
        start(keeping(50), 'on');
        is_deeply(wrong_under_load(later(4)), {}, 'all are answered');
        my @names = names();
        cmp_ok(scalar @names, '>', 5, 'they are prepared');
        is_deeply([grep { !/^PGBOUNCER_/ } @names], [], 'by names of its own');
        is(scalar $log->matching($unkept), 0, 'nobody complains');
    };

    subtest 'it keeps fewer than are used' => sub {
        start(keeping(2), 'on');
        is_deeply(wrong_under_load(later(4)), {}, 'all are answered');
        cmp_ok(scalar(names()), '<=', 2, 'a session has no more');
    };

    subtest 'what happens to sessions' => sub {
        start(keeping(50), 'on');
        my $width = 400;
        is_deeply(wrong_under_load(sub {
            for (1 .. 10) {
                $site->dbh->do('ALTER TABLE calls ALTER from_number TYPE varchar(' . $width++ . ')');
                select undef, undef, undef, 0.3;
            }
        }), {}, 'a table changes: all are answered');
        is_deeply(wrong_under_load(sub {
            for (1 .. 20) {
                other()->do(q{DO 'BEGIN EXECUTE ''DEALLOCATE ALL''; END'});
                select undef, undef, undef, 0.1;
            }
        }), {}, 'somebody drops all that is prepared: all are answered');
    };
}

subtest 'it is led elsewhere' => sub {
    my $copy = TenantTest::Site->make;
    start(keeping(50), 'on');
    my $path = '/v1/calls/' . $copy->dbh->selectrow_array('SELECT min(id) FROM calls WHERE tenant_id = ?', undef, tenant('acme')->{id});
    is(request(GET => $path, as => 'acme', to => $server)->status, 200, 'a row is read');
    $copy->dbh->do(q{UPDATE calls SET status = 'busy' WHERE tenant_id = ?}, undef, tenant('acme')->{id});
    is_deeply(wrong_under_load(sub { $pooler->lead_to($copy); sleep 8 }, 0), {}, 'all are answered');
    is(request(GET => $path, as => 'acme', to => $server)->json->{status}, 'busy', 'by the new server');
};

done_testing;
