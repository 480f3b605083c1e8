/* SPDX-License-Identifier: Apache-2.0 */
/* Round trips that are shared: each statement has one end, nothing is left over behind a storm of them, and
 * in a crowd who would go alone takes those along who are ready. The pool, its connections and their round
 * trips are stand-ins. */
#include <apr_general.h>
#include <apr_thread_proc.h>
#include <stdatomic.h>

#include "store/batch.c"
#include "tap.h"

enum { THREADS = 24, STATEMENTS = 400, MAX = 8 };

static const statement_t statement = {.label = "statement"};
static _Thread_local connection_t connection;
static _Atomic int alone, together, groups; /* statements that went alone, and with others; groups */
static _Atomic int failing;                 /* of so many groups one fails; 0: none */
static void (*yielding)(void);              /* what happens meanwhile, or NULL */

static void reset(void)
{
    alone = together = groups = 0;
}

/* --- Stand-ins ------------------------------------------------------------------------------------------ */

const problem_t *pool_acquire(pool_t *pool, pool_use_t use, int is_repeatable, connection_t **taken)
{
    (void)pool;
    (void)use;
    (void)is_repeatable;
    *taken = &connection;
    return NULL;
}

void pool_release(pool_t *pool, connection_t *taken)
{
    (void)pool;
    (void)taken;
}

const problem_t *job_run(pool_t *pool, request_rec *r, const job_t *job)
{
    (void)pool;
    (void)r;
    (void)job;
    alone++;
    apr_sleep(20);
    return NULL;
}

const problem_t *job_outcome(request_rec *r, run_t run, const job_t *job, const sqlstate_t *state)
{
    (void)r;
    (void)run;
    (void)job;
    (void)state;
    return NULL;
}

void job_log_replaced(request_rec *r, const connection_t *replaced, const char *what, const sqlstate_t *state)
{
    (void)r;
    (void)replaced;
    (void)what;
    (void)state;
}

run_t pipeline_run(connection_t *taken, pipeline_kind_t kind, shared_t *const *shared, int count,
                   sqlstate_t *state, apr_pool_t *pool)
{
    static int result;
    int number = ++groups;

    (void)taken;
    (void)kind;
    (void)state;
    (void)pool;
    apr_sleep(50);
    if (failing && number % failing == 0)
        return RUN_REFUSED;
    for (int n = 0; n < count; n++)
        shared[n]->result = (result_t *)&result;
    together += count;
    return RUN_DONE;
}

rows_t *rows_of_part(result_t *result, int first, int count, apr_pool_t *pool)
{
    (void)first;
    (void)count;
    (void)pool;
    return (rows_t *)result;
}

int sched_yield(void)
{
    if (yielding)
        yielding();
    return 0;
}

/* --- Statements ----------------------------------------------------------------------------------------- */

static batch_t *batch;

static void run_one(void)
{
    rows_t *rows = NULL;
    const job_t job = {.is_repeatable = batch->policy->is_repeatable, .statement = &statement, .rows = &rows};

    batch_run(batch, NULL, &job);
}

static void *APR_THREAD_FUNC run_some(apr_thread_t *thread, void *count)
{
    (void)thread;
    for (int n = 0; n < *(const int *)count; n++)
        run_one();
    return NULL;
}

static apr_thread_t *start(const int *count)
{
    apr_pool_t *own;
    apr_thread_t *thread;

    apr_pool_create_unmanaged(&own);
    apr_thread_create(&thread, NULL, run_some, (void *)(uintptr_t)count, own);
    return thread;
}

static void join(apr_thread_t *thread)
{
    apr_status_t ignored;

    apr_thread_join(&ignored, thread);
}

static void test_storm(batch_kind_t kind, int fails, const char *name)
{
    static const int each = STATEMENTS;
    apr_thread_t *threads[THREADS];

    batch = batch_open(NULL, kind, MAX);
    reset();
    failing = fails;
    for (int n = 0; n < THREADS; n++)
        threads[n] = start(&each);
    for (int n = 0; n < THREADS; n++)
        join(threads[n]);
    is(alone + together, THREADS * STATEMENTS, "%s: each statement has one end", name);
    ok(together > 0, "%s: some have shared", name);
    is(batch->trips, 0, "%s: no round trip is left", name);
    is(batch->groups, 0, "%s: nor one of several", name);
    is(batch->waiting, 0, "%s: nobody waits", name);
    failing = 0;
}

static apr_thread_t *ready;

/* Lets one come who is ready, and waits until he has joined. */
static void let_one_join(void)
{
    static const int one = 1;
    int waiting = 0;

    ready = start(&one);
    while (waiting < 2) {
        apr_thread_mutex_lock(batch->mutex);
        waiting = batch->waiting;
        apr_thread_mutex_unlock(batch->mutex);
    }
}

static void yields_unwanted(void)
{
    ok(0, "nobody is let run first");
}

static void test_gathering(void)
{
    batch = batch_open(NULL, BATCH_ROWS, MAX);
    reset();
    batch->crowd = 16;
    yielding = let_one_join;
    run_one();
    if (ready)
        join(ready);
    is(together, 2, "in a crowd who would go alone takes another one along");
    is(groups, 1, "in one round trip");

    yielding = yields_unwanted;
    batch->crowd = 0;
    run_one();
    is(alone, 1, "without a crowd a row goes alone and at once");
    batch = batch_open(NULL, BATCH_PAGES, MAX);
    batch->crowd = 16;
    run_one();
    is(alone, 2, "and so does a page in a crowd");
    yielding = NULL;
}

int main(void)
{
    apr_initialize();
    test_gathering();
    test_storm(BATCH_ROWS, 0, "rows");
    test_storm(BATCH_PAGES, 0, "pages");
    test_storm(BATCH_INSERTS, 0, "new rows");
    test_storm(BATCH_ROWS, 7, "rows, of which some groups fail");
    test_storm(BATCH_INSERTS, 7, "new rows, of which some groups fail");
    return done();
}
