/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_FLIGHT_H
#define TENANT_IDENTITY_FLIGHT_H

#include <apr_pools.h>

#include "../secret/digest.h"
#include "generations.h"

/* One lookup for all threads of a process that want the same at the same time. */
typedef struct flights_t flights_t;

/* A lookup that is under way, on the stack of the thread that runs it. */
typedef struct flight_t flight_t;

struct flight_t {
    digest_t name;
    generation_t moment;
    const void *result;
    int landed;
    int passengers; /* threads that have not taken the result yet */
    struct apr_thread_cond_t *changed;
    flight_t *next;
};

/* Copies a flight's result to a passenger's. */
typedef void flight_take_t(void *mine, const void *result);

/* NULL: out of memory. */
flights_t *flights_make(apr_pool_t *pool);

/* Begins the flight of a name at a moment: the caller then finds the result and calls flight_land(), and 1 is
 * returned. Or, where one of that name and moment is under way, waits for it, has its result taken, and
 * returns 0. One that began ahead of a later change is not waited for: it may bring what was before. pool:
 * the caller's. */
int flight_begin(flights_t *flights, flight_t *flight, const digest_t *name, generation_t moment,
                 flight_take_t *take, void *mine, apr_pool_t *pool);

/* Ends a flight that flight_begin() began; returns when everybody has taken the result. */
void flight_land(flights_t *flights, flight_t *flight, const void *result);

#endif
