/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>
#include <stdlib.h>

#include "../config.h"
#include "resolve.h"

APLOG_USE_MODULE(tenant);

#define AUTH_TYPE "Tenant"

/* Longer ids than this many digits are not PostgreSQL integers that tenants.id can hold. */
enum { ID_DIGITS_MAX = 9 };

int auth_check(request_rec *r)
{
    const char *type = ap_auth_type(r);
    const problem_t *problem;
    const tenant_t *tenant;

    if (!type || strcasecmp(type, AUTH_TYPE) != 0)
        return DECLINED;
    problem = resolve_check_tls(r);
    if (!problem)
        problem = resolve_key(r, &tenant);
    if (!problem) {
        r->user = apr_pstrdup(r->pool, tenant->id_text);
        r->ap_auth_type = (char *)AUTH_TYPE;
        return OK;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "AuthType Tenant: %s", problem->code);
    if (problem->status == HTTP_UNAUTHORIZED)
        ap_note_auth_failure(r);
    problem_set_retry_after(problem, r->err_headers_out);
    return problem->status;
}

int auth_challenge(request_rec *r, const char *type)
{
    if (strcasecmp(type, AUTH_TYPE) != 0)
        return DECLINED;
    apr_table_setn(
        r->err_headers_out, r->proxyreq == PROXYREQ_PROXY ? "Proxy-Authenticate" : "WWW-Authenticate",
        apr_psprintf(r->pool, "Bearer realm=\"%s\"", ap_auth_name(r) ? ap_auth_name(r) : AUTH_TYPE));
    return OK;
}

/* Reads the ids of `Require tenant`; none means any tenant. */
static const char *require_parse(cmd_parms *cmd, const char *line, const void **parsed)
{
    apr_array_header_t *ids = apr_array_make(cmd->pool, 2, sizeof(int));
    const char *word;

    while (*(word = ap_getword_conf(cmd->pool, &line))) {
        apr_size_t length = strlen(word);

        if (word[0] == '0' || strspn(word, "0123456789") != length || length > ID_DIGITS_MAX)
            return "Require tenant takes ids of tenants only, such as `Require tenant 3 17`: a name may "
                   "change and never authorises";
        APR_ARRAY_PUSH(ids, int) = atoi(word);
    }
    *parsed = ids;
    return NULL;
}

static authz_status require_check(request_rec *r, const char *line, const void *parsed)
{
    const apr_array_header_t *ids = parsed;
    const tenant_t *tenant = tenant_get(r);

    (void)line;
    if (!r->user)
        return AUTHZ_DENIED_NO_USER; /* asked once ahead of authentication */
    if ((!tenant || tenant->via != TENANT_VIA_USER) && resolve_key(r, &tenant))
        return AUTHZ_DENIED;
    for (int i = 0; i < ids->nelts; i++) {
        if (APR_ARRAY_IDX(ids, i, int) == tenant->id)
            return AUTHZ_GRANTED;
    }
    return ids->nelts == 0 ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

static const authz_provider require_tenant = {
    .check_authorization = require_check,
    .parse_require_line = require_parse,
};

static const char *require_host_parse(cmd_parms *cmd, const char *line, const void **parsed)
{
    (void)cmd;
    *parsed = NULL;
    return *line ? "Require tenant-host takes nothing" : NULL;
}

/* Needs no user: the Host is asked for, not who is asking. */
static authz_status require_host_check(request_rec *r, const char *line, const void *parsed)
{
    const tenant_t *tenant;
    const problem_t *problem = resolve_host(r, &tenant);

    (void)line;
    (void)parsed;
    if (problem)
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "Require tenant-host: %s", problem->code);
    return tenant ? AUTHZ_GRANTED : AUTHZ_DENIED;
}

static const authz_provider require_tenant_host = {
    .check_authorization = require_host_check,
    .parse_require_line = require_host_parse,
};

void auth_register(apr_pool_t *pool)
{
    ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, "tenant-host", AUTHZ_PROVIDER_VERSION,
                              &require_tenant_host, AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, "tenant", AUTHZ_PROVIDER_VERSION, &require_tenant,
                              AP_AUTH_INTERNAL_PER_CONF);
}
