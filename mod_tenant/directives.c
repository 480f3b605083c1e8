/* SPDX-License-Identifier: Apache-2.0 */
#include "directives.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>

#include "api/reference.h"
#include "config.h"
#include "handlers.h"
#include "identity/quota.h"
#include "resource/resource.h"
#include "metrics/share.h"
#include "metrics/usage.h"
#include "secret/slots.h"
#include "store/conninfo.h"
#include "twilio/plan.h"

/* What may be set at most, or at least. */
enum {
    POOL_MAX_LIMIT = 1000,
    CACHE_SIZE_MIN = 64,
    CACHE_SIZE_LIMIT = 10000000,
    PAGE_LIMIT = 10000,
    BODY_LIMIT = 16 * 1024 * 1024,
    LOGIN_COUNT_LIMIT = 10000,
    GATEWAY_RATE_LIMIT = 100000,
    LINGER_LIMIT = 1000, /* ms: so long a stop may have to wait */
};

/* A whole decimal number from low to high. */
static int parse_number(const char *text, int low, int high, int *number)
{
    char *end;
    apr_int64_t value;

    if (!apr_isdigit(*text))
        return 0;
    value = apr_strtoi64(text, &end, 10);
    if (*end || value < low || value > high)
        return 0;
    *number = (int)value;
    return 1;
}

/* Whether a path is one that answers may name as it is: unreserved characters (RFC 3986 section 2.3) and
 * slashes, in the form that httpd brings a request's path into. */
static int is_plain_path(const char *path)
{
    for (const char *c = path; *c; c++) {
        if (!apr_isalnum(*c) && !strchr("/-._~", *c))
            return 0;
    }
    return !strstr(path, "//") && !strstr(path, "/./") && !strstr(path, "/../");
}

/* Refuses a directive outside of a Location that names one path: a pattern has no prefix to cut off, and a
 * Directory's path is not a URL's. */
static const char *refuse_outside_location(cmd_parms *cmd)
{
    const ap_directive_t *section = cmd->directive->parent;

    if (!section || strcasecmp(section->directive, "<Location") != 0 || !cmd->path || cmd->path[0] != '/' ||
        section->args[strspn(section->args, " \t")] == '~' || !is_plain_path(cmd->path))
        return apr_pstrcat(
            cmd->pool, cmd->cmd->name,
            " is allowed only in a <Location \"/path\"> without pattern, of letters, digits and - . _ ~",
            NULL);
    return NULL;
}

/* A setting `name=TIME` of a directive. */
typedef struct time_setting_t {
    const char *name; /* with its = */
    apr_interval_time_t *value;
    apr_interval_time_t low, high;
} time_setting_t;

/* Reads a setting if it is one of these, of which name NULL ends the list. 0: it is none of them; else *why
 * is NULL or says what is wrong. */
static int read_time(cmd_parms *cmd, const char *setting, const time_setting_t *times, const char **why)
{
    apr_size_t length;
    apr_interval_time_t time;

    while (times->name && strncmp(setting, times->name, strlen(times->name)) != 0)
        times++;
    if (!times->name)
        return 0;
    *why = NULL;
    length = strlen(times->name);
    if (!apr_isdigit(setting[length]) ||
        ap_timeout_parameter_parse(setting + length, &time, "s") != APR_SUCCESS || time < times->low ||
        time > times->high)
        *why = apr_psprintf(cmd->pool,
                            "%s %s wants a time from %" APR_TIME_T_FMT "ms to %" APR_TIME_T_FMT
                            "s, such as 500ms or 2s",
                            cmd->cmd->name, times->name, apr_time_as_msec(times->low),
                            apr_time_sec(times->high));
    else
        *times->value = time;
    return 1;
}

/* Whether a connection string, or the name of a program that prints one, may be used. */
static const char *check_conninfo(const char *conninfo, apr_pool_t *pool)
{
    const char *program = conninfo_program(conninfo);

    if (program)
        return *program == '/' ? NULL : "wants an absolute path behind exec:";
    return conninfo_check(conninfo, 0, pool);
}

static const char *set_lag(cmd_parms *cmd, server_config_t *config, const char *setting)
{
    const time_setting_t times[] = {
        {"lag=", &config->lag, apr_time_from_msec(500), apr_time_from_sec(3600)},
        {NULL},
    };
    const char *why;

    read_time(cmd, setting, times, &why);
    return why;
}

