# SPDX-License-Identifier: Apache-2.0
package TenantTest::Client;

# One HTTP/1.1 connection to a test server. It sends what the test says, byte for byte: no redirects, no
# retries, and no headers of its own but Host, and Content-Length where there is a body.
#
#     my $client   = TenantTest::Client->new(port => 8080);
#     my $response = $client->request(GET => '/v1/calls', headers => [Authorization => 'Bearer …']);
#
# send() and receive() are the halves of request(), for requests that shall be under way at the same time on
# several connections; write() sends any bytes.

use strict;
use warnings;

use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_RCVBUF inet_aton pack_sockaddr_in);
use Time::HiRes qw(sleep time);

use TenantTest::Response;

# port; tls => 1 with ca => FILE (and sni => NAME; the certificate is checked against 127.0.0.1 anyway);
# timeout: seconds to wait for the server, 30 unless told; buffer: bytes that the kernel keeps of what is not read.
sub new {
    my ($class, %option) = @_;
    my $timeout = $option{timeout} // 30;
    my $socket = $option{buffer} ? _connect_with(@option{qw(port buffer)})
        : IO::Socket::INET->new(PeerAddr => "127.0.0.1:$option{port}", Timeout => $timeout)
        or die "no connection to port $option{port}: $@\n";

    if ($option{tls}) {
        require IO::Socket::SSL;
        IO::Socket::SSL->start_SSL($socket,
            SSL_ca_file         => $option{ca},
            SSL_verify_mode     => IO::Socket::SSL::SSL_VERIFY_PEER(),
            SSL_verifycn_scheme => 'http',
            SSL_verifycn_name   => '127.0.0.1',
            SSL_hostname        => $option{sni} // '',
        ) or die 'no TLS: ' . IO::Socket::SSL::errstr() . "\n";
    }
    return bless {
        socket  => $socket,
        host    => $option{host} // "127.0.0.1:$option{port}",
        timeout => $timeout,
        read    => '',      # what came and is not yet used
        waiting => [],      # [method, time] of each request sent
    }, $class;
}

# A connection with a receive buffer of its own, whose size TCP has to know from the beginning.
sub _connect_with {
    my ($port, $buffer) = @_;
    my $socket = IO::Socket::INET->new(Proto => 'tcp');
    setsockopt $socket, SOL_SOCKET, SO_RCVBUF, $buffer or die "SO_RCVBUF: $!";
    return $socket->connect(pack_sockaddr_in($port, inet_aton('127.0.0.1'))) ? $socket : undef;
}

# Sends a request and returns its TenantTest::Response. Arguments as those of send().
sub request {
    my ($self, @arguments) = @_;
    return $self->send(@arguments)->receive;
}

