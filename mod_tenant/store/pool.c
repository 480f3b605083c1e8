/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include <apr_strings.h>
#include <http_log.h>

#include "../metrics/counters.h"
#include "../monotonic.h"
#include "errand.h"
#include "keeper.h"
#include "session.h"
#include "stock.h"

APLOG_USE_MODULE(tenant);

_Static_assert((int)DATABASE_ROLES == (int)LABEL_POOLS, "each role has a label");

/* At most one line in this time says that requests wait in vain. */
#define EXHAUSTED_LOG_INTERVAL apr_time_from_sec(5)

struct pool_t {
    stock_t stock;
    keeper_t keeper;
    apr_time_t
        exhausted_logged; /* when requests were last said to wait in vain; the stock's mutex guards it */
};

/* The idle connection that was used last, taken into use, or NULL. */
static connection_t *take_idle(stock_t *stock, pool_use_t use, connections_t *doomed)
{
    if (stock_room(stock, use) <= 0)
        return NULL;
    while (!APR_RING_EMPTY(&stock->idle, connection_t, link)) {
        connection_t *connection = APR_RING_FIRST(&stock->idle);

        if (connection->born > stock->renewed) {
            stock_unlink_idle(stock, connection);
            APR_RING_INSERT_TAIL(&stock->busy, connection, connection_t, link);
            stock_count(stock, LABEL_IN_USE, 1);
            COUNTERS_ADD(pool_acquired, stock->role, 1);
            connection->use = use;
            connection->is_committed = 0;
            stock->taken[use]++;
            return connection;
        }
        stock_doom(stock, connection->born, doomed);
    }
    return NULL;
}

/* Waits for a change until deadline. 0: the deadline has passed. */
static int wait_for_change(stock_t *stock, pool_use_t use, apr_time_t deadline)
{
    if (deadline <= monotonic_now())
        return 0;
    stock->waiting[use]++;
    COUNTERS_ADD(pool_waiting, stock->role, 1);
    pthread_cond_signal(&stock->wanted);
    monotonic_wait(&stock->available[use], &stock->mutex, deadline);
    stock->waiting[use]--;
    COUNTERS_ADD(pool_waiting, stock->role, -1);
    return 1;
}

/* Whether the log is due another line about requests that waited in vain. */
static int exhausted_is_news(pool_t *pool, apr_time_t now)
{
    if (pool->stock.role == DATABASE_READER) /* then the primary is asked */
        return 0;
    if (now - pool->exhausted_logged < EXHAUSTED_LOG_INTERVAL)
        return 0;
    pool->exhausted_logged = now;
    return 1;
}

/* Whether a connection that is in use may be had afterwards. */
static int may_come_back(const stock_t *stock)
{
    return stock->away != &problem_misconfigured &&
           (!APR_RING_EMPTY(&stock->busy, connection_t, link) || stock->suspect);
}

/* Ends the use of a busy connection. The caller holds the mutex. */
static void unlink_busy(stock_t *stock, connection_t *connection)
{
    APR_RING_REMOVE(connection, link);
    stock_count(stock, LABEL_IN_USE, -1);
    stock->taken[connection->use]--;
}

/* Ends the use of a busy connection that is about to be closed. The caller holds the mutex. */
static void unlink_lost(stock_t *stock, connection_t *connection)
{
    unlink_busy(stock, connection);
    if (errand_leave(connection))
        stock->taken[connection->use]++;
    else
        stock->open--;
}

/* Whether to wait would hold a thread up, and nothing else: those ahead wait for a standby that is away. */
static int is_in_vain(const stock_t *stock, pool_use_t use)
{
    return use == POOL_WRITE && stock->is_doubted && stock_room(stock, use) <= 0;
}

