/* SPDX-License-Identifier: Apache-2.0 */
#include "requests.h"

#include "../config.h"
#include "../identity/tenant.h"
#include "../metrics/counters.h"
#include "../metrics/share.h"
#include "../metrics/tally.h"
#include "../store/monotonic.h"

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
static void count_tally(const server_config_t *config, const request_rec *r, tally_t *tally, apr_off_t bytes)
{
    const tenant_t *tenant = tenant_get(r);

    tally->bytes = bytes;
    COUNTERS_ADD(rows_read, 0, tally->rows_read);
    COUNTERS_ADD(rows_written, 0, tally->rows_written);
    COUNTERS_ADD(bytes, 0, tally->bytes);
    COUNTERS_ADD(database, 0, tally->database);
    if (tenant && config->shares)
        shares_add(config->shares, tenant->id, tenant->name ? tenant->name : "", tally, monotonic_now());
}

int requests_count(request_rec *r)
{
    const request_rec *last = r; /* the one that was answered, of those that it was redirected to */
    const server_config_t *config = config_server(r->server);
    tally_t *tally = tally_of(r->pool);
    int route = config->counters ? route_of(r, tally) : -1;
    unsigned number;

    if (route < 0)
        return DECLINED;
    while (last->next)
        last = last->next;
    number = (unsigned)route * LABEL_METHODS + label_method(r->header_only ? "HEAD"
                                                            : r->method    ? r->method
                                                                           : "");
    COUNTERS_ADD(requests, number * LABEL_STATUSES + label_status(last->status), 1);
    COUNTERS_TIME(durations, number, apr_time_now() - r->request_time);
    if (tally)
        count_tally(config, r, tally, last->bytes_sent);
    return DECLINED;
}
