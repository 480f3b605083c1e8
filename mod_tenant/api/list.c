/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"

#include <apr_strings.h>

#include "cursor.h"
#include "gate.h"
#include "prefer.h"
#include "read.h"
#include "reply.h"
#include "represent.h"
#include "scalar.h"
#include "scope.h"
#include "sql_list.h"

/* The rows of a page, in its order. */
typedef struct shown_t {
    rows_t *rows;
    int count;
    int is_reversed; /* they were read from the last to the first */
    int has_more;    /* there are others in the direction in which they were read */
} shown_t;

/* Row n of the page by its number in the rows. */
static int row_of(const shown_t *shown, int n)
{
    return shown->is_reversed ? shown->count - 1 - n : n;
}

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

/* Moves a page's cursor to row n of the rows. */
static void move(page_t *page, page_seek_t seek, rows_t *rows, int n, apr_pool_t *pool)
{
    const field_t *id = page->resource->fields;
    const char *key = NULL;

    rows_seek(rows, n);
    if (page->order != id)
        key = key_of(rows, page->order, column_of(page->resource, page->order), pool);
    page_move(page, seek, key, key_of(rows, id, 0, pool));
}

void list_advance(page_t *page, rows_t *rows, int n, apr_pool_t *pool)
{
    move(page, PAGE_AFTER, rows, n, pool);
}

static const char *path_of(const api_t *api, const page_t *page)
{
    return apr_pstrcat(api->r->pool, scope_path(api, NULL), "?", page_query(page, api->r->pool), NULL);
}

/* Moves a page to the next one; 0: there is none. */
static int move_on(page_t *page, const shown_t *shown, apr_pool_t *pool)
{
    if (shown->count == 0) {
        page->seek = PAGE_FIRST; /* nothing is ahead of that cursor */
        return shown->is_reversed;
    }
    if (!shown->has_more && !shown->is_reversed)
        return 0;
    move(page, PAGE_AFTER, shown->rows, row_of(shown, shown->count - 1), pool);
    return 1;
}

/* Writes the members `next` and `next_cursor`; returns the path of the next page, or NULL. */
static const char *write_next(const api_t *api, writer_t *writer, const shown_t *shown)
{
    page_t page = api->page;
    const char *next = move_on(&page, shown, api->r->pool) ? path_of(api, &page) : NULL;

    writer_literal(writer, "],\"next\":");
    writer_text(writer, next);
    writer_literal(writer, ",\"next_cursor\":");
    writer_text(writer, next && page.seek != PAGE_FIRST ? cursor_write(&page, api->r->pool) : NULL);
    return next;
}

/* The path of the page ahead of this one, or NULL. */
static const char *previous_path(const api_t *api, const shown_t *shown)
{
    int is_there = shown->is_reversed ? shown->has_more : api->page.seek == PAGE_AFTER;
    page_t page = api->page;

    if (!is_there || shown->count == 0)
        return NULL;
    move(&page, PAGE_BEFORE, shown->rows, row_of(shown, 0), api->r->pool);
    return path_of(api, &page);
}

/* RFC 8288. */
static void set_link(const api_t *api, const char *next, const char *previous)
{
    apr_pool_t *pool = api->r->pool;
    const char *link = next ? apr_pstrcat(pool, "<", next, ">; rel=\"next\"", NULL) : NULL;

    if (previous)
        link = apr_pstrcat(pool, link ? link : "", link ? ", " : "", "<", previous, ">; rel=\"prev\"", NULL);
    if (link)
        apr_table_setn(api->r->headers_out, "Link", link);
}

/* Answers with rows, of which there is one more than are shown where there is more; count is the number of
 * all that the list has, or NULL. The place among the tenant's lists ends with it. */
static const problem_t *answer_list(api_t *api, rows_t *rows, const char *count, gate_place_t *place)
{
    const page_t *page = &api->page;
    view_t view = scope_view(api, page->fields);
    shown_t shown = {.rows = rows, .count = rows_count(rows), .is_reversed = page->seek == PAGE_BEFORE};
    const char *next;
    writer_t writer;

    if (shown.count > page->limit) {
        shown.count = page->limit;
        shown.has_more = 1;
    }
    writer_init(&writer, api->r->pool, (apr_size_t)(shown.count + 1) * READ_ROW_SIZE);
    writer_literal(&writer, "{\"data\":[");
    for (int n = 0; n < shown.count; n++) {
        if (n > 0)
            writer_literal(&writer, ",");
        represent_row(&writer, &view, rows, row_of(&shown, n));
    }
    next = write_next(api, &writer, &shown);
    if (count) {
        writer_literal(&writer, ",\"count\":");
        writer_raw(&writer, count, strlen(count));
        apr_table_setn(api->r->headers_out, "Preference-Applied", "count=exact");
    }
    writer_literal(&writer, "}\n");
    set_link(api, next, previous_path(api, &shown));
    gate_leave(place); /* a slow client keeps nobody waiting */
    return api_answered(api, reply_json(api->r, HTTP_OK, &writer));
}

