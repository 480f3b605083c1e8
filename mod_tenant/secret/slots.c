/* SPDX-License-Identifier: Apache-2.0 */
#include "slots.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../metrics/counters.h"
#include "../monotonic.h"

/* How long to sleep between two rounds over busy slots. A hash takes tens of milliseconds. */
#define SLOTS_NAP apr_time_from_msec(5)

/* Each owner has this many bytes of the file of shares, at a place that its name decides: of these it locks
 * one for each slot that it has. */
enum { SHARE_RANGE = 2 * PASSWORD_SLOTS_MAX };

struct password_slots_t {
    const char **paths; /* of the slot files; count of them */
    uint32_t count;     /* at least 1 */
    const char *shares; /* path of the file of shares */
    int waiting_max;
    _Atomic int waiting; /* threads of this process */
};

static const char *complain(const char *what, const char *path, apr_pool_t *pool)
{
    char reason[120];

    apr_strerror(errno, reason, sizeof reason);
    return apr_psprintf(pool, "password slot %s: %s: %s", path, what, reason);
}

/* Gives an open file its owner and mode. The workers' user may own the folder, and could have put a link to
 * somebody else's file there for root to give away: that is refused. */
static const char *claim_file(int fd, const char *path, uid_t uid, gid_t gid, apr_pool_t *pool)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return complain("cannot be examined", path, pool);
    if (!S_ISREG(info.st_mode) || info.st_nlink != 1 || (info.st_uid != geteuid() && info.st_uid != uid))
        return apr_psprintf(pool, "password slot %s: is not a plain file of our own; remove it", path);
    if ((info.st_mode & 07777) != 0600 && fchmod(fd, 0600) != 0)
        return complain("cannot get mode 0600", path, pool);
    if (((uid != (uid_t)-1 && info.st_uid != uid) || (gid != (gid_t)-1 && info.st_gid != gid)) &&
        fchown(fd, uid, gid) != 0)
        return complain("cannot change its owner", path, pool);
    return NULL;
}

static const char *make_file(const char *path, const password_slots_settings_t *settings, apr_pool_t *pool)
{
    const char *sentence;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);

    if (fd < 0)
        return complain("cannot be made", path, pool);
    sentence = claim_file(fd, path, settings->uid, settings->gid, pool);
    close(fd);
    return sentence;
}

const char *password_slots_make(password_slots_t **slots, const password_slots_settings_t *settings,
                                apr_pool_t *pool)
{
    password_slots_t *made = apr_pcalloc(pool, sizeof *made);
    const char *sentence;

    *slots = NULL;
    if (settings->count < 1 || settings->count > PASSWORD_SLOTS_MAX)
        return apr_psprintf(pool, "password slots: %d is not a number from 1 to %d", settings->count,
                            PASSWORD_SLOTS_MAX);
    made->count = (uint32_t)settings->count;
    made->waiting_max = settings->waiting;
    made->paths = apr_palloc(pool, made->count * sizeof *made->paths);
    made->shares = apr_pstrcat(pool, settings->prefix, ".shares", NULL);
    sentence = make_file(made->shares, settings, pool);
    for (int n = 0; n < settings->count && !sentence; n++) {
        made->paths[n] = apr_psprintf(pool, "%s.%d", settings->prefix, n);
        sentence = make_file(made->paths[n], settings, pool);
    }
    if (!sentence)
        *slots = made;
    return sentence;
}

