/* SPDX-License-Identifier: Apache-2.0 */
#include "percent.h"

#include <apr_lib.h>

static int hex_value(char c)
{
    return apr_isdigit(c) ? c - '0' : apr_tolower(c) - 'a' + 10;
}

apr_ssize_t percent_decode(char *to, const char *text, apr_size_t length, char plus)
{
    const char *end = text + length;
    char *at = to;

    for (; text < end; text++) {
        if (*text != '%') {
            *at++ = *text == '+' ? plus : *text;
        } else if (end - text > 2 && apr_isxdigit(text[1]) && apr_isxdigit(text[2])) {
            *at++ = (char)(hex_value(text[1]) << 4 | hex_value(text[2]));
            text += 2;
        } else {
            return -1;
        }
    }
    *at = '\0';
    return at - to;
}
