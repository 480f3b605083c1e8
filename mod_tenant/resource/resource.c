/* SPDX-License-Identifier: Apache-2.0 */
#include "resource.h"

#include <apr_strings.h>
#include <string.h>

int resource_field_count(const resource_t *resource)
{
    int count = 0;

    while (resource->fields[count].name)
        count++;
    return count;
}

const field_t *resource_field(const resource_t *resource, const char *name, apr_size_t length)
{
    for (const field_t *field = resource->fields; field->name; field++) {
        if (strlen(field->name) == length && memcmp(field->name, name, length) == 0)
            return field;
    }
    return NULL;
}

const field_t *resource_key(const resource_t *resource)
{
    for (const field_t *field = resource->fields; field->name; field++) {
        if (field->flags & FIELD_KEY)
            return field;
    }
    return NULL;
}

const char *resource_table(const resource_t *resource)
{
    return resource->table ? resource->table : resource->name;
}

const char *resource_tenant_column(const resource_t *resource)
{
    return resource->tenant_column ? resource->tenant_column : "tenant_id";
}

const char *field_column(const field_t *field)
{
    return field->column ? field->column : field->name;
}

int field_is_readable(const field_t *field)
{
    return field->type != FIELD_PASSWORD && field->type != FIELD_SECRET;
}

int field_is_selected(const field_t *field)
{
    return field_is_readable(field) && !(field->flags & FIELD_TENANT);
}

apr_size_t resource_row_size(const resource_t *resource)
{
    enum { OTHER_SIZE = 32, CHARACTER_SIZE = 4 }; /* of a value that is no text, of a character in UTF-8 */
    apr_size_t size = 0;

    for (const field_t *field = resource->fields; field->name; field++) {
        if (field_is_selected(field))
            size += OTHER_SIZE;
        if (field_is_selected(field) && field->type == FIELD_TEXT)
            size += (apr_size_t)field->max * CHARACTER_SIZE;
    }
    return size;
}

int field_is_creatable(const field_t *field)
{
    return !(field->flags & FIELD_READ_ONLY);
}

int field_is_updatable(const field_t *field)
{
    return !(field->flags & (FIELD_READ_ONLY | FIELD_WRITE_ONCE));
}

apr_int64_t field_most(const field_t *field)
{
    return field->flags & FIELD_BIG ? FIELD_BIG_MAX : field->max;
}

int field_may_be_null(const field_t *field)
{
    return (field->flags & (FIELD_NULLABLE | FIELD_LEGACY_NULL)) != 0;
}

int field_is_unique(const field_t *field)
{
    return (field->flags & (FIELD_KEY | FIELD_UNIQUE)) || field->lookup || strcmp(field->name, "id") == 0;
}
