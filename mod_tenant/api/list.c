/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"

#include <apr_strings.h>

#include "../http/gate.h"
#include "../http/prefer.h"
#include "../http/reply.h"
#include "../resource/cursor.h"
#include "../resource/page_query.h"
#include "../resource/represent.h"
#include "../resource/sql_list.h"
#include "portion.h"
#include "read.h"
#include "scope.h"
#include "sender.h"
#include "sheet.h"

/* The path of a page; cursor is its own, or NULL of a first page. */
static const char *path_of(const api_t *api, const page_t *page, const char *cursor)
{
    return apr_pstrcat(api->exchange.r->pool, scope_path(api, NULL), "?",
                       page_query_at(page, cursor, api->exchange.r->pool), NULL);
}

/* Moves a page to beside row n of a sheet. */
static void move_beside(page_t *page, page_seek_t seek, const sheet_t *sheet, int n, apr_pool_t *pool)
{
    int row;
    rows_t *rows = sheet_row(sheet, n, &row);

    portion_move(page, seek, rows, row, pool);
}

/* Moves a page to the next one; 0: there is none. */
static int move_on(page_t *page, const sheet_t *sheet, apr_pool_t *pool)
{
    if (sheet->count == 0) {
        page->seek = PAGE_FIRST; /* nothing is ahead of that cursor */
        return sheet->is_reversed;
    }
    if (!sheet->has_more && !sheet->is_reversed)
        return 0;
    move_beside(page, PAGE_AFTER, sheet, sheet->count - 1, pool);
    return 1;
}

/* Where a list goes on: each NULL where it does not. */
typedef struct next_t {
    const char *path;
    const char *cursor;
} next_t;

static next_t find_next(const api_t *api, const sheet_t *sheet)
{
    page_t page = api->page;
    next_t next = {NULL, NULL};

    if (!move_on(&page, sheet, api->exchange.r->pool))
        return next;
    if (page.seek != PAGE_FIRST)
        next.cursor = cursor_write(&page, api->exchange.r->pool);
    next.path = path_of(api, &page, next.cursor);
    return next;
}

/* The path of the page ahead of this one, or NULL. */
static const char *previous_path(const api_t *api, const sheet_t *sheet)
{
    int is_there = sheet->is_reversed ? sheet->has_more : api->page.seek == PAGE_AFTER;
    page_t page = api->page;

    if (!is_there || sheet->count == 0)
        return NULL;
    move_beside(&page, PAGE_BEFORE, sheet, 0, api->exchange.r->pool);
    return path_of(api, &page, cursor_write(&page, api->exchange.r->pool));
}

/* RFC 8288. */
static void set_link(const api_t *api, const char *next, const char *previous)
{
    apr_pool_t *pool = api->exchange.r->pool;
    const char *link = next ? apr_pstrcat(pool, "<", next, ">; rel=\"next\"", NULL) : NULL;

    if (previous)
        link = apr_pstrcat(pool, link ? link : "", link ? ", " : "", "<", previous, ">; rel=\"prev\"", NULL);
    if (link)
        apr_table_setn(api->exchange.r->headers_out, "Link", link);
}

/* Writes the page; count is the number of all rows that the list has, or NULL. */
static void write_page(writer_t *writer, api_t *api, const sheet_t *sheet, const next_t *next,
                       const char *count)
{
    view_t view = scope_view(api, api->page.fields);

    writer_literal(writer, "{\"data\":[");
    for (int n = 0; n < sheet->count; n++) {
        int row;
        rows_t *rows = sheet_row(sheet, n, &row);

        if (n > 0)
            writer_literal(writer, ",");
        represent_row(writer, &view, rows, row);
    }
    writer_literal(writer, "],\"next\":");
    writer_text(writer, next->path);
    writer_literal(writer, ",\"next_cursor\":");
    writer_text(writer, next->cursor);
    if (count) {
        writer_literal(writer, ",\"count\":");
        writer_raw(writer, count, strlen(count));
    }
    writer_literal(writer, "}\n");
}

