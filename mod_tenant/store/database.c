/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include <httpd.h>

#include "../metrics/counters.h"
#include "../metrics/tally.h"
#include "../monotonic.h"
#include "batch.h"
#include "conninfo.h"
#include "job.h"
#include "proof.h"
#include "surveyor.h"

/* A server of the database, and the ways to it. */
typedef struct way_t {
    pool_t *pool;
    batch_t *batches[BATCH_KINDS]; /* NULL each where statements do not share */
} way_t;

struct database_t {
    way_t primary;
    way_t reader; /* of no pool: there is none */
    freshness_t *freshness;
    apr_interval_time_t lag;
    writes_t *writes;
    proof_t *proof;
};

/* A request waits no longer for a connection to the reader: the primary has some too. */
#define READER_WAIT apr_time_from_msec(20)

/* Statements that find no kind to share round trips with. */
enum { UNSHARED = BATCH_KINDS };

static int open_way(way_t *way, const pool_settings_t *settings, const char *conninfo, database_role_t role,
                    const lineage_t *lineage, server_rec *server, apr_pool_t *process)
{
    way->pool = pool_open(conninfo, settings, role, lineage, server, process);
    if (!way->pool)
        return 0;
    for (int kind = 0; kind < BATCH_KINDS; kind++) {
        if (role == DATABASE_READER && kind == BATCH_INSERTS)
            continue;
        way->batches[kind] = batch_open(way->pool, (batch_kind_t)kind, settings->max);
        if (!way->batches[kind])
            return 0;
    }
    return 1;
}

/* The way to the reader, and who finds out how fresh it is. That leads to PostgreSQL itself, where statements
 * are prepared. */
static int open_reader(database_t *database, const database_settings_t *settings, const lineage_t *lineage,
                       server_rec *server, apr_pool_t *process)
{
    pool_settings_t pool = *settings->pool;
    lineage_t own = {.freshness = settings->freshness};
    surveyor_settings_t survey = {
        .primary = settings->conninfo,
        .reader = settings->reader,
        .lineage = *lineage,
        .lag = settings->lag,
        .freshness = settings->freshness,
    };

    pool.prepare = 1;
    if (pool.wait > READER_WAIT)
        pool.wait = READER_WAIT;
    database->freshness = settings->freshness;
    database->lag = settings->lag;
    return open_way(&database->reader, &pool, settings->reader, DATABASE_READER, &own, server, process) &&
           surveyor_start(&survey, server, process);
}

