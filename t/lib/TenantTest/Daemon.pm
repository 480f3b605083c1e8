# SPDX-License-Identifier: Apache-2.0
package TenantTest::Daemon;

# A server of another project, in the foreground of a process group of its own, so that all of it can be stopped, frozen or
# killed. It goes when the object does.
#
#     my $proxy = TenantTest::Daemon->start(log => "$folder/log", command => ['haproxy', '-db', '-f', $file]);
#     $proxy->signal('STOP');
#     $proxy->stop;

use strict;
use warnings;

use POSIX ();
use Time::HiRes qw(sleep time);

# command: the program and its arguments; log: what gets its output; env: a hash of variables.
sub start {
    my ($class, %option) = @_;
    my $self = bless { %option, owner => $$ }, $class;
    $self->{pid} = fork // die "fork: $!";
    if (!$self->{pid}) {
        POSIX::setsid();
        open STDIN,  '<',  '/dev/null'   or POSIX::_exit(126);
        open STDOUT, '>>', $option{log}  or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT      or POSIX::_exit(126);
        delete @ENV{ grep {/^PG/} keys %ENV };
        @ENV{ keys %{ $option{env} || {} } } = values %{ $option{env} || {} };
        exec { $option{command}[0] } @{ $option{command} } or POSIX::_exit(127);
    }
    return $self;
}

sub pid { return $_[0]{pid} }

sub is_running {
    my ($self) = @_;
    return 0 unless $self->{pid};
    return 1 if waitpid($self->{pid}, POSIX::WNOHANG()) == 0;
    $self->{pid} = 0;
    return 0;
}

# To the process, or with `group` to all that it has started and that has not left its group.
sub signal {
    my ($self, $signal, $group) = @_;
    return unless $self->is_running;
    return kill $signal => $group ? -$self->{pid} : $self->{pid};
}

# Ends it: by the signal, and after so many seconds by KILL.
sub stop {
    my ($self, $signal, $seconds) = @_;
    return unless $self->is_running;
    my $until = time + ($seconds // 10);
    my $group = $self->{pid};
    kill CONT => -$group;
    kill $signal // 'TERM' => $group;
    sleep 0.02 while $self->is_running && time < $until;
    kill KILL => -$group;
    waitpid $self->{pid}, 0 if $self->{pid};
    $self->{pid} = 0;
    return;
}

sub log_text {
    my ($self) = @_;
    open my $file, '<', $self->{log} or return '';
    local $/;
    return <$file> // '';
}

sub DESTROY {
    my ($self) = @_;
    local ($@, $?, $!);
    $self->stop('TERM', 5) if $self->{owner} == $$;
}

1;
