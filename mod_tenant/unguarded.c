/* SPDX-License-Identifier: Apache-2.0 */
#include "unguarded.h"

#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>

APLOG_USE_MODULE(tenant);

static int is_named(const ap_directive_t *directive, const char *name)
{
    return strcasecmp(directive->directive, name) == 0;
}

/* The argument of a section, which in the tree has its quotes and the closing bracket. */
static const char *section_argument(const ap_directive_t *section, apr_pool_t *pool)
{
    const char *arguments = section->args;
    char *argument = ap_getword_conf(pool, &arguments);
    apr_size_t length = strlen(argument);

    if (length > 0 && argument[length - 1] == '>')
        argument[length - 1] = '\0';
    return argument;
}

/* Whether a directive of that name stands in a list, or in a section of it. */
static int contains(const ap_directive_t *list, const char *name)
{
    for (; list; list = list->next) {
        if (is_named(list, name) || contains(list->first_child, name))
            return 1;
    }
    return 0;
}

/* Whether a section may apply to a path that is no file's: what cannot be told counts as yes. */
static int may_apply(const ap_directive_t *section, const char *path, apr_pool_t *pool)
{
    const char *prefix;
    apr_size_t length;

    if (is_named(section, "<LocationMatch") || is_named(section, "<If"))
        return 1;
    if (!is_named(section, "<Location"))
        return 0;
    prefix = section_argument(section, pool);
    length = strlen(prefix);
    if (strpbrk(prefix, "~*?["))
        return 1;
    return strncmp(prefix, path, length) == 0 &&
           (length == 0 || prefix[length - 1] == '/' || path[length] == '/' || path[length] == '\0');
}

/* Whether a section of a list may bring a login to a path. */
static int brings_login(const ap_directive_t *list, const char *path, apr_pool_t *pool)
{
    for (; list; list = list->next) {
        if (may_apply(list, path, pool) && contains(list->first_child, "AuthType"))
            return 1;
    }
    return 0;
}

/* Looks through a list of directives. location: the Location that they stand in; beside: the list of their
 * virtual host; NULL: none. */
static void look_through(const ap_directive_t *list, const ap_directive_t *location,
                         const ap_directive_t *beside, server_rec *servers, apr_pool_t *pool)
{
    for (; list; list = list->next) {
        const char *arguments = list->args;

        if (location && is_named(list, "TenantHandler") &&
            strcasecmp(ap_getword_conf(pool, &arguments), "admin") == 0) {
            const char *path = section_argument(location, pool);

            if (!brings_login(beside, path, pool) && !brings_login(ap_conftree, path, pool))
                ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_WARNING, 0, servers,
                             "TenantHandler admin: no AuthType applies to <Location \"%s\">, which refuses "
                             "whoever has not logged in (%s:%d)",
                             path, list->filename, list->line_num);
        }
        look_through(list->first_child, is_named(list, "<Location") ? list : location,
                     is_named(list, "<VirtualHost") ? list->first_child : beside, servers, pool);
    }
}

void unguarded_warn(server_rec *servers, apr_pool_t *pool)
{
    look_through(ap_conftree, NULL, NULL, servers, pool);
}
