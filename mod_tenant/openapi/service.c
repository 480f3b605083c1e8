/* SPDX-License-Identifier: Apache-2.0 */
#include "service.h"

#include <string.h>

#include "../http/media.h"
#include "operation.h"
#include "parameters.h"
#include "responses.h"
#include "schema.h"
#include "security.h"

/* What one of these is answered with. */
typedef struct service_t {
    const char *path, *id, *summary, *description;
    const char *schema; /* NULL: an OpenAPI document */
    int has_tag;        /* it has an ETag */
    int is_html;        /* it exists as HTML too */
    int may_fail;       /* it asks the database */
} service_t;

static const service_t services[] = {
    {"/openapi.json", "getOpenapi", "Get this document",
     "Made from the server's own tables: it is what the server does.", NULL, .has_tag = 1},
    {"/problems", "listProblems", "List all problems, explained",
     "As a page for people, where text/html is asked for.", "ProblemExplanationList", .is_html = 1},
    {"/problems/{code}", "getProblem", "Get what a problem means",
     "The `type` of every error leads here. As a page for people, where text/html is asked for.",
     "ProblemExplanation", .is_html = 1},
    {"/live", "getLive", "Ask whether the server is there", "It answers: nothing else is looked at.",
     "Health", .may_fail = 0},
    {"/ready", "getReady", "Ask whether requests can be served",
     "503 while they could not: the database is away, or not what it should be. For load balancers, as often "
     "as they like: in the clear as well, for it is the same for everybody.",
     "Health", .may_fail = 1},
};

static void write_schema(const openapi_t *openapi, const service_t *service)
{
    if (service->schema) {
        openapi_ref(openapi, "schema", "schemas", service->schema, "");
        return;
    }
    member_object(openapi->writer, "schema");
    member_text(openapi->writer, "type", "object");
    member_text(openapi->writer, "description", "An OpenAPI 3.1 document.");
    member_object_end(openapi->writer);
}

static void write_responses(const openapi_t *openapi, const service_t *service)
{
    static const char *const tag[] = {"ETag", NULL};
    static const char *const html[] = {"Content-Security-Policy", "Referrer-Policy", NULL};

    openapi_response_begin(openapi, "200", "The same for everybody.",
                           service->has_tag   ? tag
                           : service->is_html ? html
                                              : NULL);
    member_object(openapi->writer, "content");
    member_object(openapi->writer, MEDIA_JSON);
    write_schema(openapi, service);
    member_object_end(openapi->writer);
    member_object_end(openapi->writer);
    member_object_end(openapi->writer);
    if (service->has_tag)
        openapi_response_empty(openapi, "304", "It is as the ETag in If-None-Match says.", tag);
}

static void write_service(const openapi_t *openapi, const service_t *service)
{
    unsigned failures = OPENAPI_BAD_REQUEST |
                        (OPENAPI_ALWAYS & ~(unsigned)(OPENAPI_UNAVAILABLE | OPENAPI_RATE_LIMITED)) |
                        (service->has_tag ? OPENAPI_PRECONDITION_FAILED | OPENAPI_RATE_LIMITED : 0) |
                        (service->may_fail ? OPENAPI_UNAVAILABLE : 0);
    int is_row = strchr(service->path, '{') != NULL;

    member_object(openapi->writer, service->path);
    if (is_row)
        openapi_code_parameter(openapi);
    openapi_operation_begin(openapi, "get", service->id, OPENAPI_SERVICE_TAG, service->summary,
                            service->description);
    openapi_security(openapi, NULL, 1);
    if (service->has_tag)
        openapi_parameter_refs(openapi, (const char *const[]){"IfMatch", "IfNoneMatch", NULL});
    member_object(openapi->writer, "responses");
    write_responses(openapi, service);
    openapi_operation_end(openapi, failures | (is_row ? OPENAPI_NOT_FOUND : 0));
    member_object_end(openapi->writer);
}

void openapi_service_paths(const openapi_t *openapi)
{
    int has_page = openapi->location->reference != NULL;
    const service_t index = {"/",
                             "getIndex",
                             "Get links to everything",
                             has_page
                                 ? "Browsers, which ask for text/html, get a reference of the API instead."
                                 : "The paths of all there is.",
                             "Links",
                             .is_html = has_page};

    write_service(openapi, &index);
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        write_service(openapi, &services[i]);
}
