# SPDX-License-Identifier: Apache-2.0
package TenantTest::Gateway;

# A gateway (TenantGateway) to the stub of Twilio (TenantTest::TwilioStub), and tenants that use it.
#
#     my $gateway = TenantTest::Gateway->start(location => 'TenantGatewayRate 10');
#     my $acme = $gateway->account('acme');           # has an account there, an API key and a number
#     my $response = $acme->create('Calls', To => '+12025550100', Url => 'https://example.com/');
#     is_fault($response, 400, 21212);
#
# Options are those of TenantTest::Server->start; location: lines of the gateway's own Location, server: of the server.

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use Test::More ();

use TenantTest;
use TenantTest::Twilio;
use TenantTest::TwilioStub;

our @EXPORT = qw(is_fault);

sub start {
    my ($class, %option) = @_;
    my $stub = delete $option{stub} // TenantTest::TwilioStub->start;
    my $location = delete $option{location} // '';
    my $server = delete $option{server} // '';
    return bless {
        stub   => $stub,
        server => TenantTest::Server->start(%option, server => $class->lines($stub, $location) . $server),
    }, $class;
}

# The lines that make a gateway; \${stub} is the stub's URL for more of them.
sub lines {
    my ($class, $stub, $location) = @_;
    my $url = $stub->https =~ s/127\.0\.0\.1/localhost/r;
    my $ca = $stub->ca;
    return <<"END";
Define stub "$url"
Define stub_port "$stub->{https}"
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
SSLProxyEngine on
SSLProxyVerify require
SSLProxyCACertificateFile "$ca"
<Location "/gateway/">
    TenantGateway on
    ProxyPass "\${stub}/"
    $location
</Location>
END
}

sub server { return $_[0]{server} }
sub stub   { return $_[0]{stub} }

# Gives a tenant an account at the stub. %option: key => 0: without an API key there, by its auth token alone; phone; by:
# another server that is told of it.
sub account {
    my ($self, $name, %option) = @_;
    my %account = (
        name => $name, gateway => $self, sid => 'AC' . TenantTest::Twilio::hex32(), token => TenantTest::Twilio::hex32(),
        key => 'SK' . TenantTest::Twilio::hex32(), secret => TenantTest::Twilio::hex32(), phone => $option{phone} // '+12025550199',
    );
    my $has_key = $option{key} // 1;
    my $response = request(PATCH => '/v1/tenant', as => $name, to => $option{by} // $self->{server}, json => {
        twilio_account_sid => $account{sid}, twilio_auth_token => $account{token}, twilio_phone_number => $account{phone},
        twilio_api_key_sid => $has_key ? $account{key} : undef, twilio_api_key_secret => $has_key ? $account{secret} : undef,
    });
    die $response->body if $response->status != 200;
    $self->{stub}->account($account{sid}, $account{token}, { $account{key} => $account{secret} });
    return bless \%account, 'TenantTest::Gateway::Tenant';
}

# That an answer is an error of Twilio's shape.
sub is_fault {
    my ($response, $status, $code, $name, $message) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $fault = ref $response->json eq 'HASH' ? $response->json : {};
    my @wrong;

    push @wrong, 'the connection: ' . $response->error if defined $response->error;
    push @wrong, 'the status is ' . $response->status if $response->status != $status;
    push @wrong, 'its members are ' . join ', ', sort keys %$fault if "@{[sort keys %$fault]}" ne 'code message more_info status';
    push @wrong, 'the code is ' . ($fault->{code} // 'absent') if ($fault->{code} // '') ne $code;
    push @wrong, 'status is ' . ($fault->{status} // 'absent') if ($fault->{status} // '') ne $status;
    push @wrong, 'more_info is ' . ($fault->{more_info} // '') if ($fault->{more_info} // '') ne "https://www.twilio.com/docs/errors/$code";
    push @wrong, 'the message is ' . ($fault->{message} // 'absent') if ($fault->{message} // '') !~ ($message // qr/./);
    push @wrong, 'there is no WWW-Authenticate' if $status == 401 && !defined $response->header('WWW-Authenticate');
    push @wrong, 'there is no Retry-After' if $status == 429 && !defined $response->header('Retry-After');

    my $ok = Test::More::ok(!@wrong, $name // "$status $code");
    Test::More::diag(join "\n", @wrong, $response->body // '') unless $ok;
    return $ok;
}

package TenantTest::Gateway::Tenant;

use strict;
use warnings;

# A path below the account.
sub path { return "/gateway/2010-04-01/Accounts/$_[0]{sid}/$_[1]" }

# Sends a request with the tenant's key; other options as for request().
sub ask {
    my ($self, $method, $path, %option) = @_;
    return TenantTest::request($method => $path =~ m{^/} ? $path : $self->path($path), to => $self->{gateway}{server},
        exists $option{as} ? () : (as => $self->{name}), %option);
}

sub get { my ($self, $path, %option) = @_; return $self->ask(GET => $path, %option) }

# Sends a form. %option in front, as a hash.
sub post {
    my ($self, @parameters) = @_;
    my %option = ref $parameters[0] ? %{ shift @parameters } : ();
    my $path = shift @parameters;
    return $self->ask(POST => $path, body => TenantTest::Twilio::encoded(@parameters),
        type => 'application/x-www-form-urlencoded', %option);
}

sub call {
    my ($self, @parameters) = @_;
    my %option = ref $parameters[0] ? %{ shift @parameters } : ();
    return $self->post(\%option, 'Calls.json', From => $self->{phone}, To => '+12025550100', Url => 'https://example.com/voice', @parameters);
}

sub message {
    my ($self, @parameters) = @_;
    my %option = ref $parameters[0] ? %{ shift @parameters } : ();
    return $self->post(\%option, 'Messages.json', From => $self->{phone}, To => '+12025550100', Body => 'Hello', @parameters);
}

1;
