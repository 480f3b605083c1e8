/* SPDX-License-Identifier: Apache-2.0 */
#include "named.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[NAME_KINDS] = {
    [NAME_TENANT] = "tenant",
    [NAME_ROW] = "row",
    [NAME_KEY_HASH] = "key_hash",
    [NAME_REQUEST] = "request",
    [NAME_FINGERPRINT] = "fingerprint",
    [NAME_LOCK] = "lock",
    [NAME_IF_MATCH] = "if_match",
    [NAME_IF_NONE_MATCH] = "if_none_match",
    [NAME_ORIGIN] = "origin",
    [NAME_LIMIT] = "limit",
    [NAME_NEW] = "new",
    [NAME_HAS] = "has",
    [NAME_FILTER] = "filter",
    [NAME_ORDER] = "order",
};

static int has_field(name_kind_t kind)
{
    return kind == NAME_ROW || kind == NAME_NEW || kind == NAME_HAS || kind == NAME_ORDER;
}

/* Reads what is between two braces. 0: it is no name. */
static int read_name(name_t *name, const resource_t *resource, const char *text)
{
    size_t length = strcspn(text, ".");
    const char *rest = text + length + (text[length] == '.');
    const field_t *field;
    int kind = 0;

    while (kind < NAME_KINDS && (strlen(words[kind]) != length || strncmp(words[kind], text, length) != 0))
        kind++;
    if (kind == NAME_KINDS)
        return 0;
    *name = (name_t){.text = text, .kind = (name_kind_t)kind};
    if (kind == NAME_FILTER)
        name->number = atoi(rest);
    if (!has_field(name->kind))
        return 1;
    field = resource_field(resource, rest, strlen(rest));
    name->number = field ? (int)(field - resource->fields) : 0;
    return field != NULL;
}

/* Reads the name behind a placeholder, `{NAME}`, moves *text past it, and keeps it in pool. */
static name_t take_name(const char **text, const resource_t *resource, apr_pool_t *pool)
{
    static const name_t none = {.text = NULL};
    size_t length = strcspn(*text, "}");
    name_t name;

    if (**text != '{' || !(*text)[length] ||
        !read_name(&name, resource, apr_pstrmemdup(pool, *text + 1, length - 1)))
        return none;
    *text += length + 1;
    return name;
}

/* How many names a text has, at most. */
static apr_size_t count_placeholders(const char *text)
{
    apr_size_t count = 0;

    for (const char *c = text; *c; c++)
        count += *c == '%';
    return count;
}

void named_make(named_t *named, const resource_t *resource, const char *text, apr_pool_t *pool)
{
    char *sql = apr_palloc(pool, strlen(text) + 1);
    name_t *names = apr_palloc(pool, count_placeholders(text) * sizeof *names);

    named->statement.sql = sql;
    named->names = names;
    named->count = 0;
    while (*text) {
        int is_placeholder = text[0] == '%' && text[1] && text[1] != '%';
        size_t length = *text != '%' ? strcspn(text, "%") : text[1] ? 2 : 1;

        memcpy(sql, text, length);
        sql += length;
        text += length;
        if (is_placeholder)
            names[named->count++] = take_name(&text, resource, pool);
    }
    *sql = '\0';
}

static const char *value_of(const name_t *name, const given_t *given)
{
    switch (name->kind) {
    case NAME_NEW:
        return given->fields[name->number];
    case NAME_HAS:
        return given->has[name->number] ? "true" : "false";
    case NAME_FILTER:
        return given->page->filters[name->number].value;
    case NAME_ORDER:
        return name->number == 0 ? given->page->id : given->page->key;
    default:
        return given->single[name->kind];
    }
}

const char **named_values(const named_t *named, const given_t *given, const char **values)
{
    for (int n = 0; n < named->count; n++)
        values[n] = named->names[n].text ? value_of(&named->names[n], given) : NULL;
    return values;
}
