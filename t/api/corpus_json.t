# SPDX-License-Identifier: Apache-2.0
#
# JSONTestSuite, file by file, as request bodies: what RFC 8259 calls no JSON is 400 bad-json, what it calls JSON
# is judged by what it says, and what it leaves open is answered as docs/api.md states. No body makes a row,
# harms the server or costs much memory.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Contract;
use TenantTest::Corpora;

my %suite = json_suite() or plan skip_all => 'JSONTestSuite is not there';

# What becomes of the texts that RFC 8259 leaves to the implementation, and of valid ones whose content no
# member could hold: the code of the error. Other valid texts are objects or not, which is their only fault.
my %documented = (
    (map { ($_ => 'bad-json') } qw(
        i_object_key_lone_2nd_surrogate
        i_string_1st_surrogate_but_2nd_missing
        i_string_1st_valid_surrogate_2nd_invalid
        i_string_UTF-16LE_with_BOM
        i_string_UTF-8_invalid_sequence
        i_string_UTF8_surrogate_U+D800
        i_string_incomplete_surrogate_and_escape_valid
        i_string_incomplete_surrogate_pair
        i_string_incomplete_surrogates_escape_valid
        i_string_invalid_lonely_surrogate
        i_string_invalid_surrogate
        i_string_invalid_utf-8
        i_string_inverted_surrogates_U+1D11E
        i_string_iso_latin_1
        i_string_lone_second_surrogate
        i_string_lone_utf8_continuation_byte
        i_string_not_in_unicode_range
        i_string_overlong_sequence_2_bytes
        i_string_overlong_sequence_6_bytes
        i_string_overlong_sequence_6_bytes_null
        i_string_truncated-utf-8
        i_string_utf16BE_no_BOM
        i_string_utf16LE_no_BOM
        i_structure_500_nested_arrays
        i_structure_UTF-8_BOM_empty_object
    )),
    (map { ($_ => 'range') } qw(
        i_number_huge_exp
        i_number_neg_int_huge_exp
        i_number_pos_double_huge_exp
        i_number_real_neg_overflow
        i_number_real_pos_overflow
        i_number_too_big_neg_int
        i_number_too_big_pos_int
        i_number_very_big_negative_int
    )),
    (map { ($_ => 'type') } qw(i_number_double_huge_neg_exp i_number_real_underflow)),
    (map { ($_ => 'duplicate') } qw(y_object_duplicated_key y_object_duplicated_key_and_value)),
    (map { ($_ => 'nul') } qw(y_object_escaped_null_in_key y_string_null_escape)),
);
my @too_large = qw(n_structure_100000_opening_arrays n_structure_open_array_object);

my $database = 'corpus_json';
my $server = TenantTest::Server->start(
    processes => 1,
    database  => database($database),
    server    => qq{KeepAliveTimeout 300\n<Location "/raised/v1">\nTenantHandler api\nTenantMaxBody 2097152\n</Location>},
);
my $log = $server->error_log;
my $before = snapshot($database);
my $client;    # one connection for all that the server does not close
my @faults;

