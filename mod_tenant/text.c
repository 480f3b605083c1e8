/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stdint.h>
#include <string.h>

int text_characters(const char *text, apr_size_t length)
{
    int characters = 0;

    for (apr_size_t i = 0; i < length; i++)
        characters += ((unsigned char)text[i] & 0xC0) != 0x80;
    return characters;
}

/* How many bytes the character at the beginning of text has; 0: there is none, or it is NUL. */
static int character(const unsigned char *text, apr_size_t length)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000}; /* anything less has a shorter form */
    int more = *text < 0x80 ? 0 : *text >= 0xF0 ? 3 : *text >= 0xE0 ? 2 : 1;
    uint32_t c = more == 0 ? *text : *text & (0x3Fu >> more);

    if (*text == 0 || (*text >= 0x80 && *text < 0xC2) || *text > 0xF4 || length <= (apr_size_t)more)
        return 0;
    for (int i = 1; i <= more; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
        c = (c << 6) | (text[i] & 0x3Fu);
    }
    return c < least[more] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF) ? 0 : more + 1;
}

int text_is_utf8(const char *text, apr_size_t length)
{
    for (apr_size_t at = 0; at < length;) {
        int size = character((const unsigned char *)text + at, length - at);

        if (size == 0)
            return 0;
        at += (apr_size_t)size;
    }
    return 1;
}

int text_has_controls(const char *text, apr_size_t length)
{
    for (apr_size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < 0x20)
            return 1;
    }
    return 0;
}

const char *text_mend(const char *bytes, apr_size_t length, int keep_controls, int max, int *mended,
                      apr_pool_t *pool)
{
    static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD, the longest that a byte can become */
    char *text = apr_palloc(pool, length * (sizeof replacement - 1) + 1);
    char *to = text;
    int count = 0;

    for (apr_size_t at = 0; at < length; count++) {
        int size = character((const unsigned char *)bytes + at, length - at);

        if (count == max) {
            *mended = 1;
            break;
        }
        if (size == 0 || (!keep_controls && (unsigned char)bytes[at] < 0x20)) {
            memcpy(to, replacement, sizeof replacement - 1);
            to += sizeof replacement - 1;
            at++;
            *mended = 1;
        } else {
            memcpy(to, bytes + at, (apr_size_t)size);
            to += size;
            at += (apr_size_t)size;
        }
    }
    *to = '\0';
    return text;
}

const char *text_utc(apr_time_t moment, apr_pool_t *pool)
{
    apr_time_exp_t utc;

    if (apr_time_exp_gmt(&utc, moment) != APR_SUCCESS)
        return NULL;
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                        utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

enum { RATE_MAX = 1000000, RATE_SECONDS_MAX = 86400 };

/* Reads a decimal number from 1 to high, and moves *at behind it. 0: there is none. */
static int read_number(const char **at, int high)
{
    int number = 0;

    if (**at == '0')
        return 0;
    for (; apr_isdigit(**at) && number <= high; ++*at)
        number = number * 10 + (**at - '0');
    return number <= high ? number : 0;
}

int text_rate(const char *text, int *count, int *seconds, int *burst)
{
    *count = read_number(&text, RATE_MAX);
    *burst = 0;
    if (!*count || *text++ != '/')
        return 0;
    *seconds = read_number(&text, RATE_SECONDS_MAX);
    if (*text == 's' || *text == 'm' || *text == 'h')
        *seconds *= *text == 's' ? 1 : *text == 'm' ? 60 : 3600;
    if (*text == 's' || *text == 'm' || *text == 'h')
        text++;
    if (*seconds < 1 || *seconds > RATE_SECONDS_MAX)
        return 0;
    if (!*text)
        return 1;
    if (strncmp(text, " burst=", 7) != 0)
        return 0;
    text += 7;
    *burst = read_number(&text, RATE_MAX);
    return *burst && !*text;
}
