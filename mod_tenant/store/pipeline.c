/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline.h"

#include <apr_strings.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "prepared.h"

/* Goes ahead of writes: whoever shares a transaction with others must not hold them up at another's lock. */
static const statement_t limit_locks = {
    .label = "pipeline_limit_locks",
    .sql = "SELECT set_config('lock_timeout', '" PIPELINE_LOCK_MS "', true)",
};

/* A statement that is sent, and those that it is for. */
typedef struct stop_t {
    const statement_t *statement; /* theirs, or the one for many of them */
    const char *const *values;
    shared_t *first; /* of a chain; NULL: it is for none of them */
    shared_t *last;
    int count;
    const prepared_t *prepared; /* as the connection keeps it, while it runs there */
    result_t *result; /* made ahead of sending, for what has been done must not be lost for want of memory */
    struct pg_result *rows;
} stop_t;

/* A round trip under way. */
typedef struct trip_t {
    PGconn *libpq;
    stop_t stops[PIPELINE_MAX + 1]; /* what is sent, in this order */
    int count;
    int sent; /* so many of them, or to be sent */
    int has_set_out;
    int is_refused; /* PostgreSQL has turned down one of them, or the transaction's end */
    int is_broken;  /* libpq has failed to make a result, of what may well have been done */
    int is_over;    /* PostgreSQL has told of the transaction's end */
} trip_t;

/* Where a statement goes along with others that are the same; NULL: nowhere. */
static stop_t *find_stop(trip_t *trip, const statement_t *statement)
{
    for (int n = 0; statement->many && n < trip->count; n++) {
        if (trip->stops[n].statement == statement)
            return &trip->stops[n];
    }
    return NULL;
}

static void add(trip_t *trip, shared_t *shared)
{
    stop_t *stop = find_stop(trip, shared->statement);

    shared->next = NULL;
    if (stop) {
        stop->last->next = shared;
        stop->last = shared;
        stop->count++;
    } else {
        trip->stops[trip->count++] = (stop_t){.statement = shared->statement,
                                              .values = shared->values,
                                              .first = shared,
                                              .last = shared,
                                              .count = 1};
    }
}

static struct iovec piece(const char *text)
{
    return (struct iovec){.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
}

/* The literal of an array of the values that those of a stop have for one parameter. */
static const char *array_of(const stop_t *stop, int parameter, apr_pool_t *pool)
{
    struct iovec pieces[2 * PIPELINE_MAX + 1];
    apr_size_t count = 0;

    for (const shared_t *one = stop->first; one; one = one->next) {
        pieces[count++] = piece(one == stop->first ? "{" : ",");
        pieces[count++] = piece(one->values[parameter]);
    }
    pieces[count++] = piece("}");
    return apr_pstrcatv(pool, pieces, count, NULL);
}

/* Makes those of a stop one statement. */
static void merge(stop_t *stop, apr_pool_t *pool)
{
    int parameters;
    const char **values;

    stop->statement = stop->statement->many;
    parameters = prepared_count(stop->statement->sql);
    values = apr_palloc(pool, (apr_size_t)parameters * sizeof *values);
    for (int n = 0; n < parameters; n++)
        values[n] = array_of(stop, n, pool);
    stop->values = values;
}

/* Prepares what is new to the connection, in round trips of its own; what cannot be, and what is behind it,
 * is not sent. */
static void prepare(trip_t *trip, connection_t *connection, apr_pool_t *pool)
{
    for (; trip->sent < trip->count; trip->sent++) {
        stop_t *stop = &trip->stops[trip->sent];

        stop->prepared = prepared_find(connection, stop->statement, pool);
        stop->result = stop->prepared ? result_make() : NULL;
        if (!stop->result)
            return;
    }
}

static int is_all_prepared(const trip_t *trip, const connection_t *connection)
{
    for (int n = 0; n < trip->count; n++) {
        if (!prepared_is_kept(connection, trip->stops[n].statement))
            return 0;
    }
    return 1;
}

/* The same where nobody is to wait long for a lock, as to prepare a statement takes one on its table. */
static void prepare_in_time(trip_t *trip, connection_t *connection, apr_pool_t *pool)
{
    sqlstate_t ignored;

    if (is_all_prepared(trip, connection)) {
        prepare(trip, connection, pool);
        return;
    }
    if (connection_command(connection, "BEGIN;SET LOCAL lock_timeout=" PIPELINE_LOCK_MS, &ignored, pool) !=
        RUN_DONE)
        return;
    connection_clock_start(connection);
    prepare(trip, connection, pool);
    if (connection_command(connection, "COMMIT", &ignored, pool) != RUN_DONE)
        trip->sent = 0; /* it was prepared all the same */
    connection_clock_start(connection);
}

static int send_one(const trip_t *trip, const stop_t *stop)
{
    return PQsendQueryPrepared(trip->libpq, stop->prepared->label, stop->prepared->parameters, stop->values,
                               NULL, NULL, stop->statement->is_binary);
}

static void send_all(trip_t *trip)
{
    for (int n = 0; n < trip->sent; n++) {
        if (!send_one(trip, &trip->stops[n]))
            trip->sent = n;
    }
}

/* Takes note of a result that is none of those that are wanted. */
static void take_fault(trip_t *trip, const PGresult *result)
{
    if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED || PQresultErrorField(result, PG_DIAG_SQLSTATE))
        trip->is_refused = 1;
    else
        trip->is_broken = 1;
}

