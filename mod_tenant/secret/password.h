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

/* Hashes a password (argon2id, t=2, m=19 MiB, p=1: OWASP's minimum) in a slot, which it waits for until
 * deadline. The caller has checked the length and wipes the password. NULL: stored holds the text.
 * problem_slots_busy: no slot until the deadline, or no memory. problem_misconfigured: no slot file can be
 * opened. */
const problem_t *password_hash(const password_slots_t *slots, const char *password, apr_size_t length,
                               apr_time_t deadline, char stored[PASSWORD_HASH_SIZE]);

#endif
