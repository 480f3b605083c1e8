/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_CONFIG_H
#define TENANT_CONFIG_H

#include <ap_expr.h>
#include <httpd.h>
#include <http_config.h>

#include "handler.h"
#include "identity/attempts.h"
#include "identity/cache.h"
#include "metrics/usage.h"
#include "store/pool_settings.h"

struct counters_t;
struct database_t;
struct freshness_t;
struct gates_t;
struct injections_t;
struct keyring_t;
struct ledger_t;
struct lingers_t;
struct logins_t;
struct password_slots_t;
struct plan_t;
struct presence_t;
struct quota_t;
struct recall_t;
struct reference_t;
struct shares_t;
struct timelines_t;
struct writes_t;

extern module AP_MODULE_DECLARE_DATA tenant_module;

/* What a directive that was not given leaves in an int: an httpd flag slot writes an int, and 0 means off. */
enum { CONFIG_UNSET = -1 };

/* A server's own settings. Those of a virtual host come from the main server where it sets none. */
typedef struct server_config_t {
    const char *conninfo;     /* TenantDatabase as given, or exec:/path; NULL: none */
    const char *admin;        /* its admin=: the same for the role tenant_admin; NULL: none */
    const char *listen;       /* its listen=: where to hear of changes; NULL: at conninfo itself */
    const char *read;         /* its read=: where reads may be answered; NULL: at conninfo alone */
    apr_interval_time_t lag;  /* its lag=: how far that may be behind; CONFIG_UNSET until completed */
    const char *key_file;     /* TenantKeyFile, an absolute path */
    const char *gateway_path; /* the path of a Location with TenantGateway on, likewise; NULL: none */
    const char *webhooks; /* the path of a Location with TenantHandler twilio, as prefix below; NULL: none */
    pool_settings_t pool; /* TenantPool; each member CONFIG_UNSET until completed */
    cache_settings_t cache_settings; /* TenantCache, likewise */
    int password_slots;              /* TenantPasswordSlots; CONFIG_UNSET until completed */
    attempts_rate_t login_rate;      /* TenantLoginRate; its count CONFIG_UNSET until completed */
    attempts_rate_t failure_rate;    /* TenantFailureRate, likewise */
    apr_interval_time_t linger;      /* TenantLinger; 0: off; CONFIG_UNSET until completed */
    int metrics;                     /* TenantMetrics, likewise */
    int metrics_tenants;             /* its tenants=, likewise; 0: none */
    usage_settings_t usage_settings; /* TenantUsage, likewise */
    apr_array_header_t *handled;     /* the Locations of this very server that we answer in, or NULL */
    apr_array_header_t *based;       /* those with TenantBasePath, as const char * too */
    int has_admin;                   /* one of them is admin */
    int has_exposure;                /* TenantIdentify or TenantForward stands in this server or its parent */
    apr_array_header_t *gateways;    /* the Locations of this very server with TenantGateway on, likewise */
    apr_array_header_t *references;  /* TenantReference of this very server (struct reference_t *), or NULL */

    /* made at start, the same for all requests */
    const char *connect;            /* the complete connection string; NULL without TenantDatabase */
    const char *connect_name;       /* what it is known by from one reload to the next: conninfo_name() */
    const char *admin_connect;      /* the administrator's; NULL without admin= */
    const char *listen_connect;     /* the one to listen at; NULL without listen= */
    const char *read_connect;       /* the one of a reader; NULL without read= */
    struct freshness_t *freshness;  /* of a reader; NULL without read= */
    struct writes_t *writes;        /* one per server and its next generations; NULL: no server has read= */
    generations_t *generations;     /* of the connection string; NULL without TenantDatabase or cache */
    struct presence_t *presence;    /* likewise; NULL without TenantDatabase */
    usage_t *usage;                 /* likewise; NULL: TenantUsage off, too */
    struct arrears_t *arrears;      /* likewise */
    struct keyring_t *keyring;      /* NULL without TenantKeyFile */
    struct password_slots_t *slots; /* the machine's slots for hashing passwords */
    struct database_t *database;    /* one per child and connection string */
    struct database_t *admin_database;
    cache_t *cache;                  /* the same; NULL: off */
    struct ledger_t *ledger;         /* the same; with the cache off it keeps nothing */
    struct recall_t *recall;         /* the same; NULL: off, or there is no gateway */
    struct logins_t *logins;         /* one per child */
    struct gates_t *gates;           /* the same */
    struct injections_t *injections; /* the same; NULL: there is no gateway */
    struct lingers_t *lingers;       /* the same; NULL: the MPM is none to linger with */
    attempts_t *attempts;            /* one per server and its next generations */
    attempts_t *requests;            /* the same, of tenants' requests (TenantRateLimit) */
    attempts_t *guesses;             /* the same, of keys and logins that are nobody's (TenantFailureRate) */
    attempts_t *creations;           /* the same, of what gateways have passed on (TenantGatewayRate) */
    struct timelines_t *timelines;   /* the same: one per server and its next generations */
    struct counters_t *counters;     /* the same; NULL: TenantMetrics off */
    struct shares_t *shares;         /* the same; NULL: TenantMetrics tenants=0 */
} server_config_t;

