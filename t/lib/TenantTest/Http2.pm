# SPDX-License-Identifier: Apache-2.0
package TenantTest::Http2;

# Clients of HTTP/2: those that let the server send nothing, and others.

use strict;
use warnings;

use Exporter 'import';

use TenantTest;

our @EXPORT = qw(closed_window http2_answer);

sub _frame {
    my ($type, $flags, $stream, $payload) = @_;
    return substr(pack('N', length $payload), 1) . pack('CCN', $type, $flags, $stream) . $payload;
}

# A connection by h2c that asks for something as acme, and has said that its window for a stream is 0.
sub closed_window {
    my ($server, $path) = @_;
    my %field = (':method' => 'GET', ':scheme' => 'http', ':path' => $path, ':authority' => 'localhost', authorization => (bearer('acme'))[1]);
    my $fields = join '', map { "\0" . pack('C/a* C/a*', $_, $field{$_}) } sort keys %field;
    my $settings = _frame(4, 0, 0, pack('nN', 4, 0));
    return $server->client->write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . $settings . _frame(1, 5, 1, $fields));
}

# The version and status that globex is answered with on a new connection; tls => 1.
sub http2_answer {
    my ($server, $path, %option) = @_;
    my $url = $option{tls} ? 'https://127.0.0.1:' . $server->tls_port : 'http://127.0.0.1:' . $server->port;
    my $way = $option{tls} ? '--http2' : '--http2-prior-knowledge';
    my ($name, $value) = bearer('globex');
    open my $out, '-|', 'curl', '-s', '-m', 20, '--cacert', $server->{ca}, $way, '-o', '/dev/null', '-w', '%{http_version} %{http_code}',
        '-H', "$name: $value", "$url$path" or die "curl: $!";
    return join '', <$out>;
}

1;
