/* SPDX-License-Identifier: Apache-2.0 */
#include "operation.h"

#include "../http/media.h"
#include "responses.h"
#include "schema.h"

void openapi_operation_begin(const openapi_t *openapi, const char *method, const char *id, const char *tag,
                             const char *summary, const char *description)
{
    const char *const tags[] = {tag, NULL};

    member_object(openapi->writer, method);
    member_text(openapi->writer, "operationId", id);
    member_texts(openapi->writer, "tags", tags);
    member_text(openapi->writer, "summary", summary);
    if (description)
        member_text(openapi->writer, "description", description);
}

void openapi_parameter_refs(const openapi_t *openapi, const char *const *names)
{
    member_array(openapi->writer, "parameters");
    for (; *names; names++)
        openapi_ref(openapi, NULL, "parameters", *names, "");
    member_array_end(openapi->writer);
}

static void write_body_type(const openapi_t *openapi, const char *type, const char *name, const char *suffix,
                            const resource_t *resource, openapi_use_t use)
{
    member_object(openapi->writer, type);
    openapi_ref(openapi, "schema", "schemas", name, suffix);
    openapi_row_example(openapi, "example", resource, use);
    member_object_end(openapi->writer);
}

void openapi_request_body(const openapi_t *openapi, const char *name, const char *suffix,
                          const resource_t *resource, openapi_use_t use)
{
    member_object(openapi->writer, "requestBody");
    member_boolean(openapi->writer, "required", 1);
    member_object(openapi->writer, "content");
    write_body_type(openapi, MEDIA_JSON, name, suffix, resource, use);
    if (use == OPENAPI_UPDATE)
        write_body_type(openapi, MEDIA_MERGE_PATCH, name, suffix, resource, use);
    member_object_end(openapi->writer);
    member_object_end(openapi->writer);
}

void openapi_response_begin(const openapi_t *openapi, const char *status, const char *description,
                            const char *const *headers)
{
    member_object(openapi->writer, status);
    member_text(openapi->writer, "description", description);
    openapi_header_refs(openapi, headers);
}

void openapi_response_json(const openapi_t *openapi, const char *status, const char *description,
                           const char *const *headers, const char *name, const resource_t *resource)
{
    openapi_response_begin(openapi, status, description, headers);
    member_object(openapi->writer, "content");
    member_object(openapi->writer, MEDIA_JSON);
    openapi_ref(openapi, "schema", "schemas", name, "");
    if (resource)
        openapi_row_example(openapi, "example", resource, OPENAPI_SHOWN);
    member_object_end(openapi->writer);
    member_object_end(openapi->writer);
    member_object_end(openapi->writer);
}

void openapi_response_empty(const openapi_t *openapi, const char *status, const char *description,
                            const char *const *headers)
{
    openapi_response_begin(openapi, status, description, headers);
    member_object_end(openapi->writer);
}

void openapi_operation_end(const openapi_t *openapi, unsigned failures)
{
    openapi_failures(openapi, failures);
    member_object_end(openapi->writer); /* of the responses */
    member_object_end(openapi->writer);
}
