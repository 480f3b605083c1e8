# SPDX-License-Identifier: Apache-2.0
#
# As prism.t, for rows: their conditions and repeats, who sees them, streams of them.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Packages;
use TenantTest::Prism;

plan skip_all => packages_missing('t/node') if packages_missing('t/node');

TenantTest::Prism->start->hold(qw(api/condition api/idempotency api/profile identity/rotation identity/isolation lists/stream));

done_testing;
