/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_JOB_H
#define TENANT_STORE_JOB_H

#include "pool.h"
#include "row.h"
#include "statement.h"

/* A statement and how it is to be run. */
typedef struct job_t {
    pool_use_t use;
    int is_change;     /* in a transaction of our own that sets the tenant first */
    int tenant;        /* whose rows they are; 0: any tenant's, or nobody's */
    int is_repeatable; /* may be sent again where it is unknown whether it took effect */
    int is_write;      /* the client may have caused what is refused with a value of its own */
    int is_optional;   /* what fails is asked of another server, and no fault in the log */
    const statement_t *statement;
    const char *const *values;
    rows_t **rows;
    apr_pool_t *pool; /* of the rows and all else */
} job_t;

/* Runs a job on a connection of the pool, and once more on another where that is safe: what a session
 * refused for its own state had no effect. What failed is logged where the sysadmin can mend it. */
const problem_t *job_run(pool_t *pool, request_rec *r, const job_t *job);

/* Turns the end of a job into the caller's problem, and logs what a sysadmin can mend. state matters where it
 * was RUN_LOST, RUN_ODD or RUN_REFUSED. */
const problem_t *job_outcome(request_rec *r, run_t run, const job_t *job, const sqlstate_t *state);

/* Says that a connection goes for what a statement, or several, has met there. */
void job_log_replaced(request_rec *r, const connection_t *connection, const char *what,
                      const sqlstate_t *state);

#endif
