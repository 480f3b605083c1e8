/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_MONOTONIC_H
#define TENANT_STORE_MONOTONIC_H

#include <apr_time.h>
#include <time.h>

/* Microseconds on a clock that nobody sets: the same for all processes of the machine, above 0. For limits
 * that must hold however the time of day is corrected. */
static inline apr_time_t monotonic_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000;
}

#endif
