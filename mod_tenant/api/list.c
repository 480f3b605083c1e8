/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"

#include <apr_strings.h>

#include "read.h"
#include "reply.h"
#include "represent.h"
#include "scope.h"
#include "sql_list.h"

/* The column of a field in an answer's rows. */
static int column_of(const resource_t *resource, const char *name)
{
    int column = 0;

    for (const field_t *field = resource->fields; strcmp(field->name, name) != 0; field++)
        column += field_is_readable(field);
    return column;
}

void list_advance(page_t *page, const resource_t *resource, rows_t *rows, int n, apr_pool_t *pool)
{
    const char *created = NULL;

    rows_seek(rows, n);
    if (resource->order == ORDER_CREATED) {
        created = rows_text(rows, column_of(resource, "created_at"));
        if (created && strcmp(created, "infinity") != 0)
            created = represent_time(created, pool);
    }
    page_advance(page, rows_text(rows, 0), created);
}

/* The path of the page behind row n. */
static const char *next_path(const api_t *api, rows_t *rows, int n)
{
    page_t page = api->page;
    apr_pool_t *pool = api->r->pool;

    list_advance(&page, api->route.resource, rows, n, pool);
    return apr_pstrcat(pool, scope_path(api, NULL), "?",
                       page_next(&page, api->route.resource, page.id, page.created, pool), NULL);
}

/* Writes a list of up to limit rows; one more than that tells that there is a next page. */
static const problem_t *answer_list(api_t *api, rows_t *rows)
{
    int more = rows_count(rows) > api->page.limit;
    int count = more ? api->page.limit : rows_count(rows);
    const char *next = more ? next_path(api, rows, count - 1) : NULL;
    writer_t writer;

    writer_init(&writer, api->r->pool, (apr_size_t)(count + 1) * READ_ROW_SIZE);
    writer_literal(&writer, "{\"data\":[");
    for (int n = 0; n < count; n++) {
        if (n > 0)
            writer_literal(&writer, ",");
        represent_row(&writer, api->route.resource, rows, n);
    }
    writer_literal(&writer, "],\"next\":");
    writer_text(&writer, next);
    writer_literal(&writer, "}\n");
    if (next)
        apr_table_setn(api->r->headers_out, "Link",
                       apr_pstrcat(api->r->pool, "<", next, ">; rel=\"next\"", NULL));
    return api_answered(api, reply_json(api->r, HTTP_OK, &writer));
}

const problem_t *list_read(const api_t *api, int limit, rows_t **rows, apr_pool_t *pool)
{
    const page_t *page = &api->page;
    values_t values = {.count = 0};
    statement_t statement;

    scope_add(&values, api);
    for (int i = 0; i < page->filter_count; i++)
        values_add(&values, page->filters[i].value);
    if (page->is_after && api->route.resource->order == ORDER_CREATED)
        values_add(&values, page->created);
    if (page->is_after)
        values_add(&values, page->id);
    values_add(&values, apr_itoa(pool, limit));
    sql_list(&statement, api->route.resource, page, pool);
    return database_read_into(scope_database(api), api->r, &statement, values.list, rows, pool);
}

const problem_t *list_run(api_t *api)
{
    const problem_t *problem;
    rows_t *rows;

    problem = list_read(api, api->page.limit + 1, &rows, api->r->pool);
    return problem ? problem : answer_list(api, rows);
}
