/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_SQL_LIST_H
#define TENANT_RESOURCE_SQL_LIST_H

#include "named.h"
#include "page.h"

/* The statements of lists. Those of a list with at most one filter are made at start and prepared where they
 * are used; combinations of filters are too many for that: their statements have no label. */

/* The statement of a page of a list. A page ahead of a cursor comes in the opposite order, the nearest row
 * first. */
void sql_list(named_t *named, const page_t *page, apr_pool_t *pool);

/* The statement that counts the rows of the whole list, of which the page is the first one. */
void sql_count(named_t *named, const page_t *page, apr_pool_t *pool);

/* Makes the statements of every resource; called once at start, in the configuration's pool. */
void sql_list_build(apr_pool_t *pool);

/* Calls visit for a page of each kind that a list with at most one filter can have: each filter, each order,
 * both directions, with a cursor and without. */
typedef void sql_page_fn(const page_t *page, void *context);
void sql_list_pages(const resource_t *resource, sql_page_fn *visit, void *context);

#endif
