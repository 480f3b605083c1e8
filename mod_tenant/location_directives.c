/* SPDX-License-Identifier: Apache-2.0 */
#include "location_directives.h"

#include <apr_strings.h>

#include "api/reference.h"
#include "config.h"
#include "handlers.h"
#include "identity/quota.h"
#include "resource/resources.h"
#include "twilio/plan.h"

/* What may be set at most. */
enum {
    PAGE_LIMIT = 10000,
    BODY_LIMIT = 16 * 1024 * 1024,
    GATEWAY_RATE_LIMIT = 100000,
};

const char *set_handler(cmd_parms *cmd, void *config, const char *name)
{
    location_config_t *location = config;
    const char *why = setting_outside_location(cmd);

    if (why)
        return why;
    location->handler = handlers_find(name);
    if (!location->handler)
        return apr_pstrcat(cmd->pool, "TenantHandler must be ", handlers_names(cmd->pool), NULL);
    location->prefix = setting_cut_slash(cmd->path, cmd->pool);
    if (config_is_ours(location))
        setting_note_location(&config_server(cmd->server)->handled, cmd);
    if (location->handler->takes_webhooks && !config_server(cmd->server)->webhooks)
        config_server(cmd->server)->webhooks = location->prefix;
    if (location->handler->spans_tenants)
        config_server(cmd->server)->has_admin = 1;
    return NULL;
}

const char *set_base_path(cmd_parms *cmd, void *config, const char *path)
{
    const char *why = setting_outside_location(cmd);
    const char *cut = setting_cut_slash(path, cmd->pool);
    base_path_t *base;

    if (why)
        return why;
    if (*path != '/' || !setting_is_plain_path(apr_pstrcat(cmd->pool, cut, "/", NULL)))
        return "TenantBasePath must be the path that clients see, such as /public/v1, of letters, digits "
               "and - . _ ~";
    base = apr_pcalloc(cmd->pool, sizeof *base);
    base->location = setting_cut_slash(cmd->path, cmd->pool);
    base->path = cut;
    ((location_config_t *)config)->base_path = base;
    setting_note_location(&config_server(cmd->server)->based, cmd);
    return NULL;
}

