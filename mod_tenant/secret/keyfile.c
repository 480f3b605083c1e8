/* SPDX-License-Identifier: Apache-2.0 */
#include "keyfile.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_LIMIT = 64 * 1024 };

/* What a change is written to, beside the key file. */
#define STAGED_SUFFIX ".new"

__attribute__((format(printf, 3, 4))) static const char *refuse(apr_pool_t *pool, const char *path,
                                                                const char *format, ...)
{
    va_list arguments;
    const char *reason;

    va_start(arguments, format);
    reason = apr_pvsprintf(pool, format, arguments);
    va_end(arguments);
    return apr_psprintf(pool, "key file %s: %s", path, reason);
}

/* What errno means. */
static const char *reason(apr_pool_t *pool)
{
    char text[120];

    return apr_pstrdup(pool, apr_strerror(errno, text, sizeof text));
}

/* In a sticky folder only the owners of a file, of the folder, and root may rename or remove it. */
static const char *check_folder(const char *folder, const char *path, apr_pool_t *pool)
{
    struct stat info;

    if (stat(folder, &info) != 0)
        return refuse(pool, path, "the folder %s cannot be examined: %s", folder, reason(pool));
    if (!S_ISDIR(info.st_mode))
        return refuse(pool, path, "%s is not a folder", folder);
    if (info.st_uid != 0 && info.st_uid != geteuid())
        return refuse(pool, path, "the folder %s must belong to root or to the user that reads the file",
                      folder);
    if (info.st_mode & S_ISVTX)
        return NULL;
    if (info.st_mode & S_IWOTH || (info.st_mode & S_IWGRP && info.st_gid != 0))
        return refuse(pool, path, "the folder %s must not be writable by others", folder);
    return NULL;
}

/* Checks every folder of an absolute path, from the root down. */
static const char *check_folders(const char *name, const char *path, apr_pool_t *pool)
{
    for (const char *slash = name; slash; slash = strchr(slash + 1, '/')) {
        const char *folder = slash == name ? "/" : apr_pstrmemdup(pool, name, (apr_size_t)(slash - name));
        const char *sentence = check_folder(folder, path, pool);

        if (sentence)
            return sentence;
    }
    return NULL;
}

/* Checks the folders of a path, both as it is written and with its symbolic links resolved; *real is the path
 * whose folders have none, so that nobody can turn one between the check and the opening. */
static const char *resolve_folders(const char **real, const char *path, apr_pool_t *pool)
{
    const char *name = strrchr(path, '/'), *folder, *sentence;
    char resolved[PATH_MAX];

    if (*path != '/')
        return refuse(pool, path, "the path must be absolute");
    sentence = check_folders(path, path, pool);
    if (sentence)
        return sentence;
    folder = apr_pstrmemdup(pool, path, (apr_size_t)(name - path) + 1);
    if (!realpath(folder, resolved))
        return refuse(pool, path, "the folder %s cannot be resolved: %s", folder, reason(pool));
    *real = apr_pstrcat(pool, strcmp(resolved, "/") == 0 ? "" : resolved, name, NULL);
    return check_folders(*real, path, pool);
}

static const char *check_file(int fd, const char *path, apr_pool_t *pool)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return refuse(pool, path, "cannot be examined: %s", reason(pool));
    if (!S_ISREG(info.st_mode))
        return refuse(pool, path, "must be a regular file");
    if (info.st_uid != 0 && info.st_uid != geteuid())
        return refuse(pool, path, "must belong to root or to the user that reads it");
    if (info.st_mode & (S_IRWXG | S_IRWXO))
        return refuse(pool, path, "must give no permission to group or others (chmod 600)");
    return NULL;
}

/* Reads up to the end of the file, or one byte more than the limit. -1 and errno on failure. */
static ssize_t read_all(int fd, char *text)
{
    size_t length = 0;

    while (length <= TEXT_LIMIT) {
        ssize_t got = read(fd, text + length, TEXT_LIMIT + 1 - length);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    return (ssize_t)length;
}

static const char *read_text(char **text, apr_size_t *length, int fd, const char *path, apr_pool_t *pool)
{
    const char *sentence = NULL;
    ssize_t got;

    *text = sodium_malloc(TEXT_LIMIT + 1);
    if (!*text)
        return refuse(pool, path, "no guarded memory: %s", reason(pool));
    got = read_all(fd, *text);
    if (got < 0)
        sentence = refuse(pool, path, "cannot be read: %s", reason(pool));
    else if (got > TEXT_LIMIT)
        sentence = refuse(pool, path, "must not be larger than 64 KiB");
    if (sentence) {
        keyfile_free(*text);
        *text = NULL;
        return sentence;
    }
    *length = (apr_size_t)got;
    return NULL;
}

/* Opens the file behind resolved folders, and checks it on the descriptor. */
static const char *open_file(int *fd, const char *real, const char *path, apr_pool_t *pool)
{
    const char *sentence;

    /* O_NONBLOCK: opening a FIFO would wait for a writer. */
    *fd = open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*fd < 0 && errno == ELOOP)
        return refuse(pool, path, "must not be a symbolic link; name the file that it leads to");
    if (*fd < 0)
        return refuse(pool, path, "cannot be opened: %s", reason(pool));
    sentence = check_file(*fd, path, pool);
    if (sentence)
        close(*fd);
    return sentence;
}

