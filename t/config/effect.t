# SPDX-License-Identifier: Apache-2.0
# What configurations do: what virtual hosts and Locations make of each other's settings, and what is refused or said only
# when httpd runs.
use strict;
use warnings;

use Test::More;

use TenantTest;
use TenantTest::Administration;
use TenantTest::Configuration;
use TenantTest::Gateway;
use TenantTest::Server;
use TenantTest::Twilio;
use TenantTest::TwilioStub;

my ($database, $key_file, $base) = base_directives;

subtest 'virtual hosts' => sub {
    my ($one, $two) = map { database("config_$_") } qw(one two);
    sql({ database => 'config_one' }, q{DELETE FROM tenants WHERE name = 'globex'});
    sql({ database => 'config_two' }, q{DELETE FROM tenants WHERE name = 'acme'});
    my $program = file('print', "#!/bin/sh\necho \"$two application_name=printed password=unused\"\n", 0700);
    my $server = TenantTest::Server->start(processes => 1, config => join "\n",
        qq{TenantDatabase "$one"}, $key_file, 'TenantPool max=4 wait=1s',
        '<Location "/v1">', 'TenantHandler api', 'TenantMaxBody 100', 'TenantPageSize 2 3', '</Location>',
        vhost('one.example.com'),
        vhost('two.example.com', qq{TenantDatabase "exec:$program"}, 'TenantPool max=2'),
        vhost('three.example.com', '<Location "/v1">', 'TenantPageSize 5 6', '</Location>'),
        vhost('four.example.com', '<Location "/v1">', 'TenantHandler off', '</Location>'));
    my %ask = map { my $host = $_; $host => sub { request(@_, host => "$host.example.com", to => $server) } } qw(one two three four);

    is_status($ask{one}->(GET => '/v1/calls', as => 'acme'), 200, 'one: the database of the server');
    is_problem($ask{one}->(GET => '/v1/calls', as => 'globex'), 401, 'key-invalid', 'one: the other has no say here');
    is_status($ask{two}->(GET => '/v1/calls', as => 'globex'), 200, 'two: a database of its own, from a program');
    is_problem($ask{two}->(GET => '/v1/calls', as => 'acme'), 401, 'key-invalid', 'two: the first has no say here');
    is(row({ database => 'postgres' }, q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'printed'}), 1,
        'with what the program printed');
    is(scalar @{ $ask{one}->(GET => '/v1/calls', as => 'acme')->json->{data} }, 2, 'one inherits the page size');
    is(scalar @{ $ask{two}->(GET => '/v1/calls', as => 'globex')->json->{data} }, 2, 'two inherits the page size');
    is(scalar @{ $ask{three}->(GET => '/v1/calls', as => 'acme')->json->{data} }, 5, 'three overrides it');
    is_problem($ask{three}->(POST => '/v1/products', as => 'acme', json => { name => 'x' x 100 }), 413, 'body-too-large',
        'three keeps what it does not override');
    is_problem($ask{three}->(GET => '/v1/calls?limit=7', as => 'acme'), 400, 'bad-parameter', 'and has its own maximum');
    is($ask{four}->(GET => '/v1/calls', as => 'acme')->type, 'text/html', 'four turns it off');
};