/* Reads `"conninfo" [admin="conninfo"] [listen="conninfo"] [read="conninfo"] [lag=TIME]`, as raw text:
 * httpd's own words know quotes only at their start. */
static const char *set_database(cmd_parms *cmd, void *unused, const char *line)
{
    server_config_t *config = config_server(cmd->server);
    const struct {
        const char *name;
        const char **value;
    } settings[] = {
        {"admin=", &config->admin}, {"listen=", &config->listen}, {"read=", &config->read}, {"lag=", NULL},
        {"", &config->conninfo}, /* the API's own */
    };
    int given[sizeof settings / sizeof *settings] = {0};

    (void)unused;
    if (!*line)
        return "TenantDatabase wants a connection string";
    while (*line) {
        size_t i = 0;
        const char *conninfo;
        const char *why;

        while (strncmp(line, settings[i].name, strlen(settings[i].name)) != 0)
            i++;
        if (given[i]++)
            return "TenantDatabase wants a connection string of several words between quotes";
        if (!settings[i].value) {
            why = set_lag(cmd, config, ap_getword_conf(cmd->pool, &line));
            if (why)
                return why;
            continue;
        }
        line += strlen(settings[i].name);
        conninfo = ap_getword_conf(cmd->pool, &line);
        why = check_conninfo(conninfo, cmd->pool);
        if (why)
            return apr_pstrcat(cmd->pool, "TenantDatabase ", settings[i].name, *settings[i].name ? " " : "",
                               why, NULL);
        *settings[i].value = conninfo;
    }
    return NULL;
}

static const char *set_key_file(cmd_parms *cmd, void *unused, const char *path)
{
    const char *why = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)unused;
    if (why)
        return why;
    if (*path != '/')
        return "TenantKeyFile wants an absolute path";
    config_server(cmd->server)->key_file = path;
    return NULL;
}

static const char *set_pool(cmd_parms *cmd, void *unused, const char *setting)
{
    pool_settings_t *pool = &config_server(cmd->server)->pool;
    const time_setting_t times[] = {
        {"wait=", &pool->wait, apr_time_from_msec(1), apr_time_from_sec(60)},
        {"statement=", &pool->statement, apr_time_from_msec(10), apr_time_from_sec(600)},
        {"idle=", &pool->idle, apr_time_from_sec(1), apr_time_from_sec(86400)},
        {NULL},
    };
    const char *why;

    (void)unused;
    if (read_time(cmd, setting, times, &why))
        return why;
    if (strncmp(setting, "max=", 4) == 0)
        return parse_number(setting + 4, 1, POOL_MAX_LIMIT, &pool->max)
                   ? NULL
                   : apr_psprintf(cmd->pool, "TenantPool max= wants a number from 1 to %d", POOL_MAX_LIMIT);
    if (strncmp(setting, "lists=", 6) == 0)
        return parse_number(setting + 6, 1, POOL_MAX_LIMIT, &pool->lists)
                   ? NULL
                   : apr_psprintf(cmd->pool, "TenantPool lists= wants a number from 1 to %d", POOL_MAX_LIMIT);
    if (strcasecmp(setting, "prepare=on") == 0 || strcasecmp(setting, "prepare=off") == 0) {
        pool->prepare = strcasecmp(setting, "prepare=on") == 0;
        return NULL;
    }
    return "TenantPool knows max=, lists=, wait=, statement=, idle= and prepare=on|off";
}

static const char *set_cache(cmd_parms *cmd, void *unused, const char *setting)
{
    cache_settings_t *keep = &config_server(cmd->server)->cache_settings;
    const time_setting_t times[] = {
        {"ttl=", &keep->ttl, apr_time_from_msec(100), apr_time_from_sec(86400)},
        {"negative=", &keep->negative, apr_time_from_msec(100), apr_time_from_sec(86400)},
        {NULL},
    };
    const char *why = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)unused;
    if (why || read_time(cmd, setting, times, &why))
        return why;
    if (strncmp(setting, "size=", 5) == 0)
        return parse_number(setting + 5, CACHE_SIZE_MIN, CACHE_SIZE_LIMIT, &keep->size)
                   ? NULL
                   : apr_psprintf(cmd->pool, "TenantCache size= wants a number from %d to %d", CACHE_SIZE_MIN,
                                  CACHE_SIZE_LIMIT);
    if (strcasecmp(setting, "off") != 0)
        return "TenantCache must be off, or have size=, ttl= and negative=";
    keep->size = 0;
    return NULL;
}

