# SPDX-License-Identifier: Apache-2.0
#
# The errors of an operation take little room in the reference page, and can be seen as a whole.

use strict;
use warnings;

use Cwd ();
use Test::More;
use TenantTest;
use TenantTest::Browser;

my $server = TenantTest::Server->start(location => 'TenantReference "' . Cwd::abs_path('build/reference') . '"');
my $result = browse('errors.js', url => 'http://127.0.0.1:' . $server->port . '/v1');
my $responses = request(GET => '/v1/openapi.json', to => $server)->json->{paths}{'/calls'}{get}{responses};

is_deeply([sort @{ $result->{statuses} }], [sort grep { $_ >= 400 } keys %$responses], 'each status has its line');
cmp_ok($result->{height}, '<', 1500, 'all errors of a list fit on two screens') or diag $result->{height};
note "$result->{height} px";
like("@{ $result->{texts} }", qr/\b$_\b/, "$_ is there") for qw(bad-cursor key-missing https-required not-acceptable rate-limited database-away);
is($result->{success}, 1, 'the answer to be hoped for is shown whole');
is($result->{hidden}, 0, 'examples and headers of errors are not, at first');
is($result->{shown}, 1, 'a click shows those of one');
like($result->{example}, qr/"code": "bad-request"/, 'an example');
like($result->{example}, qr/Cache-Control/, 'and headers');
is($result->{names}[0], '400: example and headers', 'and another one hides them');
is(scalar @{ $result->{names} }, scalar @{ $result->{statuses} }, 'each has a name of its own');
is_deeply($result->{seen}{violations}, [], 'the policy is not breached');
is_deeply($result->{seen}{errors}, [], 'no script fails');
is_deeply([grep { !/^verbose:/ } @{ $result->{seen}{console} }], [], 'the console is silent');

done_testing;
