# SPDX-License-Identifier: Apache-2.0
package TenantTest::Pooler;

# A PgBouncer with conf/pgbouncer.ini ahead of a TenantTest::Patroni.
#
#     my $pooler = TenantTest::Pooler->start(database => $database);
#     my $conninfo = $pooler->conninfo;
#     $pooler->lead_to(1);      # the server of that number

use strict;
use warnings;

use File::Temp ();
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

use TenantTest::Daemon;
use TenantTest::Pgbouncer;
use TenantTest::Sample;
use TenantTest::Server;

sub start {
    my ($class, %option) = @_;
    my $self = bless { database => $option{database}, port => $option{port} // TenantTest::Server::free_port(),
        folder => File::Temp->newdir('mt-pooler-XXXXXX', DIR => '/tmp') }, $class;

    $self->_write('userlist.txt', qq{"tenant_api" "$self->{database}{password}{tenant_api}"\n});
    $self->_configure($self->{database}->primary);
    $self->{daemon} = TenantTest::Daemon->start(log => "$self->{folder}/log", command => [TenantTest::Pgbouncer::program(), "$self->{folder}/pgbouncer.ini"]);
    my $until = time + 10;
    until (IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{port}")) {
        die "PgBouncer does not start:\n" . $self->{daemon}->log_text if time > $until;
        sleep 0.05;
    }
    return $self;
}

sub conninfo {
    my ($self) = @_;
    return "host=127.0.0.1 port=$self->{port} dbname=tenant user=tenant_api passfile=$self->{database}{folder}/pass connect_timeout=2";
}

sub lead_to {
    my ($self, $number) = @_;
    $self->_configure($number);
    $self->{daemon}->signal('HUP');    # RELOAD
    return;
}

sub _configure {
    my ($self, $number) = @_;
    my $text = slurp('conf/pgbouncer.ini');
    my %put = (
        'tenant = host=DB1.EXAMPLE.COM port=5432' => 'tenant = host=127.0.0.1 port=' . $self->{database}->node($number)->{port},
        'listen_port = 6432' => "listen_port = $self->{port}",
        '/var/log/postgresql/pgbouncer.log' => "$self->{folder}/pgbouncer.log",
        '/var/run/postgresql/pgbouncer.pid' => "$self->{folder}/pid",
        '/etc/pgbouncer/userlist.txt' => "$self->{folder}/userlist.txt",
        '/etc/ssl/certs/DB-CA.pem' => $self->{database}{site}{ca_file},
    );
    for my $from (keys %put) {
        $text =~ s/^(?!;)(.*)\Q$from\E/$1$put{$from}/mg or die "pgbouncer.ini has no $from\n";
    }
    $text =~ s/^;(?=max_prepared_statements)//m or die "pgbouncer.ini has no max_prepared_statements\n" if TenantTest::Pgbouncer::keeps_statements();
    $self->_write('pgbouncer.ini', $text);
    return;
}

sub _write {
    my ($self, $name, $text) = @_;
    open my $file, '>', "$self->{folder}/$name" or die "$name: $!";
    chmod 0600, "$self->{folder}/$name";
    print $file $text;
    close $file or die "$name: $!";
    return;
}

1;
