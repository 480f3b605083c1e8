/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_LOADED_H
#define TENANT_SECRET_LOADED_H

#include "keyring.h"

/* Which keys a running httpd has loaded: a file in its runtime folder that each generation of the server
 * writes at its start, for tenantctl to know what a change of the key file may rely on. It holds ids, never a
 * key:
 *
 *     file /etc/apache2/tenant.keys
 *     seal 1 primary
 *     seal 2
 *     pepper 1 primary
 */
typedef struct loaded_t loaded_t;

/* The file's name in the runtime folder. */
#define LOADED_NAME "tenant-key-ids"

/* Writes the file, in the place of an older one. NULL, or a sentence in pool that says what failed. To be
 * called before privileges are dropped. */
const char *loaded_write(const keyring_t *ring, const char *key_file, const char *path, apr_pool_t *pool);

/* Reads the file. NULL, or a sentence in pool that names the path. */
const char *loaded_read(loaded_t **loaded, const char *path, apr_pool_t *pool);

/* The path of the key file, as httpd knows it. */
const char *loaded_key_file(const loaded_t *loaded);

/* Whether the server has the key, and whether it makes new values with it. */
int loaded_has(const loaded_t *loaded, keyname_purpose_t purpose, uint32_t id);
int loaded_is_primary(const loaded_t *loaded, keyname_purpose_t purpose, uint32_t id);

#endif
