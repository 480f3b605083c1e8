#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# tenantctl setup: from an installed package to the first tenant's answer over HTTPS. tenantctl runs it. What it drives are
# programs (psql, sqitch, openssl, a2enmod), each by a list of words, never by a shell.
#
# Each step looks first and returns what it found: { ok => sentence }, or { lacks => sentence, acts => [[shown, code]…] }.
# It dies with a sentence where it must not go on. --check and --dry-run print what a run would do, and call no code.

use strict;
use warnings;

use Cwd qw(realpath);
use Fcntl qw(:flock);
use File::Basename qw(dirname);
use File::Spec ();
use Getopt::Long ();
use JSON::PP ();
use lib dirname(realpath($0));

use SetupPrograms;

my $USAGE = <<'END';
  tenantctl setup --host NAME --tenant NAME [options]
      lead from the installed package to the first tenant's answer over HTTPS; each step may be repeated
  tenantctl setup --check [options]
      say what an installation lacks, and the command that mends it; change nothing

Options:
  --host NAME             the host name of the site
  --tenant NAME           the name of the first tenant; its API key is printed, this once
  --custom-domain NAME    a host name of that tenant's own
  --write                 write the lines that PostgreSQL needs into pg_hba.conf and pg_ident.conf, and reload it
  --dry-run               show all that would be done; change nothing
  --check                 say what is missing; the exit status is 1 if anything is
  --database NAME         the database (tenant)
  --connection CONNINFO   where PostgreSQL is: host, port, sslmode, sslrootcert, passfile (host=/var/run/postgresql)
  --superuser CONNINFO    the same with user=, for a role that may make databases and roles; by default the user
                          postgres of this machine
  --key-file PATH         the key file (/etc/apache2/tenant.keys)
  --certificate FILE      the site's certificate, with its chain; by default a self-signed one is made, for a first try
  --certificate-key FILE  its key
  --port N                of HTTPS (443)
  --http-port N           of HTTP (80)
  --httpd-user NAME       who serves requests (www-data)
END

my @ROLES   = qw(tenant_owner tenant_api tenant_admin);
my @MODULES = qw(ssl headers reqtimeout unique_id tenant);
my %ENVIRONMENT = (    # what a connection string may have here, and libpq's variable for it
    host => 'PGHOST', port => 'PGPORT', sslmode => 'PGSSLMODE', sslrootcert => 'PGSSLROOTCERT', passfile => 'PGPASSFILE',
);

my $tenantctl = $ENV{TENANTCTL} // '/usr/bin/tenantctl';
my $share     = realpath(dirname($0) . '/../../share/mod_tenant') // '/usr/share/mod_tenant';
my $confdir   = $ENV{APACHE_CONFDIR} // '/etc/apache2';
my $site      = "$confdir/sites-available/tenant.conf";
my $me        = getpwuid $>;
my %option;
my $key;               # the first tenant's, if this run has made it

# --- Programs ----------------------------------------------------------------------------------------------

# What a program is called by, as a user of this machine.
sub as_user {
    my ($user, @command) = @_;
    return $user eq $me ? @command : ('runuser', '-u', $user, '--', @command);
}

sub psql {
    my ($conninfo, @more) = @_;
    return ('psql', '-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', @more, '-d', $conninfo);
}

# Where a role finds the database, as libpq wants it.
sub conninfo {
    my ($role) = @_;
    return "$option{connection} dbname=$option{database} user=$role";
}

# psql on a database as who may make databases and roles.
sub superuser {
    my ($database, @more) = @_;
    return $option{superuser} ? psql("$option{superuser} dbname=$database", @more)
        : as_user('postgres', psql("$option{connection} dbname=$database user=postgres", @more));
}

# What a query says: its rows, or undef where it fails. Values are psql's variables: NAME => VALUE.
sub ask {
    my ($command, $sql, %value) = @_;
    my ($status, $output) = run($sql, @{$command}, map { ('-v', "$_=$value{$_}") } sort keys %value);
    return $status ? undef : [split /\n/, $output];
}

# --- Steps -------------------------------------------------------------------------------------------------

