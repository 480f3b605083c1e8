/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_METRICS_METRIC_H
#define TENANT_METRICS_METRIC_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "../problem.h"
#include "label.h"

/* THE table of what is counted. A row makes the cells, the lines of a scrape and those of mod_status; the
 * page docs/metrics.md has one for each, too.
 *
 * X(identifier, kind, "name", labels, "what it is")
 *
 * The name comes without mod_tenant_ ahead of it, and without _total or _info behind it. Kinds:
 *
 * COUNTER    grows
 * TIME       likewise: microseconds here, seconds in a scrape
 * GAUGE      what there is now, of the children that are alive
 * HISTOGRAM  times, added by counters_time()
 * GIVEN      a gauge that is found out at each scrape (monitor/given.c), not counted
 * INFO       the same, always 1: what it tells are its labels
 * TENANT     a counter of each of the most active tenants (share.h); they stand together
 * TENANT_TIME  likewise, as TIME */
#define METRICS(X)                                                                                           \
    X(requests, COUNTER, "requests", ROUTE_METHOD_STATUS,                                                    \
      "Requests that were answered in Locations of mod_tenant's.")                                           \
    X(durations, HISTOGRAM, "request_duration_seconds", ROUTE_METHOD,                                        \
      "How long they took, from the first line to the log.")                                                 \
    X(refusals, COUNTER, "refusals", PROBLEM, "Problems that requests were answered with.")                  \
    X(rows_read, COUNTER, "rows_read", NONE, "Rows that requests have read.")                                \
    X(rows_written, COUNTER, "rows_written", NONE, "Rows that requests have made, changed or removed.")      \
    X(bytes, COUNTER, "answer_bytes", NONE, "Bytes of the bodies of answers.")                               \
    X(database, TIME, "database_seconds", NONE, "Time that requests have spent with the database.")          \
    X(pool_connections, GAUGE, "pool_connections", POOL_STATE, "Database connections.")                      \
    X(pool_max, GAUGE, "pool_connections_max", POOL, "How many there may be (TenantPool max).")              \
    X(pool_waiting, GAUGE, "pool_waiting", POOL, "Requests that wait for a connection.")                     \
    X(pool_acquired, COUNTER, "pool_acquired", POOL, "Connections that were taken for use.")                 \
    X(pool_waits, COUNTER, "pool_waits", POOL, "Those that had to be waited for, in vain too.")              \
    X(pool_wait, TIME, "pool_wait_seconds", POOL, "How long that took.")                                     \
    X(pool_opened, COUNTER, "pool_opened", POOL, "Connections that were opened.")                            \
    X(pool_refused, COUNTER, "pool_refused", POOL,                                                           \
      "Attempts to open one that failed, or led to a database that is refused.")                             \
    X(pool_cut, COUNTER, "pool_cut", POOL, "Connections that were cut off, as a statement took too long.")   \
    X(reads, COUNTER, "reads", READ, "Reads that a reader may answer, and who did (TenantDatabase read=).")  \
    X(reader_up, GIVEN, "reader_up", DATABASE, "Whether a reader is fresh enough to answer reads.")          \
    X(reader_lag, GIVEN, "reader_lag_seconds", DATABASE, "How far a reader is behind at most.")              \
    X(batch_statements, COUNTER, "batch_statements", BATCH_WAY,                                              \
      "Statements that may share a round trip, and whether they did.")                                       \
    X(batch_trips, COUNTER, "batch_trips", BATCH, "Round trips that statements have shared.")                \
    X(cache_hits, COUNTER, "cache_hits", NONE, "Keys and Hosts that TenantCache knew.")                      \
    X(cache_misses, COUNTER, "cache_misses", NONE, "Keys and Hosts that it did not know.")                   \
    X(cache_evictions, COUNTER, "cache_evictions", NONE,                                                     \
      "What was forgotten for want of room: keys, Hosts, logins, accounts.")                                 \
    X(lookups, COUNTER, "lookups", FIND, "Statements that asked whose a key or a Host is.")                  \
    X(listener_up, GIVEN, "listener_up", DATABASE, "Whether changes of tenants are heard.")                  \
    X(listener_lag, GIVEN, "listener_lag_seconds", DATABASE, "How old the last proof of that is.")           \
    X(streams, GAUGE, "streams", NONE, "Streams of rows that are under way.")                                \
    X(twilio_events, COUNTER, "twilio_events", EVENT_VERDICT, "Events that came by webhook.")                \
    X(gateway_passed, COUNTER, "gateway_passed", CREATION, "Requests that the gateway let pass to Twilio.")  \
    X(gateway_answers, COUNTER, "gateway_answers", STATUS, "Twilio's own answers to these.")                 \
    X(password_slots, GIVEN, "password_slots", NONE, "Passwords that may be hashed at a time.")              \
    X(password_hashing, GAUGE, "password_hashing", NONE, "Passwords that are being hashed.")                 \
    X(password_waiting, GAUGE, "password_waiting", NONE, "Requests that wait for a slot to hash one.")       \
    X(password_waits, COUNTER, "password_waits", NONE, "Slots that had to be waited for, in vain too.")      \
    X(password_wait, TIME, "password_wait_seconds", NONE, "How long that took.")                             \
    X(key, INFO, "key", KEY, "The keys of the key file that the server has, by their ids.")                  \
    X(tenant_requests, TENANT, "tenant_requests", TENANT, "Requests of a tenant.")                           \
    X(tenant_rows_read, TENANT, "tenant_rows_read", TENANT, "Rows that a tenant has read.")                  \
    X(tenant_rows_written, TENANT, "tenant_rows_written", TENANT,                                            \
      "Rows that a tenant has made, changed or removed.")                                                    \
    X(tenant_bytes, TENANT, "tenant_answer_bytes", TENANT,                                                   \
      "Bytes of the bodies that a tenant was answered.")                                                     \
    X(tenant_database, TENANT_TIME, "tenant_database_seconds", TENANT,                                       \
      "Time that a tenant's requests have spent with the database.")                                         \
    X(tenant_refusals, TENANT, "tenant_refusals", TENANT, "Problems that a tenant was answered with.")       \
    X(children, GIVEN, "children", NONE, "Children of the server that count.")                               \
    X(build, INFO, "build", BUILD, "The module that serves.")

