/* SPDX-License-Identifier: Apache-2.0 */
#include "steps.h"

#include <limits.h>

#include "../http/media.h"
#include "../http/query.h"
#include "../http/site.h"
#include "../identity/quota.h"
#include "../identity/resolve.h"
#include "../metrics/tally.h"
#include "../openapi/openapi.h"
#include "../resource/page_query.h"
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

static const problem_t *find_route(exchange_t *exchange)
{
    api_t *api = api_of(exchange);
    const char *path = exchange_path(exchange);

    if (!path ||
        !route_parse(&api->route, path, exchange->location->handler->spans_tenants, exchange->r->pool))
        return &problem_not_found;
    if (api->route.resource)
        tally_of(exchange->r->pool)->resource = api->route.resource->name;
    if (api->route.kind == ROUTE_REFERENCE && !reference_find(exchange->location->reference, api->route.id))
        return &problem_not_found;
    if (api->route.kind == ROUTE_SOUND && !exchange->server->gateway_path)
        return &problem_not_found;
    return NULL;
}

/* Whether it is a load balancer's question,
 * with nothing in it that should not have been sent in the clear. */
static int is_harmless(exchange_t *exchange)
{
    return !find_route(exchange) && health_is_route(&api_of(exchange)->route) &&
           resolve_check_key(exchange->r) == &problem_key_missing &&
           !apr_table_get(exchange->r->headers_in, "Authorization");
}

static const problem_t *require_tls(exchange_t *exchange)
{
    const problem_t *problem = exchange_require_tls(exchange);

    return problem && is_harmless(exchange) ? NULL : problem;
}

static const problem_t *check_method(exchange_t *exchange)
{
    request_rec *r = exchange->r;
    const route_t *route = &api_of(exchange)->route;
    int is_question = r->method_number == M_OPTIONS;

    if (!is_question && route_allows(route, r->method_number))
        return NULL;
    if (is_question && route_allows(route, M_PATCH))
        content_advertise_patch(r);
    return exchange_refuse_method(exchange, route_allow(route, r->pool));
}

static int is_list(const api_t *api)
{
    return api->route.kind == ROUTE_COLLECTION && api->exchange.r->method_number == M_GET;
}

/* The forms of the answer to a route, ended by FORM_NONE; of those that Accept likes equally, the first is
 * the one. */
static const answer_form_t *forms_of_route(const api_t *api)
{
    static const answer_form_t json[] = {FORM_JSON, FORM_NONE};
    static const answer_form_t list[] = {FORM_JSON, FORM_NDJSON, FORM_CSV, FORM_NONE};
    static const answer_form_t page[] = {FORM_JSON, FORM_HTML, FORM_NONE};
    static const answer_form_t file[] = {FORM_FILE, FORM_NONE};

    switch (api->route.kind) {
    case ROUTE_COLLECTION:
        return is_list(api) ? list : json;
    case ROUTE_INDEX:
        return api->exchange.location->reference ? page : json;
    case ROUTE_PROBLEMS:
    case ROUTE_PROBLEM:
        return page;
    case ROUTE_REFERENCE:
    case ROUTE_SOUND:
        return file;
    default:
        return json;
    }
}

static const char *type_of(const api_t *api, answer_form_t form)
{
    static const char *const types[] = {[FORM_JSON] = MEDIA_JSON,
                                        [FORM_NDJSON] = "application/x-ndjson",
                                        [FORM_CSV] = "text/csv",
                                        [FORM_HTML] = "text/html"};

    if (form == FORM_FILE)
        return api->route.kind == ROUTE_SOUND
                   ? api->route.sound->media
                   : reference_find(api->exchange.location->reference, api->route.id)->type;
    return types[form];
}

static answer_form_t choose_form(const api_t *api)
{
    enum { FORMS_MAX = 4 };
    const answer_form_t *forms = forms_of_route(api);
    const char *types[FORMS_MAX] = {NULL};
    int chosen;

    for (int n = 0; forms[n] != FORM_NONE; n++)
        types[n] = type_of(api, forms[n]);
    chosen = media_choose(apr_table_get(api->exchange.r->headers_in, "Accept"), types);
    return chosen < 0 ? FORM_NONE : forms[chosen];
}

static const problem_t *refuse_parameter(void *context, const parameter_t *parameter, const char **detail)
{
    api_t *api = context;

    *detail = query_unknown(parameter->name, api->exchange.r->pool);
    return &problem_bad_parameter;
}

/* What the answer is written as decides what the query may say: it is chosen here, and refused once the query
 * is known to be right. */
static const problem_t *check_query(exchange_t *exchange)
{
    api_t *api = api_of(exchange);
    request_rec *r = api->exchange.r;
    const problem_t *problem;
    int is_whole;

    api->form = choose_form(api);
    is_whole =
        api->form == FORM_NDJSON || api->form == FORM_CSV; /* all rows, unless its limit says otherwise */
    if (!is_list(api))
        return query_parse(r->args, NULL, refuse_parameter, api, &api->exchange.detail, r->pool);
    problem = page_parse(&api->page, api->route.resource, r->args,
                         is_whole ? INT_MAX : config_page_default(api->exchange.location),
                         is_whole ? INT_MAX : config_page_max(api->exchange.location), &api->exchange.detail,
                         r->pool);
    if (problem || !is_whole || api->page.seek != PAGE_BEFORE)
        return problem;
    api->exchange.detail = "A stream goes on behind a cursor: `before` is for pages.";
    return &problem_bad_cursor;
}

static const problem_t *check_accept(exchange_t *exchange)
{
    api_t *api = api_of(exchange);

    return api->form != FORM_NONE ? NULL : &problem_not_acceptable;
}

/* What is no tenant's needs no database. */
static const problem_t *answer_open(exchange_t *exchange)
{
    api_t *api = api_of(exchange);

    if (!route_is_open(&api->route))
        return NULL;
    switch (api->route.kind) {
    case ROUTE_REFERENCE:
        return reference_answer_file(api);
    case ROUTE_LIVE:
    case ROUTE_READY:
        return health_answer(api);
    case ROUTE_OPENAPI:
        return asset_answer(api, openapi_document(api->exchange.location,
                                                  api->exchange.server->gateway_path != NULL,
                                                  api->exchange.r->pool));
    case ROUTE_PROBLEMS:
        return problems_answer_all(api);
    case ROUTE_PROBLEM:
        return problems_answer_one(api);
    default:
        return api->form == FORM_HTML ? reference_answer_page(api) : operation_index(api);
    }
}

static const problem_t *charge(exchange_t *exchange)
{
    return quota_charge(exchange->r);
}

static const problem_t *check_site(exchange_t *exchange)
{
    return site_check(exchange->r);
}

/* clang-format off */

/* A request's way. The order is part of the contract: what costs nothing to refuse is refused first, and
 * nothing asks the database that can be refused without it. */
handler_step_fn *const api_steps[] = {
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
    charge,
    content_read,
    idempotency_replay,
    content_protect,
    operation_run,
    NULL,
};

/* An administrator's way: httpd has asked who it is, by a login of its own. Ahead of
 * sealing secrets to it a create takes its id. */
handler_step_fn *const admin_steps[] = {
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
    admin_check_database,
    content_read,
    admin_prepare,
    content_protect,
    operation_run,
    NULL,
};

/* clang-format on */
