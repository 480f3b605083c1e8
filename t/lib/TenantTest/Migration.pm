# SPDX-License-Identifier: Apache-2.0
package TenantTest::Migration;

# For tests of migrations: databases of an application of before, whose role is `shop`, in a cluster of their own.
#
#     my $pg = cluster(max_wal_size => '4GB');
#     shop_database('live', 'CREATE TABLE users (…)');
#     my $before = schema('live');
#     $pg->deploy('live');
#     $pg->revert('live');
#     schema_is 'live', $before, 'to the same schema';

use strict;
use warnings;

use Exporter 'import';
use Test::More;

use TenantTest::Cluster;

our @EXPORT = qw(cluster shop_database schema schema_is rows);

my $pg;

# Makes the cluster, with these settings; returns the TenantTest::Cluster.
sub cluster {
    my (%settings) = @_;
    $pg = TenantTest::Cluster->new(settings => \%settings);
    $pg->query('postgres', 'CREATE ROLE shop LOGIN');
    return $pg;
}

# A database that the role shop owns, with the tables of a script.
sub shop_database {
    my ($name, $sql) = @_;
    $pg->query('postgres', "CREATE DATABASE $name OWNER shop");
    $pg->query($name, $sql, 'shop') if $sql;
    return $pg->bootstrap($name);
}

# The schema as pg_dump writes it.
sub schema {
    my $name = shift;
    my ($status, $dump) = $pg->dump($name, '--schema-only', '--exclude-schema=sqitch');
    die $dump if $status;
    $dump =~ s/^\\(?:un)?restrict .*\n//gm;           # a random token of each dump
    return $dump;
}

# That it is still, or again, this one.
sub schema_is {
    my ($name, $wanted, $says) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $dump = schema($name);
    return if ok $dump eq $wanted, $says;
    my (%had, %has);
    $had{$_}++ for split /\n/, $wanted;
    $has{$_}++ for split /\n/, $dump;
    diag map {"- $_\n"} grep { !$has{$_} } sort keys %had;
    diag map {"+ $_\n"} grep { !$had{$_} } sort keys %has;
    return;
}

# One line for each table of a list: its number of rows and a checksum of the given columns.
sub rows {
    my ($name, @tables) = @_;
    return join "\n", map {
        my ($table, $columns, $where) = @{$_};
        "$table " . $pg->query($name, "SELECT count(*), sum(hashtextextended((SELECT r FROM (SELECT $columns) r)::text, 0)::numeric)"
            . " FROM $table" . ($where ? " WHERE $where" : ''));
    } @tables;
}

1;
