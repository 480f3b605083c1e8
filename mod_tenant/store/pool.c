/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include <http_log.h>

#include "keeper.h"
#include "monotonic.h"
#include "pool_state.h"
#include "proof.h"
#include "session.h"

APLOG_USE_MODULE(tenant);

/* At most one line in this time says that requests wait in vain. */
#define EXHAUSTED_LOG_INTERVAL apr_time_from_sec(5)

int pool_lookups_max(const pool_t *pool)
{
    return pool->settings.max >= 4 ? pool->settings.max / 4 : 1;
}

void pool_unlink_idle(pool_t *pool, connection_t *connection)
{
    APR_RING_REMOVE(connection, link);
    pool->idle_count--;
}

/* Whom one more idle connection, or one lookup less, may help. */
typedef struct wake_t {
    int statement;
    int lookup;
} wake_t;

static wake_t whom_to_wake(const pool_t *pool)
{
    return (wake_t){.statement = pool->waiting > pool->lookups_waiting,
                    .lookup = pool->lookups_waiting && pool->lookups < pool_lookups_max(pool)};
}

static void wake_them(pool_t *pool, wake_t wake)
{
    if (wake.statement)
        pthread_cond_signal(&pool->available);
    if (wake.lookup)
        pthread_cond_signal(&pool->lookup_possible);
}

static void insert_idle(pool_t *pool, connection_t *connection, apr_time_t now)
{
    connection->idle_since = now;
    if (connection->answered) {
        pool->answered = connection->idle_since;
        connection->answered = 0;
    }
    APR_RING_INSERT_HEAD(&pool->idle, connection, connection_t, link);
    pool->idle_count++;
}

void pool_push_idle(pool_t *pool, connection_t *connection)
{
    insert_idle(pool, connection, monotonic_now());
    wake_them(pool, whom_to_wake(pool));
}

void pool_doom(pool_t *pool, apr_time_t until, struct connections_t *doomed)
{
    connection_t *next;

    for (connection_t *c = APR_RING_FIRST(&pool->idle);
         c != APR_RING_SENTINEL(&pool->idle, connection_t, link); c = next) {
        next = APR_RING_NEXT(c, link);
        if (c->born <= until) {
            pool_unlink_idle(pool, c);
            pool->open--;
            APR_RING_INSERT_TAIL(doomed, c, connection_t, link);
        }
    }
}

void pool_close_all(struct connections_t *connections)
{
    while (!APR_RING_EMPTY(connections, connection_t, link)) {
        connection_t *connection = APR_RING_FIRST(connections);

        APR_RING_REMOVE(connection, link);
        connection_close(connection);
    }
}

/* The idle connection that was used last, taken into use, or NULL. */
static connection_t *take_idle(pool_t *pool, pool_use_t use, struct connections_t *doomed)
{
    if (use == POOL_LOOKUP && pool->lookups >= pool_lookups_max(pool))
        return NULL;
    while (!APR_RING_EMPTY(&pool->idle, connection_t, link)) {
        connection_t *connection = APR_RING_FIRST(&pool->idle);

        if (connection->born > pool->renewed) {
            pool_unlink_idle(pool, connection);
            APR_RING_INSERT_TAIL(&pool->busy, connection, connection_t, link);
            connection->lookup = use == POOL_LOOKUP;
            pool->lookups += connection->lookup;
            return connection;
        }
        pool_doom(pool, connection->born, doomed);
    }
    return NULL;
}

/* Waits for a change until deadline. 0: the deadline has passed. */
static int wait_for_change(pool_t *pool, pool_use_t use, apr_time_t deadline)
{
    int lookup = use == POOL_LOOKUP;

    if (deadline <= monotonic_now())
        return 0;
    pool->waiting++;
    pool->lookups_waiting += lookup;
    pthread_cond_signal(&pool->wanted);
    monotonic_wait(lookup ? &pool->lookup_possible : &pool->available, &pool->mutex, deadline);
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
    return pool->away != &problem_misconfigured &&
           (!APR_RING_EMPTY(&pool->busy, connection_t, link) || pool->suspect);
}

