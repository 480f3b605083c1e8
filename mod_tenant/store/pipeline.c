/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline.h"

#include <apr_strings.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(PIPELINE_MAX + 1 < (int)PREPARED_MAX, "what runs together is kept together");

/* Goes ahead of writes: whoever shares a transaction with others must not hold them up at another's lock. */
static const statement_t limit_locks = {
    .label = "pipeline_limit_locks",
    .sql = "SELECT set_config('lock_timeout', '" PIPELINE_LOCK_MS "', true)",
};

/* A statement that is sent, and whom it is for. */
typedef struct query_t {
    const statement_t *statement; /* theirs, or the one for many of them */
    const char *const *values;
    shared_t *first; /* of a chain; NULL: it is for none of them */
    shared_t *last;
    int count;
    const prepared_t *prepared; /* as the connection keeps it, while it runs there */
    result_t *result; /* made ahead of sending, for what has been done must not be lost for want of memory */
    struct pg_result *rows;
} query_t;

/* A round trip: what is sent, and what comes back. */
typedef struct exchange_t {
    PGconn *libpq;
    query_t queries[PIPELINE_MAX + 1]; /* what is sent, in this order */
    int count;
    int sent; /* so many of them, or to be sent */
    int is_begun;
    int is_refused;      /* PostgreSQL has turned down one of them, or the transaction's end */
    const char *refusal; /* what it says to that: libpq has forgotten it at the end */
    int is_broken;       /* libpq has failed to make a result, of what may well have been done */
    int is_over;         /* PostgreSQL has told of the transaction's end */
    apr_pool_t *pool;
} exchange_t;

/* Where a statement goes along with others that are the same; NULL: nowhere. */
static query_t *find_query(exchange_t *exchange, const statement_t *statement)
{
    for (int n = 0; statement->many && n < exchange->count; n++) {
        if (exchange->queries[n].statement == statement)
            return &exchange->queries[n];
    }
    return NULL;
}

/* Makes room for one more, beside those that are the same: see send_one(). */
static query_t *place_for(exchange_t *exchange, const statement_t *statement)
{
    int place = exchange->count++;

    for (int n = 0; n < place; n++) {
        if (exchange->queries[n].statement == statement) {
            memmove(&exchange->queries[n + 1], &exchange->queries[n],
                    (size_t)(place - n) * sizeof exchange->queries[n]);
            return &exchange->queries[n];
        }
    }
    return &exchange->queries[place];
}

