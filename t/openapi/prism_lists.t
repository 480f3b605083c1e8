# SPDX-License-Identifier: Apache-2.0
#
# As prism.t, for lists: their filters, orders, pages, and counts.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Packages;
use TenantTest::Prism;

plan skip_all => packages_missing('t/node') if packages_missing('t/node');

TenantTest::Prism->start->hold(qw(lists/filters lists/pages lists/count));

done_testing;