const char *keyfile_read(char **text, apr_size_t *length, const char *path, apr_pool_t *pool)
{
    const char *real, *sentence;
    int fd;

    *text = NULL;
    if (sodium_init() < 0)
        return refuse(pool, path, "libsodium does not start");
    sentence = resolve_folders(&real, path, pool);
    if (!sentence)
        sentence = open_file(&fd, real, path, pool);
    if (sentence)
        return sentence;
    sentence = read_text(text, length, fd, path, pool);
    close(fd);
    return sentence;
}

void keyfile_free(char *text)
{
    sodium_free(text);
}

static int write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t put = write(fd, text, length);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return 0;
        text += put;
        length -= (size_t)put;
    }
    return 1;
}

/* A new file's name is on the disk only when its folder is. */
static int sync_folder(const char *real, apr_pool_t *pool)
{
    const char *folder = apr_pstrmemdup(pool, real, (apr_size_t)(strrchr(real, '/') - real) + 1);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int done = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return done;
}

const char *keyfile_create(const char *path, const char *text, apr_size_t length, apr_pool_t *pool)
{
    const char *real, *sentence;
    int fd;

    sentence = resolve_folders(&real, path, pool);
    if (sentence)
        return sentence;
    fd = open(real, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return refuse(pool, path, "cannot be made: %s", reason(pool));
    if (fchmod(fd, 0600) != 0 || !write_all(fd, text, length) || fsync(fd) != 0 || !sync_folder(real, pool)) {
        sentence = refuse(pool, path, "cannot be written: %s", reason(pool));
        unlink(real);
    }
    close(fd);
    return sentence;
}

/* Whether the descriptor is still the file of that name: a change before ours has put another one there. */
static int is_current(int fd, const char *real)
{
    struct stat opened, named;

    return fstat(fd, &opened) == 0 && lstat(real, &named) == 0 && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

const char *keyfile_lock(int *lock, const char *path, apr_pool_t *pool)
{
    const char *real, *sentence = resolve_folders(&real, path, pool);

    while (!sentence) {
        sentence = open_file(lock, real, path, pool);
        if (sentence)
            return sentence;
        while (flock(*lock, LOCK_EX) != 0) {
            if (errno == EINTR)
                continue;
            sentence = refuse(pool, path, "cannot be locked: %s", reason(pool));
            close(*lock);
            return sentence;
        }
        if (is_current(*lock, real))
            return NULL;
        close(*lock);
    }
    return sentence;
}

void keyfile_unlock(int lock)
{
    close(lock);
}

/* Gives a new file the owner, group and mode of the locked one. */
static int copy_owner(int fd, int lock)
{
    struct stat info;

    return fstat(lock, &info) == 0 && fchown(fd, info.st_uid, info.st_gid) == 0 &&
           fchmod(fd, info.st_mode & 07777) == 0;
}

const char *keyfile_stage(const char **staged, int lock, const char *path, const char *text,
                          apr_size_t length, apr_pool_t *pool)
{
    const char *real, *sentence = resolve_folders(&real, path, pool);
    int fd;

    if (sentence)
        return sentence;
    *staged = apr_pstrcat(pool, real, STAGED_SUFFIX, NULL);
    unlink(*staged); /* of a change that was interrupted: the lock is ours */
    fd = open(*staged, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return refuse(pool, path, "%s cannot be made: %s", *staged, reason(pool));
    if (!copy_owner(fd, lock) || !write_all(fd, text, length) || fsync(fd) != 0) {
        sentence = refuse(pool, path, "%s cannot be written: %s", *staged, reason(pool));
        unlink(*staged);
    }
    close(fd);
    return sentence;
}

const char *keyfile_commit(const char *staged, const char *path, apr_pool_t *pool)
{
    const char *real = apr_pstrmemdup(pool, staged, strlen(staged) - (sizeof STAGED_SUFFIX - 1));

    if (rename(staged, real) != 0) {
        const char *sentence = refuse(pool, path, "cannot be replaced: %s", reason(pool));

        unlink(staged);
        return sentence;
    }
    return sync_folder(real, pool) ? NULL
                                   : refuse(pool, path, "its folder cannot be synced: %s", reason(pool));
}

void keyfile_discard(const char *staged)
{
    unlink(staged);
}
