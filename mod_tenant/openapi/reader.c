/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"

#include <string.h>

int openapi_is_admin(const openapi_t *openapi)
{
    return openapi->location->handler->spans_tenants;
}

int openapi_is_for(const openapi_t *openapi, openapi_reader_t reader)
{
    switch (reader) {
    case OPENAPI_TENANTS:
        return !openapi_is_admin(openapi);
    case OPENAPI_USERS:
        return !openapi_is_admin(openapi) && config_lets_users_in(openapi->location);
    case OPENAPI_ADMINISTRATORS:
        return openapi_is_admin(openapi);
    default:
        return 1;
    }
}

int openapi_describes(const openapi_t *openapi, const resource_t *resource)
{
    return resource->is_admin == openapi_is_admin(openapi);
}

int openapi_is_public(const openapi_t *openapi, const resource_t *resource)
{
    const apr_array_header_t *names = openapi->location->public_read;

    for (int i = 0; names && i < names->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(names, i, const char *), resource->name) == 0)
            return 1;
    }
    return 0;
}
