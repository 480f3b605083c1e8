/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_TIMELINES_H
#define TENANT_STORE_TIMELINES_H

#include <apr_pools.h>
#include <stdint.h>

/* The newest timeline that any child of this server has seen of each cluster, in memory that all of them
 * share. PostgreSQL begins a new one with each promotion (PostgreSQL manual, 26.3.5): a server on an older
 * one is a primary of the past, whose rows are stale, and which loses what is written to it. */
typedef struct timelines_t timelines_t;

/* One cluster's. */
typedef struct timeline_t timeline_t;

/* What a connection's server is held against. */
typedef struct lineage_t {
    timelines_t *timelines;
    const char *place; /* where the connection string leads, whatever the role (conninfo_place()): a copy of a
                          cluster that somebody restores elsewhere has the identifier, and a newer timeline */
    const struct freshness_t *freshness; /* of a reader: what is known of it; NULL: it is none */
} lineage_t;

/* The memory of this server and of its next generations, for the processes that are forked later. NULL: there
 * is none. */
timelines_t *timelines_share(apr_pool_t *process);

/* That of the cluster with a system identifier, which has been seen in a place on a timeline, from 1. NULL:
 * there are more clusters than anybody has, and this one is not remembered. */
timeline_t *timelines_see(const lineage_t *lineage, uint64_t cluster, uint32_t timeline);

/* The newest one that has been seen. */
uint32_t timeline_newest(const timeline_t *timeline);

#endif
