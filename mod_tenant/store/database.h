/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_DATABASE_H
#define TENANT_STORE_DATABASE_H

#include "freshness.h"
#include "job.h"
#include "pool.h"
#include "row.h"
#include "statement.h"
#include "writes.h"

/* One database, in one child process: what all virtual hosts with the same connection string share. */
typedef struct database_t database_t;

/* Where it is, and what all children share of it. */
typedef struct database_settings_t {
    const char *conninfo; /* complete */
    database_role_t role;
    const pool_settings_t *pool;
    timelines_t *timelines;
    writes_t *writes;        /* NULL: no database of the server has a reader */
    const char *reader;      /* complete; what leads to a server that answers reads; NULL: there is none */
    apr_interval_time_t lag; /* a reader that is further behind the primary than this is not asked */
    freshness_t *freshness;  /* what is known of it */
} database_settings_t;

/* Starts it; nothing is connected yet. server is what is logged to. NULL when a thread cannot be started. */
database_t *database_open(const database_settings_t *settings, server_rec *server, apr_pool_t *process);

/* Whether requests can use it: what proof_ask() says. */
const problem_t *database_prove(database_t *database);

/* Each of these runs one statement with a value for each of its parameters (NULL is SQL NULL) and gives the
 * connection back before it returns; *rows are the rows that it returned. What failed is logged where the
 * sysadmin can mend it, without values of rows. */

/* A lookup of who is asking, in no tenant's scope; a lost connection is tried again once. All memory is
 * taken from pool. */
const problem_t *database_lookup(database_t *database, request_rec *r, const statement_t *statement,
                                 const char *const *values, rows_t **rows, apr_pool_t *pool);

/* A read that sets its tenant itself; a lost connection is tried again once.
 *
 * tenant: whose rows are read. They may come from the reader then, if that has all that the tenant has
 * written by way of this server, and is not too far behind; whatever goes wrong there, the primary is asked.
 * So the statement must not write anything. 0: the primary is asked. */
const problem_t *database_read(database_t *database, request_rec *r, int tenant, const statement_t *statement,
                               const char *const *values, rows_t **rows);

/* The same from the primary, for a statement with DURABLE_SQL (durable.h), which waits as a write does: what
 * it finds the tenant wrote, by this server or another one, and its next reads see it. */
const problem_t *database_read_durable(database_t *database, request_rec *r, int tenant,
                                       const statement_t *statement, const char *const *values,
                                       rows_t **rows);

/* The same for a statement that finds one row by a unique key: it may share a round trip (batch.h). */
const problem_t *database_read_row(database_t *database, request_rec *r, int tenant,
                                   const statement_t *statement, const char *const *values, rows_t **rows);

/* The same for one that finds few rows, one behind the other in an index. */
const problem_t *database_read_page(database_t *database, request_rec *r, int tenant,
                                    const statement_t *statement, const char *const *values, rows_t **rows);

/* The same; all memory is taken from pool, which may go ahead of the request's. */
const problem_t *database_read_into(database_t *database, request_rec *r, int tenant,
                                    const statement_t *statement, const char *const *values, rows_t **rows,
                                    apr_pool_t *pool);

/* A write of a tenant's in one statement that sets the tenant itself. Never tried again: it may have taken
 * effect. */
const problem_t *database_insert(database_t *database, request_rec *r, int tenant,
                                 const statement_t *statement, const char *const *values, rows_t **rows);

/* The same for one that inserts a row, and what belongs to it:
 * it may share a round trip and a transaction. */
const problem_t *database_insert_row(database_t *database, request_rec *r, int tenant,
                                     const statement_t *statement, const char *const *values, rows_t **rows);

/* The same for a write that has the same effect however often it is sent: a lost connection is tried again
 * once. What PostgreSQL refuses of it is no client's fault. */
const problem_t *database_merge_row(database_t *database, request_rec *r, int tenant,
                                    const statement_t *statement, const char *const *values, rows_t **rows);

/* An UPDATE, DELETE or upsert in a transaction that sets the tenant first (0: none, for the administrator):
 * within one statement PostgreSQL may scan the table ahead of the setting. Never tried again. */
const problem_t *database_change(database_t *database, request_rec *r, int tenant,
                                 const statement_t *statement, const char *const *values, rows_t **rows);

#endif
