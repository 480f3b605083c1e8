/* SPDX-License-Identifier: Apache-2.0 */

/* The paths and their operations (openapi_parts.h). */

#include <apr_strings.h>
#include <string.h>

#include "openapi_parts.h"

#define JSON "application/json"

/* What nearly every operation can answer with. */
enum {
    ALWAYS = OPENAPI_UNAUTHORIZED | OPENAPI_FORBIDDEN | OPENAPI_NOT_ACCEPTABLE | OPENAPI_RATE_LIMITED |
             OPENAPI_INTERNAL | OPENAPI_UNAVAILABLE,
    WITH_BODY =
        OPENAPI_BAD_BODY | OPENAPI_REQUEST_TIMEOUT | OPENAPI_BODY_TOO_LARGE | OPENAPI_UNSUPPORTED_MEDIA_TYPE,
};

static const char *sentence(const openapi_t *openapi, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static const char *sentence(const openapi_t *openapi, const char *format, ...)
{
    va_list arguments;
    const char *text;

    va_start(arguments, format);
    text = apr_pvsprintf(openapi->pool, format, arguments);
    va_end(arguments);
    return text;
}

static void begin_operation(const openapi_t *openapi, const char *method, const char *id, const char *tag,
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

static void write_parameters(const openapi_t *openapi, const char *const *names)
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

/* A body by the schema NAMESUFFIX, with an example of the resource. */
static void write_body(const openapi_t *openapi, const char *name, const char *suffix,
                       const resource_t *resource, openapi_use_t use)
{
    member_object(openapi->writer, "requestBody");
    member_boolean(openapi->writer, "required", 1);
    member_object(openapi->writer, "content");
    write_body_type(openapi, JSON, name, suffix, resource, use);
    if (use == OPENAPI_UPDATE)
        write_body_type(openapi, "application/merge-patch+json", name, suffix, resource, use);
    member_object_end(openapi->writer);
    member_object_end(openapi->writer);
}

/* Opens a response; its content, if it has one, is still to be written. */
static void begin_response(const openapi_t *openapi, const char *status, const char *description,
                           const char *const *headers)
{
    member_object(openapi->writer, status);
    member_text(openapi->writer, "description", description);
    openapi_header_refs(openapi, headers);
}

static void write_json_response(const openapi_t *openapi, const char *status, const char *description,
                                const char *const *headers, const char *name, const resource_t *resource)
{
    begin_response(openapi, status, description, headers);
    member_object(openapi->writer, "content");
    member_object(openapi->writer, JSON);
    openapi_ref(openapi, "schema", "schemas", name, "");
    if (resource)
        openapi_row_example(openapi, "example", resource, OPENAPI_SHOWN);
    member_object_end(openapi->writer);
    member_object_end(openapi->writer);
    member_object_end(openapi->writer);
}

static void write_empty_response(const openapi_t *openapi, const char *status, const char *description,
                                 const char *const *headers)
{
    begin_response(openapi, status, description, headers);
    member_object_end(openapi->writer);
}

/* The schema of a text of the media type, whatever its length. */
static void write_text_content(const openapi_t *openapi, const char *type)
{
    member_object(openapi->writer, type);
    member_object(openapi->writer, "schema");
    member_text(openapi->writer, "contentMediaType", type);
    member_object_end(openapi->writer);
    member_object_end(openapi->writer);
}

/* 409, as the table has it for the resource, and what more is given. */
static void write_conflicts(const openapi_t *openapi, const resource_t *resource, const problem_t *more)
{
    enum { CONFLICTS_MAX = 16 };
    const problem_t *problems[CONFLICTS_MAX];
    int count = 0;

    for (const conflict_t *conflict = resource->conflicts;
         conflict && conflict->constraint && count < CONFLICTS_MAX - 2; conflict++)
        problems[count++] = conflict->problem;
    problems[count++] = &problem_conflict;
    if (more)
        problems[count++] = more;
    openapi_problems(openapi, "409", problems, count);
}

static void end_operation(const openapi_t *openapi, unsigned failures)
{
    openapi_failures(openapi, failures);
    member_object_end(openapi->writer); /* responses */
    member_object_end(openapi->writer);
}

static void write_list_response(const openapi_t *openapi, const resource_t *resource)
{
    static const char *const headers[] = {"Link", "Preference-Applied", "Content-Disposition", NULL};
    writer_t *writer = openapi->writer;

    begin_response(openapi, "200",
                   sentence(openapi, "A page of %s, or all of them.", openapi_words(openapi, resource)),
                   headers);
    member_object(writer, "content");
    member_object(writer, JSON);
    openapi_ref(openapi, "schema", "schemas", openapi_type(openapi, resource), "List");
    member_object(writer, "example");
    member_array(writer, "data");
    openapi_row_example(openapi, NULL, resource, OPENAPI_SHOWN);
    member_array_end(writer);
    member_text(writer, "next", NULL);
    member_object_end(writer);
    member_object_end(writer);
    write_text_content(openapi, "application/x-ndjson");
    write_text_content(openapi, "text/csv");
    member_object_end(writer);
    member_object_end(writer);
}

static void write_list(const openapi_t *openapi, const resource_t *resource)
{
    const char *plural = openapi_words(openapi, resource);

    begin_operation(
        openapi, "get", sentence(openapi, "list%s", openapi_types(openapi, resource)), resource->name,
        sentence(openapi, "List %s", plural),
        sentence(
            openapi,
            "A page of %s; follow `next` until it is null. Filters are joined by AND. With `Accept: "
            "application/x-ndjson` (a JSON object in each line) or `text/csv` all matching rows come in one "
            "answer, however many there are; a failure on the way breaks the transfer off, so that it cannot "
            "be taken for the whole.",
            plural));
    openapi_security(openapi, resource, 1);
    member_array(openapi->writer, "parameters");
    openapi_list_parameters(openapi, resource);
    member_array_end(openapi->writer);
    member_object(openapi->writer, "responses");
    write_list_response(openapi, resource);
    end_operation(openapi, OPENAPI_BAD_LIST | ALWAYS);
}

static void write_create(const openapi_t *openapi, const resource_t *resource)
{
    static const char *const headers[] = {"Location", "ETag", "Idempotency-Replayed", NULL};
    static const char *const location[] = {"Location", NULL};
    const char *type = openapi_type(openapi, resource);

    begin_operation(
        openapi, "post", sentence(openapi, "create%s", type), resource->name,
        sentence(openapi, "Create %s", openapi_a_word(openapi, resource)),
        resource->is_admin
            ? "The answer shows the new API key, this once."
            : "Members that are absent get their defaults. Members that are unknown, or the server's "
              "own, are refused.");
    openapi_security(openapi, resource, 0);
    if (!resource->is_admin)
        write_parameters(openapi, (const char *const[]){"IdempotencyKey", NULL});
    write_body(openapi, type, "Create", resource, OPENAPI_CREATE);
    member_object(openapi->writer, "responses");
    write_json_response(openapi, "201", sentence(openapi, "The new %s.", openapi_word(openapi, resource)),
                        resource->is_admin ? location : headers,
                        resource->is_admin ? sentence(openapi, "New%s", type) : type,
                        resource->is_admin ? NULL : resource);
    write_conflicts(openapi, resource, resource->is_admin ? NULL : &problem_idempotency_in_progress);
    end_operation(openapi,
                  ALWAYS | WITH_BODY | (resource->is_admin ? OPENAPI_INVALID : OPENAPI_INVALID_CREATE));
}

/* `getCall`, `updateSettings`. */
static const char *row_id(const openapi_t *openapi, const char *verb, const resource_t *resource)
{
    return sentence(openapi, "%s%s", verb, openapi_type(openapi, resource));
}

static const char *row_words(const openapi_t *openapi, const resource_t *resource)
{
    return resource->is_single ? sentence(openapi, "the %s", openapi_word(openapi, resource))
                               : openapi_a_word(openapi, resource);
}

static const char *const etag_header[] = {"ETag", NULL};
static const char *const conditions[] = {"IfMatch", "IfNoneMatch", NULL};

static unsigned row_failures(const resource_t *resource)
{
    return resource->is_single ? ALWAYS : ALWAYS | OPENAPI_NOT_FOUND;
}

static void write_read(const openapi_t *openapi, const resource_t *resource)
{
    begin_operation(openapi, "get", row_id(openapi, "get", resource), resource->name,
                    sentence(openapi, "Get %s", row_words(openapi, resource)),
                    resource->is_single && !resource->is_profile
                        ? "Shows the defaults until something has been stored; `id` is null then."
                        : "As it is now, with the ETag that stands for it.");
    openapi_security(openapi, resource, 1);
    write_parameters(openapi, conditions);
    member_object(openapi->writer, "responses");
    write_json_response(openapi, "200", sentence(openapi, "The %s.", openapi_word(openapi, resource)),
                        etag_header, openapi_type(openapi, resource), resource);
    write_empty_response(openapi, "304", "It is as the ETag in If-None-Match says.", etag_header);
    end_operation(openapi, OPENAPI_BAD_REQUEST | row_failures(resource) | OPENAPI_PRECONDITION_FAILED);
}

static void write_update(const openapi_t *openapi, const resource_t *resource)
{
    begin_operation(
        openapi, "patch", row_id(openapi, "update", resource), resource->name,
        sentence(openapi, "Change %s", row_words(openapi, resource)),
        "A JSON merge patch (RFC 7396): a member that is absent stays as it is, null empties one that "
        "may be null, `{}` changes nothing.");
    openapi_security(openapi, resource, 0);
    write_parameters(openapi, conditions);
    write_body(openapi, openapi_type(openapi, resource), "Update", resource, OPENAPI_UPDATE);
    member_object(openapi->writer, "responses");
    write_json_response(openapi, "200",
                        sentence(openapi, "The %s as it is now.", openapi_word(openapi, resource)),
                        etag_header, openapi_type(openapi, resource), resource);
    write_conflicts(openapi, resource, NULL);
    end_operation(openapi,
                  row_failures(resource) | WITH_BODY | OPENAPI_INVALID | OPENAPI_PRECONDITION_FAILED);
}

static void write_delete(const openapi_t *openapi, const resource_t *resource)
{
    begin_operation(openapi, "delete", row_id(openapi, "delete", resource), resource->name,
                    sentence(openapi, "Delete %s", openapi_a_word(openapi, resource)),
                    resource->is_admin ? "Only an inactive tenant can be deleted; all of its rows go with it."
                                       : "For good. Without If-Match whatever it holds by now.");
    openapi_security(openapi, resource, 0);
    write_parameters(openapi, conditions);
    member_object(openapi->writer, "responses");
    write_empty_response(openapi, "204", "It is gone.", NULL);
    openapi_problems(openapi, "409",
                     resource->removable
                         ? (const problem_t *const[]){&problem_tenant_active, &problem_conflict}
                         : (const problem_t *const[]){&problem_conflict},
                     resource->removable ? 2 : 1);
    end_operation(openapi, OPENAPI_BAD_REQUEST | row_failures(resource) | OPENAPI_PRECONDITION_FAILED);
}

/* POST /tenant/key, or /tenants/{id}/key. */
static void write_rotation(const openapi_t *openapi, const resource_t *resource)
{
    unsigned failures = (row_failures(resource) & ~(unsigned)OPENAPI_FORBIDDEN) | OPENAPI_FORBIDDEN_ROTATION;

    begin_operation(openapi, "post", "rotateKey", resource->name, "Replace the API key",
                    resource->is_admin
                        ? "The former key goes on working for `grace_seconds`."
                        : "Only the current key may ask for a new one. The former key goes on working for "
                          "`grace_seconds`.");
    openapi_security(openapi, resource, 0);
    write_body(openapi, "KeyRotation", "", &resource_rotation, OPENAPI_CREATE);
    member_object(openapi->writer, "responses");
    begin_response(openapi, "200", "The new key, this once.", NULL);
    member_object(openapi->writer, "content");
    member_object(openapi->writer, JSON);
    openapi_ref(openapi, "schema", "schemas", "NewKey", "");
    member_object_end(openapi->writer);
    member_object_end(openapi->writer);
    member_object_end(openapi->writer);
    write_conflicts(openapi, &resource_rotation, NULL);
    end_operation(openapi, failures | WITH_BODY | OPENAPI_INVALID);
}

static void write_collection(const openapi_t *openapi, const resource_t *resource)
{
    member_object(openapi->writer, openapi_path(openapi, resource));
    if (resource->operations & RESOURCE_LIST)
        write_list(openapi, resource);
    if (resource->operations & RESOURCE_CREATE)
        write_create(openapi, resource);
    member_object_end(openapi->writer);
}

static void write_rows(const openapi_t *openapi, const resource_t *resource)
{
    member_object(openapi->writer, resource->is_single ? openapi_path(openapi, resource)
                                                       : openapi_row_path(openapi, resource));
    if (!resource->is_single)
        openapi_row_parameters(openapi, resource);
    if (resource->operations & RESOURCE_READ)
        write_read(openapi, resource);
    if (resource->operations & RESOURCE_UPDATE)
        write_update(openapi, resource);
    if (resource->operations & RESOURCE_DELETE)
        write_delete(openapi, resource);
    member_object_end(openapi->writer);
}

static void write_key(const openapi_t *openapi, const resource_t *resource)
{
    member_object(openapi->writer, sentence(openapi, "%s/key",
                                            resource->is_admin ? openapi_row_path(openapi, resource)
                                                               : openapi_path(openapi, resource)));
    if (resource->is_admin)
        openapi_row_parameters(openapi, resource);
    write_rotation(openapi, resource);
    member_object_end(openapi->writer);
}

/* A path of the service's own, which needs no key and is always there. schema NULL: the document itself. */
static const struct {
    const char *path, *id, *summary, *description, *schema;
} open_paths[] = {
    {"/", "getIndex", "Get links to everything",
     "Browsers, which ask for text/html, get a reference instead.", "Links"},
    {"/openapi.json", "getOpenapi", "Get this document",
     "Made from the server's own tables: it is what the server does.", NULL},
    {"/problems", "listProblems", "List all problems, explained",
     "As a page for people, where text/html is asked for.", "ProblemExplanationList"},
    {"/problems/{code}", "getProblem", "Get what a problem means",
     "The `type` of every error leads here. As a page for people, where text/html is asked for.",
     "ProblemExplanation"},
};

static void write_open(const openapi_t *openapi, size_t n)
{
    unsigned failures =
        OPENAPI_BAD_REQUEST | (ALWAYS & ~(unsigned)(OPENAPI_UNAVAILABLE | OPENAPI_RATE_LIMITED));
    const char *schema = open_paths[n].schema;
    writer_t *writer = openapi->writer;
    int is_row = strchr(open_paths[n].path, '{') != NULL;

    member_object(writer, open_paths[n].path);
    if (is_row)
        openapi_code_parameter(openapi);
    begin_operation(openapi, "get", open_paths[n].id, OPENAPI_SERVICE_TAG, open_paths[n].summary,
                    open_paths[n].description);
    openapi_security(openapi, NULL, 1);
    member_object(writer, "responses");
    begin_response(openapi, "200", "It is always the same.", NULL);
    member_object(writer, "content");
    member_object(writer, JSON);
    if (schema) {
        openapi_ref(openapi, "schema", "schemas", schema, "");
    } else {
        member_object(writer, "schema");
        member_text(writer, "type", "object");
        member_text(writer, "description", "An OpenAPI 3.1 document.");
        member_object_end(writer);
    }
    member_object_end(writer);
    if (schema)
        write_text_content(openapi, "text/html");
    member_object_end(writer);
    member_object_end(writer);
    end_operation(openapi, failures | (is_row ? OPENAPI_NOT_FOUND : 0));
    member_object_end(writer);
}

void openapi_paths(const openapi_t *openapi)
{
    member_object(openapi->writer, "paths");
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (!openapi_describes(openapi, resource))
            continue;
        if (!resource->is_single)
            write_collection(openapi, resource);
        write_rows(openapi, resource);
        if (resource->is_profile || resource->is_admin)
            write_key(openapi, resource);
    }
    for (size_t n = 0; n < sizeof open_paths / sizeof *open_paths; n++)
        write_open(openapi, n);
    member_object_end(openapi->writer);
}
