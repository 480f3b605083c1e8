/* SPDX-License-Identifier: Apache-2.0 */
/* The table: what it keeps, what makes room for what, and readers beside a writer. */
#include <apr_general.h>
#include <apr_thread_proc.h>
#include <stdatomic.h>

#include "identity/table.h"
#include "tap.h"

enum { WORDS = 8, THREADS = 4, NAMES = 24, ROUNDS = 60000 };

static apr_pool_t *pool;
static digest_key_t key;

static digest_t name_of(int n)
{
    return digest_make(&key, (const char *)&n, sizeof n);
}

/* Keeps a value that tells whose it is in each word; the length varies. */
static void keep(table_t *table, int n, uint64_t edition)
{
    digest_t name = name_of(n);
    uint64_t value[WORDS];
    int length = 1 + (int)((edition + (uint64_t)n) % WORDS);

    for (int word = 0; word < WORDS; word++)
        value[word] = (uint64_t)n << 32 | (edition & 0xffffffff);
    table_put(table, &name, value, length);
}

/* 1: n is there and whole; 0: it is not there; -1: what is there is not n's, or of two editions. */
static int find(table_t *table, int n)
{
    digest_t name = name_of(n);
    uint64_t value[WORDS] = {0};
    int length = table_get(table, &name, value);

    if (length == 0)
        return 0;
    if (value[0] >> 32 != (uint64_t)n || length != 1 + (int)(((value[0] & 0xffffffff) + (uint64_t)n) % WORDS))
        return -1;
    for (int word = 1; word < length; word++) {
        if (value[word] != value[0])
            return -1;
    }
    return 1;
}

static int count(table_t *table, int from, int to)
{
    int found = 0;

    for (int n = from; n < to; n++)
        found += find(table, n) == 1;
    return found;
}

static void test_keeping(void)
{
    table_t *table = table_make(1000, WORDS, pool);

    is(find(table, 1), 0, "nothing is there at first");
    keep(table, 1, 0);
    is(find(table, 1), 1, "one is kept");
    is(find(table, 2), 0, "another one is not");
    for (uint64_t edition = 1; edition < 20; edition++)
        keep(table, 1, edition);
    is(find(table, 1), 1, "the last edition is there");
    for (int n = 0; n < 500; n++)
        keep(table, n, 0);
    /* of 125 sets of 8 that 500 names meet by chance: 4 names find no room on average,
     * with a deviation of 3 */
    ok(count(table, 0, 500) >= 475, "half full it has nearly all: %d of 500", count(table, 0, 500));
}

static void test_bound(void)
{
    table_t *table = table_make(1000, WORDS, pool);

    for (int n = 0; n < 20000; n++)
        keep(table, n, 0);
    ok(count(table, 0, 20000) <= 1000, "it never has more than its size: %d", count(table, 0, 20000));
    ok(count(table, 0, 20000) >= 990, "and makes use of all of it");
}

/* A few names that are asked for now and then, among many that come once. */
static void test_flood(void)
{
    table_t *table = table_make(1000, WORDS, pool);
    int lost = 0;

    for (int n = 0; n < 100; n++)
        keep(table, n, 0);
    count(table, 0, 100);
    for (int n = 1000; n < 200000; n++) {
        keep(table, n, 0);
        if (n % 1000 == 0)
            lost += 100 - count(table, 0, 100);
    }
    ok(lost <= 20, "what is asked for again and again outlasts a flood: %d of 20000 times lost", lost);
}

typedef struct crowd_t {
    table_t *table;
    _Atomic int going;
    _Atomic int wrong;
    _Atomic int found;
} crowd_t;

static void *APR_THREAD_FUNC read_along(apr_thread_t *thread, void *data)
{
    crowd_t *crowd = data;

    (void)thread;
    for (int n = 0; crowd->going; n = (n + 1) % NAMES) {
        int found = find(crowd->table, n);

        crowd->wrong += found < 0;
        crowd->found += found > 0;
    }
    return NULL;
}

/* More names than the table holds, so that slots change hands all the time. */
static void test_readers(void)
{
    crowd_t crowd = {.table = table_make(16, WORDS, pool), .going = 1};
    apr_thread_t *threads[THREADS];
    apr_status_t ignored;

    for (int n = 0; n < THREADS; n++)
        apr_thread_create(&threads[n], NULL, read_along, &crowd, pool);
    for (int round = 0; round < ROUNDS || crowd.found < ROUNDS; round++)
        keep(crowd.table, round * 7 % NAMES, (uint64_t)round);
    crowd.going = 0;
    for (int n = 0; n < THREADS; n++)
        apr_thread_join(&ignored, threads[n]);
    is(crowd.wrong, 0, "readers beside a writer never see a value that is not whole");
    ok(crowd.found >= ROUNDS, "and do find some: %d", crowd.found);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    digest_key_make(&key);
    test_keeping();
    test_bound();
    test_flood();
    test_readers();
    apr_pool_destroy(pool);
    return done();
}
