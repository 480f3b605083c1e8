# SPDX-License-Identifier: Apache-2.0
#
# Every operation of the OpenAPI document, and of the administration, by everyone who may ask, on a row of their own,
# on another tenant's and on one that there is not. Who may not, learns nothing of any of them; who may, cannot tell
# another tenant's from none.

use strict;
use warnings;

use MIME::Base64 qw(decode_base64);
use Test::More;
use TenantTest;
use TenantTest::Administration;
use TenantTest::Contract;
use TenantTest::Keys;

my $database = 'matrix';
my $conninfo = database($database);
my %key = keys_in($database);
my %id = map { $_ => tenant($_)->{id} } qw(acme globex closed);
my %host = map { $_ => tenant($_)->{host} } qw(acme globex closed);
my %marker = map { $_ => sprintf 'canary%08x%08x', rand 2**32, rand 2**32 } qw(acme globex);
my $administration = administration('matrix');

mark_rows($database, $id{$_}, $marker{$_}) for keys %marker;

my $server = TenantTest::Server->start(
    database => qq($conninfo" admin=") . site->conninfo($database, 'tenant_admin'),
    location => "TenantPublicRead products\nTenantUserAuthority write",
    server   => <<"END");    # what is told of usage each minute would look like something that a refused request has written
TenantLoginRate off
TenantUsage off
$administration
END

# An account at Twilio that tokens can be made for.
my %account = map { $_ => 'AC' . ($_ eq 'acme' ? 'a' : 'b') x 32 } keys %marker;
for my $tenant (sort keys %account) {
    is_status(request(PATCH => '/v1/tenant', to => $server, as => $key{$tenant}, json => { twilio_account_sid => $account{$tenant},
                twilio_api_key_sid => 'SK' . '0' x 32, twilio_api_key_secret => $marker{$tenant} }), 200, "$tenant has an account at Twilio");
}

my %user;    # a user of each tenant: { id, email }
for my $tenant (qw(acme globex)) {
    my $made = request(POST => '/v1/users', to => $server, as => $key{$tenant},
        json => { email => "matrix\@$tenant.example.com", password => "password of $tenant" });
    is_status($made, 201, "$tenant has a user");
    $user{$tenant} = $made->json;
}

# Who asks: the options of the request, and what becomes of it: `as`, the tenant whose rows it may see, or `code`, why
# it may see none. A user may not do everything, and without a key a Host shows what is public.
my @callers = (
    ['nobody', {}, code => 'key-missing'],
    ["nobody, on acme's Host", { host => $host{acme} }, code => 'key-missing', public => 'acme'],
    ["nobody, on closed's Host", { host => $host{closed} }, code => 'key-missing', public_code => 'tenant-inactive'],
    ['a key that is none', { as => 'mt_nonsense' }, code => 'key-invalid', is_refused => 1],
    ['a mistyped key', { as => $key{checksum} }, code => 'key-invalid', is_refused => 1],
    ["nobody's key", { as => $key{unknown} }, code => 'key-invalid'],
    ['an expired key', { as => $key{expired} }, code => 'key-invalid'],
    ["nobody's key, on acme's Host", { as => $key{unknown}, host => $host{acme} }, code => 'key-invalid'],
    ["an inactive tenant's key", { as => $key{closed} }, code => 'tenant-inactive'],
    ["acme's key, on globex's Host", { as => $key{acme}, host => $host{globex} }, code => 'tenant-mismatch'],
    ["a key in the query", { query => "api_key=$key{acme}" }, code => 'bad-parameter', is_refused => 1],
    ["two keys", { headers => [bearer($key{acme}), 'X-API-Key' => $key{globex}] }, code => 'ambiguous-key', is_refused => 1],
    ["acme's old key", { as => $key{retiring} }, as => 'acme', is_retiring => 1],
    ["acme's key", { as => $key{acme} }, as => 'acme'],
    ["globex's key", { as => $key{globex} }, as => 'globex'],
    ["acme's user", { host => $host{acme}, headers => [basic($user{acme}{email}, 'password of acme')] }, as => 'acme', is_user => 1],
    ["acme's user, on globex's Host", { host => $host{globex}, headers => [basic($user{acme}{email}, 'password of acme')] },
        code => 'login-invalid'],
    ["acme's user, on no tenant's Host", { headers => [basic($user{acme}{email}, 'password of acme')] }, code => 'login-invalid'],
    ['the administrator', { host => $host{acme}, headers => [basic('root', 'secret')] }, code => 'login-invalid'],
);
my %status = ('bad-parameter' => 400, 'ambiguous-key' => 400, 'key-missing' => 401, 'key-invalid' => 401, 'login-invalid' => 401,
    'tenant-inactive' => 403, 'tenant-mismatch' => 403, 'user-forbidden' => 403, 'key-retiring' => 403, 'not-found' => 404);

my %change = (
    calls      => { status => 'changed' },
    messages   => { body => 'changed' },
    recordings => { duration => 1 },
    products   => { description => undef },
    users      => { password => undef },
    settings   => { auto_record_calls => JSON::PP::false },
    tenant     => { twilio_phone_number => '+12025550199' },
);

