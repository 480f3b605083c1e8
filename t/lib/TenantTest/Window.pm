# SPDX-License-Identifier: Apache-2.0
package TenantTest::Window;

# Clients of HTTP/2 that let the server send nothing: their windows for streams are 0.

use strict;
use warnings;

use Exporter 'import';

use TenantTest;

our @EXPORT = qw(closed_window);

sub _frame {
    my ($type, $flags, $stream, $payload) = @_;
    return substr(pack('N', length $payload), 1) . pack('CCN', $type, $flags, $stream) . $payload;
}

# A connection by h2c that asks for something as acme.
sub closed_window {
    my ($server, $path) = @_;
    my %field = (':method' => 'GET', ':scheme' => 'http', ':path' => $path, ':authority' => 'localhost', authorization => (bearer('acme'))[1]);
    my $fields = join '', map { "\0" . pack('C/a* C/a*', $_, $field{$_}) } sort keys %field;
    my $settings = _frame(4, 0, 0, pack('nN', 4, 0));
    return $server->client->write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . $settings . _frame(1, 5, 1, $fields));
}

1;
