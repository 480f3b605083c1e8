# SPDX-License-Identifier: Apache-2.0
#
# What a client that a program generated from the OpenAPI document needs of lists: one form of answer, limits that the
# server keeps, and a cursor to pass on.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Asking qw(asking get);
use TenantTest::Contract;

my $server = TenantTest::Server->start(database => database('openapi_lists'), location => 'TenantPageSize 5 20');

asking(to => $server, as => 'acme');

my $document = get('/v1/openapi.json')->json;
my $limit = $document->{components}{parameters}{Limit}{schema};
is_deeply([@$limit{qw(minimum maximum default)}], [1, 20, 5], 'limit is what the Location has');
is_status(get('/v1/calls?limit=20'), 200, 'at most so many');
is_problem(get('/v1/calls?limit=21'), 400, 'bad-parameter', 'and no more');

my @others;
for my $path (sort keys %{ $document->{paths} }) {
    for my $operation (grep { ref eq 'HASH' } values %{ $document->{paths}{$path} }) {
        push @others, map { "$path $_" } grep { $_ ne 'application/json' } map { keys %{ $_->{content} || {} } } $operation->{responses}{200} || ();
    }
}
is_deeply(\@others, [], 'every answer has one form');

for my $resource (collections()) {
    my $operation = $document->{paths}{"/$resource"}{get};
    is_deeply([sort keys %{ $operation->{responses}{200}{content} }], ['application/json'], "$resource: a list is a page");
    like($operation->{description}, qr{application/x-ndjson.*text/csv}s, 'of streams the description tells');

    my ($pages, $path) = (0, "/v1/$resource?limit=2");
    my $page = get($path);
    while (defined(my $cursor = $page->json->{next_cursor})) {
        my $next = get("$path&after=$cursor");
        is_status($next, 200, 'the cursor is taken') or last;
        is($next->body, get($page->json->{next})->body, 'and leads to the next page');
        last if ++$pages == 3;
        $page = $next;
    }
    is($pages, 3, '... several times');
    is(get("/v1/$resource?limit=1&" . ($resource eq 'products' ? 'name' : 'id') . '=99')->json->{next_cursor}, undef, 'at the end there is none');
}

done_testing;
