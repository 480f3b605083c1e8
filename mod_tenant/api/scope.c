/* SPDX-License-Identifier: Apache-2.0 */
#include "scope.h"

#include <apr_strings.h>

database_t *scope_database(const api_t *api)
{
    return api->route.resource->is_admin ? api->server->admin_database : api->server->database;
}

int scope_tenant(const api_t *api)
{
    return api->route.resource->is_admin ? 0 : api->tenant->id;
}

void scope_add(values_t *values, const api_t *api)
{
    if (!api->route.resource->is_admin)
        values_add(values, api->tenant->id_text);
}

view_t scope_view(const api_t *api, fields_t fields)
{
    const resource_t *resource = api->route.resource;

    return (view_t){resource, fields, resource->is_admin ? NULL : api->tenant->id_text};
}

const char *scope_path(const api_t *api, const char *id)
{
    return apr_pstrcat(api->r->pool, config_base_path(api->location), "/", api->route.resource->name,
                       id ? "/" : "", id ? id : "", NULL);
}