/* Sends the page as soon as it may. */
static const problem_t *send_page(api_t *api, const writer_t *writer, const char *next, const char *previous,
                                  int is_counted)
{
    gate_pair_t places;
    const problem_t *problem = sender_enter_answer(&places, api, writer->length);

    if (problem)
        return problem;
    if (is_counted)
        apr_table_setn(api->exchange.r->headers_out, "Preference-Applied", "count=exact");
    set_link(api, next, previous);
    exchange_answered(&api->exchange, reply_json(api->exchange.r, HTTP_OK, writer));
    gate_pair_leave(&places);
    return NULL;
}

/* Answers with the page; the place among the tenant's lists ends with it. Once it is text the rows are not
 * needed, and once httpd has it the text is not: a slow client keeps neither, and nobody waiting. */
static const problem_t *answer_list(api_t *api, sheet_t *sheet, const char *count, gate_place_t *place)
{
    apr_pool_t *pool = reply_pool(api->exchange.r, sheet->size);
    next_t next = find_next(api, sheet);
    const char *previous = previous_path(api, sheet);
    const problem_t *problem;
    writer_t writer;

    writer_init(&writer, pool, sheet->size + (apr_size_t)(sheet->count + 1) * READ_ROW_SIZE);
    write_page(&writer, api, sheet, &next, count);
    sheet_free(sheet);
    gate_leave(place);
    problem = send_page(api, &writer, next.path, previous, count != NULL);
    reply_pool_end(api->exchange.r, pool);
    return problem;
}

const problem_t *list_enter(api_t *api, gate_place_t **place, apr_pool_t *pool)
{
    const pool_settings_t *settings = &api->exchange.server->pool;
    const gate_claim_t claim = {.kind = GATE_LIST,
                                .scope = api->scope.database,
                                .tenant = scope_tenant(api),
                                .most = settings->lists,
                                .wait = settings->wait};

    *place = NULL;
    if (settings->lists == 0)
        return NULL;
    *place = gate_wait(api->exchange.server->gates, &claim, pool);
    if (*place)
        return NULL;
    api->exchange.detail = "The tenant has as many lists under way as it may have.";
    return &problem_rate_limited;
}

/* Lets a list in that is to be counted, which may take long: one at a time, and nobody stands in line. */
static const problem_t *enter_count(api_t *api, gate_place_t **place)
{
    *place = gate_enter(api->exchange.server->gates, GATE_COUNT, api->scope.database, scope_tenant(api),
                        api->exchange.r->pool);
    if (*place)
        return NULL;
    api->exchange.detail = "Another list of this tenant is being counted: wait for its answer.";
    return &problem_rate_limited;
}

/* The number of rows of the whole list. */
static const problem_t *read_count(const api_t *api, const char **count)
{
    const char *values[NAMED_VALUES_MAX];
    const given_t given = scope_given(api);
    const problem_t *problem;
    page_t first = api->page;
    named_t counting;
    rows_t *rows;

    first.seek = PAGE_FIRST;
    sql_count(&counting, &first, api->exchange.r->pool);
    problem = database_read(api->scope.database, api->exchange.r, scope_reader(api), &counting.statement,
                            named_values(&counting, &given, values), &rows);
    if (problem)
        return problem;
    rows_seek(rows, 0);
    *count = rows_text(rows, 0);
    return NULL;
}

const problem_t *list_run(api_t *api)
{
    int is_counted = prefer_states(apr_table_get(api->exchange.r->headers_in, "Prefer"), "count", "exact");
    const char *count = NULL;
    gate_place_t *counting = NULL;
    gate_place_t *place = NULL;
    const problem_t *problem = is_counted ? enter_count(api, &counting) : NULL;
    sheet_t sheet;

    if (!problem)
        problem = list_enter(api, &place, api->exchange.r->pool);
    if (!problem && is_counted)
        problem = read_count(api, &count);
    if (counting)
        gate_leave(counting);
    if (!problem)
        problem = sheet_read(api, &sheet);
    if (!problem)
        return answer_list(api, &sheet, count, place);
    gate_leave(place); /* its client may take its time for the problem */
    return problem;
}
