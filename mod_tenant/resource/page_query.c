/* SPDX-License-Identifier: Apache-2.0 */
#include "page_query.h"

#include <apr_escape.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "../http/query.h"
#include "check.h"
#include "cursor.h"

typedef struct parser_t {
    page_t *page;
    int most;           /* what limit may be */
    const char *order;  /* read when the filters are known */
    const char *cursor; /* read when the order is known too */
    apr_pool_t *pool;
} parser_t;

/* --- Parameters ----------------------------------------------------------------------------------------- */

static const problem_t *take_limit(parser_t *parser, const char *value, const char **detail)
{
    if (!check_is_id(value, strlen(value)) || atoi(value) > parser->most) {
        *detail = apr_psprintf(parser->pool, "`limit` must be a number from 1 to %d.", parser->most);
        return &problem_bad_parameter;
    }
    parser->page->limit = atoi(value);
    return NULL;
}

static const problem_t *take_order(parser_t *parser, const char *value, const char **detail)
{
    (void)detail;
    parser->order = value;
    return NULL;
}

/* Shows one more field; 0: there is none of that name, or it is shown already. */
static int show_field(page_t *page, const char *name, apr_size_t length)
{
    const field_t *field = resource_field(page->resource, name, length);
    fields_t bit;

    if (!field || !field_is_readable(field))
        return 0;
    bit = (fields_t)1 << (field - page->resource->fields);
    if (page->fields & bit)
        return 0;
    page->fields |= bit;
    return 1;
}

static const problem_t *take_fields(parser_t *parser, const char *value, const char **detail)
{
    if (parser->page->fields == FIELDS_ALL)
        parser->page->fields = 0;
    for (;; value++) {
        apr_size_t length = strcspn(value, ",");

        if (!show_field(parser->page, value, length)) {
            *detail =
                "`fields` must be names of fields that this list shows, each once, separated by commas or as "
                "a parameter each.";
            return &problem_bad_parameter;
        }
        value += length;
        if (!*value)
            return NULL;
    }
}

static const problem_t *take_cursor(parser_t *parser, page_seek_t seek, const char *value,
                                    const char **detail)
{
    if (parser->cursor) {
        *detail = "`after` and `before` exclude each other.";
        return &problem_bad_cursor;
    }
    parser->page->seek = seek;
    parser->cursor = value;
    return NULL;
}

static const problem_t *take_after(parser_t *parser, const char *value, const char **detail)
{
    return take_cursor(parser, PAGE_AFTER, value, detail);
}

static const problem_t *take_before(parser_t *parser, const char *value, const char **detail)
{
    return take_cursor(parser, PAGE_BEFORE, value, detail);
}

typedef const problem_t *take_fn(parser_t *parser, const char *value, const char **detail);

/* Those that are no filters. */
static const struct {
    const char *name;
    take_fn *take;
} parameters[] = {
    {"after", take_after}, {"before", take_before}, {"fields", take_fields},
    {"limit", take_limit}, {"order", take_order},   {0},
};

/* What takes a parameter; NULL: it is a filter, or nothing. */
static take_fn *find_parameter(const char *name)
{
    int n = 0;

    while (parameters[n].name && strcmp(parameters[n].name, name) != 0)
        n++;
    return parameters[n].take;
}

int page_has_parameter(const char *name)
{
    return find_parameter(name) != NULL;
}

/* Puts a filter where it belongs, whatever the order of the query. */
static const problem_t *take_filter(parser_t *parser, const parameter_t *parameter, const char **detail)
{
    page_t *page = parser->page;
    filter_t filter;
    const problem_t *problem = filter_parse(&filter, page->resource, parameter, detail, parser->pool);
    filter_t *at;

    if (problem)
        return problem;
    if (page->filter_count == PAGE_FILTERS_MAX) {
        *detail = apr_psprintf(parser->pool, "A list has at most %d filters.", PAGE_FILTERS_MAX);
        return &problem_bad_parameter;
    }
    at = page->filters + page->filter_count++;
    for (; at > page->filters &&
           (at[-1].field > filter.field || (at[-1].field == filter.field && at[-1].test > filter.test));
         at--)
        *at = at[-1];
    *at = filter;
    return NULL;
}

static const problem_t *take_parameter(void *context, const parameter_t *parameter, const char **detail)
{
    take_fn *take = find_parameter(parameter->name);

    return take ? take(context, parameter->value, detail) : take_filter(context, parameter, detail);
}

/* --- Order ---------------------------------------------------------------------------------------------- */

