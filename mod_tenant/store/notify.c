/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"

#include <apr_strings.h>
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "../monotonic.h"

struct notify_t {
    notify_settings_t settings;
    PGconn *libpq;
    const char *own; /* the channel that nobody else listens on */
    int sent, heard; /* numbers of the notifications that were sent to it, and that came */
    int witnessed;   /* that of the last one of the witness's */
    const char *why; /* why the last call failed */
    apr_pool_t *pool;
};

/* What a wait has brought. */
typedef enum event_t {
    EVENT_INPUT, /* there is something new in libpq's buffer */
    EVENT_NONE,  /* the time is over */
    EVENT_END,   /* the connection is lost, or somebody wants the thread back */
} event_t;

static event_t wait_for_input(PGconn *libpq, int wake, apr_time_t deadline)
{
    struct pollfd descriptors[] = {
        {.fd = PQsocket(libpq), .events = POLLIN},
        {.fd = wake, .events = POLLIN},
    };
    int ready;

    do {
        apr_interval_time_t left = deadline - monotonic_now();

        ready = poll(descriptors, 2, left > 0 ? (int)apr_time_as_msec(left + 999) : 0);
    } while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return EVENT_NONE;
    return ready > 0 && !descriptors[1].revents && PQconsumeInput(libpq) ? EVENT_INPUT : EVENT_END;
}

/* Waits until there is a result. 0: it takes longer than the limit, or the connection is of no use. */
static int await_result(PGconn *libpq, const notify_settings_t *settings)
{
    apr_time_t deadline = monotonic_now() + settings->limit;

    while (PQisBusy(libpq)) {
        if (wait_for_input(libpq, settings->wake, deadline) != EVENT_INPUT)
            return 0;
    }
    return 1;
}

/* Takes all results of what was sent, each of which has to be of a kind. */
static int take_results(PGconn *libpq, ExecStatusType kind, const notify_settings_t *settings)
{
    PGresult *result;
    int done = 1;

    for (;;) {
        if (!await_result(libpq, settings))
            return 0;
        result = PQgetResult(libpq);
        if (!result)
            return done;
        done = done && PQresultStatus(result) == kind;
        PQclear(result);
    }
}

/* Runs commands that return no rows. 0: they failed, or one took longer than the limit. */
static int run(PGconn *libpq, const char *sql, const notify_settings_t *settings)
{
    return PQsendQuery(libpq, sql) && take_results(libpq, PGRES_COMMAND_OK, settings);
}

/* What libpq has to say, without the newline at its end; in pool. */
static const char *explain(PGconn *libpq, apr_pool_t *pool)
{
    const char *message = libpq ? PQerrorMessage(libpq) : "out of memory";

    if (!*message)
        return "no answer in time";
    return apr_pstrmemdup(pool, message, strcspn(message, "\n"));
}

/* Notes why the connection is of no use any more. */
static int fail(notify_t *notify)
{
    notify->why = explain(notify->libpq, notify->pool);
    return 0;
}

/* Hands on what has come. */
static void dispatch(notify_t *notify)
{
    PGnotify *notification;

    while ((notification = PQnotifies(notify->libpq))) {
        if (strcmp(notification->relname, notify->own) == 0 && *notification->extra == 'w')
            notify->witnessed = atoi(notification->extra + 1);
        else if (strcmp(notification->relname, notify->own) == 0)
            notify->heard = atoi(notification->extra);
        else
            notify->settings.handler(notify->settings.context, notification->relname, notification->extra);
        PQfreemem(notification);
    }
}

/* Sends a notification by way of any connection to the database. */
static int send_by(PGconn *by, const char *channel, const char *payload, const notify_settings_t *settings)
{
    char sql[NOTIFY_CHANNEL_SIZE + 64];

    apr_snprintf(sql, sizeof sql, "NOTIFY %s, '%s'", channel, payload);
    return run(by, sql, settings);
}

/* Sends one to our own channel. */
static int send_own(notify_t *notify, PGconn *by)
{
    char payload[16];

    apr_snprintf(payload, sizeof payload, "%d", ++notify->sent);
    return send_by(by, notify->own, payload, &notify->settings);
}

/* Waits for the notification that was sent last. */
static int await_own(notify_t *notify)
{
    apr_time_t deadline = monotonic_now() + notify->settings.limit;

    dispatch(notify);
    while (notify->heard != notify->sent) {
        if (wait_for_input(notify->libpq, notify->settings.wake, deadline) != EVENT_INPUT)
            return fail(notify);
        dispatch(notify);
    }
    return 1;
}

int notify_prove(notify_t *notify)
{
    return send_own(notify, notify->libpq) ? await_own(notify) : fail(notify);
}

