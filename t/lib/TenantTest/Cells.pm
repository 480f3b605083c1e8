# SPDX-License-Identifier: Apache-2.0
package TenantTest::Cells;

# Two cells: a site with the seeded tenants, and a PostgreSQL with the schema and without rows, to which tenants can move.
#
#     my $cells = TenantTest::Cells->start;
#     my $run = $cells->move($id, '--json');
#
#     $cells->serve;                              # httpds and HAProxy, by conf/haproxy-cells.cfg and conf/cells.map
#     my $crowd = $cells->crowd('acme');
#
# Members: source (TenantTest::Site), target (TenantTest::Cluster).

use strict;
use warnings;

use DBI ();
use File::Temp ();
use IO::Socket::UNIX;
use Time::HiRes qw(sleep time);

use TenantTest ();
use TenantTest::Command;
use TenantTest::Crowd;
use TenantTest::Daemon;
use TenantTest::Fleet;
use TenantTest::Sample;

my %number = (source => 1, target => 2);

sub start {
    my ($class) = @_;
    my $site = TenantTest::Site->make;
    my $self = bless { source => $site, target => TenantTest::Site->deployed_cluster('cell2', wal_level => 'logical', wal_retrieve_retry_interval => "'200ms'") }, $class;

    $site->psql('postgres', '-c', "ALTER SYSTEM SET wal_level = 'logical'");
    $site->cluster->restart;
    $site->psql('tenant', '-c', 'CREATE ROLE tenant_move LOGIN REPLICATION BYPASSRLS; GRANT tenant_owner TO tenant_move',
        '-c', 'GRANT CREATE ON DATABASE tenant TO tenant_owner');    # as docs/scale.md has it
    _done(tenantctl('cell', 'set', 1, '--of', 16, '--database', $self->conninfo('source', 'tenant_owner')));
    _done(tenantctl('cell', 'set', 2, '--of', 16, '--database', $self->conninfo('target', 'tenant_owner'),
        '--beside', $self->conninfo('source', 'tenant_owner')));
    return $self;
}

sub _done {
    my ($run) = @_;
    die "tenantctl: $run->{errors}" if $run->{status};
    return;
}

