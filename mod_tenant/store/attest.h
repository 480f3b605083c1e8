/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_ATTEST_H
#define TENANT_STORE_ATTEST_H

#include "connection.h"

/* Checks in a new connection that PostgreSQL keeps tenants apart, whatever statement is sent: the role has no
 * power past row-level security, each table of tenants that it may touch has it enabled and forced with the
 * one policy that is expected, a read without a tenant gives nothing, and the schema is the one this module
 * was built for.
 *
 * NULL when all of that holds; else a sentence in pool that says what to mend. *run tells whether the check
 * itself came to an end: unless it is RUN_DONE or RUN_REFUSED, the connection is lost. */
const char *attest(connection_t *connection, run_t *run, apr_pool_t *pool);

#endif
