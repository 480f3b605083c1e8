/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"

#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "blame.h"
#include "durable.h"

APLOG_USE_MODULE(tenant);

static const char *label_of(const job_t *job)
{
    return job->statement->label ? job->statement->label : "unprepared";
}

/* How grave it is that a job has failed. */
static int level_of(const job_t *job, int level)
{
    return job->is_optional && level < APLOG_INFO ? APLOG_INFO : level;
}

const problem_t *job_outcome(request_rec *r, run_t run, const job_t *job, const sqlstate_t *state)
{
    const char *label = label_of(job);
    const problem_t *problem;

    switch (run) {
    case RUN_DONE:
        return NULL;
    case RUN_OVERDUE:
        ap_log_rerror(APLOG_MARK, level_of(job, APLOG_WARNING), 0, r,
                      "statement %s was cut off: no answer within TenantPool's "
                      "statement limit",
                      label);
        return &problem_query_timeout;
    case RUN_DOUBT: /* the pool has said in the log what is wrong */
        return &problem_write_in_doubt;
    case RUN_LOST:
        ap_log_rerror(APLOG_MARK, level_of(job, APLOG_WARNING), 0, r, "statement %s lost its connection: %s",
                      label, state->message);
        return &problem_database_away;
    case RUN_ODD:
        ap_log_rerror(APLOG_MARK, level_of(job, APLOG_ERR), 0, r, "statement %s: %s", label, state->message);
        return &problem_misconfigured;
    default:
        problem = sqlstate_problem(state, job->statement, job->is_write);
        /* conflicts are the client's affair, and their message may quote values */
        ap_log_rerror(APLOG_MARK, problem->status >= 500 ? level_of(job, APLOG_ERR) : APLOG_DEBUG, 0, r,
                      "statement %s: SQLSTATE %s%s%s%s%s", label, state->code,
                      problem->status >= 500 ? ": " : "", problem->status >= 500 ? state->message : "",
                      state->fault ? ": " : "", state->fault ? state->fault : "");
        return problem;
    }
}

/* BEGIN, the tenant, the statement, COMMIT. That there is no such row may be what a change has left behind
 * whose answer was lost: that is told once it is safe. What PostgreSQL refused is rolled back here; a
 * connection that is in any other trouble is dropped by pool_release(), which rolls back too. */
static run_t run_change(connection_t *connection, const job_t *job, sqlstate_t *state, apr_pool_t *pool)
{
    const char *begin =
        job->tenant
            ? apr_psprintf(pool, "BEGIN;SELECT set_config('mod_tenant.tenant_id','%d',true)", job->tenant)
            : "BEGIN";
    sqlstate_t ignored;
    run_t run;

    run = connection_command(connection, begin, state, pool);
    if (run != RUN_DONE)
        return run;
    run = connection_run(connection, job->statement, job->values, job->rows, state, pool);
    if (run == RUN_DONE && rows_count(*job->rows) == 0)
        run = durable_wait(connection, state, pool);
    if (run == RUN_DONE)
        return connection_command(connection, "COMMIT", state, pool);
    if (run == RUN_REFUSED || run == RUN_STALE || run == RUN_ODD)
        connection_command(connection, "ROLLBACK", &ignored, pool);
    return run;
}

void job_log_replaced(request_rec *r, const connection_t *connection, const char *what,
                      const sqlstate_t *state)
{
    ap_log_rerror(APLOG_MARK, connection->unfit == UNFIT_PLANS ? APLOG_INFO : APLOG_WARNING, 0, r,
                  "a database connection is replaced: %s: SQLSTATE %s: %s", what, state->code,
                  state->message);
}

/* Whether a write was refused for what is there already: that may be its own row, of an attempt whose answer
 * was lost, so that is told once it is safe. */
static int is_taken(const job_t *job, run_t run, const sqlstate_t *state)
{
    return run == RUN_REFUSED && job->is_write && !state->fault && strcmp(state->code, "23505") == 0;
}

/* Runs a job on a connection. */
static run_t run_on(connection_t *connection, const job_t *job, sqlstate_t *state)
{
    run_t run = job->is_change
                    ? run_change(connection, job, state, job->pool)
                    : connection_run(connection, job->statement, job->values, job->rows, state, job->pool);
    sqlstate_t waited;
    run_t wait;

    if (run == RUN_REFUSED && job->is_write)
        blame_sequence(connection, job->statement, state, job->pool);
    connection->is_committed = run == RUN_DONE && job->is_write;
    if (!is_taken(job, run, state))
        return run;
    wait = durable_wait(connection, &waited, job->pool);
    if (wait != RUN_DONE)
        *state = waited;
    return wait == RUN_DONE ? run : wait;
}

/* Whether it has had no effect, or none that matters, and may do better. */
static int may_run_again(const job_t *job, run_t run, const sqlstate_t *state)
{
    switch (run) {
    case RUN_STALE:
        return 1;
    case RUN_REFUSED:
        return sqlstate_is_passing(state->code);
    case RUN_LOST:
    case RUN_ODD:
        return job->is_repeatable;
    default:
        return 0;
    }
}

const problem_t *job_run(pool_t *pool, request_rec *r, const job_t *job)
{
    sqlstate_t state = {.message = ""};
    run_t run = RUN_LOST;

    for (int tries = 0; tries < 2; tries++) {
        connection_t *connection;
        const problem_t *problem =
            pool_acquire(pool, job->use, job->is_repeatable && tries == 0, &connection);

        if (problem)
            return problem;
        run = run_on(connection, job, &state);
        if (run == RUN_STALE)
            job_log_replaced(r, connection, apr_pstrcat(job->pool, "statement ", label_of(job), NULL),
                             &state);
        pool_release(pool, connection);
        if (!may_run_again(job, run, &state))
            break;
    }
    return job_outcome(r, run, job, &state);
}
