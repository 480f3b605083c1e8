/* SPDX-License-Identifier: Apache-2.0 */
#include "group.h"

#include <errno.h>
#include <stdlib.h>

#include "../monotonic.h"

group_t *group_make(void)
{
    group_t *group = malloc(sizeof *group);

    if (!group)
        return NULL;
    group->count = 0;
    group->stage = STAGE_QUEUED;
    sem_init(&group->told, 0, 0);
    pthread_rwlock_init(&group->gate, NULL);
    pthread_rwlock_wrlock(&group->gate); /* waits for nobody: nobody else knows it yet */
    return group;
}

void group_join(group_t *group, waiter_t *waiter)
{
    group->waiters[group->count++] = waiter;
}

void group_tell(group_t *group)
{
    sem_post(&group->told);
}

int group_wait(group_t *group, apr_time_t until)
{
    struct timespec end = monotonic_timespec(until);
    int failed;

    while ((failed = sem_clockwait(&group->told, CLOCK_MONOTONIC, &end)) != 0 && errno == EINTR)
        continue;
    return !failed;
}

/* Opens the gate, or goes through it, and leaves. */
static void leave(group_t *group)
{
    pthread_rwlock_unlock(&group->gate);
    if (atomic_fetch_sub(&group->holders, 1) > 1)
        return;
    pthread_rwlock_destroy(&group->gate);
    sem_destroy(&group->told);
    free(group);
}

void group_disband(group_t *group)
{
    group->holders = group->count; /* nobody can leave ahead of this */
    leave(group);
}

void group_follow(group_t *group)
{
    pthread_rwlock_rdlock(&group->gate);
    leave(group);
}
