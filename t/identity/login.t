# SPDX-License-Identifier: Apache-2.0
#
# Users of a tenant at other content of the same httpd: AuthBasicProvider tenant, with mod_auth_basic and mod_auth_form.

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use TenantTest;
use TenantTest::Fault;

my $database = 'login';
my $conninfo = database($database);
my %host = map { $_ => tenant($_)->{host} } qw(acme globex closed);
my $modules = join '', map { "LoadModule ${_}_module /usr/lib/apache2/modules/mod_$_.so\n" }
    qw(auth_basic auth_form authn_file authn_socache request session session_cookie);
my $locations = <<"END";
$modules
LoadModule cgid_module /usr/lib/apache2/modules/mod_cgid.so
ScriptSock cgisock
AddHandler cgi-script .cgi
AuthnCacheSOCache shmcb
TenantLoginRate off
<LocationMatch "^/(?:intranet|cached|not-final|several|acme|inner)/">
    AuthType Basic
    AuthName "Your account"
    AuthBasicProvider tenant
    Require valid-user
    Options +ExecCGI
    ErrorDocument 401 /intranet/refused.txt
    CGIPassAuth on
</LocationMatch>
<Location "/cached/">
    AuthBasicProvider socache tenant
    AuthnCacheProvideFor file tenant
</Location>
<Location "/not-final/">
    AuthBasicAuthoritative off
</Location>
<Location "/several/">
    AuthBasicProvider tenant file
    AuthUserFile "\${test_root}/htpasswd"
</Location>
<Location "/acme/">
    Require tenant @{[ tenant('acme')->{id} ]}
    AuthMerging Off
</Location>
<Location "/form/">
    AuthType form
    AuthName "Your account"
    AuthFormProvider tenant
    Session On
    SessionCookieName session path=/
    Require valid-user
</Location>
<Location "/log-in">
    AuthType form
    AuthName "Your account"
    AuthFormProvider tenant
    AuthFormLoginSuccessLocation /form/page.txt
    SetHandler form-login-handler
    Session On
    SessionCookieName session path=/
    Require all granted
</Location>
<Location "/admin">
    TenantHandler admin
    AuthType Basic
    AuthName "Your account"
    AuthBasicProvider tenant file
    AuthUserFile "\${test_root}/htpasswd"
    Require valid-user
</Location>
LogFormat "%U %>s user=%u via=%{TENANT_VIA}e id=%{TENANT_USER_ID}e" logins
CustomLog "\${test_logs}/logins_log" logins
END

sub start {
    my (%option) = @_;
    my %files = ('htpasswd' => 'file@example.com:{SHA}' . "qUqP5cyxm6YcTAhz05Hph5gvu9M=\n");    # test
    for my $folder (qw(intranet cached not-final several acme form)) {
        $files{"htdocs/$folder/page.txt"} = "a page\n";
        $files{"htdocs/$folder/env.cgi"} = "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv\n";
    }
    return TenantTest::Server->start(database => $conninfo . '" admin="' . site->conninfo($database, 'tenant_admin'),
        server => $locations, files => \%files, log_level => 'trace3', %option);
}

my $server = start();
my $log = $server->error_log;
my @logs = map { TenantTest::Log->new($server->root . "/$_") } qw(error_log access_log logins_log);


