/* SPDX-License-Identifier: Apache-2.0 */
#include "batch.h"

#include <apr_ring.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <unistd.h>

/* Reads that gather or are under way; whoever finds no seat runs alone. */
enum { SEATS = 64 };

/* So long a read gathers at most, then it runs alone: a round trip that takes this long is not held up by the
 * processor but by the disk, or a lock, and it is no use to wait for it. */
#define PATIENCE apr_time_from_msec(2)

/* How far a read has come. */
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
    read_t read;
    uint64_t cluster;         /* that its result is of */
    const problem_t *problem; /* no connection was to be had */
    int is_overdue;           /* the hard limit of one statement has passed */
};

APR_RING_HEAD(seats_t, seat_t);

struct batch_t {
    pool_t *pool;
    apr_thread_mutex_t *mutex; /* guards what follows */
    struct seats_t free;
    struct seats_t gathered; /* the one that came first, first */
    int trips;               /* under way */
    int trips_max;
    seat_t seats[SEATS];
};

/* As many as can make progress at a time, of max connections: the pool has others to serve. */
static int trips_of(int max)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int half = max > 1 ? max / 2 : 1;

    return processors > 0 && processors < half ? (int)processors : half;
}

batch_t *batch_open(pool_t *pool, int max)
{
    apr_pool_t *lasting; /* as the pool's: a thread may wait here when its process ends (pool.c) */
    batch_t *batch;

    if (apr_pool_create_unmanaged(&lasting) != APR_SUCCESS)
        return NULL;
    batch = apr_pcalloc(lasting, sizeof *batch);
    batch->pool = pool;
    batch->trips_max = trips_of(max);
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

/* Those that set out with the first of them. */
typedef struct company_t {
    seat_t *seats[CONNECTION_READS_MAX];
    int count;
} company_t;

static void gather(batch_t *batch, company_t *company, seat_t *first)
{
    seat_t *seat = first;

    company->count = 0;
    do {
        seat->stage = STAGE_UNDERWAY;
        company->seats[company->count++] = seat;
    } while (company->count < CONNECTION_READS_MAX && (seat = take(&batch->gathered)) != NULL);
}

/* Ends a round trip: the next one begins with who has waited longest. Whom to wake then, or NULL. */
static seat_t *follow(batch_t *batch)
{
    seat_t *next = take(&batch->gathered);

    if (next)
        next->stage = STAGE_SETS_OUT;
    else
        batch->trips--;
    return next;
}

/* Runs the reads of a company of several on one connection. Without the mutex. */
static void travel(batch_t *batch, const company_t *company, apr_pool_t *pool)
{
    read_t *reads[CONNECTION_READS_MAX];
    connection_t *connection;
    const problem_t *problem = pool_acquire(batch->pool, POOL_STATEMENT, 1, &connection);
    int in_time = 1;

    for (int n = 0; n < company->count; n++)
        reads[n] = &company->seats[n]->read;
    if (!problem)
        in_time = connection_run_reads(connection, reads, company->count, pool);
    for (int n = 0; n < company->count; n++) {
        seat_t *seat = company->seats[n];

        seat->problem = problem;
        seat->cluster = problem ? 0 : connection->cluster;
        seat->is_overdue = !in_time;
    }
    if (!problem)
        pool_release(batch->pool, connection);
}

/* Ends the round trip of a company. The first of them was the caller's. */
static void arrive(batch_t *batch, const company_t *company)
{
    seat_t *next;

    apr_thread_mutex_lock(batch->mutex);
    for (int n = 1; n < company->count; n++)
        company->seats[n]->stage = STAGE_ARRIVED;
    APR_RING_INSERT_HEAD(&batch->free, company->seats[0], seat_t, link);
    next = follow(batch);
    apr_thread_mutex_unlock(batch->mutex);
    /* behind the mutex, which they want at once; a seat may have another by now, whom this wakes in vain */
    if (next)
        apr_thread_cond_signal(next->changed);
    for (int n = 1; n < company->count; n++)
        apr_thread_cond_signal(company->seats[n]->changed);
}

/* A seat for a read: about to set out if it need not wait, else gathered. NULL: all are taken. */
static seat_t *sit_down(batch_t *batch, const job_t *job)
{
    seat_t *seat = take(&batch->free);

    if (!seat)
        return NULL;
    seat->read = (read_t){.statement = job->statement, .values = job->values};
    if (batch->trips < batch->trips_max) {
        batch->trips++;
        seat->stage = STAGE_SETS_OUT;
    } else {
        seat->stage = STAGE_GATHERED;
        APR_RING_INSERT_TAIL(&batch->gathered, seat, seat_t, link);
    }
    return seat;
}

/* Waits for a seat's turn, or for those who took it along. */
static void wait_for_turn(batch_t *batch, seat_t *seat)
{
    apr_time_t until = seat->stage == STAGE_GATHERED ? apr_time_now() + PATIENCE : 0;
    apr_interval_time_t left;

    while (seat->stage == STAGE_GATHERED && (left = until - apr_time_now()) > 0)
        apr_thread_cond_timedwait(seat->changed, batch->mutex, left);
    while (seat->stage == STAGE_UNDERWAY)
        apr_thread_cond_wait(seat->changed, batch->mutex);
}

/* Enters a read and waits. It is the caller's to run, with its company; or, where there is none, *outcome is
 * what became of its seat: nothing where nobody has taken it along. */
static void enter(batch_t *batch, const job_t *job, company_t *company, seat_t *outcome)
{
    seat_t *seat;

    company->count = 0;
    *outcome = (seat_t){.stage = STAGE_GATHERED};
    apr_thread_mutex_lock(batch->mutex);
    seat = sit_down(batch, job);
    if (seat) {
        wait_for_turn(batch, seat);
        if (seat->stage == STAGE_SETS_OUT) {
            gather(batch, company, seat);
        } else {
            if (seat->stage == STAGE_GATHERED)
                APR_RING_REMOVE(seat, link);
            else
                *outcome = *seat;
            APR_RING_INSERT_HEAD(&batch->free, seat, seat_t, link);
        }
    }
    apr_thread_mutex_unlock(batch->mutex);
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
    if (outcome.read.result) {
        *job->rows = rows_make(outcome.read.result, outcome.cluster, job->pool);
        return NULL;
    }
    if (outcome.problem)
        return outcome.problem;
    if (outcome.is_overdue)
        return job_outcome(r, RUN_OVERDUE, job->statement, NULL);
    return job_run(batch->pool, r, job); /* nobody has run it, or it failed in company */
}
