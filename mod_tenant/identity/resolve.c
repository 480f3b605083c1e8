/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_ssl.h>
#include <netinet/in.h>

#include "../config.h"
#include "../store/database.h"
#include "credential.h"

/* What a request knows about who is asking. Belongs to the request, never to its connection. */
typedef struct identity_t {
    credential_t credential;
    const tenant_t *tenant; /* what tenant_get() gives */

    int key_looked_up;
    const problem_t *key_problem;
    const tenant_t *key_tenant;

    int host_looked_up;
    const problem_t *host_problem;
    const tenant_t *host_tenant;
} identity_t;

/* Columns of the lookups. */
enum { COLUMN_VIA, COLUMN_ID, COLUMN_NAME, COLUMN_STATUS, COLUMN_DOMAIN };

/* Key and Host in one round trip: who has the key must not be asking on another tenant's Host. */
static const statement_t lookup_key = {
    .label = "lookup_key",
    .sql = "SELECT 'key', id, name, status, custom_domain FROM tenant_by_key(%s::text[])"
           " UNION ALL SELECT 'host', id, name, status, custom_domain FROM tenant_by_host(%s)",
};

static const statement_t lookup_host = {
    .label = "lookup_host",
    .sql = "SELECT 'host', id, name, status, custom_domain FROM tenant_by_host(%s)",
};

/* The request that the client sent, of which r may be a subrequest or an internal redirect. What is found out
 * lives in its pool: a subrequest's is gone sooner. */
static request_rec *origin_of(const request_rec *r)
{
    while (r->main || r->prev)
        r = r->main ? r->main : r->prev;
    return (request_rec *)r;
}

/* NULL where resolve_prepare() has not run, or had nothing to work with. */
static identity_t *identity_of(const request_rec *r)
{
    return ap_get_module_config(origin_of(r)->request_config, &tenant_module);
}

