/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include <apr_dbd.h>
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../monotonic.h"
#include "driver.h"
#include "shape.h"

/* For so long after its last use a connection is taken to be alive without a system call that asks. */
#define WARM apr_time_from_msec(100)

/* So long a connection is what a new one would be: what is wrong with its session is wrong with all of them,
 * and to open another one for each request would make that worse. */
#define NEW apr_time_from_msec(500)

/* What a session says of a COMMIT that no longer waits, in fields that are never translated: the wait has
 * been cancelled, and the rest of the answer is that of any COMMIT. (One that is about to end says so by
 * another code, and is lost.) */
static void hear_notice(void *context, const PGresult *notice)
{
    connection_t *connection = context;
    const char *function = PQresultErrorField(notice, PG_DIAG_SOURCE_FUNCTION);
    const char *code = PQresultErrorField(notice, PG_DIAG_SQLSTATE);

    if (function && strcmp(function, "SyncRepWaitForLSN") == 0 && code && strcmp(code, "01000") == 0)
        connection->is_doubted = 1;
}

connection_t *connection_open(const char *conninfo, apr_interval_time_t statement_limit, int prepare,
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
    if (connection->socket < 0) { /* nobody could cut it */
        *why = apr_psprintf(pool, "no file descriptor is left: %s", strerror(errno));
        apr_dbd_close(driver_pgsql(), connection->handle);
        apr_pool_destroy(own);
        return NULL;
    }
    connection->cancel = PQgetCancel(connection->libpq);
    connection->pool = own;
    connection->prepared =
        prepared_set_make(connection->libpq, prepare ? PREPARED_HERE : PREPARED_NEVER, own);
    connection->born = connection->idle_since = monotonic_now();
    connection->statement_limit = statement_limit;
    connection->prepare = prepare;
    connection->is_pooled = !prepare;
    PQsetErrorVerbosity(connection->libpq, PQERRORS_VERBOSE); /* so that messages carry SQLSTATE */
    PQsetNoticeReceiver(connection->libpq, hear_notice, connection);
    return connection;
}

void connection_close(connection_t *connection)
{
    PQfreeCancel(connection->cancel);
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
    return monotonic_now() - connection->idle_since < WARM;
}

int connection_is_superseded(const connection_t *connection)
{
    return (connection->newest && timeline_newest(connection->newest) > connection->timeline) ||
           (connection->surveyed && *connection->surveyed != connection->server);
}

int connection_is_reusable(const connection_t *connection)
{
    return !connection->cancelled && !connection->cut && !connection->unfit && !connection->is_doubted &&
           !connection_is_superseded(connection) && PQstatus(connection->libpq) == CONNECTION_OK &&
           PQtransactionStatus(connection->libpq) == PQTRANS_IDLE &&
           PQpipelineStatus(connection->libpq) == PQ_PIPELINE_OFF;
}

int connection_overdue(const connection_t *connection, apr_interval_time_t grace, apr_time_t now)
{
    apr_time_t deadline = connection->deadline;

    return deadline && now > deadline + grace;
}

void connection_cut(connection_t *connection)
{
    connection->cut = 1;
    shutdown(connection->socket, SHUT_RDWR);
}

void connection_clock_start(connection_t *connection)
{
    connection->deadline = monotonic_now() + connection->statement_limit;
}

static int is_new(const connection_t *connection)
{
    return monotonic_now() - connection->born < NEW;
}

/* Takes note of what an error says of the session. Whether another one may do better. */
static int judge_session(connection_t *connection, const char *code)
{
    unfit_t unfit = sqlstate_unfit(code);

    if ((strncmp(code, "26", 2) == 0 || strcmp(code, "42P05") == 0) &&
        prepared_set_lost(connection->prepared))
        unfit = UNFIT_PLANS;
    if (!unfit || (unfit != UNFIT_PLANS && is_new(connection)))
        return 0;
    connection->unfit = unfit;
    return 1;
}

run_t connection_clock_stop(connection_t *connection, const char *failure, sqlstate_t *state,
                            apr_pool_t *pool)
{
    connection->deadline = 0;
    if (connection->is_doubted) {
        *state = (sqlstate_t){.message = "the wait for a synchronous standby was cancelled"};
        return RUN_DOUBT;
    }
    if (!failure) {
        connection->answered = 1;
        return RUN_DONE;
    }
    sqlstate_parse(state, failure, pool);
    if (connection->cut || (connection->cancelled && strcmp(state->code, "57014") == 0))
        return RUN_OVERDUE;
    if (PQstatus(connection->libpq) != CONNECTION_OK || sqlstate_ends_session(state->code)) {
        connection->unfit = UNFIT_OLDER;
        return RUN_LOST;
    }
    return judge_session(connection, state->code) ? RUN_STALE : RUN_REFUSED;
}

run_t connection_check_rows(connection_t *connection, const statement_t *statement,
                            const struct pg_result *rows, sqlstate_t *state, apr_pool_t *pool)
{
    int column = statement->shape ? shape_mismatch(rows, statement) : 0;

    if (!column)
        return RUN_DONE;
    if (!connection->unfit && !is_new(connection))
        connection->unfit = UNFIT_ALONE;
    *state =
        (sqlstate_t){.message = apr_psprintf(pool, "column %d of its rows is not as it should be", column)};
    return RUN_ODD;
}

run_t connection_command(connection_t *connection, const char *sql, sqlstate_t *state, apr_pool_t *pool)
{
    int affected;
    int has_failed;

    connection_clock_start(connection);
    has_failed = apr_dbd_query(driver_pgsql(), connection->handle, &affected, sql);
    return connection_clock_stop(connection, has_failed ? PQerrorMessage(connection->libpq) : NULL, state,
                                 pool);
}

/* Runs a statement: prepared before, now, or not to be kept. NULL: it could not be sent, or prepared. */
static PGresult *execute(connection_t *connection, const statement_t *statement, const char *const *values,
                         apr_pool_t *pool)
{
    const prepared_t *kept;

    if (!statement->label)
        return PQexecParams(connection->libpq, statement_text(statement->sql, pool),
                            statement_parameters(statement->sql), NULL, values, NULL, NULL,
                            statement->is_binary);
    kept = prepared_find(connection->prepared, statement, pool);
    if (!kept)
        return NULL;
    if (kept->text)
        return PQexecParams(connection->libpq, kept->text, kept->parameters, NULL, values, NULL, NULL,
                            statement->is_binary);
    return PQexecPrepared(connection->libpq, kept->label, kept->parameters, values, NULL, NULL,
                          statement->is_binary);
}

run_t connection_run(connection_t *connection, const statement_t *statement, const char *const *values,
                     rows_t **rows, sqlstate_t *state, apr_pool_t *pool)
{
    PGresult *result;
    ExecStatusType status;
    int has_failed;
    run_t run;

    connection_clock_start(connection);
    /* by libpq on apr_dbd's connection: apr_dbd takes a call and a copy for each value, and cannot tell NULL
     * from "" */
    result = execute(connection, statement, values, pool);
    status = PQresultStatus(result);
    has_failed = status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK;
    run =
        connection_clock_stop(connection, has_failed ? PQerrorMessage(connection->libpq) : NULL, state, pool);
    if (run == RUN_DONE && rows)
        run = connection_check_rows(connection, statement, result, state, pool);
    if (run == RUN_DONE && rows)
        *rows = rows_make(result, pool);
    else
        PQclear(result);
    return run;
}
