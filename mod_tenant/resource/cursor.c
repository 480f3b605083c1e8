/* SPDX-License-Identifier: Apache-2.0 */
#include "cursor.h"

#include <apr_base64.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "../text.h"
#include "check.h"

/* A cursor's text ahead of base64url: `VERSION RESOURCE ORDER FILTERS ID`, with `LENGTH:KEY ` ahead of ID
 * where the order is not by id alone. */
#define CURSOR_VERSION "1"

/* No index takes a longer key. */
enum { KEY_MAX = 2704, CURSOR_MAX = 4096 };

/* Takes a text, its NUL included, into a hash (FNV-1a). */
static apr_uint64_t hash_text(apr_uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    while (*text++);
    return hash;
}

/* What tells one set of filters from another: no more than a hash,
 * since a cursor only guards against mistakes. */
static apr_uint64_t filter_hash(const page_t *page, apr_pool_t *pool)
{
    apr_uint64_t hash = 0xcbf29ce484222325;

    for (int i = 0; i < page->filter_count; i++) {
        const filter_t *filter = &page->filters[i];

        hash = hash_text(hash, filter_name(filter->field, filter->test, pool));
        hash = hash_text(hash, filter_text(filter));
    }
    return hash;
}

/* What every cursor of a list with this order and these filters starts with. */
static const char *cursor_prefix(const page_t *page, apr_pool_t *pool)
{
    return apr_psprintf(pool, CURSOR_VERSION " %s %s.%s %" APR_UINT64_T_HEX_FMT " ", page->resource->name,
                        page->order->name, page->is_ascending ? "asc" : "desc", filter_hash(page, pool));
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
    return text_is_utf8(decoded, (apr_size_t)size) ? decoded : NULL;
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

const char *cursor_write(const page_t *page, apr_pool_t *pool)
{
    const char *key = "";

    if (page->key)
        key = apr_psprintf(pool, "%" APR_SIZE_T_FMT ":%s ", strlen(page->key), page->key);
    return encode_base64url(apr_pstrcat(pool, cursor_prefix(page, pool), key, page->id, NULL), pool);
}

/* Cuts `LENGTH:KEY ` off at *text; NULL: it does not start so. */
static char *cut_key(char **text)
{
    char *rest = *text;
    char *key;
    apr_size_t length = 0;

    for (; apr_isdigit(*rest) && length <= KEY_MAX; rest++)
        length = length * 10 + (apr_size_t)(*rest - '0');
    if (rest == *text || *rest != ':' || strlen(rest) <= length + 1 || rest[length + 1] != ' ')
        return NULL;
    key = rest + 1;
    key[length] = '\0';
    *text = key + length + 1;
    return key;
}

/* A time as a statement takes it; NULL: it is none. */
static const char *time_key(const char *key, apr_pool_t *pool)
{
    char *utc;

    if (strcmp(key, PAGE_OLDEST) == 0 || strcmp(key, PAGE_NEWEST) == 0)
        return key;
    utc = apr_palloc(pool, CHECK_ANY_TIME_SIZE);
    return check_any_time(key, strlen(key), utc) ? utc : NULL;
}

/* Whether a text is an integer of PostgreSQL's in its one spelling. */
static int is_integer(const field_t *field, const char *text, apr_pool_t *pool)
{
    apr_int64_t number = apr_atoi64(text);

    return ((field->flags & FIELD_BIG) || number == (apr_int32_t)number) &&
           strcmp(text, apr_psprintf(pool, "%" APR_INT64_T_FMT, number)) == 0;
}

/* The value of a field in a cursor, which is what a row holds, be it from before the rules of its field;
 * NULL: no row could. */
static const char *key_value(const field_t *field, const char *key, apr_pool_t *pool)
{
    switch (field->type) {
    case FIELD_INTEGER:
        return is_integer(field, key, pool) ? key : NULL;
    case FIELD_BOOLEAN:
        return strcmp(key, "t") == 0 || strcmp(key, "f") == 0 ? key : NULL;
    case FIELD_TIME:
        return time_key(key, pool);
    case FIELD_DATE:
        return check_date(key, strlen(key)) ? NULL : key;
    default:
        return key;
    }
}

/* Which of the kinds of times, each later than the one ahead of it, one is that a statement takes. */
static int time_kind(const char *time)
{
    enum { OLDEST, BEFORE_YEAR_1, PLAIN, BEYOND_YEAR_9999, NEWEST };

    if (strcmp(time, PAGE_OLDEST) == 0)
        return OLDEST;
    if (strcmp(time, PAGE_NEWEST) == 0)
        return NEWEST;
    if (time[strlen(time) - 1] == 'C')
        return BEFORE_YEAR_1;
    return strlen(time) < CHECK_TIME_SIZE ? PLAIN : BEYOND_YEAR_9999;
}

/* As strcmp(): the key of a row and the value of a filter, which is a plain time where the field is one.
 * Plain times have one length. */
static int compare(const field_t *field, const char *key, const char *value)
{
    if (field->type == FIELD_INTEGER)
        return apr_atoi64(key) < apr_atoi64(value) ? -1 : apr_atoi64(key) > apr_atoi64(value);
    if (field->type == FIELD_TIME && time_kind(key) != time_kind(value))
        return time_kind(key) - time_kind(value);
    return strcmp(key, value);
}

/* Whether a row with that key passes a filter by the field. */
static int passes(const page_t *page, const filter_t *filter, const char *key)
{
    int is_null = page_has_oldest(page->resource, filter->field) && strcmp(key, PAGE_OLDEST) == 0;
    int compared = filter->value ? compare(filter->field, key, filter->value) : 0;

    switch (filter->test) {
    case FILTER_EQUAL:
        return compared == 0;
    case FILTER_GREATER:
        return compared > 0;
    case FILTER_GREATER_EQUAL:
        return compared >= 0;
    case FILTER_LESS:
        return compared < 0 && !is_null;
    case FILTER_LESS_EQUAL:
        return compared <= 0 && !is_null;
    case FILTER_NULL:
        return is_null;
    default:
        return !is_null;
    }
}

/* Whether the row of the cursor is one of the list, as far as its key tells. Statements rely on it: they
 * leave out what the cursor says already. */
static int is_of_list(const page_t *page)
{
    for (int i = 0; i < page->filter_count; i++) {
        const filter_t *filter = &page->filters[i];

        if (page->key && filter->field == page->order && !passes(page, filter, page->key))
            return 0;
    }
    return 1;
}

int cursor_read(page_t *page, const char *text, apr_pool_t *pool)
{
    const field_t *id = page->resource->fields;
    const char *prefix = cursor_prefix(page, pool);
    char *rest = decode_base64url(text, pool);

    if (!rest || strncmp(rest, prefix, strlen(prefix)) != 0)
        return 0;
    rest += strlen(prefix);
    page->key = NULL;
    if (page->order != id) {
        const char *key = cut_key(&rest);

        page->key = key ? key_value(page->order, key, pool) : NULL;
        if (!page->key)
            return 0;
    }
    page->id = key_value(id, rest, pool);
    return page->id && is_of_list(page);
}
