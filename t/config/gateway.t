# SPDX-License-Identifier: Apache-2.0
#
# A gateway (TenantGateway) starts only where it is certain that nobody but Twilio gets Twilio's credentials.

use strict;
use warnings;

use Test::More;

use TenantTest;
use TenantTest::Configuration;

my (undef, undef, $base) = base_directives;
my $ca = site->{ca_file};
my $modules = <<'END';
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
END
my @tls = ('SSLProxyEngine on', 'SSLProxyVerify require', qq{SSLProxyCACertificateFile "$ca"});
my @gateway = ('<Location "/gateway/">', 'TenantGateway on', 'ProxyPass https://api.twilio.com/', '</Location>');

sub with { my ($line, @lines) = @_; return map { /^<Location/ ? ($_, $line) : $_ } @lines }
sub without { my ($pattern, @lines) = @_; return grep { !/$pattern/ } @lines }
sub section { my ($name, @lines) = @_; return ("<$name>", @lines, '</' . ($name =~ /^(\w+)/)[0] . '>') }

sub verdict { return TenantTest::Server->configtest(config => $base . $modules . join '', map {"$_\n"} @_) }

my @accepted = (
    ['a gateway', @tls, @gateway],
    ['its own virtual host', vhost('a.example.com', @tls, @gateway)],
    ['TLS of the main server', @tls, vhost('a.example.com', @gateway)],
    ['a folder of authorities', without('Certificate', @tls), 'SSLProxyCACertificatePath /etc/ssl/certs', @gateway],
    ['what is the default', @tls, 'SSLProxyCheckPeerName on', 'SSLProxyCheckPeerExpire on', 'ProxyPreserveHost off', @gateway],
    ['parameters', @tls, without('ProxyPass', @gateway[0, 1]), 'ProxyPass "https://api.twilio.com/" timeout=20', '</Location>'],
    ['another backend', @tls, @gateway, section('Proxy "https://intern.example.com/"', 'SSLProxyVerify none')],
    ['another Location', @tls, @gateway, section('Location "/other/"', 'ProxyPreserveHost on', 'ProxyPass http://127.0.0.1/')],
    ['another host, without a gateway', vhost('a.example.com', @tls, @gateway), vhost('b.example.com', 'SSLProxyEngine on', 'SSLProxyVerify none')],
    ['one that is off', without('TenantGateway', @gateway[0 .. 1]), 'TenantGateway off', 'ProxyPass http://127.0.0.1/', '</Location>'],
);

