/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"

#include <apr_ring.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

static const int places[] = {[GATE_COUNT] = 1, [GATE_STREAM] = 2};

APR_RING_HEAD(places_t, gate_place_t);

struct gates_t {
    apr_thread_mutex_t *mutex; /* guards the ring */
    struct places_t ring;      /* in the order of their coming; at most as many as there are threads */
    int waiting;               /* so many requests of a tenant may wait */
};

struct gate_place_t {
    APR_RING_ENTRY(gate_place_t) link;
    gates_t *gates;
    gate_kind_t kind;
    const void *scope;
    int tenant;
    int is_waiting; /* in line for the place */
    apr_pool_t *pool;
    apr_thread_cond_t *given; /* what a request that waits waits for */
};

gates_t *gates_make(int waiting, apr_pool_t *pool)
{
    gates_t *gates = apr_pcalloc(pool, sizeof *gates);

    gates->waiting = waiting;
    APR_RING_INIT(&gates->ring, gate_place_t, link);
    if (apr_thread_mutex_create(&gates->mutex, APR_THREAD_MUTEX_UNNESTED, pool) != APR_SUCCESS)
        return NULL;
    return gates;
}

static int is_same_gate(const gate_place_t *a, const gate_place_t *b)
{
    return a->kind == b->kind && a->scope == b->scope && a->tenant == b->tenant;
}

/* How many are in the same gate; the caller has the mutex. */
static int count(const gate_place_t *place)
{
    const gates_t *gates = place->gates;
    const gate_place_t *other;
    int found = 0;

    APR_RING_FOREACH(other, &gates->ring, gate_place_t, link)
    {
        found += !other->is_waiting && is_same_gate(other, place);
    }
    return found;
}

/* How many threads the tenant holds up with what is to wait in line, or may be waiting for its clients; the
 * caller has the mutex. */
static int count_held(const gate_place_t *place)
{
    const gates_t *gates = place->gates;
    const gate_place_t *other;
    int found = 0;

    APR_RING_FOREACH(other, &gates->ring, gate_place_t, link)
    {
        int is_slow = other->is_waiting || other->kind == GATE_STREAM || other->kind == GATE_ANSWER;

        found += is_slow && other->scope == place->scope && other->tenant == place->tenant;
    }
    return found;
}

/* A pool cleanup. Whoever has waited longest for the place has it now. */
static apr_status_t give_back(void *data)
{
    gate_place_t *place = data;
    gates_t *gates = place->gates;
    gate_place_t *next;

    apr_thread_mutex_lock(gates->mutex);
    APR_RING_REMOVE(place, link);
    APR_RING_FOREACH(next, &gates->ring, gate_place_t, link)
    {
        if (next->is_waiting && is_same_gate(next, place)) {
            next->is_waiting = 0;
            apr_thread_cond_signal(next->given);
            break;
        }
    }
    apr_thread_mutex_unlock(gates->mutex);
    return APR_SUCCESS;
}

/* Stands in line until deadline. 0: in vain. The caller has the mutex. */
static int stand_in_line(gate_place_t *place, apr_time_t deadline)
{
    gates_t *gates = place->gates;
    apr_interval_time_t left = deadline - apr_time_now();

    if (left <= 0 || count_held(place) >= gates->waiting ||
        apr_thread_cond_create(&place->given, place->pool) != APR_SUCCESS)
        return 0;
    place->is_waiting = 1;
    APR_RING_INSERT_TAIL(&gates->ring, place, gate_place_t, link);
    do {
        apr_thread_cond_timedwait(place->given, gates->mutex, left);
        left = deadline - apr_time_now();
    } while (place->is_waiting && left > 0);
    if (place->is_waiting)
        APR_RING_REMOVE(place, link);
    return !place->is_waiting;
}

gate_place_t *gate_wait(gates_t *gates, gate_kind_t kind, const void *scope, int tenant, int most,
                        apr_interval_time_t wait, apr_pool_t *pool)
{
    gate_place_t *place;
    int is_ours;

    if (!gates)
        return NULL;
    place = apr_palloc(pool, sizeof *place);
    *place = (gate_place_t){.gates = gates, .kind = kind, .scope = scope, .tenant = tenant, .pool = pool};
    apr_thread_mutex_lock(gates->mutex);
    is_ours = count(place) < most;
    if (is_ours)
        APR_RING_INSERT_TAIL(&gates->ring, place, gate_place_t, link);
    else if (wait > 0)
        is_ours = stand_in_line(place, apr_time_now() + wait);
    apr_thread_mutex_unlock(gates->mutex);
    if (!is_ours)
        return NULL;
    apr_pool_cleanup_register(pool, place, give_back, apr_pool_cleanup_null);
    return place;
}

gate_place_t *gate_enter(gates_t *gates, gate_kind_t kind, const void *scope, int tenant, apr_pool_t *pool)
{
    return gate_wait(gates, kind, scope, tenant, places[kind], 0, pool);
}

void gate_leave(gate_place_t *place)
{
    if (place)
        apr_pool_cleanup_run(place->pool, place, give_back);
}
