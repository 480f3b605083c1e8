/* SPDX-License-Identifier: Apache-2.0 */
#include "page.h"

#include <apr_base64.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "query.h"

/* A cursor's text ahead of base64url: `VERSION RESOURCE ORDER ID` or `VERSION RESOURCE ORDER CREATED ID`. */
#define CURSOR_VERSION "1"
enum { CURSOR_MAX = 1024 };

static const char *const orders[] = {[ORDER_ID] = "id", [ORDER_CREATED] = "created_at"};

#define NO_CREATED "-infinity"

typedef struct parser_t {
    page_t *page;
    const resource_t *resource;
    int most;
    apr_pool_t *pool;
} parser_t;

/* What every cursor of a list starts with. */
static const char *cursor_prefix(const resource_t *resource, apr_pool_t *pool)
{
    return apr_pstrcat(pool, CURSOR_VERSION " ", resource->name, " ", orders[resource->order], " ", NULL);
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
    const char *prefix = cursor_prefix(resource, pool);
    char *text = decode_base64url(value, pool);
    char utc[CHECK_TIME_SIZE];

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
    return strcmp(page->created, NO_CREATED) == 0 || check_time(page->created, strlen(page->created), utc);
}

static const problem_t *take_parameter(void *context, const char *name, const char *value,
                                       const char **detail)
{
    parser_t *parser = context;

    if (strcmp(name, "limit") == 0) {
        if (!check_is_id(value, strlen(value)) || atoi(value) > parser->most) {
            *detail = apr_psprintf(parser->pool, "`limit` must be a number from 1 to %d.", parser->most);
            return &problem_bad_parameter;
        }
        parser->page->limit = atoi(value);
        return NULL;
    }
    if (strcmp(name, "after") == 0) {
        if (take_cursor(parser->page, parser->resource, value, parser->pool))
            return NULL;
        *detail = "`after` must be a cursor of this list, as `next` gives it.";
        return &problem_bad_cursor;
    }
    *detail = query_unknown(name, parser->pool);
    return &problem_bad_parameter;
}

const problem_t *page_parse(page_t *page, const resource_t *resource, const char *args, int usual, int most,
                            const char **detail, apr_pool_t *pool)
{
    parser_t parser = {page, resource, most, pool};

    memset(page, 0, sizeof *page);
    page->limit = usual;
    return query_parse(args, take_parameter, &parser, detail, pool);
}

const char *page_next(const page_t *page, const resource_t *resource, const char *id, const char *created,
                      apr_pool_t *pool)
{
    const char *cursor = cursor_prefix(resource, pool);

    if (resource->order == ORDER_CREATED)
        cursor = apr_pstrcat(pool, cursor, created ? created : NO_CREATED, " ", NULL);
    cursor = apr_pstrcat(pool, cursor, id, NULL);
    return apr_psprintf(pool, "limit=%d&after=%s", page->limit, encode_base64url(cursor, pool));
}
