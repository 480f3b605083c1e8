/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_PORTION_H
#define TENANT_API_PORTION_H

#include "api.h"

/* The rows of a list, read one portion behind the other. */

/* Reads up to limit rows of a page of the request's list, whatever its own limit is: on the side of its
 * cursor that it says, and in its order; in the opposite one, the nearest first, where that is PAGE_BEFORE.
 * All memory is taken from pool. */
const problem_t *portion_read(const api_t *api, const page_t *page, int limit, rows_t **rows,
                              apr_pool_t *pool);

/* The same of api->page, for which others may wait, so little time it takes. */
const problem_t *portion_read_short(const api_t *api, int limit, rows_t **rows);

/* Moves a page's cursor to row n of what portion_read() read for it, so that the page is what lies behind
 * that in the direction of reading. Texts are in pool, or the rows'. */
void portion_advance(page_t *page, rows_t *rows, int n, apr_pool_t *pool);

/* Moves a page's cursor to row n of such rows, so that the page is what lies on that side of it. */
void portion_move(page_t *page, page_seek_t seek, rows_t *rows, int n, apr_pool_t *pool);

#endif