subtest 'an admin Location beside another database' => sub {
    my $own = database('config_own');
    my $server = TenantTest::Server->start(processes => 1, config => join "\n",
        qq{$database admin="} . site->conninfo(site->{database}, 'tenant_admin') . '"', $key_file, administration('effect'),
        vhost('main.example.com'), vhost('own.example.com', qq{TenantDatabase "$own"}));
    my $ask = sub { request(@_, to => $server, headers => [basic('root', 'secret')]) };
    my $log = $server->error_log;

    is_status($ask->(GET => '/admin/tenants', host => 'main.example.com'), 200, 'the main server has its admin=');
    is_status($ask->(GET => '/admin', host => 'own.example.com'), 200, 'the index asks no database');
    for my $path (qw(tenants tenants/1 audit ready)) {
        is_problem($ask->(GET => "/admin/$path", host => 'own.example.com'), 503, 'misconfigured', "$path: another database's is not asked");
    }
    is_problem($ask->(POST => '/admin/tenants', host => 'own.example.com', json => { name => 'nobody' }), 503, 'misconfigured', 'nor written to');
    ok($log->wait_for(qr/TenantDatabase of this server has no admin=/), 'the log says why');
};

subtest 'a gateway and the API in Locations of each other' => sub {
    my $stub = TenantTest::TwilioStub->start;
    my $calls = '2010-04-01/Accounts/AC' . '0' x 32 . '/Calls.json';
    my $handler = sub { join "\n", qq{<Location "$_[0]">}, 'TenantHandler api', '</Location>', '' };
    for (['the API', '/v1', '/'], ['the gateway', '', '/gateway/']) {
        my ($inner, $api, $gateway) = @$_;
        my $lines = TenantTest::Gateway->lines($stub, '') =~ s{"/gateway/"}{"$gateway"}r;
        my $server = TenantTest::Server->start(processes => 1, config => join '', "$database\n$key_file\n",
            $api ? ($lines, $handler->($api)) : ($handler->('/'), $lines));

        is_status(request(GET => "$api/calls", as => 'acme', to => $server), 200, "$inner inside: the API answers");
        is_problem(request(GET => "$api/calls/%zz", as => 'acme', to => $server), 400, 'bad-request', 'with its own errors, be they httpd\'s');
        is_fault(request(GET => "$gateway$calls", as => 'acme', to => $server), 404, 20404, 'so does the gateway', qr/account/);
    }
};

subtest 'webhooks in Locations of each other' => sub {
    my $server = TenantTest::Server->start(server => <<'END');
<Location "/twilio">
    TenantHandler twilio
    TenantVoice say outer
    TenantMessage outer
</Location>
<Location "/twilio/sales">
    TenantHandler twilio
    TenantVoice say inner
</Location>
<Location "/twilio/off">
    TenantHandler off
</Location>
END
    my $acme = TenantTest::Twilio->account($server, 'acme');
    my $ask = sub { $acme->event({ path => "/twilio$_[0]" }, $_[1], CallSid => sid('CA'), MessageSid => sid('SM')) };
    like($ask->('', 'voice')->body, qr{<Say>outer</Say>}, 'the outer one has its own answer');
    like($ask->('/sales', 'voice')->body, qr{<Say>inner</Say>}, 'so has the inner one');
    like($ask->('/sales', 'message')->body, qr{<Message>outer</Message>}, 'and what it does not set');
    is($ask->('/off', 'voice')->type, 'text/html', 'or it is switched off');
};

subtest 'Locations' => sub {
    my $server = TenantTest::Server->prepare(config => location('TenantHandler api', 'TenantMaxBody 100', 'TenantPageSize 2 50')
        . join "\n", '<Location "/v1/products">', 'TenantMaxBody 1000', '</Location>',
        '<Location "/v1/calls">', 'TenantPageSize 3 50', '</Location>',
        '<Location "/v1/files">', 'TenantHandler off', '</Location>',
        '<Location "/v2/">', 'TenantHandler api', 'TenantPageSize 4 50', '</Location>', '');
    for my $folder (qw(v1 v1/files v1x)) {
        mkdir $server->root . "/htdocs/$folder";
        TenantTest::Server::_write($server->root . "/htdocs/$folder/file.txt", "$folder\n");
    }
    $server->boot;
    my $ask = sub { request(@_, as => 'acme', to => $server) };

    is_status($ask->(POST => '/v1/products', json => { name => 'x' x 200 }), 201, 'an inner Location has its own limit');
    is_problem($ask->(PATCH => '/v1/calls/1', json => { to_number => 'x' x 200 }), 413, 'body-too-large', 'beside it the outer one holds');
    my $page = $ask->(GET => '/v1/calls')->json;
    is(@{ $page->{data} }, 3, 'an inner Location has its own page size');
    like($page->{next}, qr{^/v1/calls\?}, 'and the outer one\'s base');
    is(@{ $ask->(GET => '/v1/messages')->json->{data} }, 2, 'beside it the outer one holds');
    is($ask->(GET => '/v1/files/file.txt')->body, "v1/files\n", 'off: files again');
    is_problem($ask->(GET => '/v1/file.txt'), 404, 'not-found', 'no file is served below the API');
    is($ask->(GET => '/v1x/file.txt')->body, "v1x\n", 'a longer name is another path');
    is_status($ask->(GET => '/v1'), 200, 'the base without a slash');
    is_status($ask->(GET => '/v1/'), 200, 'and with one');
    is_status($ask->(GET => '/v2/'), 200, 'a Location with a slash at its end');
    $page = $ask->(GET => '/v2/calls')->json;
    is(@{ $page->{data} }, 4, 'has its own page size');
    like($page->{next}, qr{^/v2/calls\?}, 'and its own base');
};

subtest 'the root' => sub {
    my $server = TenantTest::Server->start(config => "$base<Location \"/\">\nTenantHandler api\n</Location>\n");
    my $ask = sub { request(@_, as => 'acme', to => $server) };
    is_status($ask->(GET => '/'), 200, 'the index');
    my $page = $ask->(GET => '/calls?limit=1')->json;
    like($page->{next}, qr{^/calls\?}, 'paths without a prefix');
    is_status($ask->(GET => $page->{next}), 200, 'that work');
    is_problem($ask->(GET => '/static.txt'), 404, 'not-found', 'and no file');
    is($ask->(POST => '/products', json => { name => 'x' })->header('Location') =~ m{^/products/\d+$}, 1, 'nor a double slash');
};

subtest 'an administration that nobody can log in to' => sub {
    my $login = "AuthType Basic\nAuthName x\n";
    my $admin = qq{$base<Location "/office/admin">\nTenantHandler admin\n%s</Location>\n} =~ s/(TenantDatabase "[^"]*")/$1 admin="user=tenant_admin"/r;
    my $warning = qr{TenantHandler admin: no AuthType applies to <Location "/office/admin">, which refuses whoever has not logged in \(\S+httpd\.conf:\d+\)};
    my %silent = (
        'a login of its own'           => sprintf($admin, $login),
        'a login in a section of it'   => sprintf($admin, "<If \"true\">\n$login</If>\n"),
        'a login of the Location above' => sprintf($admin, '') . "<Location /office>\n$login</Location>\n",
        'a login of a pattern'         => sprintf($admin, '') . "<LocationMatch ^/.*admin>\n$login</LocationMatch>\n",
        'a login ahead of it'          => "<Location \"/\">\n$login</Location>\n" . sprintf($admin, ''),
        'a virtual host with its login' => $base =~ s/(TenantDatabase "[^"]*")/$1 admin="user=tenant_admin"/r
            . vhost('a.example.com', '<Location "/office/admin">', 'TenantHandler admin', '</Location>', '<Location "/office/">', $login, '</Location>'),
    );
    my %warned = (
        'none'                         => sprintf($admin, ''),
        'a login of a folder'          => sprintf($admin, '') . "<Directory />\n$login</Directory>\n",
        'a login beside it'            => sprintf($admin, '') . "<Location /office/adm>\n$login</Location>\n",
        'a login of another virtual host' => sprintf($admin, '') . vhost('a.example.com', '<Location "/office/admin">', $login, '</Location>'),
    );
    for (sort keys %silent) {
        my ($ok, $output) = TenantTest::Server->configtest(config => $silent{$_});
        ok($ok && $output !~ $warning, $_) or diag $output;
    }
    for (sort keys %warned) {
        my ($ok, $output) = TenantTest::Server->configtest(config => $warned{$_});
        ok($ok, "$_ is no error");
        like($output, $warning, 'but configtest says so');
    }
};

subtest 'a program that fails' => sub {
    for (['fails', "#!/bin/sh\necho dbname=hunter2\nexit 1\n", qr/TenantDatabase: the program \S+fails failed with exit status 1/],
        ['prints nothing', "#!/bin/sh\n", qr/TenantDatabase: the program \S+ printed no connection string/],
        ['prints, and does not end', "#!/bin/sh\necho dbname=hunter2\nexec >&-\nexec sleep 1000\n", qr/TenantDatabase: the program \S+ had not ended after 10 s/],
        ['prints, and is stopped', "#!/bin/sh\necho dbname=hunter2\nexec >&-\n(sleep 0.3; kill -CONT \$\$) &\nkill -STOP \$\$\nexit 3\n", qr/TenantDatabase: the program \S+ failed with exit status 3/],
        ['prints garbage', "#!/bin/sh\necho hunter2 hunter2\n", qr/TenantDatabase: is not a libpq connection string/],
        ['does not exist', undef, qr{TenantDatabase: the program /nowhere/program cannot be started: No such file}])
    {
        my ($what, $text, $message) = @$_;
        my $program = $text ? file($what =~ s/ /-/gr, $text, 0700) : '/nowhere/program';
        my $started = eval { TenantTest::Server->start(config => "TenantDatabase exec:$program\n$key_file\n") };
        ok(!$started, "httpd does not start with one that $what");
        like($@, $message, 'and says so');
        unlike($@, qr/hunter2/, 'but not what was printed');
    }
};

subtest '.htaccess' => sub {
    my @directives = directives;
    cmp_ok(scalar @directives, '>=', 8, 'httpd lists our directives');
    my $server = TenantTest::Server->prepare(config => $base . "<Directory \"/\">\nAllowOverride All\n</Directory>\n");
    for my $directive (@directives) {
        mkdir $server->root . "/htdocs/$directive";
        TenantTest::Server::_write($server->root . "/htdocs/$directive/.htaccess", "$directive\n");
    }
    $server->boot;
    for my $directive (@directives) {
        my $log = $server->error_log;
        is_status(request(GET => "/$directive/", to => $server), 500, "$directive is refused");
        like($log->text, qr/\.htaccess: $directive not allowed here/, 'and the log says so');
    }
};

done_testing;
