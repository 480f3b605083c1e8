# SPDX-License-Identifier: Apache-2.0
#
# As prism.t, for requests that get anything wrong.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Packages;
use TenantTest::Prism;

plan skip_all => packages_missing('t/node') if packages_missing('t/node');

TenantTest::Prism->start->hold(qw(api/contract_errors api/contract_input twilio/token));

done_testing;
