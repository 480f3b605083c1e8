/* SPDX-License-Identifier: Apache-2.0 */
#include "flight.h"

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

struct flights_t {
    apr_thread_mutex_t *mutex; /* guards the flights too */
    flight_t *first;           /* at most as many as there are threads */
};

flights_t *flights_make(apr_pool_t *pool)
{
    flights_t *flights = apr_pcalloc(pool, sizeof *flights);

    if (apr_thread_mutex_create(&flights->mutex, APR_THREAD_MUTEX_UNNESTED, pool) != APR_SUCCESS)
        return NULL;
    return flights;
}

static flight_t *find(const flights_t *flights, const digest_t *name, generation_t moment)
{
    flight_t *flight = flights->first;

    while (flight && (flight->moment != moment || flight->name.words[0] != name->words[0] ||
                      flight->name.words[1] != name->words[1]))
        flight = flight->next;
    return flight;
}

/* Waits for a flight and takes its result. The caller has the mutex. */
static void ride(flights_t *flights, flight_t *flight, flight_take_t *take, void *mine)
{
    flight->passengers++;
    while (!flight->landed)
        apr_thread_cond_wait(flight->changed, flights->mutex);
    take(mine, flight->result);
    if (--flight->passengers == 0)
        apr_thread_cond_broadcast(flight->changed);
}

int flight_begin(flights_t *flights, flight_t *flight, const digest_t *name, generation_t moment,
                 flight_take_t *take, void *mine, apr_pool_t *pool)
{
    flight_t *other;

    *flight = (flight_t){.name = *name, .moment = moment};
    apr_thread_mutex_lock(flights->mutex);
    other = find(flights, name, moment);
    if (other) {
        ride(flights, other, take, mine);
    } else {
        apr_thread_cond_create(&flight->changed, pool);
        flight->next = flights->first;
        flights->first = flight;
    }
    apr_thread_mutex_unlock(flights->mutex);
    return !other;
}

void flight_land(flights_t *flights, flight_t *flight, const void *result)
{
    flight_t **at = &flights->first;

    apr_thread_mutex_lock(flights->mutex);
    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
    flight->result = result;
    flight->landed = 1;
    if (flight->passengers)
        apr_thread_cond_broadcast(flight->changed);
    while (flight->passengers)
        apr_thread_cond_wait(flight->changed, flights->mutex);
    apr_thread_mutex_unlock(flights->mutex);
}
