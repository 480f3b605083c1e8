/* SPDX-License-Identifier: Apache-2.0 */
#include "portion.h"

#include <apr_strings.h>

#include "../resource/scalar.h"
#include "../resource/sql_list.h"
#include "scope.h"

/* The column of a field in an answer's rows. */
static int column_of(const resource_t *resource, const field_t *wanted)
{
    int column = 0;

    for (const field_t *field = resource->fields; field != wanted; field++)
        column += field_is_selected(field);
    return column;
}

/* A value of the current row as cursors have it; NULL: it has no place in an order of values. */
static const char *key_of(const rows_t *rows, const field_t *field, int column, apr_pool_t *pool)
{
    scalar_t value;

    scalar_read(&value, field->type, rows, column);
    if (value.is_endless)
        return PAGE_NEWEST;
    if (value.text && field->type == FIELD_TIME)
        return scalar_time_value(&value, pool);
    if (value.text && field->type == FIELD_BOOLEAN)
        value.length = 1;
    return value.text ? apr_pstrmemdup(pool, value.text, value.length) : NULL;
}

void portion_move(page_t *page, page_seek_t seek, rows_t *rows, int n, apr_pool_t *pool)
{
    const field_t *id = page->resource->fields;
    const char *key = NULL;

    rows_seek(rows, n);
    if (page->order != id)
        key = key_of(rows, page->order, column_of(page->resource, page->order), pool);
    page_move(page, seek, key, key_of(rows, id, 0, pool));
}

void portion_advance(page_t *page, rows_t *rows, int n, apr_pool_t *pool)
{
    portion_move(page, page->seek == PAGE_BEFORE ? PAGE_BEFORE : PAGE_AFTER, rows, n, pool);
}

/* Makes the statement of a page's rows, so many at most, and its values. */
static void prepare_rows(const api_t *api, const page_t *page, int limit, named_t *statement,
                         const char **values, apr_pool_t *pool)
{
    given_t given = scope_given(api);

    given.page = page;
    given.single[NAME_LIMIT] = apr_itoa(pool, limit);
    sql_list(statement, page, pool);
    named_values(statement, &given, values);
}

const problem_t *portion_read(const api_t *api, const page_t *page, int limit, rows_t **rows,
                              apr_pool_t *pool)
{
    const char *values[NAMED_VALUES_MAX];
    named_t list;

    prepare_rows(api, page, limit, &list, values, pool);
    return database_read_into(api->scope.database, api->exchange.r, scope_reader(api), &list.statement,
                              values, rows, pool);
}

const problem_t *portion_read_short(const api_t *api, int limit, rows_t **rows)
{
    const char *values[NAMED_VALUES_MAX];
    named_t list;

    prepare_rows(api, &api->page, limit, &list, values, api->exchange.r->pool);
    return database_read_page(api->scope.database, api->exchange.r, scope_reader(api), &list.statement,
                              values, rows);
}
