# SPDX-License-Identifier: Apache-2.0
#
# What writes do: what is stored is what was sent and what comes back, nothing else changes, and what is secret
# never comes back.

use strict;
use warnings;
use utf8;

use Test::More;
use TenantTest;
use TenantTest::Asking qw(asking no_faults);
use TenantTest::Contract;

my $database = 'contract_write';
my $server = TenantTest::Server->start(database => database($database));
my $acme = tenant('acme')->{id};
my $said;

asking(to => $server, as => 'acme', is_judged => 1);

sub ask {
    my $response = TenantTest::Asking::ask(@_);
    $said .= $response->fingerprint;
    return $response;
}

sub post   { my ($path, $body, @option) = @_; return ask(POST => $path, json => $body, @option) }
sub patch  { my ($path, $body, @option) = @_; return ask(PATCH => $path, json => $body, @option) }
sub get    { my ($path, @option) = @_;        return ask(GET => $path, @option)->json }
sub column_of { my ($resource, $column, $id) = @_; return row({ database => $database },
    "SELECT $column FROM $resource WHERE id = ?", $id) }

# A new row of acme's.
sub make {
    my ($resource, %body) = @_;
    my $response = post("/v1/$resource", sample($resource, %body));
    is_status($response, 201, "a new row of $resource") or die 'no row to go on with';
    return $response->json;
}

# The members that a request may set: [name, value to send, value to read].
sub good_values {
    my ($resource, $method) = @_;
    my $members = members($resource);
    my @good;
    for my $name (sort keys %$members) {
        my $member = $members->{$name};
        next if $member->{read_only} || $method eq 'PATCH' && $member->{write_once};
        push @good, map { [$name, ref $_ eq 'ARRAY' ? @$_ : ($_, $_)] } @{ $member->{good} || [] };
        push @good, [$name, undef, undef] if $member->{nullable};
    }
    return @good;
}

# A PATCH that is valid for any row.
sub change_of {
    my ($resource) = @_;
    return { email => sample('users')->{email} } if $resource eq 'users';
    my ($member) = good_values($resource, 'PATCH');
    return { $member->[0] => $member->[1] };
}

sub shown { my ($value) = @_; return substr json($value), 0, 40 }

# --- Rows -----------------------------------------------------------------------------------------------------

subtest 'POST' => sub {
    for my $resource (collections()) {
        my $members = members($resource);
        my $body = sample($resource);
        my $response = post("/v1/$resource", $body, host => 'evil.example.com');
        my $row = $response->json;

        is_status($response, 201, $resource);
        is($response->header('Location'), "/v1/$resource/$row->{id}", 'Location is a path, without a host');
        is_deeply([sort keys %$row], [readable($resource)], 'the body is the row');
        is_deeply(get($response->header('Location')), $row, 'which is what GET answers');
        is($row->{tenant_id}, $acme, "it is acme's");
        is($row->{$_}, $body->{$_}, "$_ is as sent") for grep { exists $row->{$_} } keys %$body;
        is($row->{$_}, undef, "$_ is null")
            for grep { $members->{$_}{nullable} && !exists $body->{$_} && !/_at$/ } keys %$row;
        for my $time (grep { /_at$/ && !/^(?:answered|ended)_at$/ } keys %$row) {    # these: Twilio's
            my $age = row({ database => $database }, 'SELECT extract(epoch FROM now() - ?::timestamptz)',
                $row->{$time});
            cmp_ok(abs $age, '<', 60, "$time is now");
        }
        like($row->{id}, qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
            'the id is a random UUID') if $resource eq 'users';
    }
    my %long = map { $_ => 1 } map { make('users')->{id} } 1 .. 5;
    is(scalar keys %long, 5, 'each with another');
};

subtest 'values of POST' => sub {
    for my $resource (collections()) {
        for (good_values($resource, 'POST')) {
            my ($name, $in, $out) = @$_;
            next if $name eq 'password';
            my $response = post("/v1/$resource", sample($resource, $name => $in));
            is_status($response, 201, "$resource.$name " . shown($in)) or next;
            is($response->json->{$name}, $out, 'comes back');
            is(get($response->header('Location'))->{$name}, $out, 'and is read');
            next if $name eq 'created_at';
            is(column_of($resource, $name, $response->json->{id}), $out, 'and is what is stored');
        }
    }
};

subtest 'values of PATCH' => sub {
    sql({ database => $database }, 'DELETE FROM users');    # the e-mail addresses are wanted again
    for my $resource (collections(), 'tenant') {
        my $row = $resource eq 'tenant' ? get('/v1/tenant') : make($resource);
        my $path = $resource eq 'tenant' ? '/v1/tenant' : "/v1/$resource/$row->{id}";
        my $members = members($resource);
        for (good_values($resource, 'PATCH')) {
            my ($name, $in, $out) = @$_;
            next if $members->{$name}{type} =~ /^(?:password|secret)$/;
            my $response = patch($path, { $name => $in });
            is_status($response, 200, "$resource.$name " . shown($in)) or next;
            $row->{$name} = $out;
            $row->{updated_at} = $response->json->{updated_at} if $resource eq 'users';
            is_deeply($response->json, $row, 'the answer is the row, and nothing else has changed');
            is_deeply(get($path), $row, 'nor in what is read');
        }
    }
};

