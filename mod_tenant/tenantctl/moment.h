/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_MOMENT_H
#define TENANT_TENANTCTL_MOMENT_H

#include <apr_pools.h>

/* Reads a time that is past, `2026-11-20`, `2026-11-20T12:00:00Z`, or how long ago, `90m`, `36h`, `7d`, as
 * `2026-11-20T12:00:00Z`, in pool. Returns EXIT_…, having said what the option must be. */
int moment_read(const char **time_text, const char *option, const char *given, apr_pool_t *pool);

#endif