/* What a tenant's users may do with the API by their login. */
typedef enum user_authority_t {
    USER_AUTHORITY_UNSET,
    USER_AUTHORITY_NONE,
    USER_AUTHORITY_READ,
    USER_AUTHORITY_WRITE,
} user_authority_t;

/* What clients see instead of a Location's path. It is that path's alone: what a Location inside of it, or
 * around it, answers at is another one's. */
typedef struct base_path_t {
    const char *location; /* as prefix below */
    const char *path;     /* likewise */
} base_path_t;

/* A Location's settings. handler and prefix are one unit: a Location inside of another one inherits both. */
typedef struct location_config_t {
    const handler_t *handler;         /* what answers; NULL: no TenantHandler */
    const char *prefix;               /* the Location's path, without a slash at its end; "" for / */
    const base_path_t *base_path;     /* TenantBasePath */
    apr_array_header_t *public_read;  /* TenantPublicRead: names of resources (char *) */
    user_authority_t user_authority;  /* TenantUserAuthority */
    int require_tls;                  /* TenantRequireTLS */
    int identify;                     /* TenantIdentify */
    int forward;                      /* TenantForward */
    struct reference_t *reference;    /* TenantReference */
    const struct plan_t *voice;       /* TenantVoice; NULL: calls are rejected */
    const ap_expr_info_t *message;    /* TenantMessage; NULL: no reply */
    const ap_expr_info_t *public_url; /* TenantPublicURL */
    const struct quota_t *quota;      /* TenantRateLimit; NULL: not given */
    int page_default, page_max;       /* TenantPageSize, rows */
    int max_body;                     /* TenantMaxBody, bytes */
    int gateway;                      /* TenantGateway */
    int gateway_any_from;             /* TenantGatewayFrom any */
    int gateway_rate;                 /* TenantGatewayRate, a minute; 0: off */
} location_config_t;

void *config_server_create(apr_pool_t *pool, server_rec *server);
void *config_server_merge(apr_pool_t *pool, void *base, void *own);
void *config_location_create(apr_pool_t *pool, char *path);
void *config_location_merge(apr_pool_t *pool, void *base, void *own);

/* Gives a server's settings that were not given their defaults. The MPM has to be configured. */
void config_server_complete(server_config_t *config);

/* The settings that are in force. */
server_config_t *config_server(const server_rec *server);
const location_config_t *config_location(const request_rec *r);

/* Whether a handler of ours answers in a Location. */
int config_is_ours(const location_config_t *location);

/* Whether a Location is a gateway to Twilio: mod_proxy answers there, as far as we let it. */
int config_is_gateway(const location_config_t *location);

/* Adds to a request's settings those of the Locations that its path, as it is now, is in.
 * 0: it is no path. */
int config_add_location(request_rec *r);

/* Gives a request the settings of the Location that its path is in, instead of those that it has, if it is
 * one that is wanted: config_is_ours, say. 0: it is none, and the request keeps them. */
int config_enter_location(request_rec *r, int (*is_wanted)(const location_config_t *location));

/* The path that clients see a Location of ours at, without a slash at its end: what answers say instead of
 * prefix, which is the path that requests have here. */
const char *config_base_path(const location_config_t *location);

/* Each as given, or its default. */
int config_requires_tls(const location_config_t *location);
int config_lets_users_in(const location_config_t *location);
int config_page_default(const location_config_t *location);
int config_page_max(const location_config_t *location);
int config_max_body(const location_config_t *location);
int config_gateway_rate(const location_config_t *location);

#endif