sub ask {
    my ($tenant, $email, $password, %option) = @_;
    my $path = delete $option{path} // '/intranet/page.txt';
    return request(GET => $path, to => $server, host => $host{$tenant} // $tenant, headers => [basic($email, $password)], %option);
}

# The API, as a tenant; returns the answer.
sub api {
    my ($tenant, $method, $path, @json) = @_;
    return request($method, "/v1$path", to => $server, as => $tenant, @json ? (json => $json[0]) : ());
}

sub new_user {
    my ($tenant, $email, $password) = @_;
    my $response = api($tenant, POST => '/users', { email => $email, password => $password });
    is_status($response, 201, "$tenant has $email");
    return $response->json->{id};
}

# That a login is refused as every wrong one is.
sub is_refused {
    my ($response, $name) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($response->status . ' ' . ($response->header('WWW-Authenticate') // ''), '401 Basic realm="Your account"', $name);
}

my $both = 'both@example.com';
my %password = (acme => 'canary-of-acme-1', globex => 'canary-of-globex-2');
my %id = map { $_ => new_user($_, $both, $password{$_}) } qw(acme globex);

subtest 'the same address at two tenants' => sub {
    for my $path (qw(/intranet/page.txt /cached/page.txt /not-final/page.txt /several/page.txt)) {
        for my $round (1 .. 3) {
            for (['acme', 'globex'], ['globex', 'acme']) {
                my ($tenant, $other) = @$_;
                is(ask($tenant, $both, $password{$tenant}, path => $path)->body, "a page\n", "$path: $tenant with its own password");
                is(ask($tenant, $both, $password{$other}, path => $path)->status, 401,
                    "$path: $tenant with that of $other");
            }
        }
    }
};

subtest 'what others learn of a user' => sub {
    my $body = ask('acme', $both, $password{acme}, path => '/intranet/env.cgi')->body;
    my %want = (TENANT_VIA => 'user', TENANT_ID => tenant('acme')->{id}, TENANT_NAME => 'acme', TENANT_USER_ID => $id{acme},
        REMOTE_USER => $both, AUTH_TYPE => 'Basic');
    like($body, qr/^$_=\Q$want{$_}\E$/m, $_) for sort keys %want;
    like(ask('acme', uc $both, $password{acme}, path => '/intranet/env.cgi')->body, qr/^REMOTE_USER=\Q@{[uc $both]}\E$/m,
        'the address is as the client wrote it, whose case does not matter');
    ok($logs[2]->wait_for(qr{^/intranet/env.cgi 200 user=both\@example.com via=user id=$id{acme}$}), 'the access log');
    unlike(request(GET => '/intranet/env.cgi', to => $server, host => $host{acme}, headers => [TENANT_USER_ID => 'x',
        'Tenant-User-Id' => 'x', basic($both, $password{acme})])->body, qr/^TENANT_USER_ID=x/m, 'no client sets the id');
};

subtest 'Require tenant' => sub {
    is(ask('acme', $both, $password{acme}, path => '/acme/page.txt')->status, 200, 'a user of acme');
    is(ask('globex', $both, $password{globex}, path => '/acme/page.txt')->status, 401, 'not one of globex');
};

subtest 'who does not get in' => sub {
    my $without = row({ database => $database }, "SELECT email FROM users WHERE tenant_id = ? AND password_hash IS NULL ORDER BY id LIMIT 1",
        tenant('acme')->{id});
    my $long = 'x' x 1024;
    my @cases = (
        ['a wrong password'             => 'acme', $both, 'wrong-password'],
        ['the password in another case' => 'acme', $both, uc $password{acme}],
        ['a part of it'                 => 'acme', $both, substr $password{acme}, 0, -1],
        ['no password'                  => 'acme', $both, ''],
        ['nobody'                       => 'acme', 'nobody@example.com', $password{acme}],
        ['no address'                   => 'acme', '', $password{acme}],
        ['a user without a password'    => 'acme', 'user1@acme.example.com', ''],
        ['the same with one'            => 'acme', 'user1@acme.example.com', 'some-password'],
        ['an unknown Host'              => 'nobody.example.com', $both, $password{acme}],
        ['an inactive tenant'           => 'closed', $both, $password{acme}],
        ['wildcards'                    => 'acme', '%', $password{acme}],
        ['an SQL string'                => 'acme', "' OR true --", $password{acme}],
        ['bytes that are not UTF-8'     => 'acme', "\xFF\xC3", $password{acme}],
        ['an address of 5000 bytes'     => 'acme', 'x' x 4988 . '@example.com', $password{acme}],
        ['a password of 1025 bytes'     => 'acme', $both, 'x' x 1025],
    );
    is_refused(ask(@$_[1 .. 3]), $_->[0]) for @cases;
    is_refused(request(GET => '/intranet/page.txt', to => $server, host => $host{acme}), 'no credentials at all');
    new_user('acme', 'long@example.com', $long);
    is(ask('acme', 'long@example.com', $long)->status, 200, 'the longest password there can be');
    is_refused(ask('acme', 'long@example.com', $long . 'x'), 'and one byte more');
    is_refused(request(GET => '/intranet/page.txt', to => $server, host => $host{acme}, headers => [basic('x', tenant('acme')->{key})]),
        'an API key is no login');
};

subtest 'several providers' => sub {
    is(ask('acme', 'file@example.com', 'test', path => '/several/page.txt')->status, 200, 'the next one knows the user');
    is(ask('nobody.example.com', 'file@example.com', 'test', path => '/several/page.txt')->status, 200, 'on any Host');
    is(ask('acme', $both, 'test', path => '/several/page.txt')->status, 401, 'a wrong password is not passed on');
};

subtest 'the administration' => sub {
    my $key = ['X-API-Key' => tenant('acme')->{key}];
    my $denied = request(GET => '/admin/tenants', to => $server, host => $host{acme}, headers => [basic($both, $password{acme})]);
    is_problem($denied, 403, 'admin-unprotected', 'is not for users of a tenant');
    is_problem(request(GET => '/admin/tenants', to => $server, host => $host{acme}, headers => [basic($both, $password{acme}), @$key]), 403,
        'admin-unprotected', '... whatever key they have');
    is_status(request(GET => '/admin/tenants', to => $server, host => $host{acme}, headers => [basic('file@example.com', 'test')]), 200,
        'but for those of another provider');
};

subtest 'a change is in effect at once' => sub {
    my $email = 'changing@example.com';
    # whoever would hear of the change from PostgreSQL hears nothing for now
    my $listener = row({ database => $database }, "SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'mod_tenant listener'");
    ok($listener && freeze($listener), 'the listening connection is held up');
    my $user = new_user('acme', $email, 'the-first-password');
    my $is = sub { my ($password, $status, $name) = @_;
        is(ask('acme', $email, $password)->status, $status, $name) for 1 .. 4 };

    $is->('the-first-password', 200, 'the first password');
    is_status(api('acme', PATCH => "/users/$user", { password => 'the-second-password' }), 200, 'it is changed');
    $is->('the-first-password', 401, '... no more');
    $is->('the-second-password', 200, '... but the second');
    is_status(api('acme', PATCH => "/users/$user", { email => 'moved@example.com' }), 200, 'the address is changed');
    $is->('the-second-password', 401, '... nobody has the old one');
    is_status(api('acme', PATCH => "/users/$user", { email => $email }), 200, 'it is changed back');
    $is->('the-second-password', 200, '... and good');
    is_status(api('acme', PATCH => "/users/$user", { password => undef }), 200, 'the password is removed');
    $is->('the-second-password', 401, '... no login');
    is_status(api('acme', PATCH => "/users/$user", { password => 'the-third-password' }), 200, 'a new one');
    $is->('the-third-password', 200, '... login');
    is_status(api('acme', DELETE => "/users/$user"), 204, 'the user is removed');
    $is->('the-third-password', 401, '... no login');
    thaw($listener);
};

subtest 'a change by others is heard of' => sub {
    my $email = 'heard@example.com';
    my $user = new_user('acme', $email, 'the-first-password');
    my $becomes = sub {
        my ($status, $name) = @_;
        my $until = time + 5;
        my @all;
        do { @all = map { ask('acme', $email, 'the-first-password')->status } 1 .. 4 } while "@all" ne "$status $status $status $status" && time < $until;
        is("@all", "$status $status $status $status", $name);
    };
    my $change = sub { sql({ database => $database }, @_) };

    $becomes->(200, 'the first password');
    $change->('UPDATE tenants SET status = ? WHERE name = ?', 'inactive', 'acme');
    $becomes->(401, 'the tenant is suspended');
    $change->('UPDATE tenants SET status = ? WHERE name = ?', 'active', 'acme');
    $becomes->(200, '... and resumed');
    $change->('UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE id = ?) WHERE id = ?', $id{acme}, $user);
    $becomes->(401, 'another password');
    $change->('UPDATE users SET password_hash = NULL WHERE id = ?', $user);
    $becomes->(401, 'none');
};

subtest 'the log' => sub {
    unlike($log->text, qr/canary-of/, 'no password is logged');
    my $coded = substr encode_base64('both@example.com:canary', ''), 0, -4;
    unlike($_->text, qr{canary-of|\Q$coded\E}, 'nor in base64') for @logs;
    unlike($log->text, qr/\$argon2/, 'nor a hash');
};

# mod_auth_form itself writes passwords into the log at debug and trace1: this comes last.
subtest 'mod_auth_form' => sub {
    my $log_in = sub {
        my ($password, %option) = @_;
        return request(POST => '/log-in', to => $option{to} // $server, host => $host{acme}, type => 'application/x-www-form-urlencoded',
            body => 'httpd_username=both%40example.com&httpd_password=' . $password);
    };
    my $in = $log_in->($password{acme});
    is($in->status . ' ' . ($in->header('Location') // ''), '302 /form/page.txt', 'a login by a form');
    my ($cookie) = ($in->header('Set-Cookie') // '') =~ /^(session=[^;]+)/;
    is(request(GET => '/form/page.txt', to => $server, host => $host{acme}, headers => [Cookie => $cookie // ''])->body, "a page\n", 'its session');
    is(request(GET => '/form/page.txt', to => $server, host => $host{globex}, headers => [Cookie => $cookie // ''])->status, 401,
        'which is nothing on another Host');
    is($log_in->($password{globex})->status, 401, 'a wrong password');
};

subtest 'nobody can judge a login' => sub {
    my $away = start(database => 'host=/nonexistent dbname=tenant user=tenant_api" admin="host=/nonexistent dbname=tenant user=tenant_admin');
    for my $path (qw(/intranet/page.txt /not-final/page.txt /several/page.txt)) {
        my $response = request(GET => $path, to => $away, host => $host{acme}, headers => [basic($both, $password{acme})]);
        is($response->status, 503, "$path: the database is away");
        like($response->header('Retry-After') // 'nothing', qr/^[1-9][0-9]?$/, '... Retry-After');
        ok(!defined $response->header('WWW-Authenticate'), '... and no challenge');
    }
    my $form = request(POST => '/log-in', to => $away, host => $host{acme}, type => 'application/x-www-form-urlencoded',
        body => 'httpd_username=both%40example.com&httpd_password=x');
    is($form->status . ' ' . ($form->header('Retry-After') // ''), '503 1', 'the login by a form');
    is(request(GET => '/static.txt', to => $away, host => $host{acme})->status, 200, 'other content does not mind');
};

done_testing;