static int open_file(const char *path)
{
    return open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Whether an attempt to open a file may succeed later. */
static int is_passing(int error)
{
    return error == EMFILE || error == ENFILE || error == EINTR || error == ENOMEM;
}

/* Tries every slot once, from a random one on, so that waiters spread. Each attempt opens its file anew: a
 * flock belongs to the open file description, and threads that shared one would share the slot. Returns the
 * descriptor; or -1, where *reachable says whether any file could be opened. */
static int try_slots(const password_slots_t *slots, int *reachable)
{
    uint32_t first = randombytes_uniform(slots->count);

    *reachable = 0;
    for (uint32_t n = 0; n < slots->count; n++) {
        int fd = open_file(slots->paths[(first + n) % slots->count]);

        *reachable |= fd >= 0 || is_passing(errno);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

/* The first byte of an owner's range. That two owners share a range by chance makes
 * them one owner, no more. */
static off_t range_of(const char *owner)
{
    uint32_t hash[crypto_generichash_BYTES_MIN / sizeof(uint32_t)];

    crypto_generichash((unsigned char *)hash, sizeof hash, (const unsigned char *)owner, strlen(owner), NULL,
                       0);
    return (off_t)hash[0] * SHARE_RANGE;
}

static int set_lock(int fd, short type, off_t start, off_t length)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};

    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

/* Locks a byte of an owner's range, of which as many count as it may have slots: such a lock belongs to the
 * open file description, as a flock does. */
static int try_share(const password_slots_t *slots, int shares, off_t range)
{
    off_t most = slots->count > 1 ? slots->count / 2 : 1;

    for (off_t n = 0; n < most; n++) {
        if (set_lock(shares, F_WRLCK, range + n, 1))
            return 1;
    }
    return 0;
}

/* One attempt, with the file of shares that was opened for it. */
static const problem_t *try_once(const password_slots_t *slots, off_t range, password_slot_t *slot)
{
    int reachable;

    if (!try_share(slots, slot->share, range))
        return &problem_slots_busy;
    slot->slot = try_slots(slots, &reachable);
    if (slot->slot >= 0)
        return NULL;
    set_lock(slot->share, F_UNLCK, range, SHARE_RANGE);
    return reachable ? &problem_slots_busy : &problem_misconfigured;
}

static const problem_t *wait_for_slot(const password_slots_t *slots, off_t range, apr_time_t deadline,
                                      password_slot_t *slot)
{
    const problem_t *problem;

    do {
        apr_time_t left = deadline - monotonic_now();

        if (left <= 0)
            return &problem_slots_busy;
        apr_sleep(left < SLOTS_NAP ? left : SLOTS_NAP);
        problem = try_once(slots, range, slot);
    } while (problem == &problem_slots_busy);
    return problem;
}

/* Waits, unless enough threads do already. */
static const problem_t *wait_in_line(password_slots_t *slots, off_t range, apr_time_t deadline,
                                     password_slot_t *slot)
{
    const problem_t *problem = &problem_slots_busy;
    apr_time_t start = monotonic_now();

    COUNTERS_ADD(password_waiting, 0, 1);
    if (atomic_fetch_add(&slots->waiting, 1) < slots->waiting_max)
        problem = wait_for_slot(slots, range, deadline, slot);
    atomic_fetch_sub(&slots->waiting, 1);
    COUNTERS_ADD(password_waiting, 0, -1);
    COUNTERS_ADD(password_waits, 0, 1);
    COUNTERS_ADD(password_wait, 0, monotonic_now() > start ? monotonic_now() - start : 0);
    return problem;
}

const problem_t *password_slots_take(password_slots_t *slots, const char *owner, apr_time_t deadline,
                                     password_slot_t *slot)
{
    off_t range = range_of(owner);
    const problem_t *problem;

    slot->share = open_file(slots->shares);
    if (slot->share < 0)
        return is_passing(errno) ? &problem_slots_busy : &problem_misconfigured;
    problem = try_once(slots, range, slot);
    if (problem == &problem_slots_busy && monotonic_now() < deadline)
        problem = wait_in_line(slots, range, deadline, slot);
    if (problem)
        close(slot->share);
    else
        COUNTERS_ADD(password_hashing, 0, 1);
    return problem;
}

void password_slots_free(const password_slot_t *slot)
{
    COUNTERS_ADD(password_hashing, 0, -1);
    /* Closing alone would leave the locks with a child forked meanwhile, until it executes its program. */
    flock(slot->slot, LOCK_UN);
    close(slot->slot);
    set_lock(slot->share, F_UNLCK, 0, 0);
    close(slot->share);
}
