/* SPDX-License-Identifier: Apache-2.0 */
#include "listener.h"

#include <apr_strings.h>
#include <http_log.h>

#include "../monotonic.h"
#include "../store/notify.h"
#include "../store/runner.h"
#include "witness.h"

APLOG_USE_MODULE(tenant);

/* What froze or went away without a word (the session, the network, the child that has the connection) says
 * nothing of changes. Readers rely on a proof that it lives for as long as TRUST, which is what bounds how
 * old a thing they may use: less than the 200 ms that the documents promise. A proof comes with each
 * HEARTBEAT, so that one may be late. Where one is, readers ask the database until it comes; nothing is lost.
 * Only after ANSWER the connection is given up. */
#define HEARTBEAT apr_time_from_msec(50)
#define TRUST     apr_time_from_msec(180)
#define ANSWER    apr_time_from_sec(4)

/* The way of requests may be led to another server while this one lives. So a witness goes it, every few
 * seconds; what it sends has to arrive once PostgreSQL's queue is read to its end. For so long a proof of
 * that holds, where the witness gets through to nobody. */
#define WITNESSED apr_time_from_sec(8)

/* The pause after a failed attempt to connect, twice as long each time. */
#define RETRY_FIRST apr_time_from_msec(50)
#define RETRY_MAX   apr_time_from_msec(400)

/* How often a child that does not listen looks whether it shall stop. It need not look for the lock, which
 * comes to it as soon as it is free. */
#define TICK apr_time_from_msec(200)

#define TENANTS_CHANNEL "tenant_changed"
#define LOGINS_CHANNEL  "tenant_login_changed"

typedef struct listener_t {
    generations_t *generations;
    notify_settings_t notify;
    witness_t *witness;
    server_rec *server;
    runner_t runner;
    int has_heard; /* this child has had a connection */
} listener_t;

static void hear(void *context, const char *channel, const char *payload)
{
    listener_t *listener = context;

    generations_read(listener->generations,
                     strcmp(channel, LOGINS_CHANNEL) == 0 ? GENERATIONS_LOGINS : GENERATIONS_TENANTS,
                     payload);
}

/* When it was last proven that requests go to the server that is listened to. */
typedef struct common_t {
    apr_time_t proven_at;
    int number; /* of the witness's notification that has proven it */
} common_t;

/* One heartbeat: most are an empty statement, but behind each notification of the witness's there is one of
 * our own, by which the other one has come. 0: the connection is of no use any more. */
static int beat(listener_t *listener, notify_t *notify, common_t *common)
{
    apr_time_t began;
    int number = witness_last(listener->witness, &began);

    if (number <= common->number && monotonic_now() < common->proven_at + WITNESSED)
        return notify_ping(notify);
    if (!notify_prove(notify))
        return 0;
    if (number <= common->number || notify_witnessed(notify) < number) {
        notify_miss(notify, number > common->number);
        return 0;
    }
    *common = (common_t){began, number};
    return 1;
}

/* Serves a connection until it is lost or the listener stops. What changed while nobody listened is unknown,
 * so everything has. */
static void serve(listener_t *listener, notify_t *notify)
{
    apr_time_t proven_at = monotonic_now();
    common_t common = {.proven_at = proven_at}; /* notify_open() has done it */
    int is_alive;

    generations_change(listener->generations, GENERATIONS_TENANTS, GENERATIONS_ANY_TENANT);
    generations_change(listener->generations, GENERATIONS_LOGINS, GENERATIONS_ANY_TENANT);
    witness_lead(listener->witness, notify_channel(notify));
    do {
        generations_trust(listener->generations, proven_at + TRUST);
        is_alive = notify_wait(notify, proven_at + HEARTBEAT - monotonic_now());
        proven_at = monotonic_now();
        if (is_alive)
            is_alive = beat(listener, notify, &common);
    } while (is_alive);
    generations_trust(listener->generations, 0);
    witness_lead(listener->witness, NULL);
}

/* Says once that nobody listens, and once that somebody does again, whichever child does so. */
static void report(listener_t *listener, int is_heard, const char *why)
{
    if (!generations_set_heard(listener->generations, is_heard))
        return;
    if (is_heard)
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, listener->server,
                     "TenantDatabase: changes of tenants are heard again");
    else /* at start this is the first connection of all: a user who is not let in shows here */
        ap_log_error(
            APLOG_MARK, listener->has_heard ? APLOG_WARNING : APLOG_ERR, 0, listener->server,
            "TenantDatabase: changes of tenants cannot be heard, so nothing is cached and each request "
            "looks its tenant up: %s",
            why);
}

/* Connects and serves the connection, again and again. The caller has the lock. */
static void lead(listener_t *listener, apr_pool_t *scratch)
{
    apr_interval_time_t pause = RETRY_FIRST;

    generations_trust(listener->generations, 0); /* who had the lock may have been killed */
    while (!listener->runner.is_stopping) {
        const char *why;
        notify_t *notify = notify_open(&listener->notify, &why, scratch);

        if (notify) {
            listener->has_heard = 1;
            report(listener, 1, NULL);
            serve(listener, notify);
            why = notify_why(notify);
            pause = RETRY_FIRST;
        }
        if (!listener->runner.is_stopping) {
            report(listener, 0, why);
            runner_sleep(&listener->runner, pause);
            pause = pause * 2 > RETRY_MAX ? RETRY_MAX : pause * 2;
        }
        if (notify)
            notify_close(notify);
        apr_pool_clear(scratch);
    }
}

/* A thread of our own in each child, which ends after the child's last request: mod_watchdog stops its
 * threads as soon as a graceful stop begins, while requests are still being answered; and when the child that
 * runs its singleton is killed, another one takes over only after 10 s. */
static void *APR_THREAD_FUNC listener_run(apr_thread_t *thread, void *data)
{
    listener_t *listener = data;
    apr_pool_t *scratch;

    (void)thread;
    listener->notify.wake = listener->runner.wake;
    if (apr_pool_create_unmanaged(&scratch) != APR_SUCCESS)
        return NULL;
    while (!listener->runner.is_stopping) {
        if (generations_lock(listener->generations, TICK)) {
            lead(listener, scratch);
            generations_unlock(listener->generations);
        }
    }
    apr_pool_destroy(scratch);
    return NULL;
}

int listener_start(generations_t *generations, const char *conninfo, const char *witness, server_rec *server,
                   apr_pool_t *process)
{
    static const char *const channels[] = {TENANTS_CHANNEL, LOGINS_CHANNEL, NULL};
    listener_t *listener = apr_pcalloc(process, sizeof *listener);

    listener->generations = generations;
    listener->server = server;
    listener->notify = (notify_settings_t){
        .conninfo = conninfo,
        .witness = witness,
        .channels = channels,
        .limit = ANSWER,
        .handler = hear,
        .context = listener,
    };
    listener->witness = witness_start(witness, ANSWER, process);
    return listener->witness && runner_start(&listener->runner, listener_run, listener, process);
}
