/* SPDX-License-Identifier: Apache-2.0 */
#include "content.h"

#include <apr_strings.h>
#include <stdlib.h>

#include "../http/media.h"
#include "../identity/user.h"
#include "../json/scan.h"
#include "../json/tree.h"

static int has_body(const api_t *api)
{
    return api->exchange.r->method_number == M_POST || api->exchange.r->method_number == M_PATCH;
}

void content_advertise_patch(request_rec *r)
{
    apr_table_setn(r->err_headers_out, "Accept-Patch", MEDIA_OF_PATCH);
}

const problem_t *content_check_type(exchange_t *exchange)
{
    api_t *api = api_of(exchange);
    const char *type = apr_table_get(exchange->r->headers_in, "Content-Type");
    int is_patch = exchange->r->method_number == M_PATCH;

    if (!has_body(api) || media_is(type, MEDIA_JSON) || (is_patch && media_is(type, MEDIA_MERGE_PATCH)))
        return NULL;
    if (is_patch)
        content_advertise_patch(exchange->r);
    exchange->detail = is_patch ? "The body must be " MEDIA_MERGE_PATCH " or " MEDIA_JSON "."
                                : "The body must be " MEDIA_JSON ".";
    return &problem_unsupported_media_type;
}

const problem_t *content_check_length(exchange_t *exchange)
{
    return has_body(api_of(exchange)) ? exchange_check_length(exchange) : NULL;
}

/* Turns what the scanner refused into the answer's words. */
static const problem_t *refuse_json(api_t *api, const problem_t *problem, const scan_error_t *error)
{
    api->exchange.detail =
        apr_psprintf(api->exchange.r->pool, "At byte %" APR_SIZE_T_FMT ": %s", error->offset, error->detail);
    if (problem == &problem_invalid) {
        api->exchange.errors = apr_array_make(api->exchange.r->pool, 1, sizeof(problem_error_t));
        APR_ARRAY_PUSH(api->exchange.errors, problem_error_t) =
            (problem_error_t){error->pointer, error->code, error->detail};
        api->exchange.detail = NULL;
    }
    return problem;
}

/* What the body's members are. */
static const resource_t *described(const api_t *api)
{
    return api->route.kind == ROUTE_ROTATION ? &resource_rotation : api->route.resource;
}

const problem_t *content_read(exchange_t *exchange)
{
    api_t *api = api_of(exchange);
    apr_pool_t *pool = exchange->r->pool;
    const problem_t *problem;
    const tree_t *body;
    scan_error_t error;

    if (!has_body(api))
        return NULL;
    problem = exchange_read_body(exchange, &api->body, &api->body_length);
    if (problem || exchange->answered)
        return problem;
    problem = scan_text(api->body, api->body_length, &scan_limits_default, &error, pool);
    if (problem)
        return refuse_json(api, problem, &error);
    if (!tree_parse(&body, api->body, api->body_length, pool))
        return &problem_internal;
    return input_read(&api->input, described(api),
                      exchange->r->method_number == M_POST ? INPUT_CREATE : INPUT_UPDATE, body,
                      &exchange->errors, pool);
}

const problem_t *content_protect(exchange_t *exchange)
{
    api_t *api = api_of(exchange);
    input_secrets_t secrets = {.slots = exchange->server->slots, .keyring = exchange->server->keyring};

    if (!has_body(api))
        return NULL;
    secrets.tenant_id = api->scope.tenant ? api->scope.tenant->id : atoi(api->route.id);
    secrets.slots_owner = api->scope.tenant ? user_slots_owner(exchange->r, api->scope.tenant) : NULL;
    return input_protect(&api->input, described(api), &secrets, exchange->r->pool);
}
