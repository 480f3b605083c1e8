/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdint.h>

int text_characters(const char *text, apr_size_t length)
{
    int characters = 0;

    for (apr_size_t i = 0; i < length; i++)
        characters += ((unsigned char)text[i] & 0xC0) != 0x80;
    return characters;
}

int text_is_utf8(const char *text, apr_size_t length)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000}; /* anything less has a shorter form */
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + length;

    while (at < end) {
        int more = *at < 0x80 ? 0 : *at >= 0xF0 ? 3 : *at >= 0xE0 ? 2 : 1;
        uint32_t c = more == 0 ? *at : *at & (0x3Fu >> more);

        if (*at == 0 || (*at >= 0x80 && *at < 0xC2) || *at > 0xF4 || end - at <= more)
            return 0;
        at++;
        for (int i = 0; i < more; i++, at++) {
            if ((*at & 0xC0) != 0x80)
                return 0;
            c = (c << 6) | (*at & 0x3Fu);
        }
        if (c < least[more] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
            return 0;
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
