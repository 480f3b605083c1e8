/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_CATALOG_H
#define TENANT_TENANTCTL_CATALOG_H

#include "../store/console.h"
#include "output.h"

/* Adds to findings (finding_add()) what in the database is not as sql/ leaves it: roles, changes, tables,
 * row-level security, policies, functions, triggers, grants, constraints, indexes. */
void catalog_check(output_t *findings, console_t *database, apr_pool_t *pool);

#endif
