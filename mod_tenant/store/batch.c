/* SPDX-License-Identifier: Apache-2.0 */
#include "batch.h"

#include <apr_ring.h>
#include <apr_thread_mutex.h>
#include <errno.h>
#include <semaphore.h>
#include <unistd.h>

#include "monotonic.h"

/* So long a statement waits for its turn while no round trip ends, then it runs alone. One of reads that
 * takes this long is not held up by the processor but by the disk, or a lock, and it is no use to wait for
 * it; one of writes waits for the disk each time, and sharing that is the point. */
static const apr_interval_time_t wait_max[] = {
    [BATCH_ROWS] = apr_time_from_msec(2),
    [BATCH_PAGES] = apr_time_from_msec(2),
    [BATCH_INSERTS] = apr_time_from_msec(200),
};

/* Behind a round trip, or a new row's wait for one, that was in vain nobody shares one for so many times as
 * long: whatever one statement does to the others, a tenth of their time is what it takes at most. */
enum { PAUSE_FACTOR = 10 };

/* With more than so many about there is a crowd. */
static const int crowd_min[] = {
    [BATCH_ROWS] = 4,
    [BATCH_PAGES] = 4,
    [BATCH_INSERTS] = 2,
};

/* How far a statement has come. */
typedef enum stage_t {
    STAGE_QUEUED,  /* it waits */
    STAGE_LEADS,   /* its thread is to run it, and those that follow */
    STAGE_FOLLOWS, /* its leader's thread runs it */
    STAGE_DONE,    /* it is run, or its thread is to run it alone */
} stage_t;

/* A statement that is in a batch. It is its thread's, which stays until it is told to go on. */
typedef struct waiter_t waiter_t;

struct waiter_t {
    APR_RING_ENTRY(waiter_t) link; /* in the queue */
    stage_t stage;                 /* guarded by the batch's mutex */
    sem_t told;                    /* that it leads, or is done: a semaphore, for to wait for a condition
                                      would be to fight for its mutex with all who are told at the same time */
    unsigned ended;                /* the batch's, when its wait began */
    shared_t shared;
    uint64_t cluster;         /* that its result is of */
    const problem_t *problem; /* no connection was to be had */
    run_t run;                /* how the round trip ended */
    const char *why;          /* what PostgreSQL, or libpq, says to that; of the caller's pool, or static */
};

APR_RING_HEAD(waiters_t, waiter_t);

struct batch_t {
    pool_t *pool;
    batch_kind_t kind;
    apr_thread_mutex_t *mutex; /* guards what follows */
    apr_time_t paused;         /* until then, by monotonic_now(); 0: not */
    struct waiters_t queue;    /* the one that came first, first */
    int waiting;               /* how many are in it */
    unsigned ended;            /* round trips that have ended so far */
    int crowd;                 /* how many were under way, or waiting, when a round trip ended */
    int trips;                 /* round trips that are under way, or about to begin */
    int trips_max;
    int trips_crowd; /* the same in a crowd: the fewer there are, the larger is each group */
    int groups;      /* round trips of several that are under way */
    int groups_max;
};

static int least(int one, int other)
{
    return one < other ? one : other;
}

/* Settles how many round trips are under way at a time, of max connections: the pool has others to serve. */
static void set_limits(batch_t *batch, int max)
{
    int half = max > 1 ? max / 2 : 1;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    int processors = online > 0 && online < half ? (int)online : half;
    int trips = processors + 1; /* one more than can make progress, to be there when another one ends */
    int trips_crowd = trips;

    /* rows that are read together cost less, so larger groups spare more, and httpd's part of the work on
     * a row keeps more processors busy than PostgreSQL's */
    if (batch->kind == BATCH_ROWS)
        trips_crowd = processors > 1 ? processors / 2 : 1;
    if (batch->kind == BATCH_INSERTS) {
        trips = 2 * processors; /* which wait for the disk */
        trips_crowd = 1;        /* the more share a COMMIT, the more that spares */
    }
    batch->trips_max = least(trips, half);
    batch->trips_crowd = least(trips_crowd, half);
    batch->groups_max = batch->kind == BATCH_INSERTS ? 1 : batch->trips_max;
}

/* So many round trips are to be under way now. */
static int trips_wanted(const batch_t *batch)
{
    return batch->crowd > crowd_min[batch->kind] ? batch->trips_crowd : batch->trips_max;
}

batch_t *batch_open(pool_t *pool, batch_kind_t kind, int max)
{
    apr_pool_t *lasting; /* as the pool's: a thread may wait here when its process ends (pool.c) */
    batch_t *batch;

    if (apr_pool_create_unmanaged(&lasting) != APR_SUCCESS)
        return NULL;
    batch = apr_pcalloc(lasting, sizeof *batch);
    batch->pool = pool;
    batch->kind = kind;
    set_limits(batch, max);
    APR_RING_INIT(&batch->queue, waiter_t, link);
    if (apr_thread_mutex_create(&batch->mutex, APR_THREAD_MUTEX_UNNESTED, lasting) != APR_SUCCESS)
        return NULL;
    return batch;
}

