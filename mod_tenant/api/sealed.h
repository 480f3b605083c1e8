/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_SEALED_H
#define TENANT_API_SEALED_H

#include "api.h"

/* Whether what row 0 of the tenant's resource holds sealed can be opened where it lies; what cannot is
 * logged, without its content. problem_secret_unreadable: the key file lacks its key, or it was altered or
 * moved. A plaintext of an earlier system is the sysadmin's to seal (tenantctl rewrap --plaintext), and no
 * reason to keep a tenant from its profile. */
const problem_t *sealed_check(const api_t *api, rows_t *rows);

#endif
