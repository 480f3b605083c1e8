/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_SQL_LIST_H
#define TENANT_RESOURCE_SQL_LIST_H

#include "../store/statement.h"
#include "page.h"
#include "sql.h"
#include "values.h"

/* The statements of lists. Those of a list with at most one filter are made at start and prepared where they
 * are used; combinations of filters are too many for that: their statements have no label. */

/* The statement of a page of a list: t, the filters' values, the cursor's key (unless by id alone) and id,
 * limit, t. The administrator's resources take no t. A page ahead of a cursor comes in the opposite order,
 * the nearest row first. */
void sql_list(statement_t *statement, const page_t *page, apr_pool_t *pool);

/* The statement that counts the rows of the whole list, of which the page is the first one: t, the filters'
 * values, t. */
void sql_count(statement_t *statement, const page_t *page, apr_pool_t *pool);

/* Adds the values of the filters and the cursor to those of sql_list(); of a page without a cursor, those of
 * sql_count(). */
void sql_list_values(const page_t *page, values_t *values);

/* Makes the statements of every resource; called once at start, in the configuration's pool. */
void sql_list_build(apr_pool_t *pool);

/* Calls visit for a page of each kind that a list with at most one filter can have: each filter, each order,
 * both directions, with a cursor and without. */
typedef void sql_page_fn(const page_t *page, void *context);
void sql_list_pages(const resource_t *resource, sql_page_fn *visit, void *context);

#endif
