/* SPDX-License-Identifier: Apache-2.0 */
/* Gates: so many at a time, for each tenant by itself, and no place is ever lost. */
#include <apr_general.h>
#include <apr_thread_proc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "http/gate.h"
#include "tap.h"

enum { THREADS = 20, ROUNDS = 2000 };

static const int databases[2];

static apr_pool_t *pool;
static gates_t *gates;
static _Atomic int inside;
static _Atomic int most;
static _Atomic int entered;

static void test_places(void)
{
    apr_pool_t *request;
    gate_place_t *first;
    gate_place_t *second;

    apr_pool_create(&request, pool);
    first = gate_enter(gates, GATE_COUNT, &databases[0], 7, request);
    ok(first != NULL, "one count");
    ok(!gate_enter(gates, GATE_COUNT, &databases[0], 7, request), "no second one");
    ok(gate_enter(gates, GATE_COUNT, &databases[0], 8, request) != NULL, "one of another tenant");
    ok(gate_enter(gates, GATE_COUNT, &databases[1], 7, request) != NULL,
       "one of a tenant with the same id in another database");
    gate_leave(first);
    second = gate_enter(gates, GATE_COUNT, &databases[0], 7, request);
    ok(second != NULL, "one more when the first has left");
    ok(!gate_enter(gates, GATE_COUNT, &databases[0], 7, pool), "... and no second one again");
    ok(gate_enter(gates, GATE_STREAM, &databases[0], 7, request) != NULL, "a stream beside it");
    ok(gate_enter(gates, GATE_STREAM, &databases[0], 7, request) != NULL, "... and another one");
    ok(!gate_enter(gates, GATE_STREAM, &databases[0], 7, request), "... and no third one");
    apr_pool_destroy(request);

    apr_pool_create(&request, pool);
    ok(gate_enter(gates, GATE_COUNT, &databases[0], 7, request) != NULL,
       "the end of a request gives its places back");
    ok(gate_enter(gates, GATE_STREAM, &databases[0], 7, request) != NULL, "... of the streams");
    ok(gate_enter(gates, GATE_STREAM, &databases[0], 7, request) != NULL, "... both");
    apr_pool_destroy(request);
}

/* A request that waits for a list's place, and when it got it. */
typedef struct waiter_t {
    apr_interval_time_t wait;
    _Atomic int turn; /* 0: not yet; -1: in vain */
    _Atomic pid_t id; /* of the thread, to the kernel */
    gate_place_t *place;
    apr_thread_t *thread;
} waiter_t;

static _Atomic int turns;

static gate_place_t *wait_for_list(apr_interval_time_t wait, apr_pool_t *request)
{
    const gate_claim_t claim = {
        .kind = GATE_LIST, .scope = &databases[0], .tenant = 7, .most = 1, .wait = wait};

    return gate_wait(gates, &claim, request);
}

static void *APR_THREAD_FUNC stand(apr_thread_t *thread, void *data)
{
    waiter_t *waiter = data;

    waiter->id = gettid();
    waiter->place = wait_for_list(waiter->wait, apr_thread_pool_get(thread));
    waiter->turn = waiter->place ? ++turns : -1;
    if (waiter->place)
        gate_leave(waiter->place);
    return NULL;
}

/* Whether it sleeps, which there is nothing to do for but in line. */
static int is_asleep(const waiter_t *waiter)
{
    char path[64];
    char state = '?';
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)waiter->id);
    file = waiter->id ? fopen(path, "r") : NULL;
    if (!file)
        return 0;
    if (fscanf(file, "%*d %*s %c", &state) != 1)
        state = '?';
    fclose(file);
    return state == 'S';
}

/* Starts one and waits until it stands in line. */
static void stand_in_line(waiter_t *waiter, apr_interval_time_t wait)
{
    *waiter = (waiter_t){.wait = wait};
    apr_thread_create(&waiter->thread, NULL, stand, waiter, pool);
    while (!is_asleep(waiter) && waiter->turn == 0)
        apr_sleep(apr_time_from_msec(1));
}

