/* SPDX-License-Identifier: Apache-2.0 */
#include "sender.h"

#include <ap_mpm.h>
#include <http_core.h>

#include "../http/threads.h"
#include "scope.h"

/* What every connection takes: the first bytes into the kernel's buffer where the MPM waits for the rest in a
 * thread, and on a stream of HTTP/2 what that keeps (H2StreamMaxMemSize, 32 KiB by default). */
#define BYTES_OF_ANY (24 * 1024)

/* The tenant's number of all those who are none. */
enum { NOBODY = -1 };

static int is_async(void)
{
    int is;

    return ap_mpm_query(AP_MPMQ_IS_ASYNC, &is) == APR_SUCCESS && is;
}

/* ap_core_output_filter() has a handler wait while more than FlushMaxThreshold is left to write; head and TLS
 * take a little of that. The rest is written by the event MPM's listener. */
int sender_is_free(const request_rec *r, apr_size_t bytes)
{
    const core_server_config *core = ap_get_core_module_config(r->connection->base_server->module_config);

    if (bytes <= BYTES_OF_ANY)
        return 1;
    return !r->connection->master && is_async() && bytes <= core->flush_max_threshold / 4 * 3;
}

const problem_t *sender_enter_stream(gate_pair_t *places, api_t *api)
{
    const gate_claim_t claim = {.kind = GATE_STREAM,
                                .scope = api->scope.database,
                                .tenant = scope_tenant(api)};
    gate_full_t full = gate_pair_enter(places, api->exchange.server->gates, &claim, GATE_ALL_STREAMS,
                                       threads_of_eight(4), api->exchange.r->pool);

    if (full == GATE_HAS_ROOM)
        return NULL;
    api->exchange.detail = full == GATE_TENANT_FULL
                               ? "The tenant has as many streams under way as it may have."
                               : "There are as many streams under way as there may be.";
    return &problem_rate_limited;
}

const problem_t *sender_enter_answer(gate_pair_t *places, api_t *api, apr_size_t bytes)
{
    int is_open = route_is_open(&api->route);
    const gate_claim_t claim = {.kind = GATE_ANSWER,
                                .scope = is_open ? NULL : api->scope.database,
                                .tenant = is_open ? NOBODY : scope_tenant(api),
                                .most = threads_of_eight(2),
                                .wait = api->exchange.server->pool.wait};

    *places = (gate_pair_t){0};
    if (api->exchange.r->method_number != M_GET || api->exchange.r->header_only ||
        sender_is_free(api->exchange.r, bytes))
        return NULL;
    if (gate_pair_enter(places, api->exchange.server->gates, &claim, GATE_ALL_ANSWERS, threads_of_eight(3),
                        api->exchange.r->pool) == GATE_HAS_ROOM)
        return NULL;
    apr_table_unset(api->exchange.r->headers_out, "ETag"); /* of the answer that is not sent */
    api->exchange.detail = "As many large answers are on their way to slow clients as there may be.";
    return &problem_rate_limited;
}
