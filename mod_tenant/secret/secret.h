/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_SECRET_H
#define TENANT_SECRET_SECRET_H

#include <apr_pools.h>

/* Overwrites bytes that were secret in a way that the compiler does not remove (sodium_memzero). */
void secret_wipe(void *bytes, apr_size_t length);

/* Memory of so many bytes, all 0, in pool, which is wiped when pool is cleared. */
void *secret_alloc(apr_size_t size, apr_pool_t *pool);

#endif