/* The one that has waited longest, or NULL. The caller holds the mutex, as those of all that follow. */
static waiter_t *dequeue(batch_t *batch)
{
    waiter_t *waiter = APR_RING_FIRST(&batch->queue);

    if (batch->waiting == 0)
        return NULL;
    APR_RING_REMOVE(waiter, link);
    batch->waiting--;
    return waiter;
}

/* Those that share a round trip. The first is the leader, whose thread runs them all. */
typedef struct group_t {
    waiter_t *waiters[PIPELINE_MAX];
    int count;
    apr_time_t paused; /* nobody is to share a round trip until then, for what became of this one; 0: that is
                          no reason */
} group_t;

static int is_paused(batch_t *batch)
{
    if (batch->paused && batch->paused <= monotonic_now())
        batch->paused = 0;
    return batch->paused != 0;
}

static void pause_until(batch_t *batch, apr_time_t until)
{
    if (until > batch->paused)
        batch->paused = until;
}

static void form_group(batch_t *batch, group_t *group, waiter_t *leader)
{
    int most = is_paused(batch) ? 1 : PIPELINE_MAX;
    waiter_t *follower;

    *group = (group_t){.waiters = {leader}, .count = 1};
    while (group->count < most && (follower = dequeue(batch)) != NULL) {
        follower->stage = STAGE_FOLLOWS;
        group->waiters[group->count++] = follower;
    }
    batch->groups += group->count > 1;
}

/* Ends a round trip: the next one begins with who has waited longest. Whom to wake then, or NULL. */
static waiter_t *next_leader(batch_t *batch)
{
    int is_wanted = batch->groups < batch->groups_max && batch->trips <= trips_wanted(batch);
    waiter_t *next = is_wanted ? dequeue(batch) : NULL;

    if (next)
        next->stage = STAGE_LEADS;
    else
        batch->trips--;
    return next;
}

/* Until when nobody shares a round trip, as one was in vain since start. */
static apr_time_t pause_after(apr_time_t start)
{
    apr_time_t now = monotonic_now();

    return now + (now - start) * PAUSE_FACTOR;
}

/* Whether there is a result for each of a group. */
static int has_all_results(const group_t *group)
{
    for (int n = 0; n < group->count; n++) {
        if (!group->waiters[n]->shared.result)
            return 0;
    }
    return 1;
}

/* Runs the statements of a group of several on one connection. Without the mutex. */
static void run_group(batch_t *batch, group_t *group, apr_pool_t *pool)
{
    shared_t *shared[PIPELINE_MAX];
    sqlstate_t state = {.message = ""};
    run_t run = RUN_REFUSED;
    uint64_t cluster = 0;
    connection_t *connection;
    pipeline_kind_t kind = batch->kind == BATCH_INSERTS ? PIPELINE_WRITES : PIPELINE_READS;
    const problem_t *problem = pool_acquire(batch->pool, POOL_STATEMENT, kind == PIPELINE_READS, &connection);

    for (int n = 0; n < group->count; n++)
        shared[n] = &group->waiters[n]->shared;
    if (!problem) {
        apr_time_t start = monotonic_now();

        run = pipeline_run(connection, kind, shared, group->count, &state, pool);
        cluster = connection->cluster;
        pool_release(batch->pool, connection);
        if (!has_all_results(group))
            group->paused = pause_after(start);
    }
    for (int n = 0; n < group->count; n++) {
        waiter_t *waiter = group->waiters[n];

        waiter->problem = problem;
        waiter->cluster = cluster;
        waiter->run = run;
        waiter->why = n == 0 ? state.message : "as did others in the same transaction";
    }
}

/* Notes how many there are now. It goes down slowly: one round trip that has seen few does not end a crowd.
 */
static void count_crowd(batch_t *batch, int now)
{
    batch->crowd = now < batch->crowd ? batch->crowd - 1 : now;
}

/* Notes that a waiter need not wait any longer. */
static void finish(waiter_t *waiter, struct waiters_t *done)
{
    waiter->stage = STAGE_DONE;
    APR_RING_INSERT_TAIL(done, waiter, waiter_t, link);
}

/* Ends the round trip of a group. The first of them was the caller's. Without the mutex. */
static void finish_group(batch_t *batch, const group_t *group)
{
    struct waiters_t done;
    waiter_t *waiter;
    waiter_t *next;

    APR_RING_INIT(&done, waiter_t, link);
    apr_thread_mutex_lock(batch->mutex);
    for (int n = 1; n < group->count; n++)
        finish(group->waiters[n], &done);
    batch->groups -= group->count > 1;
    batch->ended++;
    count_crowd(batch, group->count + batch->waiting);
    if (group->paused) {
        pause_until(batch, group->paused);
        while ((waiter = dequeue(batch)) != NULL)
            finish(waiter, &done); /* who has waited runs alone */
    }
    next = next_leader(batch);
    apr_thread_mutex_unlock(batch->mutex);
    if (next)
        sem_post(&next->told);
    while (!APR_RING_EMPTY(&done, waiter_t, link)) {
        waiter = APR_RING_FIRST(&done);
        APR_RING_REMOVE(waiter, link);
        sem_post(&waiter->told); /* from here on it is its thread's again, and may be gone */
    }
}

