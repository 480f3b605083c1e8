/* SPDX-License-Identifier: Apache-2.0 */
#include "seat.h"

#include "../http/threads.h"

const problem_t *seat_take(gateway_t *gateway)
{
    exchange_t *exchange = &gateway->exchange;
    const server_config_t *server = exchange->server;
    const gate_claim_t claim = {.kind = GATE_GATEWAY,
                                .scope = server->database,
                                .tenant = gateway->tenant->id,
                                .most = threads_of_eight(2),
                                .wait = server->pool.wait};
    gate_full_t full = gate_pair_enter(&gateway->seat, server->gates, &claim, GATE_ALL_STREAMS,
                                       threads_of_eight(4), exchange->r->pool);

    if (full == GATE_HAS_ROOM)
        return NULL;
    exchange->detail = full == GATE_TENANT_FULL ? "The tenant has as many requests under way as it may have."
                                                : "There are as many requests under way as there may be.";
    return &problem_rate_limited;
}
