/* SPDX-License-Identifier: Apache-2.0 */
#include "responses.h"

#include <apr_strings.h>

#include "../http/media.h"
#include "schema.h"

static const struct {
    const char *name;
    const char *about;
    const char *example;
    openapi_reader_t reader;
} headers[] = {
    {"Accept-Encoding", "Which Content-Encoding a body may have.", "identity", OPENAPI_EVERYBODY},
    {"Accept-Patch", "Which Content-Type the body of a PATCH may have (RFC 5789).", MEDIA_OF_PATCH,
     OPENAPI_EVERYBODY},
    {"Accept-Ranges", "In which unit Range may count.", "bytes", OPENAPI_GATEWAYS},
    {"Cache-Control", "Nothing may store what needs a key.", "private, no-store", OPENAPI_EVERYBODY},
    {"Content-Range", "Which bytes of how many these are.", "bytes 0-999/65536", OPENAPI_GATEWAYS},
    {"Content-Security-Policy", "Of a page for browsers: what it may load.", "default-src 'none'",
     OPENAPI_EVERYBODY},
    {"ETag", "Stands for the row as it is now: for If-Match and If-None-Match.", "\"5f3a-1c\"",
     OPENAPI_EVERYBODY},
    {"Idempotency-Replayed", "`true`: this is the stored answer to an earlier request with the same key.",
     "true", OPENAPI_TENANTS},
    {"Link", "The next and the previous page (RFC 8288).", "</v1/things?limit=50&after=MSB0>; rel=\"next\"",
     OPENAPI_EVERYBODY},
    {"Location", "The path of the new row.", "/v1/things/1", OPENAPI_EVERYBODY},
    {"Preference-Applied", "Which preferences of Prefer were followed (RFC 7240).", "count=exact",
     OPENAPI_EVERYBODY},
    {"Referrer-Policy", "Of a page for browsers: it does not tell other sites where it was.", "no-referrer",
     OPENAPI_EVERYBODY},
    {"Retry-After", "After how many seconds it makes sense to try again.", "1", OPENAPI_EVERYBODY},
    {"Vary", "What the answer depends on besides its URL.", "Accept, Authorization, Prefer, X-API-Key",
     OPENAPI_EVERYBODY},
    {"WWW-Authenticate", "How to authenticate.", "Bearer realm=\"api\"", OPENAPI_EVERYBODY},
    {"X-Content-Type-Options", "The body is what Content-Type says.", "nosniff", OPENAPI_EVERYBODY},
};

void openapi_headers(const openapi_t *openapi)
{
    enum { HEADER_MAX = 8192 };
    writer_t *writer = openapi->writer;

    member_object(writer, "headers");
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        if (!openapi_is_for(openapi, headers[i].reader))
            continue;
        member_object(writer, headers[i].name);
        member_text(writer, "description", headers[i].about);
        member_object(writer, "schema");
        member_text(writer, "type", "string");
        member_integer(writer, "maxLength", HEADER_MAX);
        member_object_end(writer);
        member_text(writer, "example", headers[i].example);
        member_object_end(writer);
    }
    member_object_end(writer);
}

void openapi_header_refs(const openapi_t *openapi, const char *const *names)
{
    static const char *const always[] = {"Cache-Control", "Vary", "X-Content-Type-Options", NULL};

    member_object(openapi->writer, "headers");
    for (const char *const *name = always; *name; name++)
        openapi_ref(openapi, *name, "headers", *name, "");
    for (; names && *names; names++)
        openapi_ref(openapi, *names, "headers", *names, "");
    member_object_end(openapi->writer);
}

