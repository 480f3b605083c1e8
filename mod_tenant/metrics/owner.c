/* SPDX-License-Identifier: Apache-2.0 */
#include "owner.h"

#include <errno.h>

#ifdef __SANITIZE_THREAD__
#include <time.h>
#include <unistd.h>

#include "../monotonic.h"

/* ThreadSanitizer of GCC 12 knows neither pthread_mutex_clocklock() nor that an owner may die while
 * pthread_mutex_timedlock() waits. */
static int lock_until(pthread_mutex_t *lock, clockid_t clock, const struct timespec *until)
{
    apr_time_t end = apr_time_make(until->tv_sec, until->tv_nsec / 1000);
    int result;

    (void)clock;
    while ((result = pthread_mutex_trylock(lock)) == EBUSY && monotonic_now() < end)
        usleep(500);
    return result;
}
#define pthread_mutex_clocklock lock_until
#endif

int owner_make(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;
    int made;

    if (pthread_mutexattr_init(&attributes) != 0)
        return 0;
    made = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
           pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0 &&
           pthread_mutex_init(lock, &attributes) == 0;
    pthread_mutexattr_destroy(&attributes);
    return made;
}

/* Whether it is taken; from one who has died it is as from one who has given it back. */
static int is_taken(pthread_mutex_t *lock, int result)
{
    if (result == EOWNERDEAD)
        result = pthread_mutex_consistent(lock);
    return result == 0;
}

int owner_try(pthread_mutex_t *lock)
{
    return is_taken(lock, pthread_mutex_trylock(lock));
}

int owner_wait(pthread_mutex_t *lock, apr_time_t end)
{
    struct timespec until = {.tv_sec = apr_time_sec(end), .tv_nsec = apr_time_usec(end) * 1000};

    return is_taken(lock, pthread_mutex_clocklock(lock, CLOCK_MONOTONIC, &until));
}

void owner_free(pthread_mutex_t *lock)
{
    pthread_mutex_unlock(lock);
}
