/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_GROUP_H
#define TENANT_STORE_GROUP_H

#include <apr_ring.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "../problem.h"
#include "pipeline.h"

/* A statement that waits to share a round trip, and what becomes of it. It is its thread's, which stays until
 * it may go on. */
typedef struct waiter_t {
    shared_t shared;
    const problem_t *problem; /* no connection was to be had */
    run_t run;                /* how the round trip ended */
    const char *why;          /* what PostgreSQL, or libpq, says to that; of the leader's pool, or static */
} waiter_t;

/* How far a group has come. */
typedef enum stage_t {
    STAGE_QUEUED,
    STAGE_CALLED,    /* it has a round trip, and others may still join it */
    STAGE_RUNS,      /* its leader runs it */
    STAGE_DISSOLVED, /* each is to run alone */
} stage_t;

/* Those that share a round trip. The first is the leader, whose thread runs them all; the others, its
 * followers, wait at a gate, which lets all of them go on at once: to tell each by itself takes as many
 * system calls, and a condition has them fight for its mutex. It lives until the last one has left. */
typedef struct group_t group_t;

struct group_t {
    APR_RING_ENTRY(group_t) link; /* in a queue */
    waiter_t *waiters[PIPELINE_MAX];
    int count;
    stage_t stage;
    unsigned ended;        /* the queue's, when its wait began */
    atomic_int holders;    /* once the gate is open: whose threads have not left yet */
    sem_t told;            /* to the leader: the stage is another one */
    pthread_rwlock_t gate; /* the leader's for writing until the followers may go on */
};

APR_RING_HEAD(groups_t, group_t);

/* Makes a group of none; who makes it leads it. NULL: out of memory. */
group_t *group_make(void);

/* Adds a waiter, the first time the leader. For who holds the queue's mutex, as long as it is queued. */
void group_join(group_t *group, waiter_t *waiter);

/* Tells the leader of its stage, once. From then on the group may be gone. */
void group_tell(group_t *group);

/* The leader's wait until it is told something, or that time has passed on the monotonic clock (0). */
int group_wait(group_t *group, apr_time_t until);

/* The leader leaves, and the followers may. */
void group_disband(group_t *group);

/* A follower's wait, until it may leave. */
void group_follow(group_t *group);

#endif
