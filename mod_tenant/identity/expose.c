/* SPDX-License-Identifier: Apache-2.0 */
#include "expose.h"

#include <apr_lib.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <http_core.h>
#include <util_filter.h>

#include "../config.h"
#include "resolve.h"
#include "tenant.h"

/* What a backend is told. */
#define ID_HEADER  "X-Tenant-Id"
#define VIA_HEADER "X-Tenant-Via"

#define TRAILERS_FILTER "TENANT_TRAILERS"

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

/* Whether a backend might take a header for that one. CGI and its kin read `-` as `_`; some do so with other
 * marks too (PHP with a full stop, older servers with all). */
static int reads_like(const char *name, const char *ours)
{
    while (*ours &&
           (apr_tolower(*name) == apr_tolower(*ours) || (*ours == '-' && *name && !apr_isalnum(*name)))) {
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

/* Makes the headers say whose the request is, and nothing else that says so. */
static void tell_tenant(request_rec *r)
{
    const tenant_t *tenant = resolve_any(r);
    apr_array_header_t *forged = apr_array_make(r->pool, 1, sizeof(const char *));

    apr_table_do(collect_forged, forged, r->headers_in, NULL);
    for (int i = 0; i < forged->nelts; i++)
        apr_table_unset(r->headers_in, APR_ARRAY_IDX(forged, i, const char *));
    if (tenant && tenant->is_active) {
        apr_table_setn(r->headers_in, ID_HEADER, tenant->id_text);
        apr_table_setn(r->headers_in, VIA_HEADER, tenant_via(tenant));
    }
}

/* `MergeTrailers on` makes headers of what comes behind the body, and mod_proxy_fcgi reads that ahead of
 * making its request's variables. */
static apr_status_t filter_trailers(ap_filter_t *filter, apr_bucket_brigade *brigade, ap_input_mode_t mode,
                                    apr_read_type_e block, apr_off_t bytes)
{
    apr_status_t status = ap_get_brigade(filter->next, brigade, mode, block, bytes);

    if (!APR_BRIGADE_EMPTY(brigade) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(brigade)))
        tell_tenant(filter->r);
    return status;
}

int expose_forward(request_rec *r)
{
    if (config_location(r)->forward != 1)
        return DECLINED;
    tell_tenant(r);
    return OK;
}

int expose_prepare_forward(request_rec *r)
{
    const core_server_config *core = ap_get_core_module_config(r->server->module_config);

    if (config_location(r)->forward != 1)
        return DECLINED;
    if (core->merge_trailers == AP_MERGE_TRAILERS_ENABLE)
        ap_add_input_filter(TRAILERS_FILTER, NULL, r, r->connection);
    return expose_forward(r);
}

/* Adds the settings of the Locations that a request's path will be in once it is decoded; one that cannot be
 * decoded stays as it is. */
static int add_decoded_location(request_rec *r)
{
    char *path = r->uri;
    char *decoded = apr_pstrdup(r->pool, path);
    int entered;

    if (!path || *path != '/')
        return 0;
    if (ap_unescape_url(decoded) == OK) {
        ap_getparents(decoded);
        r->uri = decoded;
    }
    entered = config_add_location(r);
    r->uri = path;
    return entered;
}

int expose_first(request_rec *r, int is_lookup)
{
    ap_conf_vector_t *settings = r->per_dir_config;

    if (is_lookup || !config_server(r->server)->has_exposure)
        return DECLINED;
    if (add_decoded_location(r)) {
        expose_identify(r);
        expose_forward(r);
    }
    r->per_dir_config = settings;
    return DECLINED;
}

void expose_register(void)
{
    APR_REGISTER_OPTIONAL_FN(tenant_of_request);
    ap_register_input_filter(TRAILERS_FILTER, filter_trailers, NULL, AP_FTYPE_CONTENT_SET);
}
