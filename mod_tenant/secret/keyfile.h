/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_KEYFILE_H
#define TENANT_SECRET_KEYFILE_H

#include <apr_pools.h>

/* The key file as a file: where it may lie, who may own, read and write it, how it is replaced. What its
 * lines mean is the keyring's business. Each function that may fail returns NULL or a sentence of refusal,
 * which is in pool, names the path, and holds nothing of the file's content. */

/* Reads the text of a key file that passes the checks listed at keyring_read(). NULL: *text holds *length
 * bytes, without a NUL, in guarded memory that the caller gives to keyfile_free(). */
const char *keyfile_read(char **text, apr_size_t *length, const char *path, apr_pool_t *pool);

/* Wipes and frees a text. */
void keyfile_free(char *text);

/* Writes a key file that does not exist yet, mode 0600. Its folder has to pass the same checks. NULL: the
 * file is on the disk; otherwise there is none. */
const char *keyfile_create(const char *path, const char *text, apr_size_t length, apr_pool_t *pool);

/* Waits until no other process changes the key file, and holds off others until keyfile_unlock(). Who only
 * reads it is not held off: a change is one rename. */
const char *keyfile_lock(int *lock, const char *path, apr_pool_t *pool);
void keyfile_unlock(int lock);

/* Writes a text to a new file beside the locked key file, with its owner, group and mode. NULL: *staged, in
 * pool, is the path, to be given to keyfile_commit() or keyfile_discard(). */
const char *keyfile_stage(const char **staged, int lock, const char *path, const char *text,
                          apr_size_t length, apr_pool_t *pool);

/* Puts the staged file in the place of the key file. NULL: it is there, and on the disk. */
const char *keyfile_commit(const char *staged, const char *path, apr_pool_t *pool);
void keyfile_discard(const char *staged);

#endif