/* Ends the use of a busy connection. The caller holds the mutex. */
static void unlink_busy(pool_t *pool, connection_t *connection)
{
    APR_RING_REMOVE(connection, link);
    pool->lookups -= connection->lookup;
    connection->lookup = 0;
}

/* Takes an idle connection, waiting for one until *deadline, which the first wait sets to be so far away. */
static const problem_t *take_or_wait(pool_t *pool, pool_use_t use, apr_interval_time_t wait,
                                     apr_time_t *deadline, connection_t **connection)
{
    struct connections_t doomed;
    const problem_t *problem = NULL;
    int news = 0;

    APR_RING_INIT(&doomed, connection_t, link);
    pthread_mutex_lock(&pool->mutex);
    while (!(*connection = take_idle(pool, use, &doomed))) {
        if (!APR_RING_EMPTY(&doomed, connection_t, link)) { /* ahead of those that take their places */
            pthread_mutex_unlock(&pool->mutex);
            pool_close_all(&doomed);
            pthread_mutex_lock(&pool->mutex);
            continue;
        }
        if (pool->away && !may_come_back(pool)) {
            problem = pool->away;
            wake_them(pool, whom_to_wake(pool)); /* for them it is in vain too */
            break;
        }
        if (!*deadline)
            *deadline = monotonic_now() + wait;
        if (!wait_for_change(pool, use, *deadline)) {
            problem = pool->away ? pool->away : &problem_pool_exhausted;
            news = exhausted_is_news(pool, *deadline);
            break;
        }
    }
    pthread_mutex_unlock(&pool->mutex);
    pool_close_all(&doomed);
    if (news)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, pool->server,
                     "no database connection within %" APR_TIME_T_FMT
                     " ms: TenantPool allows %d in each child",
                     apr_time_as_msec(wait), pool->settings.max);
    return problem;
}

/* Drops a connection that turned out to be dead, and the idle ones that were opened ahead of it. */
static void discard(pool_t *pool, connection_t *dead)
{
    struct connections_t doomed;

    APR_RING_INIT(&doomed, connection_t, link);
    pthread_mutex_lock(&pool->mutex);
    unlink_busy(pool, dead);
    pool->open--;
    pool_doom(pool, dead->born, &doomed);
    pthread_cond_signal(&pool->wanted);
    pthread_mutex_unlock(&pool->mutex);
    connection_close(dead);
    pool_close_all(&doomed);
}

static const problem_t *acquire(pool_t *pool, pool_use_t use, int is_repeatable, apr_interval_time_t wait,
                                connection_t **connection)
{
    apr_time_t deadline = 0;

    for (;;) {
        const problem_t *problem = take_or_wait(pool, use, wait, &deadline, connection);

        if (problem)
            return problem;
        /* asked outside of the mutex: it takes a system call */
        if ((is_repeatable && connection_is_warm(*connection)) || connection_is_quiet(*connection))
            break;
        discard(pool, *connection);
    }
    if (pool->cluster != (*connection)->cluster)
        pool->cluster = (*connection)->cluster;
    return NULL;
}

const problem_t *pool_acquire(pool_t *pool, pool_use_t use, int is_repeatable, connection_t **connection)
{
    return acquire(pool, use, is_repeatable, pool->settings.wait, connection);
}

const problem_t *pool_acquire_within(pool_t *pool, apr_interval_time_t wait, connection_t **connection)
{
    return acquire(pool, POOL_STATEMENT, 0, wait, connection);
}

uint64_t pool_cluster(const pool_t *pool)
{
    return pool->cluster;
}

/* Whether the connector is to look at a connection that comes back: one at a time, and while it has nothing
 * else to do, so that a database that is slow to connect to keeps none from requests. */
