/* SPDX-License-Identifier: Apache-2.0 */
#include "batch.h"

#include <apr_thread_mutex.h>
#include <sched.h>
#include <unistd.h>

#include "../metrics/counters.h"
#include "../monotonic.h"
#include "group.h"

/* The way of a statement. What stands in capitals is its group's stage (stage_t).
 *
 *   batch_run() -- sharing is paused ------------------------------> alone, job_run()
 *       |
 *   enqueue(): joins the last group, or leads a new one
 *       |
 *    QUEUED -- a round trip is free, enter(), or ends, next_group() --> CALLED: others still join
 *       |                                                                 |
 *       |                         run_alone(), end_trip() <-- of one --- RUNS, close_group()
 *       |                                                                 |
 *       |                         run_group(), end_trip(); <-- of several +
 *       |                         conclude(): alone if without a result
 *       |
 *       +-- none ends for too long, give_up() ------> DISSOLVED ---> each alone, job_run()
 *       |
 *       +-- one ends that was in vain, end_trip() --> DISSOLVED ---> each alone, job_run()
 *
 * A round trip was in vain where not each of its group has a result. It pauses sharing, and so does a wait
 * that was too long, where the kind's policy says so. */

/* A number of round trips that goes with the number of processors. */
typedef struct trips_t {
    int by_two; /* so many for each two processors */
    int more;   /* and so many */
} trips_t;

/* How a kind shares. */
typedef struct policy_t {
    pipeline_kind_t together;
    int is_repeatable;            /* all jobs of the kind are (job_t) */
    trips_t trips;                /* under way at a time */
    trips_t trips_crowd;          /* the same in a crowd: the fewer there are, the larger is each group */
    trips_t groups;               /* those among them that are of several */
    int crowd_min;                /* with more than so many about there is a crowd */
    int gathers;                  /* in a crowd who is to go alone lets others run first, who may join */
    apr_interval_time_t patience; /* so long a statement waits for its turn while no round trip ends, then it
                                     runs alone */
    int pauses_impatient;         /* where it did, sharing is paused */
} policy_t;

/* Reads have one round trip more than can make progress, to be there when another one ends. One that takes
 * longer than their patience is not held up by the processor but by the disk, or a lock, and it is no use to
 * wait for it; it may have waited for a processor just as well, so that is no reason to pause. Rows that are
 * read together cost less, so larger groups spare more, and httpd's part of the work on a row keeps more
 * processors busy than PostgreSQL's: hence fewer round trips in a crowd.
 *
 * Writes wait for the disk each time, and sharing that is the point: the more share a COMMIT, the more that
 * spares. */
static const policy_t policies[BATCH_KINDS] = {
    [BATCH_ROWS] = {.together = PIPELINE_READS,
                    .is_repeatable = 1,
                    .trips = {.by_two = 2, .more = 1},
                    .trips_crowd = {.by_two = 1, .more = 0},
                    .groups = {.by_two = 2, .more = 1},
                    .crowd_min = 4,
                    .gathers = 1,
                    .patience = apr_time_from_msec(2)},
    [BATCH_PAGES] = {.together = PIPELINE_READS,
                     .is_repeatable = 1,
                     .trips = {.by_two = 2, .more = 1},
                     .trips_crowd = {.by_two = 2, .more = 1},
                     .groups = {.by_two = 2, .more = 1},
                     .crowd_min = 4,
                     .patience = apr_time_from_msec(2)},
    [BATCH_INSERTS] = {.together = PIPELINE_WRITES,
                       .trips = {.by_two = 4, .more = 0},
                       .trips_crowd = {.by_two = 0, .more = 1},
                       .groups = {.by_two = 0, .more = 1},
                       .crowd_min = 2,
                       .patience = apr_time_from_msec(200),
                       .pauses_impatient = 1},
};

_Static_assert(sizeof policies / sizeof *policies == LABEL_BATCHES, "each kind has a label");

/* Behind a round trip, or a write's wait for one, that was in vain nobody shares one for so many times as
 * long: whatever one statement does to the others, a tenth of their time is what it takes at most. */
enum { PAUSE_FACTOR = 10 };

struct batch_t {
    pool_t *pool;
    const policy_t *policy;
    apr_thread_mutex_t *mutex; /* guards what follows */
    apr_time_t paused;         /* until then, by monotonic_now(); 0: not */
    struct groups_t queue;     /* the one that came first, first */
    int waiting;               /* how many are in its groups */
    unsigned ended;            /* round trips that have ended so far */
    int crowd;                 /* how many were under way, or waiting, when a round trip ended */
    int trips;                 /* round trips that are under way, or about to begin */
    int trips_max;
    int trips_crowd; /* the same in a crowd */
    int groups;      /* round trips of several that are under way */
    int groups_max;
};

static int within(int least, int value, int most)
{
    return value < least ? least : value > most ? most : value;
}

