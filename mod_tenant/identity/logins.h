/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_LOGINS_H
#define TENANT_IDENTITY_LOGINS_H

#include <apr_pools.h>

#include "../secret/digest.h"
#include "generations.h"

/* Logins that one child has lately seen succeed, for a browser sends its password with every request. Each is
 * kept for at most a minute, and not beyond a change of its tenant or of a login of that tenant. Never holds
 * a password or a hash of it that means anything outside of the process. */
typedef struct logins_t logins_t;

/* NULL: out of memory. It goes with the process's pool. */
logins_t *logins_open(apr_pool_t *process);

/* What a login is found by: whose database, tenant, e-mail address and password it is. */
digest_t logins_name(const logins_t *logins, const char *database, const char *tenant, const char *email,
                     const char *password);

/* The user's id (users.id) where this login is known to be right, in pool; else NULL. */
const char *logins_find(logins_t *logins, const digest_t *name, const generations_t *generations,
                        apr_pool_t *pool);

/* The moment ahead of reading what a login is compared with. */
typedef struct logins_moment_t {
    generation_t tenants, logins; /* 0: nothing may be kept now */
} logins_moment_t;

logins_moment_t logins_moment(const generations_t *generations);

/* Keeps a login that was right, unless the user's id is uncommonly long. */
void logins_keep(logins_t *logins, const digest_t *name, int tenant, const char *user,
                 const logins_moment_t *moment);

#endif
