/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_SQL_TEXT_H
#define TENANT_API_SQL_TEXT_H

#include "resource.h"

/* What statements are put together from (sql.c, sql_list.c). */

/* The scope of a statement that sets the tenant's context itself. */
#define SQL_CONTEXT "(SELECT set_config('mod_tenant.tenant_id', %s, true)::int AS id OFFSET 0) t"

/* A text that grows in a pool. */
typedef struct sql_text_t {
    const char *text;
    apr_pool_t *pool;
} sql_text_t;

void sql_add(sql_text_t *sql, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The placeholder of a field's value, as its column's type. */
const char *sql_placeholder(const field_t *field);

/* What is stored for a value that was given. */
const char *sql_stored(const field_t *field, apr_pool_t *pool);

/* The columns of an answer, in the order of the fields. varchar goes out as text: else a widened column would
 * break every prepared statement. */
const char *sql_columns(const resource_t *resource, apr_pool_t *pool);

/* The same for a statement that gives one row, with the row's version behind them: its xmin, as text. */
const char *sql_row_columns(const resource_t *resource, apr_pool_t *pool);

/* SELECT in its own context; of the administrator's resources, in none. inner is what follows the tenant's
 * predicate, its OFFSET included. */
const char *sql_select(const resource_t *resource, const char *inner, apr_pool_t *pool);

/* The same for one row, with sql_row_columns(). */
const char *sql_select_row(const resource_t *resource, const char *inner, apr_pool_t *pool);

/* The same of other columns than an answer's. */
const char *sql_select_of(const resource_t *resource, const char *columns, const char *inner,
                          apr_pool_t *pool);

#endif
