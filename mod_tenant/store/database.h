/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_DATABASE_H
#define TENANT_STORE_DATABASE_H

#include "job.h"
#include "pool.h"
#include "row.h"
#include "statement.h"

/* One database, in one child process: what all virtual hosts with the same connection string share. */
typedef struct database_t database_t;

/* Starts it; nothing is connected yet. NULL when a thread cannot be started. */
database_t *database_open(const char *conninfo, const pool_settings_t *settings, database_role_t role,
                          timelines_t *timelines, server_rec *server, apr_pool_t *process);

/* Whether requests can use it: what proof_ask() says. */
const problem_t *database_prove(database_t *database);

/* Each of these runs one statement with a value for each of its parameters (NULL is SQL NULL) and gives the
 * connection back before it returns; *rows are the rows that it returned. What failed is logged where the
 * sysadmin can mend it, without values of rows. */

/* A lookup of who is asking, in no tenant's scope; a lost connection is tried again once. All memory is
 * taken from pool. */
const problem_t *database_lookup(database_t *database, request_rec *r, const statement_t *statement,
                                 const char *const *values, rows_t **rows, apr_pool_t *pool);

/* A read that sets its tenant itself; a lost connection is tried again once. */
const problem_t *database_read(database_t *database, request_rec *r, const statement_t *statement,
                               const char *const *values, rows_t **rows);

/* The same for a statement that finds one row by a unique key: it may share a round trip (batch.h). */
const problem_t *database_read_row(database_t *database, request_rec *r, const statement_t *statement,
                                   const char *const *values, rows_t **rows);

/* The same for one that finds few rows, one behind the other in an index. */
const problem_t *database_read_page(database_t *database, request_rec *r, const statement_t *statement,
                                    const char *const *values, rows_t **rows);

/* The same; all memory is taken from pool, which may go ahead of the request's. */
const problem_t *database_read_into(database_t *database, request_rec *r, const statement_t *statement,
                                    const char *const *values, rows_t **rows, apr_pool_t *pool);

/* A write in one statement that sets its tenant itself. Never tried again: it may have taken effect. */
const problem_t *database_insert(database_t *database, request_rec *r, const statement_t *statement,
                                 const char *const *values, rows_t **rows);

/* The same for one that inserts a row, and what belongs to it:
 * it may share a round trip and a transaction. */
const problem_t *database_insert_row(database_t *database, request_rec *r, const statement_t *statement,
                                     const char *const *values, rows_t **rows);

/* The same for a write that has the same effect however often it is sent: a lost connection is tried again
 * once. What PostgreSQL refuses of it is no client's fault. */
const problem_t *database_merge_row(database_t *database, request_rec *r, const statement_t *statement,
                                    const char *const *values, rows_t **rows);

/* An UPDATE, DELETE or upsert in a transaction that sets the tenant first (0: none, for the administrator):
 * within one statement PostgreSQL may scan the table ahead of the setting. Never tried again. */
const problem_t *database_change(database_t *database, request_rec *r, int tenant,
                                 const statement_t *statement, const char *const *values, rows_t **rows);

#endif
