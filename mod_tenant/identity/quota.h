/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_QUOTA_H
#define TENANT_IDENTITY_QUOTA_H

#include <httpd.h>

#include "../problem.h"
#include "attempts.h"

/* How many requests a tenant may send (TenantRateLimit). */
typedef struct quota_t {
    attempts_rate_t rate; /* count 0: off */
    const char *policy;   /* the field RateLimit-Policy */
    const char *name;     /* what is counted together: the rate and the section where it stands */
} quota_t;

/* So many tenants are counted at a time, in 2 MiB. */
enum { QUOTA_NAMES = 131072 };

/* Reads `N/TIME [burst=N]`: N from 1 to 1000000, TIME from 1 s to a day, in seconds or with s, m or h behind
 * it. scope: the path of the section where it stands, "" for a server. A quota in pool; NULL: it is none. */
const quota_t *quota_parse(const char *text, const char *scope, apr_pool_t *pool);

/* Charges the request to its tenant, whose authority is proven, and sets RateLimit and RateLimit-Policy
 * (draft-ietf-httpapi-ratelimit-headers-10). A request is charged once. What only its Host makes the tenant's
 * is counted apart: strangers cannot use up what a key may do. problem_rate_limited: nothing is charged;
 * Retry-After is set. */
const problem_t *quota_charge(request_rec *r);

/* The hook fixups, behind authentication: charges what neither a handler of ours nor the gateway answers,
 * whose steps do so themselves or have a limit of their own. */
int quota_check(request_rec *r);

#endif
