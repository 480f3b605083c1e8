/* SPDX-License-Identifier: Apache-2.0 */

/* For tests: another module that asks for the tenant by the public header, as others would. Where a request
 * has the header X-Test-Tenant, so has the answer: what it got. */

#include <httpd.h>
#include <http_config.h>
#include <http_request.h>
#include <apr_strings.h>

#include "mod_tenant.h"

module AP_MODULE_DECLARE_DATA test_tenant_module;

static APR_OPTIONAL_FN_TYPE(tenant_of_request) * tenant_of_request_fn;

static void retrieve(void)
{
    tenant_of_request_fn = APR_RETRIEVE_OPTIONAL_FN(tenant_of_request);
}

static int tell(request_rec *r)
{
    const tenant_t *tenant;

    if (!apr_table_get(r->headers_in, "X-Test-Tenant"))
        return DECLINED;
    tenant = tenant_of_request_fn ? tenant_of_request_fn(r) : NULL;
    apr_table_setn(r->err_headers_out, "X-Test-Tenant",
                   tenant ? apr_psprintf(r->pool, "%d %s %s %d %d", tenant->id, tenant->id_text, tenant->name,
                                         tenant->is_active, tenant->via)
                          : "nobody");
    return DECLINED;
}

static void register_hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_optional_fn_retrieve(retrieve, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_fixups(tell, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(test_tenant) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, AP_MODULE_FLAG_NONE,
};
