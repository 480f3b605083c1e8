/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_TABLE_H
#define TENANT_IDENTITY_TABLE_H

#include <apr_pools.h>
#include <stdint.h>

#include "../secret/digest.h"

/* A table of a fixed number of entries, for the threads of one process. Reading takes no lock and writes
 * nothing that other readers wait for; where there is no room, an entry that nobody has asked for lately
 * makes some. Looking up and keeping cost the same however many entries there are. */
typedef struct table_t table_t;

/* A table of at least `entries` values of up to `words` 64-bit words each; whatever is not used takes no
 * memory. It goes with pool. NULL: out of memory. */
table_t *table_make(int entries, int words, apr_pool_t *pool);

/* Copies the value that is kept under a name to `value`, which has room for the longest one. Returns its
 * length in words; 0: there is none. */
int table_get(table_t *table, const digest_t *name, uint64_t *value);

/* Keeps a value under a name, instead of the one before; 0 < length <= the table's words. */
void table_put(table_t *table, const digest_t *name, const uint64_t *value, int length);

#endif
