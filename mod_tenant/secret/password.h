/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_PASSWORD_H
#define TENANT_SECRET_PASSWORD_H

#include <apr_pools.h>
#include <apr_time.h>

#include "../problem.h"

/* A password's length in bytes, checked before anything is hashed. */
enum { PASSWORD_MIN = 8, PASSWORD_MAX = 1024 };

/* The stored form: libsodium's `$argon2id$v=19$m=…,t=…,p=1$salt$hash`, NUL-terminated. */
enum { PASSWORD_HASH_SIZE = 128 };

/* The machine's slots for hashing: one argon2id hash takes 19 MiB, so only so many run at a time on the whole
 * machine. A slot is a flock() on a file: it is freed when its process dies, however it dies, and every child
 * of every generation of the server shares it. */
typedef struct password_slots_t password_slots_t;

/* Makes the slot files PREFIX.0 … PREFIX.(count-1), mode 0600, owned by uid and gid where these are not
 * (uid_t)-1; existing ones are kept. Returns NULL, or a sentence (in pool) that says what failed. To be
 * called before privileges are dropped. */
const char *password_slots_make(password_slots_t **slots, const char *prefix, int count, uid_t uid, gid_t gid,
                                apr_pool_t *pool);

/* Hashes a password (argon2id, t=2, m=19 MiB, p=1: OWASP's minimum) in a slot, which it waits for until
 * deadline. The caller has checked the length and wipes the password. NULL: stored holds the text.
 * problem_slots_busy: no slot until the deadline, or no memory. */
const problem_t *password_hash(const password_slots_t *slots, const char *password, apr_size_t length,
                               apr_time_t deadline, char stored[PASSWORD_HASH_SIZE]);

#endif
