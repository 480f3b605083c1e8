# SPDX-License-Identifier: Apache-2.0
package TenantTest::Stream;

# A stream whose client reads it when the test wants:
#
#     my $stream = TenantTest::Stream->begin($server, '/v1/messages', as => 'acme');
#     ... the head and the first rows are there, and the server waits until more is read ...
#     my $response = $stream->end;      # reads the rest
#
# The server waits only if there is more than the kernel keeps for a client that does not read: some MB.

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use Socket qw(SOL_SOCKET SO_RCVBUF);

use TenantTest;

our @EXPORT_OK = qw(csv_rows json_rows);

my $json = JSON::PP->new->utf8;

# form: ndjson (unless told) or csv; http: the version, 1.1 unless told; host; tls; headers as for request().
sub begin {
    my ($class, $server, $target, %option) = @_;
    my $client = $server->client(tls => $option{tls}, timeout => $option{timeout} // 30);
    my $host = $option{host} // 'localhost';
    my @headers = (form($option{form} // 'ndjson'), defined $option{as} ? bearer($option{as}) : (), @{ $option{headers} || [] });
    my $text = "GET $target HTTP/" . ($option{http} // '1.1') . "\r\nHost: $host\r\n";

    setsockopt $client->{socket}, SOL_SOCKET, SO_RCVBUF, 65536;
    while (my ($name, $value) = splice @headers, 0, 2) {
        $text .= "$name: $value\r\n";
    }
    $client->write("$text\r\n", 'GET');
    $client->_fill;
    return bless { client => $client }, $class;
}

# Reads the rest of the answer and returns it.
sub end {
    my ($self) = @_;
    return $self->{client}->receive;
}

# Reads some more, at most so many bytes; 0: it has ended.
sub read {
    my ($self, $bytes) = @_;
    my $client = $self->{client};
    return sysread $client->{socket}, $client->{read}, $bytes, length $client->{read};
}

# Reads what the server sends until it is silent for half a second.
sub read_until_quiet {
    my ($self) = @_;
    1 while $self->{client}->_can_read(0.5) && $self->read(65536);
}

sub close { return $_[0]{client}->close }

# The header that asks for a form.
sub form {
    my ($form) = @_;
    return (Accept => $form eq 'csv' ? 'text/csv' : 'application/x-ndjson');
}

# The rows of an NDJSON body.
sub json_rows {
    my ($body) = @_;
    return map { $json->decode($_) } split /\n/, $body;
}

# The records of a CSV body (RFC 4180), each a list of fields in bytes; an empty field without quotes is undef. Dies
# where it is not CSV.
sub csv_rows {
    my ($body) = @_;
    my (@rows, @row);

    pos($body) = 0;
    while (pos($body) < length $body) {
        if ($body =~ /\G"((?:[^"]|"")*)"/gc) {
            push @row, $1 =~ s/""/"/gr;
        }
        elsif ($body =~ /\G([^",\r\n]*)/gc) {
            push @row, length $1 ? $1 : undef;
        }
        if ($body =~ /\G\r\n/gc) {
            push @rows, [splice @row];
        }
        elsif ($body !~ /\G,/gc) {
            die 'no CSV at byte ' . pos($body) . "\n";
        }
    }
    die "the last line has no end\n" if @row;
    return @rows;
}

1;
