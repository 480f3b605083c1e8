/* SPDX-License-Identifier: Apache-2.0 */
#include "errand.h"

#include <libpq-fe.h>
#include <stdlib.h>

#include "../monotonic.h"

/* So long a place is kept at most. A server that stands still takes the connection, and never says a word: it
 * may have been replaced by another one long ago. */
#define KEEP apr_time_from_sec(10)

/* Gives the place of a write back. The caller holds the mutex. */
static void give_back(errand_t *errand)
{
    stock_t *stock = errand->stock;

    APR_RING_REMOVE(errand, link);
    errand->keeps_until = 0;
    stock->open--;
    stock->taken[POOL_WRITE]--;
    pthread_cond_signal(&stock->wanted);
    stock_wake(stock, stock_whom_to_wake(stock));
}

static void *errand_run(void *data)
{
    errand_t *errand = data;
    stock_t *stock = errand->stock;
    char why[256];

    PQcancel(errand->cancel, why, sizeof why);
    PQfreeCancel(errand->cancel);
    pthread_mutex_lock(&stock->mutex);
    errand->is_over = 1;
    stock->errands--;
    if (errand->keeps_until)
        give_back(errand);
    if (errand->is_left)
        free(errand);
    pthread_mutex_unlock(&stock->mutex);
    return NULL;
}

void errand_send(stock_t *stock, connection_t *connection)
{
    errand_t *errand = calloc(1, sizeof *errand);
    pthread_attr_t detached;
    pthread_t thread;

    connection->cancelled = 1;
    if (!errand)
        return;
    *errand = (errand_t){.stock = stock, .cancel = connection->cancel};
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED); /* nobody waits for a silent server */
    if (pthread_create(&thread, &detached, errand_run, errand) == 0) {
        connection->cancel = NULL;
        connection->errand = errand;
        stock->errands++;
    } else {
        free(errand);
    }
    pthread_attr_destroy(&detached);
}

int errand_leave(connection_t *connection)
{
    errand_t *errand = connection->errand;

    connection->errand = NULL;
    if (!errand)
        return 0;
    if (errand->is_over) {
        free(errand);
        return 0;
    }
    errand->is_left = 1;
    if (connection->use != POOL_WRITE)
        return 0;
    errand->keeps_until = monotonic_now() + KEEP;
    APR_RING_INSERT_TAIL(&errand->stock->keeping, errand, errand_t, link);
    return 1;
}

void errand_expire(stock_t *stock, apr_time_t now)
{
    while (!APR_RING_EMPTY(&stock->keeping, errand_t, link) &&
           APR_RING_FIRST(&stock->keeping)->keeps_until <= now)
        give_back(APR_RING_FIRST(&stock->keeping));
}
