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
static const apr_interval_time_t patience[] = {
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
    STAGE_GATHERED, /* it waits */
    STAGE_SETS_OUT, /* it is its thread's to run, along with what has gathered */
    STAGE_UNDERWAY, /* another thread runs it */
    STAGE_ARRIVED,  /* and has done so */
} stage_t;

/* A statement that is in a batch. It is its thread's, which stays until it is told to go on. */
typedef struct seat_t seat_t;

struct seat_t {
    APR_RING_ENTRY(seat_t) link; /* among the gathered ones */
    stage_t stage;               /* guarded by the batch's mutex */
    sem_t told;                  /* that it sets out, or has arrived: a semaphore, for to wait for a condition
                                    would be to fight for its mutex with all who are told at the same time */
    unsigned arrivals;           /* the batch's, when its patience began */
    shared_t shared;
    uint64_t cluster;         /* that its result is of */
    const problem_t *problem; /* no connection was to be had */
    run_t run;                /* how the round trip ended */
    const char *why;          /* what PostgreSQL, or libpq, says to that; of the caller's pool, or static */
};

APR_RING_HEAD(seats_t, seat_t);

struct batch_t {
    pool_t *pool;
    batch_kind_t kind;
    apr_thread_mutex_t *mutex; /* guards what follows */
    apr_time_t paused;         /* until then, by monotonic_now(); 0: not */
    struct seats_t gathered;   /* the one that came first, first */
    int waiting;               /* how many those are */
    unsigned arrivals;         /* trips that have ended so far */
    int crowd;                 /* how many were under way, or waiting, when a trip ended */
    int trips;                 /* under way, or about to set out */
    int trips_max;
    int trips_crowd; /* the same in a crowd: the fewer there are, the larger is each company */
    int companies;   /* trips of several that are under way */
    int companies_max;
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

    /* rows that are read together cost less, so larger companies spare more, and httpd's part of the work on
     * a row keeps more processors busy than PostgreSQL's */
    if (batch->kind == BATCH_ROWS)
        trips_crowd = processors > 1 ? processors / 2 : 1;
    if (batch->kind == BATCH_INSERTS) {
        trips = 2 * processors; /* which wait for the disk */
        trips_crowd = 1;        /* the more share a COMMIT, the more that spares */
    }
    batch->trips_max = least(trips, half);
    batch->trips_crowd = least(trips_crowd, half);
    batch->companies_max = batch->kind == BATCH_INSERTS ? 1 : batch->trips_max;
}

/* So many trips are to be under way now. */
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
    APR_RING_INIT(&batch->gathered, seat_t, link);
    if (apr_thread_mutex_create(&batch->mutex, APR_THREAD_MUTEX_UNNESTED, lasting) != APR_SUCCESS)
        return NULL;
    return batch;
}

/* The one that has waited longest, or NULL. The caller holds the mutex, as those of all that follow. */
static seat_t *take(batch_t *batch)
{
    seat_t *seat = APR_RING_FIRST(&batch->gathered);

    if (batch->waiting == 0)
        return NULL;
    APR_RING_REMOVE(seat, link);
    batch->waiting--;
    return seat;
}

/* Those that set out with the first of them, whose thread takes them. */
typedef struct company_t {
    seat_t *seats[PIPELINE_MAX];
    int count;
    apr_time_t paused; /* nobody is to share a round trip until then, for what became of this one; 0: that is
                          no reason */
} company_t;

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

static void gather(batch_t *batch, company_t *company, seat_t *first)
{
    int most = is_paused(batch) ? 1 : PIPELINE_MAX;
    seat_t *seat = first;

    *company = (company_t){.count = 0};
    do {
        seat->stage = STAGE_UNDERWAY;
        company->seats[company->count++] = seat;
    } while (company->count < most && (seat = take(batch)) != NULL);
    batch->companies += company->count > 1;
}

