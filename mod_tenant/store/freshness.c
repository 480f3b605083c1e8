/* SPDX-License-Identifier: Apache-2.0 */
#include "freshness.h"

#include <apr_shm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "../metrics/owner.h"
#include "../monotonic.h"

struct freshness_t {
    pthread_mutex_t surveyor;
    _Atomic uint32_t survey;     /* counts them */
    _Atomic int64_t server;      /* the one that it is of */
    _Atomic apr_time_t surveyed; /* see freshness_surveyed() */
    _Atomic apr_time_t fresh;
};

freshness_t *freshness_make(apr_pool_t *pool)
{
    freshness_t *freshness;
    apr_shm_t *memory;

    if (apr_shm_create(&memory, sizeof *freshness, NULL, pool) != APR_SUCCESS)
        return NULL;
    freshness = memset(apr_shm_baseaddr_get(memory), 0, sizeof *freshness);
    return owner_make(&freshness->surveyor) ? freshness : NULL;
}

/* In this order: freshness_begin() clears `fresh` ahead of counting, so it is of this survey or a later one,
 * which freshness_holds() notices. */
freshness_look_t freshness_look(const freshness_t *freshness)
{
    freshness_look_t look = {.survey = freshness->survey};

    look.fresh = freshness->fresh;
    return look;
}

int freshness_holds(const freshness_t *freshness, const freshness_look_t *look)
{
    return freshness->survey == look->survey;
}

apr_time_t freshness_surveyed(const freshness_t *freshness, int64_t *server)
{
    apr_time_t surveyed = freshness->surveyed;

    *server = freshness->server;
    return surveyed;
}

const _Atomic int64_t *freshness_server(const freshness_t *freshness)
{
    return &freshness->server;
}

int freshness_lock(freshness_t *freshness, apr_interval_time_t time)
{
    return owner_wait(&freshness->surveyor, monotonic_now() + time);
}

void freshness_unlock(freshness_t *freshness)
{
    owner_free(&freshness->surveyor);
}

void freshness_begin(freshness_t *freshness, int64_t server)
{
    freshness_void(freshness);
    freshness->server = server;
    freshness->survey++;
}

void freshness_note(freshness_t *freshness, apr_time_t asked)
{
    freshness->surveyed = asked;
}

void freshness_reach(freshness_t *freshness, apr_time_t fresh)
{
    freshness->fresh = fresh;
}

void freshness_void(freshness_t *freshness)
{
    freshness->fresh = 0;
    freshness->surveyed = 0;
}
