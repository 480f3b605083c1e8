# SPDX-License-Identifier: Apache-2.0
#
# Between acme and globex, through the whole server: what globex has is to acme as if it did not exist, and stays
# as it is. Each tenant's rows carry a random marker, which must never come out to the other, nor into a log.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Contract;

my $database = 'isolation';
my $conninfo = database($database);
my %marker = map { $_ => sprintf 'canary%08x%08x', rand 2**32, rand 2**32 } qw(acme globex);
mark_rows($database, tenant($_)->{id}, $marker{$_}) for qw(acme globex);

my $server = TenantTest::Server->start(
    database  => $conninfo,
    log_level => 'trace8',
    location  => '',
    server    => qq{<Location "/public/v1">\nTenantHandler api\nTenantPublicRead products\n</Location>},
);
my ($error_log, $access_log) = ($server->error_log, $server->access_log);
my %said;    # what each tenant was told, all in one text

# Sends a request as a tenant and keeps what came back.
sub ask {
    my ($tenant, $method, $path, %option) = @_;
    my $response = request($method, $path, to => $server, %option);
    $said{$tenant} .= $response->fingerprint;
    return $response;
}

sub id_of {
    my ($tenant, $resource, $column) = @_;
    return row({ database => $database }, "SELECT $column FROM $resource WHERE tenant_id = ? ORDER BY id LIMIT 1",
        tenant($tenant)->{id});
}

# What a row is called: [by what, the name of globex's row, of acme's, of none].
sub names {
    my ($resource) = @_;
    my %none = (id => $resource eq 'users' ? '00000000-0000-4000-8000-ffffffffffff' : 2147483647);
    $none{sid} = new_sid($resource) if has_sid($resource);
    return map { [$_, id_of(globex => $resource, $_), id_of(acme => $resource, $_), $none{$_}] } sort keys %none;
}

# A PATCH that is valid, would change something, and could be told apart from the row.
my %change = (
    calls      => { status => 'stolen' },
    messages   => { body => 'stolen' },
    recordings => { duration => 1 },
    products   => { name => 'stolen', description => undef },
    users      => { email => 'stolen@example.com' },
);

# Every method, and what its request carries.
my @requests = (
    ['GET'], ['HEAD'], ['OPTIONS'], ['DELETE'], ['PUT'],
    [POST  => json => {}],
    [PATCH => json => {}],
    [PATCH => json => { nonsense => 1 }],
    [PATCH => json => { tenant_id => 1 }],
    [PATCH => body => '{', type => 'application/json'],
    [PATCH => 'change'],
);

# Ways for acme to ask: [how, base path, options].
my %acme = (as => 'acme', host => tenant('acme')->{host});
my @ways = (
    ['with a key and its Host', '/v1', %acme],
    ['with a key alone', '/v1', as => 'acme'],
    ['with X-API-Key', '/v1', headers => ['X-API-Key' => tenant('acme')->{key}]],
    ["with globex's Host", '/v1', as => 'acme', host => tenant('globex')->{host}],
    ['by Host alone', '/public/v1', host => tenant('acme')->{host}],
);

