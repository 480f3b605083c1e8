/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_JSON_WRITER_H
#define TENANT_JSON_WRITER_H

#include <apr_pools.h>
#include <stdint.h>
#include <string.h>

/* A growing text in a pool, for JSON written straight from rows: no tree, no call per byte. */
typedef struct writer_t {
    char *text;        /* length bytes, not NUL-terminated */
    apr_size_t length; /* bytes written */
    apr_size_t size;   /* bytes allocated */
    apr_pool_t *pool;
} writer_t;

/* Starts an empty text that has room for expected bytes before it must grow. */
void writer_init(writer_t *writer, apr_pool_t *pool, apr_size_t expected);

/* Makes room for more bytes: afterwards size - length >= more. */
void writer_reserve(writer_t *writer, apr_size_t more);

/* Appends bytes as they are. */
static inline void writer_raw(writer_t *writer, const char *bytes, apr_size_t length)
{
    if (writer->size - writer->length < length)
        writer_reserve(writer, length);
    memcpy(writer->text + writer->length, bytes, length);
    writer->length += length;
}

/* Appends a C string literal as it is. */
#define writer_literal(writer, literal) writer_raw((writer), "" literal, sizeof(literal) - 1)

/* Appends a JSON string with its quotes (RFC 8259 section 7). bytes is valid UTF-8; U+2028, U+2029 and DEL
 * are left as they are, `<` is not escaped: the answers are never put into HTML. */
void writer_string(writer_t *writer, const char *bytes, apr_size_t length);

/* writer_string of a NUL-terminated text, `null` where it is NULL. */
void writer_text(writer_t *writer, const char *text);

/* Appends a decimal integer. */
void writer_integer(writer_t *writer, int64_t value);

#endif
