# SPDX-License-Identifier: Apache-2.0
#
# Paging through lists in every order they can have: forth by `next`, back by the Link `prev`, with ties and rows
# without a time, while rows come and go.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Asking qw(asking get);

my $database = 'list_pages';
my $server = TenantTest::Server->start(database => database($database));
my $acme = tenant('acme')->{id};

asking(to => $server, as => 'acme');
sub db  { my ($statement, @values) = @_; return sql({ database => $database }, $statement, @values) }

# Many ties: three rows at a time, few values.
for my $table (qw(calls messages)) {
    db("UPDATE $table SET created_at = '2026-01-01Z'::timestamptz + id / 9 * interval '1 hour',
        status = CASE id % 4 WHEN 0 THEN 'queued' WHEN 1 THEN 'done' WHEN 2 THEN 'failed' END,
        from_number = CASE WHEN id % 8 <> 3 THEN '+1 ' || id % 5 END WHERE true");
}
db("UPDATE recordings SET duration = CASE WHEN id % 7 > 0 THEN 60 * (id % 7) END, created_at = '2026-01-01Z' WHERE true");
db("UPDATE users SET created_at = CASE WHEN id < '00000001-0000-4000-8000-000000000012' THEN date_trunc('hour', created_at) END,
    updated_at = CASE WHEN right(id, 1) <> '3' THEN '2026-01-01Z'::timestamptz + length(email) * interval '1 second' END WHERE true");

# Every list: a resource, what it is filtered by (query, condition), and the orders that it can have, the usual one
# first. A row without the time of an order is older than all others.
my @lists = (
    ['calls',      '',                            'true',                           'id.desc', 'id.asc', 'created_at.desc', 'created_at.asc'],
    ['calls',      'status=done',                 "status = 'done'",                'id.desc', 'id.asc', 'created_at.desc', 'created_at.asc'],
    ['calls',      'status.null=true',            'status IS NULL',                 'id.desc', 'id.asc', 'created_at.desc', 'created_at.asc'],
    ['calls',      'status.null=false',           'status IS NOT NULL',             'status.desc', 'status.asc'],
    ['calls',      'from_number.null=false',      'from_number IS NOT NULL',        'from_number.desc', 'from_number.asc'],
    ['calls',      'created_at=2026-01-01T04:00:00Z', "created_at = '2026-01-01T04:00Z'", 'id.desc', 'id.asc', 'created_at.desc', 'created_at.asc'],
    ['calls',      'created_at.gt=2026-01-01T02:00:00Z', "created_at > '2026-01-01T02:00Z'", 'created_at.desc', 'created_at.asc'],
    ['calls',      'created_at.gte=2026-01-01T02:00:00Z&created_at.lt=2026-01-01T06:00:00Z',
        "created_at >= '2026-01-01T02:00Z' AND created_at < '2026-01-01T06:00Z'", 'created_at.desc', 'created_at.asc'],
    ['messages',   'created_at.lte=2026-01-01T05:00:00Z&status=done', "created_at <= '2026-01-01T05:00Z' AND status = 'done'",
        'created_at.desc', 'created_at.asc'],
    ['messages',   'status.null=true&from_number.null=true', 'status IS NULL AND from_number IS NULL', 'id.desc', 'id.asc', 'created_at.asc'],
    ['recordings', '',                            'true',                           'id.desc', 'created_at.desc', 'created_at.asc'],
    ['recordings', 'duration=120',                'duration = 120',                 'id.desc', 'created_at.asc'],
    ['recordings', 'duration.gt=60',              'duration > 60',                  'duration.desc', 'duration.asc'],
    ['recordings', 'duration.null=true',          'duration IS NULL',               'id.desc', 'id.asc', 'created_at.desc'],
    ['recordings', 'duration.null=false',         'duration IS NOT NULL',           'duration.desc', 'duration.asc'],
    ['recordings', 'duration.gte=60&duration.lte=240&created_at.gte=2026-01-01T00:00:00Z', 'duration BETWEEN 60 AND 240',
        'duration.desc', 'duration.asc', 'created_at.desc', 'created_at.asc'],
    ['products',   '',                            'true',                           'id.desc', 'id.asc'],
    ['users',      '',                            'true',                           'created_at.desc', 'created_at.asc', 'id.desc', 'id.asc'],
    ['users',      'created_at.null=true',        'created_at IS NULL',             'created_at.desc', 'created_at.asc', 'id.desc', 'id.asc'],
    ['users',      'created_at.null=false',       'created_at IS NOT NULL',         'created_at.desc', 'created_at.asc'],
    ['users',      'created_at.lt=2026-01-02T00:00:00Z', "created_at < '2026-01-02Z'", 'created_at.desc', 'created_at.asc'],
    ['users',      'updated_at.null=true',        'updated_at IS NULL',             'created_at.desc', 'created_at.asc', 'id.asc'],
    ['users',      'updated_at.gt=2026-01-01T00:00:00Z', 'updated_at IS NOT NULL',  'updated_at.desc', 'updated_at.asc'],
);

# acme's ids in an order of a list, as the database has them.
sub ids_of {
    my ($table, $condition, $order) = @_;
    my ($field, $direction) = $order =~ /^(\w+)\.(\w+)$/;
    my $id = $table eq 'users' ? 'id COLLATE "C"' : 'id';
    my $nulls = $direction eq 'asc' ? 'FIRST' : 'LAST';
    return column({ database => $database },
        "SELECT id FROM $table WHERE tenant_id = ? AND $condition ORDER BY $field $direction NULLS $nulls, $id $direction", $acme);
}

sub ids { return map { $_->{id} } @{ $_[0]->json->{data} // [] } }

# All pages from a path on, by a link.
sub pages {
    my ($path, $relation, $between) = @_;
    my @pages;
    while (defined $path && @pages < 500) {
        my $page = get($path);
        is_status($page, 200, $path) or last;
        push @pages, $page;
        $between->($page) if $between;
        $path = $page->link($relation);
    }
    return @pages;
}

sub path_of {
    my ($table, $query, @more) = @_;
    return "/v1/$table?" . join '&', grep { length } $query, @more;
}

subtest 'forth and back' => sub {
    for (@lists) {
        my ($table, $query, $condition, @orders) = @$_;
        for my $order (@orders) {
            my @want = ids_of($table, $condition, $order);
            my $name = path_of($table, $query, "order=$order");
            cmp_ok(scalar @want, '>', 2, "$name has rows") or next;
            for my $limit (1, 4, scalar @want, 1000) {
                my @pages = pages("$name&limit=$limit", 'next');
                is_deeply([map { ids($_) } @pages], \@want, "$name by $limit: every row once, in order");
                is($_->link('next'), $_->json->{next}, 'Link and next agree') for @pages;
                is($_->json->{next_cursor}, (($_->json->{next} // '') =~ /[?&]after=([\w-]+)/)[0], '... and next_cursor')
                    for @pages;
                is($pages[0]->link('prev'), undef, 'nothing is ahead of the first page');

                my @back = pages($pages[-1]->link('prev'), 'prev');
                is_deeply([map { [ids($_)] } @back], [map { [ids($_)] } reverse @pages[0 .. $#pages - 1]], 'back: the same pages')
                    or last;
                is_deeply([map { [ids(get($_->json->{next}))] } reverse @back], [map { [ids($_)] } @pages[1 .. $#pages]],
                    'each of which has the right next one');
            }
            is_deeply([ids(get(path_of($table, $query, 'limit=1000')))], \@want, 'which is the usual order') if $order eq $orders[0];
        }
    }
};

subtest 'the edges' => sub {
    my $first = get('/v1/calls?limit=3');
    my $before = get($first->link('next'))->link('prev');
    my ($newest, $oldest) = ((ids($first))[0], (ids_of('calls', 'true', 'id.desc'))[-1]);

    is_deeply([ids(get($before))], [ids($first)], 'the page ahead of the second one is the first');
    is(get($before)->link('prev'), undef, 'and knows it');

    my $empty = get(get('/v1/calls?limit=1')->link('next') =~ s/limit=1/limit=1000/r =~ s/after=/before=/r);
    is_deeply($empty->json, { data => [], next => '/v1/calls?limit=1000', next_cursor => undef }, 'nothing is ahead of the first row, behind it all');
    is($empty->link('prev'), undef, 'no page is ahead of it');
    is_deeply([ids(get($empty->json->{next}))], [ids_of('calls', 'true', 'id.desc')], 'the next one is the first');

    my @all = pages('/v1/calls?limit=1', 'next');
    my $cursor = $all[-2]->json->{next};
    db('DELETE FROM calls WHERE id = ?', $oldest);
    my $gone = get($cursor);
    is_deeply($gone->json, { data => [], next => undef, next_cursor => undef }, 'the page of a row that is gone is empty');
    is($gone->header('Link'), undef, 'and leads nowhere');
    db("INSERT INTO calls (id, tenant_id, sid, created_at) VALUES (?, ?, 'CAagain', '2026-01-01Z')", $oldest, $acme);
};

# Whoever pages sees each row once that was there when it began and did not go away, whatever else happens.
sub pages_while_rows_change {
    my ($table, $query, $condition, $order, $relation) = @_;
    my $columns = { calls => 'sid, status, created_at', users => 'id, email, created_at' }->{$table};
    my @then = ids_of($table, $condition, $order);
    my ($round, %deleted, %seen) = (0);
    my $start = path_of($table, $query, "order=$order", 'limit=3');
    $start = (pages($start, 'next'))[-1]->link('prev') if $relation eq 'prev';

    pages($start, $relation, sub {
        my ($page) = @_;
        my @shown = ids($page);
        $seen{$_}++ for @shown;
        for my $victim (grep { defined } $shown[0], (grep { !$seen{$_} && !$deleted{$_} } $relation eq 'prev' ? reverse @then : @then)[1]) {
            $deleted{$victim} = 1;
            db("DELETE FROM $table WHERE id = ?", $victim);
        }
        $round++;
        # ahead of all, behind all, and among the ties
        for my $time ('2019-01-01Z', '2026-01-01T03:00Z', '2031-01-01Z') {
            my @values = $table eq 'calls' ? ("CAnew$round$time", 'done') : ("new $round $time", "$round$time\@new.example.com");
            db("INSERT INTO $table (tenant_id, $columns) VALUES (?, ?, ?, ?)", $acme, @values, $time) if $round < 10;
        }
    });
    is_deeply([grep { $seen{$_} > 1 } sort keys %seen], [], "$table $order $relation: no row twice");
    return grep { !$seen{$_} && !$deleted{$_} } @then;
}

subtest 'while rows come and go' => sub {
    for (['calls', '', 'true', qw(id.desc id.asc created_at.desc created_at.asc)],
        ['calls', 'status=done', "status = 'done'", qw(id.asc created_at.desc)],
        ['calls', 'created_at.gt=2018-01-01T00:00:00Z', 'true', qw(created_at.desc created_at.asc)],
        ['users', '', 'true', qw(created_at.desc created_at.asc id.desc)]) {
        my ($table, $query, $condition, @orders) = @$_;
        for my $order (@orders) {
            db("DELETE FROM $table WHERE tenant_id = ?", $acme);
            if ($table eq 'calls') {
                db("INSERT INTO calls (tenant_id, sid, status, created_at)
                    SELECT ?, 'CAx' || n, 'done', '2026-01-01Z'::timestamptz + n / 7 * interval '1 hour' FROM generate_series(1, 60) n", $acme);
            } else {
                db("INSERT INTO users (tenant_id, id, email, created_at)
                    SELECT ?, md5(n::text), n || '\@x.example.com', CASE WHEN n > 20 THEN '2026-01-01Z'::timestamptz + n / 7 * interval '1 hour' END
                      FROM generate_series(1, 60) n", $acme);
            }
            is_deeply([pages_while_rows_change($table, $query, $condition, $order, 'next')], [], 'and none left out');
        }
    }
};

subtest 'back while rows come and go' => sub {
    for my $order (qw(id.desc created_at.desc created_at.asc)) {
        db('DELETE FROM calls WHERE tenant_id = ?', $acme);
        db("INSERT INTO calls (tenant_id, sid, status, created_at)
            SELECT ?, 'CAx' || n, 'done', '2026-01-01Z'::timestamptz + n / 7 * interval '1 hour' FROM generate_series(1, 60) n", $acme);
        my @last = ids((pages(path_of('calls', '', "order=$order", 'limit=3'), 'next'))[-1]);
        my %last = map { $_ => 1 } @last;
        is_deeply([grep { !$last{$_} } pages_while_rows_change('calls', '', 'true', $order, 'prev')], [], 'and none left out');
    }
};

done_testing;
