/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_SEALED_H
#define TENANT_API_SEALED_H

#include "api.h"

/* Whether what row 0 of the tenant's resource holds sealed can be opened where it lies; what cannot is
 * logged, without its content. problem_secret_unreadable: the key file lacks its key, or it was altered or
 * moved. A plaintext of an earlier system is the sysadmin's to seal (tenantctl rewrap --plaintext), and no
 * reason to keep a tenant from its profile. */
const problem_t *sealed_check(const api_t *api, rows_t *rows);

/* Leaves a secret as it is that an update would replace by itself, where the value before is to be good as
 * well for a time: else an update that is sent twice would lose that one. The problems of a read. */
const problem_t *sealed_keep(api_t *api);

#endif
