/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_METRICS_SHARE_H
#define TENANT_METRICS_SHARE_H

#include <apr_pools.h>
#include <stdint.h>

#include "metric.h"
#include "tally.h"

/* What each tenant has of the server, in memory that all children share: of the most active tenants one by
 * one, and of all others together. A tenant's figures grow while it is among the former. When another one
 * takes its place they are added to those of the others, and should it come back they begin at 0. */
typedef struct shares_t shares_t;

enum { SHARE_TENANTS_MAX = 1000, SHARE_NAME_BYTES = 256 };

/* The figures: of the table the rows of the kinds TENANT and TENANT_TIME, in their order. */
enum {
    SHARE_FIRST = METRIC_tenant_requests,
    SHARE_FIGURES = METRIC_tenant_refusals - METRIC_tenant_requests + 1,
};

/* One tenant's. */
typedef struct share_t {
    int tenant; /* 0: those of all others */
    char name[SHARE_NAME_BYTES];
    int64_t figures[SHARE_FIGURES];
} share_t;

/* How many bytes the figures of so many tenants take, with so many children. */
size_t shares_size(int children, int tenants);

/* The figures in memory of that size, which is all 0; or, if it is not new, what an earlier generation of the
 * server has left there. NULL: there is no lock. */
shares_t *shares_use(void *memory, int is_new, int children, int tenants);

/* In a new child: which of the children it counts as (counters_claim()). */
void shares_claim(shares_t *shares, int child);

/* Adds a request that has ended to its tenant's, which is known by id, from 1, and name, any text. now:
 * by the monotonic clock. */
void shares_add(shares_t *shares, int tenant, const char *name, const tally_t *tally, int64_t now);

/* How many places there are. */
int shares_count(const shares_t *shares);

/* What place n has, 0 to shares_count(), which is that of all others. 0: nobody has it. */
int shares_read(shares_t *shares, int n, share_t *share);

#endif