typedef enum metric_kind_t {
    METRIC_COUNTER,
    METRIC_TIME,
    METRIC_GAUGE,
    METRIC_HISTOGRAM,
    METRIC_GIVEN,
    METRIC_INFO,
    METRIC_TENANT,
    METRIC_TENANT_TIME,
} metric_kind_t;

/* The upper ends of a histogram's buckets in microseconds; the last bucket has none. */
extern const int metric_buckets[];

enum { METRIC_BUCKETS = 15 };

/* How many cells one set of labels takes. A histogram has one for each bucket, one for what is above all of
 * them, and the sum. */
enum {
    METRIC_CELLS_COUNTER = 1,
    METRIC_CELLS_TIME = 1,
    METRIC_CELLS_GAUGE = 1,
    METRIC_CELLS_HISTOGRAM = METRIC_BUCKETS + 2,
    METRIC_CELLS_GIVEN = 0,
    METRIC_CELLS_INFO = 0,
    METRIC_CELLS_TENANT = 0,
    METRIC_CELLS_TENANT_TIME = 0,
};

typedef _Atomic int64_t cell_t;

/* One slot's figures. */
#define METRIC_CELLS(identifier, kind, name, labels, help)                                                   \
    cell_t identifier[LABELS_##labels * METRIC_CELLS_##kind];
typedef struct cells_t {
    METRICS(METRIC_CELLS)
} cells_t;

#define METRIC_NUMBER(identifier, ...) METRIC_##identifier,
typedef enum metric_number_t { METRICS(METRIC_NUMBER) METRIC_COUNT } metric_number_t;

/* A row of the table. */
typedef struct metric_t {
    const char *name; /* as in the table */
    const char *help;
    metric_kind_t kind;
    const label_set_t *labels;
    size_t first; /* its first cell, of cells_t's */
    size_t cells; /* of each set of labels */
} metric_t;

extern const metric_t metrics[METRIC_COUNT];

/* Whether it grows. */
int metric_is_counter(const metric_t *metric);

/* Whether its value is microseconds. */
int metric_is_time(const metric_t *metric);

#endif
