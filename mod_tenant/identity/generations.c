/* SPDX-License-Identifier: Apache-2.0 */
#include "generations.h"

#include <apr_shm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../metrics/owner.h"
#include "../monotonic.h"

/* Tenants share a counter with those whose id is the same modulo this; a change of one is held against all of
 * them. 16384 of 8 bytes stay in a processor's cache. */
enum { BUCKETS = 16384 };

/* The changes of one kind. The clock moves ahead of the mark that it leaves, so that whoever reads the clock
 * between the two, and then the database, is right to be held fresh: the change was committed before. */
typedef struct changes_t {
    _Atomic generation_t clock;           /* counts changes, from 1 */
    _Atomic generation_t all;             /* the clock when all tenants may have changed */
    _Atomic generation_t tenant[BUCKETS]; /* the clock when one of these tenants changed */
} changes_t;

struct generations_t {
    pthread_mutex_t writer;
    _Atomic apr_time_t trusted_until;
    _Atomic apr_time_t proven; /* when trust was last given; 0: never */
    _Atomic int is_silent;     /* the log says that changes are not heard */
    changes_t changes[GENERATIONS_KINDS];
};

generations_t *generations_make(apr_pool_t *pool)
{
    generations_t *generations;
    apr_shm_t *memory;

    if (apr_shm_create(&memory, sizeof *generations, NULL, pool) != APR_SUCCESS)
        return NULL;
    generations = apr_shm_baseaddr_get(memory);
    memset(generations, 0, sizeof *generations);
    if (!owner_make(&generations->writer))
        return NULL;
    for (int kind = 0; kind < GENERATIONS_KINDS; kind++)
        generations->changes[kind].clock = 1;
    return generations;
}

static int is_trusted(const generations_t *generations)
{
    return monotonic_now() < generations->trusted_until;
}

apr_time_t generations_proven(const generations_t *generations, int *is_heard)
{
    *is_heard = is_trusted(generations);
    return generations->proven;
}

generation_t generations_now(const generations_t *generations, generations_kind_t kind)
{
    return is_trusted(generations) ? generations->changes[kind].clock : 0;
}

int generations_hold(const generations_t *generations, generations_kind_t kind, int tenant, generation_t at)
{
    const changes_t *changes = &generations->changes[kind];

    if (at == 0 || !is_trusted(generations) || changes->all > at)
        return 0;
    if (tenant == GENERATIONS_ANY_TENANT)
        return changes->clock == at;
    return changes->tenant[(unsigned)tenant % BUCKETS] <= at;
}

/* Raises a mark; two changes may be noted at the same time. */
static void raise_to(_Atomic generation_t *mark, generation_t moment)
{
    generation_t before = *mark;

    while (before < moment && !atomic_compare_exchange_weak(mark, &before, moment)) {
    }
}

void generations_change(generations_t *generations, generations_kind_t kind, int tenant)
{
    changes_t *changes = &generations->changes[kind];
    generation_t moment = atomic_fetch_add(&changes->clock, 1) + 1;

    if (tenant == GENERATIONS_ANY_TENANT)
        raise_to(&changes->all, moment);
    else
        raise_to(&changes->tenant[(unsigned)tenant % BUCKETS], moment);
}

void generations_read(generations_t *generations, generations_kind_t kind, const char *payload)
{
    const char *text = payload;
    char *end;

    do {
        long tenant = *text >= '1' && *text <= '9' ? strtol(text, &end, 10) : 0;

        if (tenant <= 0 || tenant > INT32_MAX || (*end && *end != ',')) {
            generations_change(generations, kind, GENERATIONS_ANY_TENANT);
            return;
        }
        generations_change(generations, kind, (int)tenant);
        text = end + 1;
    } while (*end);
}

int generations_lock(generations_t *generations, apr_interval_time_t time)
{
    return owner_wait(&generations->writer, monotonic_now() + time);
}

void generations_unlock(generations_t *generations)
{
    owner_free(&generations->writer);
}

void generations_trust(generations_t *generations, apr_time_t until)
{
    generations->trusted_until = until;
    if (until)
        generations->proven = monotonic_now();
}

int generations_set_heard(generations_t *generations, int is_heard)
{
    return atomic_exchange(&generations->is_silent, !is_heard) == is_heard;
}
