/* SPDX-License-Identifier: Apache-2.0 */
#include "unguarded.h"

#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>

#include "section.h"

APLOG_USE_MODULE(tenant);

/* Whether a section of a list may bring a login to a path. */
static int brings_login(const ap_directive_t *list, const char *path, apr_pool_t *pool)
{
    for (; list; list = list->next) {
        if (section_may_apply(list, path, pool) && section_contains(list->first_child, "AuthType"))
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

        if (location && section_is_named(list, "TenantHandler") &&
            strcasecmp(ap_getword_conf(pool, &arguments), "admin") == 0) {
            const char *path = section_argument(location, pool);

            if (!brings_login(beside, path, pool) && !brings_login(ap_conftree, path, pool))
                ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_WARNING, 0, servers,
                             "TenantHandler admin: no AuthType applies to <Location \"%s\">, which refuses "
                             "whoever has not logged in (%s:%d)",
                             path, list->filename, list->line_num);
        }
        look_through(list->first_child, section_is_named(list, "<Location") ? list : location,
                     section_is_named(list, "<VirtualHost") ? list->first_child : beside, servers, pool);
    }
}

void unguarded_warn(server_rec *servers, apr_pool_t *pool)
{
    look_through(ap_conftree, NULL, NULL, servers, pool);
}
