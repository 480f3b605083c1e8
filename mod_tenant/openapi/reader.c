/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"

int openapi_is_for(const openapi_t *openapi, openapi_reader_t reader)
{
    int spans_tenants = openapi->location->handler->spans_tenants;

    switch (reader) {
    case OPENAPI_TENANTS:
        return !spans_tenants;
    case OPENAPI_USERS:
        return !spans_tenants && config_lets_users_in(openapi->location);
    case OPENAPI_GATEWAYS:
        return !spans_tenants && openapi->has_gateway;
    case OPENAPI_ADMINISTRATORS:
        return spans_tenants;
    default:
        return 1;
    }
}
