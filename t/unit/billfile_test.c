/* SPDX-License-Identifier: Apache-2.0 */
/* The file of what a database is still to be told of the use of tenants: it comes back as it was, or not at
 * all. */
#include <apr_general.h>
#include <apr_strings.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "billing/billfile.h"
#include "scratch.h"
#include "tap.h"

enum { DAY = 20000 };

static apr_pool_t *pool;
static const char *path;
static usage_line_t lines[USAGE_PORTION];

/* Writes a file of so many portions. */
static const char *write_portions(int count)
{
    const char *why = NULL;
    billfile_t *file = billfile_begin(path, &why, pool);

    for (int n = 0; file && n < count; n++) {
        const bill_portion_t portion = {
            .memory = 5 + n, .number = INT64_C(1) << 40, .count = n ? 1 : USAGE_PORTION, .lines = lines};

        billfile_add(file, &portion);
    }
    return file ? billfile_commit(file) : why;
}

static int count_read(void)
{
    apr_array_header_t *portions;

    return billfile_read(&portions, path, pool) ? -1 : portions->nelts;
}

static void test_whole(void)
{
    apr_array_header_t *portions;
    const bill_portion_t *first, *last;
    struct stat info;

    is(count_read(), 0, "there is none");
    is_text(write_portions(3), NULL, "one is written");
    ok(stat(path, &info) == 0 && (info.st_mode & 07777) == 0600, "for nobody else to read");
    is_text(billfile_read(&portions, path, pool), NULL, "and read");
    is(portions->nelts, 3, "with all of its portions");
    first = &APR_ARRAY_IDX(portions, 0, bill_portion_t);
    last = &APR_ARRAY_IDX(portions, 2, bill_portion_t);
    ok(first->memory == 5 && last->memory == 7 && first->number == INT64_C(1) << 40, "in their order");
    is(first->count, USAGE_PORTION, "a portion may be full");
    is_bytes((const char *)first->lines, sizeof lines, (const char *)lines, sizeof lines,
             "its lines are as they were");
    is_text(write_portions(1), NULL, "another one takes its place");
    is(count_read(), 1, "as a whole");
}

static void write_few(void)
{
    const bill_portion_t portion = {.memory = 1, .number = 2, .count = 2, .lines = lines};
    const char *why;
    billfile_t *file = billfile_begin(path, &why, pool);

    billfile_add(file, &portion);
    billfile_commit(file);
}

/* Every byte counts: neither a shorter file nor one with another byte is believed. */
static void test_damage(void)
{
    char text[4096];
    ssize_t length;
    int fd, believed = 0;

    is_text(write_portions(0), NULL, "a file may have nothing");
    is(count_read(), 0, "and is read");
    write_few();
    fd = open(path, O_RDWR);
    length = read(fd, text, sizeof text);
    for (ssize_t n = 0; n < length; n++) {
        char other = (char)(text[n] ^ 1);

        believed += pwrite(fd, &other, 1, n) != 1 || count_read() >= 0 || pwrite(fd, &text[n], 1, n) != 1;
    }
    is(believed, 0, "a byte is another one");
    is(count_read(), 1, "as it was it is good");
    believed = 0;
    for (ssize_t n = length - 1; n >= 0; n--) {
        if (ftruncate(fd, n) == 0)
            believed += count_read() >= 0;
    }
    is(believed, 0, "it was cut anywhere");
    close(fd);
}

/* A disk that is full: the former file stays. */
static void test_full(void)
{
    const struct rlimit small = {.rlim_cur = 4096, .rlim_max = RLIM_INFINITY};
    struct rlimit former;
    const char *why;

    unlink(path);
    write_portions(1);
    getrlimit(RLIMIT_FSIZE, &former);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    why = write_portions(2);
    setrlimit(RLIMIT_FSIZE, &former);
    ok(why && strstr(why, "cannot be written: File too large"), "a file that finds no room is told");
    is(count_read(), 1, "the former one stays");
    ok(access(apr_pstrcat(pool, path, ".new", NULL), F_OK) != 0, "nothing else is left");
    path = "/nonexistent/folder/usage";
    why = write_portions(1);
    ok(why && strstr(why, "cannot be made: No such file"), "so is a folder that is not there");
    is(count_read(), 0, "which has none");
}

int main(void)
{
    scratch_make();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (int n = 0; n < USAGE_PORTION; n++)
        lines[n] = (usage_line_t){
            .tenant = n + 1, .day = DAY + n % 3, .requests = n, .rows_written = 2 * n, .bytes_out = 3 * n};
    path = scratch_path("usage");
    test_whole();
    test_damage();
    test_full();
    return done();
}
