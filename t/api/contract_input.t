# SPDX-License-Identifier: Apache-2.0
#
# What bodies may say: every member of every resource refuses each kind of wrong value with the right error, all
# errors of a body come at once, and nothing that was refused is written.

use strict;
use warnings;
use utf8;

use Encode qw(encode_utf8);
use Test::More;
use TenantTest;
use TenantTest::Asking qw(asking no_faults);
use TenantTest::Contract;

my $database = 'contract_input';
my $server = TenantTest::Server->start(database => database($database));

# Sends a body as bytes.
asking(to => $server, as => 'acme', type => 'application/json', is_judged => 1);

sub ask { my ($method, $path, $body) = @_; return TenantTest::Asking::ask($method, $path, body => $body) }

# A JSON text of members: their values as references to JSON texts, or as values.
sub object {
    my (%members) = @_;
    return '{' . join(',',
        map { json($_) . ':' . (ref $members{$_} eq 'SCALAR' ? ${ $members{$_} } : json($members{$_})) }
        sort keys %members) . '}';
}

# What requests with a body there are: [method, path, what a valid body holds].
sub requests_of {
    my ($resource) = @_;
    return [PATCH => "/v1/$resource", {}] if grep { $_ eq $resource } singles();
    my $id = row({ database => $database }, "SELECT id FROM $resource WHERE tenant_id = ? LIMIT 1",
        tenant('acme')->{id});
    return ([POST => "/v1/$resource", sample($resource)], [PATCH => "/v1/$resource/$id", {}]);
}

my @requests = map { my $resource = $_; map { [$resource, @$_] } requests_of($resource) } writable();
my $before = snapshot($database);

# Whether a member is refused as such in a request, whatever its value.
sub is_closed {
    my ($method, $member) = @_;
    return $member->{read_only} || $method eq 'PATCH' && $member->{write_once};
}

for (@requests) {
    my ($resource, $method, $path, $valid) = @$_;
    my $members = members($resource);

    subtest "$method $resource" => sub {
        for my $name (sort keys %$members) {
            my $member = $members->{$name};
            my @wrong = is_closed($method, $member) ? map { [$_, $_, 'read-only'] } qw(null 1 "x" [])
                : wrong_values($member);
            for (@wrong) {
                my ($what, $value, $code) = @$_;
                is_invalid(ask($method, $path, object(%$valid, $name => \$value)), { "/$name" => $code },
                    "$name: $what");
            }
        }
    };
}

subtest 'members that there are not' => sub {
    my %pointers = ('nope' => '/nope', 'a/b~c' => '/a~1b~0c', '' => '/', 'é' => '/é', '__proto__' => '/__proto__',
        'ID' => '/ID',
        'id ' => '/id ', 'password_hash' => '/password_hash', 'x' x 300 => '/' . 'x' x 300);
    for (@requests) {
        my ($resource, $method, $path, $valid) = @$_;
        for my $name (sort keys %pointers) {
            is_invalid(ask($method, $path, object(%$valid, $name => 1)), { $pointers{$name} => 'unknown' },
                encode_utf8("$method $resource: " . substr $name, 0, 20));
        }
        my %all = map { $_ => 1 } keys %pointers;
        is_invalid(ask($method, $path, object(%$valid, %all)), { map { $_ => 'unknown' } values %pointers },
            "$method $resource: all of them");
    }
};

subtest 'members that are missing' => sub {
    for (grep { $_->[1] eq 'POST' } @requests) {
        my ($resource, $method, $path) = @$_;
        my $members = members($resource);
        my @required = grep { $members->{$_}{required} } keys %$members;
        is_invalid(ask($method, $path, '{}'), { map { ("/$_" => 'required') } @required }, $resource);
    }
};

