/* SPDX-License-Identifier: Apache-2.0 */
#include "errand.h"

#include <libpq-fe.h>
#include <stdlib.h>

struct errand_t {
    stock_t *stock;
    PGcancel *cancel;
    int is_left; /* the connection is closed; the stock's mutex guards it, and what follows */
    int is_over; /* the server has been told, or cannot be */
    int keeps;   /* the place of a write */
};

/* Gives the place of a write back. The caller holds the mutex. */
static void give_back(stock_t *stock)
{
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
    if (errand->keeps)
        give_back(stock);
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
    errand->keeps = connection->use == POOL_WRITE;
    return errand->keeps;
}
