/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"

#include <stddef.h>

/* What follows the backslash for a byte that RFC 8259 section 7 wants escaped: a letter, or u for \u00XX; 0
 * for all other bytes. */
static const char escapes[256] = {
    [0x00 ... 0x07] = 'u', ['\b'] = 'b', ['\t'] = 't',          ['\n'] = 'n', [0x0b] = 'u',
    ['\f'] = 'f',          ['\r'] = 'r', [0x0e ... 0x1f] = 'u', ['"'] = '"',  ['\\'] = '\\',
};

void writer_init(writer_t *writer, apr_pool_t *pool, apr_size_t expected)
{
    writer->text = apr_palloc(pool, expected);
    writer->length = 0;
    writer->size = expected;
    writer->pool = pool;
}

void writer_reserve(writer_t *writer, apr_size_t more)
{
    apr_size_t size = writer->size * 2;
    char *text;

    if (writer->size - writer->length >= more)
        return;
    if (size - writer->length < more)
        size = writer->length + more;
    text = apr_palloc(writer->pool, size);
    memcpy(text, writer->text, writer->length);
    writer->text = text;
    writer->size = size;
}

static void put_escape(writer_t *writer, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    const char escape[] = {'\\', escapes[byte], '0', '0', hex[byte >> 4], hex[byte & 0xf]};

    writer_raw(writer, escape, escapes[byte] == 'u' ? sizeof escape : 2);
}

/* Whether one of eight bytes wants to be escaped: is below 0x20, `"` or `\\`. Of bytes from 0x80 on none is
 * taken for one of those; the bytes of a word that follow one that wants escaping may be, which does no harm.
 */
static int wants_escape(const unsigned char *bytes)
{
    const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    uint64_t word, quote, backslash;

    memcpy(&word, bytes, sizeof word);
    quote = word ^ ones * '"';
    backslash = word ^ ones * '\\';
    return (((word - ones * 0x20) | (quote - ones) | (backslash - ones)) & ~word & highs) != 0;
}

/* The first byte that wants to be escaped, or one that is less than a word ahead of it; end: none does. */
static const unsigned char *skip_plain(const unsigned char *at, const unsigned char *end)
{
    while (end - at >= (ptrdiff_t)sizeof(uint64_t) && !wants_escape(at))
        at += sizeof(uint64_t);
    return at;
}

void writer_string(writer_t *writer, const char *bytes, apr_size_t length)
{
    const unsigned char *at = (const unsigned char *)bytes;
    const unsigned char *const end = at + length;

    writer_reserve(writer, length + 2);
    writer_literal(writer, "\"");
    while (at < end) {
        const unsigned char *const run = at;

        at = skip_plain(at, end);
        while (at < end && !escapes[*at])
            at++;
        writer_raw(writer, (const char *)run, (apr_size_t)(at - run));
        if (at < end)
            put_escape(writer, *at++);
    }
    writer_literal(writer, "\"");
}

void writer_text(writer_t *writer, const char *text)
{
    if (text)
        writer_string(writer, text, strlen(text));
    else
        writer_literal(writer, "null");
}

void writer_integer(writer_t *writer, int64_t value)
{
    char digits[20]; /* of INT64_MIN: a sign and 19 digits */
    char *const end = digits + sizeof digits;
    char *at = end;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--at = '-';
    writer_raw(writer, at, (apr_size_t)(end - at));
}
