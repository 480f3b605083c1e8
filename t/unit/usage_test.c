/* SPDX-License-Identifier: Apache-2.0 */
/* The account of what tenants use: it tells everything once, whoever dies meanwhile. */
#include <apr_general.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "metrics/usage.h"
#include "tap.h"

enum { DAY = 20000, MANY = 100000, FEW = 1000, ADDERS = 4, KILLS = 100 };

static usage_line_t lines[USAGE_PORTION];
static int portions; /* of the last tell_all() */

static apr_time_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return apr_time_from_sec(time.tv_sec) + time.tv_nsec / 1000;
}

static void *shared(size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static usage_t *make(int tenants)
{
    return usage_use(shared(usage_size(tenants)), 1, tenants);
}

static void add(usage_t *usage, int tenant, int day)
{
    const usage_line_t line = {
        .tenant = tenant, .day = day, .requests = 1, .rows_written = 2, .bytes_out = 3};

    usage_add(usage, &line, now());
}

/* Tells all there is, and returns the sum of the requests of one tenant and day; 0: of all. */
static int64_t tell_all(usage_t *usage, int tenant, int day)
{
    int64_t sum = 0;
    int64_t number, last = -1;
    int count;

    portions = 0;
    usage_close(usage, now() + apr_time_from_sec(1));
    while ((count = usage_next(usage, lines, &number)) > 0) {
        portions++;
        if (number <= last)
            return -1;
        last = number;
        for (int n = 0; n < count; n++) {
            if (lines[n].rows_written != 2 * lines[n].requests || lines[n].bytes_out != 3 * lines[n].requests)
                return -2;
            if (!tenant || (lines[n].tenant == tenant && lines[n].day == day))
                sum += lines[n].requests;
        }
        usage_told(usage);
    }
    return sum;
}

static void test_telling(void)
{
    usage_t *usage = make(100);
    usage_t *again = usage_use(usage, 0, 200);
    int64_t first, second;

    ok(again == usage && usage_tenants(again) == 100, "what an earlier generation has left is used as it is");
    is(tell_all(usage, 0, 0), 0, "nothing is told of nothing");
    for (int n = 0; n < 5; n++)
        add(usage, 7, DAY);
    add(usage, 8, DAY);
    add(usage, 7, DAY - 1); /* the clock was set back */
    add(usage, 7, DAY + 4000);
    is(usage_waiting(usage), 8, "it waits");
    usage_close(usage, now());
    ok(usage_is_closed(usage), "a book is closed");
    is(usage_next(usage, lines, &first), 4, "a line for each tenant and day");
    add(usage, 7, DAY);
    is(usage_next(usage, lines, &second), 4, "in doubt");
    ok(first == second, "the same is told by the same number");
    usage_told(usage);
    is(usage_waiting(usage), 1, "what is told does not wait");
    usage_close(usage, now());
    is(usage_next(usage, lines, &first), 0, "it is told to its end");
    ok(!usage_is_closed(usage), "and opened");
    is(tell_all(usage, 7, DAY), 1, "what came meanwhile is in the other book");
    is(tell_all(usage, 0, 0), 0, "once");
    is(usage_take_lost(usage), 0, "nothing is lost");
}

static void test_many(void)
{
    usage_t *usage = make(MANY);
    int64_t told, lost;

    for (int tenant = 1; tenant <= MANY; tenant++)
        add(usage, tenant, DAY);
    is(tell_all(usage, 0, 0), MANY, "100,000 tenants");
    ok(portions >= MANY / USAGE_PORTION && portions <= (MANY + MANY / 2) / USAGE_PORTION + 1, "in portions");
    is(usage_take_lost(usage), 0, "find room");
    usage = make(FEW);
    for (int tenant = 1; tenant <= FEW; tenant++) {
        for (int day = 0; day < 3; day++)
            add(usage, tenant * 1000, DAY + day);
    }
    told = tell_all(usage, 0, 0);
    lost = usage_take_lost(usage);
    is(told + lost, 3 * FEW, "of more than it has room for each is told, or lost");
    ok(told >= FEW + FEW / 2 && lost > 0, "and no more are lost than must");
}

/* Copies all that is not told; returns how many requests that is, and the sum of the portions' numbers. */
static int64_t copy_all(usage_t *usage, int64_t *numbers)
{
    usage_walk_t walk = {0};
    int64_t sum = 0, number, last = -1;
    int count;

    *numbers = 0;
    while ((count = usage_copy(usage, &walk, lines, &number, now() + apr_time_from_sec(1))) > 0) {
        if (number <= last)
            return -1;
        last = number;
        *numbers += number;
        for (int n = 0; n < count; n++)
            sum += lines[n].requests;
    }
    return count ? -2 : sum;
}

/* A copy of an earlier time has the numbers that what is told has later: the database takes one of both. */
static void test_copies(void)
{
    usage_t *usage = make(MANY);
    int64_t numbers, told = 0, number;

    is(copy_all(usage, &numbers), 0, "nothing is copied of nothing");
    for (int tenant = 1; tenant <= MANY; tenant++)
        add(usage, tenant, DAY);
    is(copy_all(usage, &numbers), MANY, "an open book is copied");
    add(usage, 7, DAY);
    usage_close(usage, now());
    while (usage_next(usage, lines, &number) > 0) {
        told += number;
        usage_told(usage);
    }
    ok(told == numbers, "by the numbers that it is told by once it is closed");
    for (int tenant = 1; tenant <= MANY; tenant++)
        add(usage, tenant, DAY);
    usage_close(usage, now());
    usage_next(usage, lines, &number);
    usage_told(usage);
    add(usage, 7, DAY);
    is(copy_all(usage, &numbers), usage_waiting(usage),
       "of a closed book what is not told, and the open one");
    is(copy_all(usage, &told), usage_waiting(usage), "again");
    ok(told == numbers, "by the same numbers");
    ok(tell_all(usage, 0, 0) < MANY && tell_all(usage, 0, 0) == 1, "to copy tells nothing");
}

/* How many bytes of an account take memory. */
static size_t resident(usage_t *usage, size_t size)
{
    enum { PAGES = 4096, PAGE = 4096 };
    static unsigned char is_there[PAGES];
    size_t count = 0;

    if (size > (size_t)PAGES * PAGE || mincore(usage, size, is_there) != 0)
        return size;
    for (size_t n = 0; n < (size + PAGE - 1) / PAGE; n++)
        count += is_there[n] & 1;
    return count * PAGE;
}

static void test_memory(void)
{
    usage_t *usage = make(MANY);

    for (int round = 0; round < 3; round++) {
        for (int tenant = 1; tenant <= FEW; tenant++)
            add(usage, tenant * 97, DAY);
        is(usage_waiting(usage), FEW, "a few tenants of many that there is room for");
        is(tell_all(usage, 0, 0), FEW, "are told");
    }
    ok(resident(usage, usage_size(MANY)) < usage_size(MANY) / 4, "and take memory for a few");
}

static void test_turns(void)
{
    usage_t *usage = make(100);
    apr_interval_time_t minute = apr_time_from_sec(60);
    apr_time_t start = apr_time_from_sec(1000);

    ok(usage_is_due(usage, minute, start), "the first one's turn");
    ok(!usage_is_due(usage, minute, start + minute - 1), "nobody's");
    ok(usage_is_due(usage, minute, start + minute), "the next one's");
    for (int tenant = 1; tenant <= 150; tenant++)
        add(usage, tenant, DAY);
    ok(!usage_is_due(usage, minute, start + minute + 1), "not at once");
    ok(usage_is_due(usage, minute, start + minute + apr_time_from_sec(2)),
       "but soon where a book is nearly full");
    tell_all(usage, 0, 0);
    ok(!usage_is_due(usage, minute, start + minute + apr_time_from_sec(10)), "as long as it is");
    ok(!usage_note_failure(usage, 1) && usage_note_failure(usage, 0) && !usage_note_failure(usage, 0),
       "a failure is noted until it is over");
}

/* --- Whoever dies --------------------------------------------------------------------------------------- */

typedef struct message_t {
    int64_t number, requests;
} message_t;

static _Atomic int64_t *counted; /* by each adder, behind the account */
static int to_database[2], from_database[2];

static void run_adder(usage_t *usage, int n)
{
    for (int tenant = 1;; tenant = tenant % 900 + 1) {
        add(usage, tenant, DAY + tenant % 2);
        atomic_fetch_add(&counted[n], 1);
        if (tenant == 900)
            usleep(1000);
    }
}

/* Tells, and waits for the answer to each portion. */
static void run_teller(usage_t *usage)
{
    for (;;) {
        message_t message;
        int64_t answer;
        int count;

        if (!usage_begin(usage, now() + apr_time_from_sec(1)) ||
            !usage_close(usage, now() + apr_time_from_sec(1)))
            continue;
        while ((count = usage_next(usage, lines, &message.number)) > 0) {
            message.requests = 0;
            for (int n = 0; n < count; n++)
                message.requests += lines[n].requests;
            if (write(to_database[1], &message, sizeof message) != (ssize_t)sizeof message)
                _exit(1);
            do {
                if (read(from_database[0], &answer, sizeof answer) != (ssize_t)sizeof answer)
                    _exit(1);
            } while (answer != message.number);
            usage_told(usage);
        }
        usage_end(usage);
    }
}

static pid_t start(usage_t *usage, int n)
{
    pid_t pid = fork();

    if (pid == 0 && n < ADDERS)
        run_adder(usage, n);
    if (pid == 0)
        run_teller(usage);
    return pid;
}

static int64_t database_number = -1, database_requests;

/* Takes what comes within some milliseconds, each number once. */
static void take(int wait)
{
    struct pollfd input = {.fd = to_database[0], .events = POLLIN};
    message_t message;

    while (poll(&input, 1, wait) > 0 &&
           read(to_database[0], &message, sizeof message) == (ssize_t)sizeof message) {
        if (message.number > database_number)
            database_requests += message.requests;
        if (message.number > database_number)
            database_number = message.number;
        if (rand() % 8 && write(from_database[1], &message.number, sizeof message.number) < 0)
            return;
        if (rand() % 8 == 0)
            return;
    }
}

static void test_deaths(void)
{
    usage_t *usage = make(1000);
    pid_t processes[ADDERS + 1];
    int64_t sum = 0;
    int64_t lost;

    counted = shared(ADDERS * sizeof *counted);
    ok(pipe(to_database) == 0 && pipe(from_database) == 0, "a database");
    srand(17);
    for (int n = 0; n <= ADDERS; n++)
        processes[n] = start(usage, n);
    for (int kills = 0; kills < KILLS; kills++) {
        int n = rand() % 3 ? ADDERS : rand() % ADDERS;

        take(rand() % 4);
        kill(processes[n], SIGKILL);
        waitpid(processes[n], NULL, 0);
        processes[n] = start(usage, n);
    }
    for (int n = 0; n <= ADDERS; n++) {
        kill(processes[n], SIGKILL);
        waitpid(processes[n], NULL, 0);
    }
    for (int n = 0; n < ADDERS; n++)
        sum += counted[n];
    take(0);
    ok(usage_begin(usage, now() + apr_time_from_sec(1)), "nobody keeps the lock");
    for (int round = 0; round < 2; round++) {
        message_t message;
        int count;

        ok(usage_close(usage, now() + apr_time_from_sec(1)), "nor that of a part");
        while ((count = usage_next(usage, lines, &message.number)) > 0) {
            for (int n = 0; n < count && message.number > database_number; n++)
                database_requests += lines[n].requests;
            usage_told(usage);
        }
    }
    lost = usage_take_lost(usage);
    diag("%" PRId64 " requests, %" PRId64 " told, %" PRId64 " lost", sum, database_requests, lost);
    ok(sum > 1000, "much was counted");
    is(lost, 0, "nothing found no room");
    /* who is killed may have counted one that is noted nowhere, or the other way about */
    ok(database_requests >= sum - KILLS && database_requests <= sum + KILLS, "all of it is told, once");
}

int main(void)
{
    if (apr_initialize() != APR_SUCCESS)
        return 1;
    plan(46);
    test_telling();
    test_many();
    test_copies();
    test_memory();
    test_turns();
    test_deaths();
    return tap_status();
}