/* No statement, not even an empty one, which PostgreSQL might log and count each time. */
int notify_ping(notify_t *notify)
{
    PGconn *libpq = notify->libpq;

    if (!PQenterPipelineMode(libpq) || !PQpipelineSync(libpq) ||
        !take_results(libpq, PGRES_PIPELINE_SYNC, &notify->settings) || !PQexitPipelineMode(libpq))
        return fail(notify);
    dispatch(notify);
    return 1;
}

void notify_miss(notify_t *notify, int is_sent)
{
    notify->why = is_sent ? "a notification from TenantDatabase does not arrive: it is another database, or "
                            "another server, or a transaction pooler is between"
                          : "TenantDatabase cannot be reached: it may lead to another server";
}

const char *notify_channel(const notify_t *notify)
{
    return notify->own;
}

int notify_witnessed(const notify_t *notify)
{
    return notify->witnessed;
}

/* Lets a notification come from where all others connect. */
static int prove_witness(notify_t *notify)
{
    PGconn *witness = PQconnectdb(notify->settings.witness);
    int sent = PQstatus(witness) == CONNECTION_OK && send_own(notify, witness);

    if (!sent)
        notify->why = explain(witness, notify->pool);
    PQfinish(witness);
    if (!sent || await_own(notify))
        return sent;
    notify_miss(notify, 1);
    return 0;
}

static int subscribe(notify_t *notify)
{
    const char *sql = "SET application_name = 'mod_tenant listener'";

    notify->own = apr_psprintf(notify->pool, "mod_tenant_%u", (unsigned)PQbackendPID(notify->libpq));
    for (const char *const *channel = notify->settings.channels; *channel; channel++)
        sql = apr_pstrcat(notify->pool, sql, "; LISTEN ", *channel, NULL);
    sql = apr_pstrcat(notify->pool, sql, "; LISTEN ", notify->own, NULL);
    return run(notify->libpq, sql, &notify->settings) || fail(notify);
}

notify_t *notify_open(const notify_settings_t *settings, const char **why, apr_pool_t *pool)
{
    notify_t *notify = apr_pcalloc(pool, sizeof *notify);
    int listening;

    notify->settings = *settings;
    notify->pool = pool;
    notify->libpq = PQconnectdb(settings->conninfo);
    listening = PQstatus(notify->libpq) == CONNECTION_OK ? subscribe(notify) : fail(notify);
    if (listening && prove_witness(notify))
        return notify;
    *why = notify->why;
    PQfinish(notify->libpq);
    return NULL;
}

int notify_wait(notify_t *notify, apr_interval_time_t time)
{
    apr_time_t deadline = monotonic_now() + time;
    event_t event;

    do {
        dispatch(notify);
        event = wait_for_input(notify->libpq, notify->settings.wake, deadline);
    } while (event == EVENT_INPUT && monotonic_now() < deadline);
    dispatch(notify);
    return event != EVENT_END || fail(notify);
}

const char *notify_why(const notify_t *notify)
{
    return notify->why;
}

void notify_close(notify_t *notify)
{
    PQfinish(notify->libpq);
}

PGresult *notify_ask(PGconn *libpq, const char *sql, int wake, apr_interval_time_t limit)
{
    const notify_settings_t settings = {.wake = wake, .limit = limit};
    PGresult *answer;

    if (!PQsendQuery(libpq, sql) || !await_result(libpq, &settings))
        return NULL;
    answer = PQgetResult(libpq);
    if (PQresultStatus(answer) == PGRES_TUPLES_OK && PQntuples(answer) == 1 &&
        take_results(libpq, PGRES_TUPLES_OK, &settings))
        return answer;
    PQclear(answer);
    return NULL;
}

int notify_send(const char *conninfo, const char *channel, const char *payload, int wake,
                apr_interval_time_t limit)
{
    const notify_settings_t settings = {.wake = wake, .limit = limit};
    PGconn *libpq = PQconnectdb(conninfo);
    int done = PQstatus(libpq) == CONNECTION_OK && send_by(libpq, channel, payload, &settings);

    PQfinish(libpq);
    return done;
}

int notify_tell(const notify_settings_t *settings, const char *sql, const char *const *values, int count,
                const char **why, apr_pool_t *pool)
{
    PGconn *libpq = PQconnectdb(settings->conninfo);
    int done = PQstatus(libpq) == CONNECTION_OK &&
               PQsendQueryParams(libpq, sql, count, NULL, values, NULL, NULL, 0) &&
               take_results(libpq, PGRES_TUPLES_OK, settings);

    if (!done && why)
        *why = explain(libpq, pool);
    PQfinish(libpq);
    return done;
}
