/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_UNVERIFIED_H
#define TENANT_UNVERIFIED_H

#include <apr_pools.h>

/* Looks for a TenantGateway that would give Twilio's credentials to whoever answers. Returns NULL, or a
 * sentence that names it and what it lacks; in pool. */
const char *unverified_find(apr_pool_t *pool);

#endif
