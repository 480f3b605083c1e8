/* SPDX-License-Identifier: Apache-2.0 */
#include "authority.h"

#include <apr_strings.h>
#include <http_protocol.h>

#include "../http/site.h"
#include "../identity/resolve.h"
#include "../identity/user.h"
#include "../secret/secret.h"

/* Whether the Host alone may read this. */
static int is_public(const api_t *api)
{
    const apr_array_header_t *names = api->location->public_read;

    if (!names || api->r->method_number != M_GET || !api->route.resource)
        return 0;
    for (int i = 0; i < names->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(names, i, const char *), api->route.resource->name) == 0)
            return 1;
    }
    return 0;
}

/* Whether httpd's own authentication has logged a user in, by AuthBasicProvider tenant. */
static int is_logged_in(const api_t *api)
{
    const tenant_t *tenant = tenant_get(api->r);

    return tenant && tenant->via == TENANT_VIA_USER;
}

/* Whether a user's login is to decide. */
static int is_by_login(const api_t *api)
{
    return config_lets_users_in(api->location) && resolve_check_key(api->r) == &problem_key_missing &&
           (is_logged_in(api) || resolve_has_login(api->r));
}

/* What is no tenant's is for everybody; what is public needs no key, but a wrong one is still refused. */
const problem_t *authority_check(api_t *api)
{
    const problem_t *problem = resolve_check_key(api->r);

    if (is_by_login(api))
        return site_check(api->r);
    if (problem == &problem_key_missing && (route_is_open(&api->route) || is_public(api)))
        return NULL;
    return problem;
}

/* Whether a user may do this: never with what the tenant itself is, nor with another user. */
static int may_user(const api_t *api)
{
    const resource_t *resource = api->route.resource;

    if (api->location->user_authority != USER_AUTHORITY_WRITE && api->r->method_number != M_GET)
        return 0;
    if (resource->is_users)
        return api->route.kind == ROUTE_ROW && strcmp(api->route.id, api->tenant->user) == 0;
    return !resource->is_profile;
}

static const problem_t *prove_login(api_t *api)
{
    request_rec *r = api->r;
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
    api->tenant = tenant_get(r);
    if (may_user(api))
        return NULL;
    api->detail = "An API key may do this, if anybody may.";
    return &problem_user_forbidden;
}

/* Whether the login still rests on what it did when this was asked for the first time. */
static const problem_t *confirm_login(api_t *api, apr_pool_t *pool)
{
    const char *stamp;
    const problem_t *problem = user_stamp(api->r, &stamp, pool);

    if (problem)
        return problem;
    if (stamp && !api->login)
        api->login = apr_pstrdup(api->r->pool, stamp);
    return stamp && strcmp(stamp, api->login) == 0 ? NULL : &problem_login_invalid;
}

const problem_t *authority_confirm(api_t *api, apr_pool_t *pool)
{
    const problem_t *problem;

    if (api->route.resource->is_admin) /* httpd's own login, which is over once it has let somebody in */
        return NULL;
    problem = resolve_again(api->r, pool);
    if (problem || api->tenant->via != TENANT_VIA_USER)
        return problem;
    return confirm_login(api, pool);
}

const problem_t *authority_prove(api_t *api)
{
    const problem_t *problem;

    if (is_by_login(api))
        return prove_login(api);
    if (resolve_check_key(api->r) != &problem_key_missing)
        return resolve_key(api->r, &api->tenant);
    problem = resolve_host(api->r, &api->tenant);
    return !problem && !api->tenant ? &problem_key_missing : problem;
}
