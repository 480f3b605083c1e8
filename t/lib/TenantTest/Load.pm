# SPDX-License-Identifier: Apache-2.0
package TenantTest::Load;

# Requests that go on while a test does something else, each series in a process of its own.
#
#     my $load = TenantTest::Load->start(
#         { client => sub { $server->client }, request => sub { my ($client, $n) = @_; $client->request(...) } },
#         ...
#     );
#     ...
#     for my $answer ($load->stop) { ... }
#
# A series is a hash: `request` gets a client and the number of the request within the series, and returns a
# TenantTest::Response; `name` says what it is; `keep` keeps a connection open for all of them, until the server
# closes it (for reads only); `pause` is the time between two requests in seconds (0.01).
#
# An answer is a hash: series (its name), n, began and ended (seconds since the epoch), status (0: none), code (of a
# problem, or ''), error (how the connection broke, or '').

use strict;
use warnings;

use File::Temp ();
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep time);

use TenantTest::Response;

sub start {
    my ($class, @series) = @_;
    my $self = bless { owner => $$, pids => [], files => [] }, $class;
    my $stop = 0;
    local $SIG{TERM} = sub { $stop = 1 };    # a series may be stopped ahead of its first step
    for my $series (@series) {
        my $file = File::Temp->new;
        my $pid = fork;
        die "fork: $!" unless defined $pid;
        if (!$pid) {
            my $failed = !eval { _run($series, $file, \$stop); 1 };
            print STDERR $@ if $failed;
            $file->flush;
            POSIX::_exit($failed);
        }
        push @{ $self->{pids} }, $pid;
        push @{ $self->{files} }, $file;
    }
    return $self;
}

# Waits until each series has had an answer to a request that it began from now on; whether that was within 60 s.
sub wait_for_next {
    my ($self) = @_;
    my $until = time + 60;
    my @from = map { 1 + _lines($_) } @{ $self->{files} };    # behind the one that is under way
    for my $n (0 .. $#from) {
        while (_lines($self->{files}[$n]) <= $from[$n]) {
            return 0 if time > $until;
            sleep 0.02;
        }
    }
    return 1;
}

# How many answers a series has had, by another handle: its process has its place in the file by ours.
sub _lines {
    my ($file) = @_;
    open my $again, '<', $file->filename or die $file->filename . ": $!";
    return scalar(my @lines = readline $again);
}

# Ends the series, each after the request that is under way, and returns all answers in order of their beginning.
sub stop { my ($self) = @_; return gather(@$self{qw(pids files)}) }

# Ends processes, each after what it is at, and returns what they have written to their files, a JSON object in each line, in order
# of `began`. Both lists are references; that of the processes is empty then.
sub gather {
    my ($pids, $files) = @_;
    my @notes;

    kill TERM => @$pids;
    while (my $pid = shift @$pids) {
        waitpid $pid, 0;
        die "a load process failed\n" if $?;
    }
    for my $file (@$files) {
        seek $file, 0, 0;
        push @notes, map { JSON::PP::decode_json($_) } readline $file;
    }
    return sort { $a->{began} <=> $b->{began} } @notes;
}

sub DESTROY {
    my ($self) = @_;
    local ($@, $?, $!);
    return unless $self->{owner} == $$;
    kill KILL => @{ $self->{pids} } if @{ $self->{pids} };
    waitpid $_, 0 for @{ $self->{pids} };
}

sub _run {
    my ($series, $file, $stop) = @_;
    my $client;

    $file->autoflush;
    for (my $n = 1; !$$stop; $n++) {
        my $began = time;
        my $response = _request($series, \$client, $n);
        my $problem = $response->type eq 'application/problem+json' && $response->json;
        print $file JSON::PP::encode_json({
            series => $series->{name},
            n      => $n,
            began  => $began,
            ended  => time,
            status => 0 + $response->status,
            code   => $problem ? $problem->{code} : '',
            error  => $response->error // '',
        }), "\n";
        undef $client if !$series->{keep} || defined $response->error || ($response->header('Connection') // '') =~ /close/i;
        sleep $series->{pause} // 0.01;
    }
}

# On a connection that was kept the server may close at any moment; what found it closed, with not a byte of an
# answer, is sent again on a new one, as a client does with a request that is safe (RFC 9112, section 9.3.1).
sub _request {
    my ($series, $client, $n) = @_;
    my $kept = $$client;
    my $response;

    eval {
        $$client //= $series->{client}->();
        $response = $series->{request}->($$client, $n);
        if ($kept && $response->status == 0) {
            $$client = $series->{client}->();
            $response = $series->{request}->($$client, $n);
        }
        1;
    } or return TenantTest::Response->new(status => 0, headers => [], body => '', error => $@);
    return $response;
}

1;
