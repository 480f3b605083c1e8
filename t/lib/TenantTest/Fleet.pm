# SPDX-License-Identifier: Apache-2.0
package TenantTest::Fleet;

# Several httpds with one database, configured by conf/site.conf, behind an HAProxy with conf/haproxy.cfg.
#
#     my $fleet = TenantTest::Fleet->start(site => $own, database => $conninfo);
#     $fleet->restart_drained($_) for 0 .. 2;
#     my $client = $fleet->client;
#
# Options: listen, a conninfo past a pooler; read, what TenantDatabase has for a reader, and lag, in seconds; pool, what TenantPool says;
# nodes, 3 unless told; alone, without the HAProxy; alias, further hosts; is_forgetful: HAProxy does not remember who has written.

use strict;
use warnings;

use File::Temp ();
use IO::Socket::UNIX;
use Time::HiRes qw(sleep time);

use TenantTest ();
use TenantTest::Daemon;
use TenantTest::Sample;

my $NAME = 'api.example.com';

# Why there can be none: undef, or the reason for a skip.
sub missing {
    my (@programs) = ('haproxy', @_);
    for my $program (@programs) {
        return "$program is not installed (make test-scale installs it)" unless grep { -x "$_/$program" } qw(/usr/sbin /usr/bin);
    }
    return undef;
}

sub start {
    my ($class, %option) = @_;
    my $folder = File::Temp->newdir('mt-fleet-XXXXXX', DIR => '/tmp');
    my $self = bless { folder => $folder, owner => $$, port => TenantTest::Server::free_port() }, $class;
    system('tools/make-certificates', "$folder/tls", $NAME) == 0 or die "no certificate\n";
    my $config = $self->_site_conf(%option);

    push @{ $self->{nodes} }, TenantTest::Server->start(site => $option{site}, processes => 2, threads => 24, config => $config)
        for 1 .. $option{nodes} // 3;
    $self->_start_proxy(%option) unless $option{alone};
    return $self;
}

sub nodes { return @{ $_[0]{nodes} } }
sub port  { return $_[0]{port} }

# What a TenantTest::Client needs to come through the proxy.
sub address {
    my ($self) = @_;
    return (port => $self->{port}, tls => 1, ca => "$self->{folder}/tls/ca.pem", host => $NAME, sni => $NAME);
}

sub client { my ($self, %more) = @_; return TenantTest::Client->new($self->address, %more) }

# Tells the proxy something and returns what it says.
sub command {
    my ($self, $command) = @_;
    my $socket = IO::Socket::UNIX->new(Peer => "$self->{folder}/admin.sock") or die "HAProxy's socket: $!\n";
    print $socket "$command\n";
    local $/;
    return <$socket> // '';
}