# headers: a list of name, value pairs, names may repeat; host: the Host, undef for none; body: bytes.
sub send {
    my ($self, $method, $target, %option) = @_;
    my @headers = @{ $option{headers} || [] };
    my %given = map { lc } @headers;
    my $host = exists $option{host} ? $option{host} : $self->{host};
    my $text = "$method $target HTTP/1.1\r\n";

    unshift @headers, Host => $host if defined $host && !exists $given{host};
    push @headers, 'Content-Length' => length $option{body}
        if defined $option{body} && !exists $given{'content-length'} && !exists $given{'transfer-encoding'};
    while (my ($name, $value) = splice @headers, 0, 2) {
        $text .= "$name: $value\r\n";
    }
    return $self->write("$text\r\n" . ($option{body} // ''), $method);
}

# Sends bytes as they are. With a method they begin a request whose answer receive() will read by that method
# (an answer to HEAD has no body); without one they continue the request before.
sub write {
    my ($self, $bytes, $method) = @_;
    local $SIG{PIPE} = 'IGNORE';

    die "bytes, please: a wide character\n" if utf8::is_utf8($bytes) && !utf8::downgrade($bytes, 1);
    push @{ $self->{waiting} }, [$method, time] if $method;
    while (length $bytes) {
        my $written = syswrite $self->{socket}, $bytes, 65536;
        last unless $written;    # the server has closed; what it said before can still be read
        substr $bytes, 0, $written, '';
    }
    return $self;
}

# Reads the next answer (1xx ones are passed over). Where the connection breaks or the server is silent for the
# timeout, the response has {error}, and status 0 unless the head came.
sub receive {
    my ($self) = @_;
    my ($method, $began) = @{ shift @{ $self->{waiting} } || ['GET', time] };
    my %response = (status => 0, reason => '', headers => [], body => '');

    my $whole = eval {
        do { @response{qw(status reason headers)} = $self->_read_head } while $response{status} =~ /^1/;
        $self->_read_body($method, \%response);
        1;
    };
    chomp($response{error} = $@) unless $whole;
    $response{elapsed} = time - $began;
    return TenantTest::Response->new(%response);
}

# Whether the server closes the connection within so many seconds (20 unless told), sending nothing more.
sub is_closed {
    my ($self, $seconds) = @_;
    return 0 if length $self->{read} || !$self->_can_read($seconds // 20);
    return !sysread $self->{socket}, my $byte, 1;
}

# Waits until a thread or process of the server has taken the connection and read all that was sent, whether or not it is a whole
# request; whether that was within 20 s. The kernel takes connections and bytes for a server that stands still.
sub wait_until_read {
    my ($self) = @_;
    my $ends = sprintf ':%04X \\w+:%04X', $self->{socket}->peerport, $self->{socket}->sockport;
    for (my $until = time + 20; time < $until; sleep 0.01) {
        open my $table, '<', '/proc/net/tcp' or die "/proc/net/tcp: $!";
        my ($line) = grep { /^ *\d+: \w+$ends / } <$table> or next;
        my ($waiting, $inode) = (split ' ', $line)[4, 9];    # one that was not accepted has no inode
        return 1 if $inode && $waiting =~ /:0+\z/;
    }
    return 0;
}

sub close {
    my ($self) = @_;
    return $self->{socket}->close;
}

sub _can_read {
    my ($self, $seconds) = @_;
    my $bits = '';
    return 1 if ref $self->{socket} eq 'IO::Socket::SSL' && $self->{socket}->pending;
    vec($bits, fileno $self->{socket}, 1) = 1;
    return select $bits, undef, undef, $seconds;
}

# Appends what comes to {read}; 0 at the end of the stream.
sub _fill {
    my ($self) = @_;
    $self->_can_read($self->{timeout}) or die "the server was silent for $self->{timeout} s\n";
    my $count = sysread $self->{socket}, $self->{read}, 65536, length $self->{read};
    die "the connection broke: $!\n" unless defined $count;
    return $count;
}

sub _read_line {
    my ($self) = @_;
    my $end;
    while (($end = index $self->{read}, "\n") < 0) {
        $self->_fill or die "the connection ended within the head or a chunk's size\n";
    }
    my $line = substr $self->{read}, 0, $end + 1, '';
    $line =~ s/\r?\n\z//;
    return $line;
}

sub _read_bytes {
    my ($self, $count) = @_;
    my $bytes = '';
    while (1) {
        $bytes .= substr $self->{read}, 0, $count - length $bytes, '';
        return ($bytes, 1) if length $bytes == $count;
        return ($bytes, 0) unless $self->_fill;
    }
}

sub _read_head {
    my ($self) = @_;
    my $line = $self->_read_line;
    my ($status, $reason) = $line =~ m{^HTTP/1\.[01] (\d{3}) ?(.*)$} or die "not a status line: $line\n";
    my @headers;

    while (length($line = $self->_read_line)) {
        my ($name, $value) = $line =~ /^([^:\s]+):[ \t]*(.*?)[ \t]*$/ or die "not a header: $line\n";
        push @headers, $name, $value;
    }
    return ($status, $reason, \@headers);
}

sub _read_body {
    my ($self, $method, $response) = @_;
    my $head = TenantTest::Response->new(%$response);
    my $length = $head->header('Content-Length');

    return if $method eq 'HEAD' || $response->{status} =~ /^(?:204|304)$/;
    return $self->_read_chunks($response) if ($head->header('Transfer-Encoding') // '') =~ /chunked/i;
    if (defined $length) {
        ($response->{body}, my $whole) = $self->_read_bytes($length);
        die "the connection ended within the body\n" unless $whole;
        return;
    }
    my $has_ended = eval { 1 while $self->_fill; 1 };
    my $why = $@;
    $response->{body} = $self->{read};
    $self->{read} = '';
    die $why unless $has_ended;
}

sub _read_chunks {
    my ($self, $response) = @_;
    while (1) {
        my ($size) = $self->_read_line =~ /^([0-9a-f]+)/i or die "not a chunk\n";
        last unless hex $size;
        my ($bytes, $whole) = $self->_read_bytes(hex $size);
        $response->{body} .= $bytes;
        die "the connection ended within a chunk\n" unless $whole;
        $self->_read_line;
    }
    1 while length $self->_read_line;
}

1;