# The names of a new row of a tenant, by each of its members that may stand in a path.
sub new_row {
    my ($tenant, $resource) = @_;
    if ($resource eq 'audit') {    # tells of a row that is gone
        my $product = new_row($tenant, 'products')->{id};
        request(DELETE => "/v1/products/$product", to => $server, as => $key{$tenant});
        return { id => request(GET => '/v1/audit?limit=1', to => $server, as => $key{$tenant})->json->{data}[0]{id} };
    }
    my $made = request(POST => "/v1/$resource", to => $server, as => $key{$tenant}, json => sample($resource));
    die $made->body unless $made->status == 201;
    return { map { $_ => $made->json->{$_} } has_sid($resource) ? qw(id sid) : 'id' };
}

sub no_row {
    my ($resource) = @_;
    return {
        id => $resource eq 'users' ? '00000000-0000-4000-8000-ffffffffffff' : 2147483647,
        has_sid($resource) ? (sid => new_sid($resource)) : (),
    };
}

# The operations of the document: { method, path, resource, is_row, is_open }.
sub operations {
    my $paths = request(GET => '/v1/openapi.json', to => $server)->json->{paths};
    my @operations;
    for my $path (sort { ($a eq '/tenant/key') <=> ($b eq '/tenant/key') || $a cmp $b } keys %$paths) {
        for my $method (grep { /^(?:get|head|post|put|patch|delete)$/ } sort keys %{ $paths->{$path} }) {
            my ($resource) = $path =~ m{^/([a-z_]+)};
            push @operations, {
                method   => uc $method,
                path     => $path =~ s/\{code\}/not-found/r,
                resource => $resource,
                is_row   => $path =~ /\{/ && $path !~ /\{code\}/,
                is_open  => !(grep { $_ eq ($resource // '') } 'twilio', resources(), records()),
            };
        }
    }
    return @operations;
}

sub send_as {
    my ($options, $operation, $path) = @_;
    my %option = %$options;
    my $query = delete $option{query};
    my ($method, $resource) = @$operation{qw(method resource)};
    return request($method, "/v1$path" . (defined $query ? "?$query" : ''), to => $server, %option, json => $operation->{token}) if $operation->{token};
    my $json = $method eq 'PATCH' ? $change{$resource} // change($resource, 7) : $method ne 'POST' ? undef : $operation->{path} =~ m{/key$} ? {} : sample($resource);
    return request($method, "/v1$path" . (defined $query ? "?$query" : ''), to => $server, %option, $json ? (json => $json) : ());
}

# Why a caller may not do this, whatever the row; undef when they may.
sub refusal {
    my ($caller, $operation) = @_;
    my ($method, $resource) = @$operation{qw(method resource)};
    my $is_public = $method eq 'GET' && ($resource // '') eq 'products' && ($caller->{public} || $caller->{public_code});

    return $caller->{is_refused} ? $caller->{code} : undef if $operation->{is_open};
    return $caller->{public_code} if $is_public;
    return $caller->{code} if $caller->{code};
    return 'user-forbidden' if $caller->{is_user} && $resource =~ /^(?:tenant|users|audit|usage)$/;
    return $caller->{is_retiring} && $operation->{path} =~ m{/key$} ? 'key-retiring' : undef;
}

# The tenant whose rows a caller sees.
sub sees { my ($caller) = @_; return $caller->{as} // $caller->{public} }

# That an answer shows rows of that tenant alone.
sub is_of {
    my ($response, $tenant, $operation, $what) = @_;
    my $json = $response->json;
    my @rows = ref $json->{data} ? @{ $json->{data} } : $json || ();
    my $member = $operation->{resource} eq 'tenant' ? 'id' : 'tenant_id';
    is(scalar(grep { $_->{$member} != $id{$tenant} } @rows), 0, "$what: rows of $tenant") unless $operation->{path} =~ m{/key$};
    for (grep { $_ ne $tenant } keys %marker) {
        unlike($response->fingerprint, qr/$marker{$_}/, "$what: nothing of $_\'s");
    }
}

sub test_rows {
    my ($caller, $operation) = @_;
    my ($method, $resource) = @$operation{qw(method resource)};
    my $refusal = refusal($caller, $operation);
    my $own = sees($caller) // 'acme';
    my $other = $own eq 'acme' ? 'globex' : 'acme';
    my ($mine, $theirs, $none) = (new_row($own, $resource), new_row($other, $resource), no_row($resource));

    for my $by (sort keys %$mine) {
        my $what = "$method $operation->{path} by $by as $caller->{name}";
        my @before = rows_of($database, $resource);
        my ($own_answer, $foreign, $absent) = map {
            my $name = $_;
            defined $name ? send_as($caller->{options}, $operation, $operation->{path} =~ s/\{[a-z_]+\}/$name/r) : undef;
        } $refusal ? $mine->{$by} : undef, $theirs->{$by}, $none->{$by};
        is_same_answer($foreign, $absent, "$what: another's row and none");
        is_problem($foreign, $status{ $refusal // 'not-found' }, $refusal // 'not-found', "$what: refused");
        is_same_answer($own_answer, $absent, "$what: nor can a row of the tenant be told apart") if $refusal;
        is_deeply([rows_of($database, $resource)], \@before, "$what: nothing was written");
        next if $refusal;

        $own_answer = send_as($caller->{options}, $operation, $operation->{path} =~ s/\{[a-z_]+\}/$mine->{$by}/r);
        is_status($own_answer, $method eq 'DELETE' ? 204 : 200, "$what: their own");
        is_of($own_answer, $own, $operation, $what) unless $method eq 'DELETE';
        $mine = new_row($own, $resource) if $method eq 'DELETE';
    }
}

# A token is of the tenant's account at Twilio; a user gets its own without naming anybody.
sub test_token {
    my ($caller, $operation) = @_;
    my $what = "a token as $caller->{name}";
    my $refusal = refusal($caller, $operation);
    my $answer = send_as($caller->{options}, { %$operation, token => { voice => {}, $caller->{is_user} ? () : (identity => 'a') } }, $operation->{path});

    return is_problem($answer, $status{$refusal}, $refusal, "$what: refused") if $refusal;
    is_status($answer, 200, $what);
    my $claims = decode_base64((split /\./, $answer->json->{token})[1] =~ tr{-_}{+/}r);
    like($claims, qr/"sub":"$account{ sees($caller) }"/, "$what: of the tenant's own account");
    unlike($answer->body . $claims, qr/canary/, "$what: no secret");
    isnt($answer->json->{identity}, 'a', "$what: in its own name") if $caller->{is_user};
}

sub test_other {
    my ($caller, $operation) = @_;
    return test_token($caller, $operation) if $operation->{path} eq '/twilio/token';
    my ($method, $resource) = @$operation{qw(method resource)};
    my $refusal = refusal($caller, $operation);
    my $what = "$method $operation->{path} as $caller->{name}";
    my @before = $refusal && !$operation->{is_open} ? rows_of($database, $resource) : ();
    my $answer = send_as($caller->{options}, $operation, $operation->{path});

    if ($refusal) {
        is_problem($answer, $status{$refusal}, $refusal, "$what: refused");
        is_deeply([rows_of($database, $resource)], \@before, "$what: nothing was written") if @before;
        return;
    }
    is_status($answer, $method eq 'POST' && $operation->{path} !~ m{/key$} ? 201 : 200, $what);
    if ($operation->{is_open}) {
        unlike($answer->fingerprint, qr/canary/, "$what: nothing of any tenant's");
    } else {
        is_of($answer, sees($caller), $operation, $what);
    }
}

my @operations = operations();
cmp_ok(scalar @operations, '>', 30, 'the document has its operations');
for my $operation (@operations) {
    subtest "$operation->{method} $operation->{path}" => sub {
        for (@callers) {
            my ($name, $options, %caller) = @$_;
            my $caller = { name => $name, options => $options, %caller };
            $operation->{is_row} ? test_rows($caller, $operation) : test_other($caller, $operation);
        }
    };
}

# --- Administration ---------------------------------------------------------------------------------------------------

my $tenants = 0;

# A tenant that can be removed.
sub new_tenant {
    my $made = request(POST => '/admin/tenants', to => $server, headers => [basic('root', 'secret')],
        json => { name => 'matrix ' . ++$tenants, status => 'inactive' });
    die $made->body unless $made->status == 201;
    return $made->json->{id};
}

subtest 'administration' => sub {
    my @requests = (
        [GET => ''], [GET => '/tenants'], [POST => '/tenants', { name => 'new' }],
        [GET => '/tenants/%s'], [PATCH => '/tenants/%s', { name => 'changed' }], [DELETE => '/tenants/%s'], [POST => '/tenants/%s/key', {}],
    );
    for (@requests) {
        my ($method, $path, $json) = @$_;
        my @json = $json ? (json => $json) : ();
        my $there = new_tenant();

        for (@callers, ['the administrator with a key', { headers => [basic('root', 'secret'), 'X-API-Key' => $key{acme}] }]) {
            my ($name, $options) = @$_;
            my %option = %$options;
            next if delete $option{query};
            my @before = rows_of($database, 'tenant');
            my ($is, $is_not) = map { request($method, '/admin' . $path =~ s/%s/$_/r, to => $server, %option, @json) } $there, 2147483647;
            if ($name =~ /^the administrator/) {
                is_status($is, $method eq 'DELETE' ? 204 : $method eq 'POST' && $path !~ /key$/ ? 201 : 200, "$method $path: $name");
                is_problem($is_not, 404, 'not-found', "$method $path: $name, no tenant") if $path =~ /%s/;
                $there = new_tenant() if $method eq 'DELETE';
                next;
            }
            like($is->status, qr/^40[013]$/, "$method $path: not $name");
            is_same_answer($is, $is_not, "$method $path: $name cannot tell whether there is one") if $path =~ /%s/;
            is_deeply([rows_of($database, 'tenant')], \@before, "$method $path: $name has changed nothing");
        }
    }
};

done_testing;
