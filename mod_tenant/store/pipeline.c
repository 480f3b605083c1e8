/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline.h"

#include <libpq-fe.h>

#include "prepared.h"

/* Goes ahead of writes: whoever shares a transaction with others must not hold them up at another's lock. */
static const statement_t limit_locks = {
    .label = "pipeline_limit_locks",
    .sql = "SELECT set_config('lock_timeout', '" PIPELINE_LOCK_MS "', true)",
};

/* A round trip under way. */
typedef struct trip_t {
    PGconn *libpq;
    shared_t *stops[PIPELINE_MAX + 1]; /* what is sent, in this order */
    int count;
    int is_refused; /* one of them, or the transaction's end */
    int is_over;    /* PostgreSQL has told of the transaction's end */
} trip_t;

/* Prepares what is new to the connection, in round trips of its own; what cannot be, and what is behind it,
 * is not sent. */
static void prepare(trip_t *trip, connection_t *connection, apr_pool_t *pool)
{
    for (int n = 0; n < trip->count; n++) {
        trip->stops[n]->prepared = prepared_find(connection, trip->stops[n]->statement, pool);
        if (!trip->stops[n]->prepared)
            trip->count = n;
    }
}

static int send_one(const trip_t *trip, const shared_t *one)
{
    return PQsendQueryPrepared(trip->libpq, one->prepared->label, one->prepared->parameters, one->values,
                               NULL, NULL, one->statement->is_binary);
}

static void send_all(trip_t *trip)
{
    for (int n = 0; n < trip->count; n++) {
        if (!send_one(trip, trip->stops[n]))
            trip->count = n;
    }
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
        trip->is_refused = 1;
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
        trip->is_refused |= result && !trip->is_over;
        PQclear(result);
    }
}

/* There and back. */
static void travel(trip_t *trip)
{
    send_all(trip);
    if (!PQpipelineSync(trip->libpq))
        return;
    for (int n = 0; n < trip->count; n++)
        trip->stops[n]->result = take_rows(trip);
    take_end(trip);
}

/* What came back is void: it was not committed, or nobody knows. */
static void forget(const trip_t *trip)
{
    for (int n = 0; n < trip->count; n++) {
        PQclear(trip->stops[n]->result);
        trip->stops[n]->result = NULL;
    }
}

run_t pipeline_run(connection_t *connection, pipeline_kind_t kind, shared_t *const *shared, int count,
                   sqlstate_t *state, apr_pool_t *pool)
{
    shared_t guard = {.statement = &limit_locks};
    trip_t trip = {.libpq = connection->libpq};
    run_t run;

    if (kind == PIPELINE_WRITES)
        trip.stops[trip.count++] = &guard;
    for (int n = 0; n < count; n++)
        trip.stops[trip.count++] = shared[n];
    connection_clock_start(connection);
    prepare(&trip, connection, pool);
    if (trip.count == 0 || !PQenterPipelineMode(trip.libpq)) {
        connection->deadline = 0;
        return RUN_REFUSED;
    }
    travel(&trip);
    run = connection_clock_stop(connection, !trip.is_over || trip.is_refused, state, pool);
    if (!trip.is_over && run != RUN_OVERDUE)
        run = RUN_LOST;
    if (kind == PIPELINE_WRITES && run != RUN_DONE)
        forget(&trip);
    PQclear(guard.result);
    PQexitPipelineMode(trip.libpq); /* where it cannot, the connection is not reusable */
    return run;
}