database_t *database_open(const database_settings_t *settings, server_rec *server, apr_pool_t *process)
{
    database_t *database = apr_pcalloc(process, sizeof *database);
    lineage_t lineage = {.timelines = settings->timelines,
                         .place = conninfo_place(settings->conninfo, process)};

    database->writes = settings->writes;
    if (!open_way(&database->primary, settings->pool, settings->conninfo, settings->role, &lineage, server,
                  process) ||
        (settings->reader && !open_reader(database, settings, &lineage, server, process)))
        return NULL;
    database->proof = proof_open(database->primary.pool);
    return database->proof ? database : NULL;
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

static const problem_t *run_by(const way_t *way, int kind, request_rec *r, const job_t *job)
{
    batch_t *batch = kind != UNSHARED && job->statement->label ? way->batches[kind] : NULL;

    return batch ? batch_run(batch, r, job) : job_run(way->pool, r, job);
}

/* Whether the request wants what is newest, as one does behind a write by another node
 * (RFC 9111, section 5.2.1.4). */
static int wants_newest(request_rec *r)
{
    const char *wanted = apr_table_get(r->headers_in, "Cache-Control");

    return wanted && ap_find_token(r->pool, wanted, "no-cache");
}

/* What the reader is for a tenant now: LABEL_READER, or why it is not asked. */
static label_read_t judge_reader(const database_t *database, request_rec *r, int tenant,
                                 const freshness_look_t *look)
{
    if (wants_newest(r))
        return LABEL_WROTE;
    if (!look->fresh || monotonic_now() - look->fresh > database->lag)
        return LABEL_BEHIND;
    return writes_last(database->writes, tenant) < look->fresh ? LABEL_READER : LABEL_WROTE;
}

/* Asks the reader if it may be asked. Whether it has answered. */
static int ask_reader(const database_t *database, int kind, request_rec *r, const job_t *job)
{
    freshness_look_t look = freshness_look(database->freshness);
    label_read_t read = judge_reader(database, r, job->tenant, &look);
    job_t optional = *job;

    optional.is_optional = 1;
    if (read == LABEL_READER &&
        (run_by(&database->reader, kind, r, &optional) || !freshness_holds(database->freshness, &look)))
        read = LABEL_UNREAD;
    COUNTERS_ADD(reads, read, 1);
    return read == LABEL_READER;
}

/* Runs a job. This is where it is settled which server that is. */
static const problem_t *run(database_t *database, int kind, request_rec *r, const job_t *job)
{
    apr_time_t start = monotonic_now();
    int may_be_read = database->reader.pool && job->use == POOL_STATEMENT && job->tenant;
    const problem_t *problem = NULL;

    if (!may_be_read || !ask_reader(database, kind, r, job))
        problem = run_by(&database->primary, kind, r, job);
    if (job->use == POOL_WRITE)
        writes_note(database->writes, job->tenant);
    return note(r, job, start, problem);
}

const problem_t *database_prove(database_t *database)
{
    return proof_ask(database->proof);
}

const problem_t *database_lookup(database_t *database, request_rec *r, const statement_t *statement,
                                 const char *const *values, rows_t **rows, apr_pool_t *pool)
{
    return run(database, UNSHARED, r,
               &(job_t){.use = POOL_LOOKUP,
                        .is_repeatable = 1,
                        .statement = statement,
                        .values = values,
                        .rows = rows,
                        .pool = pool});
}

static const problem_t *run_read(database_t *database, int kind, request_rec *r, int tenant,
                                 const statement_t *statement, const char *const *values, rows_t **rows,
                                 apr_pool_t *pool)
{
    return run(database, kind, r,
               &(job_t){.use = POOL_STATEMENT,
                        .is_repeatable = 1,
                        .tenant = tenant,
                        .statement = statement,
                        .values = values,
                        .rows = rows,
                        .pool = pool});
}

const problem_t *database_read(database_t *database, request_rec *r, int tenant, const statement_t *statement,
                               const char *const *values, rows_t **rows)
{
    return run_read(database, UNSHARED, r, tenant, statement, values, rows, r->pool);
}

const problem_t *database_read_row(database_t *database, request_rec *r, int tenant,
                                   const statement_t *statement, const char *const *values, rows_t **rows)
{
    return run_read(database, BATCH_ROWS, r, tenant, statement, values, rows, r->pool);
}

const problem_t *database_read_page(database_t *database, request_rec *r, int tenant,
                                    const statement_t *statement, const char *const *values, rows_t **rows)
{
    return run_read(database, BATCH_PAGES, r, tenant, statement, values, rows, r->pool);
}

const problem_t *database_read_durable(database_t *database, request_rec *r, int tenant,
                                       const statement_t *statement, const char *const *values, rows_t **rows)
{
    return run(database, UNSHARED, r,
               &(job_t){.use = POOL_WRITE,
                        .is_repeatable = 1,
                        .tenant = tenant,
                        .statement = statement,
                        .values = values,
                        .rows = rows,
                        .pool = r->pool});
}

const problem_t *database_read_into(database_t *database, request_rec *r, int tenant,
                                    const statement_t *statement, const char *const *values, rows_t **rows,
                                    apr_pool_t *pool)
{
    return run_read(database, UNSHARED, r, tenant, statement, values, rows, pool);
}

static const problem_t *run_write(database_t *database, int kind, request_rec *r, const job_t *what,
                                  const statement_t *statement, const char *const *values, rows_t **rows)
{
    job_t job = *what;

    job.use = POOL_WRITE;
    job.is_write = 1;
    job.statement = statement;
    job.values = values;
    job.rows = rows;
    job.pool = r->pool;
    return run(database, kind, r, &job);
}

const problem_t *database_insert(database_t *database, request_rec *r, int tenant,
                                 const statement_t *statement, const char *const *values, rows_t **rows)
{
    return run_write(database, UNSHARED, r, &(job_t){.tenant = tenant}, statement, values, rows);
}

const problem_t *database_insert_row(database_t *database, request_rec *r, int tenant,
                                     const statement_t *statement, const char *const *values, rows_t **rows)
{
    return run_write(database, BATCH_INSERTS, r, &(job_t){.tenant = tenant}, statement, values, rows);
}

const problem_t *database_merge_row(database_t *database, request_rec *r, int tenant,
                                    const statement_t *statement, const char *const *values, rows_t **rows)
{
    return run_write(database, BATCH_INSERTS, r, &(job_t){.is_repeatable = 1, .tenant = tenant}, statement,
                     values, rows);
}

const problem_t *database_change(database_t *database, request_rec *r, int tenant,
                                 const statement_t *statement, const char *const *values, rows_t **rows)
{
    return run_write(database, UNSHARED, r, &(job_t){.is_change = 1, .tenant = tenant}, statement, values,
                     rows);
}