# Sends a body as bytes.
sub send_to {
    my ($base, $method, $path, $body) = @_;
    my $response = request($method, "$base$path", on => $client //= client(to => $server), as => 'acme',
        body => $body, type => 'application/json');
    push @faults, map { "$method $path: $_" } faults($response);
    undef $client if defined $response->error || ($response->header('Connection') // '') =~ /close/i;
    return $response;
}

# The code of a problem; of a 422 with one error, that error's.
sub code_of {
    my ($response) = @_;
    my $problem = $response->json;
    my @errors = @{ $problem->{errors} || [] };
    return @errors == 1 ? $errors[0]{code} : $problem->{code};
}

# Where a body can be sent: a collection, a row and a single resource.
is_status(send_to('', PATCH => '/v1/settings', '{}'), 200, 'the server answers');
my @children = sort $server->children;
my $call = row({ database => $database }, 'SELECT id FROM calls WHERE tenant_id = ? LIMIT 1', tenant('acme')->{id});
my @targets = ([POST => '/v1/calls'], [PATCH => "/v1/calls/$call"], [PATCH => '/v1/settings']);

sub test_files {
    my ($kind, $count, $judge) = @_;
    my @names = sort map { s/\.json$//r } grep { /^${kind}_/ } keys %suite;
    is(scalar @names, $count, "there are $count");
    for my $name (@names) {
        for my $target (@targets) {
            my $response = send_to('', @$target, $suite{"$name.json"});
            $judge->($response, $name, "$name: $target->[0] $target->[1]");
        }
    }
}

subtest 'no JSON' => sub {
    my %is_too_large = map { $_ => 1 } @too_large;
    test_files(n => 188, sub {
        my ($response, $name, $what) = @_;
        my ($status, $code) = $is_too_large{$name} ? (413, 'body-too-large') : (400, 'bad-json');
        is_problem($response, $status, $code, $what);
    });
};

subtest 'no JSON, and large' => sub {
    for my $name (@too_large) {
        is_problem(send_to('/raised', @$_, $suite{"$name.json"}), 400, 'bad-json', "$name: $_->[0] $_->[1]")
            for @targets;
    }
};

subtest 'JSON' => sub {
    test_files(y => 95, sub {
        my ($response, $name, $what) = @_;
        my $is_object = $suite{"$name.json"} =~ /^\s*\{/;
        my $is_empty = $suite{"$name.json"} =~ /^\s*\{\s*\}\s*$/;

        if ($is_empty && $what =~ /PATCH/) {
            is_status($response, 200, "$what: changes nothing");
            return;
        }
        is_problem($response, 422, 'invalid', $what);
        is(code_of($response), $documented{$name}, "$what: its error") if $documented{$name};
        is_invalid($response, { '' => 'type' }, $what) unless $is_object || $documented{$name};
    });
};

subtest 'left to the implementation' => sub {
    test_files(i => 35, sub {
        my ($response, $name, $what) = @_;
        my $code = $documented{$name} // 'missing here';
        $code eq 'bad-json' ? is_problem($response, 400, 'bad-json', $what) : is_problem($response, 422, 'invalid', $what);
        is(code_of($response), $code, "$what: $code");
    });
};

# The most memory that the server's children ever had, in KiB.
sub peak {
    my $sum = 0;
    for my $pid (@children) {
        open my $file, '<', "/proc/$pid/status" or die "$pid: $!";
        $sum += $_ for map { /^VmHWM:\s+(\d+)/ } <$file>;
    }
    return $sum;
}

# Each costs a parser without limits of its own more than a hundred times its size.
subtest 'memory' => sub {
    my %large = (
        'empty objects' => '[' . '{},' x (1024 * 1024 / 3 - 2) . '{}]',
        'empty keys'    => '[' . '{"":0},' x (1024 * 1024 / 7 - 2) . '{}]',
        'empty objects without an end' => '{},' x (1024 * 1024 / 3),
        'keys'          => '{' . join(',', map { sprintf '"%06d":0', $_ } 1 .. 95_000) . '}',
        'open arrays'   => '[' x (1024 * 1024),
    );
    my $peak = peak();
    for my $what (sort keys %large) {
        is_problem(send_to('/raised', POST => '/v1/calls', $large{$what}), 400, 'bad-json', "1 MiB of $what")
            for 1 .. 3;
        cmp_ok(peak() - $peak, '<=', 32 * 1024, "$what: KiB of growth");
    }
};

is(snapshot($database), $before, 'nothing was written');
is_deeply(\@faults, [], 'no answer had a fault');
is_deeply([sort $server->children], \@children, 'no child has gone');
is_deeply([$log->matching(qr/exit signal|\[tenant:(?:warn|error|crit|alert|emerg)\]/)], [], 'and the module has found nothing wrong');

done_testing;
