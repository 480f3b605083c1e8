/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/secret/slots.h"

#include <apr_general.h>
#include <apr_thread_proc.h>
#include <signal.h>
#include <sys/wait.h>

#include "monotonic.h"
#include "scratch.h"
#include "tap.h"

enum { SOMEBODY = 54321 };

static apr_pool_t *pool;

enum { WAITING = 2 };

static const char *try_make(password_slots_t **slots, const char *prefix, int count)
{
    const password_slots_settings_t settings = {scratch_path(prefix), count, WAITING, (uid_t)-1, (gid_t)-1};

    return password_slots_make(slots, &settings, pool);
}

static password_slots_t *make(const char *prefix, int count)
{
    password_slots_t *slots;
    const char *sentence = try_make(&slots, prefix, count);

    if (sentence)
        diag("%s", sentence);
    return slots;
}

static int refuses(const char *prefix, int count, const char *part)
{
    password_slots_t *slots;
    const char *sentence = try_make(&slots, prefix, count);

    if (sentence && strstr(sentence, part) && !slots)
        return 1;
    diag("%s", sentence ? sentence : "(no sentence)");
    return 0;
}

/* Takes a slot for an owner of whom nobody else knows. */
static const problem_t *take(password_slots_t *slots, apr_time_t deadline, password_slot_t *slot)
{
    static _Atomic int owners;
    char owner[40];

    snprintf(owner, sizeof owner, "%d %d", (int)getpid(), owners++);
    return password_slots_take(slots, owner, deadline, slot);
}

static apr_time_t in_ms(int milliseconds)
{
    return monotonic_now() + apr_time_from_msec(milliseconds);
}

static ino_t inode_of(const char *name, mode_t *mode)
{
    struct stat info;

    scratch_must(stat(scratch_path(name), &info) == 0, name);
    *mode = info.st_mode & 07777;
    return info.st_ino;
}

static void test_make(void)
{
    mode_t mode;
    ino_t before;

    ok(make("made", 2) != NULL, "two slots are made");
    before = inode_of("made.1", &mode);
    is(mode, 0600, "of mode 0600");
    ok(access(scratch_path("made.2"), F_OK) != 0, "and no third");
    chmod(scratch_path("made.1"), 0666);
    ok(make("made", 3) != NULL, "three are made over them");
    ok(inode_of("made.1", &mode) == before, "those that exist are kept");
    is(mode, 0600, "and get their mode back");
    ok(refuses("made", 0, "0 is not a number from 1"), "no slots are refused");
    ok(refuses("none/made", 1, "No such file"), "so is a folder that does not exist");

    scratch_must(symlink("elsewhere", scratch_path("linked.0")) == 0, "symlink");
    ok(refuses("linked", 1, "cannot be made") && access(scratch_path("elsewhere"), F_OK) != 0,
       "a symbolic link in the place of a slot is refused");
    scratch_must(link(scratch_path("made.0"), scratch_path("twin.0")) == 0, "link");
    ok(refuses("twin", 1, "not a plain file of our own"), "so is a second name of another file");
    scratch_must(mkfifo(scratch_path("fifo.0"), 0600) == 0, "mkfifo");
    ok(refuses("fifo", 1, "not a plain file of our own"), "so is a FIFO");
}

static void test_take(void)
{
    password_slots_t *slots = make("taken", 2);
    apr_time_t start;
    password_slot_t first, second, third;

    ok(!take(slots, 0, &first), "a free slot is taken even when the deadline is over");
    ok(!take(slots, in_ms(1000), &second), "so is the second, by the same process");
    ok(fcntl(first.slot, F_GETFD) & fcntl(first.share, F_GETFD) & FD_CLOEXEC,
       "programs that we execute do not get it");
    start = monotonic_now();
    ok(take(slots, in_ms(60), &third) == &problem_slots_busy, "the third is busy");
    start = monotonic_now() - start;
    ok(start >= apr_time_from_msec(60) && start < apr_time_from_msec(1000), "at its deadline: %d ms",
       (int)apr_time_as_msec(start));
    password_slots_free(&first);
    ok(!take(slots, 0, &third), "a slot that was freed is taken");
    password_slots_free(&second);
    password_slots_free(&third);
}

static void *APR_THREAD_FUNC free_later(apr_thread_t *thread, void *slot)
{
    (void)thread;
    apr_sleep(apr_time_from_msec(40));
    password_slots_free(slot);
    return NULL;
}

static void test_wait(void)
{
    password_slots_t *slots = make("waited", 1);
    apr_thread_t *thread;
    apr_status_t status;
    apr_time_t start;
    password_slot_t held, slot;

    ok(!take(slots, 0, &held), "a thread takes the only slot");
    scratch_must(apr_thread_create(&thread, NULL, free_later, &held, pool) == APR_SUCCESS, "thread");
    start = monotonic_now();
    ok(!take(slots, in_ms(10000), &slot), "another waits for it");
    start = monotonic_now() - start;
    ok(start < apr_time_from_msec(5000), "and gets it soon: %d ms", (int)apr_time_as_msec(start));
    apr_thread_join(&status, thread);
    password_slots_free(&slot);
}