static void add(exchange_t *exchange, shared_t *shared)
{
    query_t *query = find_query(exchange, shared->statement);

    shared->next = NULL;
    if (query) {
        query->last->next = shared;
        query->last = shared;
        query->count++;
    } else {
        *place_for(exchange, shared->statement) = (query_t){.statement = shared->statement,
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

/* The literal of an array of the values that those of a query have for one parameter. */
static const char *array_of(const query_t *query, int parameter, apr_pool_t *pool)
{
    struct iovec pieces[2 * PIPELINE_MAX + 1];
    apr_size_t count = 0;

    for (const shared_t *one = query->first; one; one = one->next) {
        pieces[count++] = piece(one == query->first ? "{" : ",");
        pieces[count++] = piece(one->values[parameter]);
    }
    pieces[count++] = piece("}");
    return apr_pstrcatv(pool, pieces, count, NULL);
}

/* Makes those of a query one statement. */
static void merge(query_t *query, apr_pool_t *pool)
{
    int parameters;
    const char **values;

    query->statement = query->statement->many;
    parameters = statement_parameters(query->statement->sql);
    values = apr_palloc(pool, (apr_size_t)parameters * sizeof *values);
    for (int n = 0; n < parameters; n++)
        values[n] = array_of(query, n, pool);
    query->values = values;
}

/* Prepares what is new to the connection, in round trips of its own; what cannot be, and what is behind it,
 * is not sent. */
static void prepare(exchange_t *exchange, connection_t *connection)
{
    for (; exchange->sent < exchange->count; exchange->sent++) {
        query_t *query = &exchange->queries[exchange->sent];

        query->prepared = prepared_find(connection->prepared, query->statement, exchange->pool);
        query->result = query->prepared ? result_make() : NULL;
        if (!query->result)
            return;
    }
}

static int is_all_prepared(const exchange_t *exchange, const connection_t *connection)
{
    for (int n = 0; n < exchange->count; n++) {
        if (!prepared_is_kept(connection->prepared, exchange->queries[n].statement))
            return 0;
    }
    return 1;
}

/* The same where nobody is to wait long for a lock, as to prepare a statement takes one on its table. */
static void prepare_in_time(exchange_t *exchange, connection_t *connection)
{
    sqlstate_t ignored;

    if (is_all_prepared(exchange, connection)) {
        prepare(exchange, connection);
        return;
    }
    if (connection_command(connection, "BEGIN;SET LOCAL lock_timeout=" PIPELINE_LOCK_MS, &ignored,
                           exchange->pool) != RUN_DONE)
        return;
    connection_clock_start(connection);
    prepare(exchange, connection);
    if (connection_command(connection, "COMMIT", &ignored, exchange->pool) != RUN_DONE)
        exchange->sent = 0; /* it was prepared all the same */
    connection_clock_start(connection);
}

/* before: what was sent ahead of it, or NULL. Of those that are sent with their text and are the same, the
 * first one's text serves all: PostgreSQL keeps the one without a name, and its plan, until the next one. */
static int send_one(const exchange_t *exchange, const query_t *query, const query_t *before)
{
    const prepared_t *prepared = query->prepared;

    if (prepared->text && !(before && before->prepared == prepared))
        return PQsendQueryParams(exchange->libpq, prepared->text, prepared->parameters, NULL, query->values,
                                 NULL, NULL, query->statement->is_binary);
    return PQsendQueryPrepared(exchange->libpq, prepared->text ? "" : prepared->label, prepared->parameters,
                               query->values, NULL, NULL, query->statement->is_binary);
}

static void send_all(exchange_t *exchange)
{
    for (int n = 0; n < exchange->sent; n++) {
        if (!send_one(exchange, &exchange->queries[n], n > 0 ? &exchange->queries[n - 1] : NULL))
            exchange->sent = n;
    }
}

/* Takes note of a result that is none of those that are wanted. */
static void take_fault(exchange_t *exchange, const PGresult *result)
{
    int is_told = PQresultErrorField(result, PG_DIAG_SQLSTATE) != NULL;

    if (is_told || PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
        exchange->is_refused = 1;
    else
        exchange->is_broken = 1;
    if (is_told && !exchange->refusal)
        exchange->refusal = apr_pstrdup(exchange->pool, PQresultErrorMessage(result));
}

/* Takes the results of one statement, which a NULL ends, and returns its rows. */
static PGresult *take_rows(exchange_t *exchange)
{
    PGresult *rows = NULL;
    PGresult *result;

    while ((result = PQgetResult(exchange->libpq)) != NULL) {
        if (PQresultStatus(result) == PGRES_TUPLES_OK && !rows) {
            rows = result;
            continue;
        }
        take_fault(exchange, result);
        PQclear(result);
        if (PQstatus(exchange->libpq) != CONNECTION_OK)
            break;
    }
    return rows;
}

/* Takes what PostgreSQL says at the transaction's end: that it is over, ahead of which may be why it was not
 * committed, and a NULL. */
static void take_end(exchange_t *exchange)
{
    for (int n = 0; n < 3 && !exchange->is_over; n++) {
        PGresult *result = PQgetResult(exchange->libpq);

        exchange->is_over = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
        if (result && !exchange->is_over)
            take_fault(exchange, result);
        PQclear(result);
    }
}

/* Sends all of them and takes the answers. */
static void exchange_all(exchange_t *exchange)
{
    exchange->is_begun = 1;
    send_all(exchange);
    if (!PQpipelineSync(exchange->libpq))
        return;
    for (int n = 0; n < exchange->sent; n++)
        exchange->queries[n].rows = take_rows(exchange);
    take_end(exchange);
}

/* Tells those of a query which rows are theirs. Of many, the last column says it, and none has more than one.
 */
static void assign_rows(const query_t *query)
{
    shared_t *by_number[PIPELINE_MAX];
    int count = 0;
    int rows = PQntuples(query->rows);

    for (shared_t *one = query->first; one; one = one->next) {
        one->result = query->result;
        one->first = 0;
        one->count = query->count > 1 ? 0 : rows;
        by_number[count++] = one;
    }
    for (int n = 0; count > 1 && n < rows; n++) {
        int number = atoi(PQgetvalue(query->rows, n, PQnfields(query->rows) - 1));

        if (number >= 1 && number <= count) {
            by_number[number - 1]->first = n;
            by_number[number - 1]->count = 1;
        }
    }
}

/* Drops rows that are not of the form that they should have, so that nobody gets them. */
static run_t check_rows(exchange_t *exchange, connection_t *connection, sqlstate_t *state)
{
    run_t run = RUN_DONE;

    for (int n = 0; n < exchange->count; n++) {
        query_t *query = &exchange->queries[n];

        if (!query->rows || connection_check_rows(connection, query->statement, query->rows, state,
                                                  exchange->pool) == RUN_DONE)
            continue;
        run = RUN_ODD;
        PQclear(query->rows);
        query->rows = NULL;
    }
    return run;
}

/* Hands over what came back, unless it is void: it was not committed, or nobody knows. */
static void hand_over(exchange_t *exchange, int is_void)
{
    for (int n = 0; n < exchange->count; n++) {
        query_t *query = &exchange->queries[n];

        if (!query->result)
            continue;
        if (!query->rows || query->count == 0 || is_void) {
            PQclear(query->rows);
            result_drop(query->result);
            continue;
        }
        assign_rows(query);
        result_set(query->result, query->rows, query->count);
    }
}

/* How it ended. */
static run_t conclude(const exchange_t *exchange, connection_t *connection, sqlstate_t *state)
{
    int has_failed = !exchange->is_over || exchange->is_refused || exchange->is_broken;
    const char *failure = exchange->refusal ? exchange->refusal : PQerrorMessage(exchange->libpq);
    run_t run = connection_clock_stop(connection, has_failed ? failure : NULL, state, exchange->pool);

    if (run == RUN_DONE || run == RUN_OVERDUE || run == RUN_DOUBT)
        return run;
    if (!exchange->is_begun)
        return RUN_REFUSED;
    return exchange->is_over && exchange->is_refused ? run : RUN_LOST;
}

/* Settles what is sent: ahead of writes what limits their waits, then each statement, those that are the same
 * as one. */
static void compose(exchange_t *exchange, pipeline_kind_t kind, shared_t *const *shared, int count)
{
    if (kind == PIPELINE_WRITES)
        exchange->queries[exchange->count++] = (query_t){.statement = &limit_locks};
    for (int n = 0; n < count; n++)
        add(exchange, shared[n]);
    for (int n = 0; n < exchange->count; n++) {
        if (exchange->queries[n].count > 1)
            merge(&exchange->queries[n], exchange->pool);
    }
}

run_t pipeline_run(connection_t *connection, pipeline_kind_t kind, shared_t *const *shared, int count,
                   sqlstate_t *state, apr_pool_t *pool)
{
    exchange_t exchange = {.libpq = connection->libpq, .pool = pool};
    sqlstate_t ignored;
    run_t run;
    run_t form;

    compose(&exchange, kind, shared, count);
    connection_clock_start(connection);
    if (kind == PIPELINE_WRITES)
        prepare_in_time(&exchange, connection);
    else
        prepare(&exchange, connection);
    if (exchange.sent > 0 && PQenterPipelineMode(exchange.libpq))
        exchange_all(&exchange);
    run = conclude(&exchange, connection, state);
    form = check_rows(&exchange, connection, run == RUN_DONE ? state : &ignored);
    hand_over(&exchange,
              kind == PIPELINE_WRITES && (exchange.is_refused || !exchange.is_over || run == RUN_DOUBT));
    PQexitPipelineMode(exchange.libpq); /* where it cannot, the connection is not reusable */
    return run == RUN_DONE ? form : run;
}
