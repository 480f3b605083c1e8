/* SPDX-License-Identifier: Apache-2.0 */
#include "batch.h"

#include <apr_thread_mutex.h>
#include <unistd.h>

#include "group.h"
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

struct batch_t {
    pool_t *pool;
    batch_kind_t kind;
    apr_thread_mutex_t *mutex; /* guards what follows */
    apr_time_t paused;         /* until then, by monotonic_now(); 0: not */
    struct groups_t queue;     /* the one that came first, first */
    int waiting;               /* how many are in its groups */
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
    APR_RING_INIT(&batch->queue, group_t, link);
    if (apr_thread_mutex_create(&batch->mutex, APR_THREAD_MUTEX_UNNESTED, lasting) != APR_SUCCESS)
        return NULL;
    return batch;
}

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

/* Until when nobody shares a round trip, as one was in vain since start. */
static apr_time_t pause_after(apr_time_t start)
{
    apr_time_t now = monotonic_now();

    return now + (now - start) * PAUSE_FACTOR;
}

/* --- The queue. The caller holds the mutex -------------------------------------------------------------- */

/* Whether a newcomer need not wait. */
static int may_run(const batch_t *batch)
{
    return batch->waiting == 0 && batch->groups < batch->groups_max && batch->trips < trips_wanted(batch);
}

/* Has a waiter wait in the last group that has room, or lead a new one. NULL: out of memory. */
static group_t *enqueue(batch_t *batch, waiter_t *waiter)
{
    group_t *group = batch->waiting > 0 ? APR_RING_LAST(&batch->queue) : NULL;

    if (!group || group->count == PIPELINE_MAX) {
        group = group_make();
        if (!group)
            return NULL;
        group->ended = batch->ended;
        APR_RING_INSERT_TAIL(&batch->queue, group, group_t, link);
    }
    group_join(group, waiter);
    batch->waiting++;
    return group;
}

/* Takes a group out: nobody joins it any longer. */
static void dequeue(batch_t *batch, group_t *group, stage_t stage)
{
    group->stage = stage;
    APR_RING_REMOVE(group, link);
    batch->waiting -= group->count;
}

/* Hands a round trip that has ended on to the group that has waited longest. Whose leader to tell so then, or
 * NULL. */
static group_t *next_group(batch_t *batch)
{
    int is_wanted = batch->groups < batch->groups_max && batch->trips <= trips_wanted(batch);
    group_t *next = is_wanted && batch->waiting > 0 ? APR_RING_FIRST(&batch->queue) : NULL;

    if (!next) {
        batch->trips--;
        return NULL;
    }
    dequeue(batch, next, STAGE_RUNS);
    batch->groups += next->count > 1;
    return next;
}

/* Notes how many there are now. It goes down slowly: one round trip that has seen few does not end a crowd.
 */
static void count_crowd(batch_t *batch, int now)
{
    batch->crowd = now < batch->crowd ? batch->crowd - 1 : now;
}

/* Takes a group out whose leader has waited too long, unless round trips have ended since its wait began:
 * then that begins anew. Whether it did. */
static int give_up(batch_t *batch, group_t *group)
{
    if (group->stage != STAGE_QUEUED)
        return 0; /* it is about to be told */
    if (group->ended != batch->ended) {
        group->ended = batch->ended;
        return 0;
    }
    dequeue(batch, group, STAGE_DISSOLVED);
    if (batch->kind == BATCH_INSERTS) /* reads may have waited for a processor just as well */
        pause_until(batch, pause_after(monotonic_now() - wait_max[batch->kind]));
    return 1;
}

/* --- Round trips. Without the mutex --------------------------------------------------------------------- */

/* Whether there is a result for each of a group. */
static int has_all_results(const group_t *group)
{
    for (int n = 0; n < group->count; n++) {
        if (!group->waiters[n]->shared.result)
            return 0;
    }
    return 1;
}

/* Runs the statements of a group of several on one connection. Until when nobody is to share a round trip,
 * for what became of this one; 0: that is no reason. */
