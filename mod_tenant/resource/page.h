/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_PAGE_H
#define TENANT_RESOURCE_PAGE_H

#include <apr_pools.h>

#include "filter.h"
#include "resource.h"

enum { PAGE_FILTERS_MAX = 32 };

/* Which part of a list a page is. */
typedef enum page_seek_t {
    PAGE_FIRST,  /* its start */
    PAGE_AFTER,  /* the rows behind a cursor */
    PAGE_BEFORE, /* those ahead of it, and of them the nearest ones */
} page_seek_t;

/* One page of a list, as a query asks for it. */
typedef struct page_t {
    const resource_t *resource;
    int limit;                          /* rows, 1 or more */
    filter_t filters[PAGE_FILTERS_MAX]; /* in the order of the resource's fields, then of the tests */
    int filter_count;
    const field_t *order; /* what the rows are in the order of, the id breaking ties */
    int is_ascending;
    int is_ordered;  /* whether the query says so, and not we */
    fields_t fields; /* those that are shown */
    page_seek_t seek;
    const char *key; /* the cursor: its row's value of `order`, as statements take it; NULL by id alone */
    const char *id;  /* ... its id */
} page_t;

/* Where rows without created_at stand in the order of created_at, and how an infinite time is written. */
#define PAGE_OLDEST "-infinity"
#define PAGE_NEWEST "infinity"

/* The field that lists may be in the order of beside the id: created_at; NULL: there is none. */
const field_t *page_created(const resource_t *resource);

/* Whether the field is the time of creation by which rows without one have a place: that of PAGE_OLDEST. */
int page_has_oldest(const resource_t *resource, const field_t *field);

/* The n-th field (from 0) that a list with the page's filters may be in the order of, the first one being
 * what it is in unless told; NULL: there are no more. A range is served by its field's index, so that a list
 * with ranges is in the order of one of their fields. */
const field_t *page_possible_order(const page_t *page, int n);

/* Whether a list of the resource may be in the order of the field, be it with the right filters. */
int page_can_order(const resource_t *resource, const field_t *field);

/* Whether all rows have one created_at, so that the order of the id is that of created_at and the id. */
int page_is_of_one_time(const page_t *page);

/* Whether the rows are in the order of the field that stands for their time of creation. */
int page_is_by_created(const page_t *page);

/* The start of a list in its usual order, without filters. */
void page_start(page_t *page, const resource_t *resource);

/* Moves the cursor to a row: its value of page->order (NULL where it has none, or by id alone) and its id,
 * as statements take them. */
void page_move(page_t *page, page_seek_t seek, const char *key, const char *id);

#endif
