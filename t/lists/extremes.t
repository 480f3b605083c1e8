# SPDX-License-Identifier: Apache-2.0
#
# Lists of rows as no client can make them, written by another program where the CHECKs are gone: times that RFC 3339
# cannot say, infinite ones, ids of 0 and less, ids and texts that are empty or hold controls. Each row comes once, in the
# order of the database, whichever way the list is read.

use strict;
use warnings;
use utf8;

use JSON::PP ();
use Test::More;
use TenantTest;
use TenantTest::Asking qw(asking get);

my $database = 'list_extremes';
my $server = TenantTest::Server->start(database => database($database));
my $acme = tenant('acme')->{id};

sub db { my ($statement, @values) = @_; return sql({ database => $database }, $statement, @values) }
asking(to => $server, as => 'acme');

# As PostgreSQL takes them, and as they are shown, in their order.
my @times = (
    ['-infinity',                           undef],
    ['4714-11-24 00:00:00+00 BC',           '-004713-11-24T00:00:00Z'],
    ['4000-01-01 00:00:00+00 BC',           '-003999-01-01T00:00:00Z'],
    ['4000-01-01 00:00:00.000001+00 BC',    '-003999-01-01T00:00:00.000001Z'],
    ['0002-12-31 23:59:59.999999+00 BC',    '-000001-12-31T23:59:59.999999Z'],
    ['0001-01-01 00:00:00+00 BC',           '0000-01-01T00:00:00Z'],
    ['0001-02-29 12:00:00+00 BC',           '0000-02-29T12:00:00Z'],
    ['0001-12-31 23:59:59.999999+00 BC',    '0000-12-31T23:59:59.999999Z'],
    ['0001-01-01 00:00:00+00',              '0001-01-01T00:00:00Z'],
    ['1969-12-31 23:59:59+00',              '1969-12-31T23:59:59Z'],
    ['2026-02-28 00:00:00.5+00',            '2026-02-28T00:00:00.5Z'],
    ['9999-12-31 23:59:59.999999+00',       '9999-12-31T23:59:59.999999Z'],
    ['10000-01-01 00:00:00+00',             '+010000-01-01T00:00:00Z'],
    ['12026-05-05 00:00:00+00',             '+012026-05-05T00:00:00Z'],
    ['294276-12-31 23:59:59.999999+00',     '+294276-12-31T23:59:59.999999Z'],
    ['infinity',                            undef],
);
my @ids = (-2147483648, -2147483647, -1, 0, 2147483647);
my @texts = ('', ' ', "\t", "a\nb", "\x{1}", '5:a b', 'é', 'É', 'ﬀ', "\x{10ffff}", '😀' x 256);
my @durations = (-2147483648, -1, 0, 1, 2147483647);

