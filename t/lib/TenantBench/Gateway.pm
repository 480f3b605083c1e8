# SPDX-License-Identifier: Apache-2.0
package TenantBench::Gateway;

# What the gateway to Twilio costs beside plain mod_proxy: both fetch one call, of one account, from the stub of Twilio.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);

use TenantBench;
use TenantTest::TwilioStub;

sub measure {
    my ($bench) = @_;
    my $stub = TenantTest::TwilioStub->start;
    my ($sid, $token) = split /\t/, $bench->first_line('accounts.tsv');    # of the first tenant of keys.tsv
    $stub->account($sid, $token);
    my ($call) = $stub->put(calls => { account_sid => $sid });
    _serve($bench, $stub, encode_base64("$sid:$token", ''));
    my %median = $bench->rounds(sub { _round($bench, "2010-04-01/Accounts/$sid/Calls/$call->{sid}.json") });
    $bench->site('halt', 'gateway');
    return \%median;
}

# The httpd of the other measures, with both ways to the stub.
sub _serve {
    my ($bench, $stub, $login) = @_;
    my ($port, $other) = map { $bench->port($_) } qw(gateway event);
    my $url = $stub->https =~ s/127\.0\.0\.1/localhost/r;
    my $ca = $stub->ca;
    my $lines = $bench->read('event.conf') =~ s/\bevent\.(pid|error|access)\b/gateway.$1/gr =~ s/^Listen 127\.0\.0\.1:\K$other$/$port/mr;
    $bench->write('gateway.conf', $lines . <<"END");
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
SSLProxyEngine on
SSLProxyVerify require
SSLProxyCACertificateFile "$ca"
<Location "/gateway/">
    TenantGateway on
    ProxyPass "$url/"
</Location>
<Location "/plain/">
    Require all granted
    RequestHeader set Authorization "Basic $login"
    ProxyPass "$url/"
</Location>
END
    $bench->site('serve', 'gateway', $port);
    return;
}

sub _round {
    my ($bench, $path) = @_;
    my %rate = map { ($_ => $bench->wrk(port => $bench->port('gateway'), mode => "/$_/$path", only => 1)->{rate}) } qw(plain gateway);
    return (%rate, of_plain => $rate{gateway} / $rate{plain});
}

sub report {
    my ($result) = @_;
    return (['', 'answers/s', 'of plain'], ['plain mod_proxy', sprintf('%.0f', $result->{plain}), ''],
        ['the gateway', sprintf('%.0f', $result->{gateway}), sprintf '%.2f', $result->{of_plain}]);
}

1;
