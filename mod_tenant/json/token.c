/* SPDX-License-Identifier: Apache-2.0 */
#include "token.h"

#include <stdint.h>
#include <string.h>

#include "decimal.h"

/* What a byte inside of a string is. From LEAD_2 on: the first byte of a UTF-8 sequence. */
enum {
    PLAIN,
    QUOTE,
    BACKSLASH,
    CONTROL,
    STRAY, /* no UTF-8 sequence begins with it */
    LEAD_2,
    LEAD_E0,
    LEAD_3,
    LEAD_ED,
    LEAD_F0,
    LEAD_4,
    LEAD_F4,
};

static const unsigned char byte_class[256] = {
    [0x00 ... 0x1f] = CONTROL, ['"'] = QUOTE,    ['\\'] = BACKSLASH,       [0x80 ... 0xc1] = STRAY,
    [0xc2 ... 0xdf] = LEAD_2,  [0xe0] = LEAD_E0, [0xe1 ... 0xec] = LEAD_3, [0xed] = LEAD_ED,
    [0xee ... 0xef] = LEAD_3,  [0xf0] = LEAD_F0, [0xf1 ... 0xf3] = LEAD_4, [0xf4] = LEAD_F4,
    [0xf5 ... 0xff] = STRAY,
};

/* RFC 3629 section 4: the bytes that may follow a first byte of the classes from LEAD_2 on. Only the second
 * one has a range of its own, which is what leaves out overlong forms (E0, F0), surrogates (ED) and what lies
 * above U+10FFFF (F4). */
static const struct {
    unsigned char length; /* of the whole sequence */
    unsigned char low;    /* of the second byte */
    unsigned char high;
} sequences[] = {
    {2, 0x80, 0xbf}, /* LEAD_2 */
    {3, 0xa0, 0xbf}, /* LEAD_E0 */
    {3, 0x80, 0xbf}, /* LEAD_3 */
    {3, 0x80, 0x9f}, /* LEAD_ED */
    {4, 0x90, 0xbf}, /* LEAD_F0 */
    {4, 0x80, 0xbf}, /* LEAD_4 */
    {4, 0x80, 0x8f}, /* LEAD_F4 */
};

/* What the letter after a backslash stands for; 0 where there is no such escape. */
static const char escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

static int refuse(token_reader_t *reader, const unsigned char *at, const char *fault)
{
    reader->at = at;
    reader->fault = fault;
    return 0;
}

/* Gives the length of the UTF-8 sequence that begins with a byte from 0x80 on, 0 when it is none. */
static apr_size_t utf8_length(const unsigned char *at, const unsigned char *end)
{
    const int lead = byte_class[*at] - LEAD_2;
    apr_size_t length;

    if (lead < 0)
        return 0;
    length = sequences[lead].length;
    if ((apr_size_t)(end - at) < length || at[1] < sequences[lead].low || at[1] > sequences[lead].high)
        return 0;
    for (apr_size_t i = 2; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    return length;
}

/* The value of four hexadecimal digits, -1 when they are not there. */
static int32_t hex_unit(const unsigned char *at, const unsigned char *end)
{
    int32_t unit = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        const unsigned char letter = at[i] | 0x20;

        if (at[i] >= '0' && at[i] <= '9')
            unit = unit * 16 + at[i] - '0';
        else if (letter >= 'a' && letter <= 'f')
            unit = unit * 16 + letter - 'a' + 10;
        else
            return -1;
    }
    return unit;
}

/* Reads \uXXXX, or two of them that form a surrogate pair. Gives the number of bytes read and the character,
 * 0 when they form none. */
static apr_size_t unicode_escape(const unsigned char *at, const unsigned char *end, int32_t *character)
{
    const int32_t unit = hex_unit(at + 2, end);
    int32_t low;

    *character = unit;
    if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff))
        return 0;
    if (unit < 0xd800 || unit > 0xdfff)
        return 6;
    if (end - at < 12 || at[6] != '\\' || at[7] != 'u')
        return 0;
    low = hex_unit(at + 8, end);
    if (low < 0xdc00 || low > 0xdfff)
        return 0;
    *character = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    return 12;
}

/* Reads the escape at a backslash. Gives its length, 0 when it is none. */
static apr_size_t escape_length(const unsigned char *at, const unsigned char *end, int *nul)
{
    int32_t character;
    apr_size_t length;

    if (end - at < 2)
        return 0;
    if (escapes[at[1]])
        return 2;
    if (at[1] != 'u')
        return 0;
    length = unicode_escape(at, end, &character);
    if (length && character == 0)
        *nul = 1;
    return length;
}

int token_string(token_reader_t *reader, token_string_t *string)
{
    const unsigned char *const end = reader->end;
    const unsigned char *at = reader->at + 1;
    apr_size_t length;

    string->bytes = (const char *)at;
    string->escaped = 0;
    string->nul = 0;
    for (;;) {
        while (at < end && byte_class[*at] == PLAIN)
            at++;
        if (at == end)
            return refuse(reader, at, "A string has no end.");
        switch (byte_class[*at]) {
        case QUOTE:
            string->length = (apr_size_t)(at - (const unsigned char *)string->bytes);
            reader->at = at + 1;
            return 1;
        case BACKSLASH:
            string->escaped = 1;
            length = escape_length(at, end, &string->nul);
            if (length == 0)
                return refuse(reader, at, "A string has a backslash that begins no valid escape.");
            break;
        case CONTROL:
            return refuse(reader, at, "A string has a control character that is not escaped.");
        default:
            length = utf8_length(at, end);
            if (length == 0)
                return refuse(reader, at, "A string has a byte that is not UTF-8.");
        }
        at += length;
    }
}

int token_word(token_reader_t *reader, const char *word, apr_size_t length)
{
    if ((apr_size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return refuse(reader, reader->at, "There is a word that is not true, false or null.");
    reader->at += length;
    return 1;
}

int token_number(token_reader_t *reader, int *in_range)
{
    decimal_t number;

    if (!decimal_read(&number, &reader->at, reader->end, &reader->fault))
        return 0;
    *in_range = decimal_is_in_range(&number);
    return 1;
}

/* Writes a character as UTF-8 and gives the number of bytes. */
static apr_size_t utf8_put(char *target, int32_t character)
{
    unsigned char *const bytes = (unsigned char *)target;
    const apr_size_t length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0x00, 0xc0, 0xe0, 0xf0};

    for (apr_size_t i = length - 1; i > 0; i--) {
        bytes[i] = (unsigned char)(0x80 | (character & 0x3f));
        character >>= 6;
    }
    bytes[0] = (unsigned char)(leads[length] | character);
    return length;
}

apr_size_t token_unescape(char *target, const token_string_t *string)
{
    const unsigned char *at = (const unsigned char *)string->bytes;
    const unsigned char *const end = at + string->length;
    char *to = target;

    while (at < end) {
        int32_t character;

        if (*at != '\\') {
            *to++ = (char)*at++;
        } else if (at[1] != 'u') {
            *to++ = escapes[at[1]];
            at += 2;
        } else {
            at += unicode_escape(at, end, &character);
            to += utf8_put(to, character);
        }
    }
    return (apr_size_t)(to - target);
}
