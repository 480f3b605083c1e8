/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <apr_strings.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "../monotonic.h"
#include "session_sql.h" /* SESSION_SETTLE, _ORIGIN and _INSPECT, made from session.sql by the build */

/* So long after a look at a connection the next one is due. */
#define INTERVAL apr_time_from_sec(5)

static const statement_t settle = {.sql = SESSION_SETTLE};
static const statement_t ask_origin = {.sql = SESSION_ORIGIN};
static const statement_t ask_tag = {.sql = SESSION_TAG};
static const statement_t ask_kept = {.label = "session_kept", .sql = SESSION_KEPT};
static const statement_t ask_all = {.label = "session_inspect", .sql = SESSION_INSPECT};

static const char *const nothing[] = {NULL};

enum { COLUMN_ORIGIN, COLUMN_PROCESS, COLUMN_LEFT_BEHIND = 1 };

/* Whether the pooler keeps prepared statements, in *kept: it may also pass them on to whichever session is
 * next, where nobody finds them again. */
static run_t ask_pooler(connection_t *connection, int *kept, sqlstate_t *state, apr_pool_t *pool)
{
    rows_t *rows;
    sqlstate_t ignored;
    run_t run = connection_command(connection, "BEGIN", state, pool);

    if (run != RUN_DONE)
        return run;
    run = connection_run(connection, &ask_kept, nothing, &rows, state, pool);
    if (run == RUN_REFUSED || run == RUN_STALE) { /* another connection has left one of that name there */
        connection->unfit = UNFIT_NOT;
        *kept = 0;
        return connection_command(connection, "ROLLBACK", state, pool);
    }
    *kept = run == RUN_DONE && rows_count(rows) == 0;
    if (run == RUN_DONE && !*kept)
        connection_command(connection, "DEALLOCATE session_kept", &ignored, pool);
    return run == RUN_DONE ? connection_command(connection, "COMMIT", state, pool) : run;
}

/* Settles what is prepared behind a transaction pooler, and how. */
static run_t begin_pooled(connection_t *connection, sqlstate_t *state, apr_pool_t *pool)
{
    rows_t *rows;
    run_t run;

    connection->is_pooled = 1;
    run = connection_run(connection, &ask_tag, nothing, &rows, state, pool);
    if (run != RUN_DONE)
        return run;
    rows_seek(rows, 0);
    run = ask_pooler(connection, &connection->prepare, state, pool);
    if (run != RUN_DONE)
        return run;
    if (connection->prepare)
        prepared_set_pooled(connection->prepared, rows_text(rows, 0));
    else
        prepared_set_unprepared(connection->prepared, pool);
    return RUN_DONE;
}

run_t session_begin(connection_t *connection, sqlstate_t *state, apr_pool_t *pool)
{
    rows_t *rows;
    run_t run;

    connection->inspected = connection->born;
    if (!connection->prepare)
        return RUN_DONE;
    run = connection_run(connection, &ask_origin, nothing, &rows, state, pool);
    if (run != RUN_DONE)
        return run;
    rows_seek(rows, 0);
    /* a pooler makes up the number that its clients are told */
    if (strtol(rows_text(rows, COLUMN_PROCESS), NULL, 10) != PQbackendPID(connection->libpq))
        return begin_pooled(connection, state, pool);
    connection->origin = apr_pstrdup(connection->pool, rows_text(rows, COLUMN_ORIGIN));
    return connection_run(connection, &settle, nothing, NULL, state, pool);
}

int session_is_due(const connection_t *connection, apr_time_t now)
{
    return now - connection->inspected >= INTERVAL;
}

const char *session_inspect(connection_t *connection, apr_pool_t *pool)
{
    const char *kept = prepared_names(connection->prepared, &ask_all, pool);
    sqlstate_t state;
    rows_t *rows;
    run_t run = connection_run(connection, &ask_all, &kept, &rows, &state, pool);

    connection->inspected = monotonic_now();
    if (run != RUN_DONE) {
        if (!connection->unfit)
            connection->unfit = UNFIT_ALONE; /* whose state nobody can tell */
        return apr_pstrcat(pool, "its state cannot be told: ", state.message, NULL);
    }
    rows_seek(rows, 0);
    if (strcmp(rows_text(rows, COLUMN_ORIGIN), connection->origin) != 0) {
        connection->unfit = UNFIT_OPEN;
        return "the settings of the database or role, or the server's part, have changed since it was opened";
    }
    if (!*rows_text(rows, COLUMN_LEFT_BEHIND))
        return NULL;
    connection->unfit = UNFIT_ALONE;
    return apr_pstrcat(pool, "SQL of your own has left behind ", rows_text(rows, COLUMN_LEFT_BEHIND), NULL);
}
