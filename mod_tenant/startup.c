/* SPDX-License-Identifier: Apache-2.0 */
#include "startup.h"

#include <ap_mpm.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_user.h>
#include <http_core.h>
#include <http_log.h>
#include <unistd.h>
#include <unixd.h>

#include "api/reference.h"
#include "billing/arrears.h"
#include "config.h"
#include "handlers.h"
#include "metrics/counters.h"
#include "metrics/share.h"
#include "identity/quota.h"
#include "secret/keyring.h"
#include "secret/loaded.h"
#include "secret/slots.h"
#include "store/conninfo.h"
#include "store/database.h"
#include "store/driver.h"
#include "store/lasting.h"
#include "sharing.h"
#include "unguarded.h"
#include "unverified.h"

APLOG_USE_MODULE(tenant);

static int pool_equal(const pool_settings_t *a, const pool_settings_t *b)
{
    return a->max == b->max && a->lists == b->lists && a->wait == b->wait && a->statement == b->statement &&
           a->idle == b->idle && a->prepare == b->prepare;
}

/* Where a server is defined, for a message. */
static const char *where(const server_rec *server, apr_pool_t *pool)
{
    return server->defn_name ? apr_psprintf(pool, "%s:%u", server->defn_name, server->defn_line_number)
                             : "the main server";
}

static int text_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Whether servers that share a database agree on what they share. The settings are compared as they will be,
 * and under the string that they are shared by: exec: programs do not run in configtest. */
static const char *check_sharing(const server_config_t *config, apr_hash_t *seen, apr_pool_t *pool)
{
    const char *key =
        conninfo_program(config->conninfo) ? config->conninfo : conninfo_complete(config->conninfo, pool);
    server_config_t *complete = apr_pmemdup(pool, config, sizeof *complete);
    const server_config_t *other = apr_hash_get(seen, key, APR_HASH_KEY_STRING);

    config_server_complete(complete);
    if (other && !pool_equal(&other->pool, &complete->pool))
        return "TenantPool differs from that of another server with the same TenantDatabase: they share one "
               "pool";
    if (other && !text_equal(other->listen, config->listen))
        return "TenantDatabase listen= differs from that of another server with the same database: they "
               "share one connection to listen at";
    if (other && (!text_equal(other->read, config->read) || other->lag != complete->lag))
        return "TenantDatabase read= or lag= differs from that of another server with the same database: "
               "they share its connections";
    apr_hash_set(seen, key, APR_HASH_KEY_STRING, complete);
    return NULL;
}

static int is_among(const char *path, const apr_array_header_t *paths)
{
    for (int i = 0; paths && i < paths->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(paths, i, const char *), path) == 0)
            return 1;
    }
    return 0;
}

/* Whether each TenantBasePath stands in a Location that answers, of this server or of the main one. */
static const char *check_base_paths(const server_config_t *config, const server_config_t *main_config,
                                    apr_pool_t *pool)
{
    for (int i = 0; config->based && i < config->based->nelts; i++) {
        const char *path = APR_ARRAY_IDX(config->based, i, const char *);

        if (!is_among(path, config->handled) && !is_among(path, main_config->handled))
            return apr_psprintf(pool,
                                "TenantBasePath stands in <Location \"%s\">, which has no TenantHandler",
                                *path ? path : "/");
    }
    return NULL;
}

/* The reason why a server's settings cannot work, or NULL. */
static const char *check_server(server_rec *server, const server_config_t *main_config, apr_hash_t *seen,
                                apr_pool_t *pool)
{
    const server_config_t *config = config_server(server);
    const char *why = check_base_paths(config, main_config, pool);

    if (why)
        return why;
    if (config->handled && !config->conninfo)
        return "TenantHandler needs TenantDatabase in the same server";
    if (config->handled && !config->key_file)
        return "TenantHandler needs TenantKeyFile";
    if (config->gateways && (!config->conninfo || !config->key_file))
        return "TenantGateway needs TenantDatabase in the same server, and TenantKeyFile";
    if (config->has_admin && !config->admin)
        return "TenantHandler admin needs TenantDatabase with admin=\"conninfo\" in the same server";
    if ((config->admin || config->listen || config->read) && !config->conninfo)
        return "TenantDatabase admin=, listen= and read= need the API's connection string ahead of them";
    if (config->lag != CONFIG_UNSET && !config->read)
        return "TenantDatabase lag= is for a read=, which is missing";
    return config->conninfo ? check_sharing(config, seen, pool) : NULL;
}

/* Warns of a gateway that gives Twilio no callbacks, for there are no webhooks that they could lead to. */
static void warn_of_silence(server_rec *servers, apr_pool_t *pool)
{
    for (server_rec *server = servers; server; server = server->next) {
        const server_config_t *config = config_server(server);

        if (config->gateways && !config->webhooks)
            ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_WARNING, 0, servers,
                         "TenantGateway: calls and messages get no StatusCallback, as there is no "
                         "TenantHandler twilio in the same server (%s)",
                         where(server, pool));
    }
}

