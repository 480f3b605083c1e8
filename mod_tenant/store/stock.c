/* SPDX-License-Identifier: Apache-2.0 */
#include "stock.h"

#include "../metrics/counters.h"
#include "../monotonic.h"

int stock_make(stock_t *stock, const pool_settings_t *settings, server_rec *server)
{
    stock->settings = *settings;
    stock->server = server;
    APR_RING_INIT(&stock->idle, connection_t, link);
    APR_RING_INIT(&stock->busy, connection_t, link);
    APR_RING_INIT(&stock->keeping, errand_t, link);
    for (int use = 0; use < POOL_USES; use++) {
        if (!monotonic_cond_init(&stock->available[use]))
            return 0;
    }
    return pthread_mutex_init(&stock->mutex, NULL) == 0 && monotonic_cond_init(&stock->wanted) &&
           monotonic_cond_init(&stock->tick);
}

void stock_count(const stock_t *stock, label_state_t state, int more)
{
    COUNTERS_ADD(pool_connections, stock->role * LABEL_STATES + state, more);
}

int stock_room(const stock_t *stock, pool_use_t use)
{
    static const int shares[POOL_USES] = {[POOL_STATEMENT] = 1, [POOL_LOOKUP] = 4, [POOL_WRITE] = 2};
    int most = stock->settings.max / shares[use];

    return (most > 1 ? most : 1) - stock->taken[use];
}

void stock_unlink_idle(stock_t *stock, connection_t *connection)
{
    APR_RING_REMOVE(connection, link);
    stock->idle_count--;
    stock_count(stock, LABEL_IDLE, -1);
}

wake_t stock_whom_to_wake(const stock_t *stock)
{
    wake_t wake;

    for (int use = 0; use < POOL_USES; use++)
        wake.use[use] = stock->waiting[use] && stock_room(stock, (pool_use_t)use) > 0;
    return wake;
}

void stock_wake(stock_t *stock, wake_t wake)
{
    for (int use = 0; use < POOL_USES; use++) {
        if (wake.use[use])
            pthread_cond_signal(&stock->available[use]);
    }
}

void stock_wake_all(stock_t *stock)
{
    for (int use = 0; use < POOL_USES; use++)
        pthread_cond_broadcast(&stock->available[use]);
}

void stock_insert_idle(stock_t *stock, connection_t *connection, apr_time_t now)
{
    connection->idle_since = now;
    if (connection->answered) {
        stock->answered = connection->idle_since;
        connection->answered = 0;
    }
    APR_RING_INSERT_HEAD(&stock->idle, connection, connection_t, link);
    stock->idle_count++;
    stock_count(stock, LABEL_IDLE, 1);
}

void stock_push_idle(stock_t *stock, connection_t *connection)
{
    stock_insert_idle(stock, connection, monotonic_now());
    stock_wake(stock, stock_whom_to_wake(stock));
}

void stock_doom(stock_t *stock, apr_time_t until, connections_t *doomed)
{
    connection_t *next;

    for (connection_t *c = APR_RING_FIRST(&stock->idle);
         c != APR_RING_SENTINEL(&stock->idle, connection_t, link); c = next) {
        next = APR_RING_NEXT(c, link);
        if (c->born <= until) {
            stock_unlink_idle(stock, c);
            stock->open--;
            APR_RING_INSERT_TAIL(doomed, c, connection_t, link);
        }
    }
}

void stock_close_all(connections_t *connections)
{
    while (!APR_RING_EMPTY(connections, connection_t, link)) {
        connection_t *connection = APR_RING_FIRST(connections);

        APR_RING_REMOVE(connection, link);
        connection_close(connection);
    }
}

void stock_doom_its_like(stock_t *stock, const connection_t *connection, connections_t *doomed)
{
    apr_time_t until = connection->unfit >= UNFIT_OPEN ? monotonic_now() : connection->born;

    if (connection->unfit < UNFIT_OLDER)
        return;
    if (until > stock->renewed)
        stock->renewed = until;
    stock_doom(stock, until, doomed);
}
