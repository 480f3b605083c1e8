# SPDX-License-Identifier: Apache-2.0
#
# Which modules of httpd's write secrets into the error log, and from which level on: the start warns of it.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;

my $database = 'log_levels';
my $conninfo = database($database);
my $key = tenant('acme')->{key};
my $password = 'canary-password';
my $login = encode_base64("user\@example.com:$password", '');
my %secret = (key => $key, login => substr($login, 0, 40), body => $password);
my $modules = join '', map { "LoadModule ${_}_module /usr/lib/apache2/modules/mod_$_.so\n" }
    qw(http2 dumpio request session session_cookie auth_form);
my $emails = 0;

# Which secrets are in the error log, and which modules the start has warned of.
sub log_at {
    my ($level) = @_;
    my $server = TenantTest::Server->start(database => $conninfo, processes => 1, log_level => "info $level", server => <<"END");
$modules
Protocols h2c http/1.1
DumpIOInput on
<Location "/log-in">
    AuthType form
    AuthName "Your account"
    AuthFormProvider tenant
    SetHandler form-login-handler
    Session On
    SessionCookieName session path=/
    Require all granted
</Location>
END
    my $url = 'http://127.0.0.1:' . $server->port;
    my $body = json({ email => 'user' . $emails++ . '@example.com', password => $password });
    for my $way ('--http1.1', '--http2-prior-knowledge') {
        for (["$url/v1/calls/1", "X-API-Key: $key"], ["$url/v1/calls/1", "Authorization: Basic $login"],
            ["$url/v1/users", "X-API-Key: $key", 'Content-Type: application/json', $body]) {
            my ($to, @headers) = @$_;
            my @data = @headers > 2 ? ('--data', pop @headers) : ();
            system 'curl', '-s', '-o', '/dev/null', $way, (map { ('-H', $_) } @headers), @data, $to;
        }
    }
    request(POST => '/log-in', to => $server, host => tenant('acme')->{host}, type => 'application/x-www-form-urlencoded',
        body => "httpd_username=user\@example.com&httpd_password=$password");
    $server->stop;
    my $text = TenantTest::Server::_read($server->root . '/error_log');
    return {
        secrets => join(' ', grep { index($text, $secret{$_}) >= 0 } sort keys %secret),
        warned  => join(' ', $text =~ /tenant:warn.*LogLevel has the module (\w+) write/g),
    };
}

my @cases = (
    # level           what is there     what is warned of, what else is set
    ['info',            '',               ''],
    ['trace1',          '',               '', 'auth_form:info'],
    ['http2:trace1',    '',               ''],
    ['http2:trace2',    'key login',      'http2'],
    ['http2:trace3',    'body key login', 'http2'],
    ['http:trace3',     '',               ''],
    ['http:trace4',     'login',          'http'],
    ['auth_form:debug', '',               'auth_form'],    # to be safe
    ['auth_form:trace1', 'body',          'auth_form'],
    ['dumpio:trace6',   '',               ''],
    ['dumpio:trace7',   'body key login', 'dumpio'],
    ['trace8',          'login',          'http', 'auth_form:info http2:info dumpio:info'],
);
for (@cases) {
    my ($level, $secrets, $warned, $but) = @$_;
    my $name = join ' ', $level, $but // ();
    is_deeply(log_at($name), { secrets => $secrets, warned => $warned }, $name);
}

done_testing;
