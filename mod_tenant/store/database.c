/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include <apr_strings.h>
#include <http_log.h>

APLOG_USE_MODULE(tenant);

struct database_t {
    pool_t *pool;
    _Atomic uint64_t cluster; /* that the last connection to be used led to; DATABASE_ANY_CLUSTER: none yet */
};

database_t *database_open(const char *conninfo, const pool_settings_t *settings, database_role_t role,
                          server_rec *server, apr_pool_t *process)
{
    database_t *database = apr_pcalloc(process, sizeof *database);

    database->pool = pool_open(conninfo, settings, role, server, process);
    return database->pool ? database : NULL;
}

/* Turns the end of a statement into the caller's problem, and logs what a sysadmin can mend. */
static const problem_t *outcome(request_rec *r, run_t run, const statement_t *statement,
                                const sqlstate_t *state)
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

/* A statement and how it is to be run. */
typedef struct job_t {
    pool_use_t use;
    int is_change;     /* in a transaction of our own that sets the tenant first */
    int tenant;        /* of such a transaction; 0: none */
    uint64_t cluster;  /* the only one to run it in, or DATABASE_ANY_CLUSTER */
    int is_repeatable; /* may be sent again where it is unknown whether it took effect */
    const statement_t *statement;
    const char *const *values;
    rows_t **rows;
    apr_pool_t *pool; /* of the rows and all else */
} job_t;

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
    if (run == RUN_REFUSED)
        connection_command(connection, "ROLLBACK", &ignored, pool);
    return run;
}

/* Takes a connection of the pool, and takes note of where it leads. */
static const problem_t *acquire(database_t *database, pool_use_t use, int is_repeatable,
                                connection_t **connection)
{
    const problem_t *problem = pool_acquire(database->pool, use, is_repeatable, connection);

    if (!problem && database->cluster != (*connection)->cluster)
        database->cluster = (*connection)->cluster;
    return problem;
}

/* Runs a job on a connection of the pool, and once more on another where that is safe: a stale plan is found
 * out ahead of its execution. */
static const problem_t *run_job(database_t *database, request_rec *r, const job_t *job)
{
    sqlstate_t state = {.message = ""};
    run_t run = RUN_LOST;

    for (int tries = 0; tries < 2; tries++) {
        connection_t *connection;
        const problem_t *problem = acquire(database, job->use, job->is_repeatable && tries == 0, &connection);

        if (problem)
            return problem;
        run = job->is_change
                  ? run_change(connection, job, &state, job->pool)
                  : connection_run(connection, job->statement, job->values, job->rows, &state, job->pool);
        if (run == RUN_STALE)
            pool_renew(database->pool);
        pool_release(database->pool, connection);
        if (run != RUN_STALE && !(run == RUN_LOST && job->is_repeatable))
            break;
    }
    return outcome(r, run, job->statement, &state);
}

const problem_t *database_cluster(database_t *database, uint64_t *cluster)
{
    connection_t *connection;
    const problem_t *problem;

    if (database->cluster == DATABASE_ANY_CLUSTER) {
        problem = acquire(database, POOL_STATEMENT, 0, &connection);
        if (problem)
            return problem;
        pool_release(database->pool, connection);
    }
    *cluster = database->cluster;
    return NULL;
}

const problem_t *database_lookup(database_t *database, request_rec *r, const statement_t *statement,
                                 const char *const *values, rows_t **rows, apr_pool_t *pool)
{
    return run_job(database, r,
                   &(job_t){.use = POOL_LOOKUP,
                            .is_repeatable = 1,
                            .statement = statement,
                            .values = values,
                            .rows = rows,
                            .pool = pool});
}

const problem_t *database_read(database_t *database, request_rec *r, const statement_t *statement,
                               const char *const *values, rows_t **rows)
{
    return database_read_into(database, r, statement, values, rows, r->pool);
}

const problem_t *database_read_into(database_t *database, request_rec *r, const statement_t *statement,
                                    const char *const *values, rows_t **rows, apr_pool_t *pool)
{
    return run_job(database, r,
                   &(job_t){.use = POOL_STATEMENT,
                            .is_repeatable = 1,
                            .statement = statement,
                            .values = values,
                            .rows = rows,
                            .pool = pool});
}

const problem_t *database_insert(database_t *database, request_rec *r, const statement_t *statement,
                                 const char *const *values, rows_t **rows)
{
    return run_job(
        database, r,
        &(job_t){
            .use = POOL_STATEMENT, .statement = statement, .values = values, .rows = rows, .pool = r->pool});
}

const problem_t *database_change(database_t *database, request_rec *r, int tenant, uint64_t cluster,
                                 const statement_t *statement, const char *const *values, rows_t **rows)
{
    return run_job(database, r,
                   &(job_t){.use = POOL_STATEMENT,
                            .is_change = 1,
                            .tenant = tenant,
                            .cluster = cluster,
                            .statement = statement,
                            .values = values,
                            .rows = rows,
                            .pool = r->pool});
}
