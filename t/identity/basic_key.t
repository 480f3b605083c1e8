# SPDX-License-Identifier: Apache-2.0
#
# A key as the user name or the password of HTTP Basic, at content that httpd itself guards by AuthType Basic: it is
# nobody's user name to anyone.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;
use TenantTest::Backend;

# A backend that answers with the head of each request.
my $backend = TenantTest::Backend->answer(\&TenantTest::Backend::ok);
my $url = $backend->url;

my %files = (
    'htdocs/guarded/page.txt' => "a page\n",
    'htpasswd'                => 'mt_admin:{SHA}' . "qUqP5cyxm6YcTAhz05Hph5gvu9M=\n",    # test
);
my $modules = join '', map { "LoadModule ${_}_module /usr/lib/apache2/modules/mod_$_.so\n" }
    qw(auth_basic authn_file authn_anon proxy proxy_http);
my $server = TenantTest::Server->start(log_level => 'trace8', files => \%files, server => <<"END");
$modules
LogFormat "%U %>s user=%u %{Authorization}i" everything
CustomLog "\${test_logs}/everything_log" everything
ForensicLog "\${test_logs}/forensic_log"
ProxyPass "/open/" "$url"
ProxyPass "/anonymous/" "$url"
<Location "/guarded/">
    AuthType Basic
    AuthName "accounts"
    AuthBasicProvider file tenant
    AuthUserFile "\${test_root}/htpasswd"
    Require valid-user
</Location>
<Location "/anonymous/">
    AuthType Basic
    AuthName "anybody"
    AuthBasicProvider anon
    Anonymous *
    Anonymous_MustGiveEmail off
    Anonymous_NoUserID on
    Require valid-user
</Location>
END
my $root = $server->root;

my $key = tenant('acme')->{key};
my $typo = $key =~ s/(.)$/$1 eq 'a' ? 'b' : 'a'/er;
my @credentials = (
    ['the user name'                     => "$key:"],
    ['the user name without a colon'     => $key],
    ['the user name with a password'     => "$key:x"],
    ['the password'                      => "user:$key"],
    ['a part of the user name'           => "user $key:x"],
    ['a mistyped user name'              => "$typo:"],
    ['a mistyped one with a password'    => "$typo:x"],
);

sub ask {
    my ($path, $credentials) = @_;
    return request(GET => $path, to => $server, host => tenant('acme')->{host},
        headers => [Authorization => 'Basic ' . encode_base64($credentials, '')]);
}

for (@credentials) {
    my ($name, $credentials) = @$_;
    is(ask('/guarded/page.txt', $credentials)->status, 401, "a key as $name is no login");
    for my $path ('/open/', '/anonymous/') {
        my $response = ask($path, $credentials);
        unlike($response->body, qr/^(?:Proxy-)?Authorization:/mi, "$path: a backend does not see one as $name");
    }
}

subtest 'users whose names begin like a key' => sub {
    is(ask('/guarded/page.txt', 'mt_admin:test')->status, 200, 'log in');
    is(ask('/guarded/page.txt', 'mt_admin:wrong')->status, 401, 'or are refused');
    like(ask('/anonymous/', 'mt_admin:x')->body, qr/^Authorization: Basic/m, 'and are seen by backends');
};

subtest 'the logs' => sub {
    for my $log (qw(error_log access_log everything_log forensic_log)) {
        my $text = TenantTest::Server::_read("$root/$log");
        cmp_ok(length $text, '>', 500, "$log is not empty");
        for (@credentials) {
            my ($name, $credentials) = @$_;
            my $coded = substr encode_base64($credentials, ''), 0, 60;
            is(index($text, $coded), -1, "$log: nothing in base64 of a key as $name");
        }
        is(index($text, $_), -1, "$log: no key") for $key, $typo;
    }
};

done_testing;
