/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_ATTEST_H
#define TENANT_STORE_ATTEST_H

#include "connection.h"
#include "timelines.h"

/* Whose power a connection has. */
typedef enum database_role_t {
    DATABASE_API,    /* one tenant at a time, kept apart by PostgreSQL */
    DATABASE_ADMIN,  /* all tenants: what the administrator does */
    DATABASE_READER, /* as DATABASE_API, of a server that answers reads */
    DATABASE_ROLES,  /* how many there are */
} database_role_t;

/* Checks in a new connection of the API's role that PostgreSQL keeps tenants apart, whatever statement is
 * sent: the role has no power past row-level security, each table of tenants that it may touch has it enabled
 * and forced with the one policy that is expected, a read without a tenant gives nothing, and the schema is
 * the one this module was built for. Ahead of that, in a connection of any role, that the server is a primary
 * of the newest timeline that has been seen of its cluster, or a standby where the connection string asks for
 * one. A reader has to be the server whose freshness is known instead, whatever it is.
 *
 * NULL when all of that holds. Else *why is a sentence in pool that says what to mend, and the problem is
 * problem_misconfigured, or problem_database_away when the check itself was not brought to an end, or the
 * server is not the one to use (connection_t.is_refused). */
const problem_t *attest(connection_t *connection, database_role_t role, const lineage_t *lineage,
                        const char **why, apr_pool_t *pool);

/* Asks again whether the server is the one to use: a pooler may lead a connection to another one while it is
 * open. What it finds makes the connection unfit, and gives back a sentence in pool; else NULL. */
const char *attest_again(connection_t *connection, const lineage_t *lineage, apr_pool_t *pool);

#endif
