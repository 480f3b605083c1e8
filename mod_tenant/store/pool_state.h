/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_POOL_STATE_H
#define TENANT_STORE_POOL_STATE_H

/* The inside of a pool: what pool.c, which serves requests, keeper.c, whose threads keep it filled and
 * healthy, and proof.c, which tells whether it is of use, share. Nobody else includes this. */

#include <apr_thread_proc.h>

#include "pool.h"

enum { WHY_SIZE = 256 }; /* bytes that are kept of a reason, to tell whether the next one is another */

APR_RING_HEAD(connections_t, connection_t);

struct pool_t {
    const char *conninfo;
    pool_settings_t settings;
    database_role_t role;
    server_rec *server;

    pthread_mutex_t mutex;          /* guards what follows */
    pthread_cond_t available;       /* a connection came back, or the verdict changed */
    pthread_cond_t lookup_possible; /* the same for those who want it for a lookup */
    pthread_cond_t wanted;          /* the connector has something to do */
    pthread_cond_t tick;            /* the reaper must stop, or has something to watch */
    struct connections_t idle;      /* the last one given back first */
    struct connections_t busy;      /* in use by a request */
    connection_t *suspect;          /* one that came back, for the connector to look at, or NULL */
    connection_t *checked;          /* the one that is being attested or looked at, or NULL */
    int is_connecting;              /* the connector is at it, and looks at none meanwhile */
    int open;                       /* idle, busy, looked at and being opened */
    int idle_count;
    int lookups;                 /* busy for a lookup */
    int waiting;                 /* requests that wait for a connection */
    int lookups_waiting;         /* those of them that want it for a lookup */
    const problem_t *away;       /* why none can be opened; NULL: the last attempt succeeded */
    char why[WHY_SIZE];          /* the same in words */
    apr_time_t exhausted_logged; /* when that was last said */
    apr_time_t left_logged;      /* when it was last said that statements leave something behind */
    apr_time_t renewed;          /* connections that were opened no later are not used again */
    int stopping;

    apr_time_t answered; /* when a connection was last given back whose statement had ended well; 0: never */
    int is_proving;      /* somebody asks the database whether it is there (proof.c) */
    const problem_t *unproven; /* why that was in vain the last time */
    pthread_cond_t proved;     /* it has ended */

    _Atomic uint64_t cluster; /* of the connection that was taken last; 0: none was */

    apr_thread_t *connector;
    apr_thread_t *reaper;
};

/* The caller of each of these holds the mutex, but for pool_close_all(). */

/* How many connections lookups may have at a time. */
int pool_lookups_max(const pool_t *pool);

void pool_unlink_idle(pool_t *pool, connection_t *connection);
void pool_push_idle(pool_t *pool, connection_t *connection);

/* Moves the idle connections that were opened no later than until to doomed: what ended one of that time, or
 * made it unfit, has befallen them too, most likely, and each one found out later would cost a request a
 * retry. */
void pool_doom(pool_t *pool, apr_time_t until, struct connections_t *doomed);

/* Has the others replaced of which something was found out with this connection (connection_t.unfit): idle
 * ones now, busy ones when they come back. */
void pool_doom_its_like(pool_t *pool, const connection_t *connection, struct connections_t *doomed);

void pool_close_all(struct connections_t *connections);

#endif
