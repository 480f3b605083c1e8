/* SPDX-License-Identifier: Apache-2.0 */
#include "content.h"

#include <apr_strings.h>
#include <stdlib.h>

#include "../http/body.h"
#include "../http/media.h"
#include "../identity/user.h"
#include "../json/scan.h"
#include "../json/tree.h"

static int has_body(const api_t *api)
{
    return api->r->method_number == M_POST || api->r->method_number == M_PATCH;
}

void content_advertise_patch(request_rec *r)
{
    apr_table_setn(r->err_headers_out, "Accept-Patch", MEDIA_OF_PATCH);
}

const problem_t *content_check_type(api_t *api)
{
    const char *type = apr_table_get(api->r->headers_in, "Content-Type");
    int is_patch = api->r->method_number == M_PATCH;

    if (!has_body(api) || media_is(type, MEDIA_JSON) || (is_patch && media_is(type, MEDIA_MERGE_PATCH)))
        return NULL;
    if (is_patch)
        content_advertise_patch(api->r);
    api->detail = is_patch ? "The body must be " MEDIA_MERGE_PATCH " or " MEDIA_JSON "."
                           : "The body must be " MEDIA_JSON ".";
    return &problem_unsupported_media_type;
}

static const problem_t *body_too_large(api_t *api)
{
    api->detail =
        apr_psprintf(api->r->pool, "The body may have at most %d bytes.", config_max_body(api->location));
    return &problem_body_too_large;
}

const problem_t *content_check_length(api_t *api)
{
    const char *length = apr_table_get(api->r->headers_in, "Content-Length");

    if (has_body(api) && length && apr_atoi64(length) > config_max_body(api->location))
        return body_too_large(api);
    return NULL;
}

/* Whether the body is in a coding that no filter of httpd's has undone: mod_deflate takes the header away as
 * it decodes. */
static int is_encoded(const api_t *api)
{
    const char *coding = apr_table_get(api->r->headers_in, "Content-Encoding");

    return coding && strcasecmp(coding, "identity") != 0;
}

/* RFC 9110 section 12.5.3. */
static const problem_t *refuse_coding(api_t *api)
{
    apr_table_setn(api->r->headers_out, "Accept-Encoding", "identity");
    api->detail = "The body must not be compressed or otherwise encoded.";
    return &problem_unsupported_media_type;
}

/* Turns what the scanner refused into the answer's words. */
static const problem_t *refuse_json(api_t *api, const problem_t *problem, const scan_error_t *error)
{
    api->detail = apr_psprintf(api->r->pool, "At byte %" APR_SIZE_T_FMT ": %s", error->offset, error->detail);
    if (problem == &problem_invalid) {
        api->errors = apr_array_make(api->r->pool, 1, sizeof(problem_error_t));
        APR_ARRAY_PUSH(api->errors, problem_error_t) =
            (problem_error_t){error->pointer, error->code, error->detail};
        api->detail = NULL;
    }
    return problem;
}

/* What the body's members are. */
static const resource_t *described(const api_t *api)
{
    return api->route.kind == ROUTE_ROTATION ? &resource_rotation : api->route.resource;
}

const problem_t *content_read(api_t *api)
{
    request_rec *r = api->r;
    const problem_t *problem;
    const tree_t *body;
    scan_error_t error;
    apr_size_t length;
    char *bytes;
    int answered;

    if (!has_body(api))
        return NULL;
    problem = body_read(r, (apr_size_t)config_max_body(api->location), &bytes, &length, &answered);
    if (answered)
        return api_answered(api, AP_FILTER_ERROR);
    if (problem)
        return problem == &problem_body_too_large ? body_too_large(api) : problem;
    if (is_encoded(api))
        return refuse_coding(api);
    api->body = bytes;
    api->body_length = length;
    problem = scan_text(bytes, length, &scan_limits_default, &error, r->pool);
    if (problem)
        return refuse_json(api, problem, &error);
    if (!tree_parse(&body, bytes, length, r->pool))
        return &problem_internal;
    return input_read(&api->input, described(api), r->method_number == M_POST ? INPUT_CREATE : INPUT_UPDATE,
                      body, &api->errors, r->pool);
}

const problem_t *content_protect(api_t *api)
{
    input_secrets_t secrets = {.slots = api->server->slots, .keyring = api->server->keyring};

    if (!has_body(api))
        return NULL;
    secrets.tenant_id = api->tenant ? api->tenant->id : atoi(api->route.id);
    secrets.slots_owner = api->tenant ? user_slots_owner(api->r, api->tenant) : NULL;
    return input_protect(&api->input, described(api), &secrets, api->r->pool);
}
