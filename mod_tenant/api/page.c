/* SPDX-License-Identifier: Apache-2.0 */
#include "page.h"

#include <apr_base64.h>
#include <apr_escape.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "query.h"

/* A cursor's text ahead of base64url: `VERSION RESOURCE ORDER FILTERS ID`, with CREATED ahead of ID where
 * the order is by it. */
#define CURSOR_VERSION "1"
enum { CURSOR_MAX = 2048 };

static const char *const orders[] = {[ORDER_ID] = "id", [ORDER_CREATED] = "created_at"};

/* Where rows without created_at stand, and those with an infinite one. */
#define NO_CREATED   "-infinity"
#define LAST_CREATED "infinity"

typedef struct parser_t {
    page_t *page;
    const resource_t *resource;
    int most;
    const char *after;                      /* the cursor, which is read when the filters are known */
    const char *given[RESOURCE_FIELDS_MAX]; /* the filters' values by number of their field */
    apr_pool_t *pool;
} parser_t;

/* Takes a text, its NUL included, into a hash (FNV-1a). */
static apr_uint64_t hash_text(apr_uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    while (*text++);
    return hash;
}

/* What tells one set of filters from another: no more than a hash, since a cursor only guards against
 * mistakes. */
static apr_uint64_t filter_hash(const page_t *page)
{
    apr_uint64_t hash = 0xcbf29ce484222325;

    for (int i = 0; i < page->filter_count; i++)
        hash = hash_text(hash_text(hash, page->filters[i].field->name), page->filters[i].value);
    return hash;
}

/* What every cursor of a list with these filters starts with. */
static const char *cursor_prefix(const page_t *page, const resource_t *resource, apr_pool_t *pool)
{
    return apr_psprintf(pool, CURSOR_VERSION " %s %s %" APR_UINT64_T_HEX_FMT " ", resource->name,
                        orders[resource->order], filter_hash(page));
}

/* base64url without padding (RFC 4648 section 5); NULL when text is not that. */
static char *decode_base64url(const char *text, apr_pool_t *pool)
{
    apr_size_t length = strlen(text);
    char *padded;
    char *decoded;
    int size;

    if (length == 0 || length > CURSOR_MAX || length % 4 == 1)
        return NULL;
    padded = apr_pstrcat(pool, text, &"==="[(length + 3) % 4], NULL);
    for (char *c = padded; *c; c++) {
        if (!apr_isalnum(*c) && *c != '-' && *c != '_' && (c < padded + length || *c != '='))
            return NULL;
        *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
    }
    decoded = apr_pcalloc(pool, (apr_size_t)apr_base64_decode_len(padded) + 1);
    size = apr_base64_decode(decoded, padded);
    return check_is_utf8(decoded, (apr_size_t)size) ? decoded : NULL;
}