subtest 'PATCH is a merge' => sub {
    for my $resource (collections()) {
        my $row = make($resource);
        my @names = has_sid($resource) ? ($row->{id}, $row->{sid}) : $row->{id};
        for my $name (@names) {
            my $path = "/v1/$resource/$name";
            my @before = rows_of($database, $resource);
            is_deeply(patch($path, {})->json, get($path), "$resource: an empty one answers the row");
            is_deeply([rows_of($database, $resource)], \@before, 'and writes nothing');
            for my $type ('application/merge-patch+json', 'application/json',
                'application/merge-patch+json; charset=utf-8') {
                is_status(ask(PATCH => $path, body => json(change_of($resource)), type => $type), 200, $type);
            }
        }
        my $missing = $resource eq 'users' ? 'nobody' : 2147483647;
        is_problem(patch("/v1/$resource/$missing", $_), 404, 'not-found', 'no such row: ' . shown($_))
            for {}, change_of($resource);
    }
    my $call = make('calls', from_number => 'a', to_number => 'b', status => 'c');
    my $now = patch("/v1/calls/$call->{id}", { from_number => undef, to_number => 'B' })->json;
    is_deeply($now, { %$call, from_number => undef, to_number => 'B' },
        'null empties, a value replaces, absence keeps');
    is_deeply([row({ database => $database }, 'SELECT from_number IS NULL, to_number, status FROM calls WHERE id = ?',
        $call->{id})], [1, 'B', 'c'], 'in the table too');
};

