# SPDX-License-Identifier: Apache-2.0
package TenantTest::Twilio;

# Twilio, as far as webhooks go: signs events of a tenant's account and sends them to a server's Location /twilio.
#
#     my $acme = TenantTest::Twilio->account($server, 'acme');
#     my $response = $acme->event('voice', CallSid => sid('CA'), From => '+12025550100', …);
#
# Parameters come in the order given, names as often as they are. AccountSid is the account's unless it is given; undef
# leaves it out. They are texts, or with bytes => 1 bytes. Other options in front, as a hash: path, query, host, token,
# signature, signed (scheme and authority that are signed), headers, body and type, method.

use strict;
use warnings;

use Digest::SHA qw(hmac_sha1_base64 sha256_hex);
use Exporter 'import';
use Time::HiRes qw(time);
use TenantTest;

our @EXPORT = qw(sid);
our @EXPORT_OK = qw(hex32);

my $count = 0;

# A sid that nobody else has.
sub sid { return sprintf '%s%014x%08x%010x', $_[0], int(time * 1_000_000), $$, $count++ }

sub hex32 { return join '', map { sprintf '%x', rand 16 } 1 .. 32 }

# Gives a tenant an account; %option: sid, token.
sub account {
    my ($class, $server, $tenant, %option) = @_;
    my $self = bless { server => $server, tenant => $tenant, sid => $option{sid} // 'AC' . hex32(), token => $option{token} // hex32() },
        $class;
    $self->store(twilio_account_sid => $self->{sid}, twilio_auth_token => $self->{token});
    return $self;
}

# PATCHes the tenant.
sub store {
    my ($self, %fields) = @_;
    my $response = request(PATCH => '/v1/tenant', as => $self->{tenant}, to => $self->{server}, json => \%fields);
    die $response->body if $response->status != 200;
    return;
}

# What Twilio signs: the URL, then each name with its values, sorted and without repetition.
sub signature {
    my ($token, $url, @parameters) = @_;
    my %values;
    while (my ($name, $value) = splice @parameters, 0, 2) {
        $values{$name}{$value} = 1;
    }
    my $text = $url;
    for my $name (sort keys %values) {
        $text .= $name . $_ for sort keys %{ $values{$name} };
    }
    return hmac_sha1_base64($text, $token) . '=';
}

sub escaped { return $_[0] =~ s/([^A-Za-z0-9_.~-])/sprintf '%%%02X', ord $1/ger }

sub encoded {
    my (@parameters) = @_;
    my @pairs;
    while (my ($name, $value) = splice @parameters, 0, 2) {
        push @pairs, escaped($name) . '=' . escaped($value);
    }
    return join '&', @pairs;
}

sub event {
    my ($self, @parameters) = @_;
    my %option = ref $parameters[0] ? %{ shift @parameters } : ();
    my $hook = shift @parameters;
    my %given = @parameters;
    push @parameters, AccountSid => $self->{sid} if !exists $given{AccountSid};
    @parameters = map { defined $parameters[ 2 * $_ + 1 ] ? @parameters[ 2 * $_, 2 * $_ + 1 ] : () } 0 .. $#parameters / 2;
    $option{bytes} || utf8::encode($_) for @parameters;

    my $method = $option{method} // 'POST';
    my $host = $option{host} // '127.0.0.1:' . $self->{server}{port};
    my $path = ($option{path} // '/twilio') . "/$hook";
    my @query = ($option{query} // (), $method eq 'GET' ? encoded(@parameters) : ());
    $path .= '?' . join '&', @query if @query;
    my $url = ($option{signed} // "http://$host") . $path;
    my $signature = $option{signature}
        // signature($option{token} // $self->{token}, $url, $method eq 'GET' || defined $option{body} ? () : @parameters);

    my $response = request($method => $path,
        to => $self->{server},
        headers => [Host => $host, $signature eq '' ? () : ('X-Twilio-Signature' => $signature), @{ $option{headers} // [] }],
        $method eq 'GET' ? () : (
            body => $option{body} // encoded(@parameters),
            type => $option{type} // 'application/x-www-form-urlencoded; charset=UTF-8',
        ));
    $response->{is_unexplained} = 1;    # for is_problem()
    return $response;
}

1;
