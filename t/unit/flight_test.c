/* SPDX-License-Identifier: Apache-2.0 */
/* Flights: one lookup for all that want the same, and another one after a change. */
#include <apr_general.h>
#include <apr_thread_proc.h>
#include <stdatomic.h>

#include "identity/flight.h"
#include "tap.h"

enum { THREADS = 40, ROUNDS = 200 };

static apr_pool_t *pool;
static flights_t *flights;
static _Atomic int lookups;
static _Atomic int arrived; /* threads that are about to travel */

/* What a thread wants, and what it got. */
typedef struct passenger_t {
    digest_t name;
    generation_t moment;
    apr_interval_time_t takes; /* behind the arrival of all of them; 0: nobody is waited for */
    int threads;               /* that travel together */
    int result;
} passenger_t;

static void take(void *mine, const void *result)
{
    ((passenger_t *)mine)->result = *(const int *)result;
}

static void *APR_THREAD_FUNC travel(apr_thread_t *thread, void *data)
{
    passenger_t *passenger = data;
    apr_pool_t *own;
    flight_t flight;

    (void)thread;
    apr_pool_create_unmanaged(&own);
    arrived++;
    if (flight_begin(flights, &flight, &passenger->name, passenger->moment, take, passenger, own)) {
        passenger->result = ++lookups;
        while (passenger->takes && arrived < passenger->threads)
            apr_sleep(apr_time_from_msec(1));
        apr_sleep(passenger->takes);
        flight_land(flights, &flight, &passenger->result);
    }
    apr_pool_destroy(own);
    return NULL;
}

/* Lets threads travel at the same time; the n-th wants name n % names at moment 1 + n % moments. Returns how
 * many lookups there were. */
static int travel_together(passenger_t *passengers, int threads, int names, int moments,
                           apr_interval_time_t takes)
{
    apr_thread_t *thread[THREADS];
    apr_status_t ignored;
    apr_pool_t *own;

    lookups = 0;
    arrived = 0;
    apr_pool_create(&own, NULL);
    for (int n = 0; n < threads; n++) {
        passengers[n] =
            (passenger_t){{{1, (uint64_t)(n % names)}}, (generation_t)(1 + n % moments), takes, threads, 0};
        apr_thread_create(&thread[n], NULL, travel, &passengers[n], own);
    }
    for (int n = 0; n < threads; n++)
        apr_thread_join(&ignored, thread[n]);
    apr_pool_destroy(own);
    return lookups;
}

int main(void)
{
    passenger_t passengers[THREADS];
    int missed = 0;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    flights = flights_make(pool);

    is(travel_together(passengers, THREADS, 1, 1, apr_time_from_msec(300)), 1, "one lookup for all");
    for (int n = 0; n < THREADS; n++)
        missed += passengers[n].result != 1;
    is(missed, 0, "everybody has its result");
    is(travel_together(passengers, THREADS, 4, 1, apr_time_from_msec(300)), 4, "one lookup for each name");
    is(travel_together(passengers, THREADS, 1, 2, apr_time_from_msec(300)), 2, "one lookup for each moment");
    is(travel_together(passengers, 1, 1, 1, 0), 1, "the next one flies again");

    missed = 0;
    for (int round = 0; round < ROUNDS; round++) {
        travel_together(passengers, 8, 2, 1, 0);
        for (int n = 0; n < 8; n++)
            missed += passengers[n].result == 0;
    }
    is(missed, 0, "short flights: nobody is left behind");
    apr_pool_destroy(pool);
    return done();
}
