/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper.h"

#include <apr_strings.h>
#include <http_log.h>
#include <signal.h>

#include "../metrics/counters.h"
#include "../monotonic.h"
#include "attest.h"
#include "conninfo.h"
#include "errand.h"
#include "session.h"

APLOG_USE_MODULE(tenant);

/* After a failed attempt to connect the next one waits, twice as long each time, so that a database that is
 * down is not hammered; the longest wait is what a request may see of an outage after it is over. */
#define RETRY_FIRST apr_time_from_msec(50)
#define RETRY_MAX   apr_time_from_msec(400)

/* What the directive has for it. */
static const char *name_of(const keeper_t *keeper)
{
    return keeper->role == DATABASE_READER ? "TenantDatabase read=" : "TenantDatabase";
}

/* Takes note of how an attempt to connect ended: problem is NULL when it succeeded, why says what failed;
 * is_refused: the server answers, and is not the one to use. A line is logged where that is news: of several
 * things to mend, or servers that were refused, each is named in its turn. The caller holds the mutex. */
static void take_verdict(keeper_t *keeper, const problem_t *problem, int is_refused, const char *why)
{
    stock_t *stock = keeper->stock;
    const problem_t *before = stock->away;
    int news = problem != before || ((problem == &problem_misconfigured || is_refused) &&
                                     strncmp(why, keeper->why, sizeof keeper->why - 1) != 0);

    stock->away = problem;
    if (!news)
        return;
    apr_cpystrn(keeper->why, why ? why : "", sizeof keeper->why);
    if (problem == &problem_misconfigured)
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, stock->server, "%s is refused: %s", name_of(keeper), why);
    else if (is_refused)
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, stock->server, "%s is not used: %s", name_of(keeper), why);
    else if (problem)
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, stock->server, "%s cannot be reached: %s", name_of(keeper),
                     why);
    else
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, stock->server, "%s is reached again", name_of(keeper));
    stock_wake_all(stock);
}

/* Has the reaper watch over what the connector does with a connection of its own. The mutex is held ahead of
 * it and behind it. */
static void begin_check(stock_t *stock, connection_t *connection)
{
    stock->checked = connection;
    pthread_cond_signal(&stock->tick);
    pthread_mutex_unlock(&stock->mutex);
}

static void end_check(stock_t *stock)
{
    pthread_mutex_lock(&stock->mutex);
    stock->checked = NULL;
}

/* Prepares and checks a new connection. Called, and returns, with the mutex held. */
static const problem_t *attest_watched(keeper_t *keeper, connection_t *connection, const char **why,
                                       apr_pool_t *scratch)
{
    stock_t *stock = keeper->stock;
    const problem_t *problem;

    begin_check(stock, connection);
    problem = attest(connection, keeper->role, &keeper->lineage, why, scratch);
    end_check(stock);
    return problem;
}

/* At most one line in this time says what statements leave behind. */
#define LEFT_LOG_INTERVAL apr_time_from_sec(10)

/* Whether the log is due another line. */
static int left_is_news(keeper_t *keeper, apr_time_t now)
{
    if (keeper->left_logged && now - keeper->left_logged < LEFT_LOG_INTERVAL)
        return 0;
    keeper->left_logged = now;
    return 1;
}

/* Looks at the connection that a request has handed over, and gives it back to requests unless something is
 * wrong with it. Called, and returns, with the mutex held. */
static void inspect_suspect(keeper_t *keeper, apr_pool_t *scratch)
{
    stock_t *stock = keeper->stock;
    connection_t *connection = stock->suspect;
    connections_t doomed;
    const char *why;

    begin_check(stock, connection);
    why = connection->is_pooled ? attest_again(connection, &keeper->lineage, scratch)
                                : session_inspect(connection, scratch);
    end_check(stock);
    stock->suspect = NULL;
    if (connection_is_reusable(connection) && connection->born > stock->renewed) {
        stock_push_idle(stock, connection);
        return;
    }
    APR_RING_INIT(&doomed, connection_t, link);
    stock_doom_its_like(stock, connection, &doomed);
    APR_RING_INSERT_TAIL(&doomed, connection, connection_t, link);
    stock->open--;
    if (why && left_is_news(keeper, monotonic_now()))
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, stock->server, "a database connection is replaced: %s",
                     why);
    pthread_mutex_unlock(&stock->mutex);
    stock_close_all(&doomed);
    pthread_mutex_lock(&stock->mutex);
}

/* Whether another host of the connection string may do better, as this one is not to be used, or can only
 * read: a primary that was told so, be it that another one was made. Where each host has been tried that is
 * what there is. */