const problem_t *list_enter(api_t *api, gate_place_t **place, apr_pool_t *pool)
{
    const pool_settings_t *settings = &api->server->pool;

    *place = NULL;
    if (settings->lists == 0)
        return NULL;
    *place = gate_wait(api->server->gates, GATE_LIST, scope_database(api), scope_tenant(api), settings->lists,
                       settings->wait, pool);
    if (*place)
        return NULL;
    api->detail = "The tenant has as many lists under way as it may have.";
    return &problem_rate_limited;
}

/* Makes the statement of a list's next rows, so many at most. */
static void prepare_rows(const api_t *api, int limit, statement_t *statement, values_t *values,
                         apr_pool_t *pool)
{
    values->count = 0;
    scope_add(values, api);
    sql_list_values(&api->page, values);
    values_add(values, apr_itoa(pool, limit));
    scope_add(values, api);
    sql_list(statement, &api->page, pool);
}

const problem_t *list_read(const api_t *api, int limit, rows_t **rows, apr_pool_t *pool)
{
    values_t values;
    statement_t statement;

    prepare_rows(api, limit, &statement, &values, pool);
    return database_read_into(scope_database(api), api->r, &statement, values.list, rows, pool);
}

/* A page of so many rows at most takes so little time that others may wait for it. */
enum { SHORT_PAGE = 50 };

/* Whether the page is such a one, with no rows in between that a filter turns down. */
static int is_short(const page_t *page)
{
    return page->filter_count == 0 && page->limit <= SHORT_PAGE && !page->resource->is_admin;
}

/* The rows of the page that is asked for, and one more. */
static const problem_t *read_page(const api_t *api, rows_t **rows)
{
    values_t values;
    statement_t statement;

    prepare_rows(api, api->page.limit + 1, &statement, &values, api->r->pool);
    if (is_short(&api->page))
        return database_read_page(scope_database(api), api->r, &statement, values.list, rows);
    return database_read(scope_database(api), api->r, &statement, values.list, rows);
}

/* Lets a list in that is to be counted, which may take long: one at a time, and nobody stands in line. */
static const problem_t *enter_count(api_t *api, gate_place_t **place)
{
    *place = gate_enter(api->server->gates, GATE_COUNT, scope_database(api), scope_tenant(api), api->r->pool);
    if (*place)
        return NULL;
    api->detail = "Another list of this tenant is being counted: wait for its answer.";
    return &problem_rate_limited;
}

/* The number of rows of the whole list. */
static const problem_t *read_count(const api_t *api, const char **count)
{
    const problem_t *problem;
    values_t values = {.count = 0};
    page_t first = api->page;
    statement_t statement;
    rows_t *rows;

    first.seek = PAGE_FIRST;
    scope_add(&values, api);
    sql_list_values(&first, &values);
    scope_add(&values, api);
    sql_count(&statement, &first, api->r->pool);
    problem = database_read(scope_database(api), api->r, &statement, values.list, &rows);
    if (problem)
        return problem;
    rows_seek(rows, 0);
    *count = rows_text(rows, 0);
    return NULL;
}

const problem_t *list_run(api_t *api)
{
    int is_counted = prefer_states(apr_table_get(api->r->headers_in, "Prefer"), "count", "exact");
    const char *count = NULL;
    gate_place_t *counting = NULL;
    gate_place_t *place;
    const problem_t *problem = is_counted ? enter_count(api, &counting) : NULL;
    rows_t *rows;

    if (!problem)
        problem = list_enter(api, &place, api->r->pool);
    if (!problem && is_counted)
        problem = read_count(api, &count);
    if (counting)
        gate_leave(counting);
    if (!problem)
        problem = read_page(api, &rows);
    return problem ? problem : answer_list(api, rows, count, place);
}
