/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include <apr_dbd.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver.h"

/* A list statement costs PostgreSQL 54 KiB in each backend: so many are kept, the least recently used goes.
 */
enum { PREPARED_MAX = 64 };

/* For so long after its last use a connection is taken to be alive without a system call that asks. */
#define WARM apr_time_from_msec(100)

typedef struct prepared_t {
    const char *label; /* in pool */
    const char *text;  /* what is sent each time where statements may not be prepared, else NULL */
    int parameters;
    apr_pool_t *pool; /* its own, so that it can be given up alone */
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

int connection_is_warm(const connection_t *connection)
{
    return apr_time_now() - connection->idle_since < WARM;
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
    clock_start(connection); /* which the command has stopped */
    apr_hash_set(connection->prepared, oldest->label, APR_HASH_KEY_STRING, NULL);
    apr_pool_destroy(oldest->pool);
}

/* How many parameters a statement has. */
static int count_parameters(const char *sql)
{
    int count = 0;

    while ((sql = strchr(sql, '%')) != NULL) {
        count += sql[1] == 's';
        sql += 2;
    }
    return count;
}

/* A statement's text as PostgreSQL has it: its parameters are $1, $2 …, its percent signs single. */
static const char *numbered(const char *sql, apr_pool_t *pool)
{
    /* `%s` may become as long as $65535 */
    char *text =
        apr_palloc(pool, strlen(sql) + (apr_size_t)count_parameters(sql) * (sizeof "$65535" - 3) + 1);
    char *to = text;
    int count = 0;

    for (; *sql; sql++) {
        if (*sql != '%')
            *to++ = *sql;
        else if (*++sql == '%')
            *to++ = '%';
        else
            to += sprintf(to, "$%d", ++count);
    }
    *to = '\0';
    return text;
}

/* Prepares a statement under a label and keeps it. Returns what apr_dbd_prepare() does. */
static int prepared_make(connection_t *connection, const statement_t *statement, prepared_t **made,
                         apr_pool_t *pool)
{
    apr_dbd_prepared_t *ignored = NULL; /* PostgreSQL knows it by its label */
    apr_pool_t *own;
    prepared_t *prepared;
    int rc = 0;

    if (apr_hash_count(connection->prepared) >= PREPARED_MAX)
        prepared_evict(connection, pool);
    apr_pool_create(&own, connection->pool);
    prepared = apr_pcalloc(own, sizeof *prepared);
    prepared->pool = own;
    prepared->label = apr_pstrdup(own, statement->label);
    prepared->parameters = count_parameters(statement->sql);
    if (connection->prepare)
        rc = apr_dbd_prepare(driver_pgsql(), own, connection->handle, statement->sql, prepared->label,
                             &ignored);
    else
        prepared->text = numbered(statement->sql, own);
    if (rc != 0) {
        apr_pool_destroy(own);
        return rc;
    }
    apr_hash_set(connection->prepared, prepared->label, APR_HASH_KEY_STRING, prepared);
    *made = prepared;
    return 0;
}

/* Runs a statement: prepared before, now, or not to be kept. NULL: it could not be sent, or prepared. */
static PGresult *execute(connection_t *connection, const statement_t *statement, const char *const *values,
                         apr_pool_t *pool)
{
    prepared_t *kept;

    if (!statement->label)
        return PQexecParams(connection->libpq, numbered(statement->sql, pool),
                            count_parameters(statement->sql), NULL, values, NULL, NULL, 0);
    kept = apr_hash_get(connection->prepared, statement->label, APR_HASH_KEY_STRING);
    if (!kept && prepared_make(connection, statement, &kept, pool) != 0)
        return NULL;
    kept->used = ++connection->uses;
    if (kept->text)
        return PQexecParams(connection->libpq, kept->text, kept->parameters, NULL, values, NULL, NULL, 0);
    return PQexecPrepared(connection->libpq, kept->label, kept->parameters, values, NULL, NULL, 0);
}

run_t connection_run(connection_t *connection, const statement_t *statement, const char *const *values,
                     rows_t **rows, sqlstate_t *state, apr_pool_t *pool)
{
    PGresult *result;
    ExecStatusType status;
    run_t run;

    clock_start(connection);
    /* by libpq on apr_dbd's connection: apr_dbd takes a call and a copy for each value, and cannot tell NULL
     * from "" */
    result = execute(connection, statement, values, pool);
    status = PQresultStatus(result);
    run = clock_stop(connection, status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK, state, pool);
    if (run == RUN_DONE && rows)
        *rows = rows_make(result, connection->cluster, pool);
    else
        PQclear(result);
    return run;
}
