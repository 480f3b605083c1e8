/* SPDX-License-Identifier: Apache-2.0 */
#include "surveyor.h"

#include <apr_strings.h>
#include <http_log.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "../monotonic.h"
#include "conninfo.h"
#include "notify.h"
#include "runner.h"
#include "surveyor_sql.h" /* SURVEYOR_PRIMARY and SURVEYOR_READER, made from surveyor.sql by the build */

APLOG_USE_MODULE(tenant);

/* So often the primary is asked; and the reader, until it has come as far. A tenant that has written reads
 * from the primary for about as long. */
#define INTERVAL apr_time_from_msec(100)
#define TICK     apr_time_from_msec(20)

/* How long an answer may take. */
#define ANSWER apr_time_from_sec(1)

/* The pause after an attempt to connect that was in vain. */
#define RETRY apr_time_from_msec(400)

/* So long a trouble lasts that the log tells of. */
#define TROUBLE apr_time_from_sec(1)

/* A server that is asked again and again. */
typedef struct post_t {
    const char *conninfo;
    const char *sql;
    int turn;      /* so many servers were refused: the next one of the string is tried first */
    PGconn *libpq; /* NULL: there is no connection */
} post_t;

/* What the primary has said of its log. */
typedef struct mark_t {
    apr_time_t at;  /* when it was asked; 0: it has not been */
    int is_reached; /* the reader has as much */
    uint64_t cluster;
    int64_t server;
    uint32_t timeline;
    int64_t end; /* of the log, in bytes */
} mark_t;

typedef struct surveyor_t {
    surveyor_settings_t settings;
    server_rec *server;
    post_t primary, reader;
    mark_t mark;
    apr_time_t asked;   /* when the primary was, last */
    int64_t surveyed;   /* the server that the survey is of */
    apr_time_t fine_at; /* when the reader was last of use */
    int is_told;        /* the log says that it is of none */
    runner_t runner;
} surveyor_t;

static void leave(post_t *post)
{
    PQfinish(post->libpq);
    post->libpq = NULL;
}

/* What libpq says, without the newline at its end; in pool. */
static const char *explain(const post_t *post, const char *what, apr_pool_t *pool)
{
    const char *message = PQerrorMessage(post->libpq);

    if (!*message)
        message = "no answer in time";
    return apr_psprintf(pool, "%s: %.*s", what, (int)strcspn(message, "\n"), message);
}

/* Connects where there is no connection, and asks. NULL: *why says why there is no answer. */
static PGresult *ask(const surveyor_t *surveyor, post_t *post, const char *what, const char **why,
                     apr_pool_t *pool)
{
    PGresult *answer = NULL;

    if (!post->libpq)
        post->libpq = PQconnectdb(conninfo_turned(post->conninfo, post->turn, pool));
    if (PQstatus(post->libpq) == CONNECTION_OK)
        answer = notify_ask(post->libpq, post->sql, surveyor->runner.wake, ANSWER);
    if (answer)
        return answer;
    *why = explain(post, what, pool);
    leave(post);
    return NULL;
}

static int64_t number(const PGresult *answer, int column)
{
    return strtoll(PQgetvalue(answer, 0, column), NULL, 10);
}

/* Whether the reader may still come as far as a mark: the log that it is of may have lost its end in a crash,
 * or have gone on on another timeline. */
static int is_in_reach(const mark_t *mark, const mark_t *newer)
{
    return mark->cluster == newer->cluster && mark->server == newer->server &&
           mark->timeline == newer->timeline && mark->end <= newer->end;
}

/* Asks the primary for the end of its log, which is the mark unless the reader has not come as far as the one
 * before. NULL, or why there is none. */
static const char *look_at_primary(surveyor_t *surveyor, apr_pool_t *pool)
{
    enum { CLUSTER, SERVER, TIMELINE, END };
    mark_t mark = {.at = monotonic_now()};
    const timeline_t *newest;
    const char *why;
    PGresult *answer = ask(surveyor, &surveyor->primary, "the primary cannot be asked", &why, pool);

    surveyor->asked = mark.at;
    if (!answer)
        return why;
    mark.cluster = strtoull(PQgetvalue(answer, 0, CLUSTER), NULL, 10);
    mark.server = number(answer, SERVER);
    mark.timeline = (uint32_t)number(answer, TIMELINE);
    mark.end = number(answer, END);
    PQclear(answer);
    newest = mark.timeline ? timelines_see(&surveyor->settings.lineage, mark.cluster, mark.timeline) : NULL;
    if (!mark.timeline || (newest && timeline_newest(newest) > mark.timeline)) {
        leave(&surveyor->primary);
        surveyor->primary.turn++;
        return "the connection string of the primary leads to a standby, or an old primary";
    }
    if (surveyor->mark.is_reached || !is_in_reach(&surveyor->mark, &mark))
        surveyor->mark = mark;
    return NULL;
}

/* Whether the reader follows the primary, or is it. *why: it does not; *is_reached: it has come as far as the
 * mark. */
