# SPDX-License-Identifier: Apache-2.0
#
# sql/ on a database whose times have no zone: each becomes the instant that it was, or nothing is done.
use strict;
use warnings;

use TenantTest::Cluster;
use Test::More;

my $pg = TenantTest::Cluster->new;
$pg->query('postgres', 'CREATE ROLE shop LOGIN');

# A database of the role shop, whose users have times of a zone, with the defaults and the rows that are given.
sub database {
    my ($name, $zone, $created, $updated, @rows) = @_;
    $pg->query('postgres', "CREATE DATABASE $name OWNER shop; ALTER DATABASE $name SET timezone = '$zone'");
    $pg->query($name, "CREATE TABLE users (id text PRIMARY KEY, email text, created_at $created, updated_at $updated, moment timestamptz DEFAULT now())", 'shop');
    $pg->query($name, "INSERT INTO users (id, created_at, updated_at) VALUES ('$_->[0]', '$_->[1]', '$_->[1]')", 'shop') for @rows;
    $pg->query($name, q{INSERT INTO users (id) VALUES ('before')}, 'shop');
    return $pg->bootstrap($name);
}

# What the columns are, and what they hold, as the shop sees it.
sub state_of {
    my ($name) = @_;
    return $pg->query($name, q{SELECT column_name, data_type, datetime_precision, column_default FROM information_schema.columns
        WHERE table_name = 'users' AND column_name LIKE '%\_at' ORDER BY 1; SELECT id, created_at, updated_at FROM users ORDER BY id});
}

sub instants {
    my ($name) = @_;
    return $pg->query($name, q{SET timezone = 'UTC'; SELECT id, created_at, updated_at = created_at FROM users WHERE id < 'a' ORDER BY id});
}

# That the times of a row are of its making, whatever the zone of who reads it. In the hour that the end of summer time repeats a local
# time stands for two instants, of which PostgreSQL takes one.
sub is_now {
    my ($name, $id) = @_;
    for my $column (qw(created_at updated_at)) {
        is $pg->query($name, "SELECT bool_or(abs(extract(epoch FROM $column - m)) <= 0.5) FROM users, current_setting('timezone') zone,
            unnest(ARRAY[moment, (moment AT TIME ZONE zone) AT TIME ZONE zone]) m WHERE id = '$id'"), 't', "$id: $column is now";
    }
}

my @BERLIN = (['1', '2026-01-15 12:00:00'], ['2', '2026-07-01 12:00:00'], ['3', '2026-10-25 01:59:59'], ['4', '2026-10-25 02:30:00'],
    ['5', '2026-10-25 03:00:00']);

subtest 'nobody says which zone' => sub {
    database('silent', 'Europe/Berlin', 'timestamp DEFAULT now()', 'timestamptz', @BERLIN);
    my $before = state_of('silent');
    my ($status, $output) = $pg->sqitch('deploy', 'silent');
    isnt $status, 0, 'is refused';
    like $output, qr/users\.created_at: times without a zone\. Say where they are local with --set legacy_timezone=ZONE/, 'which says what to do';
    unlike $output, qr/updated_at/, 'for the columns that lack one';
    ($status, $output) = $pg->sqitch('deploy', 'silent', '--set', 'legacy_timezone=CEST');
    isnt $status, 0, 'an abbreviation is refused';
    like $output, qr/legacy_timezone 'CEST' is none of the names in pg_timezone_names/, 'which says why';
    is state_of('silent'), $before, 'nothing is changed';
};

subtest 'a zone with summer time' => sub {
    database('berlin', 'Europe/Berlin', 'timestamp DEFAULT now()', 'timestamp(0) DEFAULT LOCALTIMESTAMP', @BERLIN);
    my $before = state_of('berlin');
    $pg->deploy('berlin', '--to', '@expanded', '--set', 'legacy_timezone=Europe/Berlin');
    is instants('berlin'), join("\n", '1|2026-01-15 11:00:00+00|t', '2|2026-07-01 10:00:00+00|t', '3|2026-10-24 23:59:59+00|t',
        '4|2026-10-25 01:30:00+00|t', '5|2026-10-25 02:00:00+00|t'), 'each time is the instant that it was';
    is_now('berlin', 'before');
    $pg->query('berlin', q{INSERT INTO users (id) VALUES ('after')}, 'shop');
    is_now('berlin', 'after');
    $pg->query('berlin', q{INSERT INTO users (id, created_at, updated_at) VALUES ('6', '2026-08-01 00:00:00', '2026-08-01 00:00:00')}, 'shop');
    like instants('berlin'), qr/^6\|2026-07-31 22:00:00\+00\|t$/m, 'so is a local time that the application writes';
    $pg->query('berlin', q{DELETE FROM users WHERE id IN ('6', 'after')});
    $pg->deploy('berlin');
    $pg->revert('berlin');
    is state_of('berlin'), $before, 'revert gives back the local times';
};

subtest 'UTC, and defaults that say so' => sub {
    database('utc', 'America/New_York', q{timestamp(3) DEFAULT (now() AT TIME ZONE 'UTC')}, q{timestamp DEFAULT timezone('utc', now())}, @BERLIN);
    my $before = state_of('utc');
    my $file = $pg->query('utc', q{SELECT pg_relation_filenode('users')});
    $pg->deploy('utc', '--to', 'users', '--set', 'legacy_timezone=UTC');
    like instants('utc'), qr/^4\|2026-10-25 02:30:00\+00\|t$/m, 'each time is the instant that it was';
    is_now('utc', 'before');
    $pg->query('utc', q{INSERT INTO users (id) VALUES ('after')}, 'shop');
    is_now('utc', 'after');
    $pg->query('utc', q{DELETE FROM users WHERE id = 'after'});
    $pg->revert('utc');
    is state_of('utc'), $before, 'revert gives back the times';
};

subtest 'another zone than the right one' => sub {
    database('wrong', 'UTC', 'timestamp', 'timestamp', ['1', '2026-03-29 01:59:59'], ['2', '2026-03-29 02:30:00']);
    my ($status, $output) = $pg->sqitch('deploy', 'wrong', '--set', 'legacy_timezone=Europe/Berlin');
    isnt $status, 0, 'is refused where the rows tell';
    like $output, qr/users 2: created_at 2026-03-29 02:30:00 does not exist in Europe\/Berlin/, 'which names them';
    unlike $output, qr/users 1:/, 'and no others';
    $pg->deploy('wrong', '--set', 'legacy_timezone=UTC');
    pass 'with the right one it deploys';
};

done_testing;