subtest 'DELETE' => sub {
    for my $resource (collections()) {
        for my $by (has_sid($resource) ? qw(id sid) : 'id') {
            my $row = make($resource);
            my @others = grep { !/ \($row->{id},/ } rows_of($database, $resource);
            my $response = ask(DELETE => "/v1/$resource/$row->{$by}");

            is_status($response, 204, "$resource by $by");
            is($response->body . ($response->header('Content-Length') // ''), '', 'no body');
            is_problem(ask($_ => "/v1/$resource/$row->{$by}", /^P/ ? (json => {}) : ()), 404, 'not-found',
                "gone for $_") for qw(GET PATCH DELETE);
            is_deeply([rows_of($database, $resource)], \@others, 'no other row');
        }
    }
    my $sid = make('calls')->{sid};
    is_status(ask(DELETE => "/v1/calls/$sid", json => { nonsense => 1 }), 204, 'a body is not looked at');
    is_status(post('/v1/calls', { sid => $sid }), 201, 'the sid is free again');
};

# --- Conflicts ------------------------------------------------------------------------------------------------

subtest 'sid-taken' => sub {
    for my $resource (grep { has_sid($_) } collections()) {
        my $own = make($resource);
        my $foreign = request(POST => "/v1/$resource", to => $server, as => 'globex', json => sample($resource))->json;
        my $before = snapshot($database);
        my $is_divided = $resource eq 'calls' && TenantTest::Site::partitions();
        my @refused = map { post("/v1/$resource", { sid => $_ }) } $own->{sid}, $is_divided ? $own->{sid} : $foreign->{sid};
        is_problem($refused[0], 409, 'sid-taken', $resource);
        is_same_answer(@refused, 'whoever has it');
        is(snapshot($database), $before, 'nothing was written');
        is_status(post("/v1/$resource", { sid => $foreign->{sid} }), 201, 'another tenant\'s is free where there are partitions') if $is_divided;
    }
    my $sid = new_sid('calls');
    my @clients = map { client(to => $server) } 1 .. 6;
    $_->send(POST => '/v1/calls', headers => [bearer('acme'), 'Content-Type' => 'application/json'],
        body => json({ sid => $sid })) for @clients;
    is_deeply([sort map { $_->receive->status } @clients], [201, (409) x 5], 'of six at once one gets it');
};

subtest 'email-taken' => sub {
    my ($first, $second) = map { make('users', email => $_) } 'First@Example.com', 'second@example.com';
    my $before = snapshot($database);
    is_problem(post('/v1/users', { email => $_ }), 409, 'email-taken', "POST $_")
        for 'First@Example.com', 'first@example.com', 'FIRST@EXAMPLE.COM';
    is_problem(patch("/v1/users/$second->{id}", { email => $_ }), 409, 'email-taken', "PATCH $_")
        for 'First@Example.com', 'fIRST@eXAMPLE.com';
    is(snapshot($database), $before, 'nothing was written');
    is(patch("/v1/users/$first->{id}", { email => 'FIRST@example.com' })->json->{email}, 'FIRST@example.com',
        "one's own in another case");
    is_status(post('/v1/users', { email => 'first@example.com' }, as => 'globex'), 201, "free for another tenant");
};

# --- Single resources -----------------------------------------------------------------------------------------

subtest 'settings' => sub {
    my ($globex, @as) = (tenant('globex')->{id}, as => 'globex');
    my $rows = sub { scalar rows_of($database, 'settings', $globex) };
    my $none = { id => undef, tenant_id => $globex, auto_record_calls => JSON::PP::false };

    is_deeply(patch('/v1/settings', {}, @as)->json, $none, 'an empty PATCH answers the defaults');
    is($rows->(), 0, 'and makes no row');
    my $made = patch('/v1/settings', { auto_record_calls => JSON::PP::true }, @as)->json;
    is_deeply($made, { %$none, id => $made->{id}, auto_record_calls => JSON::PP::true }, 'the first PATCH makes it');
    like($made->{id}, qr/^\d+$/, 'with an id');
    is_deeply(get('/v1/settings', @as), $made, 'which GET answers');
    for ([JSON::PP::false, 0], [JSON::PP::true, 1], [undef, 0]) {
        my ($value, $want) = @$_;
        is_deeply(patch('/v1/settings', { auto_record_calls => $value }, @as)->json,
            { %$made, auto_record_calls => $want ? JSON::PP::true : JSON::PP::false }, 'PATCH ' . json($value));
    }
    is($rows->(), 1, 'there is one row');
    my @clients = map { client(to => $server) } 1 .. 6;
    sql({ database => $database }, 'DELETE FROM settings');
    $_->send(PATCH => '/v1/settings', headers => [bearer('globex'), 'Content-Type' => 'application/json'],
        body => '{"auto_record_calls":true}') for @clients;
    is_deeply([map { $_->receive->status } @clients], [(200) x 6], 'six first ones at once');
    is($rows->(), 1, 'make one row');
};

# --- Secrets --------------------------------------------------------------------------------------------------

subtest 'passwords' => sub {
    my $hash = sub { column_of('users', 'password_hash', $_[0]) };
    my %password = (8 => 'eightby8', bytes => "\x{1F511}\x{1F511}", long => 'p' x 1024, lines => "pass\n\tword \x01",
        spaces => '        ');
    for my $name (sort keys %password) {
        my $user = make('users', password => $password{$name});
        ok(!exists $user->{password} && !exists $user->{password_hash}, "$name: not in the answer");
        like($hash->($user->{id}), qr/^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$/, 'stored as argon2id');
    }
    my $user = make('users');
    my $path = "/v1/users/$user->{id}";
    is($hash->($user->{id}), undef, 'none given, none stored');
    is_status(patch($path, { password => 'first password' }), 200, 'set by PATCH');
    my $first = $hash->($user->{id});
    like($first, qr/^\$argon2id\$/, 'as argon2id');
    is_status(patch($path, { email => 'other@example.com' }), 200, 'another member changes');
    is($hash->($user->{id}), $first, 'the password does not');
    is_status(patch($path, { email => 'third@example.com', password => 'first password' }), 200, 'both at once');
    isnt($hash->($user->{id}), $first, 'the same password has another salt');
    is_status(patch($path, { password => undef }), 200, 'null');
    is($hash->($user->{id}), undef, 'takes it away');
    unlike($said, qr/argon2id|first password|eightby8|p{1000}/, 'no answer has told any');
};

subtest 'credentials' => sub {
    for my $name (qw(twilio_auth_token twilio_api_key_secret)) {
        my $stored = sub { column_of('tenants', $name, $acme) };
        my $secret = "secret-of-$name";
        my $response = patch('/v1/tenant', { $name => $secret });

        is_status($response, 200, "$name is set");
        ok(!exists $response->json->{$name}, 'not in the answer');
        is($response->json->{"${name}_set"}, JSON::PP::true, 'but that it is there');
        my $first = $stored->();
        unlike($first, qr/secret-of/, 'stored sealed');
        patch('/v1/tenant', { $name => $secret });
        isnt($stored->(), $first, 'the same one is sealed anew');
        patch('/v1/tenant', { name => "acme $name" });
        isnt($stored->(), undef, 'another member leaves it');
        is(patch('/v1/tenant', { $name => undef })->json->{"${name}_set"}, JSON::PP::false, 'null');
        is($stored->(), undef, 'takes it away');
    }
    unlike($said, qr/secret-of-/, 'no answer has told any');
    is(get('/v1/tenant', as => 'globex')->{name}, 'globex', 'globex has noticed nothing');
};

no_faults;

done_testing;
