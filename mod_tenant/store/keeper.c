/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper.h"

#include <apr_strings.h>
#include <http_log.h>
#include <signal.h>

#include "attest.h"
#include "monotonic.h"
#include "pool_state.h"
#include "session.h"

APLOG_USE_MODULE(tenant);

/* After a failed attempt to connect the next one waits, twice as long each time, so that a database that is
 * down is not hammered; the longest wait is what a request may see of an outage after it is over. */
#define RETRY_FIRST apr_time_from_msec(50)
#define RETRY_MAX   apr_time_from_msec(400)

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
    pthread_cond_broadcast(&pool->available);
    pthread_cond_broadcast(&pool->lookup_possible);
}

/* Has the reaper watch over what the connector does with a connection of its own. The mutex is held ahead of
 * it and behind it. */
static void begin_check(pool_t *pool, connection_t *connection)
{
    pool->checked = connection;
    pthread_cond_signal(&pool->tick);
    pthread_mutex_unlock(&pool->mutex);
}

static void end_check(pool_t *pool)
{
    pthread_mutex_lock(&pool->mutex);
    pool->checked = NULL;
}

/* Prepares and checks a new connection. Called, and returns, with the mutex held. */
static const problem_t *attest_watched(pool_t *pool, connection_t *connection, const char **why,
                                       apr_pool_t *scratch)
{
    const problem_t *problem;

    begin_check(pool, connection);
    problem = attest(connection, pool->role, why, scratch);
    end_check(pool);
    return problem;
}

/* At most one line in this time says what statements leave behind. */
#define LEFT_LOG_INTERVAL apr_time_from_sec(10)

/* Whether the log is due another line. */
static int left_is_news(pool_t *pool, apr_time_t now)
{
    if (pool->left_logged && now - pool->left_logged < LEFT_LOG_INTERVAL)
        return 0;
    pool->left_logged = now;
    return 1;
}

/* Looks at the connection that a request has handed over, and gives it back to requests unless something is
 * wrong with it. Called, and returns, with the mutex held. */
static void inspect_suspect(pool_t *pool, apr_pool_t *scratch)
{
    connection_t *connection = pool->suspect;
    struct connections_t doomed;
    const char *why;

    begin_check(pool, connection);
    why = session_inspect(connection, scratch);
    end_check(pool);
    pool->suspect = NULL;
    if (connection_is_reusable(connection) && connection->born > pool->renewed) {
        pool_push_idle(pool, connection);
        return;
    }
    APR_RING_INIT(&doomed, connection_t, link);
    pool_doom_its_like(pool, connection, &doomed);
    APR_RING_INSERT_TAIL(&doomed, connection, connection_t, link);
    pool->open--;
    if (why && left_is_news(pool, monotonic_now()))
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, pool->server, "a database connection is replaced: %s",
                     why);
    pthread_mutex_unlock(&pool->mutex);
    pool_close_all(&doomed);
    pthread_mutex_lock(&pool->mutex);
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
    pool->is_connecting = 1;
    pthread_mutex_unlock(&pool->mutex);
    connection =
        connection_open(pool->conninfo, pool->settings.statement, pool->settings.prepare, &why, scratch);
    pthread_mutex_lock(&pool->mutex);
    if (connection && !pool->stopping) /* else nobody would watch */
        problem = attest_watched(pool, connection, &why, scratch);
    pool->is_connecting = 0;
    take_verdict(pool, problem, why);
    if (!problem) {
        pool_push_idle(pool, connection);
        return NULL;
    }
    pool->open--;
    if (!connection)
        return problem;
    APR_RING_INIT(&doomed, connection_t, link);
    if (problem == &problem_misconfigured)
        pool_doom(pool, connection->born, &doomed);
    APR_RING_INSERT_TAIL(&doomed, connection, connection_t, link);
    pthread_mutex_unlock(&pool->mutex);
    pool_close_all(&doomed);
    pthread_mutex_lock(&pool->mutex);
    return problem;
}

/* Whether the connector should open one more now. */
static int connection_is_wanted(const pool_t *pool)
{
    int held_back = pool->lookups >= pool_lookups_max(pool) ? pool->lookups_waiting : 0;

    return pool->open < pool->settings.max && (pool->away || pool->waiting - held_back > pool->idle_count);
}

/* The connector: opens connections while requests wait for one, and while the database is away until it is
 * back; and looks at one now and then. */
static void *APR_THREAD_FUNC connector_run(apr_thread_t *thread, void *data)
{
    pool_t *pool = data;
    apr_interval_time_t pause = RETRY_FIRST;
    apr_pool_t *scratch;

    (void)thread;
    if (apr_pool_create_unmanaged(&scratch) != APR_SUCCESS)
        return NULL;
    pthread_mutex_lock(&pool->mutex);
    while (!pool->stopping) {
        if (pool->suspect) {
            inspect_suspect(pool, scratch);
            apr_pool_clear(scratch);
            continue;
        }
        if (!connection_is_wanted(pool)) {
            pthread_cond_wait(&pool->wanted, &pool->mutex);
            continue;
        }
        if (!connect_one(pool, scratch)) {
            pause = RETRY_FIRST;
        } else if (!pool->stopping) {
            apr_time_t until = monotonic_now() + pause;

            while (!pool->stopping && monotonic_now() < until)
                monotonic_wait(&pool->wanted, &pool->mutex, until);
            pause = pause * 2 > RETRY_MAX ? RETRY_MAX : pause * 2;
        }
        apr_pool_clear(scratch);
    }
    pthread_mutex_unlock(&pool->mutex);
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
    if (pool->checked)
        cut_overdue(pool->checked, now);
    while (!APR_RING_EMPTY(&pool->idle, connection_t, link)) {
        c = APR_RING_LAST(&pool->idle);
        if (now - c->idle_since < pool->settings.idle)
            break;
        pool_unlink_idle(pool, c);
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
    pthread_mutex_lock(&pool->mutex);
    while (!pool->stopping) {
        if (pool->open == 0)
            pthread_cond_wait(&pool->tick, &pool->mutex);
        else
            monotonic_wait(&pool->tick, &pool->mutex, monotonic_now() + reaper_interval(pool));
        reap(pool, monotonic_now(), &unused);
        if (!APR_RING_EMPTY(&unused, connection_t, link)) {
            pthread_mutex_unlock(&pool->mutex);
            pool_close_all(&unused);
            pthread_mutex_lock(&pool->mutex);
        }
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

int keeper_start(pool_t *pool, apr_pool_t *process)
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

void keeper_join(pool_t *pool)
{
    apr_status_t ignored;

    apr_thread_join(&ignored, pool->connector);
    apr_thread_join(&ignored, pool->reaper);
}
