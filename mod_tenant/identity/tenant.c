/* SPDX-License-Identifier: Apache-2.0 */
#include "tenant.h"

void tenant_export(request_rec *r, const tenant_t *tenant)
{
    static const char *const via[] = {[TENANT_VIA_HOST] = "host", [TENANT_VIA_KEY] = "key"};
    apr_table_t *environment = r->subprocess_env;

    apr_table_setn(environment, "TENANT_ID", tenant->id_text);
    apr_table_setn(environment, "TENANT_NAME", tenant->name);
    apr_table_setn(environment, "TENANT_STATUS", tenant->is_active ? "active" : "inactive");
    apr_table_setn(environment, "TENANT_VIA", via[tenant->via]);
}
