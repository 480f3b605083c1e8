/* SPDX-License-Identifier: Apache-2.0 */
#include "expose.h"

#include <apr_lib.h>
#include <apr_optional.h>
#include <apr_tables.h>

#include "../config.h"
#include "resolve.h"
#include "tenant.h"

/* What a backend is told. */
#define ID_HEADER  "X-Tenant-Id"
#define VIA_HEADER "X-Tenant-Via"

static const tenant_t *tenant_of_request(request_rec *r)
{
    return resolve_any(r);
}

int expose_identify(request_rec *r)
{
    if (config_location(r)->identify == 1)
        resolve_any(r);
    return DECLINED;
}

static const char *show_id(const tenant_t *tenant)
{
    return tenant->id_text;
}

static const char *show_name(const tenant_t *tenant)
{
    return tenant->name;
}

static const char *show_domain(const tenant_t *tenant)
{
    return tenant->domain ? tenant->domain : "";
}

/* What `%{TENANT:…}` may ask for. */
static const struct attribute_t {
    const char *name;
    const char *(*show)(const tenant_t *tenant);
} attributes[] = {
    {"id", show_id},         {"name", show_name}, {"status", tenant_status},
    {"domain", show_domain}, {"via", tenant_via},
};

static const char *evaluate(ap_expr_eval_ctx_t *context, const void *data, const char *name)
{
    const struct attribute_t *attribute = data;
    const tenant_t *tenant = context->r ? resolve_any(context->r) : NULL;

    (void)name;
    return tenant ? attribute->show(tenant) : "";
}

int expose_expression(ap_expr_lookup_parms *parms)
{
    if (parms->type != AP_EXPR_FUNC_STRING || strcasecmp(parms->name, "TENANT") != 0 || !parms->arg)
        return DECLINED;
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        if (strcasecmp(parms->arg, attributes[i].name) == 0) {
            *parms->func = evaluate;
            *parms->data = &attributes[i];
            return OK;
        }
    }
    *parms->err = "%{TENANT:} knows id, name, status, domain and via";
    return !OK;
}

/* Whether a backend might take a header for that one: CGI and its kin read `_` as `-`. */
static int reads_like(const char *name, const char *ours)
{
    while (*ours && (apr_tolower(*name) == apr_tolower(*ours) || (*name == '_' && *ours == '-'))) {
        name++;
        ours++;
    }
    return !*ours && !*name;
}

static int collect_forged(void *names, const char *name, const char *value)
{
    (void)value;
    if (reads_like(name, ID_HEADER) || reads_like(name, VIA_HEADER))
        APR_ARRAY_PUSH((apr_array_header_t *)names, const char *) = name;
    return 1;
}

int expose_forward(request_rec *r)
{
    apr_array_header_t *forged;
    const tenant_t *tenant;

    if (config_location(r)->forward != 1)
        return DECLINED;
    tenant = resolve_any(r);
    forged = apr_array_make(r->pool, 1, sizeof(const char *));
    apr_table_do(collect_forged, forged, r->headers_in, NULL);
    for (int i = 0; i < forged->nelts; i++)
        apr_table_unset(r->headers_in, APR_ARRAY_IDX(forged, i, const char *));
    if (tenant && tenant->is_active) {
        apr_table_setn(r->headers_in, ID_HEADER, tenant->id_text);
        apr_table_setn(r->headers_in, VIA_HEADER, tenant_via(tenant));
    }
    return OK;
}

void expose_register(void)
{
    APR_REGISTER_OPTIONAL_FN(tenant_of_request);
}
