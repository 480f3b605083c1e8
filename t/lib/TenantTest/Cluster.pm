# SPDX-License-Identifier: Apache-2.0
package TenantTest::Cluster;

=head1 NAME

TenantTest::Cluster - a throwaway PostgreSQL cluster on a Unix socket

=head1 SYNOPSIS

    my $pg = TenantTest::Cluster->new;          # initdb and start
    $pg->create_database('app');
    $pg->bootstrap('app');                      # sql/bootstrap.sql
    $pg->deploy('app');                         # sqitch deploy as tenant_owner
    print $pg->query('app', 'SELECT count(*) FROM tenants');
    $pg->restart('immediate');

PostgreSQL refuses to run as root, and so does this module. There is no TCP port; every local role may connect as
anyone, which only the owner of the directory can do. The cluster stops and its directory goes when the object does.

=cut

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp ();
use Scalar::Util qw(weaken);

use TenantTest::Server;

my %running; # clusters of this process, by directory

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');

# new(%args): dir (default: a new one below /tmp; a given one is kept), settings (a hash of postgresql.conf names to
# values), template (what copy_data() has made of another one, instead of initdb), start (default 1). Dies with the
# program's output when something fails.
sub new {
    my ($class, %args) = @_;
    die "a PostgreSQL cluster cannot run as root\n" if $> == 0;
    my $self = bless {
        bindir => _bindir(),
        owner  => $$,
        temp   => $args{dir} ? undef : File::Temp->newdir('mt-pg-XXXXXX', DIR => '/tmp', CLEANUP => 1),
    }, $class;
    $self->{dir} = $args{dir} || $self->{temp}->dirname;
    make_path($self->{dir}, { mode => 0700 });
    # sun_path holds 107 bytes.
    die "$self->{dir} is too long for a socket\n" if length("$self->{dir}/.s.PGSQL.5432") > 107;
    if (!-d $self->data_dir) {
        $args{template} ? _copy($args{template}, $self->data_dir) : $self->_init;
        $self->_configure(%{ $args{settings} || {} });
    }
    weaken($running{ $self->{dir} } = $self);
    for my $signal (qw(INT TERM HUP)) {
        $SIG{$signal} ||= sub { exit 1 }; # through END
    }
    $self->start if !exists $args{start} || $args{start};
    return $self;
}

sub DESTROY {
    my $self = shift;
    local ($?, $@);
    delete $running{ $self->{dir} };
    return if $self->{owner} != $$ || !$self->is_running;
    eval { $self->stop('immediate') };
    return;
}

# Runs ahead of File::Temp's, which removes the directories.
END {
    my $status = $?;
    $_->DESTROY for grep {defined} values %running;
    $? = $status;
}

sub socket_dir { return shift->{dir} }
sub log_file   { return shift->{dir} . '/log' }
sub data_dir   { return shift->{dir} . '/data' }

# The last lines that PostgreSQL has logged.
sub last_words {
    my ($self, $count) = @_;
    my @lines = split /^/, TenantTest::Server::_read($self->log_file);
    return join '', @lines > $count ? @lines[-$count .. -1] : @lines;
}

# A libpq conninfo, usable as DBI's "dbi:Pg:" suffix too when its blanks become semicolons.
sub conninfo {
    my ($self, $database, $user) = @_;
    return "host=$self->{dir} dbname=$database user=" . ($user || 'postgres');
}

# The environment of libpq programs, as a list of names and values.
sub env {
    my ($self, $database, $user) = @_;
    return (PGHOST => $self->{dir}, PGPORT => 5432, PGDATABASE => $database || 'postgres', PGUSER => $user || 'postgres');
}