/* Forks a child that takes this many slots, tells so, and stays. */
static pid_t hold_in_child(password_slots_t *slots, int count)
{
    password_slot_t slot;
    int ends[2];
    pid_t child;
    char byte;

    fflush(stdout);
    scratch_must(pipe(ends) == 0, "pipe");
    child = fork();
    scratch_must(child >= 0, "fork");
    if (child == 0) {
        while (count-- > 0)
            scratch_must(take(slots, 0, &slot) == NULL, "take");
        scratch_must(write(ends[1], "", 1) == 1, "write");
        for (;;)
            pause();
    }
    close(ends[1]);
    scratch_must(read(ends[0], &byte, 1) == 1, "the child");
    close(ends[0]);
    return child;
}

static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void test_processes(void)
{
    password_slots_t *slots = make("shared", 2);
    password_slot_t first, second;
    pid_t child;

    child = hold_in_child(slots, 2);
    ok(take(slots, 0, &first) == &problem_slots_busy, "the slots of another process are busy");
    end_child(child);
    ok(!take(slots, 0, &first) && !take(slots, 0, &second), "a killed process has freed both");
    child = hold_in_child(slots, 0);
    password_slots_free(&first);
    ok(!take(slots, 0, &first), "a slot is free although a child forked meanwhile has its descriptor");
    end_child(child);
    password_slots_free(&first);
    password_slots_free(&second);
}

static void test_missing(void)
{
    password_slots_t *slots = make("missing", 2);
    password_slot_t slot;

    unlink(scratch_path("missing.0"));
    ok(!take(slots, 0, &slot), "a slot whose file is missing is passed over");
    password_slots_free(&slot);
    unlink(scratch_path("missing.1"));
    ok(take(slots, in_ms(60000), &slot) == &problem_misconfigured, "without any file there is no waiting");
    slots = make("unshared", 1);
    unlink(scratch_path("unshared.shares"));
    ok(take(slots, in_ms(60000), &slot) == &problem_misconfigured, "nor without the file of shares");
}

static void test_shares(void)
{
    password_slots_t *slots = make("halves", 5);
    password_slot_t first, second, third, other;

    ok(!password_slots_take(slots, "a", 0, &first) && !password_slots_take(slots, "a", 0, &second),
       "an owner takes two slots of five");
    ok(password_slots_take(slots, "a", in_ms(30), &third) == &problem_slots_busy, "and no third");
    ok(!password_slots_take(slots, "b", 0, &third), "another one does");
    password_slots_free(&first);
    ok(!password_slots_take(slots, "a", 0, &first), "the first one may again when it has freed one");
    ok(!password_slots_take(slots, "c", 0, &other), "the last one goes to somebody else");
    password_slots_free(&first);
    ok(!take(slots, 0, &first), "a slot is anybody's when it is free");
    password_slots_free(&first);
    password_slots_free(&second);
    password_slots_free(&third);
    password_slots_free(&other);
}

static _Atomic int waiters; /* threads that are about to wait */

static void *APR_THREAD_FUNC wait_in_thread(apr_thread_t *thread, void *slots)
{
    password_slot_t slot;

    (void)thread;
    waiters++;
    if (!take(slots, in_ms(10000), &slot))
        password_slots_free(&slot);
    return NULL;
}

static void test_waiting(void)
{
    password_slots_t *slots = make("queue", 1);
    apr_thread_t *threads[WAITING];
    const problem_t *problem = NULL;
    password_slot_t held, slot;
    apr_status_t status;
    apr_time_t start;

    ok(!take(slots, 0, &held), "the only slot is taken");
    for (int n = 0; n < WAITING; n++)
        scratch_must(apr_thread_create(&threads[n], NULL, wait_in_thread, slots, pool) == APR_SUCCESS,
                     "thread");
    while (waiters < WAITING)
        apr_sleep(apr_time_from_msec(1));
    apr_sleep(apr_time_from_msec(100));
    start = monotonic_now();
    problem = take(slots, in_ms(10000), &slot);
    ok(problem == &problem_slots_busy && monotonic_now() - start < apr_time_from_msec(1000),
       "when as many wait as may, the next one does not");
    password_slots_free(&held);
    for (int n = 0; n < WAITING; n++)
        apr_thread_join(&status, threads[n]);
    ok(!take(slots, in_ms(10000), &slot), "and all is free in the end");
    password_slots_free(&slot);
}

static void test_owner(void)
{
    const char *folder = scratch_mkdir("given", 0711);
    password_slots_settings_t settings = {NULL, 1, WAITING, SOMEBODY, SOMEBODY};
    password_slots_t *slots;
    password_slot_t slot;
    int status;
    pid_t child;

    if (geteuid() != 0) {
        skip("only root can give files away");
        skip("only root can give files away");
        return;
    }
    scratch_must(chmod(scratch_folder, 0711) == 0, folder);
    settings.prefix = scratch_path("given/slot");
    is_text(password_slots_make(&slots, &settings, pool), NULL, "root makes a slot for another user");
    fflush(stdout);
    child = fork();
    if (child == 0) {
        scratch_must(setgid(SOMEBODY) == 0 && setuid(SOMEBODY) == 0, "setuid");
        _exit(take(slots, 0, &slot) == NULL);
    }
    ok(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 1,
       "a child that runs as that user takes it");
}

int main(void)
{
    scratch_make();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    plan(11 + 6 + 3 + 3 + 3 + 6 + 3 + 2);
    test_make();
    test_take();
    test_wait();
    test_processes();
    test_missing();
    test_shares();
    test_waiting();
    test_owner();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_status();
}
