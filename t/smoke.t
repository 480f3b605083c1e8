# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;

use Test::More;
use TenantTest;

my $response = request(GET => '/v1/');
is_status($response, 200, 'the index answers without a key');
done_testing;
