/* SPDX-License-Identifier: Apache-2.0 */
#include "span.h"

#include <apr_lib.h>
#include <string.h>

static span_t trim(const char *start, const char *end)
{
    while (start < end && apr_isspace(*start))
        start++;
    while (end > start && apr_isspace(end[-1]))
        end--;
    return (span_t){start, (apr_size_t)(end - start)};
}

span_t span_next(const char **rest, const char *end, char separator)
{
    const char *start = *rest;
    const char *c = start;
    int quoted = 0;

    for (; c < end && (quoted || *c != separator); c++) {
        if (quoted && *c == '\\' && c + 1 < end)
            c++;
        else if (*c == '"')
            quoted = !quoted;
    }
    *rest = c < end ? c + 1 : end;
    return trim(start, c);
}

int span_is(span_t span, const char *text)
{
    return span.length == strlen(text) && strncasecmp(span.start, text, span.length) == 0;
}