/* Whether a newcomer need not wait. */
static int may_lead(const batch_t *batch)
{
    return batch->waiting == 0 && batch->groups < batch->groups_max && batch->trips < trips_wanted(batch);
}

/* Enters a waiter. Whether it is to wait; else it leads *group, which is empty where it runs alone and
 * outside of the batch. */
static int enter(batch_t *batch, waiter_t *waiter, group_t *group)
{
    group->count = 0;
    if (is_paused(batch))
        return 0;
    if (may_lead(batch)) {
        batch->trips++;
        form_group(batch, group, waiter);
        return 0;
    }
    APR_RING_INSERT_TAIL(&batch->queue, waiter, waiter_t, link);
    batch->waiting++;
    waiter->ended = batch->ended;
    return 1;
}

/* Waits until a waiter is told something. Without the mutex. 0: the time has passed. */
static int wait_limited(waiter_t *waiter, apr_time_t until)
{
    struct timespec end = monotonic_timespec(until);
    int failed;

    while ((failed = sem_clockwait(&waiter->told, CLOCK_MONOTONIC, &end)) != 0 && errno == EINTR)
        continue;
    return !failed;
}

static void wait_told(waiter_t *waiter)
{
    while (sem_wait(&waiter->told) != 0)
        continue; /* a signal */
}

/* Takes a waiter out of the queue, unless round trips have ended since its wait began: then that begins anew.
 */
static int give_up(batch_t *batch, waiter_t *waiter)
{
    if (waiter->ended != batch->ended) {
        waiter->ended = batch->ended;
        return 0;
    }
    APR_RING_REMOVE(waiter, link);
    batch->waiting--;
    if (batch->kind == BATCH_INSERTS) /* reads may have waited for a processor just as well */
        pause_until(batch, pause_after(monotonic_now() - wait_max[batch->kind]));
    return 1;
}

/* Waits until a waiter is to lead *group, or is done, or has waited too long. */
static void wait_for_turn(batch_t *batch, waiter_t *waiter, group_t *group)
{
    while (!wait_limited(waiter, monotonic_now() + wait_max[batch->kind])) {
        int is_queued;
        int has_given_up;

        apr_thread_mutex_lock(batch->mutex);
        is_queued = waiter->stage == STAGE_QUEUED;
        has_given_up = is_queued && give_up(batch, waiter);
        apr_thread_mutex_unlock(batch->mutex);
        if (has_given_up)
            return;
        if (!is_queued) {
            wait_told(waiter);
            break;
        }
    }
    if (waiter->stage != STAGE_LEADS)
        return;
    apr_thread_mutex_lock(batch->mutex);
    form_group(batch, group, waiter);
    apr_thread_mutex_unlock(batch->mutex);
}

/* Whether a statement without a result must not, or need not, run again: it may be in effect, or it has had
 * its time. */
static int is_final(const waiter_t *waiter, const job_t *job)
{
    return waiter->run == RUN_OVERDUE || (waiter->run == RUN_LOST && !job->is_repeatable);
}

/* What has become of a waiter that was in a group, or in none. */
static const problem_t *conclude(batch_t *batch, request_rec *r, const job_t *job, const waiter_t *waiter)
{
    if (waiter->shared.result) {
        *job->rows = rows_of_part(waiter->shared.result, waiter->shared.first, waiter->shared.count,
                                  waiter->cluster, job->pool);
        return NULL;
    }
    if (waiter->problem)
        return waiter->problem;
    if (is_final(waiter, job))
        return job_outcome(r, waiter->run, job->statement, &(sqlstate_t){.message = waiter->why});
    return job_run(batch->pool, r, job); /* nobody has run it, or it had no effect in its group */
}

/* Runs a job in the batch. */
static const problem_t *run_in_batch(batch_t *batch, request_rec *r, const job_t *job, waiter_t *waiter)
{
    const problem_t *problem;
    group_t group;
    int waits;

    apr_thread_mutex_lock(batch->mutex);
    waits = enter(batch, waiter, &group);
    apr_thread_mutex_unlock(batch->mutex);
    if (waits)
        wait_for_turn(batch, waiter, &group);
    if (group.count == 1) {
        problem = job_run(batch->pool, r, job);
        finish_group(batch, &group);
        return problem;
    }
    if (group.count > 1) {
        run_group(batch, &group, job->pool);
        finish_group(batch, &group);
    }
    return conclude(batch, r, job, waiter);
}

const problem_t *batch_run(batch_t *batch, request_rec *r, const job_t *job)
{
    waiter_t waiter = {
        .stage = STAGE_QUEUED,
        .shared = {.statement = job->statement, .values = job->values},
        .run = RUN_REFUSED,
    };
    const problem_t *problem;

    sem_init(&waiter.told, 0, 0);
    problem = run_in_batch(batch, r, job, &waiter);
    sem_destroy(&waiter.told);
    return problem;
}