sub find_programs {
    my %package = (psql => 'postgresql-client', sqitch => 'sqitch', openssl => 'openssl', a2enmod => 'apache2',
        a2ensite => 'apache2', apache2ctl => 'apache2');
    my %missing;
    for my $program (sort keys %package) {
        $missing{ $package{$program} } = 1 if !grep { -x "$_/$program" } split /:/, $ENV{PATH};
    }
    $missing{'libdbd-pg-perl'} = 1 if !eval { require DBD::Pg; 1 };
    my @packages = sort keys %missing;
    return { ok => 'all are there' } if !@packages;
    return { lacks => "@packages", acts => [["apt-get install -y @packages", sub { die "install them first: apt-get install @packages\n" }]] };
}

sub find_database {
    my $found = ask([superuser('postgres')], q{SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = :'name'},
        name => $option{database});
    my $create = qq{CREATE DATABASE $option{database} ENCODING 'UTF8' TEMPLATE template0};
    die "PostgreSQL does not let " . ($option{superuser} ? "'$option{superuser}'" : 'the user postgres')
        . " in: start it, or name a superuser by --superuser 'host=… user=…'\n" if !$found;
    die "the database $option{database} is encoded in $found->[0], and has to be in UTF8: take another one by --database\n"
        if @$found && $found->[0] ne 'UTF8';
    return { ok => "$option{database}, in UTF8" } if @$found;
    my @command = superuser('postgres', '-c', $create);
    return { lacks => $option{database}, acts => [[quoted(@command), sub { must('CREATE DATABASE', @command) }]] };
}

