/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_SQL_CREATE_H
#define TENANT_RESOURCE_SQL_CREATE_H

#include "resource.h"

/* The INSERT of a row, which comes back (resource_sql_t.create). */
const char *sql_create(const resource_t *resource, apr_pool_t *pool);

/* The same for a request with an Idempotency-Key, all in one statement: under a lock on the request, that no
 * twin may hold, the row is inserted together with its answer, unless there is an answer already.
 *
 * Gives a row as create does, and behind its version the fingerprint of the request that it is the answer to:
 * NULL where this one has made the row. No row: a twin has the lock. A unique constraint is violated where
 * a twin has ended since the statement began: sql_created() finds its answer. What gives a kept answer waits
 * for it to be safe (durable.h); what makes a row does not, but for its COMMIT. */
const char *sql_create_once(const resource_t *resource, apr_pool_t *pool);

/* The answer to an earlier request, as sql_create_once() gives it; no row: there is none, or it is older than
 * a day. */
const char *sql_created(const resource_t *resource, apr_pool_t *pool);

#endif
