/* SPDX-License-Identifier: Apache-2.0 */
#include "proof.h"

#include <pthread.h>

#include "../monotonic.h"

/* How old a proof may be, and how long a new one may take: for a connection, and then for its answer. */
#define PROOF_AGE   apr_time_from_sec(1)
#define PROOF_LIMIT apr_time_from_sec(1)

struct proof_t {
    pool_t *pool;
    pthread_mutex_t mutex;     /* guards what follows */
    int is_proving;            /* somebody asks the database whether it is there */
    const problem_t *unproven; /* why that was in vain the last time */
    pthread_cond_t proved;     /* it has ended */
};

proof_t *proof_open(pool_t *pool)
{
    apr_pool_t *lasting; /* as the pool's: a thread may wait here when its process ends (pool.c) */
    proof_t *proof;

    if (apr_pool_create_unmanaged(&lasting) != APR_SUCCESS)
        return NULL;
    proof = apr_pcalloc(lasting, sizeof *proof);
    proof->pool = pool;
    return pthread_mutex_init(&proof->mutex, NULL) == 0 && monotonic_cond_init(&proof->proved) ? proof : NULL;
}

/* Runs the statement. The limit is the connection's for this one alone; past it the reaper cuts the
 * connection, as it does with any. */
static const problem_t *ask_database(pool_t *pool)
{
    static const statement_t nothing = {.sql = "SELECT 1"};
    static const char *const values[] = {NULL};
    connection_t *connection;
    apr_interval_time_t limit;
    apr_pool_t *scratch;
    sqlstate_t state;
    const problem_t *problem = pool_acquire_within(pool, PROOF_LIMIT, &connection);
    run_t run;

    if (problem == &problem_pool_exhausted && !pool_is_in_use(pool))
        return &problem_database_away; /* it takes long to connect */
    if (problem)
        return problem;
    if (apr_pool_create_unmanaged(&scratch) != APR_SUCCESS) {
        pool_release(pool, connection);
        return &problem_internal;
    }
    limit = connection->statement_limit;
    if (limit > PROOF_LIMIT)
        connection->statement_limit = PROOF_LIMIT;
    run = connection_run(connection, &nothing, values, NULL, &state, scratch);
    connection->statement_limit = limit;
    pool_release(pool, connection);
    apr_pool_destroy(scratch);
    return run == RUN_DONE ? NULL : &problem_database_away;
}

/* Waits while somebody else asks the database. 0: nobody does. The caller holds the mutex. */
static int wait_for_other(proof_t *proof)
{
    const apr_time_t deadline = monotonic_now() + 2 * PROOF_LIMIT;

    if (!proof->is_proving)
        return 0;
    while (proof->is_proving && monotonic_now() < deadline)
        monotonic_wait(&proof->proved, &proof->mutex, deadline);
    return 1;
}

/* Asks, and tells those who wait. Called, and returns, with the mutex held. */
static void prove(proof_t *proof)
{
    const problem_t *problem;

    proof->is_proving = 1;
    pthread_mutex_unlock(&proof->mutex);
    problem = ask_database(proof->pool);
    pthread_mutex_lock(&proof->mutex);
    proof->unproven = problem;
    proof->is_proving = 0;
    pthread_cond_broadcast(&proof->proved);
}

const problem_t *proof_ask(proof_t *proof)
{
    const problem_t *problem;
    const problem_t *known;

    pthread_mutex_lock(&proof->mutex);
    if (!pool_knows(proof->pool, PROOF_AGE, &problem)) {
        if (!wait_for_other(proof))
            prove(proof);
        problem = proof->is_proving ? &problem_database_away : proof->unproven;
        if (problem &&
            pool_knows(proof->pool, PROOF_AGE, &known)) /* others' statements may have ended meanwhile */
            problem = known;
    }
    pthread_mutex_unlock(&proof->mutex);
    return problem;
}
