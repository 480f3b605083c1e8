/* SPDX-License-Identifier: Apache-2.0 */
/* Widens the ids of a table while requests use it: a second column beside the first, which takes its place at
 * the end. What is next each time is for widening.sql to say. */
#include <apr_strings.h>
#include <apr_time.h>
#include <stdlib.h>
#include <string.h>

#include "../monotonic.h"
#include "output.h"
#include "progress.h"
#include "session.h"
#include "widening_sql.h" /* WIDENING_NEXT, made from widening.sql by the build */

/* So many rows are filled at a time: whoever wants to change one of them waits for so many. */
#define PORTION "2000"

/* So long a lock that others hold is asked for again and again; so long are they left alone in between. */
#define PATIENCE apr_time_from_sec(600)
#define PAUSE    apr_time_from_msec(300)

/* So long one that was killed may have left the server with a statement. */
#define LEFT_OVER apr_time_from_sec(10)

typedef struct widening_t {
    const session_t *session;
    apr_pool_t *pool; /* of the step */
    const char *table;
    int64_t rows;             /* filled */
    apr_interval_time_t swap; /* how long the last transaction took */
} widening_t;

enum { COLUMN_STEP = 1, COLUMN_WORD, COLUMN_SQL, COLUMN_OTHER };

static int fail(const widening_t *widening)
{
    progress_end();
    return complain(EXIT_FAILED, "%s: %s", widening->table, console_failure(widening->session->database));
}

static int run(const widening_t *widening, const char *sql)
{
    return console_run(widening->session->database, widening->pool, sql, NULL, 0) ? EXIT_DONE
                                                                                  : fail(widening);
}

/* A transaction that gives up soon where it has to wait for a lock: others would wait behind it. */
static int run_short(widening_t *widening, const char *sql)
{
    apr_time_t end = monotonic_now() + PATIENCE;

    for (;;) {
        apr_time_t start = monotonic_now();

        if (console_run(widening->session->database, widening->pool, sql, NULL, 0)) {
            widening->swap = monotonic_now() - start;
            return EXIT_DONE;
        }
        if (!console_blocked(widening->session->database) || monotonic_now() > end)
            return fail(widening);
        apr_sleep(PAUSE);
    }
}

/* How many rows there are, roughly. */
static int64_t estimate(const widening_t *widening)
{
    rowset_t *rows = console_run(widening->session->database, widening->pool,
                                 "SELECT reltuples::bigint FROM pg_catalog.pg_class"
                                 " WHERE oid = pg_catalog.format('public.%I', $1::text)::regclass",
                                 &widening->table, 1);

    return rows && rowset_count(rows) == 1 ? strtoll(rowset_text(rows, 0, 0), NULL, 10) : 0;
}

/* Fills portion by portion, and leaves the server alone for as long as each has taken. */
static int fill(widening_t *widening, const char *sql)
{
    const char *values[] = {"-9223372036854775808", PORTION};
    int64_t all = estimate(widening);
    apr_pool_t *pool;

    apr_pool_create(&pool, widening->pool);
    for (;;) {
        apr_time_t start = monotonic_now();
        rowset_t *rows = console_run(widening->session->database, pool, sql, values, 2);
        const char *last = rows ? rowset_text(rows, 0, 0) : NULL;

        if (!rows && console_blocked(widening->session->database)) {
            apr_sleep(PAUSE);
            continue;
        }
        if (!last)
            return rows ? EXIT_DONE : fail(widening);
        widening->rows += strtoll(rowset_text(rows, 0, 1), NULL, 10);
        values[0] = apr_pstrdup(widening->pool, last);
        progress_show(widening->table, widening->rows, all);
        apr_pool_clear(pool);
        apr_sleep(monotonic_now() - start);
    }
}