int startup_check(apr_pool_t *pool, apr_pool_t *log, apr_pool_t *temporary, server_rec *servers)
{
    apr_hash_t *seen = apr_hash_make(temporary);
    apr_hash_t *references = apr_hash_make(temporary);
    const char *key_file = config_server(servers)->key_file;
    const char *why;
    keyring_t *keyring;

    (void)log;
    for (server_rec *server = servers; server; server = server->next) {
        why = check_server(server, config_server(servers), seen, temporary);
        if (!why)
            why = reference_load(config_server(server)->references, references, pool);
        if (why) {
            ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, servers, "%s (%s)", why,
                         where(server, temporary));
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    why = unverified_find(temporary);
    if (why) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, servers, "%s", why);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    why = key_file ? keyring_read(&keyring, key_file, temporary) : NULL;
    if (why) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, servers, "TenantKeyFile: %s", why);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    unguarded_warn(servers, temporary);
    warn_of_silence(servers, temporary);
    return OK;
}

/* Makes the slot files for the workers. A quarter of a child's threads may wait for a slot. */
static const char *make_slots(int count, password_slots_t **slots, apr_pool_t *pool)
{
    int root = geteuid() == 0;
    int threads = 0;
    password_slots_settings_t settings = {
        .prefix = ap_runtime_dir_relative(pool, "tenant-password"),
        .count = count,
        .uid = root ? ap_unixd_config.user_id : (uid_t)-1,
        .gid = root ? ap_unixd_config.group_id : (gid_t)-1,
    };

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    settings.waiting = threads < 4 ? 1 : threads / 4;
    return password_slots_make(slots, &settings, pool);
}

/* Reads the keys and makes the slot files, while still root. */
static const char *load_secrets(server_rec *servers, keyring_t **keyring, password_slots_t **slots,
                                apr_pool_t *pool)
{
    const char *key_file = config_server(servers)->key_file;
    const char *why;

    *keyring = NULL;
    *slots = NULL;
    if (!key_file)
        return NULL;
    why = keyring_read(keyring, key_file, pool);
    if (why)
        return apr_pstrcat(pool, "TenantKeyFile: ", why, NULL);
    why = loaded_write(*keyring, key_file, ap_runtime_dir_relative(pool, LOADED_NAME), pool);
    if (why) /* tenantctl will be cautious; requests do not need it */
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_WARNING, 0, servers,
                     "tenantctl cannot know which keys are loaded: %s", why);
    return make_slots(config_server(servers)->password_slots, slots, pool);
}

/* The home folder of the user that children run as. */
static const char *home_of_user(apr_pool_t *pool)
{
    uid_t uid = geteuid() == 0 ? ap_unixd_config.user_id : geteuid();
    char *name, *home;

    if (apr_uid_name_get(&name, uid, pool) != APR_SUCCESS ||
        apr_uid_homepath_get(&home, name, pool) != APR_SUCCESS)
        return "/nonexistent";
    return home;
}

/* Completes a connection string as given, in *connect; NULL stays NULL. Returns NULL, or a sentence. */
static const char *complete(const char **connect, const char *given, apr_pool_t *pool)
{
    const char *conninfo;
    const char *why;

    *connect = NULL;
    if (!given)
        return NULL;
    why = conninfo_find(&conninfo, given, pool);
    if (!why)
        *connect = conninfo_at_home(conninfo_complete(conninfo, pool), home_of_user(pool), pool);
    return why ? apr_pstrcat(pool, "TenantDatabase: ", why, NULL) : NULL;
}

/* Makes a server's settings ready for use. Returns NULL, or a sentence. */
static const char *finish_server(server_config_t *config, sharing_t *sharing, server_rec *servers,
                                 apr_pool_t *pool)
{
    const char *why;

    if (!config->conninfo)
        return NULL;
    why = driver_load(pool);
    if (!why)
        why = complete(&config->connect, config->conninfo, pool);
    if (!why)
        why = complete(&config->admin_connect, config->admin, pool);
    if (!why)
        why = complete(&config->listen_connect, config->listen, pool);
    if (!why)
        why = complete(&config->read_connect, config->read, pool);
    if (why)
        return why;
    config->connect_name = conninfo_name(config->connect, pool);
    return sharing_add(sharing, config, servers, pool);
}

/* So many logins that fail, networks where something fails, and tenants at the gateway, are counted. */
enum { STARTUP_NAMES = 16384 };

