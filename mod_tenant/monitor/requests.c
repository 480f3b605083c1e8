/* SPDX-License-Identifier: Apache-2.0 */
#include "requests.h"

#include "../config.h"
#include "../metrics/counters.h"
#include "../metrics/tally.h"

/* Its number among the routes; -1: it is none of ours. What httpd has refused ahead of us has no tally. */
static int route_of(const request_rec *r)
{
    const tally_t *tally = tally_of(r->pool);
    const location_config_t *location = config_location(r);

    if (tally)
        return (int)label_route(tally->handler, tally->resource);
    if (config_is_ours(location))
        return (int)label_route(location->handler->name, label_no_resource);
    return config_is_gateway(location) ? (int)label_route(label_gateway, label_no_resource) : -1;
}

int requests_count(request_rec *r)
{
    const request_rec *last = r; /* the one that was answered, of those that it was redirected to */
    int route = config_server(r->server)->counters ? route_of(r) : -1;
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
    return DECLINED;
}
