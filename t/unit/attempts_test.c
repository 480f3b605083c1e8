/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/identity/attempts.h"

#include <apr_general.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static const attempts_rate_t three = {3, apr_time_from_sec(60), 0};
static attempts_t *attempts;
static apr_pool_t *process;

static digest_t name_of(const char *email, const char *address)
{
    return attempts_name(attempts, "database", "1", email, address);
}

static void fail(const digest_t *name, const attempts_rate_t *rate, int times)
{
    while (times-- > 0)
        attempts_count(attempts, rate, name);
}

static int seconds(apr_interval_time_t time)
{
    return (int)((time + apr_time_from_msec(500)) / APR_USEC_PER_SEC);
}

static void test_count(void)
{
    digest_t name = name_of("a", "10.0.0.1");
    digest_t elsewhere = name_of("a", "10.0.0.2");

    is(attempts_wait(attempts, &three, &name), 0, "at first nobody waits");
    fail(&name, &three, 2);
    is(attempts_wait(attempts, &three, &name), 0, "nor after two of three failures");
    fail(&name, &three, 1);
    is(seconds(attempts_wait(attempts, &three, &name)), 20, "after three, for a third of the period");
    fail(&name, &three, 1);
    is(seconds(attempts_wait(attempts, &three, &name)), 40, "after one more, for two thirds");
    is(attempts_wait(attempts, &three, &elsewhere), 0, "but not elsewhere");
    is(attempts_wait(attempts, &(attempts_rate_t){0, 0, 0}, &name), 0, "nor without a rate");
}

static void test_names(void)
{
    digest_t name = attempts_name(attempts, "d", "1", "a", "b");
    const digest_t others[] = {
        attempts_name(attempts, "e", "1", "a", "b"), attempts_name(attempts, "d", "2", "a", "b"),
        attempts_name(attempts, "d", "1", "ab", ""), attempts_name(attempts, "d", "1", "", "ab"),
        attempts_name(attempts, "d1", "", "a", "b"),
    };
    int same = 0;

    for (size_t n = 0; n < sizeof others / sizeof *others; n++)
        same += memcmp(&name, &others[n], sizeof name) == 0;
    is(same, 0, "names differ by database, tenant, e-mail and address, wherever one ends");
}

static void test_recovery(void)
{
    const attempts_rate_t quick = {2, apr_time_from_sec(4), 0};
    digest_t name = name_of("quick", "10.0.0.1");

    fail(&name, &quick, 2);
    ok(attempts_wait(attempts, &quick, &name) > 0, "two failures are the most");
    apr_sleep(attempts_wait(attempts, &quick, &name) + 1000);
    is(attempts_wait(attempts, &quick, &name), 0, "then one more may fail");
    fail(&name, &quick, 1);
    ok(attempts_wait(attempts, &quick, &name) > 0, "and only one");
}

static void test_processes(void)
{
    digest_t name = name_of("shared", "10.0.0.1");
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        fail(&name, &three, 3);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    ok(attempts_wait(attempts, &three, &name) > 0, "what another process has counted counts");
}

static void test_flood(void)
{
    digest_t name = name_of("guessed", "10.0.0.1");
    char email[20];

    fail(&name, &three, 4);
    for (int n = 0; n < 4000; n++) {
        digest_t other;

        snprintf(email, sizeof email, "%d", n);
        other = name_of(email, "10.0.0.1");
        fail(&other, &three, 1);
    }
    ok(attempts_wait(attempts, &three, &name) > 0,
       "4000 other names do not push out one that has failed more");
    for (int n = 0; n < 1000000; n++) {
        digest_t other;

        snprintf(email, sizeof email, "flood %d", n);
        other = name_of(email, "10.0.0.1");
        fail(&other, &three, 1);
    }
    fail(&name, &three, 3);
    ok(attempts_wait(attempts, &three, &name) > 0, "a million leave room for the next one");
}

