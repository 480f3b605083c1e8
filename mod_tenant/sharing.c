/* SPDX-License-Identifier: Apache-2.0 */
#include "sharing.h"

#include <ap_mpm.h>
#include <http_core.h>
#include <http_log.h>

#include "billing/arrears.h"
#include "billing/billing.h"
#include "child.h"
#include "presence.h"
#include "store/conninfo.h"
#include "store/freshness.h"

APLOG_USE_MODULE(tenant);

sharing_t sharing_make(apr_pool_t *pool)
{
    return (sharing_t){
        .pools = apr_hash_make(pool),
        .generations = apr_hash_make(pool),
        .presences = apr_hash_make(pool),
        .usages = apr_hash_make(pool),
        .arrears = apr_hash_make(pool),
        .freshness = apr_hash_make(pool),
        .transports = apr_hash_make(pool),
    };
}

/* Counts the connections of a pool, unless another server has the same one. */
static void count_connections(sharing_t *sharing, const char *connect, database_role_t role, int max,
                              apr_pool_t *pool)
{
    const char *key;

    if (!connect)
        return;
    key = child_database_key(connect, role, pool);
    if (apr_hash_get(sharing->pools, key, APR_HASH_KEY_STRING))
        return;
    apr_hash_set(sharing->pools, key, APR_HASH_KEY_STRING, connect);
    sharing->in_each_child += max;
}

/* Notes how a server's connections go. */
static void note_transport(sharing_t *sharing, const char *connect, apr_pool_t *pool)
{
    int is_safe;
    const char *transport = connect ? conninfo_transport(connect, &is_safe, pool) : NULL;

    if (transport)
        apr_hash_set(sharing->transports, transport, APR_HASH_KEY_STRING, is_safe ? transport : "");
}

/* Says for each database that is reached over the network whether what goes there is encrypted. */
static void log_transports(const sharing_t *sharing, server_rec *servers, apr_pool_t *pool)
{
    for (apr_hash_index_t *i = apr_hash_first(pool, sharing->transports); i; i = apr_hash_next(i)) {
        int is_safe = *(const char *)apr_hash_this_val(i) != '\0';

        ap_log_error(APLOG_MARK, is_safe ? APLOG_NOTICE : APLOG_WARNING, 0, servers,
                     "database connections to %s", (const char *)apr_hash_this_key(i));
    }
}

/* Gives a server the memory in which its children learn of changes. Returns NULL, or a sentence. */
static const char *share_generations(sharing_t *sharing, server_config_t *config, apr_pool_t *pool)
{
    if (config->cache_settings.size == 0)
        return NULL;
    config->generations = apr_hash_get(sharing->generations, config->connect, APR_HASH_KEY_STRING);
    if (config->generations)
        return NULL;
    config->generations = generations_make(pool);
    apr_hash_set(sharing->generations, config->connect, APR_HASH_KEY_STRING, config->generations);
    sharing->beside += 2; /* the listener's, and the witness's for a moment */
    return config->generations ? NULL : "there is no shared memory for TenantCache";
}

/* Gives a server the memory by which its children tell the database of this node. Returns NULL, or a
 * sentence. */
static const char *share_presence(sharing_t *sharing, server_config_t *config, const server_rec *servers,
                                  apr_pool_t *pool)
{
    config->presence = apr_hash_get(sharing->presences, config->connect, APR_HASH_KEY_STRING);
    if (config->presence)
        return NULL;
    config->presence = presence_make(servers, config->keyring, pool);
    apr_hash_set(sharing->presences, config->connect, APR_HASH_KEY_STRING, config->presence);
    sharing->beside++; /* for a moment */
    return config->presence ? NULL : "there is no shared memory for TenantDatabase";
}

/* Gives a server with a reader the memory in which its children learn how fresh that is. Returns NULL, or a
 * sentence. */
static const char *share_freshness(sharing_t *sharing, server_config_t *config, apr_pool_t *pool)
{
    if (!config->read_connect)
        return NULL;
    config->freshness = apr_hash_get(sharing->freshness, config->connect, APR_HASH_KEY_STRING);
    if (config->freshness)
        return NULL;
    config->freshness = freshness_make(pool);
    apr_hash_set(sharing->freshness, config->connect, APR_HASH_KEY_STRING, config->freshness);
    sharing->beside++; /* at the primary; and one at the reader */
    sharing->readers += config->pool.max;
    return config->freshness ? NULL : "there is no shared memory for TenantDatabase read=";
}

/* The same for what they could not tell of it. In the rehearsal of a start nothing is read. */
static const char *share_arrears(sharing_t *sharing, server_config_t *config, server_rec *servers,
                                 apr_pool_t *pool)
{
    config->arrears = apr_hash_get(sharing->arrears, config->connect, APR_HASH_KEY_STRING);
    if (config->arrears || !config->usage || ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG)
        return NULL;
    config->arrears =
        arrears_open(config->usage, config->usage_settings.keep, config->conninfo, servers, pool);
    apr_hash_set(sharing->arrears, config->connect, APR_HASH_KEY_STRING, config->arrears);
    return config->arrears ? NULL : "there is no shared memory for TenantUsage";
}

/* Gives a server the memory in which its children count what tenants use. Returns NULL, or a sentence. */
static const char *share_usage(sharing_t *sharing, server_config_t *config, server_rec *servers,
                               apr_pool_t *pool)
{
    const char *why;

    config->usage = apr_hash_get(sharing->usages, config->connect, APR_HASH_KEY_STRING);
    if (config->usage || !config->usage_settings.is_on)
        return NULL;
    why = billing_open(&config->usage, config->connect_name, &config->usage_settings, servers, pool);
    apr_hash_set(sharing->usages, config->connect, APR_HASH_KEY_STRING, config->usage);
    return why;
}

const char *sharing_add(sharing_t *sharing, server_config_t *config, server_rec *servers, apr_pool_t *pool)
{
    const char *why;

    note_transport(sharing, config->connect, pool);
    note_transport(sharing, config->admin_connect, pool);
    note_transport(sharing, config->listen_connect, pool);
    note_transport(sharing, config->read_connect, pool);
    count_connections(sharing, config->connect, DATABASE_API, config->pool.max, pool);
    count_connections(sharing, config->admin_connect, DATABASE_ADMIN, CHILD_ADMIN_POOL_MAX, pool);
    why = share_generations(sharing, config, pool);
    if (!why)
        why = share_freshness(sharing, config, pool);
    if (!why)
        why = share_presence(sharing, config, servers, pool);
    if (!why)
        why = share_usage(sharing, config, servers, pool);
    return why ? why : share_arrears(sharing, config, servers, pool);
}

/* Says how many connections there may be. */
static void log_connections(const sharing_t *sharing, server_rec *servers)
{
    int children = 0;

    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &children);
    if (sharing->in_each_child)
        ap_log_error(
            APLOG_MARK, APLOG_NOTICE, 0, servers,
            "at most %d database connections (%d children, %d in each, and %d beside these; twice as many "
            "during a graceful restart): hold this against max_connections",
            children * sharing->in_each_child + sharing->beside, children, sharing->in_each_child,
            sharing->beside);
    if (sharing->readers)
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, servers,
                     "at most %d database connections to read= (%d in each child, and one more)",
                     children * sharing->readers + 1, sharing->readers);
}

void sharing_log(const sharing_t *sharing, server_rec *servers, apr_pool_t *pool)
{
    log_transports(sharing, servers, pool);
    log_connections(sharing, servers);
}