/* The groups, and the problems of each: of one status. */
static const struct {
    openapi_group_t group;
    const char *name;
    openapi_reader_t reader;
} groups[] = {
    {OPENAPI_BAD_REQUEST, "BadRequest", OPENAPI_EVERYBODY},
    {OPENAPI_BAD_LIST, "BadList", OPENAPI_EVERYBODY},
    {OPENAPI_BAD_BODY, "BadBody", OPENAPI_EVERYBODY},
    {OPENAPI_UNAUTHORIZED, "Unauthorized", OPENAPI_EVERYBODY},
    {OPENAPI_FORBIDDEN, "Forbidden", OPENAPI_EVERYBODY},
    {OPENAPI_FORBIDDEN_ROTATION, "ForbiddenRotation", OPENAPI_EVERYBODY},
    {OPENAPI_NOT_FOUND, "NotFound", OPENAPI_EVERYBODY},
    {OPENAPI_NOT_ACCEPTABLE, "NotAcceptable", OPENAPI_EVERYBODY},
    {OPENAPI_REQUEST_TIMEOUT, "RequestTimeout", OPENAPI_EVERYBODY},
    {OPENAPI_PRECONDITION_FAILED, "PreconditionFailed", OPENAPI_EVERYBODY},
    {OPENAPI_BODY_TOO_LARGE, "BodyTooLarge", OPENAPI_EVERYBODY},
    {OPENAPI_UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", OPENAPI_EVERYBODY},
    {OPENAPI_MISDIRECTED, "Misdirected", OPENAPI_EVERYBODY},
    {OPENAPI_INVALID, "Invalid", OPENAPI_EVERYBODY},
    {OPENAPI_INVALID_CREATE, "InvalidCreate", OPENAPI_TENANTS},
    {OPENAPI_RATE_LIMITED, "RateLimited", OPENAPI_EVERYBODY},
    {OPENAPI_INTERNAL, "Internal", OPENAPI_EVERYBODY},
    {OPENAPI_UNAVAILABLE, "Unavailable", OPENAPI_EVERYBODY},
};

static const struct {
    const problem_t *problem;
    unsigned groups;
    openapi_reader_t reader;
} members[] = {
    {&problem_bad_request, OPENAPI_BAD_REQUEST | OPENAPI_BAD_LIST | OPENAPI_BAD_BODY, OPENAPI_EVERYBODY},
    {&problem_bad_json, OPENAPI_BAD_BODY, OPENAPI_EVERYBODY},
    {&problem_bad_parameter, OPENAPI_BAD_REQUEST | OPENAPI_BAD_LIST | OPENAPI_BAD_BODY, OPENAPI_EVERYBODY},
    {&problem_bad_cursor, OPENAPI_BAD_LIST, OPENAPI_EVERYBODY},
    {&problem_bad_header, OPENAPI_BAD_REQUEST | OPENAPI_BAD_LIST | OPENAPI_BAD_BODY, OPENAPI_EVERYBODY},
    {&problem_ambiguous_key, OPENAPI_BAD_REQUEST | OPENAPI_BAD_LIST | OPENAPI_BAD_BODY, OPENAPI_TENANTS},
    {&problem_key_missing, OPENAPI_UNAUTHORIZED, OPENAPI_TENANTS},
    {&problem_key_invalid, OPENAPI_UNAUTHORIZED, OPENAPI_TENANTS},
    {&problem_login_invalid, OPENAPI_UNAUTHORIZED, OPENAPI_USERS},
    {&problem_login_invalid, OPENAPI_UNAUTHORIZED, OPENAPI_ADMINISTRATORS},
    {&problem_https_required, OPENAPI_FORBIDDEN | OPENAPI_FORBIDDEN_ROTATION, OPENAPI_EVERYBODY},
    {&problem_forbidden, OPENAPI_FORBIDDEN | OPENAPI_FORBIDDEN_ROTATION, OPENAPI_EVERYBODY},
    {&problem_tenant_mismatch, OPENAPI_FORBIDDEN | OPENAPI_FORBIDDEN_ROTATION, OPENAPI_TENANTS},
    {&problem_tenant_inactive, OPENAPI_FORBIDDEN | OPENAPI_FORBIDDEN_ROTATION, OPENAPI_TENANTS},
    {&problem_key_retiring, OPENAPI_FORBIDDEN_ROTATION, OPENAPI_TENANTS},
    {&problem_user_forbidden, OPENAPI_FORBIDDEN | OPENAPI_FORBIDDEN_ROTATION, OPENAPI_USERS},
    {&problem_cross_site, OPENAPI_FORBIDDEN | OPENAPI_FORBIDDEN_ROTATION, OPENAPI_USERS},
    {&problem_cross_site, OPENAPI_FORBIDDEN | OPENAPI_FORBIDDEN_ROTATION, OPENAPI_ADMINISTRATORS},
    {&problem_admin_unprotected, OPENAPI_FORBIDDEN | OPENAPI_FORBIDDEN_ROTATION, OPENAPI_ADMINISTRATORS},
    {&problem_not_found, OPENAPI_NOT_FOUND, OPENAPI_EVERYBODY},
    {&problem_not_acceptable, OPENAPI_NOT_ACCEPTABLE, OPENAPI_EVERYBODY},
    {&problem_request_timeout, OPENAPI_REQUEST_TIMEOUT, OPENAPI_EVERYBODY},
    {&problem_precondition_failed, OPENAPI_PRECONDITION_FAILED, OPENAPI_EVERYBODY},
    {&problem_body_too_large, OPENAPI_BODY_TOO_LARGE, OPENAPI_EVERYBODY},
    {&problem_unsupported_media_type, OPENAPI_UNSUPPORTED_MEDIA_TYPE, OPENAPI_EVERYBODY},
    {&problem_tenant_moved, OPENAPI_MISDIRECTED, OPENAPI_EVERYBODY},
    {&problem_invalid, OPENAPI_INVALID | OPENAPI_INVALID_CREATE, OPENAPI_EVERYBODY},
    {&problem_idempotency_mismatch, OPENAPI_INVALID_CREATE, OPENAPI_TENANTS},
    {&problem_rate_limited, OPENAPI_RATE_LIMITED, OPENAPI_EVERYBODY},
    {&problem_internal, OPENAPI_INTERNAL, OPENAPI_EVERYBODY},
    {&problem_database_away, OPENAPI_UNAVAILABLE, OPENAPI_EVERYBODY},
    {&problem_pool_exhausted, OPENAPI_UNAVAILABLE, OPENAPI_EVERYBODY},
    {&problem_query_timeout, OPENAPI_UNAVAILABLE, OPENAPI_EVERYBODY},
    {&problem_write_in_doubt, OPENAPI_UNAVAILABLE, OPENAPI_EVERYBODY},
    {&problem_slots_busy, OPENAPI_UNAVAILABLE, OPENAPI_EVERYBODY},
    {&problem_secret_unreadable, OPENAPI_UNAVAILABLE, OPENAPI_EVERYBODY},
    {&problem_tenant_moving, OPENAPI_UNAVAILABLE, OPENAPI_EVERYBODY},
    {&problem_twilio_away, OPENAPI_UNAVAILABLE, OPENAPI_GATEWAYS},
    {&problem_draining, OPENAPI_UNAVAILABLE, OPENAPI_EVERYBODY},
    {&problem_misconfigured, OPENAPI_UNAVAILABLE, OPENAPI_EVERYBODY},
};

static void write_example_errors(const openapi_t *openapi)
{
    writer_t *writer = openapi->writer;

    member_array(writer, "errors");
    member_object(writer, NULL);
    member_text(writer, "pointer", "/name");
    member_text(writer, "code", "required");
    member_text(writer, "detail", "must be given");
    member_object_end(writer);
    member_array_end(writer);
}

static void write_example(const openapi_t *openapi, const problem_t *problem)
{
    writer_t *writer = openapi->writer;

    member_object(writer, problem->code);
    member_text(writer, "summary", problem->title);
    member_object(writer, "value");
    member_text(writer, "type",
                apr_pstrcat(openapi->pool, config_base_path(openapi->location), "/problems/", problem->code,
                            NULL));
    member_text(writer, "title", problem->title);
    member_integer(writer, "status", problem->status);
    member_text(writer, "code", problem->code);
    member_text(writer, "request_id", "aSK3f8AAAQEAAB2cXkEAAAAB");
    if (problem == &problem_invalid)
        write_example_errors(openapi);
    member_object_end(writer);
    member_object_end(writer);
}

/* What the answer is for whoever reads only this: each code with its sentence. */
static const char *describe(const openapi_t *openapi, const problem_t *const *problems, int count)
{
    const char *text = "";

    for (int i = 0; i < count; i++)
        text = apr_pstrcat(openapi->pool, text, i > 0 ? "\n" : "", "- `", problems[i]->code,
                           "`: ", problems[i]->title, NULL);
    return text;
}

/* The headers of an error beside those that all answers have; NULL: none. */
static const char *const *headers_of(int status)
{
    static const struct {
        int status;
        const char *names[3]; /* ended by NULL */
    } of[] = {
        {401, {"WWW-Authenticate"}}, {412, {"ETag"}},        {415, {"Accept-Encoding", "Accept-Patch"}},
        {429, {"Retry-After"}},      {503, {"Retry-After"}},
    };

    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        if (of[i].status == status)
            return of[i].names;
    }
    return NULL;
}

