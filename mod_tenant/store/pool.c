/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>
#include <http_log.h>
#include <signal.h>

#include "attest.h"

APLOG_USE_MODULE(tenant);

/* After a failed attempt to connect the next one waits, twice as long each time, so that a database that is
 * down is not hammered; the longest wait is what a request may see of an outage after it is over. */
#define RETRY_FIRST apr_time_from_msec(50)
#define RETRY_MAX   apr_time_from_msec(400)

/* At most one line in this time says that requests wait in vain. */
#define EXHAUSTED_LOG_INTERVAL apr_time_from_sec(5)

enum { WHY_SIZE = 256 }; /* bytes that are kept of a reason, to tell whether the next one is another */

APR_RING_HEAD(connections_t, connection_t);

struct pool_t {
    const char *conninfo;
    pool_settings_t settings;
    database_role_t role;
    server_rec *server;

    apr_thread_mutex_t *mutex;          /* guards what follows */
    apr_thread_cond_t *available;       /* a connection came back, or the verdict changed */
    apr_thread_cond_t *lookup_possible; /* the same for those who want it for a lookup */
    apr_thread_cond_t *wanted;          /* the connector has something to do */
    apr_thread_cond_t *tick;            /* the reaper must stop, or has something to watch */
    struct connections_t idle;          /* the last one given back first */
    struct connections_t busy;          /* in use by a request */
    connection_t *attested;             /* the new one that is being checked, or NULL */
    int open;                           /* idle, busy and being opened */
    int idle_count;
    int lookups;                 /* busy for a lookup */
    int waiting;                 /* requests that wait for a connection */
    int lookups_waiting;         /* those of them that want it for a lookup */
    const problem_t *away;       /* why none can be opened; NULL: the last attempt succeeded */
    char why[WHY_SIZE];          /* the same in words */
    apr_time_t exhausted_logged; /* when that was last said */
    apr_time_t renewed;          /* connections that were opened no later are not used again */
    int stopping;

    apr_thread_t *connector;
    apr_thread_t *reaper;
};

static int lookups_max(const pool_t *pool)
{
    return pool->settings.max >= 4 ? pool->settings.max / 4 : 1;
}

static void unlink_idle(pool_t *pool, connection_t *connection)
{
    APR_RING_REMOVE(connection, link);
    pool->idle_count--;
}

/* Wakes those whom one more idle connection, or one lookup less, may help. */
static void wake_waiters(pool_t *pool)
{
    if (pool->waiting > pool->lookups_waiting)
        apr_thread_cond_signal(pool->available);
    if (pool->lookups_waiting && pool->lookups < lookups_max(pool))
        apr_thread_cond_signal(pool->lookup_possible);
}

static void push_idle(pool_t *pool, connection_t *connection)
{
    connection->idle_since = apr_time_now();
    APR_RING_INSERT_HEAD(&pool->idle, connection, connection_t, link);
    pool->idle_count++;
    wake_waiters(pool);
}

/* Moves the idle connections that were opened no later than that one to doomed: what ended it, or made it
 * unfit, has befallen them too, most likely, and each one found out later would cost a request a retry. */
static void doom(pool_t *pool, const connection_t *unfit, struct connections_t *doomed)
{
    connection_t *next;

    for (connection_t *c = APR_RING_FIRST(&pool->idle);
         c != APR_RING_SENTINEL(&pool->idle, connection_t, link); c = next) {
        next = APR_RING_NEXT(c, link);
        if (c->born <= unfit->born) {
            unlink_idle(pool, c);
            pool->open--;
            APR_RING_INSERT_TAIL(doomed, c, connection_t, link);
        }
    }
}

static void close_all(struct connections_t *connections)
{
    while (!APR_RING_EMPTY(connections, connection_t, link)) {
        connection_t *connection = APR_RING_FIRST(connections);

        APR_RING_REMOVE(connection, link);
        connection_close(connection);
    }
}

/* The idle connection that was used last and is alive, or NULL. */
static connection_t *take_idle(pool_t *pool, pool_use_t use, struct connections_t *doomed)
{
    if (use == POOL_LOOKUP && pool->lookups >= lookups_max(pool))
        return NULL;
    while (!APR_RING_EMPTY(&pool->idle, connection_t, link)) {
        connection_t *connection = APR_RING_FIRST(&pool->idle);

        if (connection->born > pool->renewed && connection_is_quiet(connection)) {
            unlink_idle(pool, connection);
            APR_RING_INSERT_TAIL(&pool->busy, connection, connection_t, link);
            connection->lookup = use == POOL_LOOKUP;
            pool->lookups += connection->lookup;
            return connection;
        }
        doom(pool, connection, doomed);
    }
    return NULL;
}

