/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_KEYRING_H
#define TENANT_SECRET_KEYRING_H

#include <apr_pools.h>
#include <stdint.h>

#include "keyname.h"

/* The keys of one key file: sealing keys for columns at rest and peppers for API keys, 32 bytes each, in
 * memory that is locked, guarded, read-only and left out of core dumps
 * (sodium_malloc, sodium_mprotect_readonly). */
typedef struct keyring_t keyring_t;

enum { KEYRING_KEY_BYTES = 32 };

/* One key of the ring. */
typedef struct keyring_key_t {
    keyname_purpose_t purpose;
    uint32_t id;
    int primary;                /* the one that new values are made with; exactly one of each purpose */
    const unsigned char *bytes; /* KEYRING_KEY_BYTES of them, in guarded memory */
} keyring_key_t;

/* Reads a key file. The file is a text: a line a key, `seal|pepper ID BASE64 [primary]`, BASE64 being 32
 * bytes by RFC 4648 section 4 with padding; empty lines and lines starting with # are skipped.
 *
 * Refused, with a sentence (in pool) that names the path and the line, never a byte of a key: a path that is
 * not absolute, a symbolic link, not a regular file (a FIFO must not block: O_NONBLOCK), an owner other than
 * root and the effective user, any permission for group or others, a parent folder, up to the root, that
 * belongs to somebody else, or that others (or a group other than root's) may write to unless it is sticky;
 * over 64 KiB; a line of another form, a short, long or all-zero key, a repeated id, equal keys, no or two
 * primaries of a purpose.
 *
 * NULL: *ring is the ring, freed and wiped with the pool. The file is read with O_NOFOLLOW | O_CLOEXEC, and
 * checked by fstat on the descriptor that it is read from. */
const char *keyring_read(keyring_t **ring, const char *path, apr_pool_t *pool);

/* Locks the ring's pages again: memory locks are not inherited over fork(). 0 where the kernel refuses, which
 * RLIMIT_MEMLOCK may make it do. */
int keyring_lock(const keyring_t *ring);

/* The n-th key of a purpose, the primary one first; NULL past the last. */
const keyring_key_t *keyring_key(const keyring_t *ring, keyname_purpose_t purpose, int n);

/* The n-th of all keys, purpose by purpose, in the same order; NULL past the last. */
const keyring_key_t *keyring_any(const keyring_t *ring, int n);

/* The key of a purpose with this id; NULL where the ring has none. */
const keyring_key_t *keyring_find(const keyring_t *ring, keyname_purpose_t purpose, uint32_t id);

#endif
