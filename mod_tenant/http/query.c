/* SPDX-License-Identifier: Apache-2.0 */
#include "query.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <string.h>

#include "../text.h"
#include "percent.h"

/* Decodes in a copy, `+` as what plus is; NULL when an escape is broken
 * or the result is not UTF-8 without NUL. */
static const char *decode(const char *text, apr_size_t length, char plus, apr_pool_t *pool)
{
    char *decoded = apr_palloc(pool, length + 1);
    apr_ssize_t size = percent_decode(decoded, text, length, plus);

    return size >= 0 && text_is_utf8(decoded, (apr_size_t)size) ? decoded : NULL;
}

/* A name as far as a message may show it. */
static const char *shown(const char *name, apr_pool_t *pool)
{
    enum { SHOWN_MAX = 64 };
    char *copy = apr_pstrndup(pool, name, SHOWN_MAX);

    for (char *c = copy; *c; c++) {
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7E)
            *c = '?';
    }
    return copy;
}

const char *query_unknown(const char *name, apr_pool_t *pool)
{
    return apr_psprintf(pool, "The parameter `%s` is unknown here.", shown(name, pool));
}

static const problem_t *take_one(const char *start, apr_size_t length, const char *list, apr_table_t *seen,
                                 query_take_fn *take, void *context, const char **detail, apr_pool_t *pool)
{
    const char *equals = memchr(start, '=', length);
    apr_size_t name_length = equals ? (apr_size_t)(equals - start) : length;
    const char *raw = equals ? equals + 1 : start + length;
    apr_size_t raw_length = (apr_size_t)(start + length - raw);
    const char *name = decode(start, name_length, ' ', pool);
    const char *value = decode(raw, raw_length, ' ', pool);
    parameter_t parameter = {name, value, value};

    if (!name || !value) {
        *detail =
            apr_psprintf(pool, "%s holds a broken percent-encoding, or text that is not UTF-8 without NUL.",
                         name ? apr_psprintf(pool, "The value of `%s`", shown(name, pool)) : "The query");
        return &problem_bad_parameter;
    }
    if (apr_table_get(seen, name) && !(list && strcmp(name, list) == 0)) {
        *detail = apr_psprintf(pool, "The parameter `%s` is repeated.", shown(name, pool));
        return &problem_bad_parameter;
    }
    apr_table_setn(seen, name, value);
    if (memchr(raw, '+', raw_length))
        parameter.plain = decode(raw, raw_length, '+', pool);
    return take(context, &parameter, detail);
}

const problem_t *query_parse(const char *args, const char *list, query_take_fn *take, void *context,
                             const char **detail, apr_pool_t *pool)
{
    apr_table_t *seen;

    if (!args || !*args)
        return NULL;
    seen = apr_table_make(pool, 4);
    for (;;) {
        apr_size_t length = strcspn(args, "&");
        const problem_t *problem =
            length ? take_one(args, length, list, seen, take, context, detail, pool) : NULL;

        if (problem)
            return problem;
        if (!args[length])
            return NULL;
        args += length + 1;
    }
}
