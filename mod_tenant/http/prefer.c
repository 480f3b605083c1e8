/* SPDX-License-Identifier: Apache-2.0 */
#include "prefer.h"

#include <string.h>

#include "span.h"

/* Whether a value, a token or a quoted string, is this text. */
static int is_value(span_t given, const char *value)
{
    if (given.length >= 2 && given.start[0] == '"' && given.start[given.length - 1] == '"')
        given = (span_t){given.start + 1, given.length - 2};
    return given.length == strlen(value) && strncmp(given.start, value, given.length) == 0;
}

int prefer_states(const char *prefer, const char *name, const char *value)
{
    const char *end;

    if (!prefer)
        return 0;
    end = prefer + strlen(prefer);
    while (prefer < end) {
        span_t member = span_next(&prefer, end, ',');
        const char *rest = member.start;
        span_t preference = span_next(&rest, member.start + member.length, ';');
        const char *preference_end = preference.start + preference.length;

        rest = preference.start;
        if (span_is(span_next(&rest, preference_end, '='), name))
            return is_value(span_next(&rest, preference_end, '\0'), value);
    }
    return 0;
}