/* Runs a step. */
static int run_step(widening_t *widening, const char *step, const char *sql, const char *other)
{
    int status;

    if (strcmp(step, "alter") == 0)
        return run_short(widening, sql);
    if (strcmp(step, "build") == 0)
        return run(widening, sql);
    if (strcmp(step, "fill") == 0) {
        status = fill(widening, sql);
        return status == EXIT_DONE ? run(widening, other) : status;
    }
    status = run(widening, other);
    return status == EXIT_DONE ? run_short(widening, sql) : status;
}

/* One at a time, and not beside partition.sql, whose lock it is: one would drop the index that the other is
 * building. */
static int claim(const widening_t *widening)
{
    apr_time_t end = monotonic_now() + LEFT_OVER;

    for (;;) {
        rowset_t *rows =
            console_run(widening->session->database, widening->pool,
                        "SELECT pg_catalog.pg_try_advisory_lock('pg_catalog.pg_namespace'::regclass::integer,"
                        " 'tenant_migration'::regnamespace::integer)",
                        NULL, 0);

        if (!rows)
            return fail(widening);
        if (strcmp(rowset_text(rows, 0, 0), "t") == 0)
            return EXIT_DONE;
        if (monotonic_now() > end)
            return complain(EXIT_FAILED, "another tenantctl ids widen, or partition.sql, is at work");
        apr_sleep(PAUSE);
    }
}

/* Goes from step to step until none is left. */
static int widen(widening_t *widening)
{
    int status = claim(widening);

    if (status == EXIT_DONE)
        status = run(widening, "SELECT set_config('mod_tenant.widening', 'on', false)");
    apr_pool_create(&widening->pool, widening->session->pool);
    while (status == EXIT_DONE) {
        rowset_t *next;
        const char *step;

        apr_pool_clear(widening->pool);
        next = console_run(widening->session->database, widening->pool, WIDENING_NEXT, &widening->table, 1);
        if (!next)
            return fail(widening);
        if (rowset_count(next) == 0)
            return complain(EXIT_FAILED, "%s: there is no such table with an id", widening->table);
        step = rowset_text(next, 0, COLUMN_STEP);
        if (strcmp(step, "done") == 0)
            return EXIT_DONE;
        progress_end();
        if (strcmp(step, "refused") == 0)
            return complain(EXIT_FAILED, "%s: %s", widening->table, rowset_text(next, 0, COLUMN_WORD));
        progress_step(widening->table, rowset_text(next, 0, COLUMN_WORD));
        status =
            run_step(widening, step, rowset_text(next, 0, COLUMN_SQL), rowset_text(next, 0, COLUMN_OTHER));
    }
    return status;
}

int ids_widen(const call_t *call)
{
    static const char *const tables[] = {"calls", "messages", "recordings"};
    static const output_column_t columns[] = {{.key = "table"},
                                              {.key = "filled", .type = OUTPUT_LITERAL},
                                              {.key = "swap_ms", .type = OUTPUT_LITERAL},
                                              {0}};
    output_t *record = output_make(columns, call->pool);
    session_t session;
    widening_t widening = {.session = &session, .pool = call->pool};
    int status;

    for (size_t n = 0; n < sizeof tables / sizeof *tables; n++) {
        if (strcmp(call->operands[0], tables[n]) == 0)
            widening.table = tables[n];
    }
    if (!widening.table)
        return complain(EXIT_USAGE, "TABLE is calls, messages or recordings");
    status = session_open(&session, call, SESSION_DATABASE | SESSION_OWNER);
    if (status == EXIT_DONE)
        status = widen(&widening);
    progress_end();
    if (status != EXIT_DONE)
        return status;
    output_row(record, (const char *[]){
                           widening.table, apr_psprintf(call->pool, "%" APR_INT64_T_FMT, widening.rows),
                           apr_psprintf(call->pool, "%" APR_TIME_T_FMT, apr_time_as_msec(widening.swap))});
    output_print(record, NULL, NULL, call_has(call, OPTION_JSON), call->pool);
    return EXIT_DONE;
}
