/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_NODES_H
#define TENANT_TENANTCTL_NODES_H

#include "../secret/keyname.h"
#include "../store/console.h"
#include "output.h"

/* The servers that use the database, by its table `nodes`. */

/* *names is NULL, or those that serve now and have not loaded a key: `web2.example.com:443, …`, in pool. 0:
 * the database fails. */
int nodes_without_key(const char **names, console_t *database, keyname_purpose_t purpose, uint32_t id,
                      apr_pool_t *pool);

/* The same: those that make new values with the key. */
int nodes_with_primary(const char **names, console_t *database, keyname_purpose_t purpose, uint32_t id,
                       apr_pool_t *pool);

/* Adds what is wrong with the nodes themselves: one that has ended without a word, versions that differ. 0:
 * the database fails. */
int nodes_check(output_t *findings, console_t *database, apr_pool_t *pool);

#endif
