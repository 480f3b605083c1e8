/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <inttypes.h>
#include <mod_status.h>

#include "../config.h"
#include "../metrics/counters.h"
#include "exposition.h"

/* The sum over all labels; of a histogram, how many times there are. */
static int64_t total(const metric_t *metric, const int64_t *sum)
{
    size_t counted = metric->kind == METRIC_HISTOGRAM ? METRIC_BUCKETS + 1 : metric->cells;
    int64_t total = 0;

    for (unsigned number = 0; number < label_count(metric->labels); number++) {
        for (size_t n = 0; n < counted; n++)
            total += sum[metric->first + number * metric->cells + n];
    }
    return total;
}

static const char *value_of(const metric_t *metric, const int64_t *sum, apr_pool_t *pool)
{
    int64_t value = total(metric, sum);
    char *text = apr_palloc(pool, EXPOSITION_SECONDS);

    if (metric_is_time(metric))
        exposition_format_seconds(text, value);
    else
        apr_snprintf(text, EXPOSITION_SECONDS, "%" PRId64, value);
    return text;
}

static void tell(request_rec *r, int flags, const metric_t *metric, const int64_t *sum)
{
    const char *value = value_of(metric, sum, r->pool);
    const char *ending = metric_is_counter(metric)          ? "_total"
                         : metric->kind == METRIC_HISTOGRAM ? "_count"
                                                            : "";

    if (flags & AP_STATUS_SHORT)
        ap_rprintf(r, "mod_tenant_%s%s: %s\n", metric->name, ending, value);
    else if (flags & AP_STATUS_NOTABLE)
        ap_rprintf(r, "<p>%s %s</p>\n", ap_escape_html(r->pool, metric->help), value);
    else
        ap_rprintf(r, "<tr><td>%s</td><td>%s</td></tr>\n", ap_escape_html(r->pool, metric->help), value);
}

int status_tell(request_rec *r, int flags)
{
    struct counters_t *counters = config_server(r->server)->counters;
    int has_table = !(flags & (AP_STATUS_SHORT | AP_STATUS_NOTABLE));
    int64_t *sum;

    if (!counters)
        return DECLINED;
    sum = apr_palloc(r->pool, COUNTERS_CELLS_COUNT * sizeof *sum);
    counters_sum(counters, sum);
    if (!(flags & AP_STATUS_SHORT))
        ap_rputs("<hr />\n<h1>mod_tenant</h1>\n", r);
    if (has_table)
        ap_rputs("<table border=\"0\">\n", r);
    for (int m = 0; m < METRIC_COUNT; m++) {
        if (metrics[m].cells)
            tell(r, flags, &metrics[m], sum);
    }
    if (has_table)
        ap_rputs("</table>\n", r);
    return OK;
}
