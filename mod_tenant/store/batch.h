/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_BATCH_H
#define TENANT_STORE_BATCH_H

#include "job.h"

/* Short reads that share round trips to PostgreSQL. On a busy server most of what a read of one row costs is
 * sending it, waking a backend, and being woken. So at most a few reads are under way at a time, and those
 * that come meanwhile gather; when one comes back, all that have gathered set out together, in one message
 * and one transaction, on the way of one of them. A read that has nobody to share with runs at once and as
 * always.
 *
 * Each read sets its tenant itself (database_read()), so it sees nothing of the one ahead of it. */
typedef struct batch_t batch_t;

/* For the connections of a pool, which are max at most. NULL: out of memory. */
batch_t *batch_open(pool_t *pool, int max);

/* Runs a job that is_repeatable, has a label and is known to be short: others may wait for it. As job_run()
 * otherwise. */
const problem_t *batch_run(batch_t *batch, request_rec *r, const job_t *job);

#endif
