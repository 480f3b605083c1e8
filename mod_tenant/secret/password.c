/* SPDX-License-Identifier: Apache-2.0 */
#include "password.h"

#include <sodium.h>

/* argon2id's cost: OWASP's minimum of 19 MiB and two passes. */
enum { ARGON2_PASSES = 2, ARGON2_MEMORY = 19 * 1024 * 1024 };

_Static_assert(PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "libsodium writes a text of this size");

const problem_t *password_hash(const password_slots_t *slots, const char *password, apr_size_t length,
                               apr_time_t deadline, char stored[PASSWORD_HASH_SIZE])
{
    const problem_t *problem;
    int slot, failed;

    problem = password_slots_take(slots, deadline, &slot);
    if (problem)
        return problem;
    failed = sodium_init() < 0 || crypto_pwhash_str_alg(stored, password, length, ARGON2_PASSES,
                                                        ARGON2_MEMORY, crypto_pwhash_ALG_ARGON2ID13) != 0;
    password_slots_free(slot);
    return failed ? &problem_slots_busy : NULL;
}