static int is_passed_over(const keeper_t *keeper, const connection_t *connection, apr_pool_t *scratch)
{
    return connection && (connection->is_refused || connection->can_only_read) &&
           keeper->passed_over + 1 < conninfo_hosts(keeper->conninfo, scratch);
}

/* Says once that prepare=on is in vain. The caller holds the mutex. */
static void tell_unkept(keeper_t *keeper, const connection_t *connection)
{
    if (keeper->is_unkept_told || connection->prepare || !keeper->stock->settings.prepare)
        return;
    keeper->is_unkept_told = 1;
    ap_log_error(
        APLOG_MARK, APLOG_WARNING, 0, keeper->stock->server,
        "%s leads to a pooler that keeps no prepared statements, so each is sent unprepared: that takes "
        "PgBouncer 1.21 with max_prepared_statements, or TenantPool prepare=off",
        name_of(keeper));
}

/* Opens one connection and adds it to the idle ones. Where it is refused, those that were opened ahead of the
 * fault go too. Called, and returns, with the mutex held. */
static const problem_t *connect_one(keeper_t *keeper, apr_pool_t *scratch)
{
    stock_t *stock = keeper->stock;
    const problem_t *problem = &problem_database_away;
    const char *why = NULL;
    connection_t *connection;
    connections_t doomed;
    int is_refused, is_passed;

    stock->open++;
    stock->is_connecting = 1;
    pthread_mutex_unlock(&stock->mutex);
    connection = connection_open(conninfo_turned(keeper->conninfo, keeper->turn, scratch),
                                 stock->settings.statement, stock->settings.prepare, &why, scratch);
    pthread_mutex_lock(&stock->mutex);
    if (connection && !stock->stopping) /* else nobody would watch */
        problem = attest_watched(keeper, connection, &why, scratch);
    stock->is_connecting = 0;
    is_refused = connection && connection->is_refused;
    if (!problem)
        tell_unkept(keeper, connection);
    is_passed = is_passed_over(keeper, connection, scratch);
    if (!is_passed)
        take_verdict(keeper, problem, is_refused, why);
    keeper->turn += is_refused || is_passed;
    keeper->passed_over += is_passed;
    if (!problem && !is_passed) {
        keeper->passed_over = 0;
        COUNTERS_ADD(pool_opened, keeper->role, 1);
        stock_push_idle(stock, connection);
        return NULL;
    }
    COUNTERS_ADD(pool_refused, keeper->role, 1);
    stock->open--;
    if (!connection)
        return problem;
    APR_RING_INIT(&doomed, connection_t, link);
    if (problem == &problem_misconfigured)
        stock_doom(stock, connection->born, &doomed);
    APR_RING_INSERT_TAIL(&doomed, connection, connection_t, link);
    pthread_mutex_unlock(&stock->mutex);
    stock_close_all(&doomed);
    pthread_mutex_lock(&stock->mutex);
    return is_passed ? NULL : problem;
}

/* Whether the connector should open one more now. */
static int connection_is_wanted(const stock_t *stock)
{
    int waiting = 0;

    for (int use = 0; use < POOL_USES; use++) {
        int room = stock_room(stock, (pool_use_t)use);

        waiting += stock->waiting[use] < room ? stock->waiting[use] : room;
    }
    return stock->open < stock->settings.max && (stock->away || waiting > stock->idle_count);
}

/* The connector: opens connections while requests wait for one, and while the database is away until it is
 * back; and looks at one now and then. */
static void *APR_THREAD_FUNC connector_run(apr_thread_t *thread, void *data)
{
    keeper_t *keeper = data;
    stock_t *stock = keeper->stock;
    apr_interval_time_t pause = RETRY_FIRST;
    apr_pool_t *scratch;

    (void)thread;
    if (apr_pool_create_unmanaged(&scratch) != APR_SUCCESS)
        return NULL;
    pthread_mutex_lock(&stock->mutex);
    while (!stock->stopping) {
        if (stock->suspect) {
            inspect_suspect(keeper, scratch);
            apr_pool_clear(scratch);
            continue;
        }
        if (!connection_is_wanted(stock)) {
            pthread_cond_wait(&stock->wanted, &stock->mutex);
            continue;
        }
        if (!connect_one(keeper, scratch)) {
            pause = RETRY_FIRST;
        } else if (!stock->stopping) {
            apr_time_t until = monotonic_now() + pause;

            while (!stock->stopping && monotonic_now() < until)
                monotonic_wait(&stock->wanted, &stock->mutex, until);
            pause = pause * 2 > RETRY_MAX ? RETRY_MAX : pause * 2;
        }
        apr_pool_clear(scratch);
    }
    pthread_mutex_unlock(&stock->mutex);
    apr_pool_destroy(scratch);
    return NULL;
}

