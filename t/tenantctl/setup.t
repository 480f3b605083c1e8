# SPDX-License-Identifier: Apache-2.0
#
# tenantctl setup, from what `make install` lays down to the first tenant's answer over HTTPS: with a cluster and an httpd of its
# own. Debian's a2enmod, a2ensite and apache2ctl are stood in for by scripts that do the same to a configuration in a folder.

use strict;
use warnings;

use Cwd qw(getcwd);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

# httpd is started there as Debian does it, with nothing ahead of it.
plan skip_all => 'ThreadSanitizer has to be ahead of all else in a process' if ($ENV{TENANT_TEST_PRELOAD} // '') =~ /libtsan/;

use TenantTest::Cluster;
use TenantTest::Fault qw(wait_until);
use TenantTest::Server;

my $root    = tempdir('mt-setup-XXXXXX', DIR => '/tmp', CLEANUP => 1);
my $etc     = "$root/etc/apache2";
my $me      = getpwuid $>;
my $cluster = TenantTest::Cluster->new;
my $sockets = $cluster->socket_dir;
# none of those that the kernel gives to others' connections, before httpd has it or while it restarts
my ($port, $http_port, $first_port) = map { TenantTest::Server::free_port() } 1 .. 3;
my @where = ('--connection', "host=$sockets", '--superuser', "host=$sockets user=postgres", '--httpd-user', $me,
    '--port', $port, '--http-port', $http_port);
my @first = ('--host', 'api.example.com', '--tenant', 'Acme', @where);

sub write_text {
    my ($path, $text, $mode) = @_;
    open my $file, '>', $path or die "$path: $!";
    print $file $text;
    close $file or die "$path: $!";
    chmod $mode, $path if $mode;
    return;
}

sub read_text {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/;
    return scalar readline $file;
}

# A command's exit status and output.
sub run {
    my (@command) = @_;
    my $out = File::Temp->new;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        $ENV{PATH}           = "$root/bin:/usr/local/bin:/usr/bin:/bin";
        $ENV{APACHE_CONFDIR} = $etc;
        open STDIN,  '<', '/dev/null';
        open STDOUT, '>&', $out;
        open STDERR, '>&', $out;
        exec { $command[0] } @command or exit 127;
    }
    waitpid $pid, 0;
    my $status = $? >> 8;
    return ($status, read_text("$out"));
}

sub setup { return run("$root/usr/bin/tenantctl", 'setup', @_) }

sub lay_out {
    my $top = getcwd();
    make_path(map {"$root/$_"} qw(bin usr/bin usr/lib/mod_tenant usr/share/mod_tenant log), map {"etc/apache2/$_"} qw(mods-available
        mods-enabled sites-available sites-enabled));
    for (["$top/build/tenantctl", 'usr/bin'], ["$top/sql", 'usr/share/mod_tenant'], ["$top/conf/site.conf", 'usr/share/mod_tenant'],
        ["$top/mod_tenant/tenantctl/SetupPrograms.pm", 'usr/lib/mod_tenant'], ["$top/mod_tenant/tenantctl/setup.pl", 'usr/lib/mod_tenant/tenantctl-setup']) {
        system('cp', '-R', $_->[0], "$root/$_->[1]") == 0 or die "cp $_->[0]";
    }
    chmod 0755, "$root/usr/lib/mod_tenant/tenantctl-setup";
    for (qw(ssl headers reqtimeout unique_id)) {
        write_text("$etc/mods-available/$_.load", "LoadModule ${_}_module /usr/lib/apache2/modules/mod_$_.so\n");
    }
    write_text("$etc/mods-available/tenant.load", "LoadModule tenant_module $top/build/mod_tenant.so\n");
    write_text("$etc/apache2.conf", <<"END" . join '', map {"LoadModule ${_}_module /usr/lib/apache2/modules/mod_$_.so\n"}
ServerRoot $root
ServerName localhost
PidFile $root/httpd.pid
DefaultRuntimeDir $root
ErrorLog $root/log/error
Define APACHE_LOG_DIR $root/log
Listen 127.0.0.1:$first_port
END
        qw(mpm_event authn_core authz_core setenvif socache_shmcb alias env dir mime));
    write_text("$etc/apache2.conf", read_text("$etc/apache2.conf") . <<"END");
TypesConfig /etc/mime.types
IncludeOptional $etc/mods-enabled/*.load
IncludeOptional $etc/sites-enabled/*.conf
END
    for (['a2enmod', 'ln -sf "../mods-available/$name.load" "mods-enabled/$name.load"'],
        ['a2ensite', 'ln -sf "../sites-available/$name.conf" "sites-enabled/$name.conf"'],
        ['a2dissite', 'rm -f "sites-enabled/$name.conf"']) {
        write_text("$root/bin/$_->[0]", <<"END", 0755);
#!/bin/sh -eu
cd "\$APACHE_CONFDIR"
for name; do [ "\$name" = -q ] || $_->[1]; done
END
    }
    write_text("$root/bin/apache2ctl", <<"END", 0755);
#!/bin/sh -eu
case \$1 in
configtest) exec /usr/sbin/apache2 -f $etc/apache2.conf -t ;;
*) exec /usr/sbin/apache2 -f $etc/apache2.conf -k "\$1" ;;
esac
END
    return;
}

# All that setup could change: files with their modes and contents, and databases.
sub state_of_all {
    my ($status, $files) = run('sh', '-c', qq(cd $root && find . ! -path './log/*' ! -name '*.pid' -printf '%p %m %l\\n' | sort
        find . -type f ! -path './log/*' ! -name '*.pid' -exec sha256sum {} + | sort
        cat @{[$cluster->data_dir]}/pg_hba.conf @{[$cluster->data_dir]}/pg_ident.conf));
    my ($of_dump, $dump) = $cluster->run_as('postgres', 'postgres', 'pg_dumpall', '-h', $sockets);
    $dump =~ s/^COPY public\.(?:nodes|usage\w*) .*?^\\\.$//gms;    # what httpd tells, each minute
    $dump =~ s/^SELECT pg_catalog\.setval\('public\.usage_id_seq', .*//gm;
    return $files . $dump =~ s/^\\(?:un)?restrict .*//gmr;
}

