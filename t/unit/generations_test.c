/* SPDX-License-Identifier: Apache-2.0 */
/* The generations: what a change is held against, races of reading with changes, several processes. */
#include <apr_general.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "identity/generations.h"
#include "monotonic.h"
#include "tap.h"

#define TENANTS GENERATIONS_TENANTS
#define LOGINS  GENERATIONS_LOGINS
#define ANY     GENERATIONS_ANY_TENANT
#define LONG    apr_time_from_sec(60)

static apr_pool_t *pool;

static generations_t *trusted(void)
{
    generations_t *g = generations_make(pool);

    generations_trust(g, monotonic_now() + LONG);
    return g;
}

static void test_trust(void)
{
    generations_t *g = generations_make(pool);
    generation_t at;
    apr_time_t end;
    int holds;

    is(generations_now(g, TENANTS), 0, "at first nothing may be kept");
    generations_trust(g, monotonic_now() + LONG);
    at = generations_now(g, TENANTS);
    ok(at > 0, "then it may");
    is(generations_hold(g, TENANTS, 1, at), 1, "and holds");
    is(generations_hold(g, TENANTS, 1, 0), 0, "moment 0 never does");
    generations_trust(g, 0);
    is(generations_hold(g, TENANTS, 1, at), 0, "not while nobody hears of changes");
    is(generations_now(g, TENANTS), 0, "when nothing may be kept either");
    do { /* once more where this machine has stood still */
        end = monotonic_now() + apr_time_from_msec(20);
        generations_trust(g, end);
        holds = generations_hold(g, TENANTS, 1, at);
    } while (!holds && monotonic_now() >= end);
    is(holds, 1, "again");
    apr_sleep(apr_time_from_msec(30));
    is(generations_hold(g, TENANTS, 1, at), 0, "trust ends by itself");
}

static void test_changes(void)
{
    generations_t *g = trusted();
    generation_t at = generations_now(g, TENANTS);
    generation_t logins = generations_now(g, LOGINS);

    generations_change(g, TENANTS, 7);
    is(generations_hold(g, TENANTS, 7, at), 0, "what has changed no longer holds");
    is(generations_hold(g, TENANTS, 8, at), 1, "what has not does");
    is(generations_hold(g, TENANTS, ANY, at), 0, "that something is nobody's no longer holds");
    is(generations_hold(g, LOGINS, 7, logins), 1, "logins are another matter");
    at = generations_now(g, TENANTS);
    is(generations_hold(g, TENANTS, 7, at), 1, "read anew it holds");
    is(generations_hold(g, TENANTS, ANY, at), 1, "and so does nobody's");
    generations_change(g, LOGINS, 7);
    is(generations_hold(g, LOGINS, 7, logins), 0, "logins change");
    is(generations_hold(g, TENANTS, 7, at), 1, "the tenant does not");
    generations_change(g, TENANTS, ANY);
    is(generations_hold(g, TENANTS, 8, at), 0, "all have changed");
    is(generations_hold(g, TENANTS, 2147483647, at), 0, "the last one too");
    generations_change(g, TENANTS, 2147483647);
    at = generations_now(g, TENANTS);
    is(generations_hold(g, TENANTS, 2147483647, at), 1, "the largest id");
}

/* Whether a payload changes tenants 1, 23 and 4. */
static void payload_is(const char *payload, int one, int twenty_three, int four)
{
    generations_t *g = trusted();
    generation_t at = generations_now(g, TENANTS);

    generations_read(g, TENANTS, payload);
    ok(generations_hold(g, TENANTS, 1, at) == !one && generations_hold(g, TENANTS, 23, at) == !twenty_three &&
           generations_hold(g, TENANTS, 4, at) == !four,
       "payload '%s'", payload);
}

static void test_payloads(void)
{
    static const char *const odd[] = {"*",  "",     " 1",          "1,",   ",1",   "1,,23", "x",
                                      "1x", "1 23", "99999999999", "0",    "-1",   "1,*",   "+1",
                                      "01", "1;23", "2147483648",  "1, 4", "0x17", "1.0",   "1,23,04"};

    payload_is("1", 1, 0, 0);
    payload_is("1,23", 1, 1, 0);
    payload_is("4,23,1", 1, 1, 1);
    payload_is("5", 0, 0, 0);
    payload_is("2147483647", 0, 0, 0);
    for (size_t n = 0; n < sizeof odd / sizeof *odd; n++)
        payload_is(odd[n], 1, 1, 1);
}

/* A process that has the lock says so and waits to be killed. */
static pid_t hold_lock(generations_t *g)
{
    int said[2];
    char byte;
    pid_t child;

    fflush(stdout);
    if (pipe(said) != 0 || (child = fork()) < 0)
        exit(1);
    if (child == 0) {
        if (!generations_lock(g, apr_time_from_sec(5)) || write(said[1], "x", 1) != 1)
            _exit(1);
        generations_change(g, TENANTS, 7);
        pause();
        _exit(0);
    }
    close(said[1]);
    if (read(said[0], &byte, 1) != 1)
        exit(1);
    close(said[0]);
    return child;
}

static void test_processes(void)
{
    generations_t *g = trusted();
    generation_t at = generations_now(g, TENANTS);
    apr_time_t killed_at;
    pid_t child = hold_lock(g);
    pid_t killer;
    int status;

    is(generations_lock(g, apr_time_from_msec(50)), 0, "another process has the lock");
    apr_sleep(apr_time_from_msec(20));
    is(generations_hold(g, TENANTS, 7, at), 0, "and what it writes is seen here");
    fflush(stdout); /* ThreadSanitizer's _exit() writes what stands there */
    killer = fork();
    if (killer == 0) {
        apr_sleep(apr_time_from_msec(100));
        kill(child, SIGKILL);
        _exit(0);
    }
    killed_at = monotonic_now() + apr_time_from_msec(100);
    is(generations_lock(g, apr_time_from_sec(10)), 1, "when it is killed the lock comes to us");
    ok(monotonic_now() - killed_at < apr_time_from_sec(2), "long before the time is over");
    waitpid(child, &status, 0);
    waitpid(killer, &status, 0);
    generations_unlock(g);
    is(generations_lock(g, 0), 1, "and can be had again");
    generations_unlock(g);
}

static void test_log(void)
{
    generations_t *g = trusted();

    is(generations_set_heard(g, 1), 0, "at first changes are heard");
    is(generations_set_heard(g, 0), 1, "that they are not is news");
    is(generations_set_heard(g, 0), 0, "once");
    is(generations_set_heard(g, 1), 1, "that they are again is news");
    is(generations_set_heard(g, 1), 0, "once");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_trust();
    test_changes();
    test_payloads();
    test_processes();
    test_log();
    apr_pool_destroy(pool);
    return done();
}
