/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <ap_mpm.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <http_log.h>

#include "billing/billing.h"
#include "config.h"
#include "gateway/injection.h"
#include "gateway/recall.h"
#include "http/gate.h"
#include "http/linger.h"
#include "identity/ledger.h"
#include "identity/listener.h"
#include "identity/logins.h"
#include "presence.h"
#include "metrics/counters.h"
#include "metrics/share.h"
#include "secret/keyring.h"

APLOG_USE_MODULE(tenant);

const char *child_database_key(const char *connect, database_role_t role, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%d %s", role, connect);
}

/* The database of a connection string: the one that another server has started, or a new one. */
static database_t *start_database(apr_hash_t *databases, const database_settings_t *settings,
                                  server_rec *servers, apr_pool_t *pool)
{
    const char *key;
    database_t *database;

    if (!settings->conninfo)
        return NULL;
    key = child_database_key(settings->conninfo, settings->role, pool);
    database = apr_hash_get(databases, key, APR_HASH_KEY_STRING);
    if (database)
        return database;
    database = database_open(settings, servers, pool);
    if (!database)
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, servers,
                     "the threads of the connection pool cannot be started");
    apr_hash_set(databases, key, APR_HASH_KEY_STRING, database);
    return database;
}

static void start_databases(apr_hash_t *databases, server_config_t *config, server_rec *servers,
                            apr_pool_t *pool)
{
    pool_settings_t few = config->pool;
    database_settings_t api = {
        .conninfo = config->connect,
        .role = DATABASE_API,
        .pool = &config->pool,
        .timelines = config->timelines,
        .writes = config->writes,
        .reader = config->read_connect,
        .lag = config->lag,
        .freshness = config->freshness,
    };
    database_settings_t admin = {
        .conninfo = config->admin_connect,
        .role = DATABASE_ADMIN,
        .pool = &few,
        .timelines = config->timelines,
        .writes = config->writes,
    };

    few.max = CHILD_ADMIN_POOL_MAX;
    config->database = start_database(databases, &api, servers, pool);
    config->admin_database = start_database(databases, &admin, servers, pool);
}

/* What servers of the same database share beside it. */
typedef struct memories_t {
    cache_t *cache;   /* NULL: off; or without memory or threads for it, so that requests ask the database */
    ledger_t *ledger; /* keeps nothing where there is no cache */
    recall_t *recall; /* NULL: there is no cache, or no gateway */
} memories_t;

static cache_t *start_cache(const server_config_t *config, server_rec *servers, apr_pool_t *pool)
{
    const char *listen = config->listen_connect ? config->listen_connect : config->connect;
    cache_t *cache;

    if (!config->generations)
        return NULL;
    cache = cache_open(&config->cache_settings, config->generations, pool);
    if (!cache || !listener_start(config->generations, listen, config->connect, servers, pool))
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, servers, "TenantCache cannot be started");
    return cache;
}

/* NULL: what tenants use is not told. */
static const billing_t *make_billing(const server_config_t *config, server_rec *servers, apr_pool_t *pool)
{
    billing_t *billing = apr_palloc(pool, sizeof *billing);

    *billing = (billing_t){
        .usage = config->usage,
        .arrears = config->arrears,
        .flush = config->usage_settings.flush,
        .conninfo = apr_pstrcat(pool, config->connect, " application_name='mod_tenant usage'", NULL),
        .server = servers,
    };
    return config->usage ? billing : NULL;
}

/* Those of a server's database: what another server has started, or new ones. */
static const memories_t *start_memories(apr_hash_t *all, const server_config_t *config, server_rec *servers,
                                        apr_pool_t *pool)
{
    static const memories_t none;
    memories_t *memories;

    if (!config->connect)
        return &none;
    memories = apr_hash_get(all, config->connect, APR_HASH_KEY_STRING);
    if (memories)
        return memories;
    if (config->presence &&
        !presence_start(config->presence, make_billing(config, servers, pool), config->connect, pool))
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, servers,
                     "the thread that tells of this node cannot be started");
    memories = apr_pcalloc(pool, sizeof *memories);
    memories->cache = start_cache(config, servers, pool);
    memories->ledger =
        ledger_open(&config->cache_settings, memories->cache ? config->generations : NULL, pool);
    if (memories->cache && config->injections)
        memories->recall = recall_open(&config->cache_settings, config->generations, pool);
    if (!memories->ledger || (memories->cache && config->injections && !memories->recall))
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, servers, "there is no memory to know Twilio accounts with");
    apr_hash_set(all, config->connect, APR_HASH_KEY_STRING, memories);
    return memories;
}

/* Of a child's threads one tenant may have three in four wait for its turn: the others are for those who need
 * not wait. */
static gates_t *make_gates(apr_pool_t *pool)
{
    int threads;

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    return gates_make(threads * 3 / 4, pool);
}

/* Where a server has a gateway, what its requests to Twilio get their credentials by. */
static injections_t *make_injections(apr_pool_t *pool, server_rec *servers)
{
    injections_t *injections = NULL;

    for (const server_rec *server = servers; server && !injections; server = server->next) {
        if (config_server(server)->gateways)
            injections = injection_make(pool);
    }
    return injections;
}

static void join_counters(const server_config_t *config)
{
    int child = config->counters ? counters_claim(config->counters) : 0;

    if (config->shares)
        shares_claim(config->shares, child);
}

void child_start(apr_pool_t *pool, server_rec *servers)
{
    injections_t *injections = make_injections(pool, servers);
    apr_hash_t *databases = apr_hash_make(pool);
    apr_hash_t *all = apr_hash_make(pool);
    const keyring_t *keyring = config_server(servers)->keyring;
    logins_t *logins = logins_open(pool);
    gates_t *gates = make_gates(pool);
    lingers_t *lingers = linger_make(pool);

    join_counters(config_server(servers));
    if (!logins)
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, servers, "there is no memory to keep logins in");
    if (!gates)
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, servers, "there is no lock for lists");
    if (keyring && !keyring_lock(keyring))
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, servers,
                     "the keys cannot be locked in memory (RLIMIT_MEMLOCK): they may be written to swap");
    for (server_rec *server = servers; server; server = server->next) {
        server_config_t *config = config_server(server);
        const memories_t *memories;

        start_databases(databases, config, servers, pool);
        config->logins = logins;
        config->gates = gates;
        config->injections = injections;
        config->lingers = lingers;
        memories = start_memories(all, config, servers, pool);
        config->cache = memories->cache;
        config->ledger = memories->ledger;
        config->recall = memories->recall;
    }
}