# How to connect to a side.
sub conninfo {
    my ($self, $side, $role) = @_;
    return $side eq 'source' ? $self->{source}->conninfo('tenant', $role) : $self->{target}->conninfo('cell2', $role // 'tenant_api');
}

# A handle of the superuser.
sub dbh {
    my ($self, $side) = @_;
    my $dbh = \$self->{dbh}{$side};
    return $$dbh if $$dbh && $$dbh->ping;
    return $$dbh = DBI->connect('dbi:Pg:' . $self->conninfo($side, 'postgres') =~ s/ /;/gr, '', '',
        { RaiseError => 1, PrintError => 0, AutoCommit => 1, AutoInactiveDestroy => 1, pg_server_prepare => 0 });
}

# The first value of a query at a side.
sub value {
    my ($self, $side, $sql, @values) = @_;
    return scalar $self->dbh($side)->selectrow_array($sql, undef, @values);
}

# How far a tenant's move is, as a side knows it.
sub state {
    my ($self, $side, $tenant) = @_;
    return $self->value($side, 'SELECT state FROM tenant_moves WHERE tenant = ?', $tenant) // 'none';
}

sub arguments {
    my ($self, $tenant, @more) = @_;
    return ('tenant', 'move', $tenant, '--to', $self->conninfo('target', 'postgres'), '--through', $self->conninfo('source', 'tenant_move'),
        '--database', $self->conninfo('source', 'tenant_owner'), '--key-file', $self->{source}{key_file}, @more);
}

sub move {
    my ($self, @arguments) = @_;
    return tenantctl($self->arguments(@arguments));
}

# Arguments for a move whose pause goes on until go_on() says so: its file is there once the pause has begun.
sub pausing {
    my ($self, $path) = @_;
    return ('--pause', 30, '--switch', "touch $path; n=0; until [ -e $path.go ]; do n=\$((n + 1)); [ \$n -lt 400 ] || exit 1; sleep 0.05; done");
}

sub go_on { my ($self, $path) = @_; return _write("$path.go", '') }

# A web node of each cell, and HAProxy.
sub serve {
    my ($self) = @_;
    my $folder = $self->{folder} = File::Temp->newdir('mt-cells-XXXXXX', DIR => '/tmp');
    my $site = $self->{source};

    $self->{port} = TenantTest::Server::free_port();
    $self->{fleets}{$_} = TenantTest::Fleet->start(site => $site, database => $self->conninfo($_), nodes => 1, alone => 1,
        alias => 'acme.example.com globex.example.com') for qw(source target);
    mkdir "$folder/certificates" or die "$folder: $!";
    _write("$folder/certificates/site.pem", slurp($site->{certificate}) . slurp($site->{certificate_key}));
    _write("$folder/nodes-ca.pem", join '', map { slurp("$self->{fleets}{$_}{folder}/tls/ca.pem") } qw(source target));
    _write("$folder/cells.map", slurp('conf/cells.map') =~ s/(ACME|GLOBEX)\.EXAMPLE\.COM/lc $&/egr);
    _write("$folder/haproxy.cfg", $self->_proxy_conf);
    _write("$folder/switch", "#!/bin/sh\nexec perl -MIO::Socket::UNIX -e '\$s = IO::Socket::UNIX->new(Peer => q{$folder/admin.sock}) or die; "
            . "print \$s qq{set map $folder/cells.map \$ENV{TENANT_DOMAIN} cell2\\n}; print <\$s>'\n");
    chmod 0700, "$folder/switch";
    $self->{proxy} = TenantTest::Daemon->start(log => "$folder/log", command => ['/usr/sbin/haproxy', '-db', '-f', "$folder/haproxy.cfg"]);
    my $until = time + 20;
    sleep 0.05 until $self->_is_up || time > $until;
    die 'HAProxy: ' . $self->{proxy}->log_text unless $self->_is_up;
    return;
}

sub _is_up {
    my ($self) = @_;
    return -S "$self->{folder}/admin.sock" && 2 == grep { /^cell\d,web\d,.*,UP,.*,L7OK,/ } split /\n/, $self->command('show stat');
}

sub command {
    my ($self, $command) = @_;
    my $socket = IO::Socket::UNIX->new(Peer => "$self->{folder}/admin.sock") or return '';
    print $socket "$command\n";
    local $/;
    return <$socket> // '';
}

sub _proxy_conf {
    my ($self) = @_;
    my $folder = $self->{folder};
    my $text = slurp('conf/haproxy-cells.cfg');
    $text =~ s/^    (?:user|group) haproxy\n//mg;
    $text =~ s/maxconn 20000/maxconn 400/;
    $text =~ s{bind :443 }{bind 127.0.0.1:$self->{port} };
    $text =~ s{/run/haproxy/admin\.sock}{$folder/admin.sock};
    $text =~ s{/etc/haproxy/}{$folder/}g;
    $text =~ s/WEB$number{$_}\.EXAMPLE\.COM:443/'127.0.0.1:' . $self->node($_)->tls_port/e for qw(source target);
    return $text =~ s/API\.EXAMPLE\.COM/api.example.com/gr;
}

# The httpd of a side (TenantTest::Server).
sub node { my ($self, $side) = @_; return ($self->{fleets}{$side}->nodes)[0] }

# What a TenantTest::Client needs to come as a tenant's client through the proxy.
sub address {
    my ($self, $name) = @_;
    my $host = $self->{source}{tenants}{$name}{host};
    return (port => $self->{port}, tls => 1, ca => $self->{source}{ca_file}, host => $host, sni => $host);
}

# Writers and readers of one tenant (TenantTest::Crowd).
sub crowd {
    my ($self, $name, %option) = @_;
    my $tenants = $self->{source}{tenants};
    return TenantTest::Crowd->start(address => [$self->address($name)], admin => $self->conninfo('source', 'postgres'), askers => 0,
        site => { tenants => { acme => $tenants->{$name}, globex => $tenants->{closed} } }, %option);
}

sub _write {
    my ($path, $text) = @_;
    open my $file, '>', $path or die "$path: $!";
    print $file $text;
    close $file or die "$path: $!";
    return;
}

# All rows of a tenant, as texts, by table.
sub rows {
    my ($self, $side, $tenant) = @_;
    my $dbh = $self->dbh($side);
    my %rows;
    for my $table (@{ $dbh->selectcol_arrayref(q{SELECT relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
        AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'tenant_id') AND relname NOT IN ('audit', 'usage')}) }) {
        $rows{$table} = $dbh->selectcol_arrayref("SELECT to_jsonb(t)::text FROM $table t WHERE tenant_id = ? ORDER BY 1", undef, $tenant);
    }
    $rows{tenants} = $dbh->selectcol_arrayref('SELECT to_jsonb(t)::text FROM tenants t WHERE id = ?', undef, $tenant);
    return \%rows;
}

1;
