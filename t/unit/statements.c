/* SPDX-License-Identifier: Apache-2.0 */

/* Prints every SQL statement that the API runs, and those that store Twilio's events, but for combinations of
 * filters, for tests that run them without the module:
 *
 *     resource TAB label TAB statement TAB names
 *
 * A resource is called as build/unit/resources calls it.
 * `%s` and `%d` stand for a parameter and `%%` for a percent sign (store/statement.h). names say what the
 * parameters are, in order, separated by spaces (resource/named.h); that of a filter is what a query calls
 * it: `status`, `created_at.gte`. The label is `-` where there is none; a list by all filters at once stands
 * for the combinations. Fails where a parameter has no name. */

#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>

#include "called.h"
#include "resource/named.h"
#include "resource/page.h"
#include "resource/resources.h"
#include "resource/sql.h"
#include "resource/sql_list.h"
#include "twilio/upsert.h"

static apr_pool_t *pool;

/* page: that the statement lists; else NULL. */
static void print_name(const name_t *name, const page_t *page)
{
    const filter_t *filter = page && name->kind == NAME_FILTER ? &page->filters[name->number] : NULL;

    if (!name->text) {
        fprintf(stderr, "a parameter has no name\n");
        exit(1);
    }
    printf("%s", filter ? filter_name(filter->field, filter->test, pool) : name->text);
}

static void print(const resource_t *resource, const named_t *named, const page_t *page)
{
    const char *label = named->statement.label ? named->statement.label : "-";

    printf("%s\t%s\t%s\t", called(resource, pool), label, named->statement.sql);
    for (int n = 0; n < named->count; n++) {
        printf("%s", n > 0 ? " " : "");
        print_name(&named->names[n], page);
    }
    printf("\n");
}

static void print_one(const resource_t *resource, const named_t *named)
{
    print(resource, named, NULL);
}

static void print_page(const page_t *page, void *unused)
{
    named_t named;

    (void)unused;
    sql_list(&named, page, pool);
    print(page->resource, &named, page);
    if (page->seek != PAGE_FIRST || page->is_ascending)
        return;
    sql_count(&named, page, pool);
    print(page->resource, &named, page);
}

/* All of its filters by equality at once. */
static void print_filtered(const resource_t *resource)
{
    page_t all;

    page_start(&all, resource);
    for (const field_t *field = resource->fields; field->name; field++) {
        if (filter_tests(field))
            all.filters[all.filter_count++].field = field;
    }
    print_page(&all, NULL);
}

static void print_events(void)
{
    for (upsert_t upsert = {.table = 0}; upsert.table < UPSERT_TABLES; upsert.table++) {
        const statement_t *statement = upsert_statement(upsert.table);

        printf("%s\t%s\t%s\ttenant", upsert_resource(&upsert), statement->label, statement->sql);
        for (const char *const *column = upsert_columns(upsert.table); *column; column++)
            printf(" new.%s", *column);
        printf("\n");
    }
}

int main(void)
{
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return 1;
    sql_build(pool);
    sql_each(print_one);
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (!(resource->operations & RESOURCE_LIST))
            continue;
        sql_list_pages(resource, print_page, NULL);
        print_filtered(resource);
    }
    print_events();
    apr_terminate();
    return fflush(stdout) != 0;
}