/* Ends a round trip: the next one begins with who has waited longest. Whom to wake then, or NULL. */
static seat_t *follow(batch_t *batch)
{
    int is_wanted = batch->companies < batch->companies_max && batch->trips <= trips_wanted(batch);
    seat_t *next = is_wanted ? take(batch) : NULL;

    if (next)
        next->stage = STAGE_SETS_OUT;
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

/* Whether there is a result for each of a company. */
static int has_all_results(const company_t *company)
{
    for (int n = 0; n < company->count; n++) {
        if (!company->seats[n]->shared.result)
            return 0;
    }
    return 1;
}

/* Runs the statements of a company of several on one connection. Without the mutex. */
static void travel(batch_t *batch, company_t *company, apr_pool_t *pool)
{
    shared_t *shared[PIPELINE_MAX];
    sqlstate_t state = {.message = ""};
    run_t run = RUN_REFUSED;
    uint64_t cluster = 0;
    connection_t *connection;
    pipeline_kind_t kind = batch->kind == BATCH_INSERTS ? PIPELINE_WRITES : PIPELINE_READS;
    const problem_t *problem = pool_acquire(batch->pool, POOL_STATEMENT, kind == PIPELINE_READS, &connection);

    for (int n = 0; n < company->count; n++)
        shared[n] = &company->seats[n]->shared;
    if (!problem) {
        apr_time_t start = monotonic_now();

        run = pipeline_run(connection, kind, shared, company->count, &state, pool);
        cluster = connection->cluster;
        pool_release(batch->pool, connection);
        if (!has_all_results(company))
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

/* Notes that a seat need not wait any longer. */
static void end(seat_t *seat, struct seats_t *ended)
{
    seat->stage = STAGE_ARRIVED;
    APR_RING_INSERT_TAIL(ended, seat, seat_t, link);
}

/* Ends the round trip of a company. The first of them was the caller's. Without the mutex. */
static void arrive(batch_t *batch, const company_t *company)
{
    struct seats_t ended;
    seat_t *seat;
    seat_t *next;

    APR_RING_INIT(&ended, seat_t, link);
    apr_thread_mutex_lock(batch->mutex);
    for (int n = 1; n < company->count; n++)
        end(company->seats[n], &ended);
    batch->companies -= company->count > 1;
    batch->arrivals++;
    count_crowd(batch, company->count + batch->waiting);
    if (company->paused) {
        pause_until(batch, company->paused);
        while ((seat = take(batch)) != NULL)
            end(seat, &ended); /* who has gathered runs alone */
    }
    next = follow(batch);
    apr_thread_mutex_unlock(batch->mutex);
    if (next)
        sem_post(&next->told);
    while (!APR_RING_EMPTY(&ended, seat_t, link)) {
        seat = APR_RING_FIRST(&ended);
        APR_RING_REMOVE(seat, link);
        sem_post(&seat->told); /* from here on it is its thread's again, and may be gone */
    }
}

/* Whether a newcomer need not wait. */
static int may_set_out(const batch_t *batch)
{
    return batch->waiting == 0 && batch->companies < batch->companies_max &&
           batch->trips < trips_wanted(batch);
}

/* Enters a seat. Whether it is to wait; else it sets out with *company, which is nobody where it goes alone
 * and outside of the batch. */
static int enter(batch_t *batch, seat_t *seat, company_t *company)
{
    company->count = 0;
    if (is_paused(batch))
        return 0;
    if (may_set_out(batch)) {
        batch->trips++;
        gather(batch, company, seat);
        return 0;
    }
    APR_RING_INSERT_TAIL(&batch->gathered, seat, seat_t, link);
    batch->waiting++;
    seat->arrivals = batch->arrivals;
    return 1;
}

/* Waits until a seat is told something. Without the mutex. 0: its patience has run out. */
static int wait_patiently(seat_t *seat, apr_time_t until)
{
    struct timespec end = monotonic_timespec(until);
    int failed;

    while ((failed = sem_clockwait(&seat->told, CLOCK_MONOTONIC, &end)) != 0 && errno == EINTR)
        continue;
    return !failed;
}

static void wait_told(seat_t *seat)
{
    while (sem_wait(&seat->told) != 0)
        continue; /* a signal */
}

/* Takes a seat out of those that have gathered, unless trips have ended since its patience began. */
static int leave(batch_t *batch, seat_t *seat)
{
    if (seat->arrivals != batch->arrivals) {
        seat->arrivals = batch->arrivals;
        return 0;
    }
    APR_RING_REMOVE(seat, link);
    batch->waiting--;
    if (batch->kind == BATCH_INSERTS) /* reads may have waited for a processor just as well */
        pause_until(batch, pause_after(monotonic_now() - patience[batch->kind]));
    return 1;
}

/* Waits for a seat's turn, when it sets out with *company, or for those who took it along. */
static void wait_for_turn(batch_t *batch, seat_t *seat, company_t *company)
{
    while (!wait_patiently(seat, monotonic_now() + patience[batch->kind])) {
        int is_gathered;
        int has_left;

        apr_thread_mutex_lock(batch->mutex);
        is_gathered = seat->stage == STAGE_GATHERED;
        has_left = is_gathered && leave(batch, seat);
        apr_thread_mutex_unlock(batch->mutex);
        if (has_left)
            return;
        if (!is_gathered) {
            wait_told(seat);
            break;
        }
    }
    if (seat->stage != STAGE_SETS_OUT)
        return;
    apr_thread_mutex_lock(batch->mutex);
    gather(batch, company, seat);
    apr_thread_mutex_unlock(batch->mutex);
}

/* Whether a statement without a result must not, or need not, run again: it may be in effect, or it has had
 * its time. */
static int is_final(const seat_t *seat, const job_t *job)
{
    return seat->run == RUN_OVERDUE || (seat->run == RUN_LOST && !job->is_repeatable);
}

/* What has become of a seat that went with others, or with nobody. */
static const problem_t *conclude(batch_t *batch, request_rec *r, const job_t *job, const seat_t *seat)
{
    if (seat->shared.result) {
        *job->rows = rows_of_part(seat->shared.result, seat->shared.first, seat->shared.count, seat->cluster,
                                  job->pool);
        return NULL;
    }
    if (seat->problem)
        return seat->problem;
    if (is_final(seat, job))
        return job_outcome(r, seat->run, job->statement, &(sqlstate_t){.message = seat->why});
    return job_run(batch->pool, r, job); /* nobody has run it, or it had no effect in company */
}

/* Takes a seat through the batch. */
static const problem_t *pass(batch_t *batch, request_rec *r, const job_t *job, seat_t *seat)
{
    const problem_t *problem;
    company_t company;
    int waits;

    apr_thread_mutex_lock(batch->mutex);
    waits = enter(batch, seat, &company);
    apr_thread_mutex_unlock(batch->mutex);
    if (waits)
        wait_for_turn(batch, seat, &company);
    if (company.count == 1) {
        problem = job_run(batch->pool, r, job);
        arrive(batch, &company);
        return problem;
    }
    if (company.count > 1) {
        travel(batch, &company, job->pool);
        arrive(batch, &company);
    }
    return conclude(batch, r, job, seat);
}

const problem_t *batch_run(batch_t *batch, request_rec *r, const job_t *job)
{
    seat_t seat = {
        .stage = STAGE_GATHERED,
        .shared = {.statement = job->statement, .values = job->values},
        .run = RUN_REFUSED,
    };
    const problem_t *problem;

    sem_init(&seat.told, 0, 0);
    problem = pass(batch, r, job, &seat);
    sem_destroy(&seat.told);
    return problem;
}
