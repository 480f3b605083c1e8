/* SPDX-License-Identifier: Apache-2.0 */
#include "archive.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../secret/secret.h"
#include "../secret/sha256.h"
#include "command.h"
#include "output.h"
#include "ustar.h"

enum { BUFFER_SIZE = 65536 };

struct archive_t {
    apr_pool_t *pool;
    const char *path;
    char *temporary; /* its name until it is whole; NULL: standard output, or it has its name */
    int fd;
    const char *failure; /* NULL: none */
    time_t began;
    int64_t left;     /* bytes of the present file that are to come */
    int64_t padding;  /* zeros that follow it */
    sha256_t *sha256; /* of the present file */
    apr_size_t used;  /* of buffer */
    char buffer[BUFFER_SIZE];
};

/* Removes what is not whole. */
static apr_status_t discard(void *data)
{
    archive_t *archive = data;

    secret_wipe(archive->buffer, sizeof archive->buffer);
    if (archive->temporary) {
        unlink(archive->temporary);
        close(archive->fd);
    }
    return APR_SUCCESS;
}

int archive_create(archive_t **made, const char *path, apr_pool_t *pool)
{
    archive_t *archive = apr_pcalloc(pool, sizeof *archive);
    struct stat there;

    *made = archive;
    archive->pool = pool;
    archive->path = path;
    archive->began = time(NULL);
    archive->fd = STDOUT_FILENO;
    apr_pool_cleanup_register(pool, archive, discard, apr_pool_cleanup_null);
    if (strcmp(path, "-") == 0) {
        archive->path = "standard output";
        return isatty(STDOUT_FILENO)
                   ? complain(EXIT_USAGE, "an export is not for a terminal: name a file, or send it on")
                   : EXIT_DONE;
    }
    if (lstat(path, &there) == 0)
        return complain(EXIT_FAILED, "%s is there already", path);
    archive->temporary = apr_pstrcat(pool, path, ".XXXXXX", NULL);
    archive->fd = mkostemp(archive->temporary, O_CLOEXEC); /* of mode 0600 */
    if (archive->fd >= 0)
        return EXIT_DONE;
    archive->temporary = NULL;
    return complain(EXIT_FAILED, "%s: %s", path, strerror(errno));
}

static void fail(archive_t *archive, const char *why)
{
    if (!archive->failure)
        archive->failure = apr_pstrcat(archive->pool, archive->path, ": ", why, NULL);
}

static void flush(archive_t *archive)
{
    apr_size_t done = 0;

    while (!archive->failure && done < archive->used) {
        ssize_t written = write(archive->fd, archive->buffer + done, archive->used - done);

        if (written >= 0)
            done += (apr_size_t)written;
        else if (errno != EINTR)
            fail(archive, strerror(errno));
    }
    archive->used = 0;
}

static void put(archive_t *archive, const void *bytes, apr_size_t length)
{
    const char *from = bytes;

    while (length > 0 && !archive->failure) {
        apr_size_t room = BUFFER_SIZE - archive->used;
        apr_size_t part = length < room ? length : room;

        memcpy(archive->buffer + archive->used, from, part);
        archive->used += part;
        from += part;
        length -= part;
        if (archive->used == BUFFER_SIZE)
            flush(archive);
    }
}

static void put_zeros(archive_t *archive, int64_t length)
{
    static const char zeros[USTAR_BLOCK];

    put(archive, zeros, (apr_size_t)length);
}

void archive_begin(archive_t *archive, const char *name, int64_t size)
{
    unsigned char block[USTAR_BLOCK];
    ustar_entry_t entry = {.size = size};

    apr_cpystrn(entry.name, name, sizeof entry.name);
    ustar_write(block, &entry, archive->began);
    put(archive, block, sizeof block);
    archive->left = size;
    archive->padding = ustar_padding(size);
    archive->sha256 = sha256_make(archive->pool);
}

int archive_add(archive_t *archive, const char *bytes, apr_size_t length)
{
    archive->left -= (int64_t)length;
    if (archive->left < 0)
        fail(archive, "a table has become larger than it was");
    sha256_add(archive->sha256, bytes, length);
    put(archive, bytes, length);
    return !archive->failure;
}

const char *archive_end(archive_t *archive)
{
    if (archive->left > 0)
        fail(archive, "a table has become smaller than it was");
    put_zeros(archive, archive->padding);
    return sha256_end(archive->sha256);
}

int archive_has_failed(const archive_t *archive)
{
    return archive->failure != NULL;
}

/* Gives the file its name, if nobody else has taken it. */
static void settle(archive_t *archive)
{
    if (fsync(archive->fd) != 0 ||
        renameat2(AT_FDCWD, archive->temporary, AT_FDCWD, archive->path, RENAME_NOREPLACE) != 0) {
        fail(archive, strerror(errno));
        return;
    }
    archive->temporary = NULL;
    if (close(archive->fd) != 0)
        fail(archive, strerror(errno));
}

int archive_finish(archive_t *archive)
{
    put_zeros(archive, USTAR_BLOCK);
    put_zeros(archive, USTAR_BLOCK);
    flush(archive);
    if (!archive->failure && archive->temporary)
        settle(archive);
    return archive->failure ? complain(EXIT_FAILED, "%s", archive->failure) : EXIT_DONE;
}
