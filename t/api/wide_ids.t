# SPDX-License-Identifier: Apache-2.0
# Ids of calls, messages and recordings go past what an integer holds. Where a column is still integer they are served as well.
use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Contract;

my $LAST = 2147483647;
my @resources = qw(calls messages recordings);
my $log;    # the server's, from its start

sub serve {
    my ($name, @statements) = @_;
    my $conninfo = database($name);
    sql({ database => $name }, $_) for @statements;
    my $server = TenantTest::Server->start(database => $conninfo);
    $log = $server->error_log;
    $log->{from} = 0;
    return sub { my ($method, $path, %option) = @_; return request($method, $path, to => $server, as => 'acme', %option) };
}

# The ids of all pages of a list, one row a page.
sub pages {
    my ($ask, $path) = @_;
    my ($next, @ids) = $path;
    while (defined $next && @ids < 20) {
        my $page = $ask->(GET => $next)->json;
        push @ids, map { $_->{id} } @{ $page->{data} };
        $next = $page->{next};
    }
    return \@ids;
}

sub is_served {
    my ($ask, $resource, @ids) = @_;
    my @made = map { $ask->(POST => "/v1/$resource", json => sample($resource)) } @ids;
    is_deeply([map { $_->json->{id} } @made], \@ids, "$resource: new rows have these ids") or diag $made[-1]->body;
    for my $n (0 .. $#ids) {
        my ($path, $id) = ($made[$n]->header('Location'), $ids[$n]);
        is($path, "/v1/$resource/$id", 'the Location');
        my $row = $ask->(GET => $path);
        is_deeply($row->json, $made[$n]->json, 'is of that row');
        is($ask->(GET => "/v1/$resource/" . $row->json->{sid})->json->{id}, $id, 'by its sid as well');
        is_deeply([map { $_->{id} } @{ $ask->(GET => "/v1/$resource?id=$id")->json->{data} }], [$id], 'a list finds it by its id');
    }
    my @newest = reverse sort { $a <=> $b } @ids;
    is_deeply([@{ pages($ask, "/v1/$resource?limit=1") }[0 .. $#ids]], \@newest, 'cursors go over all of them');
    is_deeply([map { $_->{id} } @{ $ask->(GET => "/v1/$resource?limit=" . @ids)->json->{data} }], \@newest, 'so does one page');
    my @keyed = map { $ask->(POST => "/v1/$resource", json => $made[0]->json && { %{ sample($resource) }, sid => undef_sid($resource) },
        headers => ['Idempotency-Key' => "a-key-of-$resource-0123456789"]) } 1, 2;
    is($keyed[1]->body, $keyed[0]->body, 'a kept answer has the id');
    is($keyed[1]->header('Idempotency-Replayed'), 'true', 'and is one');
    my $path = $made[-1]->header('Location');
    my $change = $resource eq 'recordings' ? { duration => 7 } : { from_number => '+12025550107' };
    my $changed = $ask->(PATCH => $path, json => $change, headers => ['If-Match' => $made[-1]->header('ETag')]);
    is_status($changed, 200, 'it is changed');
    is_status($ask->(DELETE => $path, headers => ['If-Match' => $changed->header('ETag')]), 204, 'and removed');
    is_status($ask->(GET => $path), 404, 'then');
    return;
}

my %sids;
sub undef_sid { my ($resource) = @_; return $sids{$resource} //= sample($resource)->{sid} }

subtest 'past the range of an integer' => sub {
    my $ask = serve('wide', map {"SELECT setval('${_}_id_seq', $LAST - 2)"} @resources);
    is_served($ask, $_, $LAST - 1, $LAST, $LAST + 1, $LAST + 2) for @resources;
    sql({ database => 'wide' }, "SELECT setval('${_}_id_seq', 9007199254740989)") for @resources;
    for my $resource (@resources) {
        my $made = $ask->(POST => "/v1/$resource", json => sample($resource));
        is($ask->(GET => $made->header('Location'))->json->{id}, 9007199254740990, "$resource: as far as JSON's numbers are exact");
    }
    is(scalar $log->matching(qr/ids are gone/), 0, 'at start none was past its half');
};

%sids = ();
subtest 'columns that were too large to widen' => sub {
    my $ask = serve('narrow', map { ("ALTER TABLE $_ ALTER id TYPE integer", "SELECT setval('${_}_id_seq', $LAST - 5)") } @resources);
    like($log->wait_for(qr/ids are gone/, 60), qr/\[tenant:warn\].* ids are gone of calls: 21474836\d\d of $LAST, messages: \d+ of $LAST, recordings: \d+ of $LAST /, 'the log warns');
    is_served($ask, $_, $LAST - 4, $LAST - 3, $LAST - 2) for @resources;
    for my $resource (@resources) {
        is_problem($ask->(GET => "/v1/$resource/" . ($LAST + 1)), 404, 'not-found', "$resource: an id that the column cannot have");
        is_deeply($ask->(GET => "/v1/$resource?id=" . ($LAST + 1))->json->{data}, [], 'nor does a list find it');
    }
};

done_testing;
