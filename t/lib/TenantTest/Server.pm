# SPDX-License-Identifier: Apache-2.0
package TenantTest::Server;

# An httpd of the test's own, on free ports, with a configuration of its own; stopped when the object goes.
#
#     my $server = TenantTest::Server->start(
#         server   => 'TenantPool max=1 wait=300ms',     # lines at the server's level
#         location => 'TenantMaxBody 1024',              # lines in <Location "/v1">
#     );
#     my $response = request(GET => '/v1/calls', as => 'acme', to => $server);
#
# Instead of a line `TenantPool max=1` there may be pool => 'max=1'. The database and the key file are the test site's unless `database` (a conninfo) or `key_file` say otherwise.
# Instead of all that, `config => "…"` gives everything but the frame (modules, ports, logs). Sizes: processes
# (2), threads (10 each). Files that are there from the start: files => { PATH below its root => TEXT }; a folder's path ends
# with a slash, a text that begins with #! is a program. A build of one's own: module => PATH. Another MPM than event: mpm => NAME. Lines that come
# ahead of ours, modules that are loaded first: ahead => TEXT.

use strict;
use warnings;

use Cwd ();
use Errno ();
use File::Path ();
use File::Temp ();
use IO::Socket::INET;
use POSIX ();
use Scalar::Util ();
use Time::HiRes qw(sleep time);

use TenantTest::Client;
use TenantTest::Log;

my %prepared;    # those of this process: a site that goes stops its own first

# Apart from those of other runs at the same time; each lane of a run (TenantTest::Harness) has some to itself. rand() is
# the tests'.
my $ports = 2_500;    # a lane
my $next_port = $$ * 101;
my $blocked_port = 10_080;
my %reserved;    # a socket of UDP for each port that was given, as a mark for other processes

# The last that the parent logs of a start, a graceful one too; no log level suppresses a notice in a file.
my $ready = qr/AH00094: Command line/;

my ($close_wait, $listening) = ('08', '0A');    # as /proc/net/tcp writes these states

# Starts it and waits until it answers; dies with what httpd said when it does not start.
sub start {
    my ($class, %option) = @_;
    my $self = $class->prepare(%option);
    $self->boot;
    return $self;
}

