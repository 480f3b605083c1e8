# SPDX-License-Identifier: Apache-2.0
#
# The answer to POST /tenant/key is lost, and with it the only copy of the new key. Whoever sent it with an Idempotency-Key
# gets it again; whoever has no more than the former key gets nothing.

use strict;
use warnings;

use File::Copy qw(copy);
use Test::More;
use TenantTest;
use TenantTest::Fault qw(wait_until);

my $database = 'rotation_lost';
my $key_file = site->{scratch} . '/rotation_lost.keys';
copy(site->{key_file}, $key_file) or die "$key_file: $!";
chmod 0600, $key_file;
my $server = TenantTest::Server->start(database => database($database), key_file => $key_file);
my %id = map { $_ => tenant($_)->{id} } qw(acme globex);
my $key = tenant('acme')->{key};

# A rotation; options as those of request().
sub rotate {
    my ($as, $name, %option) = @_;
    my @name = defined $name ? ('Idempotency-Key' => $name) : ();
    return request(POST => '/v1/tenant/key', to => $server, as => $as, json => {}, %option, headers => \@name);
}

sub works { my ($as) = @_; return request(GET => '/v1/tenant', to => $server, as => $as)->status == 200 }

sub stored { return scalar row({ database => $database }, 'SELECT tenants::text FROM tenants WHERE id = ?', $id{ $_[0] // 'acme' }) }

my $count = 0;
sub unguessable { return sprintf '%08x-2fa1-41d2-883f-%012x', $$, ++$count }

sub is_again {
    my ($response, $first, $name) = @_;
    is_status($response, 200, $name);
    is($response->body, $first->body, "$name: the same answer");
    is($response->header('Idempotency-Replayed'), 'true', "$name: which says so");
}

my ($name, $first) = unguessable();

subtest 'the same request again' => sub {
    $first = rotate($key, $name);
    is_status($first, 200);
    is($first->header('Idempotency-Replayed'), undef, 'the first answer is no replay');
    like($first->json->{api_key}, qr/^mt_[0-9A-Za-z]{49}$/, 'a key like any other');
    my $row = stored();
    is_again(rotate($key, $name), $first, 'the first time') for 1 .. 2;
    is(stored(), $row, 'nothing is written');
    ok(works($first->json->{api_key}), 'the key works');
    is_again(rotate($key, $name), $first, 'once it has been used');
    is(column({ database => $database }, 'SELECT id FROM idempotency_keys'), 0, 'nothing is kept for it');
};

subtest 'whoever has the former key alone' => sub {
    my $row = stored();
    is_problem(rotate($key, undef), 403, 'key-retiring', 'without the name of the request');
    is_problem(rotate($key, unguessable()), 403, 'key-retiring', 'with another name');
    is_problem(rotate($key, uc $name), 403, 'key-retiring', 'nearly the same name');
    is_problem(rotate($key, $name, json => { grace_seconds => 600 }), 403, 'key-retiring', 'with another body');
    is_problem(rotate($key, $_), 400, 'bad-header', "with a name that could be guessed: $_", qr/22 characters/) for 'x', 'x' x 21;
    is_problem(rotate('globex', $name, json => {grace_seconds => 'x'}), 422, 'invalid', 'the body is looked at as ever');
    is(stored(), $row, 'changes nothing');
    ok(works($first->json->{api_key}), 'and takes the new key from nobody');
};

subtest 'the same name elsewhere' => sub {
    my $theirs = rotate('globex', $name);
    is_status($theirs, 200);
    isnt($theirs->json->{api_key}, $first->json->{api_key}, "another tenant's new key is another one");
    my $former = $first->json->{api_key};
    my $second = rotate($former, $name);
    is_status($second, 200, 'the new key makes the next one by the same name');
    isnt($second->json->{api_key}, $former, 'which is another one');
    is_problem(rotate($key, $name), 401, 'key-invalid', 'the key ahead of the former one is gone');
    is_again(rotate($former, $name), $second, 'the former one asks again');
    $key = $second->json->{api_key};
};

subtest 'too late' => sub {
    my @again = ($key, $name, json => { grace_seconds => 604_800 });
    $first = rotate(@again);
    my $move = sub {
        sql({ database => $database }, "UPDATE tenants SET retiring_api_key_expires_at = now() + ?::interval WHERE id = ?", $_[0], $id{acme});
        until_heard();
    };
    $move->('6 days 1 minute');
    is_again(rotate(@again), $first, 'within a day');
    $move->('5 days 23 hours 59 minutes');
    is_problem(rotate(@again), 403, 'key-retiring', 'after a day, in a longer grace');
    $move->('-1 second');
    is_problem(rotate(@again), 401, 'key-invalid', 'after the grace');
    $key = $first->json->{api_key};
    $first = rotate($key, $name = unguessable(), json => { grace_seconds => 0 });
    is_problem(rotate($key, $name, json => { grace_seconds => 0 }), 401, 'key-invalid', 'no grace, no second answer');
    $key = $first->json->{api_key};
};

subtest 'the same request twenty times at once' => sub {
    $name = unguessable();
    my @clients = map { client(to => $server) } 1 .. 20;
    $_->send(POST => '/v1/tenant/key', headers => [bearer($key), 'Content-Type' => 'application/json', 'Idempotency-Key' => $name],
        body => '{}') for @clients;
    my @answers = map { $_->receive } @clients;
    is(scalar(grep { $_->status == 200 } @answers), 20, 'all are answered');
    is(scalar(keys %{ { map { ($_->body => 1) } @answers } }), 1, 'alike');
    is(scalar(grep { !$_->header('Idempotency-Replayed') } @answers), 1, 'one of them has made the key');
    $first = $answers[0];
    ok(works($_), 'both keys work') for $key, $first->json->{api_key};
};

subtest 'another pepper meanwhile' => sub {
    is(system("build/tenantctl keyfile add pepper --key-file $key_file >/dev/null"), 0, 'added');
    $server->graceful;
    is_again(rotate($key, $name), $first, 'a second one that is not used yet');
    ok((wait_until { system(qw(build/tenantctl keyfile promote pepper 2 --key-file), $key_file, '--runtime-dir', $server->{logs},
            '--database', site->conninfo($database, 'tenant_admin')) == 0 } 30), 'promoted');
    $server->graceful;
    is_again(rotate($key, $name), $first, 'a second one that is used');
    $key = $first->json->{api_key};
    $first = rotate($key, $name = unguessable());
    is_again(rotate($key, $name), $first, 'a rotation under the second one');
};

subtest 'nobody reads a name there' => sub {
    is_problem(request(GET => '/v1/tenant/key', to => $server, as => $key, headers => ['Idempotency-Key' => 'x']), 405, 'method-not-allowed');
};

done_testing;
