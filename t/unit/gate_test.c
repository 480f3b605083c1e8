/* SPDX-License-Identifier: Apache-2.0 */
/* Gates: so many at a time, for each tenant by itself, and no place is ever lost. */
#include <apr_general.h>
#include <apr_thread_proc.h>
#include <stdatomic.h>

#include "api/gate.h"
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
    gates = gates_make(pool);
    test_places();
    test_threads();
    apr_terminate();
    return done();
}
