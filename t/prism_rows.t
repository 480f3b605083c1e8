# SPDX-License-Identifier: Apache-2.0
#
# As prism.t, for rows: their conditions and repeats, who sees them, streams of them.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Prism;

TenantTest::Prism->start->hold(qw(condition idempotency profile rotation isolation stream));

done_testing;
