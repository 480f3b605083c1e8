/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_METRICS_COUNTERS_H
#define TENANT_METRICS_COUNTERS_H

#include <apr_pools.h>
#include <apr_time.h>
#include <stdatomic.h>
#include <stdint.h>

#include "metric.h"

/* The figures of the table, in memory that all children share. Each child counts in a slot of its own, so
 * that no two of them write to one cache line. The next child goes on with the slot of one that has
 * ended, however it ended: what was counted stays, and no counter goes back. */
typedef struct counters_t counters_t;

enum { COUNTERS_CELLS_COUNT = sizeof(cells_t) / sizeof(cell_t) };

/* Where this process counts: its slot, or, as long as it has none, memory that nobody reads. */
extern cells_t *counters_own;

/* Adds to a figure's cell: COUNTERS_ADD(refusals, label_problem(problem), 1). A gauge takes less than 0
 * too. */
#define COUNTERS_ADD(identifier, number, amount)                                                             \
    ((void)atomic_fetch_add_explicit(&counters_own->identifier[number], (amount), memory_order_relaxed))

/* Adds a time to a histogram's cells, those of a set of labels: &counters_own->durations[number * …]. Less
 * than none, which a clock that was set back brings about, is none. */
void counters_time(cell_t *cells, apr_interval_time_t time);

#define COUNTERS_TIME(identifier, number, time)                                                              \
    counters_time(&counters_own->identifier[(number)*METRIC_CELLS_HISTOGRAM], (time))

/* What the memory is called that has the slots: by the table that it was laid out by, in pool. */
const char *counters_name(apr_pool_t *pool);

/* How many bytes the slots of so many children take. */
size_t counters_size(int children);

/* The slots in memory of that size, which is all 0 and aligned as a page is; or, if it is not new, what an
 * earlier generation of the server has left there. NULL: there is no lock. */
counters_t *counters_use(void *memory, int is_new, int children);

/* In a new child: takes a slot, and returns its number. That is given up when the calling thread ends,
 * which is to be the last. */
int counters_claim(counters_t *counters);

/* The sum of all slots, as a number for each cell; gauges of those alone that have a child. Returns how many
 * those are. */
int counters_sum(counters_t *counters, int64_t sum[COUNTERS_CELLS_COUNT]);

#endif