static void test_take(void)
{
    const attempts_rate_t rate = {7, apr_time_from_sec(60), 20};
    digest_t name = name_of("take", "10.0.0.1");
    attempts_left_t left;
    int taken = 0;

    while (attempts_take(attempts, &rate, &name, &left) == 0)
        taken++;
    is(taken, 20, "as many as a burst are taken at once");
    is(left.count, 0, "then none is left");
    is(seconds(left.until_full), 171, "20 come back in 20 sevenths of a minute");
    is(seconds(attempts_take(attempts, &rate, &name, &left)), 9, "the next one in a seventh of a minute");
    attempts_give_back(attempts, &rate, &name);
    is(attempts_take(attempts, &rate, &name, NULL), 0, "one that is given back can be taken again");
    ok(attempts_take(attempts, &rate, &name, NULL) > 0, "and only one");
}

static void test_largest(void)
{
    const attempts_rate_t largest = {1, apr_time_from_sec(86400), 1000000};
    digest_t name = name_of("largest", "10.0.0.1");
    attempts_left_t left;

    is(attempts_take(attempts, &largest, &name, &left), 0,
       "the largest burst of the smallest rate is no refusal");
    ok(left.count > 50000, "and leaves enough");
}

/* More names than there is room for, all of them waiting: nobody is refused for it. */
static void test_full(void)
{
    attempts_t *small = attempts_share("small", 16, process);
    const attempts_rate_t rate = {1, apr_time_from_sec(3600), 0};
    int refused = 0, again = 0;

    for (int n = 0; n < 100000; n++) {
        char tenant[20];
        digest_t name;

        snprintf(tenant, sizeof tenant, "%d", n);
        name = attempts_name(small, "database", tenant, "", "");
        refused += attempts_take(small, &rate, &name, NULL) > 0;
        again += attempts_take(small, &rate, &name, NULL) == 0;
    }
    is(refused, 0, "of 100,000 names in a memory for 16 none is refused its first");
    is(again, 0, "and each one its second");
}

/* Names whose attempts are forgotten make room, and no other. */
static void test_lossless(void)
{
    attempts_t *small = attempts_share("lossless", 8, process);
    const attempts_rate_t hour = {1, apr_time_from_sec(3600), 0};
    const attempts_rate_t brief = {1, 1000, 0};
    int kept = 0;

    for (int n = 0; n < 7; n++) {
        digest_t name = attempts_name(small, "database", (const char[]){(char)('a' + n), 0}, "", "");

        attempts_take(small, &hour, &name, NULL);
    }
    for (int n = 0; n < 50; n++) {
        digest_t name = attempts_name(small, "database", (const char[]){(char)('A' + n), 0}, "brief", "");

        attempts_take(small, &brief, &name, NULL);
        apr_sleep(2000);
    }
    for (int n = 0; n < 7; n++) {
        digest_t name = attempts_name(small, "database", (const char[]){(char)('a' + n), 0}, "", "");

        kept += attempts_take(small, &hour, &name, NULL) > 0;
    }
    is(kept, 7, "names that come and are forgotten drive out none that is waiting");
}

/* Two processes and one name: together they take as many as one would. */
static void test_exact(void)
{
    const attempts_rate_t rate = {100000, apr_time_from_sec(3600), 0};
    attempts_left_t left = {0, 0};
    digest_t name = name_of("exact", "");
    digest_t mine = name_of("exact, one process", "");
    const attempts_rate_t any = {1000000, apr_time_from_sec(3600), 0};
    pid_t child;
    int taken = 0;

    fflush(stdout);
    child = fork();
    while (taken < 30000 && attempts_take(attempts, &rate, &name, NULL) == 0) {
        attempts_take(attempts, &any, &mine, NULL);
        taken++;
    }
    if (child == 0)
        _exit(0);
    waitpid(child, NULL, 0);
    attempts_take(attempts, &rate, &name, &left);
    ok(left.count >= 39999 && left.count < 40999, "60,001 of 100,000 are counted, whoever took them");
    attempts_take(attempts, &any, &mine, &left);
    ok(left.count >= 939999 && left.count < 949999, "and of another name as many");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&process, NULL);
    plan(6 + 1 + 3 + 1 + 6 + 2 + 2 + 1 + 2 + 2 + 1);
    attempts = attempts_share("logins", 16384, process);
    test_count();
    test_names();
    test_recovery();
    test_processes();
    test_take();
    test_largest();
    test_full();
    test_lossless();
    test_exact();
    test_flood();
    ok(attempts_share("logins", 16384, process) == attempts, "the next generation gets the same memory");
    apr_pool_destroy(process);
    apr_terminate();
    return tap_status();
}
