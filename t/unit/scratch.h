/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_T_UNIT_SCRATCH_H
#define TENANT_T_UNIT_SCRATCH_H

/* A folder of the test's own, mode 0700, under $TMPDIR or /tmp, removed when the program exits. Whatever goes
 * wrong here ends the program: the test could say nothing. */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRATCH_UNUSED __attribute__((unused))

static char scratch_folder[PATH_MAX];
static pid_t scratch_owner; /* forked children of the test leave the folder alone */

SCRATCH_UNUSED static void scratch_must(int done, const char *what)
{
    if (done)
        return;
    fprintf(stderr, "Bail out! %s: %s\n", what, strerror(errno));
    _exit(1);
}

SCRATCH_UNUSED static int scratch_remove_one(const char *path, const struct stat *info, int type,
                                             struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

SCRATCH_UNUSED static void scratch_remove(void)
{
    if (getpid() == scratch_owner)
        nftw(scratch_folder, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Makes the folder; first of all in main(). */
SCRATCH_UNUSED static void scratch_make(void)
{
    const char *base = getenv("TMPDIR");
    char made[PATH_MAX];

    umask(022);
    snprintf(made, sizeof made, "%s/mod_tenant_unit.XXXXXX", base && *base == '/' ? base : "/tmp");
    scratch_must(mkdtemp(made) != NULL, "mkdtemp");
    scratch_must(realpath(made, scratch_folder) != NULL, "realpath");
    scratch_owner = getpid();
    atexit(scratch_remove);
}

/* The path of a name in the folder; the text lives until the eighth call after this one. */
SCRATCH_UNUSED static const char *scratch_path(const char *name)
{
    static char paths[8][PATH_MAX + 256];
    static unsigned int next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
    return path;
}

/* Writes a file anew with this mode, and gives its path. */
SCRATCH_UNUSED static const char *scratch_write(const char *name, const char *text, size_t length,
                                                mode_t mode)
{
    const char *path = scratch_path(name);
    int fd;

    unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    scratch_must(fd >= 0, path);
    scratch_must(write(fd, text, length) == (ssize_t)length && fchmod(fd, mode) == 0 && close(fd) == 0, path);
    return path;
}

/* Makes a folder in the folder, and gives its path. */
SCRATCH_UNUSED static const char *scratch_mkdir(const char *name, mode_t mode)
{
    const char *path = scratch_path(name);

    scratch_must(mkdir(path, 0700) == 0 && chmod(path, mode) == 0, path);
    return path;
}

#endif
