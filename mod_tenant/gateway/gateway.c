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

void gateway_hide_keepalives(gateway_t *gateway)
{
    conn_rec *connection = gateway->exchange.r->connection;

    gateway->keepalives += connection->keepalives;
    connection->keepalives = 0;
}

void gateway_show_keepalives(const request_rec *r)
{
    gateway_t *gateway = gateway_find(r);

    if (!gateway)
        return;
    r->connection->keepalives += gateway->keepalives;
    gateway->keepalives = 0;
}
