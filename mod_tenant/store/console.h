/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_CONSOLE_H
#define TENANT_STORE_CONSOLE_H

#include <apr_pools.h>

#include "statement.h"

/* A program's one connection to PostgreSQL, as a role that sees the rows of all tenants: for tenantctl, which
 * has no httpd about it. */
typedef struct console_t console_t;

/* The rows that a statement gave; wiped and freed with their pool. */
typedef struct rowset_t rowset_t;

/* Connects. NULL, or a sentence in pool: the string is not one, holds a password, the server cannot be
 * reached, or the role is one that row-level security hides tenants from. conninfo may be exec:/path. role,
 * unless NULL, is connected as whatever conninfo says. */
const char *console_open(console_t **console, const char *conninfo, const char *role, apr_pool_t *pool);

/* Whether a server may keep a connection string in its catalog and connect by it: it is one, and holds no
 * password. NULL, or a sentence in pool. */
const char *console_check(const char *conninfo, apr_pool_t *pool);

/* Whether a user of the system can connect, which takes a process of its own; only root can try for others.
 * NULL: yes, or it cannot be tried; else a sentence in pool. */
const char *console_try_as(const char *conninfo, const char *user, apr_pool_t *pool);

/* Runs one statement with text parameters, $1 being values[0], NULL standing for SQL's.
 * NULL where it failed. */
rowset_t *console_run(console_t *console, apr_pool_t *pool, const char *sql, const char *const *values,
                      int count);

/* Runs one of the statements that the module's requests run, with a value for each of its parameters. It is
 * prepared on its first use. NULL where it failed. */
rowset_t *console_execute(console_t *console, apr_pool_t *pool, const statement_t *statement,
                          const char *const *values);

/* Takes one row, of one column that is not NULL; the bytes are wiped afterwards. 0 ends the statement. */
typedef int console_row_fn(void *context, const char *value, apr_size_t length);

/* Runs a query of one column and hands each row over as it comes, so that any number of them takes the
 * memory of one. 0 where it failed; 1 otherwise, also where take ended it: then the transaction is of no
 * more use. */
int console_each(console_t *console, const char *sql, const char *const *values, int count,
                 console_row_fn *take, void *context);

/* After a failure: what PostgreSQL said, on one line; whether it was a unique constraint of this name that
 * was hurt; whether others' locks were in the way for too long, so that it may be tried again. */
const char *console_failure(const console_t *console);
int console_hurt(const console_t *console, const char *constraint);
int console_blocked(const console_t *console);

/* The host that it is connected to in the clear over the network,
 * which is not this machine; NULL: it is not. */
const char *console_clear_host(const console_t *console);

int rowset_count(const rowset_t *rows);

/* How many rows an INSERT, UPDATE or DELETE changed. */
int rowset_changed(const rowset_t *rows);

/* A value, which lives as long as the rows; NULL for SQL's NULL. */
const char *rowset_text(const rowset_t *rows, int row, int column);

#endif