const char *set_public_read(cmd_parms *cmd, void *config, const char *name)
{
    location_config_t *location = config;
    const char *why = setting_outside_location(cmd);
    const resource_t *resource = resource_find(name, strlen(name), 0);

    if (why)
        return why;
    if (!resource || !resource->is_public)
        return apr_pstrcat(cmd->pool, "TenantPublicRead may name only: ", resource_public_names(cmd->pool),
                           NULL);
    if (!location->public_read)
        location->public_read = apr_array_make(cmd->pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(location->public_read, const char *) = name;
    return NULL;
}

const char *set_user_authority(cmd_parms *cmd, void *config, const char *authority)
{
    location_config_t *location = config;
    const char *why = setting_outside_location(cmd);

    if (why)
        return why;
    if (strcasecmp(authority, "none") == 0)
        location->user_authority = USER_AUTHORITY_NONE;
    else if (strcasecmp(authority, "read") == 0)
        location->user_authority = USER_AUTHORITY_READ;
    else if (strcasecmp(authority, "write") == 0)
        location->user_authority = USER_AUTHORITY_WRITE;
    else
        return "TenantUserAuthority must be none, read or write";
    return NULL;
}

const char *set_require_tls(cmd_parms *cmd, void *config, int on)
{
    ((location_config_t *)config)->require_tls = on;
    return ap_check_cmd_context(cmd, NOT_IN_HTACCESS);
}

const char *set_identify(cmd_parms *cmd, void *config, int on)
{
    ((location_config_t *)config)->identify = on;
    config_server(cmd->server)->has_exposure = 1;
    return ap_check_cmd_context(cmd, NOT_IN_HTACCESS);
}

const char *set_forward(cmd_parms *cmd, void *config, int on)
{
    ((location_config_t *)config)->forward = on;
    config_server(cmd->server)->has_exposure = 1;
    return ap_check_cmd_context(cmd, NOT_IN_HTACCESS);
}

const char *set_reference(cmd_parms *cmd, void *config, const char *folder)
{
    location_config_t *location = config;
    server_config_t *server = config_server(cmd->server);
    const char *why = setting_outside_location(cmd);

    if (why)
        return why;
    if (*folder != '/')
        return "TenantReference wants the absolute path of a folder";
    location->reference = reference_make(folder, cmd->pool);
    if (!server->references)
        server->references = apr_array_make(cmd->pool, 1, sizeof location->reference);
    APR_ARRAY_PUSH(server->references, struct reference_t *) = location->reference;
    return NULL;
}

const char *set_voice(cmd_parms *cmd, void *config, const char *words)
{
    const char *why = setting_outside_location(cmd);

    if (!why)
        ((location_config_t *)config)->voice = plan_parse(cmd, words, &why);
    return why;
}

const char *set_message(cmd_parms *cmd, void *config, const char *text)
{
    const char *why = setting_outside_location(cmd);

    if (!why)
        ((location_config_t *)config)->message = plan_expression(cmd, text, &why);
    return why;
}

const char *set_public_url(cmd_parms *cmd, void *config, const char *url)
{
    const char *why = setting_outside_location(cmd);

    if (why)
        return why;
    if (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0)
        return "TenantPublicURL must begin with https:// or http://, such as https://%{HTTP_HOST}";
    ((location_config_t *)config)->public_url = plan_expression(cmd, url, &why);
    return why;
}

const char *set_page_size(cmd_parms *cmd, void *config, const char *usual, const char *most)
{
    location_config_t *location = config;
    const char *why = setting_outside_location(cmd);

    if (why)
        return why;
    if (!setting_number(usual, 1, PAGE_LIMIT, &location->page_default) ||
        !setting_number(most, location->page_default, PAGE_LIMIT, &location->page_max))
        return apr_psprintf(cmd->pool,
                            "TenantPageSize wants two numbers from 1 to %d, the default and the maximum, "
                            "which is no less",
                            PAGE_LIMIT);
    return NULL;
}

const char *set_max_body(cmd_parms *cmd, void *config, const char *bytes)
{
    location_config_t *location = config;
    const char *why = setting_outside_location(cmd);

    if (why)
        return why;
    if (!setting_number(bytes, 1, BODY_LIMIT, &location->max_body))
        return apr_psprintf(cmd->pool, "TenantMaxBody wants a number of bytes from 1 to %d", BODY_LIMIT);
    return NULL;
}

const char *set_gateway(cmd_parms *cmd, void *config, int on)
{
    const char *why = setting_outside_location(cmd);

    if (why)
        return why;
    ((location_config_t *)config)->gateway = on;
    if (!on)
        return NULL;
    setting_note_location(&config_server(cmd->server)->gateways, cmd);
    if (!config_server(cmd->server)->gateway_path)
        config_server(cmd->server)->gateway_path = setting_cut_slash(cmd->path, cmd->pool);
    return NULL;
}

const char *set_gateway_from(cmd_parms *cmd, void *config, const char *whose)
{
    const char *why = setting_outside_location(cmd);

    if (why)
        return why;
    if (strcasecmp(whose, "own") != 0 && strcasecmp(whose, "any") != 0)
        return "TenantGatewayFrom must be own or any";
    ((location_config_t *)config)->gateway_any_from = strcasecmp(whose, "any") == 0;
    return NULL;
}

const char *set_gateway_rate(cmd_parms *cmd, void *config, const char *count)
{
    int *rate = &((location_config_t *)config)->gateway_rate;
    const char *why = setting_outside_location(cmd);

    if (why)
        return why;
    *rate = 0;
    if (strcasecmp(count, "off") == 0 || setting_number(count, 1, GATEWAY_RATE_LIMIT, rate))
        return NULL;
    return apr_psprintf(cmd->pool,
                        "TenantGatewayRate must be off, or a number from 1 to %d of calls and messages a "
                        "minute",
                        GATEWAY_RATE_LIMIT);
}

const char *set_rate_limit(cmd_parms *cmd, void *config, const char *rate, const char *burst)
{
    static const quota_t off;
    const quota_t **quota = &((location_config_t *)config)->quota;

    if (!burst && strcasecmp(rate, "off") == 0) {
        *quota = &off;
        return NULL;
    }
    *quota = quota_parse(burst ? apr_pstrcat(cmd->pool, rate, " ", burst, NULL) : rate,
                         cmd->path ? cmd->path : "", cmd->pool);
    return *quota
               ? NULL
               : "TenantRateLimit must be off, or a number from 1 to 1000000 of a tenant's requests per time "
                 "from 1s to 24h, and how many of them may come at once, such as 100/1m burst=20";
}
