# SPDX-License-Identifier: Apache-2.0
package TenantTest::Volley;

# Requests that reach a server at the same time, each on a connection that stays open.
#
#     my $volley  = TenantTest::Volley->new($server);
#     my @answers = $volley->fire(['acme', GET => '/v1/calls/1'], ['globex', POST => '/v1/calls', {sid => …}]);
#
# A request is [tenant, method, path, members of the body or undef, more headers …].

use strict;
use warnings;

use TenantTest;

# Of a server, with so many connections (16 unless told).
sub new {
    my ($class, $server, $count) = @_;
    return bless { server => $server, clients => [map { $server->client } 1 .. $count // 16] }, $class;
}

# How many requests fit in.
sub size { my ($self) = @_; return scalar @{ $self->{clients} } }

# Sends requests, one for each of the first connections, and returns their answers in their order.
sub fire {
    my ($self, @requests) = @_;
    my $clients = $self->{clients};
    my @texts = map { _text(@$_) } @requests;
    $clients->[$_]->write($texts[$_], $requests[$_][1]) for 0 .. $#requests;
    my @answers = map { $clients->[$_]->receive } 0 .. $#requests;
    for (0 .. $#requests) {    # httpd closes behind a 503
        $clients->[$_] = $self->{server}->client if ($answers[$_]->header('Connection') // '') eq 'close';
    }
    return @answers;
}

# Made ahead of the first one, so that they follow one another as fast as can be.
sub _text {
    my ($tenant, $method, $path, $members, @headers) = @_;
    my $body = $members ? json($members) : '';
    my $text = "$method $path HTTP/1.1\r\nHost: api.example.net\r\nAuthorization: Bearer " . tenant($tenant)->{key} . "\r\n";
    $text .= "Content-Type: application/json\r\nContent-Length: " . length($body) . "\r\n" if $members;
    while (my ($name, $value) = splice @headers, 0, 2) {
        $text .= "$name: $value\r\n";
    }
    return "$text\r\n$body";
}

1;
