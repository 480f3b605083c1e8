/* SPDX-License-Identifier: Apache-2.0 */
#include "sealed.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <stdlib.h>
#include <string.h>

#include "../resource/resources.h"

/* Rows that are read at a time. */
#define PAGE "200"

/* It has been moved there as it was. Past its time nobody needs it, nor the key that it is under. */
static const sealed_column_t previous_token = {"tenants", "id", "twilio_auth_token_previous",
                                               "twilio_auth_token",
                                               "twilio_auth_token_previous_until > now()"};

const sealed_column_t *sealed_columns(apr_pool_t *pool)
{
    apr_array_header_t *columns = apr_array_make(pool, 4, sizeof(sealed_column_t));

    for (const resource_t *resource = resources; resource->name; resource++) {
        if (resource->spans_tenants) /* the same rows as of another resource */
            continue;
        for (const field_t *field = resource->fields; field->name; field++) {
            if (field->type == FIELD_SECRET)
                APR_ARRAY_PUSH(columns, sealed_column_t) =
                    (sealed_column_t){resource_table(resource), resource_tenant_column(resource),
                                      field_column(field), field_column(field), NULL};
        }
    }
    APR_ARRAY_PUSH(columns, sealed_column_t) = previous_token;
    APR_ARRAY_PUSH(columns, sealed_column_t) = (sealed_column_t){0};
    return (const sealed_column_t *)columns->elts;
}

/* SELECT of the values of a column, up to its WHERE. */
static const char *select_sql(const sealed_column_t *column, apr_pool_t *pool)
{
    return apr_psprintf(
        pool,
        "SELECT id::text, %s::text, row_version::text, %s, EXISTS (SELECT FROM public.tenant_moves m"
        " WHERE m.tenant = t.%s AND m.answer = 'moved') FROM public.%s t WHERE %s%s%s IS NOT NULL",
        column->tenant_column, column->name, column->tenant_column, column->table,
        column->holds ? column->holds : "", column->holds ? " AND " : "", column->name);
}

seal_place_t sealed_place(const sealed_column_t *column, const sealed_value_t *value)
{
    return (seal_place_t){value->tenant_id, column->table, column->place};
}

static sealed_value_t value_of(const rowset_t *rows, int n)
{
    return (sealed_value_t){
        .row = rowset_text(rows, n, 0),
        .tenant_id = atoi(rowset_text(rows, n, 1)),
        .version = rowset_text(rows, n, 2),
        .text = rowset_text(rows, n, 3),
        .has_moved = strcmp(rowset_text(rows, n, 4), "t") == 0,
    };
}

/* Visits a page of values. *last is the id of its last row, in pool, NULL behind the last page. */
static int visit_page(console_t *database, const sealed_column_t *column, const char **last,
                      sealed_visit_fn *visit, void *context, apr_pool_t *pool)
{
    apr_pool_t *page, *each;
    const char *sql;
    rowset_t *rows;
    int done;

    apr_pool_create(&page, pool);
    apr_pool_create(&each, page);
    /* `id` alone would be the text that is selected */
    sql = apr_pstrcat(page, select_sql(column, page), *last ? " AND id > $1" : "",
                      " ORDER BY t.id LIMIT " PAGE, NULL);
    rows = console_run(database, page, sql, last, *last ? 1 : 0);
    done = rows != NULL;
    for (int n = 0; done && n < rowset_count(rows); n++) {
        sealed_value_t value = value_of(rows, n);

        done = visit(context, column, &value, each);
        apr_pool_clear(each);
    }
    *last = done && rowset_count(rows) > 0 ? apr_pstrdup(pool, rowset_text(rows, rowset_count(rows) - 1, 0))
                                           : NULL;
    apr_pool_destroy(page);
    return done;
}

int sealed_each(console_t *database, const sealed_column_t *column, sealed_visit_fn *visit, void *context,
                apr_pool_t *pool)
{
    const char *last = NULL;
    int done;

    do {
        done = visit_page(database, column, &last, visit, context, pool);
    } while (done && last);
    return done;
}

int sealed_again(sealed_value_t *value, console_t *database, const sealed_column_t *column, const char *row,
                 apr_pool_t *pool)
{
    const char *sql = apr_pstrcat(pool, select_sql(column, pool), " AND id = $1", NULL);
    rowset_t *rows = console_run(database, pool, sql, &row, 1);

    if (!rows)
        return -1;
    if (rowset_count(rows) == 0)
        return 0;
    *value = value_of(rows, 0);
    return 1;
}
