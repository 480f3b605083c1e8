/* SPDX-License-Identifier: Apache-2.0 */
#include "scope.h"

#include <apr_strings.h>
#include <stdlib.h>

#include "../identity/origin.h"
#include "../identity/resolve.h"

int scope_tenant(const api_t *api)
{
    return api->scope.tenant ? api->scope.tenant->id : 0;
}

int scope_subject(const api_t *api)
{
    return api->scope.tenant ? api->scope.tenant->id : atoi(api->route.id);
}

int scope_reader(const api_t *api)
{
    return api->exchange.r->method_number == M_GET ? scope_tenant(api) : 0;
}

given_t scope_given(const api_t *api)
{
    return (given_t){
        .single = {[NAME_TENANT] = api->scope.tenant ? api->scope.tenant->id_text : NULL,
                   [NAME_ROW] = api->route.id},
        .fields = api->input.values,
        .has = api->input.given,
        .page = &api->page,
    };
}

void scope_give_origin(given_t *given, const api_t *api)
{
    request_rec *r = api->exchange.r;

    if (api->route.resource->is_audited || r->method_number == M_DELETE)
        given->single[NAME_ORIGIN] = origin_text(r, api->scope.tenant);
}

view_t scope_view(const api_t *api, fields_t fields)
{
    const tenant_t *tenant = api->scope.tenant;

    return (view_t){api->route.resource, fields, tenant ? tenant->id_text : NULL};
}

const char *scope_path(const api_t *api, const char *id)
{
    return apr_pstrcat(api->exchange.r->pool, config_base_path(api->exchange.location), "/",
                       api->route.resource->name, id ? "/" : "", id ? id : "", NULL);
}

void scope_forget(const api_t *api)
{
    const resource_t *resource = api->route.resource;

    if (!api->scope.tenant || resource->is_profile)
        resolve_forget_tenant(api->exchange.r, scope_subject(api));
    else if (resource->is_users)
        resolve_forget_logins(api->exchange.r, api->scope.tenant->id);
}