/* Takes an idle connection, waiting for one until so long behind *since, which the first wait sets. */
static const problem_t *take_or_wait(pool_t *pool, pool_use_t use, apr_interval_time_t wait,
                                     apr_time_t *since, connection_t **connection)
{
    stock_t *stock = &pool->stock;
    connections_t doomed;
    const problem_t *problem = NULL;
    int news = 0;

    APR_RING_INIT(&doomed, connection_t, link);
    pthread_mutex_lock(&stock->mutex);
    while (!(*connection = take_idle(stock, use, &doomed))) {
        if (!APR_RING_EMPTY(&doomed, connection_t, link)) { /* ahead of those that take their places */
            pthread_mutex_unlock(&stock->mutex);
            stock_close_all(&doomed);
            pthread_mutex_lock(&stock->mutex);
            continue;
        }
        if (stock->away && !may_come_back(stock)) {
            problem = stock->away;
            stock_wake(stock, stock_whom_to_wake(stock)); /* for them it is in vain too */
            break;
        }
        if (!*since && is_in_vain(stock, use)) {
            problem = stock->away ? stock->away : &problem_pool_exhausted;
            break;
        }
        if (!*since)
            *since = monotonic_now();
        if (!wait_for_change(stock, use, *since + wait)) {
            problem = stock->away ? stock->away : &problem_pool_exhausted;
            news = !is_in_vain(stock, use) && exhausted_is_news(pool, *since + wait);
            break;
        }
    }
    pthread_mutex_unlock(&stock->mutex);
    stock_close_all(&doomed);
    if (news)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, stock->server,
                     "no database connection within %" APR_TIME_T_FMT
                     " ms: TenantPool allows %d in each child%s",
                     apr_time_as_msec(wait), stock->settings.max,
                     use == POOL_WRITE ? ", half of them for writes" : "");
    return problem;
}

/* Drops a connection that turned out to be dead, and the idle ones that were opened ahead of it. */
static void discard(stock_t *stock, connection_t *dead)
{
    connections_t doomed;

    APR_RING_INIT(&doomed, connection_t, link);
    pthread_mutex_lock(&stock->mutex);
    unlink_lost(stock, dead);
    stock_doom(stock, dead->born, &doomed);
    pthread_cond_signal(&stock->wanted);
    pthread_mutex_unlock(&stock->mutex);
    connection_close(dead);
    stock_close_all(&doomed);
}

/* since: 0 where nobody waited. */
static void count_wait(const pool_t *pool, apr_time_t since)
{
    if (!since)
        return;
    COUNTERS_ADD(pool_waits, pool->stock.role, 1);
    COUNTERS_ADD(pool_wait, pool->stock.role, monotonic_now() - since);
}

static const problem_t *acquire(pool_t *pool, pool_use_t use, int is_repeatable, apr_interval_time_t wait,
                                connection_t **connection)
{
    apr_time_t since = 0;

    for (;;) {
        const problem_t *problem = take_or_wait(pool, use, wait, &since, connection);

        if (problem) {
            count_wait(pool, since);
            return problem;
        }
        /* asked outside of the mutex: it takes a system call */
        if (connection_is_superseded(*connection))
            discard(&pool->stock, *connection);
        else if ((is_repeatable && connection_is_warm(*connection)) || connection_is_quiet(*connection))
            break;
        else
            discard(&pool->stock, *connection);
    }
    count_wait(pool, since);
    return NULL;
}

const problem_t *pool_acquire(pool_t *pool, pool_use_t use, int is_repeatable, connection_t **connection)
{
    return acquire(pool, use, is_repeatable, pool->stock.settings.wait, connection);
}

const problem_t *pool_acquire_within(pool_t *pool, apr_interval_time_t wait, connection_t **connection)
{
    return acquire(pool, POOL_STATEMENT, 0, wait, connection);
}

int pool_knows(pool_t *pool, apr_interval_time_t age, const problem_t **problem)
{
    stock_t *stock = &pool->stock;
    int is_answered;

    pthread_mutex_lock(&stock->mutex);
    *problem = stock->away == &problem_misconfigured ? stock->away : NULL;
    is_answered = stock->answered && monotonic_now() - stock->answered < age;
    pthread_mutex_unlock(&stock->mutex);
    return *problem || is_answered;
}

int pool_is_in_use(pool_t *pool)
{
    int is_in_use;

    pthread_mutex_lock(&pool->stock.mutex);
    is_in_use = !APR_RING_EMPTY(&pool->stock.busy, connection_t, link);
    pthread_mutex_unlock(&pool->stock.mutex);
    return is_in_use;
}

/* Whether the connector is to look at a connection that comes back: one at a time, and while it has nothing
 * else to do, so that a database that is slow to connect to keeps none from requests. */
static int is_suspect(const stock_t *stock, const connection_t *connection, apr_time_t now)
{
    return !stock->suspect && !stock->is_connecting && !stock->away && session_is_due(connection, now);
}

/* Notes whether writes wait for a standby in vain, and says so where that is news. The caller holds the
 * mutex. */
