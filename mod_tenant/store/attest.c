/* SPDX-License-Identifier: Apache-2.0 */
#include "attest.h"

#include <apr_strings.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "../monotonic.h"
#include "attest_sql.h" /* ATTEST_CATALOG and ATTEST_WHEREABOUTS, made from attest.sql by the build */
#include "freshness.h"
#include "schema.h" /* SCHEMA_CHANGES, made from sqitch.plan by the build */
#include "session.h"
#include "surveyor_sql.h" /* SURVEYOR_SERVER, made from surveyor.sql by the build */

static const statement_t catalog = {.sql = ATTEST_CATALOG};

/* Its values: the condition of every policy, NULL for the one that keeps tenants apart; the changes that this
 * module knows. */
static const char *const catalog_values[][2] = {
    [DATABASE_API] = {NULL, SCHEMA_CHANGES},
    [DATABASE_ADMIN] = {"true", SCHEMA_CHANGES},
    [DATABASE_READER] = {NULL, SCHEMA_CHANGES},
};

static const char *const nothing[] = {NULL};

enum { COLUMN_RANK, COLUMN_TEXT, RANK_TABLE = 9 };

/* A statement that gives the number, among rows, of each table that shows a row.
 * PostgreSQL has quoted the names. */
static const char *bare_read_sql(rows_t *rows, apr_pool_t *pool)
{
    const char *sql = "SELECT -1 WHERE false";

    for (int n = 0; n < rows_count(rows); n++) {
        const char *table;

        rows_seek(rows, n);
        table = rows_text(rows, COLUMN_TEXT);
        sql =
            apr_psprintf(pool, "%s UNION ALL SELECT %d WHERE EXISTS (SELECT FROM public.%s)", sql, n, table);
    }
    return sql;
}

/* What it means that the check itself failed.
 * A timeout or a lost connection says nothing about the schema. */
static const problem_t *check_failed(run_t run, const sqlstate_t *state, const char *what, const char **why,
                                     apr_pool_t *pool)
{
    int is_told =
        run == RUN_REFUSED || run == RUN_STALE; /* the same, of a connection that took long to open */
    const problem_t *problem = is_told ? sqlstate_problem(state, NULL, 0) : &problem_database_away;

    *why = apr_pstrcat(pool, what, state->message, NULL);
    return problem == &problem_database_away || problem == &problem_query_timeout ? &problem_database_away
                                                                                  : &problem_misconfigured;
}

static const statement_t whereabouts = {.sql = ATTEST_WHEREABOUTS};
static const statement_t which_server = {.sql = SURVEYOR_SERVER};

enum { COLUMN_CLUSTER, COLUMN_TIMELINE, COLUMN_READ_ONLY, COLUMN_SERVER = COLUMN_TIMELINE };

/* Whether the connection string asks for a standby, or takes one: libpq's own word for that. */
static int may_be_standby(const connection_t *connection)
{
    static const char *const declared[] = {"standby", "prefer-standby", "read-only"};
    PQconninfoOption *options = PQconninfo(connection->libpq);
    int may_be = 0;

    for (const PQconninfoOption *option = options; option && option->keyword; option++) {
        for (size_t i = 0; i < sizeof declared / sizeof *declared; i++)
            may_be |= strcmp(option->keyword, "target_session_attrs") == 0 && option->val &&
                      strcmp(option->val, declared[i]) == 0;
    }
    PQconninfoFree(options);
    return may_be;
}

/* Whether the server is one to use: the primary, as far as anybody here knows, or a standby that may be one.
 * The timeline of a standby is not asked for: what its files say of that lags behind. */
static const problem_t *judge_server(connection_t *connection, const lineage_t *lineage, rows_t *rows,
                                     const char **why, apr_pool_t *pool)
{
    const char *timeline = rows_text(rows, COLUMN_TIMELINE);
    uint64_t cluster = strtoull(rows_text(rows, COLUMN_CLUSTER), NULL, 10);

    if (!timeline && may_be_standby(connection))
        return NULL;
    if (!timeline) {
        *why = "it is a standby, and the connection string does not ask for one (target_session_attrs)";
        return &problem_database_away;
    }
    connection->can_only_read = strcmp(rows_text(rows, COLUMN_READ_ONLY), "on") == 0;
    connection->timeline = (uint32_t)strtoul(timeline, NULL, 16);
    connection->newest = timelines_see(lineage, cluster, connection->timeline);
    if (!connection_is_superseded(connection))
        return NULL;
    *why = apr_psprintf(pool,
                        "it is an old primary: its timeline is %" PRIu32 ", and %" PRIu32
                        " of the same cluster has been seen",
                        connection->timeline, timeline_newest(connection->newest));
    return &problem_database_away;
}

