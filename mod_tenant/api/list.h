/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_LIST_H
#define TENANT_API_LIST_H

#include "../http/gate.h"
#include "api.h"

/* Answers the page of the collection that the query asks for. */
const problem_t *list_run(api_t *api);

/* Waits for the tenant's turn to read a list, where TenantPool lets each tenant do only so many at a time:
 * whoever asks for the slowest lists shall not occupy the database and the threads of all others. The place
 * is left as soon as the rows are written to memory. problem_rate_limited: in vain. */
const problem_t *list_enter(api_t *api, gate_place_t **place, apr_pool_t *pool);

/* Reads up to limit rows of a page of the request's list, whatever its own limit is: on the side of its
 * cursor that it says, and in its order; in the opposite one, the nearest first, where that is PAGE_BEFORE.
 * All memory is taken from pool. */
const problem_t *list_read(const api_t *api, const page_t *page, int limit, rows_t **rows, apr_pool_t *pool);

/* The same of api->page, for which others may wait, so little time it takes. */
const problem_t *list_read_short(const api_t *api, int limit, rows_t **rows);

/* Moves a page's cursor to row n of what list_read() read for it, so that the page is what lies behind that
 * in the direction of reading. Texts are in pool, or the rows'. */
void list_advance(page_t *page, rows_t *rows, int n, apr_pool_t *pool);

#endif
