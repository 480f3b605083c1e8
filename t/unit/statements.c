/* SPDX-License-Identifier: Apache-2.0 */

/* Prints every SQL statement that the API runs on a tenant's rows, for tests that run them without the
 * module:
 *
 *     resource TAB label TAB statement
 *
 * `%s` stands for a parameter and `%%` for a percent sign (store/statement.h). Of the lists that are filtered
 * there is one for each field, and one for all of them at once, whose label is `-`. */

#include <apr_general.h>
#include <stdio.h>

#include "api/page.h"
#include "api/sql.h"
#include "api/sql_list.h"

static void print(const resource_t *resource, const statement_t *statement)
{
    if (!resource->is_admin)
        printf("%s\t%s\t%s\n", resource->name, statement->label ? statement->label : "-", statement->sql);
}

static void print_list(const resource_t *resource, page_t *page, apr_pool_t *pool)
{
    statement_t statement;

    for (page->is_after = 0; page->is_after <= 1; page->is_after++) {
        sql_list(&statement, resource, page, pool);
        print(resource, &statement);
    }
}

static void print_filtered(const resource_t *resource, apr_pool_t *pool)
{
    page_t all = {0};

    for (const field_t *field = resource->fields; field->name; field++) {
        page_t page = {.filters = {{field, NULL}}, .filter_count = 1};

        if (!(field->flags & FIELD_FILTER))
            continue;
        all.filters[all.filter_count++].field = field;
        print_list(resource, &page, pool);
    }
    print_list(resource, &all, pool);
}

int main(void)
{
    apr_pool_t *pool;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return 1;
    sql_build(pool);
    sql_each(print);
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (resource->operations & RESOURCE_LIST)
            print_filtered(resource, pool);
    }
    apr_terminate();
    return fflush(stdout) != 0;
}