for my $resource (collections()) {
    for (names($resource)) {
        my ($by, $theirs, $own, $none) = @$_;

        subtest "$resource by $by" => sub {
            for my $tenant (['globex', $theirs], ['acme', $own]) {
                my ($name, $row) = @$tenant;
                is_status(ask($name, GET => "/v1/$resource/$row", as => $name), 200, "$name has a row to lose");
            }
            my @before = rows_of($database, $resource);

            for my $way (@ways) {
                my ($how, $base, %option) = @$way;
                for my $request (@requests) {
                    my ($method, @content) = @$request;
                    @content = (json => $change{$resource} // change($resource, 7)) if @content && $content[0] eq 'change';
                    my ($foreign, $missing) =
                        map { ask(acme => $method, "$base/$resource/$_", %option, @content) } $theirs, $none;
                    my $what = join ' ', $method, map { ref $_ ? json($_) : $_ } grep { !/^(?:json|type)$/ } @content;

                    is_same_answer($foreign, $missing, "$what $how");
                    unlike($foreign->status, qr/^(?:200|201|0|5..)$/, "$what $how: refused")
                        unless $method eq 'OPTIONS';
                }
            }
            is_deeply([rows_of($database, $resource)], \@before, 'no row was written');
        };
    }
}

subtest 'a sid that is taken' => sub {
    for my $resource (grep { has_sid($_) } collections()) {
        my ($theirs, $own) = map { id_of($_ => $resource, 'sid') } qw(globex acme);
        if ($resource eq 'calls' && TenantTest::Site::partitions()) {
            my $free = ask(acme => POST => '/v1/calls', as => 'acme', json => { sid => $theirs });
            is_status($free, 201, "$resource: a sid of globex's is free to acme");
            is_status(ask(acme => DELETE => $free->header('Location'), as => 'acme'), 204, 'and goes again');
            next;
        }
        my @before = rows_of($database, $resource);
        my ($foreign, $mine) = map { ask(acme => POST => "/v1/$resource", as => 'acme',
            json => { sid => $_ }) } $theirs, $own;

        is_problem($foreign, 409, 'sid-taken', "$resource: globex has it");
        is_same_answer($foreign, $mine, "$resource: the same as of a sid of one's own");
        is_deeply([rows_of($database, $resource)], \@before, "$resource: no row was written");
    }
    my $email = row({ database => $database }, 'SELECT email FROM users WHERE tenant_id = ? LIMIT 1',
        tenant('globex')->{id});
    my $response = request(POST => '/v1/users', as => 'acme', json => { email => $email }, to => $server);
    is_status($response, 201, "globex's e-mail address is free to acme");
    is_status(ask(acme => DELETE => $response->header('Location'), as => 'acme'), 204, 'and goes again');
};

# All rows of a list, page by page.
sub walk {
    my ($tenant, $path) = @_;
    my @rows;
    while (defined $path && @rows < 1000) {
        my $page = ask($tenant, GET => $path, as => $tenant)->json;
        push @rows, @{ $page->{data} };
        $path = $page->{next};
    }
    return @rows;
}

subtest 'lists' => sub {
    for my $resource (collections()) {
        for my $tenant (qw(acme globex)) {
            my @rows = walk($tenant, "/v1/$resource?limit=7");
            my @ids = column({ database => $database }, "SELECT id FROM $resource WHERE tenant_id = ?",
                tenant($tenant)->{id});
            is_deeply([sort map { $_->{id} } @rows], [sort @ids], "$tenant lists its own $resource and all of them");
            is(scalar(grep { $_->{tenant_id} != tenant($tenant)->{id} } @rows), 0, "and no other's");
        }
        my $next = ask(globex => GET => "/v1/$resource?limit=7", as => 'globex')->json->{next};
        my @behind = walk(acme => $next);
        ok(@behind > 0, "acme may use globex's cursor of $resource");
        is(scalar(grep { $_->{tenant_id} != tenant('acme')->{id} } @behind), 0, 'which shows acme its own rows');
    }
};

subtest 'single resources' => sub {
    my @before = rows_of($database, 'settings', tenant('acme')->{id});
    my ($acme, $globex) = map { ask($_, GET => '/v1/settings', as => $_)->json } qw(acme globex);

    is($acme->{tenant_id}, tenant('acme')->{id}, 'acme has its settings');
    is($globex->{id}, undef, "globex has none yet: acme's do not stand in");
    is_status(ask(globex => PATCH => '/v1/settings', as => 'globex', json => { auto_record_calls => JSON::PP::false }),
        200);
    is_deeply([rows_of($database, 'settings', tenant('acme')->{id})], \@before,
        "globex's first PATCH leaves acme's row alone");
    is(row({ database => $database }, 'SELECT count(*) FROM settings WHERE tenant_id = ?', tenant('globex')->{id}), 1,
        'and gives globex one of its own');
    @before = rows_of($database, 'settings', tenant('acme')->{id});
    is_status(ask(globex => PATCH => '/v1/settings', as => 'globex', json => { auto_record_calls => JSON::PP::true }),
        200);
    is_deeply([rows_of($database, 'settings', tenant('acme')->{id})], \@before, 'so does its second');

    for my $tenant (qw(acme globex)) {
        my $profile = ask($tenant, GET => '/v1/tenant', as => $tenant)->json;
        is($profile->{id}, tenant($tenant)->{id}, "/tenant is $tenant to $tenant");
        is($profile->{name}, $marker{$tenant}, 'with its marker: what is looked for below does come out');
    }
    @before = rows_of($database, 'tenant', tenant('acme')->{id});
    is_status(ask(globex => PATCH => '/v1/tenant', as => 'globex', json => { twilio_phone_number => '+12025550199' }),
        200);
    my $rotation = request(POST => '/v1/tenant/key', as => 'globex', json => {}, to => $server);
    is_status($rotation, 200, 'globex has a new key');
    is(ask(globex => GET => '/v1/tenant', as => $rotation->json->{api_key})->json->{id}, tenant('globex')->{id},
        'which is its own');
    is_deeply([rows_of($database, 'tenant', tenant('acme')->{id})], \@before, "acme's row stays as it is");
};

# Both tenants at once through the same few database connections.
subtest 'side by side' => sub {
    my @clients = map { client(to => $server) } 1 .. 8;
    my $wrong = 0;

    for my $round (1 .. 40) {
        my %turn;
        for my $n (0 .. $#clients) {
            my $tenant = ($n + $round) % 2 ? 'acme' : 'globex';
            my $resource = (collections())[($n + $round) % collections()];
            $turn{$n} = $tenant;
            $clients[$n]->send(GET => "/v1/$resource?limit=3", headers => [bearer($tenant)]);
        }
        for my $n (0 .. $#clients) {
            my $response = $clients[$n]->receive;
            $said{ $turn{$n} } .= $response->fingerprint;
            my @rows = @{ $response->json->{data} };
            $wrong++ if @rows != 3 || grep { $_->{tenant_id} != tenant($turn{$n})->{id} } @rows;
        }
    }
    is($wrong, 0, 'each of 320 answers holds rows of the one who asked');
};

subtest 'markers' => sub {
    like($said{acme}, qr/$marker{acme}/, 'acme reads its own');
    like($said{globex}, qr/$marker{globex}/, 'globex reads its own');
    unlike($said{acme}, qr/$marker{globex}/, "no answer to acme holds globex's");
    unlike($said{globex}, qr/$marker{acme}/, "no answer to globex holds acme's");

    like($error_log->text, qr/trace8/, 'the error log tells everything');
    for my $log ([error_log => $error_log], [access_log => $access_log]) {
        unlike($log->[1]->text, qr/$marker{$_}/, "the $log->[0] holds none of ${_}'s") for qw(acme globex);
    }
};

# Last, for what stands in a URL is in the logs.
subtest 'filters' => sub {
    my %by = (calls => ['sid'], messages => ['sid'], recordings => ['sid', 'call_sid'], products => ['name'],
        users => ['email']);
    for my $resource (collections()) {
        for my $column ('id', @{ $by{$resource} }) {
            my $theirs = id_of(globex => $resource, $column);
            my $none = $column eq 'id' && $resource ne 'users' ? 2147483647 : $column =~ /sid$/ ? substr($theirs, 0, 2) . '0' x 32 : 'x' . substr $theirs, 1;
            my ($foreign, $missing) =
                map { ask(acme => GET => "/v1/$resource?$column=" . s/@/%40/r, as => 'acme') } $theirs, $none;

            my $found = ask(globex => GET => "/v1/$resource?$column=" . $theirs =~ s/@/%40/r, as => 'globex');
            cmp_ok(scalar @{ $found->json->{data} }, '>', 0, "globex finds its row of $resource by $column");
            is_same_answer($foreign, $missing, 'acme finds none');
            is_deeply($foreign->json, { data => [], next => undef, next_cursor => undef }, 'which looks like this');
        }
    }
};

done_testing;
