/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_SEALED_H
#define TENANT_API_SEALED_H

#include "api.h"

/* A secret in clear. */
typedef struct sealed_secret_t {
    const char *text; /* NULL: there is none */
    apr_size_t length;
} sealed_secret_t;

/* Whether what row 0 of the tenant's resource holds sealed can be opened where it lies; what cannot is
 * logged, without its content. problem_secret_unreadable: the key file lacks its key, or it was altered or
 * moved. A plaintext of an earlier system is the sysadmin's to seal (tenantctl rewrap --plaintext), and no
 * reason to keep a tenant from its profile. */
const problem_t *sealed_check(const api_t *api, rows_t *rows);

/* Opens what row 0 of a resource's rows, the tenant's own, holds of the FIELD_SECRET name. In pool, wiped
 * with it. problem_secret_unreadable as above; of a plaintext of an earlier system too. */
const problem_t *sealed_open(const api_t *api, const resource_t *resource, const char *name, rows_t *rows,
                             sealed_secret_t *secret, apr_pool_t *pool);

/* Leaves a secret as it is that an update would replace by itself, where the value before is to be good as
 * well for a time: else an update that is sent twice would lose that one. The problems of a read. */
const problem_t *sealed_keep(api_t *api);

#endif
