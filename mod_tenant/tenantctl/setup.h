/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_SETUP_H
#define TENANT_TENANTCTL_SETUP_H

#include "command.h"

/* Becomes the program of `tenantctl setup` (setup.pl), which is installed in ../lib/mod_tenant from this
 * one's folder, and gives it the arguments behind [0]; it reads its options itself. Returns EXIT_FAILED,
 * having said why, if it cannot. */
int setup_run(char **arguments, apr_pool_t *pool);

#endif
