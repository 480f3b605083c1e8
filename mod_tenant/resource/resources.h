/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_RESOURCES_H
#define TENANT_RESOURCE_RESOURCES_H

#include "resource.h"

/* THE table: what the API serves. A NULL name ends it. */
extern const resource_t resources[];

/* How many there are. */
int resource_count(void);

/* The resource of a path segment, among the administrator's or the tenants' own; or NULL. */
const resource_t *resource_find(const char *name, apr_size_t length, int spans_tenants);

/* Its number in resources[]. */
int resource_index(const resource_t *resource);

/* The names of the resources that may be public, separated by ", ". In pool. */
const char *resource_public_names(apr_pool_t *pool);

#endif
