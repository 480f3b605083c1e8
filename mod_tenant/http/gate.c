/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"

#include <apr_ring.h>
#include <pthread.h>

#include "../monotonic.h"

static const int places[] = {[GATE_COUNT] = 1, [GATE_STREAM] = 2};

APR_RING_HEAD(places_t, gate_place_t);

struct gates_t {
    pthread_mutex_t mutex; /* guards the ring */
    struct places_t ring;  /* in the order of their coming; at most as many as there are threads */
    int waiting;           /* so many requests of a tenant may wait */
};

struct gate_place_t {
    APR_RING_ENTRY(gate_place_t) link;
    gates_t *gates;
    gate_claim_t claim;
    int is_waiting; /* in line for the place */
    apr_pool_t *pool;
    pthread_cond_t given; /* what a request that waits waits for */
};

gates_t *gates_make(int waiting, apr_pool_t *pool)
{
    gates_t *gates = apr_pcalloc(pool, sizeof *gates);

    gates->waiting = waiting;
    APR_RING_INIT(&gates->ring, gate_place_t, link);
    return pthread_mutex_init(&gates->mutex, NULL) == 0 ? gates : NULL;
}

static int is_same_tenant(const gate_claim_t *a, const gate_claim_t *b)
{
    return a->scope == b->scope && a->tenant == b->tenant;
}

static int is_same_gate(const gate_claim_t *a, const gate_claim_t *b)
{
    return a->kind == b->kind && is_same_tenant(a, b);
}

/* How many are in the same gate; the caller has the mutex. */
static int count(const gate_place_t *place)
{
    const gates_t *gates = place->gates;
    const gate_place_t *other;
    int found = 0;

    APR_RING_FOREACH(other, &gates->ring, gate_place_t, link)
    {
        found += !other->is_waiting && is_same_gate(&other->claim, &place->claim);
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
        gate_kind_t kind = other->claim.kind;
        int is_slow = other->is_waiting || kind == GATE_STREAM || kind == GATE_ANSWER || kind == GATE_GATEWAY;

        found += is_slow && is_same_tenant(&other->claim, &place->claim);
    }
    return found;
}

/* A pool cleanup. Whoever has waited longest for the place has it now. */
static apr_status_t give_back(void *data)
{
    gate_place_t *place = data;
    gates_t *gates = place->gates;
    gate_place_t *next;

    pthread_mutex_lock(&gates->mutex);
    APR_RING_REMOVE(place, link);
    APR_RING_FOREACH(next, &gates->ring, gate_place_t, link)
    {
        if (next->is_waiting && is_same_gate(&next->claim, &place->claim)) {
            next->is_waiting = 0;
            pthread_cond_signal(&next->given);
            break;
        }
    }
    pthread_mutex_unlock(&gates->mutex);
    return APR_SUCCESS;
}

/* Stands in line until deadline. 0: in vain. The caller has the mutex. */
static int stand_in_line(gate_place_t *place, apr_time_t deadline)
{
    gates_t *gates = place->gates;

    if (count_held(place) >= gates->waiting || !monotonic_cond_init(&place->given))
        return 0;
    place->is_waiting = 1;
    APR_RING_INSERT_TAIL(&gates->ring, place, gate_place_t, link);
    while (place->is_waiting && monotonic_now() < deadline)
        monotonic_wait(&place->given, &gates->mutex, deadline);
    if (place->is_waiting)
        APR_RING_REMOVE(place, link);
    pthread_cond_destroy(&place->given);
    return !place->is_waiting;
}

gate_place_t *gate_wait(gates_t *gates, const gate_claim_t *claim, apr_pool_t *pool)
{
    gate_place_t *place;
    int is_ours;

    if (!gates)
        return NULL;
    place = apr_palloc(pool, sizeof *place);
    *place = (gate_place_t){.gates = gates, .claim = *claim, .pool = pool};
    if (!claim->most)
        place->claim.most = places[claim->kind];
    pthread_mutex_lock(&gates->mutex);
    is_ours = count(place) < place->claim.most;
    if (is_ours)
        APR_RING_INSERT_TAIL(&gates->ring, place, gate_place_t, link);
    else if (claim->wait > 0)
        is_ours = stand_in_line(place, monotonic_now() + claim->wait);
    pthread_mutex_unlock(&gates->mutex);
    if (!is_ours)
        return NULL;
    apr_pool_cleanup_register(pool, place, give_back, apr_pool_cleanup_null);
    return place;
}

gate_place_t *gate_enter(gates_t *gates, gate_kind_t kind, const void *scope, int tenant, apr_pool_t *pool)
{
    const gate_claim_t claim = {.kind = kind, .scope = scope, .tenant = tenant};

    return gate_wait(gates, &claim, pool);
}

void gate_leave(gate_place_t *place)
{
    if (place)
        apr_pool_cleanup_run(place->pool, place, give_back);
}

gate_full_t gate_pair_enter(gate_pair_t *pair, gates_t *gates, const gate_claim_t *claim, gate_kind_t all,
                            int most_of_all, apr_pool_t *pool)
{
    const gate_claim_t among_all = {.kind = all, .most = most_of_all};

    *pair = (gate_pair_t){.tenant = gate_wait(gates, claim, pool)};
    if (!pair->tenant)
        return GATE_TENANT_FULL;
    pair->all = gate_wait(gates, &among_all, pool);
    if (pair->all)
        return GATE_HAS_ROOM;
    gate_pair_leave(pair);
    return GATE_ALL_FULL;
}

void gate_pair_leave(gate_pair_t *pair)
{
    gate_leave(pair->all);
    gate_leave(pair->tenant);
    *pair = (gate_pair_t){0};
}
