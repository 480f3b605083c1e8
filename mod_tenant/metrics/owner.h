/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_METRICS_OWNER_H
#define TENANT_METRICS_OWNER_H

#include <apr_time.h>
#include <pthread.h>

/* A lock in shared memory that the kernel gives back when its owner dies, however that comes about: a robust
 * mutex. A semaphore, which httpd's `Mutex` might choose, would not do that. */

/* 0: there is none. */
int owner_make(pthread_mutex_t *lock);

/* Takes it. 0: somebody has it. */
int owner_try(pthread_mutex_t *lock);

/* Waits for it, until a time by CLOCK_MONOTONIC. 0: it is over. */
int owner_wait(pthread_mutex_t *lock, apr_time_t end);

void owner_free(pthread_mutex_t *lock);

#endif
