/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve.h"

#include <apr_strings.h>
#include <http_ssl.h>
#include <netinet/in.h>

#include "../config.h"
#include "credential.h"
#include "lookup.h"
#include "upgrade.h"
#include "vary.h"
#include "veil.h"

/* What a request knows about who is asking. Belongs to the request, never to its connection. */
typedef struct identity_t {
    credential_t credential;
    veil_t login;
    const tenant_t *tenant; /* what tenant_get() gives */

    lookup_t key;
    int key_is_judged;
    const problem_t *key_problem; /* why it may not act */

    lookup_t host;
    const problem_t *host_problem; /* why it could not be looked up */
} identity_t;

/* NULL where resolve_prepare() has not run, or had nothing to work with. */
static identity_t *identity_of(const request_rec *r)
{
    return ap_get_module_config(tenant_origin(r)->request_config, &tenant_module);
}

/* Settles on the tenant that the request is of. */
static void settle(request_rec *r, identity_t *identity, const tenant_t *tenant)
{
    request_rec *origin = tenant_origin(r);

    identity->tenant = tenant;
    tenant_export(origin, tenant);
    if (r != origin)
        tenant_export(r, tenant);
}

const tenant_t *tenant_get(const request_rec *r)
{
    const identity_t *identity = identity_of(r);

    return identity ? identity->tenant : NULL;
}

/* Reads who is asking, by the request's own headers or by those that it had ahead of an upgrade. */
static void take_credential(request_rec *r, const server_config_t *config, credential_t *credential)
{
    const credential_t *left = upgrade_find(r);

    credential_take(r, config->keyring, credential);
    if (!left)
        return;
    *credential = *left;
    credential_conceal(r);
}

int resolve_prepare(request_rec *r)
{
    const server_config_t *config = config_server(r->server);
    identity_t *identity;

    if (r->prev) {
        /* an internal redirect starts with an empty environment */
        if (tenant_get(r))
            tenant_export(r, tenant_get(r));
        if (vary_is_forbidden(r->prev))
            vary_forbid(r);
        return DECLINED;
    }
    if (!config->connect || !config->keyring)
        return DECLINED;
    identity = apr_pcalloc(r->pool, sizeof *identity);
    take_credential(r, config, &identity->credential);
    veil_find(&identity->login, r);
    veil_draw(&identity->login, r);
    ap_set_module_config(r->request_config, &tenant_module, identity);
    return DECLINED;
}

int resolve_unveil(request_rec *r)
{
    const identity_t *identity = identity_of(r);

    if (identity)
        veil_lift(&identity->login, r);
    return DECLINED;
}

int resolve_hand_over(conn_rec *connection, request_rec *r, server_rec *server, const char *protocol)
{
    (void)server;
    (void)protocol;
    if (!r || !identity_of(r))
        return DECLINED;
    if (identity_of(r)->credential.is_taken)
        upgrade_leave(connection, &identity_of(r)->credential);
    resolve_put_back_login(r);
    return DECLINED;
}

int resolve_withdraw(request_rec *r)
{
    const server_config_t *config = config_server(r->server);
    identity_t *identity = identity_of(r);
    identity_t late = {0};

    if (!config->connect || !config->keyring)
        return DECLINED;
    if (!identity) {
        identity = &late;
        r = tenant_origin(r);
        credential_take(r, config->keyring, &late.credential);
        veil_find(&late.login, r);
    }
    veil_wipe(&identity->login, r);
    return DECLINED;
}

int resolve_has_login(const request_rec *r)
{
    const identity_t *identity = identity_of(r);

    return identity && identity->login.value;
}

void resolve_take_out_login(request_rec *r)
{
    identity_t *identity = identity_of(r);

    if (identity)
        veil_take_out(&identity->login, r);
}

void resolve_put_back_login(request_rec *r)
{
    identity_t *identity = identity_of(r);

    if (identity)
        veil_put_back(&identity->login, r);
}

const problem_t *resolve_check_key(request_rec *r)
{
    const identity_t *identity = identity_of(r);

    if (!identity)
        return &problem_misconfigured;
    switch (identity->credential.kind) {
    case CREDENTIAL_NONE:
        return &problem_key_missing;
    case CREDENTIAL_AMBIGUOUS:
        return &problem_ambiguous_key;
    case CREDENTIAL_MALFORMED:
        return &problem_key_invalid;
    case CREDENTIAL_KEY:
        break;
    }
    return NULL;
}

const char *resolve_key_hashes(const request_rec *r)
{
    return identity_of(r)->credential.hashes;
}

/* Why a tenant that was found may not act; NULL: it may. */
static const problem_t *refusal_of(const tenant_t *tenant)
{
    if (tenant->is_active)
        return NULL;
    if (tenant->is_moving)
        return &problem_tenant_moving;
    return tenant->has_moved ? &problem_tenant_moved : &problem_tenant_inactive;
}

