/* SPDX-License-Identifier: Apache-2.0 */
#include "proof.h"

#include "monotonic.h"
#include "pool_state.h"

/* How old a proof may be, and how long a new one may take: for a connection, and then for its answer. */
#define PROOF_AGE   apr_time_from_sec(1)
#define PROOF_LIMIT apr_time_from_sec(1)

int proof_prepare(pool_t *pool)
{
    return monotonic_cond_init(&pool->proved);
}

/* What the pool knows by itself. *problem is set where that is something. The caller holds the mutex. */
static int is_known(const pool_t *pool, const problem_t **problem)
{
    *problem = pool->away == &problem_misconfigured ? pool->away : NULL;
    return *problem || (pool->answered && monotonic_now() - pool->answered < PROOF_AGE);
}

/* Whether somebody has a connection. */
static int has_connections(pool_t *pool)
{
    int has;

    pthread_mutex_lock(&pool->mutex);
    has = !APR_RING_EMPTY(&pool->busy, connection_t, link);
    pthread_mutex_unlock(&pool->mutex);
    return has;
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

    if (problem == &problem_pool_exhausted && !has_connections(pool))
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
static int wait_for_other(pool_t *pool)
{
    const apr_time_t deadline = monotonic_now() + 2 * PROOF_LIMIT;

    if (!pool->is_proving)
        return 0;
    while (pool->is_proving && monotonic_now() < deadline)
        monotonic_wait(&pool->proved, &pool->mutex, deadline);
    return 1;
}

/* Asks, and tells those who wait. Called, and returns, with the mutex held. */
static void prove(pool_t *pool)
{
    const problem_t *problem;

    pool->is_proving = 1;
    pthread_mutex_unlock(&pool->mutex);
    problem = ask_database(pool);
    pthread_mutex_lock(&pool->mutex);
    pool->unproven = problem;
    pool->is_proving = 0;
    pthread_cond_broadcast(&pool->proved);
}

const problem_t *proof_ask(pool_t *pool)
{
    const problem_t *problem;
    const problem_t *known;

    pthread_mutex_lock(&pool->mutex);
    if (!is_known(pool, &problem)) {
        if (!wait_for_other(pool))
            prove(pool);
        problem = pool->is_proving ? &problem_database_away : pool->unproven;
        if (problem && is_known(pool, &known)) /* others' statements may have ended meanwhile */
            problem = known;
    }
    pthread_mutex_unlock(&pool->mutex);
    return problem;
}