my $needs = qr{TenantGateway in <Location "/gateway/"> needs};
my @refused = (
    ['no TLS', qr/$needs SSLProxyEngine on/, @gateway],
    ['no verification', qr/$needs SSLProxyVerify require/, without('Verify', @tls), @gateway],
    (map { ["SSLProxyVerify $_", qr/$needs SSLProxyVerify require/, @tls, "SSLProxyVerify $_", @gateway] } qw(none optional optional_no_ca)),
    ['no authority', qr/$needs SSLProxyCACertificateFile/, without('Certificate', @tls), @gateway],
    ['no name', qr/$needs SSLProxyCheckPeerName on/, @tls, 'SSLProxyCheckPeerName off', @gateway],
    ['no name, by its quotes', qr/$needs SSLProxyCheckPeerName on/, @tls, 'SSLProxyCheckPeerName "OFF"', @gateway],
    ['no name, by the older directive', qr/$needs SSLProxyCheckPeerCN on/, @tls, 'SSLProxyCheckPeerCN off', @gateway],
    ["the client's name, in the other case", qr/$needs ProxyPreserveHost off/, @tls, @gateway,
        section('If "false"', 'ProxyPreserveHost off'), section('Else', 'ProxyPreserveHost on')],
    ["the client's name, for a part", qr/$needs ProxyPreserveHost off/, @tls, @gateway,
        section('Proxy "https://api.twilio.com/2010-04-01/"', 'ProxyPreserveHost on')],
    ['no end', qr/$needs SSLProxyCheckPeerExpire on/, @tls, 'SSLProxyCheckPeerExpire off', @gateway],
    ["the client's name", qr/$needs ProxyPreserveHost off/, @tls, 'ProxyPreserveHost on', @gateway],
    ["the client's name, in the Location", qr/$needs ProxyPreserveHost off/, @tls, with('ProxyPreserveHost On', @gateway)],
    ["the client's name, in a Location around it", qr/$needs ProxyPreserveHost off/, @tls, @gateway, section('Location "/"', 'ProxyPreserveHost on')],
    ["the client's name, in a condition", qr/$needs ProxyPreserveHost off/, @tls, @gateway, section('If "true"', 'ProxyPreserveHost on')],
    ["the client's name, in a condition of the Location", qr/$needs ProxyPreserveHost off/, @tls, with("<If \"true\">\nProxyPreserveHost on\n</If>", @gateway)],
    ['the last of two', qr/$needs SSLProxyVerify require/, @tls, 'SSLProxyVerify none', @gateway],
    ['a virtual host that knows better', qr/$needs SSLProxyVerify require/, @tls, vhost('a.example.com', 'SSLProxyVerify none', @gateway)],
    ['a virtual host that has the gateway too', qr/$needs SSLProxyVerify require/, @tls, @gateway, vhost('a.example.com', 'SSLProxyVerify none')],
    (map { ["a section $_", qr/$needs SSLProxyVerify require/, @tls, @gateway, section($_, 'SSLProxyVerify none')] }
        'Proxy "*"', 'Proxy "https://api.twilio.com/"', 'Proxy "https://*"', 'Proxy "HTTPS://api.*"', 'ProxyMatch "twilio"'),
    ['a section of a virtual host', qr/$needs SSLProxyVerify require/, @tls, vhost('a.example.com', @gateway, section('Proxy "*"', 'SSLProxyVerify none'))],
    ['a section of the main server', qr/$needs SSLProxyVerify require/, section('Proxy "*"', 'SSLProxyVerify none'), vhost('a.example.com', @tls, @gateway)],
    ['http', qr{$needs a ProxyPass with https://}, @tls, map { s/https/http/r } @gateway],
    ['h2', qr{$needs a ProxyPass with https://}, @tls, map { s/https/h2/r } @gateway],
    ['a balancer', qr{$needs a ProxyPass with https://}, @tls, map { s/https/balancer/r } @gateway],
    ['no ProxyPass', qr{$needs a ProxyPass with https://}, @tls, without('ProxyPass', @gateway)],
    ['ProxyPass !', qr{$needs a ProxyPass with https://}, @tls, with('ProxyPass !', without('ProxyPass', @gateway))],
    ['a handler beside it', qr/$needs no TenantHandler/, @tls, with('TenantHandler api', @gateway)],
);

for (@accepted) {
    my ($what, @lines) = @$_;
    my ($ok, $output) = verdict(@lines);
    ok($ok, "accepted: $what") or diag $output;
}
for (@refused) {
    my ($what, $message, @lines) = @$_;
    my ($ok, $output) = verdict(@lines);
    ok(!$ok, "refused: $what");
    like($output, $message, '... and the message says what it lacks');
}

my $silence = qr/TenantGateway: calls and messages get no StatusCallback, as there is no TenantHandler twilio in the same server/;
my @webhooks = ('<Location "/twilio/">', 'TenantHandler twilio', '</Location>');
for (
    ['no webhooks', 1, @tls, @gateway],
    ['webhooks of another host', 1, vhost('a.example.com', @tls, @gateway), vhost('b.example.com', @webhooks)],
    ['webhooks beside it', 0, @tls, @gateway, @webhooks],
    ['webhooks of the main server', 0, @webhooks, vhost('a.example.com', @tls, @gateway)],
    ['no gateway', 0, @tls],
) {
    my ($what, $warns, @lines) = @$_;
    my ($ok, $output) = verdict(@lines);
    ok($ok, "accepted: $what");
    is($output =~ $silence ? 1 : 0, $warns, $warns ? '... with a warning' : '... without a warning');
}

done_testing;