static const char *set_password_slots(cmd_parms *cmd, void *unused, const char *count)
{
    const char *why = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)unused;
    if (!why && !parse_number(count, 1, PASSWORD_SLOTS_MAX, &config_server(cmd->server)->password_slots))
        why = apr_psprintf(cmd->pool, "TenantPasswordSlots wants a number from 1 to %d", PASSWORD_SLOTS_MAX);
    return why;
}

/* Reads `off`, or N/TIME for a whole server. what: fails. example: a right one. */
static const char *set_failures(cmd_parms *cmd, attempts_rate_t *rate, const char *setting, const char *what,
                                const char *example)
{
    const char *why = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    const char *slash = strchr(setting, '/');

    if (why)
        return why;
    rate->count = 0;
    rate->period = 0;
    if (strcasecmp(setting, "off") == 0)
        return NULL;
    if (slash &&
        parse_number(apr_pstrmemdup(cmd->pool, setting, (apr_size_t)(slash - setting)), 1, LOGIN_COUNT_LIMIT,
                     &rate->count) &&
        apr_isdigit(slash[1]) && ap_timeout_parameter_parse(slash + 1, &rate->period, "s") == APR_SUCCESS &&
        rate->period >= apr_time_from_sec(1) && rate->period <= apr_time_from_sec(86400))
        return NULL;
    return apr_psprintf(
        cmd->pool,
        "%s must be off, or a number from 1 to %d of failed %s per time from 1s to 86400s, such "
        "as %s",
        cmd->cmd->name, LOGIN_COUNT_LIMIT, what, example);
}

static const char *set_login_rate(cmd_parms *cmd, void *unused, const char *setting)
{
    (void)unused;
    return set_failures(cmd, &config_server(cmd->server)->login_rate, setting, "logins", "10/60");
}

static const char *set_failure_rate(cmd_parms *cmd, void *unused, const char *setting)
{
    (void)unused;
    return set_failures(cmd, &config_server(cmd->server)->failure_rate, setting, "keys and logins", "600/60");
}

static const char *set_linger(cmd_parms *cmd, void *unused, const char *setting)
{
    server_config_t *config = config_server(cmd->server);

    (void)unused;
    config->linger = 0;
    if (strcasecmp(setting, "off") == 0 || strcmp(setting, "0") == 0)
        return NULL;
    if (apr_isdigit(*setting) && ap_timeout_parameter_parse(setting, &config->linger, "s") == APR_SUCCESS &&
        config->linger >= apr_time_from_msec(1) && config->linger <= apr_time_from_msec(LINGER_LIMIT))
        return NULL;
    return apr_psprintf(cmd->pool, "TenantLinger must be off, or a time from 1ms to %dms, such as 5ms",
                        LINGER_LIMIT);
}

/* A path without the slash at its end. */
static const char *cut_slash(const char *path, apr_pool_t *pool)
{
    apr_size_t length = strlen(path);

    return apr_pstrmemdup(pool, path, length > 0 && path[length - 1] == '/' ? length - 1 : length);
}

static void note_location(apr_array_header_t **locations, cmd_parms *cmd)
{
    if (!*locations)
        *locations = apr_array_make(cmd->pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(*locations, const char *) = cut_slash(cmd->path, cmd->pool);
}

static const char *set_metrics(cmd_parms *cmd, void *unused, const char *setting)
{
    server_config_t *config = config_server(cmd->server);
    const char *why = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)unused;
    if (why)
        return why;
    if (strcasecmp(setting, "on") == 0 || strcasecmp(setting, "off") == 0)
        config->metrics = strcasecmp(setting, "on") == 0;
    else if (strncmp(setting, "tenants=", 8) != 0 ||
             !parse_number(setting + 8, 0, SHARE_TENANTS_MAX, &config->metrics_tenants))
        return apr_psprintf(
            cmd->pool,
            "TenantMetrics must be on, off, or tenants=N: how many of the most active tenants "
            "are told one by one, 0 to %d",
            SHARE_TENANTS_MAX);
    return NULL;
}

