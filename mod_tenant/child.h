/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_CHILD_H
#define TENANT_CHILD_H

#include <httpd.h>

#include "store/database.h"

/* Administration is rare: two connections in each child are plenty. */
enum { CHILD_ADMIN_POOL_MAX = 2 };

/* What servers share a database by. The role is part of it: who has the administrator's connection string for
 * the API by mistake is not to get a pool that was attested as the administrator's. */
const char *child_database_key(const char *connect, database_role_t role, apr_pool_t *pool);

/* The hook child_init: starts each database, one for all servers with the same connection string, and what
 * goes with it. */
void child_start(apr_pool_t *pool, server_rec *servers);

#endif
