/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_LOOKUP_H
#define TENANT_IDENTITY_LOOKUP_H

#include <httpd.h>

#include "../problem.h"
#include "tenant.h"

/* Whose something is, before it is decided what that allows. */
typedef struct lookup_t {
    int is_done;            /* it has been found out */
    const tenant_t *tenant; /* NULL: nobody's */
} lookup_t;

/* These take the request that the client sent, ask the cache first and then the database, and give the
 * database's problems. Lookups that are done already are left as they are. What is found is in pool, as is
 * all memory that they take. */

/* Whose the request's Host is. */
const problem_t *lookup_host(request_rec *r, lookup_t *host, apr_pool_t *pool);

/* Whose the key with these hashes is; and whose the Host is, unless the key is nobody's. */
const problem_t *lookup_key(request_rec *r, const char *hashes, lookup_t *key, lookup_t *host,
                            apr_pool_t *pool);

#endif
