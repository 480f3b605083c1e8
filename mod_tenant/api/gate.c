/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"

#include <apr_thread_mutex.h>

static const int places[] = {[GATE_COUNT] = 1, [GATE_STREAM] = 2};

struct gates_t {
    apr_thread_mutex_t *mutex; /* guards the list */
    gate_place_t *first;       /* at most as many as there are threads */
};

struct gate_place_t {
    gates_t *gates;
    gate_kind_t kind;
    const void *scope;
    int tenant;
    apr_pool_t *pool;
    gate_place_t *next;
};

gates_t *gates_make(apr_pool_t *pool)
{
    gates_t *gates = apr_pcalloc(pool, sizeof *gates);

    if (apr_thread_mutex_create(&gates->mutex, APR_THREAD_MUTEX_UNNESTED, pool) != APR_SUCCESS)
        return NULL;
    return gates;
}

/* How many places are taken; the caller has the mutex. */
static int count_taken(const gates_t *gates, gate_kind_t kind, const void *scope, int tenant)
{
    int taken = 0;

    for (const gate_place_t *place = gates->first; place; place = place->next)
        taken += place->kind == kind && place->scope == scope && place->tenant == tenant;
    return taken;
}

/* A pool cleanup. */
static apr_status_t give_back(void *data)
{
    gate_place_t *place = data;
    gate_place_t **at = &place->gates->first;

    apr_thread_mutex_lock(place->gates->mutex);
    while (*at != place)
        at = &(*at)->next;
    *at = place->next;
    apr_thread_mutex_unlock(place->gates->mutex);
    return APR_SUCCESS;
}

gate_place_t *gate_enter(gates_t *gates, gate_kind_t kind, const void *scope, int tenant, apr_pool_t *pool)
{
    gate_place_t *place;
    int is_free;

    if (!gates)
        return NULL;
    place = apr_palloc(pool, sizeof *place);
    *place = (gate_place_t){gates, kind, scope, tenant, pool, NULL};
    apr_thread_mutex_lock(gates->mutex);
    is_free = count_taken(gates, kind, scope, tenant) < places[kind];
    if (is_free) {
        place->next = gates->first;
        gates->first = place;
    }
    apr_thread_mutex_unlock(gates->mutex);
    if (!is_free)
        return NULL;
    apr_pool_cleanup_register(pool, place, give_back, apr_pool_cleanup_null);
    return place;
}

void gate_leave(gate_place_t *place)
{
    apr_pool_cleanup_run(place->pool, place, give_back);
}
