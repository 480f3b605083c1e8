/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/secret/password.h"

#include <apr_general.h>
#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "monotonic.h"
#include "scratch.h"
#include "tap.h"

static const char secret[] = "correct horse\0battery";

enum { SECRET_LENGTH = sizeof secret - 1 };

static apr_time_t soon(void)
{
    return monotonic_now() + apr_time_from_sec(60);
}

static const problem_t *hash_secret(password_slots_t *slots, char stored[PASSWORD_HASH_SIZE])
{
    return password_hash(slots, "owner", secret, SECRET_LENGTH, soon(), stored);
}

static void test_hash(password_slots_t *slots)
{
    char stored[PASSWORD_HASH_SIZE], again[PASSWORD_HASH_SIZE];
    password_slot_t slot;

    memset(stored, '#', sizeof stored);
    ok(!hash_secret(slots, stored), "a password is hashed");
    ok(strncmp(stored, "$argon2id$v=19$m=19456,t=2,p=1$", 31) == 0, "with argon2id, 19 MiB, two passes");
    ok(memchr(stored, '\0', sizeof stored) != NULL, "to a NUL-terminated text");
    is(crypto_pwhash_str_verify(stored, secret, SECRET_LENGTH), 0, "libsodium verifies it");
    is(crypto_pwhash_str_verify(stored, secret, SECRET_LENGTH - 1), -1, "but no other password");
    ok(!hash_secret(slots, again) && strcmp(stored, again) != 0, "each hash has its own salt");
    ok(!password_slots_take(slots, "owner", 0, &slot), "the slot is free again");
    ok(password_hash(slots, "owner", secret, SECRET_LENGTH, 0, stored) == &problem_slots_busy,
       "without a free slot nothing is hashed");
    password_slots_free(&slot);
}

/* Time of a processor, for what others do on it is no cost of a comparison. */
static apr_time_t processor_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return apr_time_from_sec(time.tv_sec) + time.tv_nsec / 1000;
}

/* How a password compares with a stored text, and how long that took. */
static password_match_t match_of(const char *stored, apr_time_t *took)
{
    password_match_t match = PASSWORD_UNUSABLE;
    apr_time_t start = processor_now();

    if (password_verify(stored, secret, SECRET_LENGTH, &match))
        diag("no memory");
    *took = processor_now() - start;
    return match;
}

/* A stored text for the secret at this cost. */
static const char *stored_at(unsigned long long passes, size_t memory, char stored[PASSWORD_HASH_SIZE])
{
    if (crypto_pwhash_str_alg(stored, secret, SECRET_LENGTH, passes, memory, crypto_pwhash_ALG_ARGON2ID13))
        diag("no memory");
    return stored;
}

#define SALT_AND_HASH "$c29tZXNhbHQxMjM0NTY3OA$bm8gcGFzc3dvcmQgaXMgaGFzaGVkIHRvIHRoaXMgdGV4dCE"

enum { COSTS = 5, UNUSABLE = 14, VERIFIED = COSTS + UNUSABLE + 3 };

static void test_costs(void)
{
    static const struct {
        unsigned long long passes;
        size_t memory;
        password_match_t match;
    } costs[COSTS] = {
        {2, 19 << 20, PASSWORD_RIGHT},   {3, 20 << 20, PASSWORD_RIGHT}, {1, 19 << 20, PASSWORD_OUTDATED},
        {4, 8 << 20, PASSWORD_OUTDATED}, {1, 8192, PASSWORD_OUTDATED},
    };
    char stored[PASSWORD_HASH_SIZE];
    apr_time_t took;

    for (int n = 0; n < COSTS; n++)
        is(match_of(stored_at(costs[n].passes, costs[n].memory, stored), &took), costs[n].match,
           "the password of a hash with %llu passes over %zu KiB", costs[n].passes, costs[n].memory / 1024);
}

