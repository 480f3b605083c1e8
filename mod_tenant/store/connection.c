/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include <apr_dbd.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver.h"

/* A list statement costs PostgreSQL 54 KiB in each backend: so many are kept, the least recently used goes.
 */
enum { PREPARED_MAX = 64 };

typedef struct prepared_t {
    const char *label; /* in pool */
    apr_dbd_prepared_t *statement;
    apr_pool_t *pool; /* the statement's own, so that it can be given up alone */
    unsigned used;    /* the connection's clock at the last use */
} prepared_t;

connection_t *connection_open(const char *conninfo, apr_interval_time_t statement, int prepare,
                              const char **why, apr_pool_t *pool)
{
    apr_pool_t *own;
    connection_t *connection;
    const char *error = NULL;

    if (apr_pool_create_unmanaged(&own) != APR_SUCCESS) {
        *why = "out of memory";
        return NULL;
    }
    connection = apr_pcalloc(own, sizeof *connection);
    if (apr_dbd_open_ex(driver_pgsql(), own, conninfo, &connection->handle, &error) != APR_SUCCESS) {
        *why = apr_pstrdup(pool, error ? error : "no reason given");
        apr_pool_destroy(own);
        return NULL;
    }
    connection->libpq = apr_dbd_native_handle(driver_pgsql(), connection->handle);
    connection->socket = fcntl(PQsocket(connection->libpq), F_DUPFD_CLOEXEC, 0);
    connection->pool = own;
    connection->prepared = apr_hash_make(own);
    connection->born = connection->idle_since = apr_time_now();
    connection->statement = statement;
    connection->prepare = prepare;
    PQsetErrorVerbosity(connection->libpq, PQERRORS_VERBOSE); /* so that messages carry SQLSTATE */
    return connection;
}

void connection_close(connection_t *connection)
{
    apr_dbd_close(driver_pgsql(), connection->handle);
    close(connection->socket);
    apr_pool_destroy(connection->pool);
}

int connection_is_quiet(const connection_t *connection)
{
    struct pollfd socket = {.fd = PQsocket(connection->libpq), .events = POLLIN};

    return poll(&socket, 1, 0) == 0;
}

int connection_is_reusable(const connection_t *connection)
{
    return !connection->cut && PQstatus(connection->libpq) == CONNECTION_OK &&
           PQtransactionStatus(connection->libpq) == PQTRANS_IDLE;
}

int connection_overdue(const connection_t *connection, apr_time_t now)
{
    apr_time_t deadline = connection->deadline;

    return deadline && now > deadline;
}

void connection_cut(connection_t *connection)
{
    connection->cut = 1;
    shutdown(connection->socket, SHUT_RDWR);
}

/* Starts the clock that the pool's reaper watches. */
static void clock_start(connection_t *connection)
{
    connection->deadline = apr_time_now() + connection->statement;
}

/* Stops the clock and says how the call ended whose apr_dbd result was rc. */
static run_t clock_stop(connection_t *connection, int rc, sqlstate_t *state, apr_pool_t *pool)
{
    connection->deadline = 0;
    if (rc == 0)
        return RUN_DONE;
    sqlstate_parse(state, PQerrorMessage(connection->libpq), pool);
    if (connection->cut)
        return RUN_OVERDUE;
    if (PQstatus(connection->libpq) != CONNECTION_OK || sqlstate_ends_session(state->code))
        return RUN_LOST;
    return sqlstate_is_stale_plan(state->code) ? RUN_STALE : RUN_REFUSED;
}

run_t connection_command(connection_t *connection, const char *sql, sqlstate_t *state, apr_pool_t *pool)
{
    int affected;

    clock_start(connection);
    return clock_stop(connection, apr_dbd_query(driver_pgsql(), connection->handle, &affected, sql), state,
                      pool);
}

/* Makes room for one more prepared statement. */
static void prepared_evict(connection_t *connection, apr_pool_t *pool)
{
    prepared_t *oldest = NULL;
    sqlstate_t ignored; /* what goes wrong here goes wrong again in the statement that follows */

    for (apr_hash_index_t *i = apr_hash_first(pool, connection->prepared); i; i = apr_hash_next(i)) {
        prepared_t *prepared = apr_hash_this_val(i);

        if (!oldest || connection->uses - prepared->used > connection->uses - oldest->used)
            oldest = prepared;
    }
    if (connection->prepare)
        connection_command(connection, apr_pstrcat(pool, "DEALLOCATE ", oldest->label, NULL), &ignored, pool);
    apr_hash_set(connection->prepared, oldest->label, APR_HASH_KEY_STRING, NULL);
    apr_pool_destroy(oldest->pool);
}

/* Prepares a statement under a label and keeps it. Returns what apr_dbd_prepare() does. */
static int prepared_make(connection_t *connection, const statement_t *statement, prepared_t **made,
                         apr_pool_t *pool)
{
    apr_pool_t *own;
    prepared_t *prepared;
    int rc;

    if (apr_hash_count(connection->prepared) >= PREPARED_MAX)
        prepared_evict(connection, pool);
    apr_pool_create(&own, connection->pool);
    prepared = apr_pcalloc(own, sizeof *prepared);
    prepared->pool = own;
    prepared->label = apr_pstrdup(own, statement->label);
    rc = apr_dbd_prepare(driver_pgsql(), own, connection->handle, statement->sql,
                         connection->prepare ? prepared->label : NULL, &prepared->statement);
    if (rc != 0) {
        apr_pool_destroy(own);
        return rc;
    }
    apr_hash_set(connection->prepared, prepared->label, APR_HASH_KEY_STRING, prepared);
    *made = prepared;
    return 0;
}

/* The statement as apr_dbd runs it: prepared before, now, or not to be kept. */
static int prepared_get(connection_t *connection, const statement_t *statement, apr_dbd_prepared_t **prepared,
                        apr_pool_t *pool)
{
    prepared_t *kept;
    int rc;

    if (!statement->label)
        return apr_dbd_prepare(driver_pgsql(), pool, connection->handle, statement->sql, NULL, prepared);
    kept = apr_hash_get(connection->prepared, statement->label, APR_HASH_KEY_STRING);
    if (!kept && (rc = prepared_make(connection, statement, &kept, pool)) != 0)
        return rc;
    kept->used = ++connection->uses;
    *prepared = kept->statement;
    return 0;
}

run_t connection_run(connection_t *connection, const statement_t *statement, const char *const *values,
                     rows_t **rows, sqlstate_t *state, apr_pool_t *pool)
{
    apr_dbd_prepared_t *prepared = NULL;
    apr_dbd_results_t *results = NULL;
    run_t run;
    int rc;

    clock_start(connection);
    rc = prepared_get(connection, statement, &prepared, pool);
    if (rc == 0) {
        /* random access: without it apr_dbd hides errors as "no rows" and sleeps on an empty result; it takes
         * the number of values from the statement and does not write to them */
        rc = apr_dbd_pselect(driver_pgsql(), pool, connection->handle, &results, prepared, 1, 0,
                             (const char **)values);
    }
    run = clock_stop(connection, rc, state, pool);
    if (run == RUN_DONE && rows)
        *rows = rows_make(driver_pgsql(), results, connection->cluster, pool);
    return run;
}
