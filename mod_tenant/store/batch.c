/* SPDX-License-Identifier: Apache-2.0 */
#include "batch.h"

#include <apr_ring.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <unistd.h>

/* Statements that gather or are under way; whoever finds no seat runs alone. */
enum { SEATS = 64 };

/* So long a statement gathers at most, then it runs alone. A round trip of reads that takes this long is not
 * held up by the processor but by the disk, or a lock, and it is no use to wait for it; one of writes waits
 * for the disk each time, and sharing that is the point. */
static const apr_interval_time_t patience[] = {
    [PIPELINE_READS] = apr_time_from_msec(2),
    [PIPELINE_WRITES] = apr_time_from_msec(20),
};

/* Behind a round trip, or a wait for one, that was in vain nobody shares one for so many times as long:
 * whatever one statement does to the others, a tenth of their time is what it takes at most. */
enum { PAUSE_FACTOR = 10 };

/* How far a statement has come. */
typedef enum stage_t {
    STAGE_GATHERED, /* it waits */
    STAGE_SETS_OUT, /* it is its thread's to run, along with what has gathered */
    STAGE_UNDERWAY, /* another thread runs it */
    STAGE_ARRIVED,  /* and has done so */
} stage_t;

typedef struct seat_t seat_t;

struct seat_t {
    APR_RING_ENTRY(seat_t) link; /* among the free or the gathered ones */
    apr_thread_cond_t *changed;  /* the stage, by another thread */
    stage_t stage;
    shared_t shared;
    uint64_t cluster;         /* that its result is of */
    const problem_t *problem; /* no connection was to be had */
    run_t run;                /* how the round trip ended */
    const char *why;          /* what PostgreSQL, or libpq, says to that; of the caller's pool, or static */
};

APR_RING_HEAD(seats_t, seat_t);

struct batch_t {
    pool_t *pool;
    pipeline_kind_t kind;
    apr_thread_mutex_t *mutex; /* guards what follows */
    apr_time_t paused;         /* until then; 0: not */
    struct seats_t free;
    struct seats_t gathered; /* the one that came first, first */
    int waiting;             /* how many those are */
    int crowd;               /* how many were under way, or waiting, when a trip ended */
    int trips;               /* under way, or about to set out */
    int trips_max;
    int companies; /* trips of several that are under way */
    int companies_max;
    seat_t seats[SEATS];
};

/* With more than so many about, writes make one trip at a time. */
enum { CROWD_WRITES = 2 };

/* As many as can make progress at a time, of max connections: the pool has others to serve. */
static int trips_of(int max)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int half = max > 1 ? max / 2 : 1;

    return processors > 0 && processors < half ? (int)processors : half;
}

batch_t *batch_open(pool_t *pool, pipeline_kind_t kind, int max)
{
    apr_pool_t *lasting; /* as the pool's: a thread may wait here when its process ends (pool.c) */
    batch_t *batch;

    if (apr_pool_create_unmanaged(&lasting) != APR_SUCCESS)
        return NULL;
    batch = apr_pcalloc(lasting, sizeof *batch);
    batch->pool = pool;
    batch->kind = kind;
    batch->trips_max = trips_of(max);
    batch->companies_max = batch->trips_max;
    if (kind == PIPELINE_WRITES) {
        /* of writes alone twice as many: they wait for the disk; of companies one, which is work enough for a
         * child's processors, and the larger it is, the more it spares */
        batch->trips_max *= 2;
        batch->companies_max = 1;
    }
    APR_RING_INIT(&batch->free, seat_t, link);
    APR_RING_INIT(&batch->gathered, seat_t, link);
    if (apr_thread_mutex_create(&batch->mutex, APR_THREAD_MUTEX_UNNESTED, lasting) != APR_SUCCESS)
        return NULL;
    for (int n = 0; n < SEATS; n++) {
        if (apr_thread_cond_create(&batch->seats[n].changed, lasting) != APR_SUCCESS)
            return NULL;
        APR_RING_INSERT_TAIL(&batch->free, &batch->seats[n], seat_t, link);
    }
    return batch;
}

