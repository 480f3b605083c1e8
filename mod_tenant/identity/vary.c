/* SPDX-License-Identifier: Apache-2.0 */
#include "vary.h"

#include <apr_tables.h>
#include <http_config.h>
#include <util_filter.h>

#include "../config.h"
#include "tenant.h"

/* mod_cache's own variable. The member no_cache would do, but gives each answer an Expires as well. */
#define NO_CACHE "no-cache"

/* A note of the request that the client sent: somebody has wanted to know the tenant, be it nobody's. */
#define ASKED "tenant-asked"

/* What stands in a request in the place of a key that was taken out, while mod_cache looks at it. */
static const char stand_in[] = "Tenant";

static ap_filter_rec_t *filter, *sub_filter; /* of subrequests */

/* Whether there is a mod_cache to be careful of; found out at start. */
static int is_beside_cache;

int vary_prepare(apr_pool_t *pool, apr_pool_t *log, apr_pool_t *temporary, server_rec *servers)
{
    (void)pool;
    (void)log;
    (void)temporary;
    (void)servers;
    is_beside_cache = ap_find_linked_module("mod_cache.c") != NULL;
    return OK;
}

void vary_rest_on_tenant(request_rec *r)
{
    apr_table_setn(tenant_origin(r)->notes, ASKED, "1");
}

/* Names what in a request decides whose it is. mod_cache looks at the first Vary only. */
static void add_vary(request_rec *r)
{
    static const char *const headers[] = {"Authorization", "Host", "X-API-Key"};

    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        const char *vary = apr_table_get(r->headers_out, "Vary");

        if (!vary || !ap_find_list_item(r->pool, vary, headers[i]))
            apr_table_mergen(r->headers_out, "Vary", headers[i]);
    }
}

static apr_status_t filter_vary(ap_filter_t *self, apr_bucket_brigade *brigade)
{
    if (apr_table_get(tenant_origin(self->r)->notes, ASKED))
        add_vary(self->r);
    ap_remove_output_filter(self);
    return ap_pass_brigade(self->next, brigade);
}

void vary_insert_filter(request_rec *r)
{
    if (config_server(r->server)->connect && !config_is_ours(config_location(r)))
        ap_add_output_filter_handle(r->main ? sub_filter : filter, NULL, r, r->connection);
}

void vary_forbid(request_rec *r)
{
    if (is_beside_cache)
        apr_table_setn(r->subprocess_env, NO_CACHE, "1");
}

int vary_is_forbidden(const request_rec *r)
{
    return apr_table_get(r->subprocess_env, NO_CACHE) != NULL;
}

int vary_show(request_rec *r)
{
    if (is_beside_cache && vary_is_forbidden(r) && !apr_table_get(r->headers_in, "Authorization"))
        apr_table_setn(r->headers_in, "Authorization", stand_in);
    return DECLINED;
}

int vary_hide(request_rec *r)
{
    if (is_beside_cache && apr_table_get(r->headers_in, "Authorization") == stand_in)
        apr_table_unset(r->headers_in, "Authorization");
    return DECLINED;
}

int vary_show_first(request_rec *r, int is_lookup)
{
    (void)is_lookup;
    return vary_show(r);
}

int vary_hide_first(request_rec *r, int is_lookup)
{
    (void)is_lookup;
    return vary_hide(r);
}

void vary_register(void)
{
    /* behind mod_headers, which may ask in an expression, and ahead of mod_cache, which is CONTENT_SET + 1,
     * and in subrequests CONTENT_SET - 1 */
    filter = ap_register_output_filter("TENANT_VARY", filter_vary, NULL, AP_FTYPE_CONTENT_SET);
    sub_filter =
        ap_register_output_filter("TENANT_VARY_SUBREQUEST", filter_vary, NULL, AP_FTYPE_CONTENT_SET - 2);
}
