/* SPDX-License-Identifier: Apache-2.0 */
#include "setting.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

int setting_number(const char *text, int low, int high, int *number)
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

int setting_is_plain_path(const char *path)
{
    for (const char *c = path; *c; c++) {
        if (!apr_isalnum(*c) && !strchr("/-._~", *c))
            return 0;
    }
    return !strstr(path, "//") && !strstr(path, "/./") && !strstr(path, "/../");
}

const char *setting_outside_location(cmd_parms *cmd)
{
    const ap_directive_t *section = cmd->directive->parent;

    if (!section || strcasecmp(section->directive, "<Location") != 0 || !cmd->path || cmd->path[0] != '/' ||
        section->args[strspn(section->args, " \t")] == '~' || !setting_is_plain_path(cmd->path))
        return apr_pstrcat(
            cmd->pool, cmd->cmd->name,
            " is allowed only in a <Location \"/path\"> without pattern, of letters, digits and - . _ ~",
            NULL);
    return NULL;
}

int setting_time(cmd_parms *cmd, const char *setting, const time_setting_t *times, const char **why)
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

const char *setting_cut_slash(const char *path, apr_pool_t *pool)
{
    apr_size_t length = strlen(path);

    return apr_pstrmemdup(pool, path, length > 0 && path[length - 1] == '/' ? length - 1 : length);
}

void setting_note_location(apr_array_header_t **locations, cmd_parms *cmd)
{
    if (!*locations)
        *locations = apr_array_make(cmd->pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(*locations, const char *) = setting_cut_slash(cmd->path, cmd->pool);
}
