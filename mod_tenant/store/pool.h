/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_POOL_H
#define TENANT_STORE_POOL_H

#include <httpd.h>

#include "attest.h"
#include "connection.h"
#include "pool_settings.h"
#include "pool_use.h"

/* The connections of one child process to one database. Opening one happens in a
 * thread of the pool's own, so that a request's deadline holds however slow the database is; after a failure
 * requests are refused at once while that thread goes on trying. A second thread ends statements that are
 * overdue and closes connections that nobody has used for long (keeper.h). */
typedef struct pool_t pool_t;

/* Starts an empty pool with its threads, both of which end with the process's pool. Called after the fork.
 * lineage: what connections are held against; server is what is logged to. NULL when a thread cannot be
 * started. */
pool_t *pool_open(const char *conninfo, const pool_settings_t *settings, database_role_t role,
                  const lineage_t *lineage, server_rec *server, apr_pool_t *process);

/* Takes a connection that is alive as far as its socket tells, waiting for it for as long as the settings
 * say. For what is_repeatable, one that was used a moment ago is not asked. problem_database_away,
 * problem_misconfigured: none can be opened; problem_pool_exhausted: all are in use, or all that there are
 * for this use. While writes end in doubt one that finds none is told so at once. */
const problem_t *pool_acquire(pool_t *pool, pool_use_t use, int is_repeatable, connection_t **connection);

/* The same for a statement, within a time of the caller's own. */
const problem_t *pool_acquire_within(pool_t *pool, apr_interval_time_t wait, connection_t **connection);

/* Whether it is known of the database what a statement would tell: *problem is problem_misconfigured where it
 * is refused, NULL where a statement has ended well, on a connection that came back, within that time. */
int pool_knows(pool_t *pool, apr_interval_time_t age, const problem_t **problem);

/* Whether somebody has a connection. */
int pool_is_in_use(pool_t *pool);

/* Gives a connection back; one that is not fit for another use is closed, and so are the others of which it
 * was found out with it (connection_t.unfit), before their next use. */
void pool_release(pool_t *pool, connection_t *connection);

#endif
