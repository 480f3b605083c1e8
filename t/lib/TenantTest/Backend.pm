# SPDX-License-Identifier: Apache-2.0
package TenantTest::Backend;

# A server behind the one under test, for mod_proxy. It goes with the object.
#
#     my $backend = TenantTest::Backend->answer(sub { my ($head) = @_; return TenantTest::Backend::ok($head) });
#     my $lines = 'ProxyPass "/backend/" ' . $backend->url;

use strict;
use warnings;

use IO::Socket::INET;
use POSIX ();

# Hands each connection to a function, one at a time.
sub start {
    my ($class, $serve) = @_;
    my $listener = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1') or die "no port: $!";
    my $self = bless { owner => $$, port => $listener->sockport }, $class;

    $self->{pid} = fork // die "fork: $!";
    return $self if $self->{pid};
    $SIG{TERM} = sub { POSIX::_exit(0) };
    while (my $connection = $listener->accept) {
        $serve->($connection);
        close $connection;
    }
    POSIX::_exit(0);
}

# Answers each request of HTTP by what a function makes of its head.
sub answer {
    my ($class, $answer) = @_;
    return $class->start(sub {
        my ($connection) = @_;
        local $/ = "\r\n\r\n";
        my $head = <$connection>;
        print $connection $answer->($head) if defined $head;
    });
}

# An answer of that body, with more lines of headers if need be.
sub ok {
    my ($body, @headers) = @_;
    return join "\r\n", 'HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: ' . length $body, @headers, '', $body;
}

sub port { return $_[0]{port} }
sub url  { return "http://127.0.0.1:$_[0]{port}/" }

sub DESTROY {
    my ($self) = @_;
    local ($@, $?, $!);
    return unless $self->{owner} == $$ && $self->{pid};
    kill TERM => $self->{pid};
    waitpid $self->{pid}, 0;
}

1;