subtest 'all errors at once' => sub {
    for (@requests) {
        my ($resource, $method, $path) = @$_;
        my $members = members($resource);
        my (%body, %errors);

        for my $name (keys %$members) {
            # What the scanner finds is told alone, ahead of what the members mean.
            my ($wrong) = grep { $_->[2] ne 'nul'
                && $_->[1] !~ /^(?:9223372036854775808|1e400)$/ } reverse wrong_values($members->{$name})
                unless is_closed($method, $members->{$name});
            $wrong //= ['closed', '1', 'read-only'];
            $body{$name} = \$wrong->[1];
            $errors{"/$name"} = $wrong->[2];
        }
        my $response = ask($method, $path, object(%body, nope => 1));
        is_invalid($response, { %errors, '/nope' => 'unknown' }, "$method $resource");
        is_deeply([grep { !length($_->{detail} // '')
            || $_->{detail} !~ /^must|^is|^can/ } @{ $response->json->{errors} }], [],
            'each with a sentence');
    }
};

subtest 'members twice' => sub {
    for (@requests) {
        my ($resource, $method, $path, $valid) = @$_;
        for my $name (sort keys %{ members($resource) }) {
            my ($first, $rest) = $name =~ /^(.)(.*)$/;
            my $escaped = sprintf '\u%04x%s', ord $first, $rest;
            is_invalid(ask($method, $path, qq({"$name":1,"x":[],"$_":1})), { "/$name" => 'duplicate' },
                "$method $resource: $_")
                for $name, $escaped;
        }
    }
    is_invalid(ask(POST => '/v1/calls', '{"a":{"b":[{"c":1,"c":2}]}}'), { '/a/b/0/c' => 'duplicate' },
        'further inside');
    is_invalid(ask(POST => '/v1/calls', '{"a\u0000b":1}'), { '' => 'nul' }, 'a name with NUL');
};

subtest 'bodies that are no objects' => sub {
    for (@requests) {
        my ($resource, $method, $path) = @$_;
        is_invalid(ask($method, $path, $_), { '' => 'type' }, "$method $resource: $_")
            for 'null', 'true', '1', '-1.5e3', '"x"', '""', '[]', '[{}]', ' [ ] ';
    }
};

subtest 'bodies that are no JSON' => sub {
    my @broken = (
        '', ' ', '{', '}', '{}}', '{} {}', '{"a"}', '{"a":}', '{"a":1,}', '{,}', '{"a" 1}', "{'a':1}", '{a:1}',
        '{"a":1 "b":2}', '{"a":01}',
        '{"a":+1}', '{"a":.5}', '{"a":1.}', '{"a":1e}', '{"a":0x1}', '{"a":NaN}', '{"a":Infinity}', '{"a":-}',
        '{"a":tru}', '{"a":TRUE}',
        '{"a":"\x"}', '{"a":"\u12"}', '{"a":"\ud800"}', '{"a":"\udc00\ud800"}', "{\"a\":\"\n\"}", "{\"a\":\"\t\"}",
        "{\"a\":\"\x01\"}",
        "{\"a\":1}\0", "{\"a\":\"\0\"}", "\0", '{"a":1}//x', '/* */{}', '{"a":"b', '[1', '"', "\xEF\xBB\xBF{}",
        "{\"a\":\"\xFF\"}",
        "{\"a\":\"\xC0\xAF\"}", "{\"a\":\"\xED\xA0\x80\"}", "{\"a\":\"\xF4\x90\x80\x80\"}", "{\"a\":\"\xE2\x82\"}",
        "\xFE\xFF\0{\0}",
        '[' x 33 . ']' x 33, '{"a":' x 33 . '1' . '}' x 33, '[' x 60000, '{"a":[' . '0,' x 10000 . '0]}',
        '{' . join(',', map { qq("k$_":0) } 1 .. 257) . '}', '<x/>', 'a=b&c=d', "\x1F\x8B\x08", "{\"a\"\x0B:1}",
        "\xC2\xA0{}",
    );
    for my $broken (@broken) {
        my $response = ask(POST => '/v1/calls', $broken);
        my $shown = substr(json($broken), 0, 40);
        is_problem($response, 400, 'bad-json', $shown, qr/^At byte \d+: /);
    }
    is_problem(ask(PATCH => $_->[2], '{"'), 400, 'bad-json', "PATCH $_->[0]") for grep { $_->[1] eq 'PATCH' } @requests;
};

is(snapshot($database), $before, 'nothing was written');
no_faults;

done_testing;