/* Settles on the tenant that the request is of. */
static void settle(request_rec *r, identity_t *identity, const tenant_t *tenant)
{
    request_rec *origin = origin_of(r);

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

int resolve_prepare(request_rec *r)
{
    const server_config_t *config = config_server(r->server);
    identity_t *identity;

    if (r->prev) {
        /* an internal redirect starts with an empty environment */
        if (tenant_get(r))
            tenant_export(r, tenant_get(r));
        return DECLINED;
    }
    if (!config->connect || !config->keyring)
        return DECLINED;
    identity = apr_pcalloc(r->pool, sizeof *identity);
    credential_take(r, config->keyring, &identity->credential);
    ap_set_module_config(r->request_config, &tenant_module, identity);
    return DECLINED;
}

int resolve_withdraw(request_rec *r)
{
    const server_config_t *config = config_server(r->server);
    credential_t ignored;

    if (config->connect && config->keyring && !identity_of(r))
        credential_take(origin_of(r), config->keyring, &ignored);
    return DECLINED;
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

/* A name as headers, logs and CGIs may have it: a legacy row may hold control characters, which become
 * spaces. */
static const char *shown_name(const char *name, apr_pool_t *pool)
{
    char *shown = apr_pstrdup(pool, name);

    for (char *c = shown; *c; c++) {
        if (apr_iscntrl(*c))
            *c = ' ';
    }
    return shown;
}

static const tenant_t *tenant_of_row(rows_t *rows, int n, tenant_via_t via, apr_pool_t *pool)
{
    tenant_t *tenant = apr_pcalloc(pool, sizeof *tenant);

    rows_seek(rows, n);
    tenant->id = rows_int(rows, COLUMN_ID);
    tenant->id_text = rows_text(rows, COLUMN_ID);
    tenant->name = shown_name(rows_text(rows, COLUMN_NAME), pool);
    tenant->domain = rows_text(rows, COLUMN_DOMAIN);
    tenant->is_active = strcmp(rows_text(rows, COLUMN_STATUS), "active") == 0;
    tenant->via = via;
    return tenant;
}

/* Fills in what a lookup found. */
static void take_rows(identity_t *identity, rows_t *rows, apr_pool_t *pool)
{
    for (int n = 0; n < rows_count(rows); n++) {
        rows_seek(rows, n);
        if (strcmp(rows_text(rows, COLUMN_VIA), "key") == 0)
            identity->key_tenant = tenant_of_row(rows, n, TENANT_VIA_KEY, pool);
        else
            identity->host_tenant = tenant_of_row(rows, n, TENANT_VIA_HOST, pool);
    }
}

/* Asks the database who has the key, and whose the Host is. The answer stays with the request that the client
 * sent. */
static const problem_t *look_up_key(request_rec *r, identity_t *identity)
{
    const char *values[] = {identity->credential.hashes, r->hostname};
    database_t *database = config_server(r->server)->database;
    const problem_t *problem;
    rows_t *rows;

    if (!database)
        return &problem_misconfigured;
    problem = database_lookup(database, r, &lookup_key, values, &rows);
    if (problem)
        return problem;
    take_rows(identity, rows, r->pool);
    identity->host_looked_up = 1;
    if (!identity->key_tenant)
        return &problem_key_invalid;
    if (identity->host_tenant && identity->host_tenant->id != identity->key_tenant->id)
        return &problem_tenant_mismatch;
    return identity->key_tenant->is_active ? NULL : &problem_tenant_inactive;
}

const problem_t *resolve_key(request_rec *r, const tenant_t **tenant)
{
    identity_t *identity = identity_of(r);
    const problem_t *problem = resolve_check_key(r);

    *tenant = NULL;
    if (problem)
        return problem;
    if (!identity->key_looked_up) {
        identity->key_problem = look_up_key(origin_of(r), identity);
        identity->key_looked_up = 1;
        /* an inactive tenant may not act, but it is the one that the request is of */
        if (!identity->key_problem || identity->key_problem == &problem_tenant_inactive)
            settle(r, identity, identity->key_tenant);
    }
    if (!identity->key_problem)
        *tenant = identity->key_tenant;
    return identity->key_problem;
}

/* Asks the database whose the Host is. */
static const problem_t *look_up_host(request_rec *r, identity_t *identity)
{
    const char *values[] = {r->hostname};
    database_t *database = config_server(r->server)->database;
    const problem_t *problem;
    rows_t *rows;

    if (!r->hostname)
        return NULL;
    if (!database)
        return &problem_misconfigured;
    problem = database_lookup(database, r, &lookup_host, values, &rows);
    if (!problem)
        take_rows(identity, rows, r->pool);
    return problem;
}

const problem_t *resolve_host(request_rec *r, const tenant_t **tenant)
{
    identity_t *identity = identity_of(r);

    *tenant = NULL;
    if (!identity)
        return &problem_misconfigured;
    if (!identity->host_looked_up) {
        identity->host_problem = look_up_host(origin_of(r), identity);
        identity->host_looked_up = 1;
    }
    if (identity->host_problem || !identity->host_tenant)
        return identity->host_problem;
    if (!identity->tenant)
        settle(r, identity, identity->host_tenant);
    if (!identity->host_tenant->is_active)
        return &problem_tenant_inactive;
    *tenant = identity->host_tenant;
    return NULL;
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

static int is_loopback(const apr_sockaddr_t *address)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const unsigned char *bytes = address->ipaddr_ptr;

    if (address->family == APR_INET)
        return bytes[0] == 127;
    if (address->family != APR_INET6)
        return 0;
    if (memcmp(bytes, mapped, sizeof mapped) == 0)
        return bytes[sizeof mapped] == 127;
    return memcmp(bytes, &in6addr_loopback, sizeof in6addr_loopback) == 0;
}

int resolve_is_private(request_rec *r)
{
    return ap_ssl_conn_is_ssl(r->connection) || is_loopback(r->connection->client_addr);
}
