/* SPDX-License-Identifier: Apache-2.0 */
#include "password.h"

#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>

/* argon2id's cost: OWASP's minimum of 19 MiB and two passes. */
#define ARGON2_PASSES     2
#define ARGON2_MEMORY_KIB 19456

/* What a stored hash may cost at most: whoever can write to the table must not be able
 * to use up the machine. */
enum { PASSES_MAX = 10, MEMORY_MAX_KIB = 64 * 1024, LANES_MAX = 16 };

#define TEXT_OF(number) #number
#define DECIMAL(number) TEXT_OF(number)

/* A hash of no password that anybody knows, as costly as one made today. */
static const char nobodys[PASSWORD_HASH_SIZE] = "$argon2id$v=19$m=" DECIMAL(ARGON2_MEMORY_KIB) ",t=" DECIMAL(
    ARGON2_PASSES) ",p=1$bm8gcGFzc3dvcmQgaXMgaQ$bm8gcGFzc3dvcmQgaXMgaGFzaGVkIHRvIHRoaXMgdGV4dCE";

_Static_assert(PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "libsodium writes a text of this size");

const problem_t *password_hash(password_slots_t *slots, const char *owner, const char *password,
                               apr_size_t length, apr_time_t deadline, char stored[PASSWORD_HASH_SIZE])
{
    const problem_t *problem;
    password_slot_t slot;
    int failed;

    problem = password_slots_take(slots, owner, deadline, &slot);
    if (problem)
        return problem;
    failed = sodium_init() < 0 ||
             crypto_pwhash_str_alg(stored, password, length, ARGON2_PASSES, ARGON2_MEMORY_KIB * 1024,
                                   crypto_pwhash_ALG_ARGON2ID13) != 0;
    password_slots_free(&slot);
    return failed ? &problem_slots_busy : NULL;
}

/* Reads a literal and the decimal number behind it, from 1 to most, and moves *text past both. */
static int read_parameter(const char **text, const char *literal, uint32_t most, uint32_t *number)
{
    size_t length = strlen(literal);
    uint32_t value = 0;

    if (strncmp(*text, literal, length) != 0)
        return 0;
    for (*text += length; **text >= '0' && **text <= '9' && value <= most; (*text)++)
        value = 10 * value + (uint32_t)(**text - '0');
    *number = value;
    return value >= 1 && value <= most;
}

/* Whether a stored hash may be computed at all, and what it costs. */
static int is_usable(const char *stored, uint32_t *memory, uint32_t *passes)
{
    uint32_t lanes;

    return strnlen(stored, PASSWORD_HASH_SIZE) < PASSWORD_HASH_SIZE &&
           read_parameter(&stored, "$argon2id$v=19$m=", MEMORY_MAX_KIB, memory) &&
           read_parameter(&stored, ",t=", PASSES_MAX, passes) &&
           read_parameter(&stored, ",p=", LANES_MAX, &lanes) && *stored == '$';
}

/* Whether a hash costs less than one that is made today. */
static int is_cheap(uint32_t memory, uint32_t passes)
{
    return memory < ARGON2_MEMORY_KIB || passes < ARGON2_PASSES;
}

typedef enum outcome_t { OUTCOME_EQUAL, OUTCOME_DIFFERENT, OUTCOME_MALFORMED, OUTCOME_NO_MEMORY } outcome_t;

/* Computes a hash of a password and compares it with the stored one. */
static outcome_t compare(const char *stored, const char *password, apr_size_t length)
{
    errno = 0;
    if (crypto_pwhash_str_verify(stored, password, length) == 0)
        return OUTCOME_EQUAL;
    if (errno == ENOMEM)
        return OUTCOME_NO_MEMORY;
    return errno == EINVAL ? OUTCOME_DIFFERENT : OUTCOME_MALFORMED;
}

const problem_t *password_verify(const char *stored, const char *password, apr_size_t length,
                                 password_match_t *match)
{
    outcome_t outcome = OUTCOME_MALFORMED;
    uint32_t memory = 0, passes = 0;

    if (sodium_init() < 0)
        return &problem_slots_busy;
    if (stored && is_usable(stored, &memory, &passes))
        outcome = compare(stored, password, length);
    if (outcome == OUTCOME_EQUAL) {
        *match = is_cheap(memory, passes) ? PASSWORD_OUTDATED : PASSWORD_RIGHT;
    } else if (outcome == OUTCOME_MALFORMED) {
        *match = stored ? PASSWORD_UNUSABLE : PASSWORD_WRONG;
        outcome = compare(nobodys, password, length);
    } else {
        *match = PASSWORD_WRONG;
        if (outcome == OUTCOME_DIFFERENT && is_cheap(memory, passes))
            outcome = compare(nobodys, password, length); /* the time must not tell who has such a hash */
    }
    return outcome == OUTCOME_NO_MEMORY ? &problem_slots_busy : NULL;
}
