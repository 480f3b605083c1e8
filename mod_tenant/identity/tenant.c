/* SPDX-License-Identifier: Apache-2.0 */
#include "tenant.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "texts.h"

request_rec *tenant_origin(const request_rec *r)
{
    while (r->main || r->prev)
        r = r->main ? r->main : r->prev;
    return (request_rec *)r;
}

const char *tenant_status(const tenant_t *tenant)
{
    return tenant->is_active ? "active" : "inactive";
}

const char *tenant_via(const tenant_t *tenant)
{
    static const char *const names[] = {
        [TENANT_VIA_HOST] = "host",
        [TENANT_VIA_KEY] = "key",
        [TENANT_VIA_USER] = "user",
        [TENANT_VIA_TWILIO] = "twilio",
    };

    return names[tenant->via];
}

const char *tenant_shown_name(const char *name, apr_pool_t *pool)
{
    char *shown = apr_pstrdup(pool, name);

    for (char *c = shown; *c; c++) {
        if (apr_iscntrl(*c))
            *c = ' ';
    }
    return shown;
}

const tenant_t *tenant_copy(const tenant_t *tenant, apr_pool_t *pool)
{
    tenant_t *copy;

    if (!tenant)
        return NULL;
    copy = apr_pmemdup(pool, tenant, sizeof *tenant);
    for (int n = 0; n < TENANT_TEXTS; n++) {
        const char **text = tenant_text(copy, n);

        *text = apr_pstrdup(pool, *text);
    }
    return copy;
}

void tenant_export(request_rec *r, const tenant_t *tenant)
{
    apr_table_t *environment = r->subprocess_env;

    apr_table_setn(environment, "TENANT_ID", tenant->id_text);
    apr_table_setn(environment, "TENANT_NAME", tenant->name);
    apr_table_setn(environment, "TENANT_STATUS", tenant_status(tenant));
    apr_table_setn(environment, "TENANT_VIA", tenant_via(tenant));
    if (tenant->user)
        apr_table_setn(environment, "TENANT_USER_ID", tenant->user);
    else
        apr_table_unset(environment, "TENANT_USER_ID");
}
