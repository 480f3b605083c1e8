/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"

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

/* Whether one of a word's bytes wants to be escaped: is below 0x20, `"` or `\\`. */
static int wants_escape(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    const uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';

    /* a byte's high bit is set here if it borrowed, which none does ahead of the first one that counts */
    return (((word - ones * 0x20) | (quote - ones) | (backslash - ones)) & ~word & highs) != 0;
}

static uint64_t load_word(const char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

static uint64_t load_half(const char *bytes)
{
    uint32_t half;

    memcpy(&half, bytes, sizeof half);
    return half;
}

/* Whether no byte wants to be escaped. The last word, or half, overlaps the one ahead of it. */
static int is_plain(const char *bytes, apr_size_t length)
{
    if (length >= sizeof(uint64_t)) {
        for (apr_size_t at = 0; at + sizeof(uint64_t) < length; at += sizeof(uint64_t)) {
            if (wants_escape(load_word(bytes + at)))
                return 0;
        }
        return !wants_escape(load_word(bytes + length - sizeof(uint64_t)));
    }
    if (length >= sizeof(uint32_t))
        return !wants_escape(load_half(bytes) | load_half(bytes + length - sizeof(uint32_t)) << 32);
    for (apr_size_t at = 0; at < length; at++) {
        if (escapes[(unsigned char)bytes[at]])
            return 0;
    }
    return 1;
}

/* What writer_string() puts between the quotes of a text that is not plain. */
static void put_escaped(writer_t *writer, const unsigned char *at, const unsigned char *end)
{
    while (at < end) {
        const unsigned char *const run = at;

        while (at < end && !escapes[*at])
            at++;
        writer_raw(writer, (const char *)run, (apr_size_t)(at - run));
        if (at < end)
            put_escape(writer, *at++);
    }
}

void writer_string(writer_t *writer, const char *bytes, apr_size_t length)
{
    if (writer->size - writer->length < length + 2)
        writer_reserve(writer, length + 2);
    writer->text[writer->length++] = '"';
    if (is_plain(bytes, length)) {
        memcpy(writer->text + writer->length, bytes, length);
        writer->length += length;
    } else {
        put_escaped(writer, (const unsigned char *)bytes, (const unsigned char *)bytes + length);
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