/* Takes the first seat of a ring, or NULL. The caller holds the mutex, as those of all that follow. */
static seat_t *take(struct seats_t *ring)
{
    seat_t *seat = APR_RING_FIRST(ring);

    if (seat == APR_RING_SENTINEL(ring, seat_t, link))
        return NULL;
    APR_RING_REMOVE(seat, link);
    return seat;
}

/* The one that has waited longest, or NULL. */
static seat_t *take_gathered(batch_t *batch)
{
    seat_t *seat = take(&batch->gathered);

    batch->waiting -= seat != NULL;
    return seat;
}

/* Those that set out with the first of them, whose thread takes them. */
typedef struct company_t {
    seat_t *seats[PIPELINE_MAX];
    int count;
    apr_time_t paused; /* nobody is to share a round trip until then, for what became of this one; 0: that is
                          no reason */
} company_t;

static void gather(batch_t *batch, company_t *company, seat_t *first)
{
    seat_t *seat = first;

    *company = (company_t){.count = 0};
    do {
        seat->stage = STAGE_UNDERWAY;
        company->seats[company->count++] = seat;
    } while (company->count < PIPELINE_MAX && (seat = take_gathered(batch)) != NULL);
    batch->companies += company->count > 1;
}

/* Ends a round trip: the next one begins with who has waited longest. Whom to wake then, or NULL. */
static seat_t *follow(batch_t *batch)
{
    seat_t *next = batch->companies < batch->companies_max ? take_gathered(batch) : NULL;

    if (next)
        next->stage = STAGE_SETS_OUT;
    else
        batch->trips--;
    return next;
}

/* Until when nobody shares a round trip, as one was in vain since start. */
static apr_time_t pause_after(apr_time_t start)
{
    apr_time_t now = apr_time_now();

    return now + (now - start) * PAUSE_FACTOR;
}

/* Runs the statements of a company of several on one connection. Without the mutex. */
static void travel(batch_t *batch, company_t *company, apr_pool_t *pool)
{
    shared_t *shared[PIPELINE_MAX];
    sqlstate_t state = {.message = ""};
    run_t run = RUN_REFUSED;
    uint64_t cluster = 0;
    connection_t *connection;
    const problem_t *problem =
        pool_acquire(batch->pool, POOL_STATEMENT, batch->kind == PIPELINE_READS, &connection);

    for (int n = 0; n < company->count; n++)
        shared[n] = &company->seats[n]->shared;
    if (!problem) {
        apr_time_t start = apr_time_now();

        run = pipeline_run(connection, batch->kind, shared, company->count, &state, pool);
        cluster = connection->cluster;
        pool_release(batch->pool, connection);
        if (run != RUN_DONE)
            company->paused = pause_after(start);
    }
    for (int n = 0; n < company->count; n++) {
        seat_t *seat = company->seats[n];

        seat->problem = problem;
        seat->cluster = cluster;
        seat->run = run;
        seat->why = n == 0 ? state.message : "as did others in the same transaction";
    }
}

/* Notes how many there are now. It goes down slowly: one trip that has seen few does not end a crowd. */
static void count_crowd(batch_t *batch, int now)
{
    batch->crowd = now < batch->crowd ? batch->crowd - 1 : now;
}

/* Ends the round trip of a company. The first of them was the caller's. */
static void arrive(batch_t *batch, const company_t *company)
{
    seat_t *next;

    apr_thread_mutex_lock(batch->mutex);
    for (int n = 1; n < company->count; n++)
        company->seats[n]->stage = STAGE_ARRIVED;
    APR_RING_INSERT_HEAD(&batch->free, company->seats[0], seat_t, link);
    batch->companies -= company->count > 1;
    count_crowd(batch, company->count + batch->waiting);
    if (company->paused)
        batch->paused = company->paused;
    next = follow(batch);
    apr_thread_mutex_unlock(batch->mutex);
    /* behind the mutex, which they want at once; a seat may have another by now, whom this wakes in vain */
    if (next)
        apr_thread_cond_signal(next->changed);
    for (int n = 1; n < company->count; n++)
        apr_thread_cond_signal(company->seats[n]->changed);
}

