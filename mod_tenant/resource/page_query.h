/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_PAGE_QUERY_H
#define TENANT_RESOURCE_PAGE_QUERY_H

#include "../problem.h"
#include "page.h"

/* A page of a list as the query string that asks for it. */

/* Whether a parameter of a list has this name that is no filter. */
int page_has_parameter(const char *name);

/* Reads the parameters of a list: limit, after, before, order, fields, and its filters. problem_bad_parameter
 * or problem_bad_cursor, with a sentence in pool. */
const problem_t *page_parse(page_t *page, const resource_t *resource, const char *args, int usual, int most,
                            const char **detail, apr_pool_t *pool);

/* The query string that asks for the page, its cursor included. In pool. page_query_at() has the cursor
 * already (cursor_write()), or NULL of a first page. */
const char *page_query(const page_t *page, apr_pool_t *pool);
const char *page_query_at(const page_t *page, const char *cursor, apr_pool_t *pool);

#endif
