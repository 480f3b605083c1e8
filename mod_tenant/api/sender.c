/* SPDX-License-Identifier: Apache-2.0 */
#include "sender.h"

#include <ap_mpm.h>
#include <http_core.h>

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

/* So many of eight of the child's threads, at least one. */
static int threads_of_eight(int share)
{
    int threads;

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    return threads * share / 8 > 1 ? threads * share / 8 : 1;
}

/* Takes the place among all; without it the tenant's is given back. */
static const problem_t *enter_all(sender_t *sender, const api_t *api, gate_kind_t kind, int share)
{
    sender->all = gate_wait(api->exchange.server->gates, kind, NULL, 0, threads_of_eight(share), 0,
                            api->exchange.r->pool);
    if (sender->all)
        return NULL;
    sender_leave(sender);
    return &problem_rate_limited;
}

const problem_t *sender_enter_stream(sender_t *sender, api_t *api)
{
    const problem_t *problem;

    *sender = (sender_t){0};
    sender->tenant = gate_enter(api->exchange.server->gates, GATE_STREAM, api->scope.database,
                                scope_tenant(api), api->exchange.r->pool);
    if (!sender->tenant) {
        api->exchange.detail = "The tenant has as many streams under way as it may have.";
        return &problem_rate_limited;
    }
    problem = enter_all(sender, api, GATE_ALL_STREAMS, 4);
    if (problem)
        api->exchange.detail = "There are as many streams under way as there may be.";
    return problem;
}

const problem_t *sender_enter_answer(sender_t *sender, api_t *api, apr_size_t bytes)
{
    int is_open = route_is_open(&api->route);
    const problem_t *problem;

    *sender = (sender_t){0};
    if (api->exchange.r->method_number != M_GET || api->exchange.r->header_only ||
        sender_is_free(api->exchange.r, bytes))
        return NULL;
    sender->tenant = gate_wait(api->exchange.server->gates, GATE_ANSWER, is_open ? NULL : api->scope.database,
                               is_open ? NOBODY : scope_tenant(api), threads_of_eight(2),
                               api->exchange.server->pool.wait, api->exchange.r->pool);
    problem = sender->tenant ? enter_all(sender, api, GATE_ALL_ANSWERS, 3) : &problem_rate_limited;
    if (!problem)
        return NULL;
    apr_table_unset(api->exchange.r->headers_out, "ETag"); /* of the answer that is not sent */
    api->exchange.detail = "As many large answers are on their way to slow clients as there may be.";
    return problem;
}

void sender_leave(sender_t *sender)
{
    gate_leave(sender->all);
    gate_leave(sender->tenant);
    *sender = (sender_t){0};
}
