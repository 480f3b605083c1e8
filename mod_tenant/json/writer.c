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

/* Sixteen bytes that are looked at together, by whatever instructions the processor has for that. */
typedef unsigned char block_t __attribute__((vector_size(16)));
typedef uint64_t words_t __attribute__((vector_size(16)));

/* Whether one of them wants to be escaped: is below 0x20, `"` or `\\`. */
static int wants_escape(block_t block)
{
    words_t found = (words_t)((block < 0x20) | (block == '"') | (block == '\\'));

    return (found[0] | found[1]) != 0;
}

static block_t load_block(const char *bytes)
{
    block_t block;

    memcpy(&block, bytes, sizeof block);
    return block;
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

/* Whether no byte wants to be escaped.
 * The last bytes are looked at in a piece that overlaps the one ahead. */
static int is_plain(const char *bytes, apr_size_t length)
{
    apr_size_t at = 0;

    if (length >= sizeof(block_t)) {
        for (; at + sizeof(block_t) < length; at += sizeof(block_t)) {
            if (wants_escape(load_block(bytes + at)))
                return 0;
        }
        return !wants_escape(load_block(bytes + length - sizeof(block_t)));
    }
    if (length >= sizeof(uint64_t))
        return !wants_escape(
            (block_t)(words_t){load_word(bytes), load_word(bytes + length - sizeof(uint64_t))});
    if (length >= sizeof(uint32_t)) {
        uint64_t word = load_half(bytes) | load_half(bytes + length - sizeof(uint32_t)) << 32;

        return !wants_escape((block_t)(words_t){word, word});
    }
    while (at < length && !escapes[(unsigned char)bytes[at]])
        at++;
    return at == length;
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
