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
#include <sys/stat.h>
#include <unistd.h>

#include "keyring.h"

enum { TEXT_LIMIT = 64 * 1024, BASE64_LENGTH = 44 };

_Static_assert(sodium_base64_ENCODED_LEN(KEYRING_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL) ==
                   BASE64_LENGTH + 1,
               "a key's length in base64");

static const char header[] =
    "# Keys of mod_tenant: seal|pepper ID BASE64 [primary]\n"
    "# What was sealed or hashed with a key is lost with it: keep a copy in a safe place.\n";

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

const char *keyfile_read(char **text, apr_size_t *length, const char *path, apr_pool_t *pool)
{
    const char *real, *sentence;
    int fd;

    *text = NULL;
    if (sodium_init() < 0)
        return refuse(pool, path, "libsodium does not start");
    sentence = resolve_folders(&real, path, pool);
    if (sentence)
        return sentence;
    /* O_NONBLOCK: opening a FIFO would wait for a writer. */
    fd = open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && errno == ELOOP)
        return refuse(pool, path, "must not be a symbolic link");
    if (fd < 0)
        return refuse(pool, path, "cannot be opened: %s", reason(pool));
    sentence = check_file(fd, path, pool);
    if (!sentence)
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

/* Writes a line `WORD 1 BASE64 primary` with a new key; the bytes exist nowhere but in guarded memory. */
static int write_key(int fd, const char *word)
{
    enum { LINE_SIZE = BASE64_LENGTH + 32 };
    unsigned char *bytes = sodium_malloc(KEYRING_KEY_BYTES);
    char *line = sodium_malloc(LINE_SIZE);
    int done = 0;

    if (bytes && line) {
        int length = apr_snprintf(line, LINE_SIZE, "%s 1 ", word);

        randombytes_buf(bytes, KEYRING_KEY_BYTES);
        sodium_bin2base64(line + length, BASE64_LENGTH + 1, bytes, KEYRING_KEY_BYTES,
                          sodium_base64_VARIANT_ORIGINAL);
        memcpy(line + length + BASE64_LENGTH, " primary\n", sizeof " primary\n");
        done = write_all(fd, line, strlen(line));
    }
    sodium_free(line);
    sodium_free(bytes);
    return done;
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

const char *keyfile_make(const char *path, apr_pool_t *pool)
{
    const char *real, *sentence;
    int fd, done;

    if (sodium_init() < 0)
        return refuse(pool, path, "libsodium does not start");
    sentence = resolve_folders(&real, path, pool);
    if (sentence)
        return sentence;
    fd = open(real, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return refuse(pool, path, "cannot be made: %s", reason(pool));
    done = fchmod(fd, 0600) == 0 && write_all(fd, header, sizeof header - 1) && write_key(fd, "seal") &&
           write_key(fd, "pepper") && fsync(fd) == 0 && sync_folder(real, pool);
    if (!done) {
        sentence = refuse(pool, path, "cannot be written: %s", reason(pool));
        unlink(real);
    }
    close(fd);
    return sentence;
}