/* Waits for a change until deadline. 0: the deadline has passed. */
static int wait_for_change(pool_t *pool, pool_use_t use, apr_time_t deadline)
{
    apr_interval_time_t left = deadline - apr_time_now();
    int lookup = use == POOL_LOOKUP;

    if (left <= 0)
        return 0;
    pool->waiting++;
    pool->lookups_waiting += lookup;
    apr_thread_cond_signal(pool->wanted);
    apr_thread_cond_timedwait(lookup ? pool->lookup_possible : pool->available, pool->mutex, left);
    pool->waiting--;
    pool->lookups_waiting -= lookup;
    return 1;
}

/* Whether the log is due another line about requests that waited in vain. */
static int exhausted_is_news(pool_t *pool, apr_time_t now)
{
    if (now - pool->exhausted_logged < EXHAUSTED_LOG_INTERVAL)
        return 0;
    pool->exhausted_logged = now;
    return 1;
}

/* Whether a connection that is in use may be had afterwards. */
static int may_come_back(const pool_t *pool)
{
    return pool->away != &problem_misconfigured && !APR_RING_EMPTY(&pool->busy, connection_t, link);
}

const problem_t *pool_acquire(pool_t *pool, pool_use_t use, connection_t **connection)
{
    apr_time_t deadline = 0;
    struct connections_t doomed;
    const problem_t *problem = NULL;
    int news = 0;

    APR_RING_INIT(&doomed, connection_t, link);
    apr_thread_mutex_lock(pool->mutex);
    while (!(*connection = take_idle(pool, use, &doomed))) {
        if (pool->away && !may_come_back(pool)) {
            problem = pool->away;
            wake_waiters(pool); /* for them it is in vain too */
            break;
        }
        if (!deadline)
            deadline = apr_time_now() + pool->settings.wait;
        if (!wait_for_change(pool, use, deadline)) {
            problem = pool->away ? pool->away : &problem_pool_exhausted;
            news = exhausted_is_news(pool, deadline);
            break;
        }
    }
    apr_thread_mutex_unlock(pool->mutex);
    close_all(&doomed);
    if (news)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, pool->server,
                     "no database connection within %" APR_TIME_T_FMT
                     " ms: TenantPool allows %d in each child",
                     apr_time_as_msec(pool->settings.wait), pool->settings.max);
    return problem;
}

/* Ends the use of a busy connection. The caller holds the mutex. */
static void unlink_busy(pool_t *pool, connection_t *connection)
{
    APR_RING_REMOVE(connection, link);
    pool->lookups -= connection->lookup;
    connection->lookup = 0;
}

void pool_release(pool_t *pool, connection_t *connection)
{
    int reusable;

    apr_thread_mutex_lock(pool->mutex);
    reusable = connection_is_reusable(connection) && connection->born > pool->renewed && !pool->stopping &&
               pool->away != &problem_misconfigured;
    unlink_busy(pool, connection);
    if (reusable) {
        push_idle(pool, connection);
    } else {
        pool->open--;
        wake_waiters(pool);
        apr_thread_cond_signal(pool->wanted);
    }
    apr_thread_mutex_unlock(pool->mutex);
    if (!reusable)
        connection_close(connection);
}

void pool_renew(pool_t *pool)
{
    apr_thread_mutex_lock(pool->mutex);
    pool->renewed = apr_time_now();
    apr_thread_mutex_unlock(pool->mutex);
}

/* Takes note of how an attempt to connect ended: problem is NULL when it succeeded, why says what failed. A
 * line is logged where that is news: of several things to mend each is named in its turn. The caller holds
 * the mutex. */
static void take_verdict(pool_t *pool, const problem_t *problem, const char *why)
{
    const problem_t *before = pool->away;
    int news = problem != before ||
               (problem == &problem_misconfigured && strncmp(why, pool->why, sizeof pool->why - 1) != 0);

    pool->away = problem;
    if (!news)
        return;
    apr_cpystrn(pool->why, why ? why : "", sizeof pool->why);
    if (problem == &problem_misconfigured)
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, pool->server, "TenantDatabase is refused: %s", why);
    else if (problem)
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, pool->server, "TenantDatabase cannot be reached: %s", why);
    else
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, pool->server, "TenantDatabase is reached again");
    apr_thread_cond_broadcast(pool->available);
    apr_thread_cond_broadcast(pool->lookup_possible);
}

