/* SPDX-License-Identifier: Apache-2.0 */
#include "media.h"

#include <apr_lib.h>
#include <string.h>

#include "span.h"

/* How specific a media range that fits is, 1 to 3; 0: it does not fit. */
static int fit(span_t range, const char *type)
{
    apr_size_t main_length = strcspn(type, "/") + 1;

    if (span_is(range, "*/*"))
        return 1;
    if (range.length == main_length + 1 && range.start[main_length] == '*' &&
        strncasecmp(range.start, type, main_length) == 0)
        return 2;
    return span_is(range, type) ? 3 : 0;
}

enum { QUALITY_ONE = 1000 };

/* A weight, `0.5`, in thousandths; what is none weighs 1. */
static int parse_quality(span_t text)
{
    int quality = 0;
    int scale = QUALITY_ONE;

    for (apr_size_t i = 0; i < text.length; i++) {
        if (text.start[i] == '.' && scale == QUALITY_ONE) {
            scale /= 10;
            continue;
        }
        if (!apr_isdigit(text.start[i]) || (scale == QUALITY_ONE && i > 0))
            return QUALITY_ONE;
        quality += (text.start[i] - '0') * scale;
        if (scale < QUALITY_ONE)
            scale /= 10;
    }
    return quality < QUALITY_ONE && text.length > 0 ? quality : QUALITY_ONE;
}

/* The weight of a media range by its parameters. */
static int range_quality(const char *rest, const char *end)
{
    while (rest < end) {
        span_t parameter = span_next(&rest, end, ';');

        if (parameter.length >= 2 && strncasecmp(parameter.start, "q=", 2) == 0)
            return parse_quality((span_t){parameter.start + 2, parameter.length - 2});
    }
    return QUALITY_ONE;
}

/* How much an Accept header wants a type, in thousandths: as the most specific range that fits says. */
static int quality_of(const char *accept, const char *type)
{
    const char *end;
    int best = 0;
    int quality = 0;

    if (!accept || !*accept)
        return QUALITY_ONE;
    end = accept + strlen(accept);
    while (accept < end) {
        span_t member = span_next(&accept, end, ',');
        const char *rest = member.start;
        const char *member_end = member.start + member.length;
        int fitting = fit(span_next(&rest, member_end, ';'), type);

        if (fitting > best) {
            best = fitting;
            quality = range_quality(rest, member_end);
        }
    }
    return quality;
}

int media_is_accepted(const char *accept, const char *type)
{
    return quality_of(accept, type) > 0;
}

int media_choose(const char *accept, const char *const *types)
{
    int chosen = -1;
    int best = 0;

    for (int i = 0; types[i]; i++) {
        int quality = quality_of(accept, types[i]);

        if (quality > best) {
            best = quality;
            chosen = i;
        }
    }
    return chosen;
}

int media_is(const char *content_type, const char *type)
{
    const char *end;
    span_t parameter;

    if (!content_type)
        return 0;
    end = content_type + strlen(content_type);
    if (!span_is(span_next(&content_type, end, ';'), type))
        return 0;
    while (content_type < end) {
        parameter = span_next(&content_type, end, ';');
        if (parameter.length >= 8 && strncasecmp(parameter.start, "charset=", 8) == 0 &&
            !span_is(parameter, "charset=utf-8") && !span_is(parameter, "charset=\"utf-8\""))
            return 0;
    }
    return 1;
}
