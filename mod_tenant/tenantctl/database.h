/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_DATABASE_H
#define TENANT_TENANTCTL_DATABASE_H

#include <apr_pools.h>

/* One connection to PostgreSQL, as a role that sees the rows of all tenants. */
typedef struct database_t database_t;

/* The rows that a statement gave; wiped and freed with their pool. */
typedef struct rows_t rows_t;

/* Connects. NULL, or a sentence in pool: the string is not one, holds a password, the server cannot be
 * reached, or the role is one that row-level security hides tenants from. conninfo may be exec:/path. role,
 * unless NULL, is connected as whatever conninfo says. */
const char *database_open(database_t **database, const char *conninfo, const char *role, apr_pool_t *pool);

/* Runs one statement with text parameters, $1 being values[0], NULL standing for SQL's. NULL where it failed.
 */
rows_t *database_run(database_t *database, apr_pool_t *pool, const char *sql, const char *const *values,
                     int count);

/* After a failure: what PostgreSQL said, on one line; and whether it was a unique constraint of this name
 * that was hurt. */
const char *database_failure(const database_t *database);
int database_hurt(const database_t *database, const char *constraint);

int rows_count(const rows_t *rows);

/* How many rows an INSERT, UPDATE or DELETE changed. */
int rows_changed(const rows_t *rows);

/* A value, which lives as long as the rows; NULL for SQL's NULL. */
const char *rows_text(const rows_t *rows, int row, int column);

#endif
