/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <apr_strings.h>
#include <string.h>

#include "monotonic.h"

/* So long after a look at a connection the next one is due. */
#define INTERVAL apr_time_from_sec(5)

/* pg_temp comes last: where search_path does not name it, a temporary table would take the place of any other
 * of its name. Statements are written for READ COMMITTED: at another level those that have nothing to do with
 * each other fail for each other's sake. */
#define SETTINGS(X)                                                                                          \
    X("search_path", "public, pg_temp", "public, pg_temp")                                                   \
    X("default_transaction_isolation", "'read committed'", "read committed")                                 \
    X("row_security", "on", "on")                                                                            \
    X("timezone", "'UTC'", "UTC")                                                                            \
    X("datestyle", "'ISO, YMD'", "ISO, YMD")                                                                 \
    X("standard_conforming_strings", "on", "on")

#define COMMAND_OF(name, literal, shown) "SET " name " = " literal ";"
#define VALUE_OF(name, literal, shown)   "('" name "', '" shown "'),"

/* What a session takes over when it begins: the settings of its database and role, and whether the server is
 * a standby. */
#define ORIGIN                                                                                               \
    "concat_ws(' ', pg_catalog.pg_is_in_recovery(), (SELECT pg_catalog.string_agg(s.setconfig::text, ' '"    \
    " ORDER BY s.setdatabase, s.setrole)"                                                                    \
    " FROM pg_catalog.pg_db_role_setting s"                                                                  \
    " WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database d"                                \
    " WHERE d.datname = pg_catalog.current_database()))"                                                     \
    " AND s.setrole IN (0, (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = session_user))))"

static const statement_t ask_origin = {.sql = "SELECT " ORIGIN};

/* Its origin, and what it should not have. Its parameter: the statements that it should have.
 * A temporary schema that is empty is what ON COMMIT DROP leaves.
 * A setting's source is `session` where a SET was not LOCAL. */
static const statement_t ask_all = {
    .label = "session_inspect",
    .sql =
        "SELECT " ORIGIN ", pg_catalog.concat_ws(', ',"
        " (SELECT 'the settings ' || pg_catalog.string_agg(s.name, ' ' ORDER BY s.name)"
        "   FROM pg_catalog.pg_settings s WHERE s.source = 'session' AND (pg_catalog.lower(s.name), "
        "s.setting)"
        "   NOT IN (VALUES " SETTINGS(
            VALUE_OF) "('', ''))),"
                      " CASE WHEN pg_catalog.current_setting('mod_tenant.tenant_id', true) <> '' THEN 'a "
                      "tenant' END,"
                      " CASE WHEN pg_catalog.pg_my_temp_schema() <> 0 AND EXISTS (SELECT FROM "
                      "pg_catalog.pg_class c"
                      "   WHERE c.relnamespace = pg_catalog.pg_my_temp_schema()) THEN 'temporary tables' END,"
                      " CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.locktype = 'advisory'"
                      "   AND l.pid = pg_catalog.pg_backend_pid()) THEN 'advisory locks' END,"
                      " CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_cursors c WHERE c.is_holdable) THEN "
                      "'cursors' END,"
                      " CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_prepared_statements p"
                      " WHERE p.name <> ALL (%s::text[]))"
                      "   THEN 'prepared statements' END,"
                      " CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_listening_channels()) THEN 'a LISTEN' "
                      "END)",
};

static const char *const nothing[] = {NULL};

enum { COLUMN_ORIGIN, COLUMN_LEFT_BEHIND };

run_t session_begin(connection_t *connection, sqlstate_t *state, apr_pool_t *pool)
{
    rows_t *rows;
    run_t run;

    connection->inspected = connection->born;
    if (!connection->prepare)
        return RUN_DONE;
    run = connection_command(connection, SETTINGS(COMMAND_OF), state, pool);
    if (run == RUN_DONE)
        run = connection_run(connection, &ask_origin, nothing, &rows, state, pool);
    if (run != RUN_DONE)
        return run;
    rows_seek(rows, 0);
    connection->origin = apr_pstrdup(connection->pool, rows_text(rows, COLUMN_ORIGIN));
    return RUN_DONE;
}

int session_is_due(const connection_t *connection, apr_time_t now)
{
    return connection->prepare && now - connection->inspected >= INTERVAL;
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