static apr_time_t run_group(batch_t *batch, group_t *group, apr_pool_t *pool)
{
    shared_t *shared[PIPELINE_MAX];
    sqlstate_t state = {.message = ""};
    run_t run = RUN_REFUSED;
    uint64_t cluster = 0;
    apr_time_t paused = 0;
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
            paused = pause_after(start);
    }
    for (int n = 0; n < group->count; n++) {
        waiter_t *waiter = group->waiters[n];

        waiter->problem = problem;
        waiter->cluster = cluster;
        waiter->run = run;
        waiter->why = n == 0 ? state.message : "as did others in the same transaction";
    }
    return paused;
}

/* Ends a round trip of so many. With a reason to pause, who has waited runs alone. */
static void end_trip(batch_t *batch, int count, apr_time_t paused)
{
    group_t *next;

    apr_thread_mutex_lock(batch->mutex);
    batch->groups -= count > 1;
    batch->ended++;
    count_crowd(batch, count + batch->waiting);
    pause_until(batch, paused);
    while (paused && batch->waiting > 0) {
        group_t *group = APR_RING_FIRST(&batch->queue);

        dequeue(batch, group, STAGE_DISSOLVED);
        group_tell(group);
    }
    next = next_group(batch);
    apr_thread_mutex_unlock(batch->mutex);
    if (next)
        group_tell(next);
}

/* --- A statement ---------------------------------------------------------------------------------------- */

/* The leader's wait until its group is to run, or is dissolved. */
static void wait_for_turn(batch_t *batch, group_t *group)
{
    while (!group_wait(group, monotonic_now() + wait_max[batch->kind])) {
        int has_given_up;

        apr_thread_mutex_lock(batch->mutex);
        has_given_up = give_up(batch, group);
        apr_thread_mutex_unlock(batch->mutex);
        if (has_given_up)
            return;
    }
}

/* Whether a statement without a result must not, or need not, run again: it may be in effect, or it has had
 * its time. */
static int is_final(const waiter_t *waiter, const job_t *job)
{
    return waiter->run == RUN_OVERDUE ||
           ((waiter->run == RUN_LOST || waiter->run == RUN_ODD) && !job->is_repeatable);
}

/* What has become of a waiter that was in a group. */
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
        return job_outcome(r, waiter->run, job, &(sqlstate_t){.message = waiter->why});
    return job_run(batch->pool, r, job); /* nobody has run it, or it had no effect in its group */
}

/* A round trip that nobody shares. */
static const problem_t *run_alone(batch_t *batch, request_rec *r, const job_t *job)
{
    const problem_t *problem = job_run(batch->pool, r, job);

    end_trip(batch, 1, 0);
    return problem;
}

/* Runs a job as the leader of a group, and those of its followers. */
static const problem_t *lead(batch_t *batch, request_rec *r, const job_t *job, group_t *group)
{
    const waiter_t *waiter = group->waiters[0];
    int is_alone;

    wait_for_turn(batch, group);
    is_alone = group->stage == STAGE_RUNS && group->count == 1;
    if (group->stage == STAGE_RUNS && !is_alone) {
        apr_time_t paused = run_group(batch, group, job->pool);

        end_trip(batch, group->count, paused);
    }
    group_disband(group);
    return is_alone ? run_alone(batch, r, job) : conclude(batch, r, job, waiter);
}

const problem_t *batch_run(batch_t *batch, request_rec *r, const job_t *job)
{
    waiter_t waiter = {
        .shared = {.statement = job->statement, .values = job->values},
        .run = RUN_REFUSED,
    };
    group_t *group = NULL;
    int is_trip = 0;

    apr_thread_mutex_lock(batch->mutex);
    if (!is_paused(batch)) {
        is_trip = may_run(batch);
        if (is_trip)
            batch->trips++;
        else
            group = enqueue(batch, &waiter);
    }
    apr_thread_mutex_unlock(batch->mutex);

    if (is_trip)
        return run_alone(batch, r, job);
    if (!group)
        return job_run(batch->pool, r, job);
    if (group->waiters[0] == &waiter)
        return lead(batch, r, job, group);
    group_follow(group);
    return conclude(batch, r, job, &waiter);
}