static void test_pairs(void)
{
    const gate_claim_t ours = {.kind = GATE_STREAM, .scope = &databases[0], .tenant = 7};
    const gate_claim_t theirs = {.kind = GATE_STREAM, .scope = &databases[0], .tenant = 8};
    apr_pool_t *request;
    gate_pair_t first, second, third;

    apr_pool_create(&request, pool);
    ok(gate_pair_enter(&first, gates, &ours, GATE_ALL_STREAMS, 3, request) == GATE_HAS_ROOM, "a pair");
    ok(gate_pair_enter(&second, gates, &ours, GATE_ALL_STREAMS, 3, request) == GATE_HAS_ROOM,
       "... and one more");
    ok(gate_pair_enter(&third, gates, &ours, GATE_ALL_STREAMS, 3, request) == GATE_TENANT_FULL,
       "... which is all of the tenant's");
    ok(!third.tenant && !third.all, "... and takes nothing");
    ok(gate_pair_enter(&third, gates, &theirs, GATE_ALL_STREAMS, 2, request) == GATE_ALL_FULL,
       "nobody has a place where all are taken");
    gate_pair_leave(&second);
    ok(gate_pair_enter(&second, gates, &theirs, GATE_ALL_STREAMS, 2, request) == GATE_HAS_ROOM,
       "what was in vain is given back, and so is what is left");
    ok(gate_enter(gates, GATE_STREAM, &databases[0], 8, request) != NULL, "... the tenant's place, too");
    gate_pair_leave(&first);
    gate_pair_leave(&first);
    apr_pool_destroy(request);
}

static void test_waiting(void)
{
    const gate_claim_t other = {.kind = GATE_LIST, .scope = &databases[0], .tenant = 8, .most = 1};
    waiter_t first, second, impatient;
    gate_place_t *place = wait_for_list(0, pool);
    apr_status_t ignored;

    ok(place != NULL, "a place for a list");
    ok(!wait_for_list(0, pool), "no other one for who does not wait");
    ok(gate_wait(gates, &other, pool) != NULL, "one for another tenant");
    stand_in_line(&impatient, apr_time_from_msec(1));
    apr_thread_join(&ignored, impatient.thread);
    ok(impatient.turn == -1, "it is waited for in vain until the time is over");
    stand_in_line(&first, apr_time_from_sec(60));
    stand_in_line(&second, apr_time_from_sec(60));
    ok(first.turn == 0 && second.turn == 0, "two wait");
    ok(!wait_for_list(apr_time_from_sec(60), pool), "no third one may");
    gate_leave(place);
    apr_thread_join(&ignored, first.thread);
    apr_thread_join(&ignored, second.thread);
    ok(first.turn == 1 && second.turn == 2, "they have it one after the other, in the order of their coming");
    ok(wait_for_list(0, pool) != NULL, "then it is free again");
}

static void *APR_THREAD_FUNC pass(apr_thread_t *thread, void *data)
{
    apr_pool_t *own;

    (void)thread;
    (void)data;
    apr_pool_create_unmanaged(&own);
    for (int round = 0; round < ROUNDS; round++) {
        if (gate_enter(gates, GATE_STREAM, &databases[0], 1, own)) {
            const int now = ++inside;
            int seen = most;

            while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
                ;
            entered++;
            inside--;
        }
        apr_pool_clear(own);
    }
    apr_pool_destroy(own);
    return NULL;
}

static void test_threads(void)
{
    apr_thread_t *threads[THREADS];
    apr_status_t ignored;

    for (int n = 0; n < THREADS; n++)
        apr_thread_create(&threads[n], NULL, pass, NULL, pool);
    for (int n = 0; n < THREADS; n++)
        apr_thread_join(&ignored, threads[n]);
    ok(entered > 0, "threads enter");
    ok(most <= 2, "... never more than two at a time");
    ok(gate_enter(gates, GATE_STREAM, &databases[0], 1, pool) != NULL, "... and leave both places");
    ok(gate_enter(gates, GATE_STREAM, &databases[0], 1, pool) != NULL, "... behind");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    gates = gates_make(2, pool);
    test_places();
    test_pairs();
    test_waiting();
    test_threads();
    apr_terminate();
    return done();
}