# Of a node in a backend: its state, how many requests it has at the moment, what the last check has found.
sub state {
    my ($self, $number, $backend) = @_;
    my ($head, @lines) = split /\n/, $self->command('show stat');
    my %column;
    @column{ split /,/, $head =~ s/^# //r } = 0 .. 60;
    my $name = 'web' . ($number + 1);
    my ($found) = grep { $_->[0] eq ($backend // 'nodes') && $_->[1] eq $name } map { [split /,/] } @lines;
    return @$found[@column{qw(status scur check_status)}];
}

sub wait_until_ready {
    my ($self, @numbers) = @_;
    my $until = time + 60;
    for my $number (@numbers ? @numbers : 0 .. $#{ $self->{nodes} }) {
        for my $backend (qw(nodes alive)) {
            while (join(' ', ($self->state($number, $backend))[0, 2]) !~ /^UP.* (?:\* )?L7OK/) {
                die "HAProxy does not find web$number up:\n" . $self->command('show stat') if time > $until;
                sleep 0.05;
            }
        }
    }
    return;
}

# As docs/scale.md has it: no more requests, the last ones end, it stops, it starts, it gets requests again.
sub restart_drained {
    my ($self, $number) = @_;
    my $node = $self->{nodes}[$number];
    my $name = 'web' . ($number + 1);
    my $until = time + 30;

    $self->command("set server nodes/$name state drain");
    sleep 0.05 while ($self->state($number))[1] && time < $until;
    $node->stop;
    $node->boot;
    $self->command("set server nodes/$name state ready");
    $self->wait_until_ready($number);
    return;
}

# A machine that loses its power: all processes at once; and its start.
sub kill_node {
    my ($self, $number) = @_;
    my @pids = $self->{nodes}[$number]->pids;
    kill KILL => @pids;
    sleep 0.02 while grep { TenantTest::Server::is_alive($_) } @pids;
    return;
}

sub boot_node {
    my ($self, $number) = @_;
    $self->{nodes}[$number]->boot;
    $self->wait_until_ready($number);
    return;
}

# conf/site.conf with this site's names, and what TenantDatabase and TenantPool shall say.
sub _site_conf {
    my ($self, %option) = @_;
    my %port = (80 => '127.0.0.1:${test_port}', 443 => '127.0.0.1:${test_tls_port}');
    my $text = at_home(slurp('conf/site.conf') =~ s{/etc/ssl/(?:certs|private)/API\.EXAMPLE\.COM}{$self->{folder}/tls/server}gr) =~ s/\*:(443|80)\b/$port{$1}/gr =~ s/API\.EXAMPLE\.COM/$NAME/gr;
    my $listen = $option{listen} ? qq{ \\\n    listen="$option{listen}"} : '';
    $listen .= qq{ \\\n    read="$option{read}" lag=$option{lag}s} if $option{read};

    $text =~ s/^    #(ServerAlias) SHOP\.ACME\.EXAMPLE$/    $1 $option{alias}/mg if $option{alias};
    $text =~ s/^TenantDatabase .*\\\n.*\n/TenantDatabase "$option{database}"$listen\n/m or die "site.conf has no TenantDatabase\n";
    $text =~ s/^(TenantKeyFile .*\n)/$1TenantPool $option{pool}\n/m if $option{pool};
    return $text;
}

sub _start_proxy {
    my ($self, %option) = @_;
    my %web = map { ('WEB' . ($_ + 1) . '.EXAMPLE.COM:443' => '127.0.0.1:' . $self->{nodes}[$_]->tls_port) } 0 .. $#{ $self->{nodes} };
    my $text = slurp('conf/haproxy.cfg');
    my $pem = "$self->{folder}/api.pem";

    _write($pem, slurp("$self->{folder}/tls/server.pem") . slurp("$self->{folder}/tls/server.key"));
    $text =~ s/^    (?:user|group) haproxy\n//mg;
    $text =~ s/maxconn 20000/maxconn 400/;    # who runs tests may have few files open
    $text =~ s{bind :443 }{bind 127.0.0.1:$self->{port} };
    $text =~ s{/run/haproxy/admin\.sock}{$self->{folder}/admin.sock};
    $text =~ s{/etc/haproxy/API\.EXAMPLE\.COM\.pem}{$pem};
    $text =~ s{/etc/haproxy/nodes-ca\.pem}{$self->{folder}/tls/ca.pem}g;
    $text =~ s/\Q$_\E/$web{$_}/g for keys %web;
    $text =~ s/^    server web\d WEB.*\n//mg;    # of fewer nodes
    $text =~ s/API\.EXAMPLE\.COM/$NAME/g;
    $text =~ s/expire 6s/'expire ' . ($option{lag} + 1) . 's'/e if $option{lag};
    $text =~ s/^ *http-request set-header Cache-Control.*\n//m if $option{is_forgetful};
    _write("$self->{folder}/haproxy.cfg", $text);
    $self->{proxy} = TenantTest::Daemon->start(log => "$self->{folder}/log",
        command => ['/usr/sbin/haproxy', '-db', '-f', "$self->{folder}/haproxy.cfg"]);
    my $until = time + 10;
    sleep 0.05 until -S "$self->{folder}/admin.sock" || time > $until || !$self->{proxy}->is_running;
    die "HAProxy does not start:\n" . $self->{proxy}->log_text unless $self->{proxy}->is_running;
    $self->wait_until_ready;
    return;
}

sub _write {
    my ($path, $text) = @_;
    open my $file, '>', $path or die "$path: $!";
    chmod 0600, $path;
    print $file $text;
    close $file or die "$path: $!";
    return;
}

1;