/* What grace() is at least and at most. */
#define GRACE_MIN apr_time_from_msec(100)
#define GRACE_MAX apr_time_from_msec(500)

/* How often the reaper looks: often enough for a limit to be kept within a twentieth. */
static apr_interval_time_t reaper_interval(const stock_t *stock)
{
    apr_interval_time_t interval = stock->settings.statement / 20;

    if (interval < apr_time_from_msec(10))
        return apr_time_from_msec(10);
    return interval > apr_time_from_msec(100) ? apr_time_from_msec(100) : interval;
}

/* How long the server has for an answer once it is told to cancel a statement. */
static apr_interval_time_t grace(const stock_t *stock)
{
    apr_interval_time_t tenth = stock->settings.statement / 10;

    if (tenth < GRACE_MIN)
        return GRACE_MIN;
    return tenth > GRACE_MAX ? GRACE_MAX : tenth;
}

static void cut_overdue(const stock_t *stock, connection_t *connection, apr_interval_time_t grace,
                        apr_time_t now)
{
    if (connection->cut || !connection_overdue(connection, grace, now))
        return;
    if (!connection->cancelled)
        COUNTERS_ADD(pool_cut, stock->role, 1);
    connection_cut(connection);
}

/* Has the server cancel what has run past its limit, so that no backend goes on with it, and cuts the
 * connection where no answer comes even then. */
static void end_overdue(stock_t *stock, connection_t *connection, apr_time_t now)
{
    if (connection->cancel && connection_overdue(connection, 0, now)) {
        if (!connection->cancelled)
            COUNTERS_ADD(pool_cut, stock->role, 1);
        errand_send(stock, connection);
    }
    cut_overdue(stock, connection, grace(stock), now);
}

/* Ends what is overdue on the connections at work, and moves the idle ones that nobody has used for long to
 * unused. */
static void reap(stock_t *stock, apr_time_t now, connections_t *unused)
{
    connection_t *c;

    APR_RING_FOREACH(c, &stock->busy, connection_t, link)
    {
        end_overdue(stock, c, now);
    }
    errand_expire(stock, now);
    if (stock->checked)
        cut_overdue(stock, stock->checked, 0, now);
    while (!APR_RING_EMPTY(&stock->idle, connection_t, link)) {
        c = APR_RING_LAST(&stock->idle);
        if (now - c->idle_since < stock->settings.idle)
            break;
        stock_unlink_idle(stock, c);
        stock->open--;
        APR_RING_INSERT_TAIL(unused, c, connection_t, link);
    }
}

/* The reaper. It sleeps for as long as there is no connection. A thread of our own, since mod_watchdog stops
 * its threads as soon as a graceful stop begins, while requests are still being answered. */
static void *APR_THREAD_FUNC reaper_run(apr_thread_t *thread, void *data)
{
    keeper_t *keeper = data;
    stock_t *stock = keeper->stock;
    connections_t unused;

    (void)thread;
    APR_RING_INIT(&unused, connection_t, link);
    pthread_mutex_lock(&stock->mutex);
    while (!stock->stopping) {
        if (stock->open == 0)
            pthread_cond_wait(&stock->tick, &stock->mutex);
        else
            monotonic_wait(&stock->tick, &stock->mutex, monotonic_now() + reaper_interval(stock));
        reap(stock, monotonic_now(), &unused);
        if (!APR_RING_EMPTY(&unused, connection_t, link)) {
            pthread_mutex_unlock(&stock->mutex);
            stock_close_all(&unused);
            pthread_mutex_lock(&stock->mutex);
        }
    }
    pthread_mutex_unlock(&stock->mutex);
    return NULL;
}

int keeper_start(keeper_t *keeper, apr_pool_t *process)
{
    sigset_t all, before;
    int started;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = apr_thread_create(&keeper->reaper, NULL, reaper_run, keeper, process) == APR_SUCCESS &&
              apr_thread_create(&keeper->connector, NULL, connector_run, keeper, process) == APR_SUCCESS;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

void keeper_join(keeper_t *keeper)
{
    apr_status_t ignored;

    apr_thread_join(&ignored, keeper->connector);
    apr_thread_join(&ignored, keeper->reaper);
}
