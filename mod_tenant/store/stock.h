/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_STOCK_H
#define TENANT_STORE_STOCK_H

/* The inside of a pool: its connections, and who waits for them. pool.c, which serves requests, and keeper.c,
 * whose threads keep it filled and healthy, share it. Nobody else includes this. */

#include <httpd.h>
#include <pthread.h>

#include "../metrics/label.h"
#include "connection.h"
#include "pool_settings.h"
#include "pool_use.h"

APR_RING_HEAD(connections_t, connection_t);
typedef struct connections_t connections_t;

/* One that tells the server to cancel a statement (errand.h); the stock's mutex guards it. */
struct errand_t {
    APR_RING_ENTRY(errand_t) link; /* of those that keep a place */
    struct stock_t *stock;
    struct pg_cancel *cancel; /* its thread's own */
    int is_left;              /* the connection is closed */
    int is_over;              /* the server has been told, or cannot be */
    apr_time_t keeps_until;   /* the place of a write; 0: it keeps none */
};

APR_RING_HEAD(errands_t, errand_t);

typedef struct stock_t {
    pool_settings_t settings;
    server_rec *server; /* what is logged to */

    pthread_mutex_t mutex;               /* guards what follows */
    pthread_cond_t available[POOL_USES]; /* a connection came back, or the verdict changed */
    pthread_cond_t wanted;               /* the connector has something to do */
    pthread_cond_t tick;                 /* the reaper must stop, or has something to watch */
    connections_t idle;                  /* the last one given back first */
    connections_t busy;                  /* in use by a request */
    connection_t *suspect;               /* one that came back, for the connector to look at, or NULL */
    connection_t *checked;               /* the one that is being attested or looked at, or NULL */
    int is_connecting;                   /* the connector is at it, and looks at none meanwhile */
    int open;                            /* idle, busy, looked at, being opened, and given up (errand.h) */
    int idle_count;
    int taken[POOL_USES];     /* busy for a use, or given up */
    int waiting[POOL_USES];   /* requests that wait for a connection */
    int errands;              /* threads that tell the server to cancel */
    struct errands_t keeping; /* of these, those that keep the place of a write, the oldest first */
    int is_doubted;           /* the last write that has ended was in doubt, and the log says so */
    const problem_t *away;    /* why none can be opened; NULL: the last attempt succeeded */
    apr_time_t answered; /* when a connection was last given back whose statement had ended well; 0: never */
    apr_time_t renewed;  /* connections that were opened no later are not used again */
    int stopping;
    unsigned role; /* database_role_t: what figures are told apart by; it does not change */
} stock_t;

/* Whom one more idle connection, or one less that is taken, may help. */
typedef struct wake_t {
    int use[POOL_USES];
} wake_t;

/* An empty stock, in memory that is zero. 0: there is no mutex or condition left. */
int stock_make(stock_t *stock, const pool_settings_t *settings, server_rec *server);

/* The caller of each of these holds the mutex, but for stock_wake() and stock_close_all(). */

/* Counts one connection more, or one less, in a state (LABEL_IDLE, LABEL_IN_USE). */
void stock_count(const stock_t *stock, label_state_t state, int more);

/* How many connections more may be taken for a use. */
int stock_room(const stock_t *stock, pool_use_t use);

/* Wakes all who wait. */
void stock_wake_all(stock_t *stock);

wake_t stock_whom_to_wake(const stock_t *stock);
void stock_wake(stock_t *stock, wake_t wake);

void stock_unlink_idle(stock_t *stock, connection_t *connection);

/* Adds an idle connection at the time now, and wakes nobody. */
void stock_insert_idle(stock_t *stock, connection_t *connection, apr_time_t now);

/* Adds one and wakes whom it may help. */
void stock_push_idle(stock_t *stock, connection_t *connection);

/* Moves the idle connections that were opened no later than until to doomed: what ended one of that time, or
 * made it unfit, has befallen them too, most likely, and each one found out later would cost a request a
 * retry. */
void stock_doom(stock_t *stock, apr_time_t until, connections_t *doomed);

/* Has the others replaced of which something was found out with this connection (connection_t.unfit): idle
 * ones now, busy ones when they come back. */
void stock_doom_its_like(stock_t *stock, const connection_t *connection, connections_t *doomed);

void stock_close_all(connections_t *connections);

#endif
