/* SPDX-License-Identifier: Apache-2.0 */

/* The check of the table's entries (resource.h). */

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "page_query.h"
#include "resource.h"
#include "route.h"

/* Whether a name needs no quotes in SQL, as far as its letters go; a reserved word fails when the statement
 * is prepared. */
static int is_plain_name(const char *name)
{
    if (!apr_islower(*name) && *name != '_')
        return 0;
    while (apr_islower(*name) || apr_isdigit(*name) || *name == '_')
        name++;
    return !*name;
}

static const char *check_field(const resource_t *resource, const field_t *field)
{
    int is_tenant = strcmp(field_column(field), resource_tenant_column(resource)) == 0;

    if (!is_plain_name(field->name) || !is_plain_name(field_column(field)))
        return "its name is not lower-case letters, digits and _";
    if ((field->flags & FIELD_NULLABLE) && field->fallback)
        return "a FIELD_NULLABLE has no fallback: null would be stored as that";
    if ((field->flags & FIELD_RESET) && !field->fallback)
        return "a FIELD_RESET needs a fallback";
    if ((field->flags & FIELD_RANGE) && field->type != FIELD_INTEGER && field->type != FIELD_TIME)
        return "only numbers and times have ranges";
    if ((field->flags & FIELD_SPARSE) && !(field->flags & FIELD_FILTER && field->flags & FIELD_NULLABLE))
        return "a FIELD_SPARSE is a filter, and may be null";
    if ((field->flags & FIELD_FILTER) && page_has_parameter(field->name))
        return "lists have another parameter of its name";
    if ((field->flags & FIELD_PERIOD) && !(field->flags & FIELD_FILTER))
        return "a FIELD_PERIOD is a filter";
    if (field->type == FIELD_DATE && field_is_creatable(field))
        return "a FIELD_DATE is FIELD_READ_ONLY";
    if (field->type == FIELD_SEALED && !(field->flags & FIELD_READ_ONLY))
        return "a FIELD_SEALED is FIELD_READ_ONLY";
    if (field->type == FIELD_OBJECT || field->type == FIELD_TEXTS)
        return "a row has no objects";
    if (field->type == FIELD_PASSWORD && (field->flags & FIELD_WRITE_ONCE))
        return "a password can be changed";
    if ((field->flags & FIELD_TENANT) &&
        (!is_tenant || resource->spans_tenants || (field->flags & FIELD_FILTER) || field_is_creatable(field)))
        return "a FIELD_TENANT is the tenant's column of a resource of a tenant's, and the server's";
    return NULL;
}

/* What is wrong with the fields as a whole. */
static const char *check_fields(const resource_t *resource)
{
    const field_t *created = resource_field(resource, "created_at", strlen("created_at"));
    int count = resource_field_count(resource);
    int passwords = 0;

    for (const field_t *field = resource->fields; field->name; field++)
        passwords += field->type == FIELD_PASSWORD;
    if (route_is_reserved(resource->name))
        return "that is a path of its own";
    if (count > RESOURCE_FIELDS_MAX)
        return "it has too many fields";
    if (passwords > 1)
        return "it has more than one password";
    if (count == 0 || strcmp(resource->fields[0].name, "id") != 0)
        return "its first field is not id";
    if (resource->order == ORDER_CREATED && (resource->fields[0].type != FIELD_TEXT || !created))
        return "ORDER_CREATED is for text ids, and needs created_at";
    return NULL;
}

const char *resource_check(const resource_t *resource, apr_pool_t *pool)
{
    const char *wrong = check_fields(resource);

    if (wrong)
        return apr_psprintf(pool, "the resource %s: %s", resource->name, wrong);
    for (const field_t *field = resource->fields; field->name; field++) {
        wrong = check_field(resource, field);
        if (wrong)
            return apr_psprintf(pool, "the field %s of %s: %s", field->name, resource->name, wrong);
    }
    return NULL;
}