/* What `order` may be, and why, as a sentence. */
static const char *order_sentence(const page_t *page, apr_pool_t *pool)
{
    const char *choices = "";
    int is_range = 0;

    for (int i = 0; i < page->filter_count; i++)
        is_range |= filter_is_range(&page->filters[i]);
    for (int n = 0; page_possible_order(page, n); n++)
        choices = apr_psprintf(pool, "%s%s`%s.asc`, `%s.desc`", choices, n ? ", " : "",
                               page_possible_order(page, n)->name, page_possible_order(page, n)->name);
    return apr_psprintf(pool, "%s`order` must be one of %s.",
                        is_range ? "A list with a range of a field is in the order of that field: " : "",
                        choices);
}

/* The field that a name stands for among those that the list may be in the order of, or NULL. */
static const field_t *find_order(const page_t *page, const char *name, apr_size_t length)
{
    const field_t *order;
    int n = 0;

    do
        order = page_possible_order(page, n++);
    while (order && (strlen(order->name) != length || memcmp(order->name, name, length) != 0));
    return order;
}

/* Decides on the order; text is what the query says of it, or NULL. */
static const problem_t *decide_order(page_t *page, const char *text, const char **detail, apr_pool_t *pool)
{
    page->order = page_possible_order(page, 0);
    if (text) {
        apr_size_t length = strcspn(text, ".");

        page->is_ordered = 1;
        page->is_ascending = strcmp(text + length, ".asc") == 0;
        page->order = find_order(page, text, length);
        if (!page->order || (!page->is_ascending && strcmp(text + length, ".desc") != 0)) {
            *detail = order_sentence(page, pool);
            return &problem_bad_parameter;
        }
    }
    if (page->order == page->resource->fields && page_is_of_one_time(page))
        page->order = page_created(page->resource); /* the same, and the one that an index serves */
    return NULL;
}

/* --- Reading and writing -------------------------------------------------------------------------------- */

const problem_t *page_parse(page_t *page, const resource_t *resource, const char *args, int usual, int most,
                            const char **detail, apr_pool_t *pool)
{
    parser_t parser = {.page = page, .most = most, .pool = pool};
    const problem_t *problem;

    page_start(page, resource);
    page->limit = usual;
    if (!args)
        return NULL;
    problem = query_parse(args, "fields", take_parameter, &parser, detail, pool);
    if (!problem)
        problem = decide_order(page, parser.order, detail, pool);
    if (problem || !parser.cursor || cursor_read(page, parser.cursor, pool))
        return problem;
    *detail =
        apr_psprintf(pool,
                     "`%s` must be a cursor of this list, with the same filters and order, as `next` or "
                     "Link gives it.",
                     page->seek == PAGE_AFTER ? "after" : "before");
    return &problem_bad_cursor;
}

/* The names of the fields that are shown. */
static const char *shown_names(const page_t *page, apr_pool_t *pool)
{
    const char *names = "";

    for (int n = 0; page->resource->fields[n].name; n++) {
        if (page->fields >> n & 1)
            names = apr_pstrcat(pool, names, *names ? "," : "", page->resource->fields[n].name, NULL);
    }
    return names;
}

/* A value in a query, its spaces as %20: where a number has its plus, `+` would be refused (filter.c). */
static const char *escaped(const char *value, apr_pool_t *pool)
{
    const char *rest = apr_pescape_urlencoded(pool, value);
    const char *text = "";

    for (apr_size_t length; rest[length = strcspn(rest, "+")]; rest += length + 1)
        text = apr_pstrcat(pool, text, apr_pstrmemdup(pool, rest, length), "%20", NULL);
    return *text ? apr_pstrcat(pool, text, rest, NULL) : rest;
}

const char *page_query_at(const page_t *page, const char *cursor, apr_pool_t *pool)
{
    static const char *const seeks[] = {[PAGE_AFTER] = "after", [PAGE_BEFORE] = "before"};
    const char *query = "";

    for (int i = 0; i < page->filter_count; i++) {
        const filter_t *filter = &page->filters[i];

        query = apr_pstrcat(pool, query, filter_name(filter->field, filter->test, pool), "=",
                            escaped(filter_text(filter), pool), "&", NULL);
    }
    if (page->is_ordered)
        query = apr_pstrcat(pool, query, "order=", page->order->name, page->is_ascending ? ".asc&" : ".desc&",
                            NULL);
    if (page->fields != FIELDS_ALL)
        query = apr_pstrcat(pool, query, "fields=", shown_names(page, pool), "&", NULL);
    query = apr_psprintf(pool, "%slimit=%d", query, page->limit);
    return cursor ? apr_pstrcat(pool, query, "&", seeks[page->seek], "=", cursor, NULL) : query;
}

const char *page_query(const page_t *page, apr_pool_t *pool)
{
    return page_query_at(page, page->seek == PAGE_FIRST ? NULL : cursor_write(page, pool), pool);
}
