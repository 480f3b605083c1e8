/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"

#include <apr_strings.h>
#include <http_log.h>

APLOG_USE_MODULE(tenant);

const problem_t *job_outcome(request_rec *r, run_t run, const statement_t *statement, const sqlstate_t *state)
{
    const char *label = statement->label ? statement->label : "unprepared";
    const problem_t *problem;

    switch (run) {
    case RUN_DONE:
        return NULL;
    case RUN_OVERDUE:
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "statement %s was cut off: no answer within TenantPool's "
                      "statement limit",
                      label);
        return &problem_query_timeout;
    case RUN_LOST:
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "statement %s lost its connection: %s", label,
                      state->message);
        return &problem_database_away;
    default:
        problem = sqlstate_problem(state, statement->conflicts);
        /* conflicts are the client's affair, and their message may quote values */
        ap_log_rerror(APLOG_MARK, problem->status >= 500 ? APLOG_ERR : APLOG_DEBUG, 0, r,
                      "statement %s: SQLSTATE %s%s%s", label, state->code, problem->status >= 500 ? ": " : "",
                      problem->status >= 500 ? state->message : "");
        return problem;
    }
}

/* BEGIN, the tenant, the statement, COMMIT. What PostgreSQL refused is rolled back here; a connection that is
 * in any other trouble is dropped by pool_release(), which rolls back too. */
static run_t run_change(connection_t *connection, const job_t *job, sqlstate_t *state, apr_pool_t *pool)
{
    const char *begin =
        job->tenant
            ? apr_psprintf(pool, "BEGIN;SELECT set_config('mod_tenant.tenant_id','%d',true)", job->tenant)
            : "BEGIN";
    sqlstate_t ignored;
    run_t run;

    if (job->cluster != DATABASE_ANY_CLUSTER && job->cluster != connection->cluster) {
        *job->rows = rows_make(NULL, connection->cluster, pool);
        return RUN_DONE;
    }
    run = connection_command(connection, begin, state, pool);
    if (run != RUN_DONE)
        return run;
    run = connection_run(connection, job->statement, job->values, job->rows, state, pool);
    if (run == RUN_DONE)
        return connection_command(connection, "COMMIT", state, pool);
    if (run == RUN_REFUSED || run == RUN_STALE)
        connection_command(connection, "ROLLBACK", &ignored, pool);
    return run;
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
        run = job->is_change
                  ? run_change(connection, job, &state, job->pool)
                  : connection_run(connection, job->statement, job->values, job->rows, &state, job->pool);
        pool_release(pool, connection);
        if (run != RUN_STALE && !(run == RUN_LOST && job->is_repeatable))
            break;
    }
    return job_outcome(r, run, job->statement, &state);
}
