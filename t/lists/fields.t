# SPDX-License-Identifier: Apache-2.0
#
# `fields` in both ways that clients write a list of names: separated by commas, and as a parameter each.

use strict;
use warnings;

use Test::More;
use TenantTest;

sub get {
    my ($query, @headers) = @_;
    return request(GET => "/v1/calls?limit=2&$query", as => 'acme', headers => \@headers);
}

my $want = get('fields=id,sid,status');
is_status($want, 200, 'separated by commas');
is_deeply([sort keys %{ $want->json->{data}[0] }], [qw(id sid status)], 'the members');

for my $query ('fields=id&fields=sid&fields=status', 'fields=status&fields=sid&fields=id', 'fields=id,sid&fields=status',
    'fields=id&fields=sid,status', 'fields=id%2Csid&field%73=status') {
    my $answer = get($query);
    is_status($answer, 200, $query);
    is($answer->body, $want->body, '... is the same, `next` too');
    is($answer->header('Link'), $want->header('Link'), '... and Link');
}
is(get('fields=sid&fields=id', Accept => 'text/csv')->body, get('fields=id,sid', Accept => 'text/csv')->body, 'in streams as well');

is_problem(get($_), 400, 'bad-parameter', $_, qr/`fields`/) 
    for 'fields=id&fields=id', 'fields=id,sid&fields=id', 'fields=id&fields=', 'fields=&fields=id', 'fields=id&fields=nothing';
is_problem(get($_), 400, 'bad-parameter', $_, qr/repeated/) for qw(limit=2 status=a&status=b order=id.asc&order=id.asc);

my ($fields) = grep { ($_->{name} // '') eq 'fields' } @{ request(GET => '/v1/openapi.json')->json->{paths}{'/calls'}{get}{parameters} };
is_deeply([@$fields{qw(style explode)}], ['form', JSON::PP::true()], 'the document has the way of generated clients');

done_testing;