void openapi_problems(const openapi_t *openapi, const char *name, const problem_t *const *problems, int count)
{
    int status = problems[0]->status;
    writer_t *writer = openapi->writer;

    member_object(writer, name);
    member_text(writer, "description", describe(openapi, problems, count));
    openapi_header_refs(openapi, headers_of(status));
    member_object(writer, "content");
    member_object(writer, "application/problem+json");
    member_object(writer, "schema");
    member_array(writer, "allOf");
    openapi_ref(openapi, NULL, "schemas", "Problem", "");
    member_object(writer, NULL);
    member_object(writer, "properties");
    member_object(writer, "status");
    member_integer(writer, "const", status);
    member_object_end(writer);
    member_object(writer, "code");
    member_array(writer, "enum");
    for (int i = 0; i < count; i++)
        member_text(writer, NULL, problems[i]->code);
    member_array_end(writer);
    member_object_end(writer);
    member_object_end(writer);
    member_object_end(writer);
    member_array_end(writer);
    member_object_end(writer);
    member_object(writer, "examples");
    for (int i = 0; i < count; i++)
        write_example(openapi, problems[i]);
    member_object_end(writer);
    member_object_end(writer);
    member_object_end(writer);
    member_object_end(writer);
}

/* The problems of a group that the document tells of; returns how many. */
static int collect(const openapi_t *openapi, openapi_group_t group,
                   const problem_t *problems[sizeof members / sizeof *members])
{
    int count = 0;

    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if ((members[i].groups & group) && openapi_is_for(openapi, members[i].reader))
            problems[count++] = members[i].problem;
    }
    return count;
}

void openapi_responses(const openapi_t *openapi)
{
    const problem_t *problems[sizeof members / sizeof *members];

    member_object(openapi->writer, "responses");
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if (openapi_is_for(openapi, groups[i].reader))
            openapi_problems(openapi, groups[i].name, problems, collect(openapi, groups[i].group, problems));
    }
    member_object_end(openapi->writer);
}

void openapi_failures(const openapi_t *openapi, unsigned of)
{
    const problem_t *problems[sizeof members / sizeof *members];

    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if (!(of & groups[i].group))
            continue;
        collect(openapi, groups[i].group, problems);
        openapi_ref(openapi, apr_itoa(openapi->pool, problems[0]->status), "responses", groups[i].name, "");
    }
}