static int is_suspect(const pool_t *pool, const connection_t *connection, apr_time_t now)
{
    return !pool->suspect && !pool->is_connecting && !pool->away && session_is_due(connection, now);
}

void pool_doom_its_like(pool_t *pool, const connection_t *connection, struct connections_t *doomed)
{
    apr_time_t until = connection->unfit >= UNFIT_OPEN ? monotonic_now() : connection->born;

    if (connection->unfit < UNFIT_OLDER)
        return;
    if (until > pool->renewed)
        pool->renewed = until;
    pool_doom(pool, until, doomed);
}

void pool_release(pool_t *pool, connection_t *connection)
{
    apr_time_t now = monotonic_now();
    struct connections_t doomed;
    wake_t wake;
    int reusable;

    APR_RING_INIT(&doomed, connection_t, link);
    pthread_mutex_lock(&pool->mutex);
    pool_doom_its_like(pool, connection, &doomed);
    reusable = connection_is_reusable(connection) && connection->born > pool->renewed && !pool->stopping &&
               pool->away != &problem_misconfigured;
    unlink_busy(pool, connection);
    if (reusable && is_suspect(pool, connection, now))
        pool->suspect = connection;
    else if (reusable)
        insert_idle(pool, connection, now);
    else
        pool->open--;
    if (pool->suspect == connection || !reusable)
        pthread_cond_signal(&pool->wanted);
    wake = whom_to_wake(pool);
    pthread_mutex_unlock(&pool->mutex);
    wake_them(pool, wake); /* behind the mutex, which they want at once */
    if (!reusable)
        connection_close(connection);
    pool_close_all(&doomed);
}

/* Takes the mutex; 0 when that is in vain: the prefork MPM may run cleanups in a signal handler, on top of
 * the very code that holds it. Everybody else gives it back in no time. */
static int lock_to_stop(pool_t *pool)
{
    for (int tries = 0; tries < 1000; tries++) {
        if (pthread_mutex_trylock(&pool->mutex) == 0)
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

    if (!lock_to_stop(pool))
        return APR_SUCCESS;
    pool->stopping = 1;
    if (pool->checked)
        connection_cut(pool->checked); /* nobody watches over it when the reaper has ended */
    pthread_cond_signal(&pool->wanted);
    pthread_cond_signal(&pool->tick);
    pthread_mutex_unlock(&pool->mutex);
    keeper_join(pool);
    if (pool->suspect)
        connection_close(pool->suspect);
    pool_close_all(&pool->idle);
    return APR_SUCCESS;
}

/* Makes what threads wait on. */
static int make_conditions(pool_t *pool)
{
    return pthread_mutex_init(&pool->mutex, NULL) == 0 && monotonic_cond_init(&pool->available) &&
           monotonic_cond_init(&pool->lookup_possible) && monotonic_cond_init(&pool->wanted) &&
           monotonic_cond_init(&pool->tick) && proof_prepare(pool);
}

pool_t *pool_open(const char *conninfo, const pool_settings_t *settings, database_role_t role,
                  server_rec *server, apr_pool_t *process)
{
    apr_pool_t *lasting; /* never given back: the prefork MPM may end a child in a signal handler on top of a
                            request that waits */
    pool_t *pool;

    if (apr_pool_create_unmanaged(&lasting) != APR_SUCCESS)
        return NULL;
    pool = apr_pcalloc(lasting, sizeof *pool);
    pool->conninfo = conninfo;
    pool->settings = *settings;
    pool->role = role;
    pool->server = server;
    APR_RING_INIT(&pool->idle, connection_t, link);
    APR_RING_INIT(&pool->busy, connection_t, link);
    if (!make_conditions(pool) || !keeper_start(pool, process))
        return NULL;
    apr_pool_pre_cleanup_register(process, pool, pool_stop);
    return pool;
}
