/* SPDX-License-Identifier: Apache-2.0 */

/* Prints every SQL statement that the API runs, and those that store Twilio's events, but for combinations of
 * filters, for tests that run them without the module:
 *
 *     resource TAB label TAB statement TAB values
 *
 * `%s` and `%d` stand for a parameter and `%%` for a percent sign (store/statement.h). values say what the
 * parameters of a list or count are, in order, separated by spaces: `tenant`; a filter as in a query, without
 * its value; `order.NAME`, the place of the cursor's row in the order of that field; `limit`. They are empty
 * for all other statements. The label is `-` where there is none; a list by all filters at once stands for
 * the combinations. */

#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

#include "resource/page.h"
#include "resource/sql.h"
#include "resource/sql_list.h"
#include "twilio/upsert.h"

static void print_one(const resource_t *resource, const statement_t *statement, const char *values)
{
    printf("%s\t%s\t%s\t%s\n", resource->name, statement->label ? statement->label : "-", statement->sql,
           values);
}

static void print(const resource_t *resource, const statement_t *statement)
{
    print_one(resource, statement, "");
}

/* What the values of a page's statement are, but for the limit and what sets the context. */
static const char *describe(const page_t *page, apr_pool_t *pool)
{
    const char *text = page->resource->is_admin ? "" : "tenant ";
    values_t values = {.count = 0};
    page_t named = *page;

    for (int i = 0; i < named.filter_count; i++)
        named.filters[i].value =
            apr_pstrcat(pool, named.filters[i].field->name, filter_suffix(named.filters[i].test), NULL);
    page_move(&named, page->seek, apr_pstrcat(pool, "order.", page->order->name, NULL), "order.id");
    sql_list_values(&named, &values);
    for (int n = 0; n < values.count; n++)
        text = apr_pstrcat(pool, text, values.list[n], " ", NULL);
    return text;
}

static void print_page(const page_t *page, void *pool)
{
    const char *values = describe(page, pool);
    const char *context = page->resource->is_admin ? "" : "tenant";
    statement_t statement;

    sql_list(&statement, page, pool);
    print_one(page->resource, &statement, apr_pstrcat(pool, values, "limit ", context, NULL));
    if (page->seek != PAGE_FIRST || page->is_ascending)
        return;
    sql_count(&statement, page, pool);
    print_one(page->resource, &statement, apr_pstrcat(pool, values, context, NULL));
}

/* All of its filters by equality at once. */
static void print_filtered(const resource_t *resource, apr_pool_t *pool)
{
    page_t all;

    page_start(&all, resource);
    for (const field_t *field = resource->fields; field->name; field++) {
        if (filter_tests(field))
            all.filters[all.filter_count++].field = field;
    }
    print_page(&all, pool);
}

static void print_events(void)
{
    for (upsert_t upsert = {.table = 0}; upsert.table < UPSERT_TABLES; upsert.table++) {
        const char *name = upsert_resource(&upsert);

        print(resource_find(name, strlen(name), 0), upsert_statement(upsert.table));
    }
}

int main(void)
{
    apr_pool_t *pool;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return 1;
    sql_build(pool);
    sql_each(print);
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (!(resource->operations & RESOURCE_LIST))
            continue;
        sql_list_pages(resource, print_page, pool);
        print_filtered(resource, pool);
    }
    print_events();
    apr_terminate();
    return fflush(stdout) != 0;
}
