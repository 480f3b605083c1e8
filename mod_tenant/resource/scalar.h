/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_SCALAR_H
#define TENANT_RESOURCE_SCALAR_H

#include "../store/row.h"
#include "resource.h"

/* The longest text that is made of a value: `+294276-12-31T23:59:59.999999Z`. */
enum { SCALAR_SIZE = sizeof "+294276-12-31T23:59:59.999999Z" - 1 };

/* A column's value as text, as the API shows it: a number in digits, `true` or `false`, a time by RFC 3339 in
 * UTC, or where that has no such year with a sign and six digits of it (ISO 8601),
 * a string without quotes or escapes. */
typedef struct scalar_t {
    const char *text; /* in made, the row or static, not NUL-terminated unless it is a string; NULL: the value
                         is NULL, or an infinite time */
    apr_size_t length;
    int is_endless; /* the time is `infinity` */
    char made[SCALAR_SIZE];
} scalar_t;

/* Reads a column of the current row, in whichever format the rows are. Of a sealed one it tells whether there
 * is a value. */
void scalar_read(scalar_t *scalar, field_type_t type, const rows_t *rows, int column);

/* The same of a value in PostgreSQL's text format, NULL being SQL NULL. */
void scalar_take(scalar_t *scalar, field_type_t type, const char *text, apr_size_t length);

/* A time that is there as statements take it,
 * in PostgreSQL's spelling (`0044-03-15T00:00:00Z BC`). In pool. */
const char *scalar_time_value(const scalar_t *scalar, apr_pool_t *pool);

#endif
