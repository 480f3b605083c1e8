/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_LIST_H
#define TENANT_API_LIST_H

#include "api.h"

/* Answers the page of the collection that the query asks for. */
const problem_t *list_run(api_t *api);

/* Reads up to limit rows of api->page, whatever its own limit is: behind its cursor, in its order. All memory
 * is taken from pool. */
const problem_t *list_read(const api_t *api, int limit, rows_t **rows, apr_pool_t *pool);

/* Moves a page's cursor to row n of what list_read() read for it. Texts are in pool, or the rows'. */
void list_advance(page_t *page, const resource_t *resource, rows_t *rows, int n, apr_pool_t *pool);

#endif
