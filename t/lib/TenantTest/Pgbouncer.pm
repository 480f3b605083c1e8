# SPDX-License-Identifier: Apache-2.0
package TenantTest::Pgbouncer;

# A PgBouncer in transaction mode on a socket, ahead of a TenantTest::Site. The program is PGBOUNCER's, or Debian's.
#
#     my $pooler = TenantTest::Pgbouncer->start(to => $site, lines => "default_pool_size = 2\n");
#     my $conninfo = $pooler->conninfo;
#     $pooler->lead_to($other);
#     plan skip_all => … if TenantTest::Pgbouncer::version() < 1.21;

use strict;
use warnings;

use File::Temp ();
use Time::HiRes qw(sleep time);

use TenantTest::Daemon;

sub program { return $ENV{PGBOUNCER} // '/usr/sbin/pgbouncer' }

# Its version as a number: 1.018, 1.024.
sub version {
    my ($major, $minor) = qx{@{[program()]} --version} =~ /PgBouncer (\d+)\.(\d+)/ or die program() . " does not tell its version\n";
    return $major + $minor / 1000;
}

# Whether it can keep prepared statements.
sub keeps_statements { return version() >= 1.021 }

sub start {
    my ($class, %option) = @_;
    my $self = bless { folder => File::Temp->newdir('mt-bouncer-XXXXXX', DIR => '/tmp'), lines => $option{lines} // '' }, $class;
    $self->_configure($option{to});
    $self->boot;
    return $self;
}

sub boot {
    my ($self) = @_;
    $self->{daemon} = TenantTest::Daemon->start(log => "$self->{folder}/out", command => [program(), '-q', "$self->{folder}/pgbouncer.ini"]);
    my $until = time + 30;
    until (-S $self->_socket) {
        die "PgBouncer does not start:\n" . $self->{daemon}->log_text if time > $until || !$self->{daemon}->is_running;
        sleep 0.05;
    }
    return;
}

sub stop {
    my ($self) = @_;
    $self->{daemon}->stop;
    unlink $self->_socket;
    return;
}

sub conninfo { my ($self) = @_; return "host=$self->{folder} port=6432 dbname=tenant user=tenant_api" }

# From now on it leads to that site.
sub lead_to {
    my ($self, $to) = @_;
    $self->_configure($to);
    $self->{daemon}->signal('HUP');    # RELOAD
    return;
}

sub _socket { my ($self) = @_; return "$self->{folder}/.s.PGSQL.6432" }

sub _configure {
    my ($self, $to) = @_;
    open my $file, '>', "$self->{folder}/pgbouncer.ini" or die "$self->{folder}: $!";
    print $file <<"END";
[databases]
tenant = host=$to->{host} user=tenant_api
[pgbouncer]
listen_addr =
unix_socket_dir = $self->{folder}
listen_port = 6432
auth_type = any
pool_mode = transaction
server_login_retry = 1
logfile = $self->{folder}/log
ignore_startup_parameters = extra_float_digits
$self->{lines}
END
    close $file or die "$self->{folder}: $!";
    return;
}

1;
