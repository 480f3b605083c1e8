/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_T_UNIT_CALLED_H
#define TENANT_T_UNIT_CALLED_H

#include <apr_strings.h>
#include <string.h>

#include "resource/resources.h"

/* What tests call a resource: by its name, the administrator's `all_NAME` where tenants have one of that name
 * as well. */
static inline const char *called(const resource_t *resource, apr_pool_t *pool)
{
    int is_shared = resource->spans_tenants && resource_find(resource->name, strlen(resource->name), 0);

    return apr_pstrcat(pool, is_shared ? "all_" : "", resource->name, NULL);
}

#endif