static void test_verify(void)
{
    static const char *const unusable[UNUSABLE] = {
        "$argon2id$v=19$m=1048576,t=2,p=1" SALT_AND_HASH, /* 1 GiB */
        "$argon2id$v=19$m=65537,t=2,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=19456,t=11,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=19456,t=2,p=17" SALT_AND_HASH,
        "$argon2id$v=19$m=0,t=2,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=4294986752,t=2,p=1" SALT_AND_HASH, /* 19456 modulo 2^32 */
        "$argon2id$v=19$m=19456,t=2" SALT_AND_HASH,
        "$argon2id$v=19$m=19456,t=2,p=1",
        "$argon2id$v=19$m=19456,t=2,p=1$!$!",
        "$argon2i$v=19$m=19456,t=3,p=1" SALT_AND_HASH,
        "$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D",
        "$2b$12$abcdefghijklmnopqrstuuK0NcXxw0sYQd8jqg3bkU6n0bZ2hKq6a",
        "correct horse",
        "",
    };
    const char *wrong = "$argon2id$v=19$m=19456,t=2,p=1" SALT_AND_HASH;
    apr_time_t usual, took;

    test_costs();
    is(match_of(wrong, &usual), PASSWORD_WRONG, "the hash of something else");
    for (int n = 0; n < 2; n++) { /* the least of three */
        match_of(wrong, &took);
        usual = took < usual ? took : usual;
    }
    is(match_of(NULL, &took), PASSWORD_WRONG, "no hash at all");
    ok(match_of("$argon2id$v=19$m=8,t=1,p=1" SALT_AND_HASH, &took) == PASSWORD_WRONG && took > usual / 3,
       "the cheap hash of something else, at the cost of a usual one (%d ms)", (int)apr_time_as_msec(took));
    for (int n = 0; n < UNUSABLE; n++) {
        password_match_t match = match_of(unusable[n], &took);

        ok(match == PASSWORD_UNUSABLE && took > usual / 3, "unusable, at the cost of a wrong one (%d ms): %s",
           (int)apr_time_as_msec(took), unusable[n]);
    }
}

/* In a child that has no memory left for argon2. */
static int hash_without_memory(password_slots_t *slots)
{
    const struct rlimit none = {0, 0};
    char stored[PASSWORD_HASH_SIZE];
    password_slot_t slot;

    return setrlimit(RLIMIT_AS, &none) == 0 && hash_secret(slots, stored) == &problem_slots_busy &&
           !password_slots_take(slots, "owner", 0, &slot);
}

static void test_no_memory(password_slots_t *slots)
{
    int status = 0;
    pid_t child;

#ifdef __SANITIZE_ADDRESS__
    skip("a sanitizer takes all addresses");
    return;
#endif
    fflush(stdout);
    child = fork();
    if (child == 0)
        _exit(hash_without_memory(slots));
    ok(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 1,
       "without memory the problem is slots-busy, and the slot is freed");
}

/* Kills a child that does nothing but hash, at a moment when it has the slot. */
static void test_killed(password_slots_t *slots)
{
    char stored[PASSWORD_HASH_SIZE];
    const problem_t *problem = NULL;
    apr_time_t end = soon();
    pid_t child;
    password_slot_t slot;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        for (;;)
            hash_secret(slots, stored);
    }
    while (!problem && monotonic_now() < end) {
        problem = password_slots_take(slots, "owner", 0, &slot);
        if (problem)
            continue;
        password_slots_free(&slot);
        apr_sleep(apr_time_from_msec(1));
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ok(problem == &problem_slots_busy, "a process that hashes keeps the slot busy");
    ok(!password_slots_take(slots, "owner", 0, &slot), "killed in the middle of it, it frees the slot");
    password_slots_free(&slot);
}

int main(void)
{
    password_slots_settings_t settings = {NULL, 1, 1, (uid_t)-1, (gid_t)-1};
    password_slots_t *slots;
    apr_pool_t *pool;

    scratch_make();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    settings.prefix = scratch_path("slot");
    plan(13 + VERIFIED);
    is_text(password_slots_make(&slots, &settings, pool), NULL, "a slot is made");
    test_hash(slots);
    test_verify();
    test_no_memory(slots);
    test_killed(slots);
    unlink(scratch_path("slot.0"));
    ok(hash_secret(slots, (char[PASSWORD_HASH_SIZE]){0}) == &problem_misconfigured,
       "without a slot file nothing is hashed");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_status();
}
