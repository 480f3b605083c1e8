/* SPDX-License-Identifier: Apache-2.0 */
#include "handler.h"

#include <apr_strings.h>
#include <limits.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>

#include "../http/body.h"
#include "../http/linger.h"
#include "../http/media.h"
#include "../http/query.h"
#include "../http/reply.h"
#include "../http/site.h"
#include "../identity/resolve.h"
#include "../identity/vary.h"
#include "../openapi/openapi.h"
#include "admin.h"
#include "api.h"
#include "asset.h"
#include "authority.h"
#include "condition.h"
#include "content.h"
#include "health.h"
#include "idempotency.h"
#include "operation.h"
#include "problems.h"
#include "reference.h"

APLOG_USE_MODULE(tenant);

/* One check or deed of a request's way. NULL: go on, unless the answer has been written. */
typedef const problem_t *step_fn(api_t *api);

static const problem_t *find_route(api_t *api)
{
    apr_size_t length = strlen(api->location->prefix);

    /* a subrequest or a rewrite may bring another path into the Location's configuration */
    if (strncmp(api->r->uri, api->location->prefix, length) != 0)
        return &problem_not_found;
    if (!route_parse(&api->route, api->r->uri + length, api->location->handler == HANDLER_ADMIN,
                     api->r->pool))
        return &problem_not_found;
    if (api->route.kind == ROUTE_REFERENCE && !reference_find(api->location->reference, api->route.id))
        return &problem_not_found;
    return NULL;
}

/* Whether it is a load balancer's question, with nothing in it that should not have been sent in the clear.
 */
static int is_harmless(api_t *api)
{
    return !find_route(api) && health_is_route(&api->route) &&
           resolve_check_key(api->r) == &problem_key_missing &&
           !apr_table_get(api->r->headers_in, "Authorization");
}

/* Never a redirect: the key has already crossed the network, and its owner should learn so. */
static const problem_t *require_tls(api_t *api)
{
    const problem_t *problem = resolve_check_tls(api->r);

    if (!problem || is_harmless(api))
        return NULL;
    api->detail = "Send this request by HTTPS, and replace the API key if it carried one.";
    return problem;
}

static const problem_t *check_method(api_t *api)
{
    request_rec *r = api->r;
    int is_allowed = route_allows(&api->route, r->method_number);

    if (is_allowed && r->method_number != M_OPTIONS)
        return NULL;
    apr_table_setn(r->headers_out, "Allow", route_allow(&api->route, r->pool));
    if (!is_allowed)
        return &problem_method_not_allowed;
    if (route_allows(&api->route, M_PATCH))
        content_advertise_patch(r);
    return api_answered(api, reply_empty(r, HTTP_NO_CONTENT));
}

static int is_list(const api_t *api)
{
    return api->route.kind == ROUTE_COLLECTION && api->r->method_number == M_GET;
}

/* The media types of the answer to a route; of those that Accept likes equally, the first is the one. */
static const char *const *media_of_route(api_t *api)
{
    static const char *const json[] = {MEDIA_JSON, NULL};
    static const char *const list[] = {
        [LIST_JSON] = MEDIA_JSON, [LIST_NDJSON] = "application/x-ndjson", [LIST_CSV] = "text/csv", NULL};
    static const char *const index[] = {MEDIA_JSON, "text/html", NULL};
    const char **file;

    if (is_list(api))
        return list;
    if (api->route.kind == ROUTE_INDEX && api->location->reference)
        return index;
    if (api->route.kind == ROUTE_PROBLEMS || api->route.kind == ROUTE_PROBLEM)
        return problems_types;
    if (api->route.kind != ROUTE_REFERENCE)
        return json;
    file = apr_pcalloc(api->r->pool, 2 * sizeof *file);
    file[0] = reference_find(api->location->reference, api->route.id)->type;
    return file;
}

static const problem_t *refuse_parameter(void *context, const parameter_t *parameter, const char **detail)
{
    api_t *api = context;

    *detail = query_unknown(parameter->name, api->r->pool);
    return &problem_bad_parameter;
}

/* What the answer is written as decides what the query may say: it is chosen here, and refused once the query
 * is known to be right. */
static const problem_t *check_query(api_t *api)
{
    request_rec *r = api->r;
    const problem_t *problem;
    int is_whole;

    api->media = media_choose(apr_table_get(r->headers_in, "Accept"), media_of_route(api));
    is_whole = api->media > LIST_JSON; /* a stream has all rows, unless told otherwise */
    if (!is_list(api))
        return query_parse(r->args, NULL, refuse_parameter, api, &api->detail, r->pool);
    problem = page_parse(&api->page, api->route.resource, r->args,
                         is_whole ? INT_MAX : config_page_default(api->location),
                         is_whole ? INT_MAX : config_page_max(api->location), &api->detail, r->pool);
    if (problem || !is_whole || api->page.seek != PAGE_BEFORE)
        return problem;
    api->detail = "A stream goes on behind a cursor: `before` is for pages.";
    return &problem_bad_cursor;
}

