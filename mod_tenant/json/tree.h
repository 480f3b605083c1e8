/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_JSON_TREE_H
#define TENANT_JSON_TREE_H

#include <apr_pools.h>
#include <stdint.h>

/* One JSON value. It lives as long as the pool of the text that it came from. */
typedef struct tree_t tree_t;

typedef enum tree_type_t {
    TREE_NULL,
    TREE_BOOLEAN,
    TREE_INTEGER, /* a number whose value is one, however it is written: 12, 12.0, 1.2e1 */
    TREE_NUMBER,  /* any other number */
    TREE_STRING,
    TREE_ARRAY,
    TREE_OBJECT,
} tree_type_t;

/* Parses a text that scan_text() has accepted with the depth of scan_limits_default or less. The values are
 * released with the pool, and every copy of their strings that was made on the way is wiped; the text itself
 * is the caller's. *root is NULL for the JSON text "null", which is what tree_type() calls TREE_NULL. Returns
 * 0 only when memory ran out or the text had not been accepted by scan_text(). */
int tree_parse(const tree_t **root, const char *text, apr_size_t length, apr_pool_t *pool);

tree_type_t tree_type(const tree_t *value);

/* Each of these wants a value of its type. */
int tree_boolean(const tree_t *value);
int64_t tree_integer(const tree_t *value); /* of one beyond 64 bits (1e30) the nearest */
const char *tree_string(const tree_t *value, apr_size_t *length); /* UTF-8, no NUL inside, NUL-terminated */

/* Calls visit for each member of an object, in the order of the text, until visit returns non-zero; returns
 * what the last call returned, 0 for an empty object. */
typedef int tree_visit_fn(void *context, const char *name, apr_size_t name_length, const tree_t *value);
int tree_each(const tree_t *object, tree_visit_fn *visit, void *context);

/* A member of an object; NULL: there is none, or it is null. */
const tree_t *tree_member(const tree_t *object, const char *name);

/* How many items an array has, and one of them, from 0; NULL: it is null. */
apr_size_t tree_count(const tree_t *array);
const tree_t *tree_item(const tree_t *array, apr_size_t n);

#endif
