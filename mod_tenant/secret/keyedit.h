/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_KEYEDIT_H
#define TENANT_SECRET_KEYEDIT_H

#include "keyring.h"

/* Changes of a key file. Each leaves a file that keyring_read() accepts, or changes nothing; changes at the
 * same time wait for one another. Other lines, comments among them, stay as they are. Each returns NULL once
 * the change is on the disk, or a sentence in pool that names the path and holds nothing of a key. A running
 * httpd goes on with the keys that it has read at its start. */

/* Makes a key file, mode 0600, with one sealing key and one pepper, both of id 1 and primary. Never
 * overwrites: an existing file is refused. */
const char *keyedit_make(const char *path, apr_pool_t *pool);

/* Adds a new key, not primary. *id is one more than the highest id that the purpose has ever had here. */
const char *keyedit_add(uint32_t *id, const char *path, keyname_purpose_t purpose, apr_pool_t *pool);

/* Makes a key that is there the primary one of its purpose. */
const char *keyedit_promote(const char *path, keyname_purpose_t purpose, uint32_t id, apr_pool_t *pool);

/* Removes a key that is not primary, leaving a comment that says so (keyline_retired()). */
const char *keyedit_retire(const char *path, keyname_purpose_t purpose, uint32_t id, apr_pool_t *pool);

#endif