sub find_roles {
    my $file  = "$share/sql/bootstrap.sql";
    my $found = ask([superuser($option{database})], <<'END');
SELECT count(*) FROM pg_roles
 WHERE (rolname IN ('tenant_owner', 'tenant_api', 'tenant_admin') AND rolcanlogin AND NOT rolsuper
        AND NOT rolcreaterole AND NOT rolcreatedb AND rolbypassrls <= (rolname = 'tenant_owner'))
    OR (rolname = 'tenant_lookup' AND NOT rolcanlogin AND NOT rolsuper AND NOT rolbypassrls)
END
    my $rights = $found && $found->[0] == 4 && ask([superuser($option{database})], <<'END');
SELECT has_database_privilege('tenant_owner', current_database(), 'CREATE')
   AND has_schema_privilege('tenant_owner', 'public', 'CREATE WITH GRANT OPTION')
   AND NOT has_database_privilege('tenant_api', current_database(), 'TEMPORARY')
END
    return { ok => 'tenant_owner, tenant_api, tenant_admin, tenant_lookup' } if $rights && $rights->[0] eq 't';
    # Standard input: the user postgres need not be able to read the file.
    my @command = superuser($option{database}, '-f', '-');
    my $run     = sub {
        my ($status, $output) = run(read_file($file) // die("$file: $!\n"), @command);
        die "bootstrap.sql failed:\n$output" if $status;
        print $output =~ s/^(?=.)/          /gmr;
    };
    return { lacks => 'the roles, or what they may do', acts => [[quoted(@command) . ' <' . quoted($file), $run]] };
}

# Who of this machine has to be which role.
sub users_of_roles {
    return ([$me, 'tenant_owner'], [$me, 'tenant_admin'], [$option{'httpd-user'}, 'tenant_api'], [$option{'httpd-user'}, 'tenant_admin']);
}

# A file of PostgreSQL's with those of these lines ahead that it lacks.
sub with_lines {
    my ($path, @lines) = @_;
    my $text = read_file($path) // die "$path cannot be read here: put the lines in by hand, then run this again\n";
    my %has  = map { (join(' ', split) => 1) } split /\n/, $text;
    my %seen;
    my @new = grep { my $line = join ' ', split; !$has{$line} && !$seen{$line}++ } @lines;
    return @new ? join("\n", '# mod_tenant', @new, '', $text) : undef;
}

sub write_lines {
    my ($files, $hba, @ident) = @_;
    my @former = map { [$_ => read_file($_)] } @$files;
    my @new    = (with_lines($files->[0], $hba), with_lines($files->[1], @ident));
    for (0, 1) { write_file($files->[$_], $new[$_]) if defined $new[$_] }
    my $wrong = ask([superuser('postgres')], <<'END');
SELECT 'pg_hba.conf, line ' || line_number || ': ' || error FROM pg_hba_file_rules WHERE error IS NOT NULL
UNION ALL SELECT 'pg_ident.conf, line ' || line_number || ': ' || error FROM pg_ident_file_mappings WHERE error IS NOT NULL
END
    if (!$wrong || @$wrong) {
        write_file(@$_) for @former;
        die 'PostgreSQL cannot read its files with these lines, and has them as they were: ' . ($wrong ? "@$wrong" : '') . "\n";
    }
    must('pg_reload_conf', superuser('postgres', '-c', 'SELECT pg_reload_conf()'));
    sleep 1;    # the postmaster reads them on its own time
    return;
}

sub find_logins {
    my @refused = grep { !ask([as_user($_->[0], psql(conninfo($_->[1])))], 'SELECT 1') } users_of_roles();
    return { ok => 'each user of this machine is let in as its roles' } if !@refused;
    my $names = join ', ', map {"$_->[0] as $_->[1]"} @refused;
    die "PostgreSQL does not let in $names: give the roles passwords and name a passfile= in --connection"
        . " (docs/install.md, Over the network)\n" if $option{connection} !~ m{(?:^| )host=/};
    my %seen;
    my $hba   = "local $option{database} " . join(',', @ROLES) . ' peer map=tenant';
    my @ident = grep { !$seen{$_}++ } map { sprintf 'tenant %s %s', @$_ } users_of_roles();
    my $files = ask([superuser('postgres')], 'SHOW hba_file; SHOW ident_file') // ['pg_hba.conf', 'pg_ident.conf'];
    my $write = sub {
        die "these lines are written with --write alone; or put them ahead of the others by hand, reload PostgreSQL, and run this again\n"
            if !$option{write};
        write_lines($files, $hba, @ident);
    };
    return {
        lacks => "PostgreSQL does not let in $names",
        acts  => [["ahead of the other lines of $files->[0]:\n  $hba", sub { }],
            ["ahead of the other lines of $files->[1]:\n" . join("\n", map {"  $_"} @ident), $write]],
    };
}

sub find_schema {
    my @planned = map { /^([a-z]\w*) / ? $1 : () } split /\n/, read_file("$share/sql/sqitch.plan") // die "$share/sql/sqitch.plan: $!\n";
    my $owner   = [psql(conninfo('tenant_owner'))];
    my %has     = map { ($_ => 1) } @{ ask($owner, 'SELECT change FROM sqitch.changes') // [] };
    my @new     = grep { !$has{$_} } @planned;
    return { ok => scalar(@planned) . ' changes are deployed' } if !@new;
    my $other = ask($owner, q{SELECT to_regclass('public.tenants') IS NOT NULL});
    die "the database has tables of an earlier system: docs/migrate.md leads through their migration\n"
        if !%has && $other && $other->[0] eq 't';
    my %set     = map { split /=/, $_, 2 } split ' ', $option{connection};
    my @command = (
        'env', "SQITCH_FULLNAME=tenantctl setup", "SQITCH_EMAIL=$me\@$option{host}", 'SQITCH_USER_CONFIG=/dev/null', 'TZ=UTC',
        (map {"$ENVIRONMENT{$_}=$set{$_}"} sort keys %set), 'PGUSER=tenant_owner',
        'sqitch', '--chdir', "$share/sql", 'deploy', "db:pg:$option{database}",
    );
    return { lacks => 'changes: ' . join(' ', @new), acts => [[quoted(@command), sub { must('sqitch deploy', @command) }]] };
}

sub find_key_file {
    my $path = $option{'key-file'};
    if (-e $path || -l $path) {
        my ($status, $output) = run('', $tenantctl, 'key', '--hash', '--key-file', $path);
        die "the key file $path cannot be used: " . (split /\n/, $output)[-1] . "\n" if $status;
        return { ok => "$path (have a backup of it)" };
    }
    my $tenants = ask([psql(conninfo('tenant_admin'))], 'SELECT count(*) FROM tenants');
    die "$path is missing, and the database has tenants, whose keys need the file that made them: bring it back from its backup\n"
        if $tenants && $tenants->[0];
    return { lacks => $path,
        acts => [[quoted($tenantctl, 'keyfile', 'make', $path), sub { must('keyfile make', $tenantctl, 'keyfile', 'make', $path) }]] };
}

sub find_tenant {
    my $found = ask([psql(conninfo('tenant_admin'))],
        q{SELECT id FROM tenants WHERE :'name' IN ('', name) ORDER BY id LIMIT 1}, name => $option{tenant} // '');
    return { ok => "id $found->[0]; its API key was printed when it was made" } if $found && @$found;
    my @command = ($tenantctl, 'tenant', 'add', $option{tenant} // 'NAME',
        (defined $option{'custom-domain'} ? ('--custom-domain', $option{'custom-domain'}) : ()),
        '--database', conninfo('tenant_admin'), '--key-file', $option{'key-file'});
    my $add = sub {
        my $made = JSON::PP->new->utf8->decode(must('tenant add', @command, '--json'));
        $key = $made->{api_key} // $made->{tenant}{api_key};
        print "          Its API key, which nobody can show again:\n          $key\n";
    };
    return { lacks => $option{tenant} // 'there is no tenant', acts => [[quoted(@command), $add]] };
}

# The certificate and its key: those that are given, those of the site file that is there, or ours.
sub certificate_files {
    my ($certificate, $own) = ($option{certificate}, $option{'certificate-key'});
    return ($certificate, $own) if defined $certificate;
    my $text = read_file($site) // '';
    my @named = map { $text =~ /^\s*$_\s+"?([^"\n]+?)"?\s*$/m } qw(SSLCertificateFile SSLCertificateKeyFile);
    return @named if @named == 2;
    return ("$confdir/tenant-tls/$option{host}.pem", "$confdir/tenant-tls/$option{host}.key");
}

sub find_certificate {
    my ($file, $own) = certificate_files();
    if (-e $file && -e $own || defined $option{certificate}) {
        my @public = map { [run('', 'openssl', @$_)] } ['x509', '-in', $file, '-noout', '-pubkey'],
            ['pkey', '-in', $own, '-pubout'];
        die "$file and $own are no certificate and its key without a passphrase\n"
            if $public[0][0] || $public[1][0] || $public[0][1] ne $public[1][1];
        die "the certificate $file has expired\n" if (run('', 'openssl', 'x509', '-in', $file, '-noout', '-checkend', 0))[0];
        my $names = must('openssl x509', 'openssl', 'x509', '-in', $file, '-noout', '-checkhost', $option{host});
        die "the certificate $file is not for $option{host}\n" if $names =~ /does NOT match/;
        return { ok => $file };
    }
    my $folder = dirname($file);
    my @new    = ("$own.new", "$file.new");
    my @command = ('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', 90,
        '-subj', '/CN=mod_tenant first try', '-addext', "subjectAltName=DNS:$option{host}", '-keyout', $new[0], '-out', $new[1]);
    my $make = sub {
        my $umask = umask 077;
        mkdir $folder;
        must('openssl req', @command);
        umask $umask;
        chmod 0755, $folder;
        chmod 0644, $new[1];
        rename($new[0], $own) && rename($new[1], $file) or die "$file: $!\n";
    };
    return { lacks => "$file; a self-signed one for 90 days, for a first try", acts => [[quoted(@command), $make]] };
}

# conf/site.conf with what is in capitals there said.
sub site_text {
    my ($file, $own) = certificate_files();
    my $text = read_file("$share/site.conf") // die "$share/site.conf: $!\n";
    my ($api, $admin) = map { conninfo($_) } qw(tenant_api tenant_admin);
    $text =~ s/\A.*?^(?=TenantDatabase )/# Made by tenantctl setup from $share\/site.conf, and yours now.\n\n/ms;
    $text =~ s/^TenantDatabase .*?^(?=TenantKeyFile)/TenantDatabase "$api" \\\n    admin="$admin"\n/ms;
    $text =~ s/^TenantKeyFile .*/TenantKeyFile "$option{'key-file'}"/m;
    $text =~ s{(SSLCertificateFile) .*}{$1 "$file"};
    $text =~ s{(SSLCertificateKeyFile) .*}{$1 "$own"};
    $text =~ s/^ *TenantReference .*\n//m if !-d "$share/reference";
    $text =~ s{(TenantReference )/usr/share/mod_tenant}{$1$share}g;
    $text =~ s/API\.EXAMPLE\.COM/$option{host}/g;
    $text =~ s{https://\Q$option{host}\E/}{https://$option{host}:$option{port}/}g if $option{port} != 443;
    $text =~ s/<VirtualHost \*:443>/<VirtualHost *:$option{port}>/;
    $text =~ s/<VirtualHost \*:80>/<VirtualHost *:$option{'http-port'}>/;
    my @ports = map { $_->[0] != $_->[1] ? "Listen $_->[0]\n" : () } [$option{port}, 443], [$option{'http-port'}, 80];
    return join('', @ports) . $text;
}

sub find_site {
    return { ok => "$site, which stays as it is" } if -e $site;
    return { lacks => $site, acts => [["write $site:\n" . site_text() =~ s/^/  /gmr, sub { write_file($site, site_text(), 0644) }]] };
}

sub restart_command {
    return -d '/run/systemd/system' ? qw(systemctl reload-or-restart apache2) : qw(apache2ctl restart);
}

sub find_enabled {
    my @modules = grep { !-e "$confdir/mods-enabled/$_.load" } @MODULES;
    my @sites   = -e "$confdir/sites-enabled/tenant.conf" ? () : 'tenant';
    return { ok => "modules @MODULES, site tenant" } if !@modules && !@sites;
    my @commands = ((@modules ? ['a2enmod', '-q', @modules] : ()), (@sites ? ['a2ensite', '-q', @sites] : ()));
    my $try      = sub {
        my ($status, $output) = run('', 'apache2ctl', 'configtest');
        return if !$status;
        run('', 'a2dissite', '-q', 'tenant');
        die "httpd does not take its configuration with this site, which is disabled again:\n$output";
    };
    return {
        lacks => join(', ', (@modules ? "modules @modules" : ()), (@sites ? 'site tenant' : ())),
        acts  => [(map { my $command = $_; [quoted(@$command), sub { must($command->[0], @$command) }] } @commands),
            ['apache2ctl configtest', $try], [join(' ', restart_command()), sub { must('starting httpd', restart_command()) }]],
    };
}

# What the site answers over HTTPS: a status, or 0. The key goes by a pipe, where no other user can see it.
sub answer {
    my ($path, $with) = @_;
    my ($file) = certificate_files();
    my $request = join "\r\n", "GET $path HTTP/1.1", "Host: $option{host}", (defined $with ? "Authorization: Bearer $with" : ()),
        'Connection: close', '', '';
    my @trust = defined $option{certificate} ? () : ('-CAfile', $file, '-verify_return_error');
    my ($status, $output) = run($request, 'timeout', 15, 'openssl', 's_client', '-quiet', '-ign_eof', '-connect', "127.0.0.1:$option{port}",
        '-servername', $option{host}, '-verify_hostname', $option{host}, @trust);
    return $output =~ m{^HTTP/1\.1 (\d{3}) }m ? $1 : 0;
}

sub find_answer {
    my $got = defined $key ? answer('/v1/calls?limit=1', $key) : answer('/v1/');
    return { ok => "https://$option{host}:$option{port}/v1" . (defined $key ? ', to the tenant\'s key' : '') } if $got == 200;
    my $restart = sub {
        must('starting httpd', restart_command());
        for (1 .. 20) {
            return if answer('/v1/') == 200;
            select undef, undef, undef, 0.5;
        }
    };
    return { lacks => $got ? "it answers $got" : 'nothing answers', acts => [[join(' ', restart_command()), $restart]] };
}

my @STEPS = (
    [programs => \&find_programs], [database => \&find_database], [roles => \&find_roles], [logins => \&find_logins],
    [schema => \&find_schema], ['key file' => \&find_key_file], [tenant => \&find_tenant], [certificate => \&find_certificate],
    ['site file' => \&find_site], [httpd => \&find_enabled], [answer => \&find_answer],
);

# --- The command -------------------------------------------------------------------------------------------

# Wrong usage ends with 2 and says why; what is wrong may be a secret and is not repeated.
sub refuse {
    print STDERR "tenantctl: @_\n";
    exit 2;
}

sub check_conninfo {
    my ($name, @more) = @_;
    my %may = map { ($_ => 1) } keys %ENVIRONMENT, @more;
    for (split ' ', $option{$name}) {
        my ($word) = m{\A([a-z]+)=[\w./:@%+-]+\z} or refuse("--$name takes words such as host=/var/run/postgresql, without quotes");
        refuse("--$name takes no $word=" . ($word eq 'password' ? ': others could read it; name a passfile=' : '')) if !$may{$word};
    }
    return;
}

sub read_options {
    %option = (database => 'tenant', connection => 'host=/var/run/postgresql', 'key-file' => "$confdir/tenant.keys", port => 443,
        'http-port' => 80, 'httpd-user' => 'www-data');
    Getopt::Long::Configure(qw(no_auto_abbrev no_ignore_case));
    local $SIG{__WARN__} = sub { refuse('unknown, incomplete or wrong option; tenantctl setup --help lists them') };
    Getopt::Long::GetOptions(\%option, qw(help|h write dry-run check), map {"$_=s"} qw(host tenant custom-domain database
        connection superuser key-file certificate certificate-key port http-port httpd-user)) or refuse('wrong usage');
    if ($option{help}) { print $USAGE; exit 0 }
    refuse('setup takes options alone') if @ARGV;
    refuse('--check and --dry-run change nothing: --write has no place there') if $option{write} && ($option{check} || $option{'dry-run'});
    refuse('either --check or --dry-run') if $option{check} && $option{'dry-run'};
    $option{host} //= (read_file($site) // '') =~ /^\s*ServerName\s+(\S+)/m ? $1 : 'localhost' if $option{check};
    for (qw(host tenant)) { refuse("--$_ is missing") if !defined $option{$_} && !$option{check} }
    refuse('--host is no host name') if $option{host} !~ /\A(?=.{1,253}\z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\z/i;
    refuse('--tenant is empty, or has control characters') if defined $option{tenant} && $option{tenant} !~ /\A[^\x00-\x1f\x7f]+\z/;
    refuse('--database takes letters, digits and _, 63 at most') if $option{database} !~ /\A[a-z_][a-z0-9_]{0,62}\z/;
    refuse('--httpd-user: there is no such user') if !defined getpwnam $option{'httpd-user'};
    for (qw(port http-port)) { refuse("--$_ is a number from 1 to 65535") if $option{$_} !~ /\A[1-9]\d{0,4}\z/ || $option{$_} > 65535 }
    refuse('--port and --http-port are the same') if $option{port} == $option{'http-port'};
    refuse('--certificate and --certificate-key go together') if defined $option{certificate} != defined $option{'certificate-key'};
    check_conninfo('connection');
    check_conninfo('superuser', 'user') if defined $option{superuser};
    for (grep { defined $option{$_} } qw(key-file certificate certificate-key)) {
        refuse("--$_ has characters that no path here may have") if $option{$_} !~ m{\A[\w./@+-]+\z};
        $option{$_} = File::Spec->rel2abs($option{$_});
    }
    return;
}

# Says what a step found, and does what it lacks. Whether anything is missing still.
sub take {
    my ($name, $find) = @_;
    my $found = $find->();
    if ($found->{ok}) { printf "%-8s%s: %s\n", 'ok', $name, $found->{ok}; return 0 }
    my $word = $option{check} ? 'missing' : $option{'dry-run'} ? 'would' : 'make';
    printf "%-8s%s: %s\n", $word, $name, $found->{lacks};
    for (@{ $found->{acts} }) {
        my ($shown, $code) = @$_;
        print $shown =~ s/^/          /gmr, "\n";
        $code->() if $word eq 'make';
    }
    return 1 if $word ne 'make';
    $found = $find->();
    die "$name: it is done, but not there: $found->{lacks}\n" if !$found->{ok};
    printf "%-8s%s: %s\n", 'done', $name, $found->{ok};
    return 0;
}

sub main {
    my $missing = 0;
    $| = 1;
    read_options();
    my $may_change = !$option{check} && !$option{'dry-run'};
    delete @ENV{ grep {/\APG/} keys %ENV };    # what is not said here shall not decide
    $ENV{PATH} = join ':', grep { length } $ENV{PATH}, qw(/usr/sbin /sbin);
    chdir '/';                                  # where each user may be
    open my $lock, '<', $0 or die "$0: $!\n";
    die "another tenantctl setup is running\n" if $may_change && !flock $lock, LOCK_EX | LOCK_NB;
    for (@STEPS) {
        my $is_missing = eval { take(@$_) };
        if (!defined $is_missing) {
            die "$_->[0]: $@" if $may_change;
            print 'missing ', "$_->[0]: $@";
            $is_missing = 1;
        }
        $missing += $is_missing;
    }
    print "\n", $missing ? "$missing steps are missing\n" : "It is complete.\n" if $option{check};
    if ($may_change) {
        my ($file) = certificate_files();
        my $port = $option{port} == 443 ? '' : ":$option{port}";
        print "\nTry:\n  curl ", (defined $option{certificate} ? '' : "--cacert $file "),
            "--resolve $option{host}:$option{port}:127.0.0.1 -H 'Authorization: Bearer ", $key // 'KEY', "' https://$option{host}$port/v1/calls\n";
    }
    return $option{check} && $missing ? 1 : 0;
}

my $status = eval { main() };
if (!defined $status) {
    print STDERR "tenantctl: $@";
    $status = 1;
}
exit $status;