static const char *set_usage(cmd_parms *cmd, void *unused, const char *setting)
{
    usage_settings_t *settings = &config_server(cmd->server)->usage_settings;
    const time_setting_t times[] = {
        {"flush=", &settings->flush, apr_time_from_sec(2), apr_time_from_sec(60)},
        {NULL},
    };
    const char *why = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)unused;
    if (why || read_time(cmd, setting, times, &why))
        return why;
    if (strcasecmp(setting, "on") == 0 || strcasecmp(setting, "off") == 0)
        settings->is_on = strcasecmp(setting, "on") == 0;
    else if (strncmp(setting, "tenants=", 8) != 0 ||
             !parse_number(setting + 8, USAGE_TENANTS_MIN, USAGE_TENANTS_MAX, &settings->tenants))
        return apr_psprintf(cmd->pool,
                            "TenantUsage must be on, off, flush=TIME, or tenants=N: how many tenants it has "
                            "room for, %d to %d",
                            USAGE_TENANTS_MIN, USAGE_TENANTS_MAX);
    return NULL;
}

static const char *set_handler(cmd_parms *cmd, void *config, const char *name)
{
    location_config_t *location = config;
    const char *why = refuse_outside_location(cmd);

    if (why)
        return why;
    location->handler = handlers_find(name);
    if (!location->handler)
        return apr_pstrcat(cmd->pool, "TenantHandler must be ", handlers_names(cmd->pool), NULL);
    location->prefix = cut_slash(cmd->path, cmd->pool);
    if (config_is_ours(location))
        note_location(&config_server(cmd->server)->handled, cmd);
    if (location->handler->takes_webhooks && !config_server(cmd->server)->webhooks)
        config_server(cmd->server)->webhooks = location->prefix;
    if (location->handler->spans_tenants)
        config_server(cmd->server)->has_admin = 1;
    return NULL;
}

static const char *set_base_path(cmd_parms *cmd, void *config, const char *path)
{
    const char *why = refuse_outside_location(cmd);
    const char *cut = cut_slash(path, cmd->pool);
    base_path_t *base;

    if (why)
        return why;
    if (*path != '/' || !is_plain_path(apr_pstrcat(cmd->pool, cut, "/", NULL)))
        return "TenantBasePath must be the path that clients see, such as /public/v1, of letters, digits "
               "and - . _ ~";
    base = apr_pcalloc(cmd->pool, sizeof *base);
    base->location = cut_slash(cmd->path, cmd->pool);
    base->path = cut;
    ((location_config_t *)config)->base_path = base;
    note_location(&config_server(cmd->server)->based, cmd);
    return NULL;
}

