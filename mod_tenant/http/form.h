/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_FORM_H
#define TENANT_HTTP_FORM_H

#include <apr_pools.h>

/* A name and its value, decoded: any bytes, NUL and broken UTF-8 among them. A NUL follows each. */
typedef struct form_field_t {
    const char *name;
    const char *value;
    apr_size_t name_length;
    apr_size_t value_length;
} form_field_t;

/* What an HTML form sends, in its order, repeated names as often as they came. */
typedef struct form_t {
    const form_field_t *fields;
    int count;
} form_t;

/* Reads application/x-www-form-urlencoded (WHATWG URL Standard, section 5.1), of a body or of a query string:
 * `+` is a space, `&` parts the fields, and what has no `=` has an empty value. Other than there a broken
 * percent-encoding is refused, as are more than max fields. The fields are in pool. Returns NULL, or why not:
 * a sentence without anything of the text. */
const char *form_parse(form_t *form, const char *text, apr_size_t length, int max, apr_pool_t *pool);

/* The first field of a name, NULL where there is none; *repeated, which may be NULL, is whether there are
 * more. */
const form_field_t *form_find(const form_t *form, const char *name, int *repeated);

#endif
