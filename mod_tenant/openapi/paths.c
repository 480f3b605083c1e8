/* SPDX-License-Identifier: Apache-2.0 */
#include "paths.h"

#include <string.h>

#include "../http/media.h"
#include "../resource/resources.h"
#include "names.h"
#include "operation.h"
#include "parameters.h"
#include "responses.h"
#include "schema.h"
#include "security.h"
#include "service.h"
#include "sound.h"
#include "token.h"

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

/* Pages alone: of several media types generators make a client that is right for none (of NDJSON beside JSON
 * a stream of anything), and to describe the lines of another there are no words. The operation's description
 * tells of streams. */
static void write_list_response(const openapi_t *openapi, const resource_t *resource)
{
    static const char *const headers[] = {"Link", "Preference-Applied", NULL};
    writer_t *writer = openapi->writer;

    openapi_response_begin(openapi, "200",
                           openapi_sentence(openapi, "A page of %s.", openapi_words(openapi, resource)),
                           headers);
    member_object(writer, "content");
    member_object(writer, MEDIA_JSON);
    openapi_ref(openapi, "schema", "schemas", openapi_type(openapi, resource), "List");
    member_object(writer, "example");
    member_array(writer, "data");
    openapi_row_example(openapi, NULL, resource, OPENAPI_SHOWN);
    member_array_end(writer);
    member_text(writer, "next", NULL);
    member_text(writer, "next_cursor", NULL);
    member_object_end(writer);
    member_object_end(writer);
    member_object_end(writer);
    member_object_end(writer);
}

static void write_list(const openapi_t *openapi, const resource_t *resource)
{
    const char *plural = openapi_words(openapi, resource);

    openapi_operation_begin(
        openapi, "get", openapi_sentence(openapi, "list%s", openapi_types(openapi, resource)), resource->name,
        openapi_sentence(openapi, "List %s", plural),
        openapi_sentence(
            openapi,
            "A page of %s; follow `next`, or pass `next_cursor` as `after`, until it is null. Filters are "
            "joined by AND. With `Accept: application/x-ndjson` (a JSON object in each line) or `text/csv` "
            "all matching rows come in one answer, however many there are; a failure on the way breaks the "
            "transfer off, so that it cannot be taken for the whole.",
            plural));
    openapi_security(openapi, resource, 1);
    member_array(openapi->writer, "parameters");
    openapi_list_parameters(openapi, resource);
    member_array_end(openapi->writer);
    member_object(openapi->writer, "responses");
    write_list_response(openapi, resource);
    openapi_operation_end(openapi, OPENAPI_BAD_LIST | OPENAPI_ALWAYS);
}

static void write_create(const openapi_t *openapi, const resource_t *resource)
{
    static const char *const headers[] = {"Location", "ETag", "Idempotency-Replayed", NULL};
    static const char *const location[] = {"Location", NULL};
    const char *type = openapi_type(openapi, resource);

    openapi_operation_begin(
        openapi, "post", openapi_sentence(openapi, "create%s", type), resource->name,
        openapi_sentence(openapi, "Create %s", openapi_a_word(openapi, resource)),
        resource->makes_keys
            ? "The answer shows the new API key, this once."
            : "Members that are absent get their defaults. Members that are unknown, or the server's "
              "own, are refused.");
    openapi_security(openapi, resource, 0);
    if (!resource->makes_keys)
        openapi_parameter_refs(openapi, (const char *const[]){"IdempotencyKey", NULL});
    openapi_request_body(openapi, type, "Create", resource, OPENAPI_CREATE);
    member_object(openapi->writer, "responses");
    openapi_response_json(openapi, "201",
                          openapi_sentence(openapi, "The new %s.", openapi_word(openapi, resource)),
                          resource->makes_keys ? location : headers,
                          resource->makes_keys ? openapi_sentence(openapi, "New%s", type) : type,
                          resource->makes_keys ? NULL : resource);
    write_conflicts(openapi, resource, resource->makes_keys ? NULL : &problem_idempotency_in_progress);
    openapi_operation_end(openapi, OPENAPI_ALWAYS | OPENAPI_WITH_BODY |
                                       (resource->makes_keys ? OPENAPI_INVALID : OPENAPI_INVALID_CREATE));
}

/* `getCall`, `updateSettings`. */
static const char *row_id(const openapi_t *openapi, const char *verb, const resource_t *resource)
{
    return openapi_sentence(openapi, "%s%s", verb, openapi_type(openapi, resource));
}

static const char *row_words(const openapi_t *openapi, const resource_t *resource)
{
    return resource->is_single ? openapi_sentence(openapi, "the %s", openapi_word(openapi, resource))
                               : openapi_a_word(openapi, resource);
}

static const char *const etag_header[] = {"ETag", NULL};
static const char *const conditions[] = {"IfMatch", "IfNoneMatch", NULL};

static unsigned row_failures(const resource_t *resource)
{
    return resource->is_single ? OPENAPI_ALWAYS : OPENAPI_ALWAYS | OPENAPI_NOT_FOUND;
}

