# SPDX-License-Identifier: Apache-2.0
package TenantTest::Site;

# What the servers under test share: a PostgreSQL cluster with a seeded database, a key file, a certificate.
# t/TEST makes one and describes it in a JSON file, from which each test attaches to it.
#
# A test that stops PostgreSQL or changes a role makes a site of its own, with the same tenants, keys and ids:
#
#     my $own    = TenantTest::Site->make;
#     my $server = TenantTest::Server->start(site => $own);
#     $own->cluster->restart('immediate');
#
# Members: scratch (a folder that goes with the site), host (the socket's directory), superuser, database,
# conninfo (as tenant_api), key_file, ca_file, certificate, certificate_key, module, conf_dir, tenants.

use strict;
use warnings;

use Cwd ();
use DBI ();
use File::Path ();
use File::Temp ();
use JSON::PP ();
use Scalar::Util ();

use TenantTest::Cluster;
use TenantTest::Server;

my $top = Cwd::abs_path(__FILE__) =~ s{/t/lib/TenantTest/Site\.pm$}{}r;

# The seeded tenants in the order of their ids.
my @tenants = (
    { name => 'acme',   status => 'active',   host => 'acme.example.com' },
    { name => 'globex', status => 'active',   host => 'globex.example.com' },
    { name => 'closed', status => 'inactive', host => 'closed.example.com' },
);

my %made;    # those of this process, to be removed at its end

# The file that describes a site: of one that is named, or of the one that this test is to take for the main one.
sub path {
    my ($self) = @_;
    return "$self->{scratch}/site.json" if ref $self && $self->{is_lane};
    return $ENV{TENANT_TEST_SITE} // "$top/t/logs/site.json";
}

# Makes a site. All but the main one have the main one's keys, and a copy of its data as they were at first. One that is
# a lane is the main one to some of the tests.
sub make {
    my ($class, %option) = @_;
    my $main = $option{is_main} ? undef : _load();
    my $scratch = File::Temp::tempdir('mod_tenant_test.XXXXXX', TMPDIR => 1);
    my $self = bless {
        scratch      => $scratch,
        owner        => $$,
        is_main      => $option{is_main},
        is_lane      => $option{is_lane},
        cluster      => TenantTest::Cluster->new($main ? (template => $main->{template}) : ()),
        superuser    => 'postgres',
        database     => 'tenant',
        module       => "$top/build/mod_tenant.so",
        conf_dir     => "$top/t/conf",
    }, $class;

    $made{$self} = $self;
    Scalar::Util::weaken($made{$self});
    $self->{host} = $self->{cluster}->socket_dir;
    $self->{conninfo} = $self->conninfo($self->{database});
    if ($main) {
        $self->{$_} = $main->{$_} for qw(template key_file tenants ca_file certificate certificate_key);
    } else {
        $self->_make_secrets;
        $self->_make_seed;
        $self->make_database($self->{database});
        $self->{template} = "$scratch/template";
        $self->{cluster}->copy_data($self->{template});
    }
    return $self;
}

# A cluster (TenantTest::Cluster) with a database of that name, which has the schema and no rows; settings as there.
sub deployed_cluster {
    my ($class, $name, %settings) = @_;
    my $cluster = TenantTest::Cluster->new(template => _load()->{template}, settings => \%settings);
    $cluster->query('postgres', "ALTER DATABASE tenant_deployed RENAME TO $name");
    return $cluster;
}

# The main site, from its file.
sub attach {
    my ($class) = @_;
    my $self = bless _load(), $class;
    $self->{server} = TenantTest::Server->attach($self->{server});
    return $self;
}

# Writes the file for attach(), with more members.
sub save {
    my ($self, %more) = @_;
    my %members = (%$self, %more);
    my $path = $self->path;
    delete @members{qw(owner is_main is_lane cluster dbh)};
    open my $file, '>', $path or die "$path: $!";
    chmod 0600, $path;
    print $file JSON::PP->new->utf8->canonical->pretty->encode(\%members);
    close $file or die "$path: $!";
}

sub _load { return description(path()) }

# The members that save() has written.
sub description {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $! (t/TEST makes it)\n";
    local $/;
    return JSON::PP->new->utf8->decode(<$file>);
}

# The cluster of a site made by this process (TenantTest::Cluster).
sub cluster {
    my ($self) = @_;
    return $self->{cluster} // die "the main site's cluster is every test's: make one of your own\n";
}

