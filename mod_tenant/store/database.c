/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include "../metrics/tally.h"
#include "batch.h"
#include "job.h"
#include "monotonic.h"
#include "proof.h"

struct database_t {
    pool_t *pool;
    proof_t *proof;
    batch_t *batches[BATCH_KINDS]; /* NULL each where statements are not prepared */
};

database_t *database_open(const char *conninfo, const pool_settings_t *settings, database_role_t role,
                          timelines_t *timelines, server_rec *server, apr_pool_t *process)
{
    database_t *database = apr_pcalloc(process, sizeof *database);

    database->pool = pool_open(conninfo, settings, role, timelines, server, process);
    database->proof = database->pool ? proof_open(database->pool) : NULL;
    if (!database->proof)
        return NULL;
    for (int kind = 0; settings->prepare && kind < BATCH_KINDS; kind++) {
        database->batches[kind] = batch_open(database->pool, (batch_kind_t)kind, settings->max);
        if (!database->batches[kind])
            return NULL;
    }
    return database;
}

/* Notes what a job has cost the request that it was run for. */
static const problem_t *note(request_rec *r, const job_t *job, apr_time_t start, const problem_t *problem)
{
    tally_t *tally = tally_of(r->pool);

    if (!tally)
        return problem;
    tally->database += monotonic_now() - start;
    if (problem || job->use == POOL_LOOKUP || !job->rows)
        return problem;
    if (job->is_write)
        tally->rows_written += rows_count(*job->rows);
    else
        tally->rows_read += rows_count(*job->rows);
    return NULL;
}

static const problem_t *run(database_t *database, request_rec *r, const job_t *job)
{
    apr_time_t start = monotonic_now();

    return note(r, job, start, job_run(database->pool, r, job));
}

const problem_t *database_prove(database_t *database)
{
    return proof_ask(database->proof);
}

const problem_t *database_lookup(database_t *database, request_rec *r, const statement_t *statement,
                                 const char *const *values, rows_t **rows, apr_pool_t *pool)
{
    return run(database, r,
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

static const problem_t *run_in(database_t *database, batch_kind_t kind, request_rec *r, const job_t *job)
{
    batch_t *batch = job->statement->label ? database->batches[kind] : NULL;

    apr_time_t start = monotonic_now();

    return batch ? note(r, job, start, batch_run(batch, r, job)) : run(database, r, job);
}

static const problem_t *read_in(database_t *database, batch_kind_t kind, request_rec *r,
                                const statement_t *statement, const char *const *values, rows_t **rows)
{
    return run_in(database, kind, r,
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
    return read_in(database, BATCH_ROWS, r, statement, values, rows);
}

const problem_t *database_read_page(database_t *database, request_rec *r, const statement_t *statement,
                                    const char *const *values, rows_t **rows)
{
    return read_in(database, BATCH_PAGES, r, statement, values, rows);
}

const problem_t *database_read_into(database_t *database, request_rec *r, const statement_t *statement,
                                    const char *const *values, rows_t **rows, apr_pool_t *pool)
{
    return run(database, r,
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
    return run(database, r,
               &(job_t){.use = POOL_STATEMENT,
                        .is_write = 1,
                        .statement = statement,
                        .values = values,
                        .rows = rows,
                        .pool = r->pool});
}

static const problem_t *write_row(database_t *database, request_rec *r, int is_repeatable,
                                  const statement_t *statement, const char *const *values, rows_t **rows)
{
    return run_in(database, BATCH_INSERTS, r,
                  &(job_t){.use = POOL_STATEMENT,
                           .is_write = 1,
                           .is_repeatable = is_repeatable,
                           .statement = statement,
                           .values = values,
                           .rows = rows,
                           .pool = r->pool});
}

const problem_t *database_insert_row(database_t *database, request_rec *r, const statement_t *statement,
                                     const char *const *values, rows_t **rows)
{
    return write_row(database, r, 0, statement, values, rows);
}

const problem_t *database_merge_row(database_t *database, request_rec *r, const statement_t *statement,
                                    const char *const *values, rows_t **rows)
{
    return write_row(database, r, 1, statement, values, rows);
}

const problem_t *database_change(database_t *database, request_rec *r, int tenant,
                                 const statement_t *statement, const char *const *values, rows_t **rows)
{
    return run(database, r,
               &(job_t){.use = POOL_STATEMENT,
                        .is_change = 1,
                        .is_write = 1,
                        .tenant = tenant,
                        .statement = statement,
                        .values = values,
                        .rows = rows,
                        .pool = r->pool});
}
