# SPDX-License-Identifier: Apache-2.0
package TenantTest::Patroni;

# A primary and a synchronous standby that Patroni looks after by conf/patroni.yml, with one etcd, on 127.0.0.1 with TLS and
# passwords. The database is the site's, seeded as others.
#
#     my $database = TenantTest::Patroni->start(site => $own);
#     my $conninfo = $database->conninfo('tenant_api');     # both hosts, whichever is the primary
#     $database->kill_node($database->primary);             # by number, 0 or 1
#     $database->wait_for_primary;

use strict;
use warnings;

use DBI ();
use File::Copy ();
use File::Temp ();
use JSON::PP ();
use Time::HiRes qw(sleep time);

use TenantTest::Client;
use TenantTest::Cluster;
use TenantTest::Daemon;
use TenantTest::Sample;
use TenantTest::Server;

my @ROLES = qw(tenant_api tenant_admin postgres replicator);

sub start {
    my ($class, %option) = @_;
    my $self = bless { site => $option{site}, owner => $$, folder => File::Temp->newdir('mt-ha-XXXXXX', DIR => '/tmp') }, $class;
    my $folder = $self->{folder};

    $self->{nodes} = [map { +{ number => $_, name => 'db' . ($_ + 1), dir => "$folder/db$_", port => TenantTest::Server::free_port(),
        api => TenantTest::Server::free_port() } } 0, 1];
    mkdir $_->{dir}, 0700 for @{ $self->{nodes} };
    $self->{password} = { map { $_ => join '', map { chr(97 + int rand 26) } 1 .. 20 } @ROLES };
    _write("$folder/pass", join '', map {"*:*:*:$_:$self->{password}{$_}\n"} @ROLES);
    File::Copy::copy($option{site}{certificate_key}, "$folder/server.key");
    chmod 0600, "$folder/server.key";
    $self->_start_etcd;
    $self->_make_first($self->{nodes}[0]{dir});
    $self->start_node(0);
    $self->wait_for_primary;
    $self->start_node(1);
    $self->wait_for_standby;
    return $self;
}