sub answers {
    my ($key, $path) = @_;
    my ($status, $output) = run('curl', '-s', '--cacert', "$etc/tenant-tls/api.example.com.pem", '--resolve',
        "api.example.com:$port:127.0.0.1", '-H', "Authorization: Bearer $key", "https://api.example.com:$port$path");
    return $output;
}

# PostgreSQL lets the superuser in, and nobody else (or this user alone).
sub lock_out {
    my ($user) = @_;
    write_text($cluster->data_dir . '/pg_hba.conf', 'local all ' . ($user // 'postgres') . " trust\n");
    my $loaded = $cluster->query('postgres', 'SELECT pg_conf_load_time()');
    $cluster->query('postgres', 'SELECT pg_reload_conf()');
    wait_until { $cluster->query('postgres', 'SELECT pg_conf_load_time()') ne $loaded } 30;
    return;
}

lay_out();
lock_out();
my $key;

subtest 'wrong usage' => sub {
    for ([['--tenant', 'A'], qr/--host is missing/], [['--host', 'a b', '--tenant', 'A'], qr/no host name/],
        [['--host', 'a', '--tenant', "A\nB"], qr/control characters/], [[@first, '--database', 'a b'], qr/--database takes/],
        [[@first, '--superuser', 'host=/x password=sesame'], qr/takes no password=/],
        [[@first, '--connection', "host='/x y'"], qr/without quotes/], [[@first, '--port', '70000'], qr/from 1 to 65535/],
        [[@first, '--http-port', $port], qr/are the same/], [[@first, '--certificate', '/x'], qr/go together/],
        [[@first, '--httpd-user', 'no-such-user'], qr/no such user/], [[@first, '--write', '--check'], qr/change nothing/],
        [[@first, '--dry-run', '--check'], qr/either/], [[@first, '--sesame'], qr/unknown, incomplete or wrong option/], [[@first, 'word'], qr/options alone/],
        [[@first, '--key-file', 'a"b'], qr/no path here/]) {
        my ($options, $why) = @$_;
        my ($status, $output) = setup(@$options);
        is($status, 2, "refused: @$options[-2, -1]");
        like($output, $why, 'and said why');
        unlike($output, qr/sesame/, 'without a value that may be secret');
    }
};

subtest '--help' => sub {
    my ($status, $output) = setup('--help');
    is($status, 0, 'done');
    is((run("$root/usr/bin/tenantctl", 'help', 'setup'))[1], $output, 'tenantctl help setup is the same');
    my $manual = read_text('man/tenantctl.8') =~ s/\\-/-/gr;
    like($manual, qr/\Q$_\E\b/, "the manual has $_") for $output =~ /^  (--[a-z-]+)/mg;
};

subtest '--dry-run and --check change nothing' => sub {
    my $before = state_of_all();
    my ($status, $output) = setup(@first, '--dry-run');
    is($status, 0, '--dry-run') or diag $output;
    like($output, qr/^would   $_: /m, "shows $_") for 'database', 'roles', 'logins', 'schema', 'key file', 'tenant', 'certificate',
        'site file', 'httpd';
    like($output, qr/^ +local tenant tenant_owner,tenant_api,tenant_admin peer map=tenant$/m, 'the line for pg_hba.conf');
    like($output, qr/^ +tenant \Q$me\E tenant_owner$/m, 'and for pg_ident.conf');
    like($output, qr/^ +ServerName api\.example\.com$/m, 'the site file');
    ($status, $output) = setup(@where, '--check');
    is($status, 1, '--check finds something') or diag $output;
    like($output, qr/^missing database: tenant\n +psql .*CREATE DATABASE/m, 'with the command that mends it');
    is(state_of_all(), $before, 'nothing has changed');
};

subtest 'without --write it stops where PostgreSQL lets nobody in' => sub {
    my ($status, $output) = setup(@first);
    is($status, 1, 'stopped');
    like($output, qr/^done    roles/m, 'the roles are there');
    like($output, qr/logins: these lines are written with --write alone/, 'and said why');
    is(read_text($cluster->data_dir . '/pg_hba.conf'), "local all postgres trust\n", 'pg_hba.conf is as it was');
};

subtest 'to the first answer' => sub {
    # A schema that is half there: Sqitch needs minutes for all of it.
    lock_out('all');
    $cluster->deploy('tenant', '--to', 'account_lookups');
    lock_out();
    my ($status, $output) = setup(@first, '--write');
    is($status, 0, 'done') or diag $output;
    like($output, qr/^ok      database/m, 'the database was there');
    like($output, qr/^make    schema: changes: sync_grants\b/m, 'says what it deploys');
    ($key) = $output =~ /^ +(mt_\S+)$/m;
    ok(defined $key, 'prints the key') or diag $output;
    like(answers($key, '/v1/calls'), qr/"data":\s*\[\]/, 'curl gets an answer over HTTPS');
    like(answers('mt_wrong', '/v1/calls'), qr/"key-/, 'and no other key does');
    is((stat "$etc/tenant.keys")[2] & 0777, 0600, 'the key file is its owner\'s');
    is((stat "$etc/tenant-tls/api.example.com.key")[2] & 0777, 0600, 'so is the key of the certificate');
};

subtest 'again' => sub {
    my $before = state_of_all();
    my ($status, $output) = setup(@first, '--write');
    is($status, 0, 'done') or diag $output;
    unlike($output, qr/^(?:make|done)/m, 'nothing was to do');
    unlike($output =~ s/\Q$root\E|\Q$sockets\E//gr, qr/mt_/, 'no key is printed');    # what their names end with may be that
    is(state_of_all(), $before, 'nothing has changed');
    ($status, $output) = setup(@where, '--check');
    is($status, 0, '--check is content') or diag $output;
    like($output, qr/^It is complete\.$/m, 'and says so');
};

subtest 'half-done installations' => sub {
    my $check = sub {
        my ($what, $name, $like) = @_;
        my ($status, $output) = setup(@where, '--check');
        is($status, 1, "--check: $what");
        like($output, qr/^missing \Q$name\E: .*$like/ms, 'is named, with what mends it') or diag $output;
    };
    my $mend = sub {
        my ($status, $output) = setup(@first, '--write');
        is($status, 0, 'mended') or diag $output;
        like(answers($key, '/v1/calls'), qr/"data"/, 'the tenant\'s key works on');
    };
    unlink "$etc/sites-enabled/tenant.conf";
    $check->('a site that is not enabled', 'httpd', qr/a2ensite -q tenant/);
    $mend->();
    unlink "$etc/sites-available/tenant.conf";
    $check->('no site file', 'site file', qr/write /);
    $mend->();
    unlink "$etc/tenant-tls/api.example.com.pem";
    $check->('no certificate', 'certificate', qr/openssl req/);
    unlink "$etc/sites-available/tenant.conf";
    my ($status, $output) = setup(@first, '--write');
    is($status, 0, 'another one is made') or diag $output;
    run('apache2ctl', 'stop');
    wait_until { !-e "$root/httpd.pid" } 30;
    $check->('httpd that does not run', 'answer', qr/restart/);
    $mend->();
    lock_out();
    $check->('lines that are gone', 'logins', qr/peer map=tenant/);
    $mend->();
    rename "$etc/tenant.keys", "$etc/tenant.keys.away";
    ($status, $output) = setup(@first, '--write');
    is($status, 1, 'a lost key file');
    like($output, qr/bring it back from its backup/, 'is not replaced, which would end each API key');
    rename "$etc/tenant.keys.away", "$etc/tenant.keys";
    $mend->();
};

subtest 'what it must not touch' => sub {
    $cluster->query('postgres', q{CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0});
    my ($status, $output) = setup(@first, '--write', '--database', 'latin');
    is($status, 1, 'a database that is not in UTF8');
    like($output, qr/encoded in LATIN1/, 'is refused');

    $cluster->create_database('older');
    $cluster->bootstrap('older');
    $cluster->query('older', 'CREATE TABLE tenants (id int)');
    ($status, $output) = setup(@first, '--write', '--database', 'older');
    is($status, 1, 'a database of an earlier system');
    like($output, qr/docs\/migrate/, 'is left to the migration');

    my $other = "$etc/tenant-tls/other";
    run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=other.example.com', '-keyout', "$other.key", '-out', "$other.pem");
    ($status, $output) = setup(@first, '--write', '--certificate', "$other.pem", '--certificate-key', "$other.key");
    like($output, qr/certificate: the certificate \S+ is not for api\.example\.com/, 'a certificate of another host');
    ($status, $output) = setup(@first, '--write', '--certificate', "$other.pem", '--certificate-key', "$etc/tenant-tls/api.example.com.key");
    like($output, qr/are no certificate and its key/, 'a key of another certificate');

    unlink "$etc/sites-enabled/tenant.conf";
    write_text("$etc/sites-available/tenant.conf", read_text("$etc/sites-available/tenant.conf") . "NoSuchDirective\n");
    ($status, $output) = setup(@first, '--write');
    is($status, 1, 'a site that httpd does not take');
    like($output, qr/NoSuchDirective/, 'httpd says why');
    ok(!-e "$etc/sites-enabled/tenant.conf", 'is not left enabled');
};

# The package's script, as dpkg runs it: what debhelper adds to it disables the module.
subtest 'the module is removed while its site is enabled' => sub {
    write_text("$root/helper", 'apache2_invoke() { "a2$1" -q "$2"; }');    # in the place of Debian's
    write_text("$root/prerm", read_text('debian/libapache2-mod-tenant.prerm') =~ s{\S+/apache2-maintscript-helper}{$root/helper}r);
    my $remove = sub { return run('sh', '-e', "$root/prerm", @_) };
    my $site = "$etc/sites-available/tenant.conf";
    write_text($site, read_text($site) =~ s/NoSuchDirective\n//r);
    my ($status, $output) = setup(@first, '--write');
    is($status, 0, 'the site is enabled') or diag $output;
    my $text = read_text($site);
    write_text("$etc/sites-available/own.conf", "TenantRequireTLS off\n");
    write_text("$etc/sites-available/other.conf", "# TenantRequireTLS off\n");
    symlink "../sites-available/$_.conf", "$etc/sites-enabled/$_.conf" for qw(own other);
    ($status, $output) = $remove->('upgrade', '1');
    ok(!$status && !$output && -e "$etc/sites-enabled/tenant.conf", 'an upgrade changes nothing');
    ($status, $output) = $remove->('remove');
    is($status, 0, 'removed') or diag $output;
    ok(!-e "$etc/sites-enabled/tenant.conf", 'the site is disabled');
    is(read_text($site), $text, 'its file is as it was');
    like($output, qr/the site tenant is disabled, and \Q$site\E is kept/, 'and the admin is told');
    like($output, qr{sites-enabled/own\.conf has directives of this module: httpd will not start}, 'and of a site of the admin\'s own, which is not touched');
    ok(-e "$etc/sites-enabled/own.conf", '... so it stays');
    unlike($output, qr/other\.conf/, 'one that has none is not named');
    unlink "$etc/mods-enabled/tenant.load";
    ($status, $output) = run('apache2ctl', 'configtest');
    isnt($status, 0, 'as was said: httpd does not start with that');
    unlink "$etc/sites-enabled/own.conf";
    ($status, $output) = run('apache2ctl', 'configtest');
    is($status, 0, 'without it httpd starts, and serves its other sites') or diag $output;
    ($status, $output) = setup(@first, '--write');
    is($status, 0, 'with the module installed again, setup brings the site back') or diag $output;
    like(answers($key, '/v1/calls'), qr/"data"/, 'and the tenant\'s key works');
    is(read_text($site), $text, 'by the same file');
};

run('apache2ctl', 'stop');
done_testing;
