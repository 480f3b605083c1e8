/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_SECRET_PASSWORD_H
#define TENANT_SECRET_PASSWORD_H

#include <apr_time.h>

#include "../problem.h"
#include "slots.h"

/* A password's length in bytes, checked before anything is hashed. */
enum { PASSWORD_MIN = 8, PASSWORD_MAX = 1024 };

/* The stored form: libsodium's `$argon2id$v=19$m=…,t=…,p=1$salt$hash`, NUL-terminated. */
enum { PASSWORD_HASH_SIZE = 128 };

/* Hashes a password (argon2id, t=2, m=19 MiB, p=1: OWASP's minimum) in a slot of this owner, which it waits
 * for until deadline. The caller has checked the length and wipes the password. NULL: stored holds the text.
 * problem_slots_busy: no slot until the deadline, or no memory.
 * problem_misconfigured: no slot file can be opened. */
const problem_t *password_hash(password_slots_t *slots, const char *owner, const char *password,
                               apr_size_t length, apr_time_t deadline, char stored[PASSWORD_HASH_SIZE]);

/* How a password compares with a stored hash. */
typedef enum password_match_t {
    PASSWORD_WRONG,
    PASSWORD_RIGHT,
    PASSWORD_OUTDATED, /* right, but a hash made today would cost more: make one */
    PASSWORD_UNUSABLE, /* the hash is no argon2id text, or asks for more than 64 MiB, 10 passes or 16 lanes */
} password_match_t;

/* Compares a password with a stored hash. stored: NULL where there is none to compare with, which, like an
 * unusable one, takes as long as a wrong password. To be called with a slot. NULL: *match says how it went.
 * problem_slots_busy: no memory. */
const problem_t *password_verify(const char *stored, const char *password, apr_size_t length,
                                 password_match_t *match);

#endif