/* Takes the results of one statement, which a NULL ends, and returns its rows. */
static PGresult *take_rows(trip_t *trip)
{
    PGresult *rows = NULL;
    PGresult *result;

    while ((result = PQgetResult(trip->libpq)) != NULL) {
        if (PQresultStatus(result) == PGRES_TUPLES_OK && !rows) {
            rows = result;
            continue;
        }
        take_fault(trip, result);
        PQclear(result);
        if (PQstatus(trip->libpq) != CONNECTION_OK)
            break;
    }
    return rows;
}

/* Takes what PostgreSQL says at the transaction's end: that it is over, ahead of which may be why it was not
 * committed, and a NULL. */
static void take_end(trip_t *trip)
{
    for (int n = 0; n < 3 && !trip->is_over; n++) {
        PGresult *result = PQgetResult(trip->libpq);

        trip->is_over = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        if (result && !trip->is_over)
            take_fault(trip, result);
        PQclear(result);
    }
}

/* There and back. */
static void travel(trip_t *trip)
{
    trip->has_set_out = 1;
    send_all(trip);
    if (!PQpipelineSync(trip->libpq))
        return;
    for (int n = 0; n < trip->sent; n++)
        trip->stops[n].rows = take_rows(trip);
    take_end(trip);
}

/* Tells those of a stop which rows are theirs. Of many, the last column says it, and none has more than one.
 */
static void share_out(const stop_t *stop)
{
    shared_t *by_number[PIPELINE_MAX];
    int count = 0;
    int rows = PQntuples(stop->rows);

    for (shared_t *one = stop->first; one; one = one->next) {
        one->result = stop->result;
        one->first = 0;
        one->count = stop->count > 1 ? 0 : rows;
        by_number[count++] = one;
    }
    for (int n = 0; count > 1 && n < rows; n++) {
        int number = atoi(PQgetvalue(stop->rows, n, PQnfields(stop->rows) - 1));

        if (number >= 1 && number <= count) {
            by_number[number - 1]->first = n;
            by_number[number - 1]->count = 1;
        }
    }
}

/* Hands over what came back, unless it is void: it was not committed, or nobody knows. */
static void hand_over(trip_t *trip, int is_void)
{
    for (int n = 0; n < trip->count; n++) {
        stop_t *stop = &trip->stops[n];

        if (!stop->result)
            continue;
        if (!stop->rows || stop->count == 0 || is_void) {
            PQclear(stop->rows);
            result_drop(stop->result);
            continue;
        }
        share_out(stop);
        result_set(stop->result, stop->rows, stop->count);
    }
}

/* How it ended. */
static run_t conclude(const trip_t *trip, connection_t *connection, sqlstate_t *state, apr_pool_t *pool)
{
    int has_failed = !trip->is_over || trip->is_refused || trip->is_broken;
    run_t run = connection_clock_stop(connection, has_failed, state, pool);

    if (run == RUN_DONE || run == RUN_OVERDUE)
        return run;
    if (!trip->has_set_out)
        return RUN_REFUSED;
    return trip->is_over && trip->is_refused ? run : RUN_LOST;
}

run_t pipeline_run(connection_t *connection, pipeline_kind_t kind, shared_t *const *shared, int count,
                   sqlstate_t *state, apr_pool_t *pool)
{
    trip_t trip = {.libpq = connection->libpq};
    run_t run;

    if (kind == PIPELINE_WRITES)
        trip.stops[trip.count++] = (stop_t){.statement = &limit_locks};
    for (int n = 0; n < count; n++)
        add(&trip, shared[n]);
    for (int n = 0; n < trip.count; n++) {
        if (trip.stops[n].count > 1)
            merge(&trip.stops[n], pool);
    }
    connection_clock_start(connection);
    if (kind == PIPELINE_WRITES)
        prepare_in_time(&trip, connection, pool);
    else
        prepare(&trip, connection, pool);
    if (trip.sent > 0 && PQenterPipelineMode(trip.libpq))
        travel(&trip);
    run = conclude(&trip, connection, state, pool);
    hand_over(&trip, kind == PIPELINE_WRITES && (trip.is_refused || !trip.is_over));
    PQexitPipelineMode(trip.libpq); /* where it cannot, the connection is not reusable */
    return run;
}
