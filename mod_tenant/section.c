/* SPDX-License-Identifier: Apache-2.0 */
#include "section.h"

#include <apr_strings.h>

int section_is_named(const ap_directive_t *directive, const char *name)
{
    return strcasecmp(directive->directive, name) == 0;
}

const char *section_argument(const ap_directive_t *section, apr_pool_t *pool)
{
    const char *arguments = section->args;
    char *argument = ap_getword_conf(pool, &arguments);
    apr_size_t length = strlen(argument);

    if (length > 0 && argument[length - 1] == '>')
        argument[length - 1] = '\0';
    return argument;
}

int section_contains(const ap_directive_t *list, const char *name)
{
    for (; list; list = list->next) {
        if (section_is_named(list, name) || section_contains(list->first_child, name))
            return 1;
    }
    return 0;
}

int section_may_apply(const ap_directive_t *section, const char *path, apr_pool_t *pool)
{
    const char *prefix;
    apr_size_t length;

    if (section_is_named(section, "<LocationMatch") || section_is_named(section, "<If") ||
        section_is_named(section, "<ElseIf") || section_is_named(section, "<Else"))
        return 1;
    if (!section_is_named(section, "<Location"))
        return 0;
    prefix = section_argument(section, pool);
    length = strlen(prefix);
    if (strpbrk(prefix, "~*?["))
        return 1;
    return strncmp(prefix, path, length) == 0 &&
           (length == 0 || prefix[length - 1] == '/' || path[length] == '/' || path[length] == '\0');
}
