/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_BATCH_H
#define TENANT_STORE_BATCH_H

#include "job.h"
#include "pipeline.h"

/* Short statements that share round trips to PostgreSQL. On a busy server most of what a read of one row
 * costs is sending it, waking a backend, and being woken, and most of what a new row costs is its COMMIT. So
 * at most a few round trips are under way at a time, and those that come meanwhile queue; when one ends, all
 * that have queued go together as a group, in one message and one transaction. The thread of the first, the
 * leader, runs it; the others, its followers, wait (group commit, for reads too). Whoever has nobody to share
 * with runs at once and as always.
 *
 * Each statement sets its tenant itself (database_read()), so it sees nothing of the one ahead of it. Writes
 * are in effect together, or all of them run again alone: so nobody is told of another's fault. What one
 * statement may cost the others is bounded, by a limit to waiting for locks (pipeline.h) and by a pause of
 * sharing behind each round trip that was in vain. */
typedef struct batch_t batch_t;

/* What shares round trips with its like. A new kind is one more here and its policy in batch.c. */
typedef enum batch_kind_t {
    BATCH_ROWS,    /* reads of one row */
    BATCH_PAGES,   /* reads of few: a single row does not wait for fifty */
    BATCH_INSERTS, /* new rows */
    BATCH_KINDS,   /* how many there are */
} batch_kind_t;

/* For the connections of a pool, which are max at most. NULL: out of memory. */
batch_t *batch_open(pool_t *pool, batch_kind_t kind, int max);

/* Runs a job that has a label and is known to be short: others may wait for it. It is_repeatable where its
 * kind's policy says so. As job_run() otherwise. */
const problem_t *batch_run(batch_t *batch, request_rec *r, const job_t *job);

#endif
