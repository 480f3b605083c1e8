# SPDX-License-Identifier: Apache-2.0
#
# As prism.t, for requests that get anything wrong.

use strict;
use warnings;

use Test::More;
use TenantTest;
use TenantTest::Prism;

TenantTest::Prism->start->hold(qw(contract_errors contract_input));

done_testing;