# The conninfo for TenantDatabase, as tenant_api unless another role is named; further words may follow.
sub conninfo {
    my ($self, $database, $role, @words) = @_;
    return join ' ', "host=$self->{host} dbname=$database user=" . ($role // 'tenant_api'), @words;
}

# A handle of the superuser on a database, the seeded one unless named.
sub dbh {
    my ($self, $database) = @_;
    $database //= $self->{database};
    my $dbh = \$self->{dbh}{$database};
    return $$dbh if $$dbh && $$dbh->{Active} && $$dbh->ping;
    return $$dbh = DBI->connect("dbi:Pg:host=$self->{host};dbname=$database", $self->{superuser}, '',
        { RaiseError => 1, PrintError => 0, AutoCommit => 1, AutoInactiveDestroy => 1, pg_server_prepare => 0 });
}

# PostgreSQL's log of the sessions of one database, from now on. Those of tests that ran here before may yet end, with an error.
sub database_log {
    my ($self, $database) = @_;
    return TenantTest::Log->new("$self->{host}/log", of => qr/ \[\d+\] \Q$database\E /);
}

# Makes a database that is seeded like the main one and returns its conninfo. One of that name is dropped.
sub make_database {
    my ($self, $name) = @_;
    my $old = delete $self->{dbh}{$name};
    $old->disconnect if $old;
    $self->psql('postgres', '-c', 'SET client_min_messages = warning',
        '-c', "DROP DATABASE IF EXISTS $name WITH (FORCE)",
        '-c', "CREATE DATABASE $name TEMPLATE tenant_seed",
        '-c', "REVOKE TEMPORARY ON DATABASE $name FROM PUBLIC");    # no template has it: see bootstrap.sql
    return $self->conninfo($name);
}

# Runs psql as superuser on a database and returns what it prints, bare; dies with an error.
sub psql {
    my ($self, $database, @arguments) = @_;
    return _run('psql', qw(-X -A -t -q -v ON_ERROR_STOP=1), '-h', $self->{host}, '-U', $self->{superuser},
        '-d', $database, @arguments);
}

# Deploys into a database that is there and empty, and seeds it like the main one; returns the tenants' ids by name.
sub fill_database {
    my ($self, $name) = @_;
    $self->{cluster}->bootstrap($name)->deploy($name);
    $self->_partition($name);
    return $self->_seed($name);
}

sub _seed {
    my ($self, $name) = @_;
    my $tenants = $self->{tenants};
    my @variables = map { ('-v', "$_=$tenants->{$_}{hash}") } keys %$tenants;

    $self->psql($name, @variables, '-f', "$top/t/lib/TenantTest/seed.sql");
    return map { split / /, $_, 2 } split /\n/, $self->psql($name, '-F', ' ', '-c', 'SELECT name, id FROM tenants');
}

# The databases that the others are copies of, without rows and with them; nothing connects to them afterwards.
sub _make_seed {
    my ($self) = @_;
    $self->{cluster}->create_database('tenant_deployed')->bootstrap('tenant_deployed')->deploy('tenant_deployed');
    $self->_partition('tenant_deployed');
    $self->psql('postgres', '-c', 'CREATE DATABASE tenant_seed TEMPLATE tenant_deployed');
    my %id = $self->_seed('tenant_seed');
    $self->{tenants}{$_}{id} = 0 + $id{$_} for keys %id;
}

# How many partitions the calls of each database have: TENANT_TEST_PARTITIONS, or 0. Such a database lacks what its keys promise
# of one table: that no two tenants have a row with the same sid.
sub partitions { return $ENV{TENANT_TEST_PARTITIONS} || 0 }

sub _partition {
    my ($self, $name) = @_;
    my $modulus = partitions() or return;
    my ($status, $output) = $self->{cluster}->partition($name, $modulus);
    die "partition.sql failed:\n$output" if $status;
    return;
}

sub _make_secrets {
    my ($self) = @_;
    my $scratch = $self->{scratch};
    my $certificates = "$scratch/tls";

    $self->{key_file} = "$scratch/keys";
    _run("$top/build/tenantctl", 'keyfile', 'make', $self->{key_file});
    for my $tenant (@tenants) {
        my ($key, $hash) = _run("$top/build/tenantctl", 'key', '--key-file', $self->{key_file}) =~ /(\S+)\t(\S+)/;
        $self->{tenants}{ $tenant->{name} } = { %$tenant, key => $key, hash => $hash };
    }
    _run("$top/tools/make-certificates", $certificates, map { $_->{host} } @tenants);
    $self->{ca_file} = "$certificates/ca.pem";
    $self->{certificate} = "$certificates/server.pem";
    $self->{certificate_key} = "$certificates/server.key";
}

sub _run {
    my (@command) = @_;
    open my $out, '-|', @command or die "$command[0]: $!";
    my $output = do { local $/; <$out> } // '';
    close $out or die "@command failed\n";
    return $output;
}

sub remove {
    my ($self) = @_;
    return unless ($self->{owner} // 0) == $$;
    local ($@, $?, $!);
    delete $made{$self};
    TenantTest::Server->end_below($self->{scratch});
    $_->disconnect for values %{ $self->{dbh} || {} };
    delete $self->{cluster};
    File::Path::remove_tree($self->{scratch});
    unlink $self->path if $self->{is_main};
    $self->{owner} = 0;
}

sub DESTROY { $_[0]->remove unless ${^GLOBAL_PHASE} eq 'DESTRUCT' }

END { $_ && $_->remove for values %made }

1;
