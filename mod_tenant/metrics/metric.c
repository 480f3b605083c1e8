/* SPDX-License-Identifier: Apache-2.0 */
#include "metric.h"

const int metric_buckets[METRIC_BUCKETS] = {
    250,    500,    1000,   2500,    5000,    10000,   25000,    50000,
    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
};

#define METRIC_ROW(identifier, kind, name, labels, help)                                                     \
    [METRIC_##identifier] = {name,                                                                           \
                             help,                                                                           \
                             METRIC_##kind,                                                                  \
                             &label_##labels,                                                                \
                             offsetof(cells_t, identifier) / sizeof(cell_t),                                 \
                             METRIC_CELLS_##kind},

const metric_t metrics[METRIC_COUNT] = {METRICS(METRIC_ROW)};

int metric_is_counter(const metric_t *metric)
{
    return metric->kind == METRIC_COUNTER || metric->kind == METRIC_TIME || metric->kind == METRIC_TENANT ||
           metric->kind == METRIC_TENANT_TIME;
}

int metric_is_time(const metric_t *metric)
{
    return metric->kind == METRIC_TIME || metric->kind == METRIC_TENANT_TIME;
}
