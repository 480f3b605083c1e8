# SPDX-License-Identifier: Apache-2.0
package TenantTest::Pipeline;

# Many requests over one connection, several of them ahead of their answers. Where the server closes, the rest
# goes over a new one.
#
#     my $pipeline  = TenantTest::Pipeline->new(to => $server, as => 'acme');
#     my @responses = $pipeline->ask([GET => '/v1/calls/1'], [POST => '/v1/calls', json => { ... }], ...);
#
# The options of new() are those of all requests, a request's own are further ones, as for TenantTest::request().
# Between two calls the server's KeepAliveTimeout runs: where that may take long, give it a long one.
# Requests that must see the effect of others may follow them: one connection's are answered in order.

use strict;
use warnings;

use TenantTest ();

# What may be under way: so little that neither side's socket blocks while the other still writes.
my ($REQUESTS, $BYTES) = (16, 32768);

sub new {
    my ($class, %option) = @_;
    return bless { option => \%option }, $class;
}

sub ask {
    my ($self, @requests) = @_;
    my @responses;

    while (@requests) {
        my $client = $self->{client} //= TenantTest::client(%{ $self->{option} });
        my ($sent, $bytes) = (0, 0);
        for (@requests[0 .. ($#requests < $REQUESTS ? $#requests : $REQUESTS - 1)]) {
            my ($method, $target, %content) = @$_;
            %content = TenantTest::content(%{ $self->{option} }, %content);
            $bytes += length($target) + length($content{body} // '');
            last if $sent && $bytes > $BYTES;
            $client->send($method, $target, %content);
            $sent++;
        }
        push @responses, $self->_receive($client, \@requests) for 1 .. $sent;
    }
    return @responses;
}

# The answer to the first of the requests, which is taken off them; nothing once the connection is closed.
sub _receive {
    my ($self, $client, $requests) = @_;
    return unless $self->{client} && $self->{client} == $client;
    my $response = $client->receive;
    shift @$requests;
    delete $self->{client} if defined $response->error || ($response->header('Connection') // '') =~ /\bclose\b/i;
    return $response;
}

1;