/* Who has the key must not be asking on another tenant's Host. r: the request that the client sent. */
static const problem_t *judge_key(request_rec *r, const char *hashes, lookup_t *key, lookup_t *host,
                                  apr_pool_t *pool)
{
    const problem_t *problem = lookup_key(r, hashes, key, host, pool);

    if (problem)
        return problem;
    if (!key->tenant)
        return &problem_key_invalid;
    if (host->tenant && host->tenant->id != key->tenant->id)
        return &problem_tenant_mismatch;
    return refusal_of(key->tenant);
}

const problem_t *resolve_key(request_rec *r, const tenant_t **tenant)
{
    identity_t *identity = identity_of(r);
    const problem_t *problem = resolve_check_key(r);

    *tenant = NULL;
    if (problem)
        return problem;
    vary_rest_on_tenant(r);
    if (!identity->key_is_judged) {
        request_rec *origin = tenant_origin(r);

        identity->key_problem =
            judge_key(origin, identity->credential.hashes, &identity->key, &identity->host, origin->pool);
        identity->key_is_judged = 1;
        /* an inactive tenant may not act, but it is the one that the request is of */
        if (!identity->key_problem ||
            (identity->key.tenant && identity->key_problem == refusal_of(identity->key.tenant)))
            settle(r, identity, identity->key.tenant);
    }
    if (!identity->key_problem)
        *tenant = identity->key.tenant;
    return identity->key_problem;
}

const problem_t *resolve_host(request_rec *r, const tenant_t **tenant)
{
    identity_t *identity = identity_of(r);

    *tenant = NULL;
    if (!identity)
        return &problem_misconfigured;
    vary_rest_on_tenant(r);
    if (!identity->host_problem)
        identity->host_problem = lookup_host(tenant_origin(r), &identity->host, tenant_origin(r)->pool);
    if (identity->host_problem || !identity->host.tenant)
        return identity->host_problem;
    if (!identity->tenant)
        settle(r, identity, identity->host.tenant);
    if (!identity->host.tenant->is_active)
        return refusal_of(identity->host.tenant);
    *tenant = identity->host.tenant;
    return NULL;
}

const problem_t *resolve_again(request_rec *r, apr_pool_t *pool)
{
    const identity_t *identity = identity_of(r);
    request_rec *origin = tenant_origin(r);
    lookup_t key = {0};
    lookup_t host = {0};
    const problem_t *problem;

    if (identity->credential.kind == CREDENTIAL_KEY) {
        problem = judge_key(origin, identity->credential.hashes, &key, &host, pool);
        return problem || key.tenant->id == identity->tenant->id ? problem : &problem_key_invalid;
    }
    problem = lookup_host(origin, &host, pool);
    if (problem)
        return problem;
    if (!host.tenant || host.tenant->id != identity->tenant->id)
        return &problem_key_missing;
    return refusal_of(host.tenant);
}

void resolve_user(request_rec *r, const char *user)
{
    identity_t *identity = identity_of(r);
    apr_pool_t *pool = tenant_origin(r)->pool;
    tenant_t *tenant = apr_pmemdup(pool, identity->host.tenant, sizeof *tenant);

    tenant->via = TENANT_VIA_USER;
    tenant->user = apr_pstrdup(pool, user);
    settle(r, identity, tenant);
}

void resolve_account(request_rec *r, const tenant_t *tenant)
{
    identity_t *identity = identity_of(r);

    if (identity)
        settle(r, identity, tenant);
}

const tenant_t *resolve_any(request_rec *r)
{
    const identity_t *identity = identity_of(r);
    const tenant_t *ignored; /* who may act is another question than whose request it is */

    if (identity && !identity->tenant) {
        if (identity->credential.kind == CREDENTIAL_NONE)
            resolve_host(r, &ignored);
        else
            resolve_key(r, &ignored);
    }
    return identity ? identity->tenant : NULL;
}

static void forget(const request_rec *r, generations_kind_t kind, int tenant)
{
    generations_t *generations = config_server(r->server)->generations;

    if (generations)
        generations_change(generations, kind, tenant);
}

void resolve_forget_tenant(const request_rec *r, int tenant)
{
    forget(r, GENERATIONS_TENANTS, tenant);
}

void resolve_forget_logins(const request_rec *r, int tenant)
{
    forget(r, GENERATIONS_LOGINS, tenant);
}

static int is_loopback(const apr_sockaddr_t *address)
{
    const unsigned char *bytes = address->ipaddr_ptr;
    const struct in6_addr *ipv6 = address->ipaddr_ptr;

    if (address->family == APR_INET)
        return bytes[0] == 127;
    if (address->family != APR_INET6)
        return 0;
    return IN6_IS_ADDR_V4MAPPED(ipv6) ? ipv6->s6_addr[12] == 127 : IN6_IS_ADDR_LOOPBACK(ipv6);
}

int resolve_is_local(const request_rec *r)
{
    return is_loopback(r->connection->client_addr) && is_loopback(r->useragent_addr);
}

const problem_t *resolve_check_tls(request_rec *r)
{
    int is_fine = !config_requires_tls(config_location(r)) || ap_ssl_conn_is_ssl(r->connection) ||
                  is_loopback(r->connection->client_addr);

    return is_fine ? NULL : &problem_https_required;
}
