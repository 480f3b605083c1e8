/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_HOOK_H
#define TENANT_TENANTCTL_HOOK_H

#include <apr_time.h>

/* Runs a command of the sysadmin's by the shell, with TENANT_ID and TENANT_DOMAIN ("": none) in its
 * environment. What it prints goes to standard error. It is killed after `limit`. Returns EXIT_DONE where it
 * ended with 0; else EXIT_FAILED, having said how it ended. */
int hook_run(const char *command, const char *id, const char *domain, apr_interval_time_t limit);

#endif
