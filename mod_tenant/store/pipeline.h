/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_PIPELINE_H
#define TENANT_STORE_PIPELINE_H

#include "connection.h"
#include "row.h"

/* A statement that shares a round trip with others, and what it has got. */
typedef struct shared_t {
    const statement_t *statement; /* with a label */
    const char *const *values;
    result_t *result; /* this one's to drop; NULL: it was not run to its end */
    int first;        /* of the result's rows, which one is the first of this one's */
    int count;        /* and how many are */
    struct shared_t *next;
} shared_t;

/* How many share a round trip at most. */
enum { PIPELINE_MAX = 16 };

/* What statements do together. */
typedef enum pipeline_kind_t {
    PIPELINE_READS,  /* each result stands for itself */
    PIPELINE_WRITES, /* all of them are in effect, or none */
} pipeline_kind_t;

/* So long a lock is waited for among PIPELINE_WRITES, at most. */
#define PIPELINE_LOCK_MS "20"

/* Runs statements, each of which sets its tenant itself, in one round trip and one transaction (libpq's
 * pipeline mode); several that are the same, and can be, as one (statement_t.many). Those that have their
 * result have been done, and writes have been committed; those that have not are to be run alone where that
 * is safe:
 *
 *   RUN_DONE, RUN_REFUSED,  they have had no effect, be it for another one's fault
 *   RUN_STALE
 *   RUN_ODD                 they have been done, writes have been committed, and their rows are of no use
 *   RUN_LOST, RUN_OVERDUE,  as connection_run() has it, for each of them; *state says more
 *   RUN_DOUBT
 *
 * Texts and scratch memory are in pool. */
run_t pipeline_run(connection_t *connection, pipeline_kind_t kind, shared_t *const *shared, int count,
                   sqlstate_t *state, apr_pool_t *pool);

#endif
