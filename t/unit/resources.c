/* SPDX-License-Identifier: Apache-2.0 */

/* Prints THE table as JSON, for tests that have to know every resource:
 *
 *     [{"name":"calls","table":"calls","spans_tenants":false,"is_single":false,"is_listed":true,
 *       "fields":[{"name":"id","column":"id","is_filter":true,"is_unique":true}, ...]}, ...]
 *
 * The administrator's resource of a name that a tenant's has too is `all_NAME`. */

#include <apr_general.h>
#include <stdio.h>

#include "called.h"
#include "json/member.h"
#include "resource/filter.h"
#include "resource/resources.h"

static void add_field(writer_t *writer, const field_t *field)
{
    member_object(writer, NULL);
    member_text(writer, "name", field->name);
    member_text(writer, "column", field_column(field));
    member_boolean(writer, "is_filter", filter_tests(field) != 0);
    member_boolean(writer, "is_unique", field_is_unique(field));
    member_object_end(writer);
}

static void add_resource(writer_t *writer, const resource_t *resource)
{
    member_object(writer, NULL);
    member_text(writer, "name", called(resource, writer->pool));
    member_text(writer, "table", resource_table(resource));
    member_boolean(writer, "spans_tenants", resource->spans_tenants);
    member_boolean(writer, "is_single", resource->is_single);
    member_boolean(writer, "is_listed", (resource->operations & RESOURCE_LIST) != 0);
    member_array(writer, "fields");
    for (const field_t *field = resource->fields; field->name; field++)
        add_field(writer, field);
    member_array_end(writer);
    member_object_end(writer);
}

int main(void)
{
    apr_pool_t *pool;
    writer_t writer;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return 1;
    writer_init(&writer, pool, 4096);
    member_array(&writer, NULL);
    for (const resource_t *resource = resources; resource->name; resource++)
        add_resource(&writer, resource);
    member_array_end(&writer);
    fwrite(writer.text, 1, writer.length, stdout);
    apr_terminate();
    return fflush(stdout) != 0;
}
