/* SPDX-License-Identifier: Apache-2.0 */
#include "page.h"

#include <string.h>

int page_is_by_created(const page_t *page)
{
    return page->order == page_created(page->resource);
}

const field_t *page_created(const resource_t *resource)
{
    return resource_field(resource, "created_at", sizeof "created_at" - 1);
}

int page_has_oldest(const resource_t *resource, const field_t *field)
{
    return resource->order == ORDER_CREATED && field == page_created(resource);
}

void page_start(page_t *page, const resource_t *resource)
{
    memset(page, 0, sizeof *page);
    page->resource = resource;
    page->fields = FIELDS_ALL;
    page->order = resource->order == ORDER_CREATED ? page_created(resource) : resource->fields;
}

const field_t *page_possible_order(const page_t *page, int n)
{
    const resource_t *resource = page->resource;
    const field_t *usual[] = {resource->fields, page_created(resource)};
    const field_t *range = NULL;
    int ranges = 0;

    for (int i = 0; i < page->filter_count; i++) {
        const filter_t *filter = &page->filters[i];

        if (!filter_is_range(filter) || filter->field == range)
            continue;
        range = filter->field;
        if (ranges++ == n)
            return range;
    }
    if (ranges > 0 || n > 1)
        return NULL;
    return usual[resource->order == ORDER_CREATED ? 1 - n : n];
}

int page_can_order(const resource_t *resource, const field_t *field)
{
    filter_t filter = {.field = field};

    if (field == resource->fields || field == page_created(resource))
        return 1;
    for (int test = 0; test < FILTER_TESTS; test++) {
        filter.test = (filter_test_t)test;
        if ((filter_tests(field) >> test & 1) && filter_is_range(&filter))
            return 1;
    }
    return 0;
}

int page_is_of_one_time(const page_t *page)
{
    const field_t *created = page_created(page->resource);

    for (int i = 0; i < page->filter_count; i++) {
        if (page->filters[i].field == created && !filter_is_range(&page->filters[i]))
            return 1;
    }
    return 0;
}

void page_move(page_t *page, page_seek_t seek, const char *key, const char *id)
{
    page->seek = seek;
    page->key = page->order == page->resource->fields ? NULL : key ? key : PAGE_OLDEST;
    page->id = id;
}
