/* SPDX-License-Identifier: Apache-2.0 */
#include "quota.h"

#include <apr_strings.h>

#include "../config.h"
#include "../text.h"
#include "tenant.h"

/* The note of a request that has been charged. */
#define CHARGED_NOTE "tenant-charged"

const quota_t *quota_parse(const char *text, const char *scope, apr_pool_t *pool)
{
    quota_t *quota = apr_pcalloc(pool, sizeof *quota);
    int seconds;

    if (!text_rate(text, &quota->rate.count, &seconds, &quota->rate.burst))
        return NULL;
    quota->rate.period = apr_time_from_sec(seconds);
    quota->policy = apr_psprintf(pool, "\"default\";q=%d;w=%d", quota->rate.count, seconds);
    quota->name = apr_psprintf(pool, "%s;%d %s", quota->policy, quota->rate.burst, scope);
    return quota;
}

/* What is in force for a request: the tenant's own, which is counted together wherever it counts, else the
 * Location's. NULL: none. */
static const quota_t *quota_of(const request_rec *r, const tenant_t *tenant)
{
    const quota_t *quota = config_location(r)->quota;
    const quota_t *own;

    if (quota && !quota->rate.count)
        return NULL;
    own = tenant->rate_limit ? quota_parse(tenant->rate_limit, "", r->pool) : NULL;
    return own ? own : quota;
}

/* Who is counted, by what rate: another one begins anew. */
static digest_t name_of(const request_rec *r, const tenant_t *tenant, const quota_t *quota)
{
    const server_config_t *server = config_server(r->server);

    return attempts_name(server->requests, server->connect_name, tenant->id_text, quota->name,
                         tenant->via == TENANT_VIA_HOST ? "host" : "");
}

const problem_t *quota_charge(request_rec *r)
{
    request_rec *origin = tenant_origin(r);
    const tenant_t *tenant = tenant_get(r);
    const quota_t *quota = tenant ? quota_of(r, tenant) : NULL;
    apr_interval_time_t wait;
    attempts_left_t left;
    digest_t name;

    if (!quota || apr_table_get(origin->notes, CHARGED_NOTE))
        return NULL;
    name = name_of(r, tenant, quota);
    wait = attempts_take(config_server(r->server)->requests, &quota->rate, &name, &left);
    apr_table_setn(r->err_headers_out, "RateLimit-Policy", quota->policy);
    apr_table_setn(r->err_headers_out, "RateLimit",
                   apr_psprintf(r->pool, "\"default\";r=%d;t=%" APR_TIME_T_FMT, left.count,
                                (left.until_full + APR_USEC_PER_SEC - 1) / APR_USEC_PER_SEC));
    if (wait == 0) {
        apr_table_setn(origin->notes, CHARGED_NOTE, "");
        return NULL;
    }
    problem_set_wait(wait, r->err_headers_out);
    return &problem_rate_limited;
}

int quota_check(request_rec *r)
{
    const location_config_t *location = config_location(r);
    const problem_t *problem;

    /* a subrequest is part of its request; an ErrorDocument is the answer to one that was refused */
    if (r->main || r->status != HTTP_OK || config_is_ours(location) || config_is_gateway(location))
        return DECLINED;
    problem = quota_charge(r);
    return problem ? problem->status : DECLINED;
}
