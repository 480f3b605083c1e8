/* SPDX-License-Identifier: Apache-2.0 */
#include "authority.h"

#include <apr_strings.h>
#include <http_protocol.h>

#include "../http/site.h"
#include "../identity/resolve.h"
#include "../identity/user.h"
#include "../secret/secret.h"

/* What this request may do where such a caller asks. */
static right_t right_of(const api_t *api, caller_t caller)
{
    const exchange_t *exchange = &api->exchange;

    return rights_of(exchange->location, api->route.resource, caller, exchange->r->method_number == M_GET);
}

/* Whether httpd's own authentication has logged a user in, by AuthBasicProvider tenant. */
static int is_logged_in(const api_t *api)
{
    const tenant_t *tenant = tenant_get(api->exchange.r);

    return tenant && tenant->via == TENANT_VIA_USER;
}

/* Whether a user's login is to decide. */
static int is_by_login(const api_t *api)
{
    return config_lets_users_in(api->exchange.location) &&
           resolve_check_key(api->exchange.r) == &problem_key_missing &&
           (is_logged_in(api) || resolve_has_login(api->exchange.r));
}

/* What is no tenant's is for everybody; what is public needs no key, but a wrong one is still refused. */
const problem_t *authority_check(exchange_t *exchange)
{
    api_t *api = api_of(exchange);
    const problem_t *problem = resolve_check_key(exchange->r);

    if (is_by_login(api))
        return site_check(exchange->r);
    if (problem == &problem_key_missing &&
        (route_is_open(&api->route) || right_of(api, CALLER_ANYBODY) != RIGHT_NONE))
        return NULL;
    return problem;
}

/* Whether a user may do this. */
static int may_user(const api_t *api)
{
    right_t right = right_of(api, CALLER_USER);

    if (right == RIGHT_OWN && api->route.kind == ROUTE_TOKEN) /* whom it names, the body will tell */
        return 1;
    if (right == RIGHT_OWN)
        return api->route.kind == ROUTE_ROW && strcmp(api->route.id, api->scope.tenant->user) == 0;
    return right == RIGHT_ALL;
}

right_t authority_right(const api_t *api)
{
    switch (api->scope.tenant->via) {
    case TENANT_VIA_KEY:
        return right_of(api, CALLER_TENANT);
    case TENANT_VIA_USER:
        return right_of(api, CALLER_USER);
    default:
        return right_of(api, CALLER_ANYBODY);
    }
}

static const problem_t *prove_login(api_t *api)
{
    request_rec *r = api->exchange.r;
    const char *email, *password, *user;
    const problem_t *problem = NULL;

    if (!is_logged_in(api)) {
        if (ap_get_basic_auth_components(r, &email, &password) != APR_SUCCESS)
            return &problem_login_invalid;
        problem = user_login(r, email, password, &user);
        secret_wipe((char *)password, strlen(password)); /* httpd made this copy for us */
        if (problem)
            return problem;
        r->user = apr_pstrdup(r->pool, email);
        r->ap_auth_type = (char *)"Basic";
    }
    api->scope.tenant = tenant_get(r);
    if (may_user(api))
        return NULL;
    api->exchange.detail = "An API key may do this, if anybody may.";
    return &problem_user_forbidden;
}

/* Whether the login still rests on what it did when this was asked for the first time. */
static const problem_t *confirm_login(api_t *api, apr_pool_t *pool)
{
    const char *stamp;
    const problem_t *problem = user_stamp(api->exchange.r, &stamp, pool);

    if (problem)
        return problem;
    if (stamp && !api->login)
        api->login = apr_pstrdup(api->exchange.r->pool, stamp);
    return stamp && strcmp(stamp, api->login) == 0 ? NULL : &problem_login_invalid;
}

const problem_t *authority_confirm(api_t *api, apr_pool_t *pool)
{
    const problem_t *problem;

    if (!api->scope.tenant) /* httpd's own login, which is over once it has let somebody in */
        return NULL;
    problem = resolve_again(api->exchange.r, pool);
    if (problem || api->scope.tenant->via != TENANT_VIA_USER)
        return problem;
    return confirm_login(api, pool);
}

const problem_t *authority_prove(exchange_t *exchange)
{
    api_t *api = api_of(exchange);
    const problem_t *problem;

    api->scope.database = exchange->server->database;
    if (is_by_login(api))
        return prove_login(api);
    if (resolve_check_key(exchange->r) != &problem_key_missing)
        return resolve_key(exchange->r, &api->scope.tenant);
    problem = resolve_host(exchange->r, &api->scope.tenant);
    return !problem && !api->scope.tenant ? &problem_key_missing : problem;
}