# PATRONI's, or Debian's.
sub program { return $ENV{PATRONI} // '/usr/bin/patroni' }

# The major number of its version.
sub version {
    my ($major) = qx{@{[program()]} --version} =~ /patroni (\d+)\./ or die program() . " does not tell its version\n";
    return $major;
}

sub node { return $_[0]{nodes}[$_[1]] }

# A conninfo of a role: both servers unless one is named by its number.
sub conninfo {
    my ($self, $role, $number, @words) = @_;
    return $self->_conninfo($role, $number, defined $number ? () : 'target_session_attrs=read-write', @words);
}

# That of a role which would rather have the standby.
sub standby_conninfo { my ($self, $role) = @_; return $self->_conninfo($role, undef, 'target_session_attrs=prefer-standby') }

sub _conninfo {
    my ($self, $role, $number, @words) = @_;
    my @ports = defined $number ? $self->node($number)->{port} : map { $_->{port} } @{ $self->{nodes} };
    return join ' ', 'host=' . join(',', ('127.0.0.1') x @ports), 'port=' . join(',', @ports), "dbname=tenant user=$role",
        "passfile=$self->{folder}/pass sslmode=verify-full sslrootcert=$self->{site}{ca_file} connect_timeout=2", @words;
}

# Patroni of a node, and with it PostgreSQL.
sub start_node {
    my ($self, $number) = @_;
    my $node = $self->node($number);
    $node->{daemon} = TenantTest::Daemon->start(log => "$node->{dir}/log", command => [program(), $self->_config($node)]);
    return;
}

# What PostgreSQL's processes are: the postmaster first. It is in a session of its own, beside Patroni's.
sub postgres {
    my ($self, $number) = @_;
    open my $file, '<', $self->node($number)->{dir} . '/data/postmaster.pid' or return;
    my ($postmaster) = <$file> =~ /^(\d+)/ or return;
    return grep { TenantTest::Server::is_alive($_) } $postmaster, _children($postmaster);
}

# A machine without power.
sub kill_node {
    my ($self, $number) = @_;
    my @postgres = $self->postgres($number);
    $self->node($number)->{daemon}->signal('KILL', 1);
    kill KILL => @postgres;
    sleep 0.05 while $self->node($number)->{daemon}->is_running || grep { TenantTest::Server::is_alive($_) } @postgres;
    return;
}

sub freeze { my ($self, $number) = @_; return kill STOP => $self->node($number)->{daemon}->pid, $self->postgres($number) }
sub thaw   { my ($self, $number) = @_; return kill CONT => $self->node($number)->{daemon}->pid, $self->postgres($number) }

# The number of the primary, as Patroni sees it; undef while there is none.
sub primary {
    my ($self) = @_;
    my ($found) = grep { $self->_status($_, '/primary') == 200 } 0, 1;
    return $found;
}

sub wait_for_primary { my ($self, @not) = @_; return $self->_wait('a primary', sub { my $is = $self->primary; defined $is && !grep { $_ == $is } @not }) }

# Until etcd knows a standby as a synchronous one, so that it may take over. (GET /sync also says so of an old primary, for a moment.)
sub wait_for_standby {
    my ($self) = @_;
    return $self->_wait('a synchronous standby', sub {
        my $primary = $self->primary // return 0;
        my $cluster = $self->_ask($primary, GET => '/cluster') // return 0;
        return scalar grep { $_->{role} eq 'sync_standby' } @{ $cluster->json->{members} || [] };
    });
}

# A planned one; returns once the other is the primary.
sub switch_over {
    my ($self) = @_;
    my $from = $self->primary;
    my $response = $self->_ask($from, POST => '/switchover', { leader => $self->node($from)->{name}, candidate => $self->node(1 - $from)->{name} });
    die 'Patroni refuses: ' . $response->status . ' ' . $response->body . "\n" if $response->status != 200;
    return $self->wait_for_primary($from);
}

# Settings of all, as patronictl edit-config.
sub set {
    my ($self, %settings) = @_;
    my $response = $self->_ask($self->primary, PATCH => '/config', \%settings);
    die 'Patroni refuses: ' . $response->status . ' ' . $response->body . "\n" if $response->status != 200;
    return;
}

sub _wait {
    my ($self, $what, $is_so) = @_;
    my $until = time + 90;
    while (!$is_so->()) {
        if (time > $until) {
            my $logs = join "\n", map { $_->{daemon} ? substr $_->{daemon}->log_text, -3000 : () } @{ $self->{nodes} };
            die "there is not $what:\n$logs";
        }
        sleep 0.1;
    }
    return;
}

sub _status { my ($self, $number, $path) = @_; my $answer = $self->_ask($number, GET => $path); return $answer ? $answer->status : 0 }

sub _ask {
    my ($self, $number, $method, $path, $json) = @_;
    return eval {
        TenantTest::Client->new(port => $self->node($number)->{api}, timeout => $json ? 30 : 2)->request($method, $path,
            headers => [Connection => 'close'], $json ? (body => JSON::PP::encode_json($json)) : ());
    };
}

sub _start_etcd {
    my ($self) = @_;
    my ($client, $peer) = map { TenantTest::Server::free_port() } 1, 2;
    $self->{etcd_port} = $client;
    $self->{etcd} = TenantTest::Daemon->start(log => "$self->{folder}/etcd.log", env => { ETCD_UNSUPPORTED_ARCH => '' }, command => [
        '/usr/bin/etcd', '--enable-v2', '--data-dir', "$self->{folder}/etcd", '--unsafe-no-fsync', '--listen-client-urls', "http://127.0.0.1:$client",
        '--advertise-client-urls', "http://127.0.0.1:$client", '--listen-peer-urls', "http://127.0.0.1:$peer",
        '--initial-advertise-peer-urls', "http://127.0.0.1:$peer", '--initial-cluster', "default=http://127.0.0.1:$peer",
    ]);
    return;
}

# The cluster of before, which Patroni takes over: with passwords, and the role that standbys come as.
sub _make_first {
    my ($self, $dir) = @_;
    my $cluster = TenantTest::Cluster->new(dir => $dir, template => $self->{site}{template});
    my $password = $self->{password};
    $cluster->query('postgres', join '', 'CREATE ROLE replicator LOGIN REPLICATION;',
        map {"ALTER ROLE $_ PASSWORD '$password->{$_}';"} @ROLES);
    $cluster->stop;
    return;
}

# conf/patroni.yml, as this node's; a Patroni that may have it has etcd's newer protocol.
sub _config {
    my ($self, $node) = @_;
    my $text = slurp('conf/patroni.yml');
    my ($bin) = sort { $b cmp $a } glob '/usr/lib/postgresql/*/bin';
    my %put = (
        version() >= 4 ? ("\netcd:\n" => "\netcd3:\n") : (), 'name: DB1' => "name: $node->{name}", 'DB1.EXAMPLE.COM:8008' => "127.0.0.1:$node->{api}",
        'DB1.EXAMPLE.COM:5432' => "127.0.0.1:$node->{port}", 'ETCD1.EXAMPLE.COM:2379' => "127.0.0.1:$self->{etcd_port}",
        "    - ETCD2.EXAMPLE.COM:2379\n" => '', "    - ETCD3.EXAMPLE.COM:2379\n" => '',
        '/var/lib/postgresql/15/tenant' => "$node->{dir}/data", '/usr/lib/postgresql/15/bin' => $bin,
        '/var/lib/postgresql/patroni.pgpass' => "$node->{dir}/pgpass", '/etc/ssl/certs/DB-CA.pem' => $self->{site}{ca_file},
        '/var/run/postgresql' => $node->{dir}, '/etc/postgresql/tls/server.pem' => $self->{site}{certificate},
        '/etc/postgresql/tls/server.key' => "$self->{folder}/server.key", '192.0.2.0/24' => '127.0.0.1/32',
        'SUPERUSER-PASSWORD' => $self->{password}{postgres}, 'REPLICATION-PASSWORD' => $self->{password}{replicator},
        'local all postgres peer' => 'local all postgres trust',
    );
    for my $from (keys %put) {
        $text =~ s/\Q$from\E/$put{$from}/g or die "patroni.yml has no $from\n";
    }
    _write("$node->{dir}/patroni.yml", $text);
    return "$node->{dir}/patroni.yml";
}

sub _children {
    my ($parent) = @_;
    my @children;
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $file, '<', $stat or next;
        my ($pid, $ppid) = (<$file> // '') =~ /^(\d+) \(.*\) \S (\d+)/ or next;
        push @children, $pid if $ppid == $parent;
    }
    return @children;
}

sub _write {
    my ($path, $text) = @_;
    open my $file, '>', $path or die "$path: $!";
    chmod 0600, $path;
    print $file $text;
    close $file or die "$path: $!";
    return;
}

sub DESTROY {
    my ($self) = @_;
    local ($@, $?, $!);
    return if $self->{owner} != $$;
    for my $node (@{ $self->{nodes} || [] }) {
        my @postgres = $self->postgres($node->{number});
        $node->{daemon}->stop('KILL') if $node->{daemon};
        kill CONT => @postgres;
        kill KILL => @postgres;
        my $until = time + 10;    # they write into the folder until then
        sleep 0.05 while time < $until && grep { TenantTest::Server::is_alive($_) } @postgres;
    }
    $self->{etcd}->stop if $self->{etcd};
    return;
}

1;
