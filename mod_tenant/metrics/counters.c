/* SPDX-License-Identifier: Apache-2.0 */
#include "counters.h"

#include <apr_strings.h>
#include <inttypes.h>
#include <string.h>

#include "owner.h"

/* Processors fetch cache lines in pairs. */
enum { LINE = 128 };

/* The lock tells whether the slot has a child. It is a robust mutex: of a process that was killed the kernel
 * gives it back. */
typedef struct slot_t {
    _Alignas(LINE) pthread_mutex_t owner;
    _Alignas(LINE) cells_t cells;
} slot_t;

struct counters_t {
    int children; /* slots; one more is behind them, whose owner is nobody */
    slot_t slots[];
};

static cells_t nowhere;
cells_t *counters_own = &nowhere;

void counters_time(cell_t *cells, apr_interval_time_t time)
{
    int bucket = 0;

    if (time < 0)
        time = 0;
    while (bucket < METRIC_BUCKETS && time > metric_buckets[bucket])
        bucket++;
    atomic_fetch_add_explicit(&cells[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&cells[METRIC_BUCKETS + 1], time, memory_order_relaxed);
}

/* FNV-1a. */
static uint64_t mix(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    return hash ^ 0xff;
}

const char *counters_name(apr_pool_t *pool)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (int m = 0; m < METRIC_COUNT; m++) {
        hash = mix(hash, metrics[m].name) ^ metrics[m].first;
        hash = mix(hash, label_text(metrics[m].labels, pool));
    }
    return apr_psprintf(pool, "mod_tenant metrics 1 %" PRIx64, hash);
}

size_t counters_size(int children)
{
    return sizeof(counters_t) + ((size_t)children + 1) * sizeof(slot_t);
}

counters_t *counters_use(void *memory, int is_new, int children)
{
    counters_t *counters = memory;

    if (!is_new)
        return counters;
    for (int n = 0; n < children; n++) {
        if (!owner_make(&counters->slots[n].owner))
            return NULL;
    }
    counters->children = children;
    return counters;
}

/* What there was in a child is gone with it. */
static void forget_gauges(cells_t *cells)
{
    cell_t *all = (cell_t *)cells;

    for (int m = 0; m < METRIC_COUNT; m++) {
        if (metrics[m].kind == METRIC_GAUGE)
            memset((void *)&all[metrics[m].first], 0, label_count(metrics[m].labels) * sizeof *all);
    }
}

/* There are as many slots as there can be children at a time. But a scrape holds the lock of a free one for a
 * moment, so a child looks twice; where it finds none even so it counts where nobody is the owner. */
int counters_claim(counters_t *counters)
{
    slot_t *slot = counters->slots;

    for (int n = 0; n < 2 * counters->children; n++) {
        slot = &counters->slots[n % counters->children];
        if (owner_try(&slot->owner)) {
            forget_gauges(&slot->cells);
            counters_own = &slot->cells;
            return n % counters->children;
        }
    }
    counters_own = &counters->slots[counters->children].cells;
    return counters->children;
}

static int has_child(slot_t *slot)
{
    if (!owner_try(&slot->owner))
        return 1;
    owner_free(&slot->owner);
    return 0;
}

static void add_slot(const slot_t *slot, int is_alive, int64_t *sum)
{
    const cell_t *cells = (const cell_t *)&slot->cells;

    for (int m = 0; m < METRIC_COUNT; m++) {
        size_t end = metrics[m].first + label_count(metrics[m].labels) * metrics[m].cells;

        if (metrics[m].kind == METRIC_GAUGE && !is_alive)
            continue;
        for (size_t n = metrics[m].first; n < end; n++)
            sum[n] += atomic_load_explicit(&cells[n], memory_order_relaxed);
    }
}

int counters_sum(counters_t *counters, int64_t sum[COUNTERS_CELLS_COUNT])
{
    int alive = 0;

    memset(sum, 0, COUNTERS_CELLS_COUNT * sizeof *sum);
    for (int n = 0; n <= counters->children; n++) {
        int has_owner = n < counters->children && has_child(&counters->slots[n]);

        add_slot(&counters->slots[n], has_owner, sum);
        alive += has_owner;
    }
    return alive;
}
