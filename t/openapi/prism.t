# SPDX-License-Identifier: Apache-2.0
#
# Runs other tests once more, with the proxies of Prism between them and the servers: every answer has to be one
# that the OpenAPI document describes, and every request that is served one that it allows for. prism_*.t go on.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Packages;
use TenantTest::Prism;

plan skip_all => packages_missing('t/node') if packages_missing('t/node');

my $prism = TenantTest::Prism->start;

# The judgment of an answer, which a function may have made something else of, to a request that is fine.
sub judgment {
    my ($method, $target, $change, %option) = @_;
    my ($judgment) = TenantTest::Prism->for(site->{server})->judge(sub {
        local $ENV{TENANT_TEST_PRISM};
        my $answer = request($method, $target, %option);
        $change->($answer) if $change;
        return $answer;
    }, $method, $target, TenantTest::content(%option));
    return $judgment;
}

# Something that changes the JSON of an answer.
sub json_with {
    my ($change) = @_;
    return sub {
        my ($answer) = @_;
        my $json = $answer->json;
        $change->($json);
        $answer->{body} = json($json);
    };
}

subtest 'it is not blind' => sub {
    my $id = row('SELECT min(id) FROM calls WHERE tenant_id = ?', tenant('acme')->{id});
    my @row = (GET => "/v1/calls/$id");
    my @list = (GET => '/v1/calls');
    my @missing = (GET => '/v1/calls/2147483647');
    my @wrong = (
        ['a member more', @row, json_with(sub { $_[0]{more} = 1 })],
        ['a member less', @row, json_with(sub { delete $_[0]{created_at} })],
        ['a text for a number', @row, json_with(sub { $_[0]{id} = "$_[0]{id}" })],
        ['null', @row, json_with(sub { $_[0]{sid} = undef })],
        ['no date', @row, json_with(sub { $_[0]{created_at} = 'yesterday' })],
        ['a member more in a list', @list, json_with(sub { $_[0]{data}[0]{more} = 1 })],
        ['no next', @list, json_with(sub { delete $_[0]{next} })],
        ['another status', @row, sub { $_[0]{status} = 202 }],
        ['another type', @row, sub { s{application/json}{text/plain} for @{ $_[0]{headers} } }],
        ['no JSON', @missing, sub { s{application/problem\+json}{text/html} for @{ $_[0]{headers} } }],
        ['the code of another status', @missing, json_with(sub { $_[0]{code} = 'conflict' })],
        ['an unknown code', @missing, json_with(sub { $_[0]{code} = 'missing' })],
        ['a header more', @row, sub { push @{ $_[0]{headers} }, 'X-More' => 1 }],
        ['a status that no answer can have', @missing, sub { $_[0]{status} = 418 }],
    );
    for (@wrong) {
        my ($what, $method, $target, $change) = @$_;
        is(judgment($method, $target, $change, as => 'acme'), 'wrong', $what);
        is(judgment($method, $target, undef, as => 'acme'), 'fine', '... which it is not otherwise');
    }
    my $take = sub { $_[0]{status} = 201 };
    is(judgment(POST => '/v1/calls', $take, as => 'acme', json => {}), 'wrong', 'a wrong request that is served');
    is(judgment(POST => '/v1/calls', undef, as => 'acme', json => {}), 'refused', '... which it is not otherwise');
    is(judgment(GET => '/v1/calls', sub { $_[0]{status} = 200 }), 'wrong', 'without a key');
};

$prism->hold(qw(smoke openapi/document api/problems api/contract_read api/contract_write));

done_testing;
