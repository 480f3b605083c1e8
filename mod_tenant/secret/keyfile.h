/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_KEYFILE_H
#define TENANT_SECRET_KEYFILE_H

#include <apr_pools.h>

/* The key file as a file: where it may lie, who may own, read and write it. What its lines mean is the
 * keyring's business. Sentences of refusal are in pool, name the path, and hold nothing of the file's
 * content. */

/* Reads the text of a key file that passes the checks listed at keyring_read(). NULL: *text holds *length
 * bytes, without a NUL, in guarded memory that the caller gives to keyfile_free(). */
const char *keyfile_read(char **text, apr_size_t *length, const char *path, apr_pool_t *pool);

/* Wipes and frees a text. */
void keyfile_free(char *text);

/* Makes a key file, mode 0600, with one sealing key and one pepper, both of id 1 and primary. Its folder has
 * to pass the same checks. Never overwrites: an existing file is refused. NULL: the file is on the disk. */
const char *keyfile_make(const char *path, apr_pool_t *pool);

#endif
