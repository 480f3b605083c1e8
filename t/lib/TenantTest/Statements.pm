# SPDX-License-Identifier: Apache-2.0
package TenantTest::Statements;

# A site of its own whose PostgreSQL counts statements (pg_stat_statements).
#
#     my $statements = TenantTest::Statements->new;
#     my $server = TenantTest::Server->start(site => $statements->site, processes => 1);
#     $statements->reset;
#     ...
#     is($statements->lookups, 1);
#     is_deeply($statements->cost(sub { ... }), [5, 0]);

use strict;
use warnings;

use TenantTest::Site;

sub new {
    my ($class) = @_;
    my $site = TenantTest::Site->make;
    my $self = bless { site => $site }, $class;

    $site->psql('postgres', '-c', q{ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'});
    $site->cluster->restart;
    $site->psql($site->{database}, '-c', 'CREATE EXTENSION pg_stat_statements');
    return $self;
}

sub site { return $_[0]{site} }
sub dbh  { return $_[0]{site}->dbh }

# A statement by the superuser, in the seeded database; returns the number of rows.
sub sql {
    my ($self, $statement, @parameters) = @_;
    return 0 + $self->dbh->do($statement, undef, @parameters);
}

# Counts from here on.
sub reset {
    my ($self) = @_;
    $self->dbh->do('SELECT pg_stat_statements_reset()');
}

# How many statements the module has run for requests: not what a new connection checks, nor the listener's, nor the
# removal of kept answers, which one request in 64 brings about, nor what is told each minute of nodes and usage.
sub all {
    my ($self) = @_;
    return $self->_count(q{s.query !~ '^(NOTIFY|LISTEN|SET)'
        AND s.query !~ 'pg_auth_members|pg_control_system|idempotency_purge|node_seen|usage_add|usage_count|UNION ALL SELECT \S+ WHERE EXISTS'});
}

# How many of them asked whose a key, a Host or an AccountSid is.
sub lookups {
    my ($self) = @_;
    return $self->_count("s.query ~ 'tenants*_by_'");
}

sub _count {
    my ($self, $condition) = @_;
    return 0 + $self->dbh->selectrow_array("SELECT coalesce(sum(s.calls), 0) FROM pg_stat_statements s
        JOIN pg_roles r ON r.oid = s.userid WHERE r.rolname = 'tenant_api' AND s.toplevel AND $condition");
}

# What requests cost: [how many statements, how many of them lookups].
sub cost {
    my ($self, $work) = @_;
    $self->reset;
    $work->();
    return [$self->all, $self->lookups];
}

# The backends that listen: their process ids.
sub listeners {
    my ($self) = @_;
    return @{ $self->dbh->selectcol_arrayref(
        q{SELECT pid FROM pg_stat_activity WHERE application_name = 'mod_tenant listener' ORDER BY pid}) };
}

1;
