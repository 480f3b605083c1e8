# SPDX-License-Identifier: Apache-2.0
package TenantTest::Fault;

# What the tests of faults share. They work on a site of their own (TenantTest::Site->make), for they stop its
# PostgreSQL, freeze its backends and change its roles.

use strict;
use warnings;

use Exporter 'import';
use DBI ();
use File::Temp ();
use IO::Select;
use IO::Socket::UNIX;
use Socket ();
use Test::More ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
    wait_until is_about role_setting backends waiting_backends held_one_by_one end_backends count_transactions
    brake lock_table silent_database is_asked restart freeze thaw
);

# Waits until a condition holds, at most so many seconds (10 unless told); returns what it last returned.
sub wait_until(&;$) {
    my ($condition, $seconds) = @_;
    my $until = time + ($seconds // 10);
    while (1) {
        my $value = $condition->();
        return $value if $value || time > $until;
        sleep 0.02;
    }
}

# That a time is the expected one within 20 %.
sub is_about {
    my ($seconds, $want, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $ok = Test::More::ok(abs($seconds - $want) <= 0.2 * $want, $name);
    Test::More::diag(sprintf '%.3f s instead of %.3f s', $seconds, $want) unless $ok;
    return $ok;
}

# Sets a parameter of the module's role for sessions to come.
sub role_setting {
    my ($site, $parameter, $value) = @_;
    $site->dbh->do("ALTER ROLE tenant_api SET $parameter = '$value'");
}

# The pids of the backends of the module's pools, in order; a further condition on pg_stat_activity may be given.
sub backends {
    my ($site, $condition) = @_;
    return @{ $site->dbh('postgres')->selectcol_arrayref("SELECT pid FROM pg_stat_activity WHERE usename = 'tenant_api'"
        . " AND application_name NOT LIKE 'mod_tenant %'" . ($condition ? " AND $condition" : '') . ' ORDER BY pid') };
}

# Ends every session of the module, whose next ones are new.
sub end_backends {
    my ($site) = @_;
    $site->dbh->do(q{SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'tenant_api'});
}

# How many transactions there were in the database so far: xact_commit, or xact_rollback. A backend tells of its own every
# ten seconds, or when it ends.
sub count_transactions {
    my ($site, $which) = @_;
    end_backends($site);
    return $site->dbh->selectrow_array("SELECT $which FROM pg_stat_database WHERE datname = current_database()");
}

# Those that wait for a lock. With a number, waits until there are so many.
sub waiting_backends {
    my ($site, $count) = @_;
    my @pids;
    wait_until { @pids = backends($site, q{wait_event_type = 'Lock'}); !defined $count || @pids == $count };
    return @pids;
}

# Calls a function that sends a request, so many times, each time once the one ahead stands still in PostgreSQL: none shares a
# round trip. What it has returned.
sub held_one_by_one {
    my ($site, $count, $send) = @_;
    return map { my $client = $send->(); waiting_backends($site, $_); $client } 1 .. $count;
}

# Lets a test hold back every statement that runs for a tenant, or of these those whose text matches a pattern: a
# handle on which ->hold and ->release do so. Lookups and attestation, which have no tenant yet, go on. tenant_context() passes a lock on its way, and is otherwise what
# the schema says.
sub brake {
    my ($site, $database, $pattern) = @_;
    $site->dbh($database)->do(sprintf <<'SQL', $site->dbh($database)->quote($pattern // ''));
CREATE OR REPLACE FUNCTION tenant_context() RETURNS int LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF current_setting('mod_tenant.tenant_id', true) ~ '^[1-9][0-9]{0,8}$' THEN
    PERFORM pg_advisory_xact_lock_shared(1) WHERE current_query() ~ %s;
    RETURN current_setting('mod_tenant.tenant_id', true)::int;
  END IF;
  RETURN NULL;
END
$$
SQL
    return TenantTest::Fault::Lock->new($site, $database, 'SELECT pg_advisory_xact_lock(1)');
}

# A lock on a table that nobody can read or write past; it is held from now on. ->release ends it.
sub lock_table {
    my ($site, $table, $database) = @_;
    my $lock = TenantTest::Fault::Lock->new($site, $database, "LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
    return $lock->hold;
}

# A socket that takes connections and never says a word: (the socket, the folder for a conninfo's host).
sub silent_database {
    my ($site) = @_;
    my $folder = File::Temp::tempdir('silent.XXXXXX', DIR => $site->{scratch});
    my $socket = IO::Socket::UNIX->new(Type => Socket::SOCK_STREAM(), Local => "$folder/.s.PGSQL.5432", Listen => 50)
        or die "no socket: $!";
    return ($socket, $folder);
}

# Whether somebody has connected to such a socket since the last time, but for a server that tells of itself: each names
# itself in what it sends first (application_name). They go on waiting for an answer.
my @waiting;

sub is_asked {
    my ($socket) = @_;
    my $asked = 0;
    while (IO::Select->new($socket)->can_read(0)) {
        my $client = $socket->accept or last;
        push @waiting, $client;
        IO::Select->new($client)->can_read(5);
        sysread $client, my $startup, 4096;
        $asked ||= ($startup // '') !~ /mod_tenant node/;
    }
    return $asked;
}

# Restarts a site's PostgreSQL, in pg_ctl's mode. Our own sessions end first, for they would tell of it.
sub restart {
    my ($site, $mode) = @_;
    $_->disconnect for values %{ $site->{dbh} };
    $site->cluster->restart($mode);
}

# Stops processes of PostgreSQL, as a hung disk would, and lets them go on; the test's end does so too.
my %frozen;

sub freeze {
    my (@pids) = @_;
    @frozen{@pids} = ();
    return kill STOP => @pids;
}

sub thaw {
    my (@pids) = @_;
    delete @frozen{@pids};
    return kill CONT => @pids;
}

END { thaw(keys %frozen) }

package TenantTest::Fault::Lock;

sub new {
    my ($class, $site, $database, $statement) = @_;
    $database //= $site->{database};
    my $dbh = DBI->connect("dbi:Pg:host=$site->{host};dbname=$database", $site->{superuser}, '',
        { RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1, AutoInactiveDestroy => 1 });
    return bless { dbh => $dbh, statement => $statement }, $class;
}

sub hold {
    my ($self) = @_;
    $self->{dbh}->begin_work;
    $self->{dbh}->do($self->{statement});
    return $self;
}

sub release {
    my ($self) = @_;
    $self->{dbh}->rollback;
    return $self;
}

1;
