/* SPDX-License-Identifier: Apache-2.0 */
#include "presence.h"

#include <ap_listen.h>
#include <ap_mpm.h>
#include <apr_general.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <errno.h>
#include <http_log.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "billing/billing.h"
#include "monotonic.h"
#include "store/ids.h"
#include "store/notify.h"
#include "store/runner.h"
#include "version.h"

APLOG_USE_MODULE(tenant);

/* How often the row is renewed. Who reads it takes a minute without for an end (tenantctl/nodes.c). */
#define BEAT apr_time_from_sec(10)

/* How often it is looked whether ids run out: to widen a large table takes planning, but no hurry. */
#define LOOK apr_time_from_sec(24 * 60 * 60)

/* How often a child looks whether the row wants to be renewed. */
#define TICK apr_time_from_sec(2)

/* How long the database may take for it; at a child's end, too. */
#define ANSWER      apr_time_from_sec(4)
#define LAST_ANSWER apr_time_from_sec(1)

#define SEEN  "SELECT public.node_seen($1, $2::bigint, $3, $4::text[], $5::text[])"
#define ENDED "SELECT public.node_ended($1, $2::bigint)"

/* How many of presence_t.values they take. */
enum { SEEN_VALUES = 5, ENDED_VALUES = 2 };

/* What the children share. */
typedef struct shared_t {
    _Atomic apr_time_t due;   /* when the row wants to be renewed, by monotonic_now() */
    _Atomic int is_told;      /* the last time it was */
    _Atomic apr_time_t look;  /* when ids want to be looked at, by the same */
    _Atomic pid_t children[]; /* the processes; 0: nobody's place. Who was killed leaves its own */
} shared_t;

struct presence_t {
    shared_t *shared;
    const server_rec *server;
    int places;                      /* for children */
    const char *values[SEEN_VALUES]; /* of node_seen(); the first ones are those of node_ended() */
};

typedef struct beater_t {
    presence_t *presence;
    const billing_t *billing; /* NULL: off */
    const char *conninfo;
    runner_t runner;
} beater_t;

/* `web1.example.com:443`. */
static const char *name_of(const server_rec *main, apr_pool_t *pool)
{
    char host[APRMAXHOSTLEN + 1];
    unsigned port = main->port;

    /* httpd keeps the first Listen last */
    for (const ap_listen_rec *listener = ap_listeners; listener; listener = listener->next) {
        if (listener->bind_addr)
            port = listener->bind_addr->port;
    }
    if (apr_gethostname(host, sizeof host, pool) != APR_SUCCESS)
        apr_cpystrn(host, main->server_hostname ? main->server_hostname : "localhost", sizeof host);
    return apr_psprintf(pool, "%s:%u", host, port);
}

/* The ids of the ring as an array of PostgreSQL's, `{"seal 1","pepper 1"}`: of all keys, or of the primary
 * ones. */
static const char *ids_of(const keyring_t *ring, int primary_only, apr_pool_t *pool)
{
    const char *ids = "", *comma = "";
    const keyring_key_t *key;

    for (int n = 0; ring && (key = keyring_any(ring, n)) != NULL; n++) {
        if (primary_only && !key->primary)
            continue;
        ids = apr_psprintf(pool, "%s%s\"%s %u\"", ids, comma, keyname_word(key->purpose), key->id);
        comma = ",";
    }
    return apr_pstrcat(pool, "{", ids, "}", NULL);
}

presence_t *presence_make(const server_rec *main, const keyring_t *keyring, apr_pool_t *pool)
{
    presence_t *presence = apr_pcalloc(pool, sizeof *presence);
    uint64_t generation;
    apr_shm_t *memory;
    apr_size_t size;

    ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &presence->places);
    size = sizeof(shared_t) + (apr_size_t)presence->places * sizeof(pid_t);
    if (apr_generate_random_bytes((unsigned char *)&generation, sizeof generation) != APR_SUCCESS ||
        apr_shm_create(&memory, size, NULL, pool) != APR_SUCCESS)
        return NULL;
    presence->shared = memset(apr_shm_baseaddr_get(memory), 0, size);
    presence->server = main;
    presence->values[0] = name_of(main, pool);
    presence->values[1] = apr_psprintf(pool, "%" APR_UINT64_T_FMT, generation >> 1);
    presence->values[2] = TENANT_VERSION;
    presence->values[3] = ids_of(keyring, 0, pool);
    presence->values[4] = ids_of(keyring, 1, pool);
    return presence;
}

