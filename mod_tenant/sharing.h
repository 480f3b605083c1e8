/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SHARING_H
#define TENANT_SHARING_H

#include <apr_hash.h>
#include <httpd.h>

#include "config.h"

/* What servers with the same connection string share, and how many connections there may be. */
typedef struct sharing_t {
    apr_hash_t *pools;       /* child_database_key() */
    apr_hash_t *generations; /* by connection string */
    apr_hash_t *presences;   /* likewise */
    apr_hash_t *freshness;   /* likewise */
    apr_hash_t *usages;      /* likewise */
    apr_hash_t *arrears;     /* likewise */
    apr_hash_t *transports;  /* conninfo_transport() -> itself where it is safe, else "" */
    int in_each_child;       /* connections */
    int readers;             /* the same, of those that lead to a reader */
    int beside;              /* connections of the whole server */
} sharing_t;

/* Nothing yet, in pool. */
sharing_t sharing_make(apr_pool_t *pool);

/* Notes a server's connection strings, which are complete, and gives it what its children share: the memory
 * by which they learn of changes, know how fresh a reader is, tell the database of this node, and count what
 * tenants use. It is from pool. servers: the main one. Returns NULL, or a sentence. */
const char *sharing_add(sharing_t *sharing, server_config_t *config, server_rec *servers, apr_pool_t *pool);

/* Says of each database that is reached over the network whether what goes there is encrypted, and how many
 * connections there may be. */
void sharing_log(const sharing_t *sharing, server_rec *servers, apr_pool_t *pool);

#endif
