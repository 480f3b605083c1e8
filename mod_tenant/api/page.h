/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_PAGE_H
#define TENANT_API_PAGE_H

#include <apr_pools.h>

#include "../problem.h"
#include "resource.h"

/* A filter `field=value`. */
typedef struct page_filter_t {
    const field_t *field;
    const char *value; /* as statements take it */
} page_filter_t;

enum { PAGE_FILTERS_MAX = RESOURCE_FIELDS_MAX };

/* One page of a list, as a query asks for it. */
typedef struct page_t {
    int limit;                               /* rows, 1 or more */
    page_filter_t filters[PAGE_FILTERS_MAX]; /* in the order of the resource's fields */
    int filter_count;
    int is_after;        /* whether it continues behind a cursor */
    const char *created; /* ORDER_CREATED: created_at of the last row seen, RFC 3339 or ±infinity */
    const char *id;      /* its id */
} page_t;

/* Reads the parameters of a list: limit, after, `field=value` for fields that have FIELD_FILTER.
 * problem_bad_parameter or problem_bad_cursor, with a sentence in pool. */
const problem_t *page_parse(page_t *page, const resource_t *resource, const char *args, int usual, int most,
                            const char **detail, apr_pool_t *pool);

/* Moves the cursor to the row with this id and created_at (as page_next() takes it). */
void page_advance(page_t *page, const char *id, const char *created);

/* The query string of the page behind the row with this id and created_at (NULL for none; RFC 3339, or
 * infinity). In pool.
 * The cursor in it is opaque to clients: base64url of version,
 * resource, order, a hash of the filters and the row's place. It needs
 * no signature, since it can only point into the reader's own rows. */
const char *page_next(const page_t *page, const resource_t *resource, const char *id, const char *created,
                      apr_pool_t *pool);

#endif
