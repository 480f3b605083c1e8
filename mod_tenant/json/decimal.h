/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_JSON_DECIMAL_H
#define TENANT_JSON_DECIMAL_H

#include <stdint.h>

/* A JSON number (RFC 8259 section 6) as it is written: what it is worth is read off its digits, exactly. The
 * digits stay where they are. */
typedef struct decimal_t {
    int is_negative;
    int is_plain;               /* written without fraction and exponent */
    const unsigned char *whole; /* the digits ahead of the point, at least one */
    const unsigned char *whole_end;
    const unsigned char *fraction; /* the digits behind the point, if any */
    const unsigned char *fraction_end;
    int64_t exponent;
} decimal_t;

/* Reads the number that begins at *at, with a digit or a minus sign, and moves *at behind it. 0: there is
 * none; *at is then the byte that is wrong, *fault a static sentence. */
int decimal_read(decimal_t *number, const unsigned char **at, const unsigned char *end, const char **fault);

/* Whether it can be kept: a plain one in int64_t, any other one in a finite double. */
int decimal_is_in_range(const decimal_t *number);

/* Whether its value is an integer, however it is written: 12, 12.0, 1.2e1. That is put into *value; one
 * beyond int64_t becomes the nearest. */
int decimal_integer(const decimal_t *number, int64_t *value);

#endif