/* Checks a new connection, while the reaper watches over it. Called, and returns, with the mutex held. */
static const problem_t *attest_watched(pool_t *pool, connection_t *connection, const char **why,
                                       apr_pool_t *scratch)
{
    const problem_t *problem;

    pool->attested = connection;
    apr_thread_cond_signal(pool->tick);
    apr_thread_mutex_unlock(pool->mutex);
    problem = attest(connection, pool->role, why, scratch);
    apr_thread_mutex_lock(pool->mutex);
    pool->attested = NULL;
    return problem;
}

/* Opens one connection and adds it to the idle ones. Where it is refused, those that were opened ahead of the
 * fault go too. Called, and returns, with the mutex held. */
static const problem_t *connect_one(pool_t *pool, apr_pool_t *scratch)
{
    const problem_t *problem = &problem_database_away;
    const char *why = NULL;
    connection_t *connection;
    struct connections_t doomed;

    pool->open++;
    apr_thread_mutex_unlock(pool->mutex);
    connection =
        connection_open(pool->conninfo, pool->settings.statement, pool->settings.prepare, &why, scratch);
    apr_thread_mutex_lock(pool->mutex);
    if (connection)
        problem = attest_watched(pool, connection, &why, scratch);
    take_verdict(pool, problem, why);
    if (!problem) {
        push_idle(pool, connection);
        return NULL;
    }
    pool->open--;
    if (!connection)
        return problem;
    APR_RING_INIT(&doomed, connection_t, link);
    if (problem == &problem_misconfigured)
        doom(pool, connection, &doomed);
    APR_RING_INSERT_TAIL(&doomed, connection, connection_t, link);
    apr_thread_mutex_unlock(pool->mutex);
    close_all(&doomed);
    apr_thread_mutex_lock(pool->mutex);
    return problem;
}

/* Whether the connector should open one more now. */
static int connection_is_wanted(const pool_t *pool)
{
    int held_back = pool->lookups >= lookups_max(pool) ? pool->lookups_waiting : 0;

    return pool->open < pool->settings.max && (pool->away || pool->waiting - held_back > pool->idle_count);
}

/* The connector: opens connections while requests wait for one, and while the database is away until it is
 * back. */
static void *APR_THREAD_FUNC connector_run(apr_thread_t *thread, void *data)
{
    pool_t *pool = data;
    apr_interval_time_t pause = RETRY_FIRST;
    apr_pool_t *scratch;

    (void)thread;
    if (apr_pool_create_unmanaged(&scratch) != APR_SUCCESS)
        return NULL;
    apr_thread_mutex_lock(pool->mutex);
    while (!pool->stopping) {
        if (!connection_is_wanted(pool)) {
            apr_thread_cond_wait(pool->wanted, pool->mutex);
            continue;
        }
        if (!connect_one(pool, scratch)) {
            pause = RETRY_FIRST;
        } else if (!pool->stopping) {
            apr_time_t until = apr_time_now() + pause;

            while (!pool->stopping && apr_time_now() < until)
                apr_thread_cond_timedwait(pool->wanted, pool->mutex, until - apr_time_now());
            pause = pause * 2 > RETRY_MAX ? RETRY_MAX : pause * 2;
        }
        apr_pool_clear(scratch);
    }
    apr_thread_mutex_unlock(pool->mutex);
    apr_pool_destroy(scratch);
    return NULL;
}

/* How often the reaper looks: often enough for a limit to be kept within a twentieth. */
static apr_interval_time_t reaper_interval(const pool_t *pool)
{
    apr_interval_time_t interval = pool->settings.statement / 20;

    if (interval < apr_time_from_msec(10))
        return apr_time_from_msec(10);
    return interval > apr_time_from_msec(100) ? apr_time_from_msec(100) : interval;
}

static void cut_overdue(connection_t *connection, apr_time_t now)
{
    if (!connection->cut && connection_overdue(connection, now))
        connection_cut(connection);
}

/* Cuts the overdue ones of the connections at work, and moves the idle ones that nobody has used for long to
 * unused. */
static void reap(pool_t *pool, apr_time_t now, struct connections_t *unused)
{
    connection_t *c;

    APR_RING_FOREACH(c, &pool->busy, connection_t, link)
    {
        cut_overdue(c, now);
    }
    if (pool->attested)
        cut_overdue(pool->attested, now);
    while (!APR_RING_EMPTY(&pool->idle, connection_t, link)) {
        c = APR_RING_LAST(&pool->idle);
        if (now - c->idle_since < pool->settings.idle)
            break;
        unlink_idle(pool, c);
        pool->open--;
        APR_RING_INSERT_TAIL(unused, c, connection_t, link);
    }
}

