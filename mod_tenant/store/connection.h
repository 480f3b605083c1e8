/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_CONNECTION_H
#define TENANT_STORE_CONNECTION_H

#include <apr_pools.h>
#include <apr_ring.h>
#include <apr_time.h>
#include <stdatomic.h>

#include "pool_use.h"
#include "prepared.h"
#include "row.h"
#include "sqlstate.h"
#include "statement.h"
#include "timelines.h"

/* One connection to PostgreSQL. It belongs to one thread at a time; only connection_overdue() and
 * connection_cut() may be called by another, while the owner cannot close it. */
typedef struct connection_t connection_t;

typedef struct errand_t errand_t; /* errand.h */

struct connection_t {
    APR_RING_ENTRY(connection_t) link; /* in the pool's idle or busy list */
    struct apr_dbd_t *handle;
    struct pg_conn *libpq; /* the same connection, for what apr_dbd cannot say */
    int socket;       /* a duplicate of libpq's: shut by another thread while libpq may be closing its own */
    apr_pool_t *pool; /* its own, with its own allocator: no other thread allocates from it */
    prepared_set_t *prepared;            /* the statements that it keeps */
    apr_time_t born;                     /* when it was opened */
    apr_time_t idle_since;               /* when it was given back */
    apr_time_t inspected;                /* when its session was looked at (session.h) */
    const char *origin;                  /* what that was made from */
    apr_interval_time_t statement_limit; /* the hard limit of one statement */
    const timeline_t
        *newest;       /* the newest timeline that has been seen of its cluster; NULL: nobody keeps count */
    uint32_t timeline; /* the connection's own */
    int is_refused;    /* attest() has found a server that is not to be used, for now */
    int can_only_read; /* attest() has found a primary whose sessions can only read */
    int answered;      /* a statement has ended well since it was last given back */
    int prepare;       /* whether statements are to be prepared, and can be */
    int is_pooled;     /* a transaction pooler may lead each transaction to another session */
    pool_use_t use;    /* what it was taken for */
    int is_committed;  /* a write has ended well since it was last taken */
    unfit_t unfit;     /* what a statement has found out about it */
    struct pg_cancel *cancel; /* what tells the server to cancel its statement; NULL: that is being told */
    errand_t *errand;         /* what tells it so; the stock's mutex guards it */
    int is_doubted;           /* the server has given up to wait for a synchronous standby */
    _Atomic(apr_time_t) deadline; /* of the statement that runs; 0: none runs */
    _Atomic int cancelled;        /* the server is told to cancel its statement */
    _Atomic int cut;              /* another thread has shut its socket */

    /* of a reader's alone: the server whose freshness is known, and the one that this leads to */
    const _Atomic int64_t *surveyed;
    int64_t server;
};

/* How a statement ended. */
typedef enum run_t {
    RUN_DONE,
    RUN_REFUSED, /* PostgreSQL reported an error; the connection is fine */
    RUN_STALE,   /* PostgreSQL refused it for what the session is, not for what it asks: it had no effect, and
                    another connection may run it */
    RUN_ODD,     /* done, but its rows have another form than they should have */
    RUN_OVERDUE, /* the hard limit has passed; the connection is lost */
    RUN_DOUBT,   /* committed, and lost if the server is: it has given up to wait for a synchronous standby */
    RUN_LOST,    /* the connection is lost; whether the statement took effect is unknown */
} run_t;

/* Connects, which takes as long as the connection string allows. On failure returns NULL and a sentence in
 * pool. */
connection_t *connection_open(const char *conninfo, apr_interval_time_t statement_limit, int prepare,
                              const char **why, apr_pool_t *pool);

/* Closes it, whatever state it is in. */
void connection_close(connection_t *connection);

/* Whether the idle connection has nothing to read: what an idle server sends is its farewell. */
int connection_is_quiet(const connection_t *connection);

/* Whether the idle connection was in use a moment ago, so that it is alive but for the worst of luck. */
int connection_is_warm(const connection_t *connection);

/* Whether a newer timeline of its cluster has been seen since it was opened, by any child: it leads to an old
 * primary; or it is a reader's, and leads to another server than the one whose freshness is known. */
int connection_is_superseded(const connection_t *connection);

/* Whether it may go back to the pool: alive, not in a transaction, not cancelled or cut, not found unfit, not
 * in doubt, nor superseded. */
int connection_is_reusable(const connection_t *connection);

/* Whether a statement has run past its limit at the time now, by so much or more. */
int connection_overdue(const connection_t *connection, apr_interval_time_t grace, apr_time_t now);

/* Shuts the socket, so that the thread that waits for an answer gets an error at once. */
void connection_cut(connection_t *connection);

/* Runs a statement with a value for each of its parameters, NULL being SQL NULL. Unless it was RUN_DONE,
 * *state says what PostgreSQL reported. rows may be NULL. Results and texts are in pool. */
run_t connection_run(connection_t *connection, const statement_t *statement, const char *const *values,
                     rows_t **rows, sqlstate_t *state, apr_pool_t *pool);

/* For whoever runs statements on its libpq himself: starts the clock that the pool's reaper watches. */
void connection_clock_start(connection_t *connection);

/* Stops it and says how what it was started for has ended. failure: what libpq says of that, NULL: it has not
 * failed. */
run_t connection_clock_stop(connection_t *connection, const char *failure, sqlstate_t *state,
                            apr_pool_t *pool);

/* Whether rows are of the form that their statement says: RUN_DONE, or RUN_ODD with a message. */
run_t connection_check_rows(connection_t *connection, const statement_t *statement,
                            const struct pg_result *rows, sqlstate_t *state, apr_pool_t *pool);

/* Runs a text that holds nothing of a request: BEGIN, COMMIT, ROLLBACK. */
run_t connection_command(connection_t *connection, const char *sql, sqlstate_t *state, apr_pool_t *pool);

#endif
