/* SPDX-License-Identifier: Apache-2.0 */
#include "server_directives.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>

#include "config.h"
#include "metrics/share.h"
#include "metrics/usage.h"
#include "secret/slots.h"
#include "store/conninfo.h"

/* What may be set at most, or at least. */
enum {
    POOL_MAX_LIMIT = 1000,
    CACHE_SIZE_MIN = 64,
    CACHE_SIZE_LIMIT = 10000000,
    LOGIN_COUNT_LIMIT = 10000,
    LINGER_LIMIT = 1000, /* ms: so long a stop may have to wait */
};

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

    setting_time(cmd, setting, times, &why);
    return why;
}

/* Reads `"conninfo" [admin="conninfo"] [listen="conninfo"] [read="conninfo"] [lag=TIME]`, as raw text:
 * httpd's own words know quotes only at their start. */
const char *set_database(cmd_parms *cmd, void *unused, const char *line)
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

const char *set_key_file(cmd_parms *cmd, void *unused, const char *path)
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

const char *set_pool(cmd_parms *cmd, void *unused, const char *setting)
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
    if (setting_time(cmd, setting, times, &why))
        return why;
    if (strncmp(setting, "max=", 4) == 0)
        return setting_number(setting + 4, 1, POOL_MAX_LIMIT, &pool->max)
                   ? NULL
                   : apr_psprintf(cmd->pool, "TenantPool max= wants a number from 1 to %d", POOL_MAX_LIMIT);
    if (strncmp(setting, "lists=", 6) == 0)
        return setting_number(setting + 6, 1, POOL_MAX_LIMIT, &pool->lists)
                   ? NULL
                   : apr_psprintf(cmd->pool, "TenantPool lists= wants a number from 1 to %d", POOL_MAX_LIMIT);
    if (strcasecmp(setting, "prepare=on") == 0 || strcasecmp(setting, "prepare=off") == 0) {
        pool->prepare = strcasecmp(setting, "prepare=on") == 0;
        return NULL;
    }
    return "TenantPool knows max=, lists=, wait=, statement=, idle= and prepare=on|off";
}

const char *set_cache(cmd_parms *cmd, void *unused, const char *setting)
{
    cache_settings_t *keep = &config_server(cmd->server)->cache_settings;
    const time_setting_t times[] = {
        {"ttl=", &keep->ttl, apr_time_from_msec(100), apr_time_from_sec(86400)},
        {"negative=", &keep->negative, apr_time_from_msec(100), apr_time_from_sec(86400)},
        {NULL},
    };
    const char *why = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)unused;
    if (why || setting_time(cmd, setting, times, &why))
        return why;
    if (strncmp(setting, "size=", 5) == 0)
        return setting_number(setting + 5, CACHE_SIZE_MIN, CACHE_SIZE_LIMIT, &keep->size)
                   ? NULL
                   : apr_psprintf(cmd->pool, "TenantCache size= wants a number from %d to %d", CACHE_SIZE_MIN,
                                  CACHE_SIZE_LIMIT);
    if (strcasecmp(setting, "off") != 0)
        return "TenantCache must be off, or have size=, ttl= and negative=";
    keep->size = 0;
    return NULL;
}

const char *set_password_slots(cmd_parms *cmd, void *unused, const char *count)
{
    const char *why = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)unused;
    if (!why && !setting_number(count, 1, PASSWORD_SLOTS_MAX, &config_server(cmd->server)->password_slots))
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
        setting_number(apr_pstrmemdup(cmd->pool, setting, (apr_size_t)(slash - setting)), 1,
                       LOGIN_COUNT_LIMIT, &rate->count) &&
        apr_isdigit(slash[1]) && ap_timeout_parameter_parse(slash + 1, &rate->period, "s") == APR_SUCCESS &&
        rate->period >= apr_time_from_sec(1) && rate->period <= apr_time_from_sec(86400))
        return NULL;
    return apr_psprintf(
        cmd->pool,
        "%s must be off, or a number from 1 to %d of failed %s per time from 1s to 86400s, such "
        "as %s",
        cmd->cmd->name, LOGIN_COUNT_LIMIT, what, example);
}

const char *set_login_rate(cmd_parms *cmd, void *unused, const char *setting)
{
    (void)unused;
    return set_failures(cmd, &config_server(cmd->server)->login_rate, setting, "logins", "10/60");
}

const char *set_failure_rate(cmd_parms *cmd, void *unused, const char *setting)
{
    (void)unused;
    return set_failures(cmd, &config_server(cmd->server)->failure_rate, setting, "keys and logins", "600/60");
}

const char *set_linger(cmd_parms *cmd, void *unused, const char *setting)
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

const char *set_metrics(cmd_parms *cmd, void *unused, const char *setting)
{
    server_config_t *config = config_server(cmd->server);
    const char *why = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)unused;
    if (why)
        return why;
    if (strcasecmp(setting, "on") == 0 || strcasecmp(setting, "off") == 0)
        config->metrics = strcasecmp(setting, "on") == 0;
    else if (strncmp(setting, "tenants=", 8) != 0 ||
             !setting_number(setting + 8, 0, SHARE_TENANTS_MAX, &config->metrics_tenants))
        return apr_psprintf(
            cmd->pool,
            "TenantMetrics must be on, off, or tenants=N: how many of the most active tenants "
            "are told one by one, 0 to %d",
            SHARE_TENANTS_MAX);
    return NULL;
}

const char *set_usage(cmd_parms *cmd, void *unused, const char *setting)
{
    usage_settings_t *settings = &config_server(cmd->server)->usage_settings;
    const time_setting_t times[] = {
        {"flush=", &settings->flush, apr_time_from_sec(2), apr_time_from_sec(60)},
        {NULL},
    };
    const char *why = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)unused;
    if (why || setting_time(cmd, setting, times, &why))
        return why;
    if (strcasecmp(setting, "on") == 0 || strcasecmp(setting, "off") == 0)
        settings->is_on = strcasecmp(setting, "on") == 0;
    else if (strcasecmp(setting, "keep=off") == 0)
        settings->keep = "";
    else if (strncmp(setting, "keep=", 5) == 0 && setting[5] == '/')
        settings->keep = setting + 5;
    else if (strncmp(setting, "keep=", 5) == 0)
        return "TenantUsage keep= wants the absolute path of a folder, or off";
    else if (strncmp(setting, "tenants=", 8) != 0 ||
             !setting_number(setting + 8, USAGE_TENANTS_MIN, USAGE_TENANTS_MAX, &settings->tenants))
        return apr_psprintf(cmd->pool,
                            "TenantUsage must be on, off, flush=TIME, keep=FOLDER, or tenants=N: how many "
                            "tenants it has room for, %d to %d",
                            USAGE_TENANTS_MIN, USAGE_TENANTS_MAX);
    return NULL;
}
