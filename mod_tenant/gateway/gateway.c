/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway.h"

#define USERDATA "mod_tenant gateway"

void gateway_keep(gateway_t *gateway)
{
    apr_pool_userdata_setn(gateway, USERDATA, NULL, gateway->exchange.r->pool);
}

gateway_t *gateway_find(const request_rec *r)
{
    void *found;
    gateway_t *gateway;

    apr_pool_userdata_get(&found, USERDATA, r->pool);
    gateway = found;
    return gateway && gateway->exchange.r == r ? gateway : NULL; /* a redirect has the same pool */
}