for my $table (qw(calls messages recordings users)) {
    db("ALTER TABLE $table DROP CONSTRAINT $_")
        for column({ database => $database }, "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = '$table'::regclass");
}
for my $table (qw(calls recordings)) {
    db("DELETE FROM $table");
    my $number = 0;
    for my $round (1, 2) {
        for my $time (@times) {
            my $id = $number < @ids ? $ids[$number] : 1_000_000 + $number;
            db("INSERT INTO $table (id, tenant_id, sid, created_at) VALUES (?, ?, ?, ?)", $id, $acme, "S$number", $time->[0]);
            db("UPDATE $table SET " . ($table eq 'calls' ? 'from_number = ?, status = ?' : 'call_sid = ?, duration = ?')
                    . ' WHERE id = ?', substr($texts[$number % @texts], 0, 30), $table eq 'calls'
                    ? substr($texts[$number / 2 % @texts], 0, 20) : $durations[$number % 6], $id);
            $number++;
        }
    }
}
db('DELETE FROM users');
{
    my $number = 0;
    for my $round (1, 2) {
        for my $time (@times, [undef, undef]) {
            db('INSERT INTO users (id, tenant_id, email, created_at, updated_at) VALUES (?, ?, ?, ?, ?)',
                $number < @texts ? $texts[$number] : "u$number", $acme, "u$number\@example.com", $time->[0],
                ($times[$number * 7 % (@times + 1)] // [])->[0]);
            $number++;
        }
    }
}

sub ids_of {
    my ($table, $condition, $order) = @_;
    my ($field, $direction) = $order =~ /^(\w+)\.(\w+)$/;
    my $key = $table eq 'users' && $field eq 'created_at' ? q{coalesce(created_at, '-infinity')} : $field;
    return column({ database => $database },
        "SELECT id FROM $table WHERE tenant_id = ? AND $condition ORDER BY $key $direction, id $direction", $acme);
}

sub ids { return map { $_->{id} } @{ $_[0]->json->{data} // [] } }

# All pages from a path on, by a link; more than there are rows is without end.
sub pages {
    my ($path, $relation) = @_;
    my @pages;
    while (defined $path && @pages < 100) {
        my $page = get($path);
        is_status($page, 200, $path) or last;
        push @pages, $page;
        $path = $page->link($relation);
    }
    return @pages;
}

my @lists = (
    ['calls', '', 'true', 'id', 'created_at'],
    ['calls', 'created_at.lt=2026-02-28T00:00:00.5Z', "created_at < '2026-02-28 00:00:00.5Z'", 'created_at'],
    ['calls', 'created_at.gte=2026-02-28T00:00:00.5Z', "created_at >= '2026-02-28 00:00:00.5Z'", 'created_at'],
    ['calls', 'from_number.null=false', 'from_number IS NOT NULL', 'from_number'],
    ['calls', 'status.null=false', 'status IS NOT NULL', 'status'],
    ['calls', 'from_number=a%0Ab', "from_number = E'a\\nb'", 'id'],
    ['recordings', '', 'true', 'id', 'created_at'],
    ['recordings', 'duration.null=false', 'duration IS NOT NULL', 'duration'],
    ['recordings', 'duration.null=true', 'duration IS NULL', 'id', 'created_at'],
    ['recordings', 'duration.lte=1', 'duration <= 1', 'duration'],
    ['users', '', 'true', 'created_at', 'id'],
    ['users', 'created_at.null=true', "(created_at IS NULL OR created_at = '-infinity')", 'created_at', 'id'],
    ['users', 'created_at.null=false', "created_at > '-infinity'", 'created_at'],
    ['users', 'created_at.lt=2000-01-01T00:00:00Z', "created_at > '-infinity' AND created_at < '2000-01-01Z'", 'created_at'],
    ['users', 'updated_at.null=false', 'updated_at IS NOT NULL', 'updated_at'],
    ['users', 'updated_at.lt=2000-01-01T00:00:00Z', "updated_at < '2000-01-01Z'", 'updated_at'],
    ['users', 'updated_at.null=true', 'updated_at IS NULL', 'created_at'],
);

for my $list (@lists) {
    my ($table, $query, $condition, @orders) = @$list;
    for my $order (map { ("$_.desc", "$_.asc") } @orders) {
        my @want = ids_of($table, $condition, $order);
        my $name = "/v1/$table?" . join '&', grep {length} $query, "order=$order";

        for my $limit (1, 3, 1000) {
            my @pages = pages("$name&limit=$limit", 'next');
            is_deeply([map { ids($_) } @pages], \@want, "$name by $limit: every row once, in order");
            my @back = pages($pages[-1]->link('prev'), 'prev');
            is_deeply([map { [ids($_)] } reverse @back], [map { [ids($_)] } @pages[0 .. $#pages - 1]], "$name by $limit: and back");
        }
        my $stream = get($name, headers => [Accept => 'application/x-ndjson']);
        is_deeply([map { JSON::PP->new->utf8->decode($_)->{id} } split /\n/, $stream->body], \@want, "$name as a stream");
    }
}

subtest 'what is shown of a time' => sub {
    my %shown = map { $_->[0] => $_->[1] } @times;
    for my $path ('/v1/calls?limit=1000', map {"/v1/calls/$_"} column({ database => $database },
            'SELECT id FROM calls WHERE tenant_id = ? AND id > 0', $acme)) {
        my $answer = get($path)->json // {};
        for my $row ($answer->{data} ? @{ $answer->{data} } : $answer->{id} ? $answer : ()) {
            my ($time) = column({ database => $database }, 'SELECT created_at::text FROM calls WHERE id = ?', $row->{id});
            my ($want) = grep { db_time($_->[0]) eq $time } @times;
            is($row->{created_at}, $want->[1], "$path: $time");
        }
    }
};

# A time as the database spells it in the test's own session.
sub db_time { return (column({ database => $database }, 'SELECT ?::timestamptz::text', $_[0]))[0] }

# Streams read chunk by chunk: each of the chunks' last rows is one of these.
subtest 'a long stream' => sub {
    db("INSERT INTO calls (tenant_id, sid, created_at) SELECT ?, 'L' || n, '12026-05-05Z'::timestamptz + n % 7 * interval '1 s'
          FROM generate_series(1, 1500) n", $acme);
    db("INSERT INTO calls (tenant_id, sid, created_at) SELECT ?, 'M' || n, '4000-01-01 00:00:00Z BC'::timestamptz + n % 7 * interval '1 s'
          FROM generate_series(1, 1500) n", $acme);
    for my $order (qw(created_at.desc created_at.asc)) {
        my $stream = get("/v1/calls?order=$order&fields=id", headers => [Accept => 'text/csv']);
        is_status($stream, 200);
        my (undef, @lines) = split /\r\n/, $stream->body;
        is_deeply(\@lines, [ids_of('calls', 'true', $order)], "$order: every row once");
    }
};

done_testing;