static void write_read(const openapi_t *openapi, const resource_t *resource)
{
    openapi_operation_begin(openapi, "get", row_id(openapi, "get", resource), resource->name,
                            openapi_sentence(openapi, "Get %s", row_words(openapi, resource)),
                            resource->is_single && !resource->is_profile
                                ? "Shows the defaults until something has been stored; `id` is null then."
                                : "As it is now, with the ETag that stands for it.");
    openapi_security(openapi, resource, 1);
    openapi_parameter_refs(openapi, conditions);
    member_object(openapi->writer, "responses");
    openapi_response_json(openapi, "200",
                          openapi_sentence(openapi, "The %s.", openapi_word(openapi, resource)), etag_header,
                          openapi_type(openapi, resource), resource);
    openapi_response_empty(openapi, "304", "It is as the ETag in If-None-Match says.", etag_header);
    openapi_operation_end(openapi,
                          OPENAPI_BAD_REQUEST | row_failures(resource) | OPENAPI_PRECONDITION_FAILED);
}

static void write_update(const openapi_t *openapi, const resource_t *resource)
{
    openapi_operation_begin(openapi, "patch", row_id(openapi, "update", resource), resource->name,
                            openapi_sentence(openapi, "Change %s", row_words(openapi, resource)),
                            "A JSON merge patch (RFC 7396): a member that is absent stays as it is, null "
                            "empties one that may be null, `{}` changes nothing.");
    openapi_security(openapi, resource, 0);
    openapi_parameter_refs(openapi, conditions);
    openapi_request_body(openapi, openapi_type(openapi, resource), "Update", resource, OPENAPI_UPDATE);
    member_object(openapi->writer, "responses");
    openapi_response_json(openapi, "200",
                          openapi_sentence(openapi, "The %s as it is now.", openapi_word(openapi, resource)),
                          etag_header, openapi_type(openapi, resource), resource);
    write_conflicts(openapi, resource, NULL);
    openapi_operation_end(openapi, row_failures(resource) | OPENAPI_WITH_BODY | OPENAPI_INVALID |
                                       OPENAPI_PRECONDITION_FAILED);
}

static void write_delete(const openapi_t *openapi, const resource_t *resource)
{
    openapi_operation_begin(openapi, "delete", row_id(openapi, "delete", resource), resource->name,
                            openapi_sentence(openapi, "Delete %s", openapi_a_word(openapi, resource)),
                            resource->spans_tenants
                                ? "Only an inactive tenant can be deleted; all of its rows go with it."
                                : "For good. Without If-Match whatever it holds by now.");
    openapi_security(openapi, resource, 0);
    openapi_parameter_refs(openapi, conditions);
    member_object(openapi->writer, "responses");
    openapi_response_empty(openapi, "204", "It is gone.", NULL);
    openapi_problems(openapi, "409",
                     resource->removable
                         ? (const problem_t *const[]){&problem_tenant_active, &problem_conflict}
                         : (const problem_t *const[]){&problem_conflict},
                     resource->removable ? 2 : 1);
    openapi_operation_end(openapi,
                          OPENAPI_BAD_REQUEST | row_failures(resource) | OPENAPI_PRECONDITION_FAILED);
}

/* POST /tenant/key, or /tenants/{id}/key. */
static void write_rotation(const openapi_t *openapi, const resource_t *resource)
{
    static const char *const headers[] = {"Idempotency-Replayed", NULL};
    unsigned failures = (row_failures(resource) & ~(unsigned)OPENAPI_FORBIDDEN) | OPENAPI_FORBIDDEN_ROTATION;

    openapi_operation_begin(
        openapi, "post", "rotateKey", resource->name, "Replace the API key",
        resource->spans_tenants
            ? "The former key goes on working for `grace_seconds`."
            : "Only the current key may ask for a new one. The former key goes on working for "
              "`grace_seconds`. It can ask again for an answer that was lost, by the same "
              "`Idempotency-Key`.");
    openapi_security(openapi, resource, 0);
    if (!resource->spans_tenants)
        openapi_parameter_refs(openapi, (const char *const[]){"RotationKey", NULL});
    openapi_request_body(openapi, "KeyRotation", "", &resource_rotation, OPENAPI_CREATE);
    member_object(openapi->writer, "responses");
    openapi_response_json(openapi, "200", "The new key, this once.", resource->spans_tenants ? NULL : headers,
                          "NewKey", NULL);
    write_conflicts(openapi, &resource_rotation, NULL);
    openapi_operation_end(openapi, failures | OPENAPI_WITH_BODY | OPENAPI_INVALID);
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
    member_object(openapi->writer,
                  openapi_sentence(openapi, "%s/key",
                                   resource->spans_tenants ? openapi_row_path(openapi, resource)
                                                           : openapi_path(openapi, resource)));
    if (resource->spans_tenants)
        openapi_row_parameters(openapi, resource);
    write_rotation(openapi, resource);
    member_object_end(openapi->writer);
}

void openapi_paths(const openapi_t *openapi)
{
    member_object(openapi->writer, "paths");
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (!rights_reach(openapi->location, resource))
            continue;
        if (!resource->is_single)
            write_collection(openapi, resource);
        if (resource->operations & (RESOURCE_READ | RESOURCE_UPDATE | RESOURCE_DELETE))
            write_rows(openapi, resource);
        if (resource->is_profile || resource->makes_keys)
            write_key(openapi, resource);
        if (resource->has_sound && openapi_is_for(openapi, OPENAPI_GATEWAYS))
            openapi_sound_paths(openapi, resource);
    }
    if (rights_reach(openapi->location, &resource_token))
        openapi_token_path(openapi);
    openapi_service_paths(openapi);
    member_object_end(openapi->writer);
}