static int judge(const PGresult *answer, const mark_t *mark, int *is_reached, const char **why)
{
    enum { CLUSTER, SERVER, IS_STANDBY, TIMELINE, REPLAYED };

    *is_reached = 1;
    if (strtoull(PQgetvalue(answer, 0, CLUSTER), NULL, 10) != mark->cluster) {
        *why = "it is of another cluster";
    } else if (!number(answer, IS_STANDBY)) {
        if (number(answer, SERVER) == mark->server)
            return 1;
        *why = "it is a primary, and another one than writes go to";
    } else {
        *is_reached = number(answer, REPLAYED) >= mark->end;
        if (number(answer, TIMELINE) == mark->timeline)
            return 1;
        *why = "its last restart point is of another timeline than the primary's";
    }
    return 0;
}

/* Asks the reader how far it is. NULL, or why it is of no use. */
static const char *look_at_reader(surveyor_t *surveyor, apr_pool_t *pool)
{
    freshness_t *freshness = surveyor->settings.freshness;
    int is_new = !surveyor->reader.libpq;
    apr_time_t asked = monotonic_now();
    int is_following, is_reached;
    const char *why;
    PGresult *answer = ask(surveyor, &surveyor->reader, "it cannot be asked", &why, pool);
    int64_t server;

    if (!answer) {
        freshness_void(freshness);
        return why;
    }
    server = number(answer, 1);
    if (is_new || server != surveyor->surveyed) {
        surveyor->surveyed = server;
        freshness_begin(freshness, server);
    }
    freshness_note(freshness, asked);
    is_following = judge(answer, &surveyor->mark, &is_reached, &why);
    PQclear(answer);
    if (!is_following) {
        freshness_void(freshness);
        return why;
    }
    if (is_reached) {
        surveyor->mark.is_reached = 1;
        freshness_reach(freshness, surveyor->mark.at);
    }
    return NULL;
}

/* One look at both. NULL, or why the reader is of no use. */
static const char *survey(surveyor_t *surveyor, apr_pool_t *pool)
{
    int is_due = !surveyor->mark.at || monotonic_now() - surveyor->asked >= INTERVAL;
    const char *why = is_due ? look_at_primary(surveyor, pool) : NULL;
    apr_time_t fresh;

    if (!why && (is_due || !surveyor->mark.is_reached))
        why = look_at_reader(surveyor, pool);
    fresh = freshness_look(surveyor->settings.freshness).fresh;
    if (why || (fresh && monotonic_now() - fresh <= surveyor->settings.lag))
        return why;
    return apr_psprintf(pool, "it is more than %" APR_TIME_T_FMT " ms behind",
                        apr_time_as_msec(surveyor->settings.lag));
}

/* Says once that the reader is of no use, and once that it is again. */
static void report(surveyor_t *surveyor, const char *why)
{
    apr_time_t now = monotonic_now();

    if (!why)
        surveyor->fine_at = now;
    if (!why == !surveyor->is_told || (why && now - surveyor->fine_at < TROUBLE))
        return;
    surveyor->is_told = why != NULL;
    if (why)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, surveyor->server,
                     "TenantDatabase read= is not used, the primary answers: %s", why);
    else
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, surveyor->server, "TenantDatabase read= is used again");
}

/* The caller has the lock. */
static void lead(surveyor_t *surveyor, apr_pool_t *scratch)
{
    surveyor->fine_at = monotonic_now();
    surveyor->mark = (mark_t){0};
    freshness_void(surveyor->settings.freshness); /* who had the lock may have been killed */
    while (!surveyor->runner.is_stopping) {
        const char *why = survey(surveyor, scratch);
        int is_away = !surveyor->primary.libpq || !surveyor->reader.libpq;

        if (!surveyor->runner.is_stopping)
            report(surveyor, why);
        apr_pool_clear(scratch);
        runner_sleep(&surveyor->runner, is_away ? RETRY : TICK);
    }
    freshness_void(surveyor->settings.freshness);
    leave(&surveyor->primary);
    leave(&surveyor->reader);
}

/* A thread of our own in each child, as the listener is one (identity/listener.c). */
static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    surveyor_t *surveyor = data;
    freshness_t *freshness = surveyor->settings.freshness;
    apr_pool_t *scratch;

    (void)thread;
    if (apr_pool_create_unmanaged(&scratch) != APR_SUCCESS)
        return NULL;
    while (!surveyor->runner.is_stopping) {
        if (freshness_lock(freshness, 2 * INTERVAL)) {
            lead(surveyor, scratch);
            freshness_unlock(freshness);
        }
    }
    apr_pool_destroy(scratch);
    return NULL;
}

/* The keyword that names it in pg_stat_activity; the last one counts. */
static post_t make_post(const char *conninfo, const char *sql, apr_pool_t *pool)
{
    return (post_t){.conninfo = apr_pstrcat(pool, conninfo, " application_name='mod_tenant survey'", NULL),
                    .sql = sql};
}

int surveyor_start(const surveyor_settings_t *settings, server_rec *server, apr_pool_t *process)
{
    surveyor_t *surveyor = apr_pcalloc(process, sizeof *surveyor);

    surveyor->settings = *settings;
    surveyor->server = server;
    surveyor->primary = make_post(settings->primary, SURVEYOR_PRIMARY, process);
    surveyor->reader = make_post(settings->reader, SURVEYOR_READER, process);
    return runner_start(&surveyor->runner, run, surveyor, process);
}
