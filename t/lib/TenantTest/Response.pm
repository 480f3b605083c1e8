# SPDX-License-Identifier: Apache-2.0
package TenantTest::Response;

# An answer as it came over the wire: status (0: none came), reason, headers, body (bytes, de-chunked), elapsed
# (seconds from the first byte sent to the last received), error (undef, or how the connection broke).

use strict;
use warnings;

use Cpanel::JSON::XS ();    # a hundred times as fast as JSON::PP, and as strict, but for a byte order mark

my $json = Cpanel::JSON::XS->new->utf8->allow_nonref;

sub new {
    my ($class, %self) = @_;
    return bless \%self, $class;
}

sub status  { return $_[0]{status} }
sub reason  { return $_[0]{reason} }
sub body    { return $_[0]{body} }
sub elapsed { return $_[0]{elapsed} }
sub error   { return $_[0]{error} }

# All values of a header joined by ", " in scalar context, each in list context; undef or nothing when absent.
sub header {
    my ($self, $name) = @_;
    my @pairs = @{ $self->{headers} };
    my @values;
    while (my ($header, $value) = splice @pairs, 0, 2) {
        push @values, $value if lc $header eq lc $name;
    }
    return wantarray ? @values : @values ? join(', ', @values) : undef;
}

# Where its Link header (RFC 8288) leads for a relation; undef when nowhere.
sub link {
    my ($self, $relation) = @_;
    my ($target) = ($self->header('Link') // '') =~ /<([^>]*)>; rel="\Q$relation\E"(?:,|$)/;
    return $target;
}

# The media type without parameters, in lower case; '' when there is none.
sub type {
    my ($self) = @_;
    my ($type) = ($self->header('Content-Type') // '') =~ /^\s*([^;\s]+)/;
    return lc($type // '');
}

# The decoded body; undef when it is not JSON.
sub json {
    my ($self) = @_;
    return $self->{json} if exists $self->{json};
    return $self->{json} = ($self->{body} // '') =~ /\A(?:\xEF\xBB\xBF|\xFE\xFF|\xFF\xFE)/ ? undef : eval { $json->decode($self->{body}) };
}

# Everything that a client can tell answers apart by, as one text, but for what differs between any two
# requests: the date and the request's id.
sub fingerprint {
    my ($self) = @_;
    my @pairs = @{ $self->{headers} };
    my $text = "$self->{status} $self->{reason}\n";
    my $body = $self->{body};

    while (my ($header, $value) = splice @pairs, 0, 2) {
        $text .= "$header: $value\n" unless lc $header eq 'date';
    }
    $body =~ s/("request_id"\s*:\s*)"[^"]*"/$1"-"/;
    return "$text\n$body";
}

1;