/* The reaper. It sleeps for as long as there is no connection. A thread of our own, since mod_watchdog stops
 * its threads as soon as a graceful stop begins, while requests are still being answered. */
static void *APR_THREAD_FUNC reaper_run(apr_thread_t *thread, void *data)
{
    pool_t *pool = data;
    struct connections_t unused;

    (void)thread;
    APR_RING_INIT(&unused, connection_t, link);
    apr_thread_mutex_lock(pool->mutex);
    while (!pool->stopping) {
        if (pool->open == 0)
            apr_thread_cond_wait(pool->tick, pool->mutex);
        else
            apr_thread_cond_timedwait(pool->tick, pool->mutex, reaper_interval(pool));
        reap(pool, apr_time_now(), &unused);
        if (!APR_RING_EMPTY(&unused, connection_t, link)) {
            apr_thread_mutex_unlock(pool->mutex);
            close_all(&unused);
            apr_thread_mutex_lock(pool->mutex);
        }
    }
    apr_thread_mutex_unlock(pool->mutex);
    return NULL;
}

/* Takes the mutex; 0 when that is in vain: the prefork MPM may run cleanups in a signal handler, on top of
 * the very code that holds it. Everybody else gives it back in no time. */
static int lock_to_stop(pool_t *pool)
{
    for (int tries = 0; tries < 1000; tries++) {
        if (apr_thread_mutex_trylock(pool->mutex) == APR_SUCCESS)
            return 1;
        apr_sleep(apr_time_from_msec(1));
    }
    return 0;
}

/* Ends the threads and closes what is idle. Requests may still be running when a child is told to stop at
 * once: what they hold is theirs to give back, or the kernel's to take. */
static apr_status_t pool_stop(void *data)
{
    pool_t *pool = data;
    apr_status_t ignored;

    if (!lock_to_stop(pool))
        return APR_SUCCESS;
    pool->stopping = 1;
    if (pool->attested)
        connection_cut(pool->attested); /* nobody watches over it when the reaper has ended */
    apr_thread_cond_signal(pool->wanted);
    apr_thread_cond_signal(pool->tick);
    apr_thread_mutex_unlock(pool->mutex);
    apr_thread_join(&ignored, pool->connector);
    apr_thread_join(&ignored, pool->reaper);
    close_all(&pool->idle);
    return APR_SUCCESS;
}

/* Makes what threads wait on, in memory that is never given back: the prefork MPM may end a child in a signal
 * handler on top of a request that waits, and a condition with a waiter cannot be destroyed. */
static int make_conditions(pool_t *pool)
{
    apr_pool_t *lasting;

    return apr_pool_create_unmanaged(&lasting) == APR_SUCCESS &&
           apr_thread_mutex_create(&pool->mutex, APR_THREAD_MUTEX_UNNESTED, lasting) == APR_SUCCESS &&
           apr_thread_cond_create(&pool->available, lasting) == APR_SUCCESS &&
           apr_thread_cond_create(&pool->lookup_possible, lasting) == APR_SUCCESS &&
           apr_thread_cond_create(&pool->wanted, lasting) == APR_SUCCESS &&
           apr_thread_cond_create(&pool->tick, lasting) == APR_SUCCESS;
}

/* Starts both threads with every signal blocked: those are the MPM's. */
static int start_threads(pool_t *pool, apr_pool_t *process)
{
    sigset_t all, before;
    int started;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = apr_thread_create(&pool->reaper, NULL, reaper_run, pool, process) == APR_SUCCESS &&
              apr_thread_create(&pool->connector, NULL, connector_run, pool, process) == APR_SUCCESS;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

pool_t *pool_open(const char *conninfo, const pool_settings_t *settings, database_role_t role,
                  server_rec *server, apr_pool_t *process)
{
    pool_t *pool = apr_pcalloc(process, sizeof *pool);

    pool->conninfo = conninfo;
    pool->settings = *settings;
    pool->role = role;
    pool->server = server;
    APR_RING_INIT(&pool->idle, connection_t, link);
    APR_RING_INIT(&pool->busy, connection_t, link);
    if (!make_conditions(pool) || !start_threads(pool, process))
        return NULL;
    apr_pool_pre_cleanup_register(process, pool, pool_stop);
    return pool;
}
