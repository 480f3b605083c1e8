/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_SQL_TEXT_H
#define TENANT_RESOURCE_SQL_TEXT_H

#include "resource.h"

/* What statements are put together from (sql.c, sql_create.c, sql_list.c): texts that name their values
 * (named.h). */

/* Sets the tenant's context, for this statement's transaction, and gives the tenant's id as text: of its
 * parameter, or of any expression of type text. */
#define SQL_CONTEXT        SQL_CONTEXT_OF("%s{tenant}")
#define SQL_CONTEXT_OF(id) "set_config('mod_tenant.tenant_id', " id ", true)"

/* Tells the audit who asks, for this statement's transaction; always true. PostgreSQL asks for it while it
 * finds or makes the row, and runs the audit's triggers behind that. */
#define SQL_ORIGIN    "set_config('mod_tenant.origin', %s{origin}, true) IS NOT NULL"
#define SQL_NO_ORIGIN "set_config('mod_tenant.origin', '', true) IS NOT NULL"

/* A text that grows in a pool. */
typedef struct sql_text_t {
    const char *text;
    apr_pool_t *pool;
} sql_text_t;

void sql_add(sql_text_t *sql, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The placeholder of a field's value, as its column's type, under a name. sql_field() has the name
 * `KIND.FIELD`. */
const char *sql_placeholder(const field_t *field, const char *name, apr_pool_t *pool);
const char *sql_field(const field_t *field, const char *kind, apr_pool_t *pool);

/* What is stored for a value that was given (`{new.FIELD}`). */
const char *sql_stored(const field_t *field, apr_pool_t *pool);

/* The columns of an answer, in the order of the fields (field_is_selected()). varchar goes out as text: else
 * a widened column would break every prepared statement. */
const char *sql_columns(const resource_t *resource, apr_pool_t *pool);

/* The same for a statement that gives one row, with the row's version behind them. */
const char *sql_row_columns(const resource_t *resource, apr_pool_t *pool);

/* The shapes of their rows (statement_t.shape). */
const char *sql_shape(const resource_t *resource, apr_pool_t *pool);
const char *sql_row_shape(const resource_t *resource, apr_pool_t *pool);

/* WHERE with the tenant's predicate, which more may follow by AND; of the administrator's resources with one
 * that is always true. */
const char *sql_where_tenant(const resource_t *resource, apr_pool_t *pool);

/* SELECT in its own context; of the administrator's resources, in none. inner is what follows the tenant's
 * predicate, limit an expression of how many rows come at most, NULL where there is one row anyway.
 *
 * The context is set by the expression of LIMIT, which PostgreSQL computes ahead of asking for the first row.
 * LIMIT is the topmost node of any plan for such a SELECT, and set_config(), which is not parallel safe,
 * keeps the query in one process. Row-level security's predicate is stable, not immutable: it is asked while
 * rows are looked for, below that node; while the statement is planned, for an estimate at most. Were it
 * asked too early, there would be no context, or another tenant's, and no row that passes both that and the
 * predicate here. */
const char *sql_select(const resource_t *resource, const char *columns, const char *inner, const char *limit,
                       apr_pool_t *pool);

/* The same for several tenants' rows at a time (statement_t.many), which the id of each tells apart;
 * NULL: a tenant has one row. LATERAL looks for each row by itself, in the context of its own tenant: LIMIT
 * is computed anew each time, and is a wall that PostgreSQL's planner moves nothing across. Not for the
 * administrator's resources. */
const char *sql_select_many(const resource_t *resource, const char *columns, const field_t *id,
                            apr_pool_t *pool);

#endif
