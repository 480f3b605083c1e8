/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_PRESENCE_H
#define TENANT_PRESENCE_H

#include <httpd.h>

#include "secret/keyring.h"

/* Tells a database which servers use it: each generation of this httpd is a row of `nodes` from its first
 * child's start to its last one's end. One child at a time renews it, every ten seconds. Who was killed
 * leaves a row that nobody renews. */
typedef struct presence_t presence_t;

struct billing_t;

/* Memory for the children that are forked later, which goes with pool; NULL: there is none. The row is named
 * after the machine and main's first port. keyring: whose key ids the row has. */
presence_t *presence_make(const server_rec *main, const keyring_t *keyring, apr_pool_t *pool);

/* Starts a child's thread, which ends with the process's pool. Called after the fork. It tells what tenants
 * have used, too; billing: NULL: it does not. conninfo: complete. It connects for each time that it tells
 * something: so it takes no connection from requests. 0: it cannot be started. */
int presence_start(presence_t *presence, const struct billing_t *billing, const char *conninfo,
                   apr_pool_t *process);

#endif
