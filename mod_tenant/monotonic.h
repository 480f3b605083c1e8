/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_MONOTONIC_H
#define TENANT_MONOTONIC_H

#include <apr_time.h>
#include <pthread.h>
#include <time.h>

/* Microseconds on a clock that nobody sets: the same for all processes of the machine, above 0. For limits
 * that must hold however the time of day is corrected. */
static inline apr_time_t monotonic_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000;
}

static inline struct timespec monotonic_timespec(apr_time_t time)
{
    return (struct timespec){.tv_sec = apr_time_sec(time), .tv_nsec = apr_time_usec(time) * 1000};
}

/* A condition to wait for on that clock, which APR's are not. 0: there is none. */
static inline int monotonic_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    int failed = pthread_condattr_init(&attributes);

    if (failed)
        return 0;
    failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) || pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
    return !failed;
}

/* Waits for it until then, or for no reason (pthread_cond_timedwait). */
static inline void monotonic_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, apr_time_t until)
{
    struct timespec end = monotonic_timespec(until);

    pthread_cond_timedwait(cond, mutex, &end);
}

#endif
