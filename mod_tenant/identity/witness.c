/* SPDX-License-Identifier: Apache-2.0 */
#include "witness.h"

#include <apr_strings.h>
#include <pthread.h>

#include "../monotonic.h"
#include "../store/notify.h"
#include "../store/runner.h"

/* How often it goes. Each time costs the database a connection. */
#define INTERVAL apr_time_from_sec(3)

struct witness_t {
    const char *conninfo;
    apr_interval_time_t limit;
    runner_t runner;
    pthread_mutex_t mutex; /* guards what follows */
    const char *channel;   /* NULL: it rests */
    int turn;              /* so many channels there have been */
    int next;              /* the number of the next notification, from 1 */
    int last;              /* that of the last one that was committed; 0: none to the channel */
    apr_time_t began;      /* when it was about to connect for it */
};

/* Goes once. Called, and returns, with the mutex held. */
static void go(witness_t *witness)
{
    int turn = witness->turn;
    apr_time_t began = monotonic_now();
    char name[NOTIFY_CHANNEL_SIZE];
    char payload[16];
    int number = witness->next++;
    int is_sent;

    apr_cpystrn(name, witness->channel, sizeof name);
    apr_snprintf(payload, sizeof payload, "w%d", number);
    pthread_mutex_unlock(&witness->mutex);
    is_sent = notify_send(witness->conninfo, name, payload, witness->runner.wake, witness->limit);
    pthread_mutex_lock(&witness->mutex);
    if (!is_sent || witness->turn != turn)
        return;
    witness->last = number;
    witness->began = began;
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    witness_t *witness = data;

    (void)thread;
    while (!witness->runner.is_stopping) {
        runner_sleep(&witness->runner, INTERVAL);
        pthread_mutex_lock(&witness->mutex);
        if (witness->channel && !witness->runner.is_stopping)
            go(witness);
        pthread_mutex_unlock(&witness->mutex);
    }
    return NULL;
}

witness_t *witness_start(const char *conninfo, apr_interval_time_t limit, apr_pool_t *process)
{
    witness_t *witness = apr_pcalloc(process, sizeof *witness);

    witness->conninfo = apr_pstrcat(process, conninfo, " application_name='mod_tenant witness'", NULL);
    witness->limit = limit;
    witness->next = 1;
    return pthread_mutex_init(&witness->mutex, NULL) == 0 &&
                   runner_start(&witness->runner, run, witness, process)
               ? witness
               : NULL;
}

void witness_lead(witness_t *witness, const char *channel)
{
    pthread_mutex_lock(&witness->mutex);
    witness->channel = channel;
    witness->turn++;
    witness->last = 0;
    pthread_mutex_unlock(&witness->mutex);
}

int witness_last(witness_t *witness, apr_time_t *began)
{
    int last;

    pthread_mutex_lock(&witness->mutex);
    last = witness->last;
    *began = witness->began;
    pthread_mutex_unlock(&witness->mutex);
    return last;
}
