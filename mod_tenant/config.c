/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <ap_mpm.h>
#include <apr_strings.h>
#include <http_request.h>
#include <unistd.h>

#include "secret/slots.h"

enum {
    CONNECTIONS_DEFAULT = 10,
    PAGE_DEFAULT = 50,
    PAGE_MAX = 1000,
    BODY_DEFAULT = 64 * 1024,
    GATEWAY_RATE_DEFAULT = 60,
};

/* The members that a virtual host inherits one by one: create, merge and complete cannot forget one of them.
 * X(member, unset, default). A failed login counts against one e-mail address from one address: who mistypes
 * a password does not notice the rate, who guesses them does. The linger is long enough for a program that
 * asks again as soon as it has its answer, even where it has to wait for a processor. */
#define SERVER_MEMBERS(X)                                                                                    \
    X(conninfo, NULL, NULL)                                                                                  \
    X(admin, NULL, NULL)                                                                                     \
    X(listen, NULL, NULL)                                                                                    \
    X(read, NULL, NULL)                                                                                      \
    X(lag, CONFIG_UNSET, apr_time_from_sec(10))                                                              \
    X(key_file, NULL, NULL)                                                                                  \
    X(gateway_path, NULL, NULL)                                                                              \
    X(webhooks, NULL, NULL)                                                                                  \
    X(pool.max, CONFIG_UNSET, default_connections())                                                         \
    X(pool.lists, CONFIG_UNSET, 0)                                                                           \
    X(pool.wait, CONFIG_UNSET, apr_time_from_sec(2))                                                         \
    X(pool.statement, CONFIG_UNSET, apr_time_from_sec(5))                                                    \
    X(pool.idle, CONFIG_UNSET, apr_time_from_sec(60))                                                        \
    X(pool.prepare, CONFIG_UNSET, 1)                                                                         \
    X(cache_settings.size, CONFIG_UNSET, 10000)                                                              \
    X(cache_settings.ttl, CONFIG_UNSET, apr_time_from_sec(300))                                              \
    X(cache_settings.negative, CONFIG_UNSET, apr_time_from_sec(10))                                          \
    X(password_slots, CONFIG_UNSET, default_slots())                                                         \
    X(login_rate.count, CONFIG_UNSET, 10)                                                                    \
    X(login_rate.period, CONFIG_UNSET, apr_time_from_sec(60))                                                \
    X(failure_rate.count, CONFIG_UNSET, 600)                                                                 \
    X(failure_rate.period, CONFIG_UNSET, apr_time_from_sec(60))                                              \
    X(linger, CONFIG_UNSET, apr_time_from_msec(5))                                                           \
    X(metrics, CONFIG_UNSET, 1)                                                                              \
    X(metrics_tenants, CONFIG_UNSET, 200)                                                                    \
    X(usage_settings.is_on, CONFIG_UNSET, 1)                                                                 \
    X(usage_settings.tenants, CONFIG_UNSET, 100000)                                                          \
    X(usage_settings.flush, CONFIG_UNSET, apr_time_from_sec(60))                                             \
    X(usage_settings.keep, NULL, NULL)

#define LOCATION_MEMBERS(X)                                                                                  \
    X(base_path, NULL)                                                                                       \
    X(public_read, NULL)                                                                                     \
    X(user_authority, USER_AUTHORITY_UNSET)                                                                  \
    X(require_tls, CONFIG_UNSET)                                                                             \
    X(identify, CONFIG_UNSET)                                                                                \
    X(forward, CONFIG_UNSET)                                                                                 \
    X(reference, NULL)                                                                                       \
    X(voice, NULL)                                                                                           \
    X(message, NULL)                                                                                         \
    X(public_url, NULL)                                                                                      \
    X(quota, NULL)                                                                                           \
    X(page_default, CONFIG_UNSET)                                                                            \
    X(page_max, CONFIG_UNSET)                                                                                \
    X(max_body, CONFIG_UNSET)                                                                                \
    X(gateway, CONFIG_UNSET)                                                                                 \
    X(gateway_any_from, CONFIG_UNSET)                                                                        \
    X(gateway_rate, CONFIG_UNSET)

#define MEMBER_CREATE(member, unset, ...) config->member = (unset);
#define MEMBER_INHERIT(member, unset, ...)                                                                   \
    if (merged->member == (unset))                                                                           \
        merged->member = base->member;
