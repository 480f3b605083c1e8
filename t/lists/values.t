# SPDX-License-Identifier: Apache-2.0
#
# A filter whose value cannot be one of its field's is refused, and told the form that is wanted: an empty list would
# not tell of a plus that became a space, or a list where one value belongs.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Asking qw(asking get);

my $database = 'list_values';
my $server = TenantTest::Server->start(database => database($database));

asking(to => $server, as => 'acme');

my %wrong = (
    'calls?status=completed,failed'                      => qr/`status` must be lower-case.*takes one value/,
    'calls?status=completed%2Cfailed'                    => qr/takes one value/,
    'calls?status=Completed'                             => qr/`status` must be lower-case letters/,
    'messages?status='                                   => qr/`status` must be lower-case letters/,
    'calls?sid=CA1'                                      => qr/`sid` must be CA and 32/,
    'messages?sid=CA' . 'a' x 32                         => qr/`sid` must be SM or MM/,
    'recordings?call_sid=x'                              => qr/`call_sid` must be CA/,
    'users?email=ada'                                    => qr/`email` must be an e-mail address/,
    'users?email=ada+home@example.com'                   => qr/`email` must be .*write %2B for a plus/,
    'calls?from_number=+12025550100'                     => qr/`from_number` begins with a space.*write %2B for a plus, and %20/,
    'messages?to_number=whatsapp:+12025550100'           => qr/`to_number`.*%2B/,
    'messages?to_number=sip%3A+12025550100%40x'          => qr/`to_number`.*%2B/,
    'calls?from_number=' . 'x' x 321                     => qr/at most 320 characters/,
    'calls?created_at.gte=2026-01-01'                    => qr/`created_at\.gte` must be an RFC 3339 date-time.*`2026-05-17T00:00:00Z`/,
    'calls?created_at.gte=2026-01-01T00:00:00+01:00'     => qr/02:00`\. In a query `\+` is a space: write %2B/,
    'users?updated_at=2026-01-01T00:00:00+01:00'         => qr/%2B/,
    'calls?id=1,2'                                       => qr/`id` must be one integer from 0 to 9007199254740991\. A filter takes one value/,
    'recordings?duration.lt=+5'                          => qr/`duration\.lt` must be one integer/,
    'calls?status.null=yes'                              => qr/`status\.null` must be true or false/,
);

for my $query (sort keys %wrong) {
    my $name = substr $query, 0, 60;
    is_problem(get("/v1/$query"), 400, 'bad-parameter', $name, $wrong{$query});
    is_problem(request(GET => "/v1/$query", to => $server, as => 'acme', headers => [Accept => 'text/csv']), 400, 'bad-parameter',
        "$name as a stream", $wrong{$query});
}

subtest 'what may be meant is looked for' => sub {
    my @parties = (' 1202', 'sip: 1202', 'a b', '+1 202', '', 'sip:+1202@example.com', 'a,b', 'x+y');
    request(POST => '/v1/calls', to => $server, as => 'acme', json => { sid => sprintf('CA9%031d', $_), from_number => $parties[$_] })
        for 0 .. $#parties;
    for my $party (@parties) {
        my $value = $party =~ s/([^\w:@])/sprintf '%%%02X', ord $1/ger;
        my @queries = ("calls?limit=1&from_number=$value");
        push @queries, $queries[0] =~ s/%20/+/r if $party =~ /\w /;    # a space between words, as forms write it
        for my $query (@queries) {
            my $response = get("/v1/$query");
            is_status($response, 200, $query) or next;
            is_deeply([map { $_->{from_number} } @{ $response->json->{data} }], [$party], '... is found');
        }
    }
    my $twin = get("/v1/calls?from_number=%201202&limit=1");
    is($twin->json->{next}, undef, 'one row');
    request(POST => '/v1/calls', to => $server, as => 'acme', json => { sid => 'CA8' . '0' x 31, from_number => ' 1202' });
    my $first = get('/v1/calls?from_number=%201202&limit=1')->json;
    my $second = request(GET => $first->{next}, to => $server, as => 'acme');
    is_status($second, 200, 'next asks as it was asked');
    is(scalar @{ $second->json->{data} }, 1, '... for the other row');
};

done_testing;
