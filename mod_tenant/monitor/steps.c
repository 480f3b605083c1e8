/* SPDX-License-Identifier: Apache-2.0 */
#include "steps.h"

#include <http_request.h>

#include "../http/exchange.h"
#include "../http/media.h"
#include "../http/reply.h"
#include "../identity/resolve.h"
#include "exposition.h"
#include "given.h"

static const problem_t *find(exchange_t *exchange)
{
    const char *path = exchange_path(exchange);

    return path && !*path ? NULL : &problem_not_found;
}

/* Where nobody has said who may see the figures, whoever is on this machine may. */
static const problem_t *check_peer(exchange_t *exchange)
{
    if (resolve_is_local(exchange->r) || ap_some_auth_required(exchange->r))
        return NULL;
    exchange->detail = "Figures are told to this machine alone, unless the Location has a Require.";
    return &problem_forbidden;
}

static const problem_t *check_method(exchange_t *exchange)
{
    return exchange->r->method_number == M_GET ? NULL
                                               : exchange_refuse_method(exchange, "GET, HEAD, OPTIONS");
}

static const problem_t *check_is_on(exchange_t *exchange)
{
    if (exchange->server->counters)
        return NULL;
    exchange->detail = "TenantMetrics is off.";
    return &problem_not_found;
}

/* What each tenant has. */
static void read_shares(scrape_t *scrape, shares_t *shares)
{
    int places = shares ? shares_count(shares) + 1 : 0;
    share_t *read = apr_palloc(scrape->r->pool, (apr_size_t)places * sizeof *read);

    scrape->shares = read;
    for (int n = 0; n < places; n++)
        scrape->tenants += shares_read(shares, n, &read[scrape->tenants]);
}

static const problem_t *answer(exchange_t *exchange)
{
    static const char *const types[] = {"text/plain", "application/openmetrics-text", NULL};
    static const char *const full_types[] = {"text/plain; version=0.0.4; charset=utf-8",
                                             "application/openmetrics-text; version=1.0.0; charset=utf-8"};
    request_rec *r = exchange->r;
    int64_t *sum = apr_palloc(r->pool, COUNTERS_CELLS_COUNT * sizeof *sum);
    int chosen = media_choose(apr_table_get(r->headers_in, "Accept"), types);
    writer_t writer;
    exposition_t exposition = {&writer, chosen == 1, 0};
    scrape_t scrape = {r, counters_sum(exchange->server->counters, sum), NULL, 0};

    if (chosen < 0) {
        exchange->detail = "A scrape is text/plain or application/openmetrics-text.";
        return &problem_not_acceptable;
    }
    read_shares(&scrape, exchange->server->shares);
    writer_init(&writer, r->pool, 32 * 1024);
    for (int m = 0; m < METRIC_COUNT; m++) {
        exposition_begin(&exposition, &metrics[m]);
        if (metrics[m].cells)
            exposition_counted(&exposition, &metrics[m], sum);
        else
            given_write(&exposition, &metrics[m], &scrape);
    }
    exposition_end(&exposition);
    return exchange_answered(exchange, reply_bytes(r, full_types[chosen], writer.text, writer.length));
}

handler_step_fn *const metrics_steps[] = {
    exchange_require_tls, find, check_peer, check_method, check_is_on, answer, NULL,
};