static const problem_t *check_accept(api_t *api)
{
    return api->media >= 0 ? NULL : &problem_not_acceptable;
}

/* What is no tenant's needs no database. */
static const problem_t *answer_open(api_t *api)
{
    if (!route_is_open(&api->route))
        return NULL;
    switch (api->route.kind) {
    case ROUTE_REFERENCE:
        return reference_answer_file(api);
    case ROUTE_LIVE:
    case ROUTE_READY:
        return health_answer(api);
    case ROUTE_OPENAPI:
        return asset_answer(api, openapi_document(api->location, api->r->pool));
    case ROUTE_PROBLEMS:
        return problems_answer_all(api);
    case ROUTE_PROBLEM:
        return problems_answer_one(api);
    default:
        return api->media == 0 ? operation_index(api) : reference_answer_page(api);
    }
}

static const problem_t *check_site(api_t *api)
{
    return site_check(api->r);
}

/* clang-format off */

/* A request's way. The order is part of the contract: what costs nothing to refuse is refused first, and
 * nothing asks the database that can be refused without it. */
static step_fn *const api_steps[] = {
    require_tls,
    find_route,
    check_method,
    check_query,
    check_accept,
    content_check_type,
    content_check_length,
    condition_check,
    idempotency_check,
    authority_check,
    answer_open,
    authority_prove,
    content_read,
    idempotency_replay,
    content_protect,
    operation_run,
    NULL,
};

/* An administrator's way: httpd has asked who it is, by a login of its own. Ahead of
 * sealing secrets to it a create takes its id. */
static step_fn *const admin_steps[] = {
    require_tls,
    find_route,
    check_method,
    check_query,
    check_accept,
    content_check_type,
    content_check_length,
    condition_check,
    idempotency_check,
    admin_check_user,
    check_site,
    answer_open,
    content_read,
    admin_prepare,
    content_protect,
    operation_run,
    NULL,
};

/* clang-format on */

/* The way of a Location's requests, or NULL where we do not answer. */
static step_fn *const *steps_of(const location_config_t *location)
{
    if (location->handler == HANDLER_API)
        return api_steps;
    return location->handler == HANDLER_ADMIN ? admin_steps : NULL;
}

/* Whether the path, by what a rewriting module may have made of it by now, is in a Location of ours. Ahead of
 * map_to_storage httpd has set the directory settings back to the server's. */
static int is_ours(request_rec *r)
{
    ap_conf_vector_t *settings = r->per_dir_config;
    int entered = config_enter_location(r);

    r->per_dir_config = settings;
    return entered;
}

/* The name of our content handler, and of the file that there is not. Nobody else's handler answers to it;
 * and where there is one httpd does not look for what to answer with instead, as FallbackResource does. It
 * has no slash, so that no folder is searched for what may be meant (MultiViews, CheckSpelling), and does not
 * depend on the client's path: mod_mime takes encodings and filters from its end. */
static const char handler_name[] = "mod_tenant";

static void claim(request_rec *r)
{
    r->filename = apr_pstrdup(r->pool, handler_name);
    r->handler = handler_name;
}

int handler_translate(request_rec *r)
{
    if (!is_ours(r))
        return DECLINED;
    claim(r);
    return OK;
}

/* Where handler_translate() has not been asked another module has claimed the path: a proxy, an alias, a rule
 * that has made it a file's name. The query that such a rule has made goes with the path that it has made,
 * which is ours only where it has passed it on ([PT]). */
int handler_map_to_storage(request_rec *r)
{
    if (!is_ours(r))
        return DECLINED;
    if (r->handler != handler_name) {
        char *path = apr_pstrdup(r->pool, r->parsed_uri.path); /* as it came, in escapes */

        r->proxyreq = PROXYREQ_NONE;
        if (path && ap_unescape_url(path) == OK && strcmp(r->uri, path) == 0)
            r->args = r->parsed_uri.query;
        claim(r);
    }
    return OK;
}

/* Goes a request's way, to its end or to the first problem. Returns what a handler returns. */
static int walk(api_t *api, step_fn *const *step)
{
    const problem_t *problem = NULL;

    for (; *step && !problem && !api->answered; step++)
        problem = (*step)(api);
    if (!problem)
        return api->status;
    if (body_discard(api->r) != OK)
        return AP_FILTER_ERROR;
    return reply_problem(api->r, config_base_path(api->location), problem, api->detail, api->errors);
}

int handler_run(request_rec *r)
{
    api_t api = {.r = r, .server = config_server(r->server), .location = config_location(r)};
    step_fn *const *steps = steps_of(api.location);
    int status;

    if (!steps)
        return DECLINED;
    vary_forbid(r); /* mod_cache may be told to keep what is private */
    linger_begin(r);
    status = walk(&api, steps);
    linger_end(r);
    return status;
}