sub is_running {
    my $self = shift;
    open my $fh, '<', $self->data_dir . '/postmaster.pid' or return 0;
    my ($pid) = (<$fh> // '') =~ /^(\d+)/ or return 0;
    return TenantTest::Server::is_alive($pid, $self->data_dir);
}

sub start {
    my $self = shift;
    $self->_run('pg_ctl', '-D', $self->data_dir, '-l', $self->log_file, '-w', '-t', 60, 'start');
    return $self;
}

# stop and restart take pg_ctl's mode: smart, fast (the default) or immediate.
sub stop {
    my ($self, $mode) = @_;
    $self->_run('pg_ctl', '-D', $self->data_dir, '-m', $mode || 'fast', '-w', '-t', 60, 'stop');
    return $self;
}

sub restart {
    my ($self, $mode) = @_;
    return $self->stop($mode)->start;
}

# Copies the data, at rest meanwhile, for new(template => DIRECTORY).
sub copy_data {
    my ($self, $directory) = @_;
    $self->stop;
    _copy($self->data_dir, $directory);
    return $self->start;
}

sub create_database {
    my ($self, $database) = @_;
    $self->_run('createdb', '-h', $self->{dir}, '-U', 'postgres', $database);
    return $self;
}

sub drop_database {
    my ($self, $database) = @_;
    $self->_run('dropdb', '-h', $self->{dir}, '-U', 'postgres', '--if-exists', '--force', $database);
    return $self;
}

# A cluster that follows this one (pg_basebackup), by a name that synchronous_standby_names may have.
sub standby {
    my ($self, $name) = @_;
    my $temp = File::Temp->newdir('mt-pg-XXXXXX', DIR => '/tmp', CLEANUP => 1);
    $self->_run('pg_basebackup', '-h', $self->{dir}, '-U', 'postgres', '-D', $temp->dirname . '/data', '-c', 'fast', '--no-sync');
    my $standby = ref($self)->new(dir => $temp->dirname, start => 0);
    $standby->{temp} = $temp;
    open my $signal, '>', $standby->data_dir . '/standby.signal' or die "standby.signal: $!\n";
    close $signal;
    $standby->_configure(primary_conninfo => "'host=$self->{dir} user=postgres application_name=$name'");
    return $standby->start;
}

# Makes a standby a primary, on a new timeline.
sub promote {
    my ($self) = @_;
    $self->_run('pg_ctl', '-D', $self->data_dir, '-w', '-t', 60, 'promote');
    return $self;
}

# Runs SQL in one psql and returns what it prints: rows on lines, columns separated by |. Dies on an SQL error.
sub query {
    my ($self, $database, $sql, $user) = @_;
    my ($status, $output) = $self->try_query($database, $sql, $user);
    die "$sql\n$output" if $status;
    chomp $output;
    return $output;
}

# The same, returning psql's exit status and its output with the errors.
sub try_query {
    my ($self, $database, $sql, $user) = @_;
    my $file = File::Temp->new(DIR => $self->{dir}, SUFFIX => '.sql');
    print {$file} $sql;
    close $file;
    return $self->psql($database, $user, '-At', '-q', '-f', $file->filename);
}

# Runs psql with arguments; returns its exit status and output.
sub psql {
    my ($self, $database, $user, @args) = @_;
    return $self->_capture({ $self->env($database, $user) }, "$self->{bindir}/psql", '-X', '-v', 'ON_ERROR_STOP=1', @args);
}

# Runs pg_dump with arguments; returns its exit status and output.
sub dump {
    my ($self, $database, @args) = @_;
    return $self->_capture({ $self->env($database) }, "$self->{bindir}/pg_dump", @args);
}

# Runs a program of PostgreSQL as a role on a database; returns its exit status and output.
sub run_as {
    my ($self, $user, $database, $program, @args) = @_;
    return $self->_capture({ $self->env($database, $user) }, "$self->{bindir}/$program", @args);
}

sub bootstrap {
    my ($self, $database) = @_;
    my ($status, $output) = $self->psql($database, 'postgres', '-q', '-f', "$ROOT/sql/bootstrap.sql");
    die "bootstrap of $database failed:\n$output" if $status;
    return $self;
}

# deploy($database, @sqitch_arguments), revert likewise: what Sqitch would do, with the scripts of all changes in one session:
# each psql that Sqitch would start for one takes as long as its work. So Sqitch writes its registry alone. They die with the
# output when a script fails, and leave a registry that knows more than there is. What is deployed as a whole is verified.
# A test of what a failure leaves behind calls sqitch().
sub deploy {
    my ($self, $database, @args) = @_;
    my ($said, %had) = ('', map { ($_ => 1) } $self->_registered($database));
    my $is_partial = grep { $_ eq '--to' } @args;
    return $self->_sqitch_or_die('deploy', $database, '--no-verify', @args) if grep { $_ eq '--log-only' } @args;
    $self->_sqitch_or_die('deploy', $database, '--log-only', '--no-verify', @args);
    $said .= $self->_scripts_or_die($database, 'deploy', _variables(@args), grep { !$had{$_} } $self->_registered($database));
    $said .= $self->_scripts_or_die($database, 'verify', [], _planned()) unless $is_partial;
    return $said;
}

sub revert {
    my ($self, $database, @args) = @_;
    my @had = $self->_registered($database);
    $self->_sqitch_or_die('revert', $database, '--log-only', '-y', @args);
    my %has = map { ($_ => 1) } $self->_registered($database);
    return $self->_scripts_or_die($database, 'revert', _variables(@args), reverse grep { !$has{$_} } @had);
}

# Gives the calls of a database so many partitions, 0 for none, as sql/partition.sql does for a sysadmin; more variables may follow,
# as NAME=VALUE. Returns psql's exit status and output.
sub partition {
    my ($self, $database, $modulus, @variables) = @_;
    return $self->psql($database, 'tenant_owner', '-q', map({ ('-v', $_) } "modulus=$modulus", @variables), '-f', "$ROOT/sql/partition.sql");
}

# Runs the scripts of a kind (deploy, verify, revert) of all changes in one session, as tenant_owner; the exit status and the
# output. @variables: NAME=VALUE. It does not tell Sqitch's registry.
sub scripts {
    my ($self, $database, $kind, @variables) = @_;
    return $self->_scripts($database, $kind, \@variables, $kind eq 'revert' ? reverse _planned() : _planned());
}

sub verify { return $_[0]->scripts($_[1], 'verify') }

sub _scripts {
    my ($self, $database, $kind, $variables, @changes) = @_;
    return (0, '') if !@changes;
    return $self->psql($database, 'tenant_owner', '-q', map({ ('-v', $_) } 'registry=sqitch', @$variables),
        map { ('-f', "$ROOT/sql/$kind/$_.sql") } @changes);
}

sub _scripts_or_die {
    my ($self, $database, $kind, @rest) = @_;
    my ($status, $output) = $self->_scripts($database, $kind, @rest);
    die "$kind of $database failed:\n$output" if $status;
    return $output;
}

# The changes of the plan, in its order.
sub _planned {
    open my $plan, '<', "$ROOT/sql/sqitch.plan" or die "sqitch.plan: $!\n";
    return map { /^([a-z]\w*) / ? $1 : () } <$plan>;
}

# Those that Sqitch's registry has, in the plan's order.
sub _registered {
    my ($self, $database) = @_;
    return if $self->query($database, q{SELECT to_regclass('sqitch.changes') IS NULL}) eq 't';
    my %is = map { ($_ => 1) } split /\n/, $self->query($database, 'SELECT change FROM sqitch.changes');
    return grep { $is{$_} } _planned();
}

# The values of --set.
sub _variables {
    my @args = @_;
    return [map { $args[$_ - 1] eq '--set' ? $args[$_] : () } 1 .. $#args];
}

# Runs a Sqitch command as tenant_owner; returns its exit status and output.
sub sqitch {
    my ($self, $command, $database, @args) = @_;
    my %env = (
        $self->env($database, 'tenant_owner'),
        SQITCH_FULLNAME      => 'mod_tenant tests',
        SQITCH_EMAIL         => 'mod_tenant@example.org',
        SQITCH_SYSTEM_CONFIG => '/dev/null',
        SQITCH_USER_CONFIG   => '/dev/null',
        TZ                   => 'UTC',
    );
    return $self->_capture(\%env, 'sqitch', '--chdir', "$ROOT/sql", $command, '--target', "db:pg:$database",
        '--client', "$self->{bindir}/psql", @args);
}

# The pids of the backends of a role, or of all clients.
sub backends {
    my ($self, $user) = @_;
    my $of = defined $user ? " AND usename = '$user'" : '';
    return split /\n/, $self->query('postgres',
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()$of");
}

# Stops backends as a hung disk would, and lets them go on. Those that are gone already are passed over.
sub freeze { my ($self, @pids) = @_; return kill 'STOP', @pids }
sub thaw   { my ($self, @pids) = @_; return kill 'CONT', @pids }

sub _sqitch_or_die {
    my ($self, $command, $database, @args) = @_;
    my ($status, $output) = $self->sqitch($command, $database, @args);
    die "sqitch $command of $database failed:\n$output" if $status;
    return $output;
}

sub _bindir {
    my @found = sort { ($a =~ m{/(\d+)/bin})[0] <=> ($b =~ m{/(\d+)/bin})[0] } glob '/usr/lib/postgresql/*/bin/initdb';
    die "no initdb below /usr/lib/postgresql\n" if !@found;
    return dirname($found[-1]);
}

# Most of the log's files is zeros.
sub _copy {
    my ($from, $to) = @_;
    system('cp', '-R', '--reflink=auto', '--sparse=always', $from, $to) == 0 or die "cp -R $from $to failed\n";
    return;
}

sub _init {
    my ($self) = @_;
    $self->_run('initdb', '-D', $self->data_dir, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8',
        '--no-sync', '--no-instructions');
    return;
}

# A copy's settings too: of those that are there twice the last ones count.
sub _configure {
    my ($self, %settings) = @_;
    my %all = (
        listen_addresses        => "''",
        unix_socket_directories => "'$self->{dir}'",
        unix_socket_permissions => '0700',
        max_connections         => 100,
        fsync                   => 'off',
        wal_keep_size           => "'256MB'",    # a standby that was away, or is slow, still finds what comes next
        log_line_prefix         => "'%m [%p] %d '",
        timezone                => "'UTC'",
        log_timezone            => "'UTC'",
        %settings,
    );
    open my $fh, '>>', $self->data_dir . '/postgresql.conf' or die "postgresql.conf: $!\n";
    print {$fh} map {"$_ = $all{$_}\n"} sort keys %all;
    close $fh or die "postgresql.conf: $!\n";
    return;
}

sub _run {
    my ($self, $program, @args) = @_;
    my ($status, $output) = $self->_capture({}, "$self->{bindir}/$program", @args);
    die "$program failed:\n$output" if $status;
    return;
}

# The exit status and the output, standard error included, of a command. Through a file: a server that pg_ctl starts
# would keep a pipe open.
sub _capture {
    my ($self, $env, @command) = @_;
    my $file = File::Temp->new(DIR => $self->{dir});
    my $pid  = fork;
    die "fork: $!\n" if !defined $pid;
    if (!$pid) {
        delete @ENV{ grep {/\APG/} keys %ENV };
        @ENV{ keys %{$env} } = values %{$env};
        open STDIN,  '<', '/dev/null' or die "/dev/null: $!\n";
        open STDOUT, '>&', $file      or die "output: $!\n";
        open STDERR, '>&', $file      or die "output: $!\n";
        exec {$command[0]} @command or die "$command[0]: $!\n";
    }
    waitpid $pid, 0;
    my $status = $?;
    seek $file, 0, 0;
    my $output = do { local $/; <$file> };
    return ($status, defined $output ? $output : '');
}

1;