static const char *encode_base64url(const char *text, apr_pool_t *pool)
{
    int length = (int)strlen(text);
    char *encoded = apr_palloc(pool, (apr_size_t)apr_base64_encode_len(length));

    apr_base64_encode(encoded, text, length);
    for (char *c = encoded; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c;
    return encoded;
}

static int take_cursor(page_t *page, const resource_t *resource, const char *value, apr_pool_t *pool)
{
    const char *prefix = cursor_prefix(page, resource, pool);
    char *text = decode_base64url(value, pool);
    char *utc;

    if (!text || strncmp(text, prefix, strlen(prefix)) != 0)
        return 0;
    text += strlen(prefix);
    page->is_after = 1;
    if (resource->order == ORDER_ID) {
        page->id = text;
        return check_is_id(text, strlen(text));
    }
    page->created = apr_strtok(text, " ", &text);
    page->id = text;
    if (!page->created || !page->id || !*page->id || check_has_controls(page->id, strlen(page->id), 0))
        return 0;
    if (strcmp(page->created, NO_CREATED) == 0 || strcmp(page->created, LAST_CREATED) == 0)
        return 1;
    utc = apr_palloc(pool, CHECK_TIME_SIZE);
    if (!check_any_time(page->created, strlen(page->created), utc))
        return 0;
    page->created = utc;
    return 1;
}

/* Whether value is an integer that the field may hold, in its one spelling. */
static int is_integer_of(const field_t *field, const char *value, apr_pool_t *pool)
{
    apr_int64_t number = apr_atoi64(value);

    return number >= field->min && number <= field->max &&
           strcmp(value, apr_psprintf(pool, "%" APR_INT64_T_FMT, number)) == 0;
}

/* A filter's value as a statement takes it; NULL: no row could hold it. */
static const char *filter_value(const field_t *field, const char *value, apr_pool_t *pool)
{
    apr_size_t length = strlen(value);
    char *utc;

    switch (field->type) {
    case FIELD_INTEGER:
        return is_integer_of(field, value, pool) ? value : NULL;
    case FIELD_BOOLEAN:
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0 ? value : NULL;
    case FIELD_TIME:
        utc = apr_palloc(pool, CHECK_TIME_SIZE);
        return check_time(value, length, utc) ? utc : NULL;
    default:
        return check_characters(value, length) <= field->max ? value : NULL;
    }
}

static const problem_t *take_filter(parser_t *parser, const char *name, const char *value,
                                    const char **detail)
{
    const field_t *field = resource_field(parser->resource, name, strlen(name));
    const char *stored;

    if (!field || !(field->flags & FIELD_FILTER)) {
        *detail = query_unknown(name, parser->pool);
        return &problem_bad_parameter;
    }
    stored = filter_value(field, value, parser->pool);
    if (!stored) {
        *detail =
            apr_psprintf(parser->pool, "The value of `%s` is not one that this field can have.", field->name);
        return &problem_bad_parameter;
    }
    parser->given[field - parser->resource->fields] = stored;
    return NULL;
}

static const problem_t *take_parameter(void *context, const char *name, const char *value,
                                       const char **detail)
{
    parser_t *parser = context;

    if (strcmp(name, "after") == 0) {
        parser->after = value;
        return NULL;
    }
    if (strcmp(name, "limit") != 0)
        return take_filter(parser, name, value, detail);
    if (!check_is_id(value, strlen(value)) || atoi(value) > parser->most) {
        *detail = apr_psprintf(parser->pool, "`limit` must be a number from 1 to %d.", parser->most);
        return &problem_bad_parameter;
    }
    parser->page->limit = atoi(value);
    return NULL;
}

/* Puts the filters in the order of the fields, whatever the order of the query. */
static void order_filters(const parser_t *parser)
{
    page_t *page = parser->page;

    for (int n = 0; parser->resource->fields[n].name; n++) {
        if (parser->given[n])
            page->filters[page->filter_count++] =
                (page_filter_t){&parser->resource->fields[n], parser->given[n]};
    }
}

const problem_t *page_parse(page_t *page, const resource_t *resource, const char *args, int usual, int most,
                            const char **detail, apr_pool_t *pool)
{
    parser_t parser = {.page = page, .resource = resource, .most = most, .pool = pool};
    const problem_t *problem;

    memset(page, 0, sizeof *page);
    page->limit = usual;
    problem = query_parse(args, take_parameter, &parser, detail, pool);
    if (problem)
        return problem;
    order_filters(&parser);
    if (!parser.after || take_cursor(page, resource, parser.after, pool))
        return NULL;
    *detail = "`after` must be a cursor of this list, with the same filters, as `next` gives it.";
    return &problem_bad_cursor;
}

void page_advance(page_t *page, const char *id, const char *created)
{
    page->is_after = 1;
    page->id = id;
    page->created = created ? created : NO_CREATED;
}

const char *page_next(const page_t *page, const resource_t *resource, const char *id, const char *created,
                      apr_pool_t *pool)
{
    const char *cursor = cursor_prefix(page, resource, pool);
    const char *query = "";

    if (resource->order == ORDER_CREATED)
        cursor = apr_pstrcat(pool, cursor, created ? created : NO_CREATED, " ", NULL);
    cursor = apr_pstrcat(pool, cursor, id, NULL);
    for (int i = 0; i < page->filter_count; i++)
        query = apr_pstrcat(pool, query, page->filters[i].field->name, "=",
                            apr_pescape_urlencoded(pool, page->filters[i].value), "&", NULL);
    return apr_psprintf(pool, "%slimit=%d&after=%s", query, page->limit, encode_base64url(cursor, pool));
}
