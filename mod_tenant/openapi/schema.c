/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include <apr_strings.h>

void openapi_object_begin(const openapi_t *openapi, const char *name, const char *description)
{
    member_object(openapi->writer, name);
    member_text(openapi->writer, "type", "object");
    if (description)
        member_text(openapi->writer, "description", description);
    member_boolean(openapi->writer, "additionalProperties", 0);
}

void openapi_text(const openapi_t *openapi, const char *name, const char *description, int max, int or_null)
{
    static const char *const types[] = {"string", "null", NULL};

    member_object(openapi->writer, name);
    if (or_null)
        member_texts(openapi->writer, "type", types);
    else
        member_text(openapi->writer, "type", "string");
    member_integer(openapi->writer, "maxLength", max);
    if (description)
        member_text(openapi->writer, "description", description);
    member_object_end(openapi->writer);
}

void openapi_integer(const openapi_t *openapi, const char *name, const char *description, int min, int max)
{
    member_object(openapi->writer, name);
    member_text(openapi->writer, "type", "integer");
    member_text(openapi->writer, "format", "int32");
    member_integer(openapi->writer, "minimum", min);
    member_integer(openapi->writer, "maximum", max);
    member_text(openapi->writer, "description", description);
    member_object_end(openapi->writer);
}

void openapi_ref(const openapi_t *openapi, const char *member, const char *kind, const char *name,
                 const char *suffix)
{
    member_object(openapi->writer, member);
    member_text(openapi->writer, "$ref",
                apr_pstrcat(openapi->pool, "#/components/", kind, "/", name, suffix, NULL));
    member_object_end(openapi->writer);
}