/* How long a new connection to a reader waits for the survey to have an answer, and how often it looks. */
#define SURVEY_WAIT apr_time_from_sec(1)
#define SURVEY_TICK apr_time_from_msec(10)

/* Whether a reader is the server whose freshness is known. The survey has to have had an answer since the
 * connection was opened: a server that has crashed may go on behind what it has shown before, and the answer
 * says that both connections are of one life of it. */
static const problem_t *judge_reader(connection_t *connection, const lineage_t *lineage, rows_t *rows,
                                     const char **why)
{
    apr_time_t opened = monotonic_now();
    int64_t surveyed;

    connection->server = strtoll(rows_text(rows, COLUMN_SERVER), NULL, 10);
    while (freshness_surveyed(lineage->freshness, &surveyed) <= opened) {
        if (connection->cut || monotonic_now() > opened + SURVEY_WAIT) {
            *why = "nobody knows how far behind it is";
            return &problem_database_away;
        }
        apr_sleep(SURVEY_TICK);
    }
    connection->surveyed = freshness_server(lineage->freshness);
    if (surveyed == connection->server)
        return NULL;
    *why = "it is another server than the one that is known to be fresh: read= has to lead to one at a time";
    return &problem_database_away;
}

static const problem_t *attest_server(connection_t *connection, const lineage_t *lineage, const char **why,
                                      apr_pool_t *pool)
{
    sqlstate_t state;
    rows_t *rows;
    const statement_t *question = lineage->freshness ? &which_server : &whereabouts;
    run_t run = connection_run(connection, question, nothing, &rows, &state, pool);
    const problem_t *problem;

    if (run != RUN_DONE)
        return check_failed(run, &state, "which cluster this is cannot be found out: ", why, pool);
    rows_seek(rows, 0);
    problem = lineage->freshness ? judge_reader(connection, lineage, rows, why)
                                 : judge_server(connection, lineage, rows, why, pool);
    connection->is_refused = problem != NULL;
    return problem;
}

/* Tries a read of each of the tables that rows name. */
static const problem_t *attest_bare_read(connection_t *connection, rows_t *tables, const char **why,
                                         apr_pool_t *pool)
{
    statement_t bare_read = {.sql = bare_read_sql(tables, pool)};
    sqlstate_t state;
    rows_t *shown;
    run_t run = connection_run(connection, &bare_read, nothing, &shown, &state, pool);

    if (run != RUN_DONE)
        return check_failed(run, &state, "a table cannot be read: ", why, pool);
    if (rows_count(shown) == 0)
        return NULL;
    rows_seek(shown, 0);
    rows_seek(tables, rows_int(shown, 0));
    *why = apr_psprintf(pool, "the table %s shows rows without a tenant", rows_text(tables, COLUMN_TEXT));
    return &problem_misconfigured;
}

const problem_t *attest(connection_t *connection, database_role_t role, const lineage_t *lineage,
                        const char **why, apr_pool_t *pool)
{
    const problem_t *problem;
    sqlstate_t state;
    rows_t *findings;
    run_t run = session_begin(connection, &state, pool);

    if (run != RUN_DONE)
        return check_failed(run, &state, "the session cannot be set up: ", why, pool);
    problem = attest_server(connection, lineage, why, pool); /* first: what is old may lack what is new */
    if (problem)
        return problem;
    run = connection_run(connection, &catalog, catalog_values[role], &findings, &state, pool);

    if (run != RUN_DONE)
        return check_failed(run, &state, "the catalog cannot be read (is the schema deployed?): ", why, pool);
    if (rows_count(findings) == 0) {
        *why = "the role may read no table of tenants: is the schema deployed?";
        return &problem_misconfigured;
    }
    rows_seek(findings, 0);
    if (rows_int(findings, COLUMN_RANK) != RANK_TABLE) {
        *why = apr_pstrdup(pool, rows_text(findings, COLUMN_TEXT));
        return &problem_misconfigured;
    }
    return role == DATABASE_ADMIN ? NULL : attest_bare_read(connection, findings, why, pool);
}

const char *attest_again(connection_t *connection, const lineage_t *lineage, apr_pool_t *pool)
{
    const timeline_t *newest = connection->newest;
    uint32_t timeline = connection->timeline;
    int can_only_read = connection->can_only_read;
    const char *why = NULL;

    connection->inspected = monotonic_now();
    if (attest_server(connection, lineage, &why, pool) != NULL) {
        connection->unfit = UNFIT_OPEN;
        return why;
    }
    if (connection->newest == newest && connection->timeline == timeline &&
        connection->can_only_read == can_only_read)
        return NULL;
    connection->unfit = UNFIT_OPEN; /* nothing else is known of where it leads now */
    return "the server that it leads to is another one, or can only read";
}
