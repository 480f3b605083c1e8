/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_LASTING_H
#define TENANT_STORE_LASTING_H

#include <apr_pools.h>

/* Memory that all children share, and that outlives graceful restarts: what was made by this name, or size
 * bytes, all 0, aligned as a page is; *is_new says which. name has a number of its layout, for a newer module
 * may come with such a restart. process: the pool of the server's process. NULL: there is no memory. */
void *lasting_memory(const char *name, apr_size_t size, int *is_new, apr_pool_t *process);

#endif
