/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include "batch.h"
#include "job.h"
#include "proof.h"

struct database_t {
    pool_t *pool;
    proof_t *proof;
    batch_t *rows; /* NULL, as those that follow, where statements are not prepared */
    batch_t *pages;
    batch_t *inserts;
};

database_t *database_open(const char *conninfo, const pool_settings_t *settings, database_role_t role,
                          server_rec *server, apr_pool_t *process)
{
    database_t *database = apr_pcalloc(process, sizeof *database);

    database->pool = pool_open(conninfo, settings, role, server, process);
    database->proof = database->pool ? proof_open(database->pool) : NULL;
    if (!database->proof)
        return NULL;
    if (settings->prepare) {
        database->rows = batch_open(database->pool, BATCH_ROWS, settings->max);
        database->pages = batch_open(database->pool, BATCH_PAGES, settings->max);
        database->inserts = batch_open(database->pool, BATCH_INSERTS, settings->max);
        if (!database->rows || !database->pages || !database->inserts)
            return NULL;
    }
    return database;
}

const problem_t *database_cluster(database_t *database, uint64_t *cluster)
{
    connection_t *connection;
    const problem_t *problem;

    *cluster = pool_cluster(database->pool);
    if (*cluster != DATABASE_ANY_CLUSTER)
        return NULL;
    problem = pool_acquire(database->pool, POOL_STATEMENT, 0, &connection);
    if (problem)
        return problem;
    *cluster = connection->cluster;
    pool_release(database->pool, connection);
    return NULL;
}

const problem_t *database_prove(database_t *database)
{
    return proof_ask(database->proof);
}

const problem_t *database_lookup(database_t *database, request_rec *r, const statement_t *statement,
                                 const char *const *values, rows_t **rows, apr_pool_t *pool)
{
    return job_run(database->pool, r,
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

static const problem_t *run_in(batch_t *batch, database_t *database, request_rec *r, const job_t *job)
{
    return batch && job->statement->label ? batch_run(batch, r, job) : job_run(database->pool, r, job);
}

/* What may be sent again where it is not known whether it took effect. */
static const problem_t *repeat_in(batch_t *batch, database_t *database, request_rec *r,
                                  const statement_t *statement, const char *const *values, rows_t **rows)
{
    return run_in(batch, database, r,
                  &(job_t){.use = POOL_STATEMENT,
                           .is_repeatable = 1,
                           .statement = statement,
                           .values = values,
                           .rows = rows,
                           .pool = r->pool});
}

const problem_t *database_read_row(database_t *database, request_rec *r, const statement_t *statement,
                                   const char *const *values, rows_t **rows)
{
    return repeat_in(database->rows, database, r, statement, values, rows);
}

const problem_t *database_read_page(database_t *database, request_rec *r, const statement_t *statement,
                                    const char *const *values, rows_t **rows)
{
    return repeat_in(database->pages, database, r, statement, values, rows);
}

const problem_t *database_read_into(database_t *database, request_rec *r, const statement_t *statement,
                                    const char *const *values, rows_t **rows, apr_pool_t *pool)
{
    return job_run(database->pool, r,
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
    return job_run(
        database->pool, r,
        &(job_t){
            .use = POOL_STATEMENT, .statement = statement, .values = values, .rows = rows, .pool = r->pool});
}

const problem_t *database_insert_row(database_t *database, request_rec *r, const statement_t *statement,
                                     const char *const *values, rows_t **rows)
{
    return run_in(
        database->inserts, database, r,
        &(job_t){
            .use = POOL_STATEMENT, .statement = statement, .values = values, .rows = rows, .pool = r->pool});
}

const problem_t *database_merge_row(database_t *database, request_rec *r, const statement_t *statement,
                                    const char *const *values, rows_t **rows)
{
    return repeat_in(database->inserts, database, r, statement, values, rows);
}

const problem_t *database_change(database_t *database, request_rec *r, int tenant, uint64_t cluster,
                                 const statement_t *statement, const char *const *values, rows_t **rows)
{
    return job_run(database->pool, r,
                   &(job_t){.use = POOL_STATEMENT,
                            .is_change = 1,
                            .tenant = tenant,
                            .cluster = cluster,
                            .statement = statement,
                            .values = values,
                            .rows = rows,
                            .pool = r->pool});
}
