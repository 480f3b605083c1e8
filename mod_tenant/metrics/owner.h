/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_METRICS_OWNER_H
#define TENANT_METRICS_OWNER_H

#include <pthread.h>

/* A lock in shared memory that nobody waits for, and that the kernel gives back when its owner dies, however
 * that comes about: a robust mutex. */

/* 0: there is none. */
int owner_make(pthread_mutex_t *lock);

/* Takes it. 0: somebody has it. */
int owner_try(pthread_mutex_t *lock);

void owner_free(pthread_mutex_t *lock);

#endif
