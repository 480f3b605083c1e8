/* SPDX-License-Identifier: Apache-2.0 */
#include "slots.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long to sleep between two rounds over busy slots. A hash takes tens of milliseconds. */
#define SLOTS_NAP apr_time_from_msec(5)

struct password_slots_t {
    const char **paths; /* of the slot files; count of them */
    uint32_t count;     /* at least 1 */
};

static const char *complain(const char *what, const char *path, apr_pool_t *pool)
{
    char reason[120];

    apr_strerror(errno, reason, sizeof reason);
    return apr_psprintf(pool, "password slot %s: %s: %s", path, what, reason);
}

/* Gives an open slot file its owner and mode. The workers' user may own the folder, and could have put a link
 * to somebody else's file there for root to give away: that is refused. */
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

static const char *make_file(const char *path, uid_t uid, gid_t gid, apr_pool_t *pool)
{
    const char *sentence;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);

    if (fd < 0)
        return complain("cannot be made", path, pool);
    sentence = claim_file(fd, path, uid, gid, pool);
    close(fd);
    return sentence;
}

const char *password_slots_make(password_slots_t **slots, const char *prefix, int count, uid_t uid, gid_t gid,
                                apr_pool_t *pool)
{
    password_slots_t *made = apr_palloc(pool, sizeof *made);

    *slots = NULL;
    if (count < 1)
        return apr_psprintf(pool, "password slots: %d is not a number of slots", count);
    made->count = (uint32_t)count;
    made->paths = apr_palloc(pool, made->count * sizeof *made->paths);
    for (int n = 0; n < count; n++) {
        const char *sentence;

        made->paths[n] = apr_psprintf(pool, "%s.%d", prefix, n);
        sentence = make_file(made->paths[n], uid, gid, pool);
        if (sentence)
            return sentence;
    }
    *slots = made;
    return NULL;
}

/* Tries every slot once, from a random one on, so that waiters spread. Each attempt opens its file anew: a
 * flock belongs to the open file description, and threads that shared one would share the slot. Returns the
 * descriptor; or -1, where *reachable says whether any file could be opened. */
static int try_all(const password_slots_t *slots, int *reachable)
{
    uint32_t first = randombytes_uniform(slots->count);

    *reachable = 0;
    for (uint32_t n = 0; n < slots->count; n++) {
        const char *path = slots->paths[(first + n) % slots->count];
        int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == EINTR || errno == ENOMEM)
                *reachable = 1;
            continue;
        }
        *reachable = 1;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        close(fd);
    }
    return -1;
}

const problem_t *password_slots_take(const password_slots_t *slots, apr_time_t deadline, int *slot)
{
    for (;;) {
        int reachable;
        apr_time_t left;

        *slot = try_all(slots, &reachable);
        if (*slot >= 0)
            return NULL;
        if (!reachable)
            return &problem_misconfigured;
        left = deadline - apr_time_now();
        if (left <= 0)
            return &problem_slots_busy;
        apr_sleep(left < SLOTS_NAP ? left : SLOTS_NAP);
    }
}

void password_slots_free(int slot)
{
    /* Closing alone would leave the lock with a child forked meanwhile, until it executes its program. */
    flock(slot, LOCK_UN);
    close(slot);
}