# Writes the configuration without starting.
sub prepare {
    my ($class, %option) = @_;
    my $site = $option{site} // TenantTest::site();
    my $root = File::Temp::tempdir('httpd.XXXXXX', DIR => $site->{scratch});
    my $self = bless {
        owner    => $$,
        root     => $root,
        logs     => $root,
        pid_file => "$root/httpd.pid",
        port     => free_port(),
        tls_port => free_port(),
        ca       => $site->{ca_file},
        mpm      => $option{mpm} // 'event',
    }, $class;

    $prepared{$self} = $self;
    Scalar::Util::weaken($prepared{$self});
    $self->add_files('htdocs/static.txt' => "static\n", %{ $option{files} || {} });
    _write("$root/httpd.conf", $self->_frame($site, %option) . ($option{config} // _body($site, %option)));
    return $self;
}

# Files as of the option `files`.
sub add_files {
    my ($self, %files) = @_;
    for my $path (map { "$self->{root}/$_" } sort keys %files) {
        File::Path::make_path($path =~ s{[^/]+\z}{}r);
        _write($path, $files{ substr $path, 1 + length $self->{root} }) unless $path =~ m{/\z};
        chmod 0755, $path if -f $path && _read($path) =~ /\A#!/;
    }
}

# The main server, as its members describe it: to be asked and watched, not to be started or stopped.
sub attach {
    my ($class, $members) = @_;
    return bless { %$members, owner => 0 }, $class;
}

# What `apache2 -t` says of the configuration: (whether it may start, its output).
sub configtest {
    my ($class, %option) = @_;
    my $self = $class->prepare(%option);
    my ($status, $output) = $self->_httpd('-t');
    return ($status == 0, $output);
}

sub boot {
    my ($self) = @_;
    my $log = $self->error_log;
    unlink $self->{pid_file} unless defined $self->pid;    # of one that was killed: who has its number by now is no httpd that runs
    my ($status, $output) = $self->_httpd('-k', 'start');
    die "httpd does not start: $output" if $status;
    $log->wait_for($ready, 20) or die "httpd does not start:\n" . $log->text;
    $log->matching(qr/\[mpm_$self->{mpm}:/) or die "this is not the $self->{mpm} MPM:\n" . $log->text;
    return $self;
}

# Stops it and waits until every process of it is gone; after 10 s they are killed. A child of httpd's event MPM
# that is told to stop at once crashes at times, with any modules or none: its main thread closes the sockets of
# connections that its workers are at work on, and one of those that end at that moment may have had its memory
# unmapped. So what the clients have closed is let end first; a request that is under way does no harm.
sub stop {
    my ($self) = @_;
    my @pids = $self->pids or return;
    my $settled = time + 10;

    sleep 0.02 while $self->_is_closing && time < $settled;
    sleep 0.1;    # behind the last socket that was closed its memory goes
    my $until = time + 10;
    kill TERM => $self->pid // ();
    while (my @left = grep { is_alive($_) } @pids) {
        kill KILL => @left if time > $until;
        sleep 0.02;
    }
}

# Ends the servers of this process whose files lie below a folder that is about to be removed.
sub end_below {
    my ($class, $folder) = @_;
    $_->end for grep { defined && index($_->{root}, "$folder/") == 0 } values %prepared;
}

sub restart {
    my ($self) = @_;
    $self->stop;
    return $self->boot;
}

# Lets a function change its configuration, which is in $_; httpd reads it at its next start or reload.
sub reconfigure {
    my ($self, $change) = @_;
    my $path = "$self->{root}/httpd.conf";
    local $_ = _read($path);
    $change->();
    _write($path, $_);
    return $self;
}

# A graceful restart; returns once the new generation has been announced in the log, and the children of the one before take no more
# connections.
sub graceful {
    my ($self) = @_;
    my @old = $self->children;
    $self->_signal('USR1');
    my $until = time + 10;
    sleep 0.02 while time < $until && grep { $self->_listens($_) } @old;
    return $self;
}

# A restart that ends the old children at once, whatever they are at; returns once the new generation has been announced in the log.
sub abrupt_restart { return $_[0]->_signal('HUP') }

sub _signal {
    my ($self, $signal) = @_;
    my $log = $self->error_log;
    kill $signal => $self->pid;
    $log->wait_for($ready, 20) or die "no restart by $signal:\n" . $log->text;
    return $self;
}

sub port     { return $_[0]{port} }
sub tls_port { return $_[0]{tls_port} }
sub root     { return $_[0]{root} }

# The parent's process id; undef when it is not running.
sub pid {
    my ($self) = @_;
    my ($pid) = _read($self->{pid_file}) =~ /^(\d+)/ or return undef;
    return is_alive($pid, $self->{root}) ? $pid : undef;
}

# The process ids of the parent and its children.
sub pids {
    my ($self) = @_;
    my $parent = $self->pid // return;
    return ($parent, $self->children);
}

sub children {
    my ($self) = @_;
    my $parent = $self->pid // return;
    my @children;
    for my $stat (glob '/proc/[0-9]*/stat') {
        my ($pid, $state, $ppid) = _read($stat) =~ /^(\d+) \(.*\) (\S) (\d+)/ or next;
        push @children, $pid if $ppid == $parent && $state ne 'Z';
    }
    return @children;
}

# Those of them that serve requests, of an MPM with threads; mod_cgid's daemon has one alone.
sub workers {
    my ($self) = @_;
    return grep { (my @threads = glob "/proc/$_/task/*") > 1 } $self->children;
}

# Kills processes, all children unless told which, and waits until they are gone: none takes a connection any more.
sub kill_and_wait {
    my ($self, @pids) = @_;
    @pids = $self->children unless @pids;
    my $until = time + 20;
    kill KILL => @pids;
    sleep 0.02 while (grep { is_alive($_) } @pids) && time < $until;
    return;
}

# A TenantTest::Client for it; tls => 1 for HTTPS.
sub client {
    my ($self, %option) = @_;
    return TenantTest::Client->new(
        port => $option{tls} ? $self->{tls_port} : $self->{port},
        ca   => $self->{ca},
        %option,
    );
}

# Its logs, marked at their present end.
sub error_log  { return TenantTest::Log->new("$_[0]{logs}/error_log") }
sub access_log { return TenantTest::Log->new("$_[0]{logs}/access_log") }

# Stops it for good and removes its files.
sub end {
    my ($self) = @_;
    delete $prepared{$self};
    return unless $self->{owner} == $$;
    $self->stop;
    $self->{owner} = 0;
    $self->_report_crashes;
    delete @reserved{ @$self{qw(port tls_port)} };
    File::Path::remove_tree($self->{root}) unless $ENV{TENANT_TEST_KEEP};
}

sub DESTROY {
    my ($self) = @_;
    local ($@, $?, $!);
    $self->end;
}

# Debian's modules and t/conf/frame.conf with its variables.
sub _frame {
    my ($self, $site, %option) = @_;
    my %variable = (
        sizes(%option),
        root     => $self->{root},
        logs     => $self->{logs},
        pid_file => $self->{pid_file},
        port     => $self->{port},
        tls_port => $self->{tls_port},
        module   => $option{module} // $site->{module},
        map { $_ => $site->{$_} } qw(certificate certificate_key),
    );
    my $modules = _read("$site->{conf_dir}/modules.conf");
    $modules =~ s/mpm_event/mpm_$self->{mpm}/g;
    return join '',
        map({ qq{Define test_$_ "$variable{$_}"\n} } sort keys %variable),
        $modules, defined $option{ahead} ? "$option{ahead}\n" : (), qq{Include "$site->{conf_dir}/frame.conf"\n},
        defined $option{log_level} ? "LogLevel $option{log_level}\n" : ();
}

# Debian's httpd, by way of t/lib/httpd where ours was built with a sanitizer.
sub program {
    return $ENV{TENANT_TEST_PRELOAD} ? Cwd::abs_path(__FILE__) =~ s{TenantTest/Server\.pm$}{httpd}r : '/usr/sbin/apache2';
}

# What tells make to build another module with the same sanitizer, if there is one.
sub build {
    return ($ENV{TENANT_TEST_PRELOAD} // '') =~ /lib([at]san)/ ? "BUILD=$1" : ();
}

# The sizes of a server as variables of the frame: processes, and threads of each.
sub sizes {
    my (%option) = @_;
    my $processes = $option{processes} // 2;
    my $threads = $option{threads} // 10;
    return (processes => $processes, threads => $threads, workers => $processes * $threads);
}

sub _body {
    my ($site, %option) = @_;
    my $database = exists $option{database} ? $option{database} : $site->{conninfo};
    my $key_file = exists $option{key_file} ? $option{key_file} : $site->{key_file};
    my $config = '';

    $config .= qq{TenantDatabase "$database"\n} if defined $database;
    $config .= qq{TenantKeyFile "$key_file"\n} if defined $key_file;
    $config .= "TenantPool $option{pool}\n" if defined $option{pool};
    $config .= "$option{server}\n" if defined $option{server};
    $config .= qq{<Location "/v1">\nTenantHandler api\n} . ($option{location} // '') . "\n</Location>\n";
    return $config;
}

# The lines of an error log about children that a signal ended, other than by someone's will.
sub crashes {
    my ($path) = @_;
    return grep { /exit signal (?!Killed|Terminated)/ } split /\n/, _read($path);
}

# Hands crashes on to TenantTest::Harness before the log goes.
sub _report_crashes {
    my ($self) = @_;
    my @crashes = crashes("$self->{logs}/error_log") or return;
    open my $file, '>>', $ENV{TENANT_TEST_CRASHES} // '/dev/stderr' or return;
    print $file map { "$_\n" } @crashes;
}

# Runs httpd on the configuration: (exit status, output).
sub _httpd {
    my ($self, @arguments) = @_;
    my $pid = open my $out, '-|';
    die "fork: $!" unless defined $pid;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        open STDIN, '<', '/dev/null';
        delete @ENV{ grep { /^PG/ } keys %ENV };    # what a conninfo leaves out must not come from here
        exec program(), '-f', "$self->{root}/httpd.conf", @arguments or POSIX::_exit(127);
    }
    my $output = do { local $/; <$out> } // '';
    close $out;
    return ($?, $output . ($? ? _read("$self->{logs}/error_log") : ''));
}

# Whether a process lives, and with a second argument whether it is one whose command line names that: numbers come again. One
# that has ended and that nobody has buried does not live.
sub is_alive {
    my ($pid, $name) = @_;
    return 0 unless kill 0, $pid or $! == Errno::EPERM();
    return 0 if defined $name && index(_read("/proc/$pid/cmdline"), $name) < 0;
    return _read("/proc/$pid/stat") =~ /^\d+ \(.*\) [^Z]/;
}

# Whether there are connections that a client has closed and httpd has not.
sub _is_closing {
    my ($self) = @_;
    my $ports = join '|', map { sprintf '%04X', $_ } $self->{port}, $self->{tls_port};
    return _read('/proc/net/tcp') =~ /^ *\d+: \w+:(?:$ports) \S+ $close_wait /m;
}

# Whether a process of it has a socket open that it takes connections from.
sub _listens {
    my ($self, $pid) = @_;
    my $ports = join '|', map { sprintf '%04X', $_ } $self->{port}, $self->{tls_port};
    my %is_open = map { ("socket:[$_]" => 1) } _read('/proc/net/tcp') =~ /^ *\d+: \w+:(?:$ports) \S+ $listening (?:\S+ +){5}(\d+) /mg;
    return scalar grep { $is_open{ readlink // '' } } glob "/proc/$pid/fd/*";
}

# A TCP port of 127.0.0.1 that nothing listens on, another one at each call. It is none of those that the kernel gives
# to outgoing connections, which could take it ahead of the server or while that restarts; and none that browsers, and
# fetch() of Node.js, refuse to ask ("port blocking" of WHATWG's Fetch), of which 10080 is the only one here. Nor does another
# process give it, a child, a lane or another run, as long as this one lives: nobody may listen there yet, or for a moment.
sub free_port {
    for (1 .. 1000) {
        my $port = 10_000 + $ports * (($ENV{TENANT_TEST_LANE} // 0) % 8) + $next_port++ % $ports;
        next if $port == $blocked_port;
        my $mark = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1', LocalPort => $port) or next;
        IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $port, ReuseAddr => 1) or next;
        $reserved{$port} = $mark;
        return $port;
    }
    die 'no port is free';
}

sub _read {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/;
    return <$file> // '';
}

sub _write {
    my ($path, $text) = @_;
    open my $file, '>', $path or die "$path: $!";
    print $file $text;
    close $file or die "$path: $!";
}

1;