/* How many round trips that is: one at least, and at most half of max connections, for the pool has others to
 * serve. */
static int count_trips(trips_t trips, int max)
{
    int half = within(1, max / 2, max);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    int processors = online > 0 && online < half ? (int)online : half;

    return within(1, processors * trips.by_two / 2 + trips.more, half);
}

static int is_crowd(const batch_t *batch)
{
    return batch->crowd > batch->policy->crowd_min;
}

/* So many round trips are to be under way now. */
static int trips_wanted(const batch_t *batch)
{
    return is_crowd(batch) ? batch->trips_crowd : batch->trips_max;
}

batch_t *batch_open(pool_t *pool, batch_kind_t kind, int max)
{
    apr_pool_t *lasting; /* as the pool's: a thread may wait here when its process ends (pool.c) */
    batch_t *batch;

    if (apr_pool_create_unmanaged(&lasting) != APR_SUCCESS)
        return NULL;
    batch = apr_pcalloc(lasting, sizeof *batch);
    batch->pool = pool;
    batch->policy = &policies[kind];
    batch->trips_max = count_trips(batch->policy->trips, max);
    batch->trips_crowd = count_trips(batch->policy->trips_crowd, max);
    batch->groups_max = count_trips(batch->policy->groups, max);
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

/* The group that has waited longest for its turn, or NULL. */
static group_t *first_queued(const batch_t *batch)
{
    group_t *group;

    APR_RING_FOREACH(group, &batch->queue, group_t, link)
    {
        if (group->stage == STAGE_QUEUED)
            return group;
    }
    return NULL;
}

/* Takes a group out: nobody joins it any longer. */
static void dequeue(batch_t *batch, group_t *group, stage_t stage)
{
    group->stage = stage;
    APR_RING_REMOVE(group, link);
    batch->waiting -= group->count;
}

/* Gives a group its round trip. Until it is closed it counts as one of several, which it may become. */
static void call(batch_t *batch, group_t *group)
{
    group->stage = STAGE_CALLED;
    batch->groups++;
}

/* Hands a round trip that has ended on to the group that has waited longest. Whose leader to tell so then, or
 * NULL. */
static group_t *next_group(batch_t *batch)
{
    int is_wanted = batch->groups < batch->groups_max && batch->trips <= trips_wanted(batch);
    group_t *next = is_wanted ? first_queued(batch) : NULL;

    if (next)
        call(batch, next);
    else
        batch->trips--;
    return next;
}

/* Has all who wait run alone. */
static void dissolve_all(batch_t *batch)
{
    group_t *group;

    while ((group = first_queued(batch)) != NULL) {
        dequeue(batch, group, STAGE_DISSOLVED);
        group_tell(group);
    }
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
    if (batch->policy->pauses_impatient)
        pause_until(batch, pause_after(monotonic_now() - batch->policy->patience));
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

/* Tells each of a group what became of the round trip. */
static void tell_outcome(group_t *group, const problem_t *problem, run_t run, const char *why)
{
    for (int n = 0; n < group->count; n++) {
        waiter_t *waiter = group->waiters[n];

        waiter->problem = problem;
        waiter->run = run;
        waiter->why = n == 0 ? why : "as did others in the same transaction";
    }
}

/* Runs the statements of a group of several on one connection, for its leader's job. Until when nobody is to
 * share a round trip, for what became of this one; 0: that is no reason. */
static apr_time_t run_group(batch_t *batch, request_rec *r, group_t *group, apr_pool_t *pool)
{
    const policy_t *policy = batch->policy;
    shared_t *shared[PIPELINE_MAX];
    sqlstate_t state = {.message = ""};
    apr_time_t start;
    connection_t *connection;
    run_t run;
    const problem_t *problem =
        pool_acquire(batch->pool, policy->together == PIPELINE_WRITES ? POOL_WRITE : POOL_STATEMENT,
                     policy->is_repeatable, &connection);

    if (problem) {
        tell_outcome(group, problem, RUN_REFUSED, state.message);
        return 0;
    }
    for (int n = 0; n < group->count; n++)
        shared[n] = &group->waiters[n]->shared;
    start = monotonic_now();
    run = pipeline_run(connection, policy->together, shared, group->count, &state, pool);
    if (run == RUN_STALE)
        job_log_replaced(r, connection, "a group of statements", &state);
    connection->is_committed = run == RUN_DONE && policy->together == PIPELINE_WRITES;
    pool_release(batch->pool, connection);
    tell_outcome(group, NULL, run, state.message);
    return has_all_results(group) ? 0 : pause_after(start);
}

/* Ends a round trip of so many. With a reason to pause, who has waited runs alone. */
static void end_trip(batch_t *batch, int count, apr_time_t paused)
{
    group_t *next;

    apr_thread_mutex_lock(batch->mutex);
    batch->groups -= count > 1;
    batch->ended++;
    count_crowd(batch, count + batch->waiting);
    if (paused) {
        pause_until(batch, paused);
        dissolve_all(batch);
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
    while (!group_wait(group, monotonic_now() + batch->policy->patience)) {
        int has_given_up;

        apr_thread_mutex_lock(batch->mutex);
        has_given_up = give_up(batch, group);
        apr_thread_mutex_unlock(batch->mutex);
        if (has_given_up)
            return;
    }
}

/* Whether others are worth being waited for by a group that has been called. The caller holds the mutex. */
static int may_gather(const batch_t *batch, const group_t *group)
{
    return batch->policy->gathers && is_crowd(batch) && group->count == 1;
}

/* Closes a group that has been called. To gather others its leader lets those run first who are ready to:
 * where nobody is, it loses no time. */
static void close_group(batch_t *batch, group_t *group)
{
    apr_thread_mutex_lock(batch->mutex);
    if (group->stage == STAGE_CALLED) {
        if (may_gather(batch, group)) {
            apr_thread_mutex_unlock(batch->mutex);
            sched_yield();
            apr_thread_mutex_lock(batch->mutex);
        }
        dequeue(batch, group, STAGE_RUNS);
        batch->groups -= group->count == 1;
    }
    apr_thread_mutex_unlock(batch->mutex);
}

/* Whether a statement without a result must not, or need not, run again: it may be in effect, or it has had
 * its time. */
static int is_final(const waiter_t *waiter, const job_t *job)
{
    return waiter->run == RUN_OVERDUE || waiter->run == RUN_DOUBT ||
           ((waiter->run == RUN_LOST || waiter->run == RUN_ODD) && !job->is_repeatable);
}

static unsigned kind_of(const batch_t *batch)
{
    return (unsigned)(batch->policy - policies);
}

/* Each statement once. */
static void count(const batch_t *batch, label_way_t way)
{
    COUNTERS_ADD(batch_statements, kind_of(batch) * LABEL_WAYS + way, 1);
}

/* What has become of a waiter that was in a group. */
static const problem_t *conclude(batch_t *batch, request_rec *r, const job_t *job, const waiter_t *waiter)
{
    int has_run = waiter->shared.result || waiter->problem || is_final(waiter, job);

    count(batch, has_run ? LABEL_SHARED : LABEL_ALONE);
    if (waiter->shared.result) {
        *job->rows =
            rows_of_part(waiter->shared.result, waiter->shared.first, waiter->shared.count, job->pool);
        return NULL;
    }
    if (waiter->problem)
        return waiter->problem;
    if (has_run)
        return job_outcome(r, waiter->run, job, &(sqlstate_t){.message = waiter->why});
    return job_run(batch->pool, r, job); /* nobody has run it, or it had no effect in its group */
}

/* A round trip that nobody shares. */
static const problem_t *run_alone(batch_t *batch, request_rec *r, const job_t *job)
{
    const problem_t *problem = job_run(batch->pool, r, job);

    count(batch, LABEL_ALONE);
    end_trip(batch, 1, 0);
    return problem;
}

/* Runs a job as the leader of a group, and those of its followers. */
static const problem_t *lead(batch_t *batch, request_rec *r, const job_t *job, group_t *group)
{
    const waiter_t *waiter = group->waiters[0];
    int is_alone;

    wait_for_turn(batch, group);
    close_group(batch, group);
    is_alone = group->stage == STAGE_RUNS && group->count == 1;
    if (group->stage == STAGE_RUNS && !is_alone) {
        apr_time_t paused = run_group(batch, r, group, job->pool);

        COUNTERS_ADD(batch_trips, kind_of(batch), 1);
        end_trip(batch, group->count, paused);
    }
    group_disband(group);
    return is_alone ? run_alone(batch, r, job) : conclude(batch, r, job, waiter);
}

/* Has a statement wait in a group, which may have a round trip at once. NULL: it is to share nothing, as
 * sharing is paused or there is no memory. */
static group_t *enter(batch_t *batch, waiter_t *waiter)
{
    group_t *group = NULL;

    apr_thread_mutex_lock(batch->mutex);
    if (!is_paused(batch)) {
        int has_trip = may_run(batch);

        group = enqueue(batch, waiter);
        if (group && has_trip) {
            batch->trips++;
            call(batch, group);
            group_tell(group);
        }
    }
    apr_thread_mutex_unlock(batch->mutex);
    return group;
}

const problem_t *batch_run(batch_t *batch, request_rec *r, const job_t *job)
{
    waiter_t waiter = {
        .shared = {.statement = job->statement, .values = job->values},
        .run = RUN_REFUSED,
    };
    group_t *group = enter(batch, &waiter);

    if (!group) {
        count(batch, LABEL_ALONE);
        return job_run(batch->pool, r, job);
    }
    if (group->waiters[0] == &waiter)
        return lead(batch, r, job, group);
    group_follow(group);
    return conclude(batch, r, job, &waiter);
}