/* Whether this child is the one that does now what comes again after a period. */
static int is_due(_Atomic apr_time_t *due, apr_interval_time_t period)
{
    apr_time_t then = *due;
    apr_time_t now = monotonic_now();

    return now >= then && atomic_compare_exchange_strong(due, &then, now + period);
}

static int is_alive(pid_t child)
{
    return child && (kill(child, 0) == 0 || errno != ESRCH);
}

/* Notes this child, in a place of nobody's. */
static void enter(presence_t *presence)
{
    for (int n = 0; n < presence->places; n++) {
        pid_t former = presence->shared->children[n];

        if (!is_alive(former) &&
            atomic_compare_exchange_strong(&presence->shared->children[n], &former, getpid()))
            return;
    }
}

/* Forgets it. Whether it was the last one: of two that end at the same time one is, or both, for each leaves
 * before it looks at the other. */
static int leave(presence_t *presence)
{
    int living = 0;

    for (int n = 0; n < presence->places; n++) {
        if (presence->shared->children[n] == getpid())
            presence->shared->children[n] = 0;
    }
    for (int n = 0; n < presence->places; n++)
        living += is_alive(presence->shared->children[n]);
    return living == 0;
}

/* A database that is away is logged elsewhere. */
static int tell_seen(const beater_t *beater)
{
    const notify_settings_t settings = {.conninfo = beater->conninfo,
                                        .wake = beater->runner.wake,
                                        .limit = ANSWER};

    return notify_tell(&settings, SEEN, beater->presence->values, SEEN_VALUES, NULL, NULL);
}

static void tell_end(const beater_t *beater)
{
    const notify_settings_t settings = {.conninfo = beater->conninfo, .wake = -1, .limit = LAST_ANSWER};

    notify_tell(&settings, ENDED, beater->presence->values, ENDED_VALUES, NULL, NULL);
}

static void look_at_ids(const beater_t *beater)
{
    const notify_settings_t settings = {.conninfo = beater->conninfo,
                                        .wake = beater->runner.wake,
                                        .limit = ANSWER};
    const char *found;
    apr_pool_t *pool;

    if (apr_pool_create_unmanaged(&pool) != APR_SUCCESS)
        return;
    found = ids_past_half(&settings, pool);
    if (found)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, beater->presence->server,
                     "more than half of the ids are gone of %s (docs/operate.md, ids that run out)", found);
    apr_pool_destroy(pool);
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    beater_t *beater = data;
    presence_t *presence = beater->presence;

    (void)thread;
    enter(presence);
    while (!beater->runner.is_stopping) {
        if (is_due(&presence->shared->due, BEAT))
            presence->shared->is_told = tell_seen(beater);
        if (presence->shared->is_told && is_due(&presence->shared->look, LOOK))
            look_at_ids(beater);
        if (beater->billing)
            billing_tell(beater->billing, beater->runner.wake);
        runner_sleep(&beater->runner, TICK);
    }
    if (!leave(presence))
        return NULL;
    if (beater->billing)
        billing_finish(beater->billing);
    if (presence->shared->is_told)
        tell_end(beater);
    return NULL;
}

int presence_start(presence_t *presence, const billing_t *billing, const char *conninfo, apr_pool_t *process)
{
    beater_t *beater = apr_pcalloc(process, sizeof *beater);

    beater->presence = presence;
    beater->billing = billing;
    beater->conninfo = apr_pstrcat(process, conninfo, " application_name='mod_tenant node'", NULL);
    return runner_start(&beater->runner, run, beater, process);
}