static int is_paused(batch_t *batch)
{
    if (batch->paused && batch->paused <= apr_time_now())
        batch->paused = 0;
    return batch->paused != 0;
}

/* Whether a newcomer need not wait. */
static int may_set_out(const batch_t *batch)
{
    if (batch->waiting > 0 || batch->companies == batch->companies_max)
        return 0;
    if (batch->kind == PIPELINE_WRITES && batch->crowd > CROWD_WRITES)
        return batch->trips == 0;
    return batch->trips < batch->trips_max;
}

/* A seat for a statement: about to set out if it need not wait, else gathered. NULL: there is none. */
static seat_t *sit_down(batch_t *batch, const job_t *job)
{
    seat_t *seat = is_paused(batch) ? NULL : take(&batch->free);

    if (!seat)
        return NULL;
    seat->shared = (shared_t){.statement = job->statement, .values = job->values};
    if (may_set_out(batch)) {
        batch->trips++;
        seat->stage = STAGE_SETS_OUT;
    } else {
        seat->stage = STAGE_GATHERED;
        batch->waiting++;
        APR_RING_INSERT_TAIL(&batch->gathered, seat, seat_t, link);
    }
    return seat;
}

/* Waits for a seat's turn, or for those who took it along. */
static void wait_for_turn(batch_t *batch, seat_t *seat)
{
    apr_time_t start = seat->stage == STAGE_GATHERED ? apr_time_now() : 0;
    apr_interval_time_t left;

    while (seat->stage == STAGE_GATHERED && (left = start + patience[batch->kind] - apr_time_now()) > 0)
        apr_thread_cond_timedwait(seat->changed, batch->mutex, left);
    if (seat->stage == STAGE_GATHERED) {
        APR_RING_REMOVE(seat, link);
        batch->waiting--;
        if (batch->kind == PIPELINE_WRITES) /* reads may have waited for a processor just as well */
            batch->paused = pause_after(start);
    }
    while (seat->stage == STAGE_UNDERWAY)
        apr_thread_cond_wait(seat->changed, batch->mutex);
}

/* Enters a statement and waits. It is the caller's to run, with its company; or, where there is none,
 * *outcome is what became of its seat: nothing where nobody has taken it along. */
static void enter(batch_t *batch, const job_t *job, company_t *company, seat_t *outcome)
{
    seat_t *seat;

    *company = (company_t){.count = 0};
    *outcome = (seat_t){.stage = STAGE_GATHERED, .run = RUN_REFUSED};
    apr_thread_mutex_lock(batch->mutex);
    seat = sit_down(batch, job);
    if (seat) {
        wait_for_turn(batch, seat);
        if (seat->stage == STAGE_SETS_OUT) {
            gather(batch, company, seat);
        } else {
            if (seat->stage == STAGE_ARRIVED)
                *outcome = *seat;
            APR_RING_INSERT_HEAD(&batch->free, seat, seat_t, link);
        }
    }
    apr_thread_mutex_unlock(batch->mutex);
}

/* Whether a statement without a result must not, or need not, run again: it may be in effect, or it has had
 * its time. */
static int is_final(const seat_t *outcome, const job_t *job)
{
    return outcome->run == RUN_OVERDUE || (outcome->run == RUN_LOST && !job->is_repeatable);
}

const problem_t *batch_run(batch_t *batch, request_rec *r, const job_t *job)
{
    const problem_t *problem;
    company_t company;
    seat_t outcome;

    enter(batch, job, &company, &outcome);
    if (company.count == 1) {
        problem = job_run(batch->pool, r, job);
        arrive(batch, &company);
        return problem;
    }
    if (company.count > 1) {
        travel(batch, &company, job->pool);
        outcome = *company.seats[0];
        arrive(batch, &company);
    }
    if (outcome.shared.result) {
        *job->rows = rows_make(outcome.shared.result, outcome.cluster, job->pool);
        return NULL;
    }
    if (outcome.problem)
        return outcome.problem;
    if (is_final(&outcome, job))
        return job_outcome(r, outcome.run, job->statement, &(sqlstate_t){.message = outcome.why});
    return job_run(batch->pool, r, job); /* nobody has run it, or it had no effect in company */
}
