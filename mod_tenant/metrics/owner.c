/* SPDX-License-Identifier: Apache-2.0 */
#include "owner.h"

#include <errno.h>

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

int owner_try(pthread_mutex_t *lock)
{
    int result = pthread_mutex_trylock(lock);

    if (result == EOWNERDEAD)
        result = pthread_mutex_consistent(lock);
    return result == 0;
}

void owner_free(pthread_mutex_t *lock)
{
    pthread_mutex_unlock(lock);
}
