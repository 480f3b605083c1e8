/* SPDX-License-Identifier: Apache-2.0 */
#include "rights.h"

#include <string.h>

int rights_reach(const location_config_t *location, const resource_t *resource)
{
    return resource->spans_tenants == location->handler->spans_tenants;
}

static int is_public(const location_config_t *location, const resource_t *resource)
{
    const apr_array_header_t *names = location->public_read;

    for (int i = 0; names && i < names->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(names, i, const char *), resource->name) == 0)
            return 1;
    }
    return 0;
}

/* Never what the tenant itself is, nor its audit or its bill, nor another user, nor in another's name. */
static right_t right_of_user(const location_config_t *location, const resource_t *resource, int is_read)
{
    int is_let = is_read ? config_lets_users_in(location) : location->user_authority == USER_AUTHORITY_WRITE;

    if (!is_let || resource->is_profile || resource->is_private)
        return RIGHT_NONE;
    return resource->is_users || resource->is_token ? RIGHT_OWN : RIGHT_ALL;
}

right_t rights_of(const location_config_t *location, const resource_t *resource, caller_t caller, int is_read)
{
    if (!resource || !rights_reach(location, resource))
        return RIGHT_NONE;
    switch (caller) {
    case CALLER_ADMINISTRATOR:
        return resource->spans_tenants ? RIGHT_ALL : RIGHT_NONE;
    case CALLER_TENANT:
        return resource->spans_tenants ? RIGHT_NONE : RIGHT_ALL;
    case CALLER_USER:
        return resource->spans_tenants ? RIGHT_NONE : right_of_user(location, resource, is_read);
    default:
        return is_read && is_public(location, resource) ? RIGHT_ALL : RIGHT_NONE;
    }
}
