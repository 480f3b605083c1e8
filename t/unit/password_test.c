/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/secret/password.h"

#include <apr_general.h>
#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "scratch.h"
#include "tap.h"

static const char secret[] = "correct horse\0battery";

enum { SECRET_LENGTH = sizeof secret - 1 };

static apr_time_t soon(void)
{
    return apr_time_now() + apr_time_from_sec(60);
}

static const problem_t *hash_secret(const password_slots_t *slots, char stored[PASSWORD_HASH_SIZE])
{
    return password_hash(slots, secret, SECRET_LENGTH, soon(), stored);
}

static void test_hash(const password_slots_t *slots)
{
    char stored[PASSWORD_HASH_SIZE], again[PASSWORD_HASH_SIZE];
    int slot;

    memset(stored, '#', sizeof stored);
    ok(!hash_secret(slots, stored), "a password is hashed");
    ok(strncmp(stored, "$argon2id$v=19$m=19456,t=2,p=1$", 31) == 0, "with argon2id, 19 MiB, two passes");
    ok(memchr(stored, '\0', sizeof stored) != NULL, "to a NUL-terminated text");
    is(crypto_pwhash_str_verify(stored, secret, SECRET_LENGTH), 0, "libsodium verifies it");
    is(crypto_pwhash_str_verify(stored, secret, SECRET_LENGTH - 1), -1, "but no other password");
    ok(!hash_secret(slots, again) && strcmp(stored, again) != 0, "each hash has its own salt");
    ok(!password_slots_take(slots, 0, &slot), "the slot is free again");
    ok(password_hash(slots, secret, SECRET_LENGTH, 0, stored) == &problem_slots_busy,
       "without a free slot nothing is hashed");
    password_slots_free(slot);
}

/* In a child that has no memory left for argon2. */
static int hash_without_memory(const password_slots_t *slots)
{
    const struct rlimit none = {0, 0};
    char stored[PASSWORD_HASH_SIZE];
    int slot;

    return setrlimit(RLIMIT_AS, &none) == 0 && hash_secret(slots, stored) == &problem_slots_busy &&
           !password_slots_take(slots, 0, &slot);
}

static void test_no_memory(const password_slots_t *slots)
{
    int status = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0)
        _exit(hash_without_memory(slots));
    ok(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 1,
       "without memory the problem is slots-busy, and the slot is freed");
}

/* Kills a child that does nothing but hash, at a moment when it has the slot. */
static void test_killed(const password_slots_t *slots)
{
    char stored[PASSWORD_HASH_SIZE];
    const problem_t *problem = NULL;
    apr_time_t end = soon();
    pid_t child;
    int slot;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        for (;;)
            hash_secret(slots, stored);
    }
    while (!problem && apr_time_now() < end) {
        problem = password_slots_take(slots, 0, &slot);
        if (problem)
            continue;
        password_slots_free(slot);
        apr_sleep(apr_time_from_msec(1));
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ok(problem == &problem_slots_busy, "a process that hashes keeps the slot busy");
    ok(!password_slots_take(slots, 0, &slot), "killed in the middle of it, it frees the slot");
    password_slots_free(slot);
}

int main(void)
{
    password_slots_t *slots;
    apr_pool_t *pool;

    scratch_make();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    plan(13);
    is_text(password_slots_make(&slots, scratch_path("slot"), 1, (uid_t)-1, (gid_t)-1, pool), NULL,
            "a slot is made");
    test_hash(slots);
    test_no_memory(slots);
    test_killed(slots);
    unlink(scratch_path("slot.0"));
    ok(hash_secret(slots, (char[PASSWORD_HASH_SIZE]){0}) == &problem_misconfigured,
       "without a slot file nothing is hashed");
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_status();
}
