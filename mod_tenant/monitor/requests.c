/* SPDX-License-Identifier: Apache-2.0 */
#include "requests.h"

#include "../config.h"
#include "../identity/tenant.h"
#include "../metrics/counters.h"
#include "../metrics/share.h"
#include "../metrics/tally.h"
#include "../metrics/usage.h"
#include "../monotonic.h"

enum { DAY_SECONDS = 86400 };

/* Its number among the routes; -1: it is none of ours. What httpd has refused ahead of us has no tally. */
static int route_of(const request_rec *r, const tally_t *tally)
{
    const location_config_t *location = config_location(r);

    if (tally)
        return (int)label_route(tally->handler, tally->resource);
    if (config_is_ours(location))
        return (int)label_route(location->handler->name, label_no_resource);
    return config_is_gateway(location) ? (int)label_route(label_gateway, label_no_resource) : -1;
}

/* Adds what else is known of it to the sums, and to its tenant's. */
static void count_tally(const server_config_t *config, const tenant_t *tenant, const tally_t *tally)
{
    COUNTERS_ADD(rows_read, 0, tally->rows_read);
    COUNTERS_ADD(rows_written, 0, tally->rows_written);
    COUNTERS_ADD(bytes, 0, tally->bytes);
    COUNTERS_ADD(database, 0, tally->database);
    if (tenant && config->shares)
        shares_add(config->shares, tenant->id, tenant->name ? tenant->name : "", tally, monotonic_now());
}

/* Books it, for its tenant's bill, on the day on which it has ended. */
static void book(usage_t *usage, const tenant_t *tenant, const tally_t *tally)
{
    const usage_line_t line = {
        .tenant = tenant->id,
        .day = (int)(apr_time_sec(apr_time_now()) / DAY_SECONDS),
        .requests = 1,
        .rows_written = tally->rows_written,
        .bytes_out = tally->bytes,
    };

    usage_add(usage, &line, monotonic_now());
}

static void count_answer(const request_rec *r, int status, unsigned route)
{
    const char *method = r->header_only ? "HEAD" : r->method ? r->method : "";
    unsigned number = route * LABEL_METHODS + label_method(method);

    COUNTERS_ADD(requests, number * LABEL_STATUSES + label_status(status), 1);
    COUNTERS_TIME(durations, number, apr_time_now() - r->request_time);
}

int requests_count(request_rec *r)
{
    const request_rec *last = r; /* the one that was answered, of those that it was redirected to */
    const server_config_t *config = config_server(r->server);
    const tenant_t *tenant = tenant_get(r);
    tally_t *tally = tally_of(r->pool);
    int route = config->counters ? route_of(r, tally) : -1;

    while (last->next)
        last = last->next;
    if (tally)
        tally->bytes = last->bytes_sent;
    if (route >= 0)
        count_answer(r, last->status, (unsigned)route);
    if (route >= 0 && tally)
        count_tally(config, tenant, tally);
    if (config->usage && tenant && tally)
        book(config->usage, tenant, tally);
    return DECLINED;
}