#define MEMBER_COMPLETE(member, unset, standard)                                                             \
    if (config->member == (unset))                                                                           \
        config->member = (standard);

void *config_server_create(apr_pool_t *pool, server_rec *server)
{
    server_config_t *config = apr_pcalloc(pool, sizeof *config);

    (void)server;
    SERVER_MEMBERS(MEMBER_CREATE)
    return config;
}

void *config_server_merge(apr_pool_t *pool, void *base_config, void *own_config)
{
    const server_config_t *base = base_config;
    const server_config_t *own = own_config;
    server_config_t *merged = apr_pmemdup(pool, own, sizeof *own); /* what is not inherited is its own */

    SERVER_MEMBERS(MEMBER_INHERIT)
    if (own->conninfo) { /* those of another database are none of ours */
        merged->admin = own->admin;
        merged->listen = own->listen;
        merged->read = own->read;
        merged->lag = own->lag;
    }
    merged->has_exposure |= base->has_exposure;
    return merged;
}

/* A thread uses one connection at a time. */
static int default_connections(void)
{
    int threads = 1;

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    return threads < 1 ? 1 : threads < CONNECTIONS_DEFAULT ? threads : CONNECTIONS_DEFAULT;
}

/* One for each processor. */
static int default_slots(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (processors < 1)
        return 1;
    return processors < PASSWORD_SLOTS_MAX ? (int)processors : PASSWORD_SLOTS_MAX;
}

void config_server_complete(server_config_t *config)
{
    SERVER_MEMBERS(MEMBER_COMPLETE)
}

void *config_location_create(apr_pool_t *pool, char *path)
{
    location_config_t *config = apr_pcalloc(pool, sizeof *config);

    (void)path;
    LOCATION_MEMBERS(MEMBER_CREATE)
    return config;
}

/* In a Location either a handler of ours answers or a gateway: the one that the inner Location says. */
void *config_location_merge(apr_pool_t *pool, void *base_config, void *own_config)
{
    const location_config_t *base = base_config;
    const location_config_t *own = own_config;
    location_config_t *merged = apr_pmemdup(pool, own, sizeof *own);

    LOCATION_MEMBERS(MEMBER_INHERIT)
    if (config_is_ours(own))
        merged->gateway = own->gateway;
    if (!own->handler && !config_is_gateway(own)) {
        merged->handler = base->handler;
        merged->prefix = base->prefix;
    }
    return merged;
}

server_config_t *config_server(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &tenant_module);
}

const location_config_t *config_location(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &tenant_module);
}

int config_is_ours(const location_config_t *location)
{
    return location->handler && location->handler->steps;
}

int config_is_gateway(const location_config_t *location)
{
    return location->gateway == 1;
}

int config_add_location(request_rec *r)
{
    return r->uri && *r->uri == '/' && ap_location_walk(r) == OK;
}

int config_enter_location(request_rec *r, int (*is_wanted)(const location_config_t *location))
{
    ap_conf_vector_t *settings = r->per_dir_config;

    r->per_dir_config = r->server->lookup_defaults;
    if (config_add_location(r) && is_wanted(config_location(r)))
        return 1;
    r->per_dir_config = settings;
    return 0;
}

const char *config_base_path(const location_config_t *location)
{
    const base_path_t *base = location->base_path;

    return base && strcmp(base->location, location->prefix) == 0 ? base->path : location->prefix;
}

int config_requires_tls(const location_config_t *location)
{
    return location->require_tls != 0;
}

int config_lets_users_in(const location_config_t *location)
{
    return location->user_authority == USER_AUTHORITY_READ ||
           location->user_authority == USER_AUTHORITY_WRITE;
}

int config_page_default(const location_config_t *location)
{
    return location->page_default != CONFIG_UNSET ? location->page_default : PAGE_DEFAULT;
}

int config_page_max(const location_config_t *location)
{
    return location->page_max != CONFIG_UNSET ? location->page_max : PAGE_MAX;
}

int config_max_body(const location_config_t *location)
{
    return location->max_body != CONFIG_UNSET ? location->max_body : BODY_DEFAULT;
}

int config_gateway_rate(const location_config_t *location)
{
    return location->gateway_rate != CONFIG_UNSET ? location->gateway_rate : GATEWAY_RATE_DEFAULT;
}
