# SPDX-License-Identifier: Apache-2.0
#
# What others see of a user's password in the request's headers: no log has it, and once the provider tenant has judged the
# login nobody else does.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;
use TenantTest::Backend;

# A backend that answers with the head of each request.
my $backend = TenantTest::Backend->answer(\&TenantTest::Backend::ok);
my $url = $backend->url;

my $script = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv\n";
my %files = (
    'htdocs/intranet/page.txt' => "a page\n",
    'htpasswd'                 => 'file@example.com:{SHA}' . "qUqP5cyxm6YcTAhz05Hph5gvu9M=\n",    # test
    map { ("htdocs/$_" => $script) } qw(intranet/env.cgi several/env.cgi folder/index.cgi elsewhere/env.cgi refused.cgi env.cgi),
);
my $database = 'login_headers';
my $conninfo = database($database);
my $modules = join '', map { "LoadModule ${_}_module /usr/lib/apache2/modules/mod_$_.so\n" }
    qw(auth_basic authn_file cgid dir rewrite proxy proxy_http http2);
my $server = TenantTest::Server->start(database => $conninfo, files => \%files, log_level => 'trace3 http2:info', server => <<"END",
$modules
Protocols h2c http/1.1
ScriptSock cgisock
AddHandler cgi-script .cgi
LogFormat "%U %>s user=%u %{Authorization}i" everything
CustomLog "\${test_logs}/everything_log" everything
ForensicLog "\${test_logs}/forensic_log"
SetEnvIf Authorization "^(Basic) " SCHEME=\$1
ProxyPass "/backend/" "$url"
ProxyPass "/fake/" "$url"
Redirect "/moved" "/intranet/page.txt"
<LocationMatch "^/(?:intranet|several|backend|fake|folder|elsewhere)/">
    AuthType Basic
    AuthName "Your account"
    AuthBasicProvider tenant
    Require valid-user
    Options +ExecCGI
    CGIPassAuth on
    ErrorDocument 401 /refused.cgi
</LocationMatch>
<LocationMatch "^/(?:refused|env)\.cgi">
    Options +ExecCGI
    CGIPassAuth on
</LocationMatch>
<Location "/several/">
    AuthBasicProvider tenant file
    AuthUserFile "\${test_root}/htpasswd"
</Location>
<Location "/fake/">
    AuthBasicFake %{REMOTE_USER} nothing
</Location>
<Directory "\${test_root}/htdocs/folder">
    DirectoryIndex index.cgi
    <Files "index.cgi">
        Require valid-user
    </Files>
</Directory>
<Directory "\${test_root}/htdocs/intranet">
    RewriteEngine on
    RewriteRule ^inside\$ /elsewhere/env.cgi [L]
</Directory>
END
    location => 'TenantUserAuthority read');
my $root = $server->root;

my ($email, $password, $wrong) = ('both@example.com', 'canary-password-1', 'canary-mistyped-2');
is_status(request(POST => '/v1/users', to => $server, as => 'acme', json => { email => $email, password => $password }), 201, 'a user');

sub coded { return encode_base64($_[0], '') }
my $login = 'Basic ' . coded("$email:$password");

sub ask {
    my ($path, $credentials, @option) = @_;
    return request(GET => $path, to => $server, host => tenant('acme')->{host},
        headers => [Authorization => 'Basic ' . coded($credentials // "$email:$password")], @option);
}

sub sees {
    my ($response, $pattern, $name) = @_;
    is_status($response, 200, $name);
    return $pattern ? like($response->body, qr/^$pattern/mi, "$name: sees it") : unlike($response->body, qr/AUTHORIZATION/i, "$name: sees nothing");
}

subtest 'who has let the user in' => sub {
    sees(ask('/intranet/env.cgi'), undef, 'a CGI');
    like(ask('/intranet/env.cgi')->body, qr/^REMOTE_USER=\Q$email\E$/m, '... but the user');
    sees(ask('/backend/x'), undef, 'a backend');
    sees(ask('/fake/x'), 'Authorization: Basic ' . coded("$email:nothing"), 'a backend with AuthBasicFake');
    sees(ask('/several/env.cgi'), undef, 'with several providers ours');
    sees(ask('/several/env.cgi', 'file@example.com:test'), 'HTTP_AUTHORIZATION=Basic ' . coded('file@example.com:test'),
        'another provider');
    sees(ask('/env.cgi'), 'SCHEME=Basic', 'mod_setenvif, where nobody asks for a login');
};

subtest 'a login that is judged again' => sub {
    sees(ask('/folder/'), undef, 'a subrequest with other settings');
    sees(ask('/intranet/inside'), undef, 'an internal redirect');
    my ($out) = qx(curl -s --http2 -w ' %{http_version} %{http_code}' -H 'Host: @{[ tenant('acme')->{host} ]}' -H 'Authorization: $login' http://127.0.0.1:@{[ $server->port ]}/intranet/page.txt);
    is($out, "a page\n", 'HTTP/2 by Upgrade');
};

subtest 'a login that is refused' => sub {
    my $response = ask('/intranet/page.txt', "$email:$wrong");
    is_status($response, 401, 'a wrong password');
    like($response->body, qr/REDIRECT_STATUS=401/, 'its ErrorDocument');
    unlike($response->body, qr/AUTHORIZATION/i, '... sees nothing');
};

subtest 'answers are private' => sub {
    is(ask('/intranet/page.txt')->header('Cache-Control'), 'private', 'where the login has been taken out');
    is(ask('/several/env.cgi', 'file@example.com:test')->header('Cache-Control'), undef, 'and no others');
};

subtest 'the API' => sub {
    is_status(ask('/v1/calls/1'), 200, 'a login');
    is_problem(ask('/v1/calls/1', "$email:$wrong"), 401, 'login-invalid', 'a wrong one');
};

subtest 'the logs' => sub {
    is_status(ask('/moved'), 302, 'a redirect ahead of any login');
    is(request(GET => '/intranet/page.txt', to => $server, host => '', headers => [Authorization => $login])->status, 400, 'no Host');
    my $everything = TenantTest::Log->new("$root/everything_log");
    $everything->{from} = 0;
    $everything->wait_for($_) for qr{^/v1/calls/1 200 }, qr{^/moved 302 };    # behind its answer a request is logged
    my %log = map { $_ => TenantTest::Server::_read("$root/$_") } qw(error_log access_log everything_log forensic_log);
    for my $name (sort keys %log) {
        cmp_ok(length $log{$name}, '>', 500, "$name is not empty");
        for ("$email:$password", "$email:$wrong", 'file@example.com:test') {
            is(index($log{$name}, substr coded($_), 0, -4), -1, "$name: no login");
        }
        is(index($log{$name}, $_), -1, "$name: no password") for $password, $wrong;
    }
    like($log{everything_log}, qr{^/v1/calls/1 200 user=\Q$email\E Basic -$}m, 'that there was one can be seen');
    like($log{forensic_log}, qr{\|Authorization:Basic -(?:\||$)}m, 'in the forensic log as well');
};

done_testing;