static const char *set_public_read(cmd_parms *cmd, void *config, const char *name)
{
    location_config_t *location = config;
    const char *why = refuse_outside_location(cmd);
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

static const char *set_user_authority(cmd_parms *cmd, void *config, const char *authority)
{
    location_config_t *location = config;
    const char *why = refuse_outside_location(cmd);

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

static const char *set_require_tls(cmd_parms *cmd, void *config, int on)
{
    ((location_config_t *)config)->require_tls = on;
    return ap_check_cmd_context(cmd, NOT_IN_HTACCESS);
}

static const char *set_identify(cmd_parms *cmd, void *config, int on)
{
    ((location_config_t *)config)->identify = on;
    config_server(cmd->server)->has_exposure = 1;
    return ap_check_cmd_context(cmd, NOT_IN_HTACCESS);
}

static const char *set_forward(cmd_parms *cmd, void *config, int on)
{
    ((location_config_t *)config)->forward = on;
    config_server(cmd->server)->has_exposure = 1;
    return ap_check_cmd_context(cmd, NOT_IN_HTACCESS);
}

static const char *set_reference(cmd_parms *cmd, void *config, const char *folder)
{
    location_config_t *location = config;
    server_config_t *server = config_server(cmd->server);
    const char *why = refuse_outside_location(cmd);

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

static const char *set_voice(cmd_parms *cmd, void *config, const char *words)
{
    const char *why = refuse_outside_location(cmd);

    if (!why)
        ((location_config_t *)config)->voice = plan_parse(cmd, words, &why);
    return why;
}

static const char *set_message(cmd_parms *cmd, void *config, const char *text)
{
    const char *why = refuse_outside_location(cmd);

    if (!why)
        ((location_config_t *)config)->message = plan_expression(cmd, text, &why);
    return why;
}

static const char *set_public_url(cmd_parms *cmd, void *config, const char *url)
{
    const char *why = refuse_outside_location(cmd);

    if (why)
        return why;
    if (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0)
        return "TenantPublicURL must begin with https:// or http://, such as https://%{HTTP_HOST}";
    ((location_config_t *)config)->public_url = plan_expression(cmd, url, &why);
    return why;
}

static const char *set_page_size(cmd_parms *cmd, void *config, const char *usual, const char *most)
{
    location_config_t *location = config;
    const char *why = refuse_outside_location(cmd);

    if (why)
        return why;
    if (!parse_number(usual, 1, PAGE_LIMIT, &location->page_default) ||
        !parse_number(most, location->page_default, PAGE_LIMIT, &location->page_max))
        return apr_psprintf(cmd->pool,
                            "TenantPageSize wants two numbers from 1 to %d, the default and the maximum, "
                            "which is no less",
                            PAGE_LIMIT);
    return NULL;
}

static const char *set_max_body(cmd_parms *cmd, void *config, const char *bytes)
{
    location_config_t *location = config;
    const char *why = refuse_outside_location(cmd);

    if (why)
        return why;
    if (!parse_number(bytes, 1, BODY_LIMIT, &location->max_body))
        return apr_psprintf(cmd->pool, "TenantMaxBody wants a number of bytes from 1 to %d", BODY_LIMIT);
    return NULL;
}

static const char *set_gateway(cmd_parms *cmd, void *config, int on)
{
    const char *why = refuse_outside_location(cmd);

    if (why)
        return why;
    ((location_config_t *)config)->gateway = on;
    if (!on)
        return NULL;
    note_location(&config_server(cmd->server)->gateways, cmd);
    if (!config_server(cmd->server)->gateway_path)
        config_server(cmd->server)->gateway_path = cut_slash(cmd->path, cmd->pool);
    return NULL;
}

static const char *set_gateway_from(cmd_parms *cmd, void *config, const char *whose)
{
    const char *why = refuse_outside_location(cmd);

    if (why)
        return why;
    if (strcasecmp(whose, "own") != 0 && strcasecmp(whose, "any") != 0)
        return "TenantGatewayFrom must be own or any";
    ((location_config_t *)config)->gateway_any_from = strcasecmp(whose, "any") == 0;
    return NULL;
}

static const char *set_gateway_rate(cmd_parms *cmd, void *config, const char *count)
{
    int *rate = &((location_config_t *)config)->gateway_rate;
    const char *why = refuse_outside_location(cmd);

    if (why)
        return why;
    *rate = 0;
    if (strcasecmp(count, "off") == 0 || parse_number(count, 1, GATEWAY_RATE_LIMIT, rate))
        return NULL;
    return apr_psprintf(cmd->pool,
                        "TenantGatewayRate must be off, or a number from 1 to %d of calls and messages a "
                        "minute",
                        GATEWAY_RATE_LIMIT);
}

static const char *set_rate_limit(cmd_parms *cmd, void *config, const char *rate, const char *burst)
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

const command_rec directives[] = {
    AP_INIT_RAW_ARGS(
        "TenantDatabase", set_database, NULL, RSRC_CONF,
        "a libpq connection string without a password, or exec:/path of a program that prints one; "
        "admin=\"conninfo\" the same for the role of the administrator; listen=\"conninfo\" where to hear of "
        "changes, if not at the first; read=\"conninfo\" a standby that answers reads; lag=TIME how far it "
        "may be behind"),
    AP_INIT_TAKE1("TenantKeyFile", set_key_file, NULL, RSRC_CONF, "the file of sealing keys and peppers"),
    AP_INIT_ITERATE(
        "TenantPool", set_pool, NULL, RSRC_CONF,
        "max=N lists=N wait=TIME statement=TIME idle=TIME prepare=on|off, for each child process"),
    AP_INIT_ITERATE("TenantCache", set_cache, NULL, RSRC_CONF,
                    "off, or size=N ttl=TIME negative=TIME, for each child process"),
    AP_INIT_TAKE1("TenantPasswordSlots", set_password_slots, NULL, RSRC_CONF,
                  "how many passwords may be hashed at a time on the whole machine"),
    AP_INIT_TAKE1(
        "TenantLoginRate", set_login_rate, NULL, RSRC_CONF,
        "off, or how many logins of an e-mail address from an address may fail per time, as N/TIME"),
    AP_INIT_TAKE1("TenantFailureRate", set_failure_rate, NULL, RSRC_CONF,
                  "off, or how many keys and logins from an address may fail per time, as N/TIME"),
    AP_INIT_TAKE1("TenantLinger", set_linger, NULL, RSRC_CONF,
                  "off, or how long a thread waits for a client's next request before others may have it"),
    AP_INIT_ITERATE(
        "TenantMetrics", set_metrics, NULL, RSRC_CONF,
        "on or off, and tenants=N: how many of the most active ones TenantHandler metrics tells of"),
    AP_INIT_ITERATE("TenantUsage", set_usage, NULL, RSRC_CONF,
                    "on or off, tenants=N and flush=TIME: whether what tenants use is kept in the database"),
    AP_INIT_TAKE1("TenantHandler", set_handler, NULL, ACCESS_CONF, "api, admin, twilio, metrics or off"),
    AP_INIT_TAKE1("TenantBasePath", set_base_path, NULL, ACCESS_CONF,
                  "the path that clients see the Location at, where a proxy changes it"),
    AP_INIT_ITERATE("TenantPublicRead", set_public_read, NULL, ACCESS_CONF,
                    "resources that GET and HEAD may read by Host alone"),
    AP_INIT_TAKE1("TenantUserAuthority", set_user_authority, NULL, ACCESS_CONF,
                  "none, read or write: what users may do with the API by their login"),
    AP_INIT_FLAG("TenantRequireTLS", set_require_tls, NULL, ACCESS_CONF,
                 "off where a proxy in front of httpd speaks TLS with the clients"),
    AP_INIT_FLAG("TenantIdentify", set_identify, NULL, RSRC_CONF | ACCESS_CONF,
                 "on: find out the tenant of any content's requests, for logs, expressions and CGIs"),
    AP_INIT_FLAG("TenantForward", set_forward, NULL, ACCESS_CONF,
                 "on: tell a proxied backend the tenant in X-Tenant-Id, which no client can set there"),
    AP_INIT_TAKE1("TenantReference", set_reference, NULL, ACCESS_CONF,
                  "the folder of the page that shows browsers the API"),
    AP_INIT_RAW_ARGS("TenantVoice", set_voice, NULL, ACCESS_CONF,
                     "what Twilio does with a call: dial number|client|sip WHOM, say TEXT, reject "
                     "[busy|rejected], or redirect URL"),
    AP_INIT_TAKE1("TenantMessage", set_message, NULL, ACCESS_CONF,
                  "the text that messages are replied to with"),
    AP_INIT_TAKE1("TenantPublicURL", set_public_url, NULL, ACCESS_CONF,
                  "scheme and host by which Twilio reaches this server, where a proxy changes them"),
    AP_INIT_FLAG("TenantGateway", set_gateway, NULL, ACCESS_CONF,
                 "on: tenants use Twilio's API here, by ProxyPass, with their key instead of credentials"),
    AP_INIT_TAKE1("TenantGatewayFrom", set_gateway_from, NULL, ACCESS_CONF,
                  "own or any: whose number calls and messages may come from"),
    AP_INIT_TAKE1("TenantGatewayRate", set_gateway_rate, NULL, ACCESS_CONF,
                  "off, or how many calls and messages a tenant may make in a minute"),
    AP_INIT_TAKE12("TenantRateLimit", set_rate_limit, NULL, RSRC_CONF | ACCESS_CONF,
                   "off, or how many requests a tenant may send per time, as N/TIME [burst=N]"),
    AP_INIT_TAKE2("TenantPageSize", set_page_size, NULL, ACCESS_CONF,
                  "rows of a list by default, and at most"),
    AP_INIT_TAKE1("TenantMaxBody", set_max_body, NULL, ACCESS_CONF, "the largest request body in bytes"),
    {NULL},
};
