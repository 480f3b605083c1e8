/* SPDX-License-Identifier: Apache-2.0 */
#include "members.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <string.h>

static int add_member(void *context, const char *name, apr_size_t length, const tree_t *value)
{
    apr_array_header_t *fields = context;
    form_field_t *field;

    if (tree_type(value) != TREE_STRING && tree_type(value) != TREE_INTEGER)
        return 0;
    field = &APR_ARRAY_PUSH(fields, form_field_t);
    field->name = apr_pstrmemdup(fields->pool, name, length);
    field->name_length = length;
    if (tree_type(value) == TREE_STRING) {
        field->value = tree_string(value, &field->value_length);
    } else {
        field->value = apr_psprintf(fields->pool, "%" APR_INT64_T_FMT, (apr_int64_t)tree_integer(value));
        field->value_length = strlen(field->value);
    }
    return 0;
}

void members_read(form_t *form, const tree_t *object, apr_pool_t *pool)
{
    apr_array_header_t *fields = apr_array_make(pool, 32, sizeof(form_field_t));

    tree_each(object, add_member, fields);
    *form = (form_t){(const form_field_t *)fields->elts, fields->nelts};
}
