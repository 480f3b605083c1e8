/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_JSON_TOKEN_H
#define TENANT_JSON_TOKEN_H

#include <apr.h>

/* The tokens of a JSON text (RFC 8259 sections 3, 6 and 7), for scan.c: no pool, no limits, nothing about
 * where in a document a token stands. */

/* A position in a text. */
typedef struct token_reader_t {
    const unsigned char *at;  /* the next byte to read */
    const unsigned char *end; /* one past the last byte */
    const char *fault;        /* after a refusal a static sentence; at is then the byte that it is about */
} token_reader_t;

/* What a string token is made of. */
typedef struct token_string_t {
    const char *bytes; /* between the quotes, as they stand in the text */
    apr_size_t length; /* of bytes */
    int escaped;       /* has a backslash: its value is what token_unescape() gives */
    int nul;           /* its value holds U+0000 */
} token_string_t;

/* Each of these reads the token whose first byte reader->at has found, moves reader->at behind it and
 * returns 1; returns 0, with a fault, when the bytes are not such a token. */
int token_string(token_reader_t *reader, token_string_t *string);
int token_word(token_reader_t *reader, const char *word, apr_size_t length);

/* As above. *in_range is 0 when the number is an integer, that is written without fraction and exponent,
 * outside of int64_t, or any other number whose double is not finite; else 1. */
int token_number(token_reader_t *reader, int *in_range);

/* Writes the value of a string that token_string() has accepted to target, which has room for string->length
 * bytes. Returns the length of the value. */
apr_size_t token_unescape(char *target, const token_string_t *string);

#endif