/* What outlives a generation of children. */
typedef struct shared_t {
    attempts_t *attempts, *requests, *guesses, *creations;
    timelines_t *timelines;
    writes_t *writes;     /* NULL: no server has a reader */
    counters_t *counters; /* NULL: off */
    shares_t *shares;     /* likewise */
} shared_t;

static const char *no_counters(apr_size_t size, int children, apr_pool_t *pool)
{
    return apr_psprintf(pool,
                        "there is no shared memory for TenantMetrics, which takes %" APR_SIZE_T_FMT
                        " bytes for %d children (ServerLimit)",
                        size, children);
}

/* What the tenants have. NULL, or why not. */
static const char *share_shares(shared_t *shared, int tenants, int children, server_rec *servers,
                                apr_pool_t *pool)
{
    const char *name = apr_pstrcat(pool, counters_name(pool), " tenants", NULL);
    apr_size_t size = shares_size(children, tenants);
    int is_new;
    void *memory = lasting_memory(name, size, &is_new, servers->process->pool);

    shared->shares = memory ? shares_use(memory, is_new, children, tenants) : NULL;
    if (!shared->shares)
        return no_counters(size, children, pool);
    if (shares_count(shared->shares) < tenants)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, servers,
                     "TenantMetrics tenants=%d takes %" APR_SIZE_T_FMT
                     " bytes more than the server has had since its start: %d are told until it is restarted",
                     tenants, size - shares_size(children, shares_count(shared->shares)),
                     shares_count(shared->shares));
    return NULL;
}

/* The figures of the children that there may be at a time. NULL, or why not. */
static const char *share_counters(shared_t *shared, server_rec *servers, apr_pool_t *pool)
{
    const server_config_t *config = config_server(servers);
    int children = 0;
    int is_new;
    apr_size_t size;
    void *memory;

    shared->counters = NULL;
    shared->shares = NULL;
    if (!config->metrics)
        return NULL;
    handlers_add_routes();
    ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &children);
    size = counters_size(children);
    memory = lasting_memory(counters_name(pool), size, &is_new, servers->process->pool);
    if (memory)
        shared->counters = counters_use(memory, is_new, children);
    if (!shared->counters)
        return no_counters(size, children, pool);
    return config->metrics_tenants ? share_shares(shared, config->metrics_tenants, children, servers, pool)
                                   : NULL;
}

/* NULL, or why not. */
static const char *share_memory(shared_t *shared, apr_pool_t *process)
{
    shared->attempts = attempts_share("logins", STARTUP_NAMES, process);
    shared->requests = attempts_share("requests", QUOTA_NAMES, process);
    shared->guesses = attempts_share("guesses", STARTUP_NAMES, process);
    shared->creations = attempts_share("creations", STARTUP_NAMES, process);
    shared->timelines = timelines_share(process);
    shared->writes = writes_share(process); /* without a reader too: the next reload may bring one */
    if (!shared->timelines || !shared->writes)
        return "there is no shared memory for TenantDatabase";
    if (!shared->attempts || !shared->creations || !shared->requests || !shared->guesses)
        return apr_psprintf(
            process,
            "there is no shared memory for TenantLoginRate, TenantFailureRate, TenantGatewayRate and "
            "TenantRateLimit: they need %" APR_SIZE_T_FMT " bytes",
            3 * attempts_size(STARTUP_NAMES) + attempts_size(QUOTA_NAMES));
    return NULL;
}

int startup_finish(apr_pool_t *pool, apr_pool_t *log, apr_pool_t *temporary, server_rec *servers)
{
    sharing_t sharing = sharing_make(temporary);
    keyring_t *keyring;
    password_slots_t *slots;
    shared_t shared;
    const char *why;

    (void)log;
    for (server_rec *server = servers; server; server = server->next)
        config_server_complete(config_server(server));
    why = load_secrets(servers, &keyring, &slots, pool);
    if (!why)
        why = share_memory(&shared, servers->process->pool);
    if (!why)
        why = share_counters(&shared, servers, pool);
    for (server_rec *server = servers; server && !why; server = server->next) {
        server_config_t *config = config_server(server);

        config->keyring = keyring;
        config->slots = slots;
        config->attempts = shared.attempts;
        config->requests = shared.requests;
        config->guesses = shared.guesses;
        config->creations = shared.creations;
        config->timelines = shared.timelines;
        config->writes = shared.writes;
        config->counters = shared.counters;
        config->shares = shared.shares;
        why = finish_server(config, &sharing, servers, pool);
    }
    if (why) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_ERR, 0, servers, "mod_tenant cannot start: %s", why);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    /* httpd runs all this twice at start, and leaves the terminal in between: what fails does so in the
     * rehearsal, where a sysadmin hears of it */
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG)
        return OK;
    arrears_open_former(servers, pool);
    sharing_log(&sharing, servers, temporary);
    return OK;
}