static void take_doubt(stock_t *stock, const connection_t *connection)
{
    if (connection->is_doubted && !stock->is_doubted)
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, stock->server,
                     "writes wait in vain for a synchronous standby: each is broken off at TenantPool's "
                     "statement limit and answered 503, committed, but lost if this server is. Reads go on. "
                     "Start the standby, or take it out of synchronous_standby_names and reload PostgreSQL");
    else if (connection->is_committed && stock->is_doubted)
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, stock->server,
                     "writes no longer wait in vain for a synchronous standby");
    if (connection->is_doubted || connection->is_committed)
        stock->is_doubted = connection->is_doubted;
}

void pool_release(pool_t *pool, connection_t *connection)
{
    stock_t *stock = &pool->stock;
    apr_time_t now = monotonic_now();
    connections_t doomed;
    wake_t wake;
    int reusable;

    APR_RING_INIT(&doomed, connection_t, link);
    pthread_mutex_lock(&stock->mutex);
    stock_doom_its_like(stock, connection, &doomed);
    reusable = connection_is_reusable(connection) && connection->born > stock->renewed && !stock->stopping &&
               stock->away != &problem_misconfigured;
    take_doubt(stock, connection);
    if (!reusable)
        unlink_lost(stock, connection);
    else
        unlink_busy(stock, connection);
    if (reusable && is_suspect(stock, connection, now))
        stock->suspect = connection;
    else if (reusable)
        stock_insert_idle(stock, connection, now);
    if (stock->suspect == connection || !reusable)
        pthread_cond_signal(&stock->wanted);
    wake = stock_whom_to_wake(stock);
    pthread_mutex_unlock(&stock->mutex);
    stock_wake(stock, wake); /* behind the mutex, which they want at once */
    if (!reusable)
        connection_close(connection);
    stock_close_all(&doomed);
}

/* Takes the mutex; 0 when that is in vain: the prefork MPM may run cleanups in a signal handler, on top of
 * the very code that holds it. Everybody else gives it back in no time. */
static int lock_to_stop(stock_t *stock)
{
    for (int tries = 0; tries < 1000; tries++) {
        if (pthread_mutex_trylock(&stock->mutex) == 0)
            return 1;
        apr_sleep(apr_time_from_msec(1));
    }
    return 0;
}

/* Lets the threads end that tell the server to cancel, if it answers at all. */
static void await_errands(stock_t *stock)
{
    for (int tries = 0; tries < 100; tries++) {
        int errands;

        pthread_mutex_lock(&stock->mutex);
        errands = stock->errands;
        pthread_mutex_unlock(&stock->mutex);
        if (errands == 0)
            return;
        apr_sleep(apr_time_from_msec(10));
    }
}

/* Ends the threads and closes what is idle. Requests may still be running when a child is told to stop at
 * once: what they hold is theirs to give back, or the kernel's to take. */
static apr_status_t pool_stop(void *data)
{
    pool_t *pool = data;
    stock_t *stock = &pool->stock;

    if (!lock_to_stop(stock))
        return APR_SUCCESS;
    stock->stopping = 1;
    if (stock->checked)
        connection_cut(stock->checked); /* nobody watches over it when the reaper has ended */
    pthread_cond_signal(&stock->wanted);
    pthread_cond_signal(&stock->tick);
    pthread_mutex_unlock(&stock->mutex);
    keeper_join(&pool->keeper);
    await_errands(stock);
    if (stock->suspect)
        connection_close(stock->suspect);
    stock_close_all(&stock->idle);
    return APR_SUCCESS;
}

pool_t *pool_open(const char *conninfo, const pool_settings_t *settings, database_role_t role,
                  const lineage_t *lineage, server_rec *server, apr_pool_t *process)
{
    apr_pool_t *lasting; /* never given back: the prefork MPM may end a child in a signal handler on top of a
                            request that waits */
    pool_t *pool;

    if (apr_pool_create_unmanaged(&lasting) != APR_SUCCESS)
        return NULL;
    pool = apr_pcalloc(lasting, sizeof *pool);
    pool->keeper = (keeper_t){.stock = &pool->stock, .conninfo = conninfo, .role = role, .lineage = *lineage};
    pool->keeper.lineage.place = apr_pstrdup(lasting, lineage->place);
    pool->stock.role = role;
    COUNTERS_ADD(pool_max, role, settings->max);
    if (!stock_make(&pool->stock, settings, server) || !keeper_start(&pool->keeper, process))
        return NULL;
    apr_pool_pre_cleanup_register(process, pool, pool_stop);
    return pool;
}
