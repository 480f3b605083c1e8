# SPDX-License-Identifier: Apache-2.0
package TenantTest::Askers;

# Clients that ask a server over and over, each in a process of its own on a connection that is kept, and count: for figures that have to
# be theirs. What is not answered is not sent again, other than by TenantTest::Load.
#
#     my $askers = TenantTest::Askers->start($server, 8);
#     ...
#     my ($answered, $lost) = $askers->stop;      # how many requests were answered 200, and how many were not

use strict;
use warnings;

use POSIX ();

use TenantTest ();

sub start {
    my ($class, $server, $count) = @_;
    my $self = bless { owner => $$, clients => [] }, $class;
    my $stop = 0;
    local $SIG{USR1} = sub { $stop = 1 };    # one may be stopped ahead of its first step
    for (1 .. $count) {
        pipe my $read, my $write or die "pipe: $!";
        my $pid = fork // die "fork: $!";
        _ask($server, $write, \$stop) if !$pid;
        push @{ $self->{clients} }, { pid => $pid, read => $read };
    }
    return $self;
}

# Ends each after the request that is under way.
sub stop {
    my ($self) = @_;
    my ($answered, $lost) = (0, 0);
    kill USR1 => map { $_->{pid} } @{ $self->{clients} };
    while (my $client = shift @{ $self->{clients} }) {
        my ($one, $other) = split ' ', readline($client->{read}) // '';
        waitpid $client->{pid}, 0;
        $answered += $one;
        $lost += $other;
    }
    return ($answered, $lost);
}

# A test that dies leaves none.
sub DESTROY {
    my ($self) = @_;
    local ($@, $?, $!);
    return unless $self->{owner} == $$;
    for my $client (@{ $self->{clients} }) {
        kill KILL => $client->{pid};
        waitpid $client->{pid}, 0;
    }
}

# The process of a client: never returns.
sub _ask {
    my ($server, $write, $stop) = @_;
    my ($answered, $lost, $client) = (0, 0);
    until ($$stop) {
        my $status = eval {
            $client //= $server->client;
            $client->request(GET => '/v1/calls/1', headers => [TenantTest::bearer('acme')])->status;
        };
        if (($status // 0) == 200) {
            $answered++;
        } else {
            $lost++;
            undef $client;
        }
    }
    syswrite $write, "$answered $lost\n";
    close $write;
    return POSIX::_exit(0);
}

1;
