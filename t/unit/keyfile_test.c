/* SPDX-License-Identifier: Apache-2.0 */
/* The key file as a file: its kind, owner, mode and folders. */
#include "../../mod_tenant/secret/keyring.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "scratch.h"
#include "tap.h"

static const char text[] = "seal 1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= primary\n"
                           "pepper 1 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA= primary\n";

static apr_pool_t *pool;

static const char *read_path(const char *path)
{
    keyring_t *ring;

    return keyring_read(&ring, path, pool);
}

static void refused(const char *path, const char *part, const char *name)
{
    const char *sentence = read_path(path);

    if (!ok(sentence && strstr(sentence, part) && strstr(sentence, path), "refused: %s", name))
        diag("%s", sentence ? sentence : "(no sentence)");
}

static void accepted(const char *path, const char *name)
{
    is_text(read_path(path), NULL, "accepted: %s", name);
}

static const char *write_keys(const char *name, mode_t mode)
{
    return scratch_write(name, text, sizeof text - 1, mode);
}

static void test_kinds(void)
{
    const char *path = write_keys("keys", 0600);

    accepted(path, "a regular file of our own, mode 0600");
    accepted(write_keys("keys", 0400), "mode 0400");
    scratch_must(symlink(path, scratch_path("link")) == 0, "symlink");
    refused(scratch_path("link"), "must not be a symbolic link", "a symbolic link");
    scratch_must(mkfifo(scratch_path("fifo"), 0600) == 0, "mkfifo");
    alarm(10); /* opening it must not wait for a writer */
    refused(scratch_path("fifo"), "must be a regular file", "a FIFO");
    alarm(0);
    refused(scratch_mkdir("folder", 0700), "must be a regular file", "a folder");
    refused(scratch_path("none"), "cannot be opened: No such file", "a path that does not exist");
    refused(scratch_path("keys/keys"), "is not a folder", "a path through a file");
    scratch_must(chdir(scratch_folder) == 0, "chdir");
    refused("keys", "the path must be absolute", "a relative path");
    refused("", "the path must be absolute", "an empty path");
}

static void test_modes(void)
{
    static const mode_t modes[] = {0640, 0620, 0610, 0604, 0602, 0601};

    for (size_t n = 0; n < sizeof modes / sizeof *modes; n++)
        refused(write_keys("keys", modes[n]), "no permission to group or others",
                apr_psprintf(pool, "mode 0%o", modes[n]));
}

static void test_size(void)
{
    static char filled[64 * 1024 + 1];

    memset(filled, '\n', sizeof filled);
    memcpy(filled, text, sizeof text - 1);
    accepted(scratch_write("keys", filled, sizeof filled - 1, 0600), "64 KiB");
    refused(scratch_write("keys", filled, sizeof filled, 0600), "larger than 64 KiB", "one byte more");
}

static void test_folders(void)
{
    const char *outer = scratch_mkdir("outer", 0755), *inner = scratch_mkdir("outer/inner", 0755);
    const char *path = write_keys("outer/inner/keys", 0600), *through;

    accepted(path, "folders that only their owner writes to");
    chmod(inner, 0757);
    refused(path, inner, "a folder that others may write to");
    chmod(inner, 01777);
    accepted(path, "a sticky one");
    chmod(inner, 0755);
    chmod(outer, 0757);
    refused(path, outer, "a folder further up that others may write to");

    scratch_must(symlink(inner, scratch_path("way")) == 0, "symlink");
    through = scratch_path("way/keys");
    refused(through, outer, "such a folder behind a symbolic link");
    chmod(outer, 0755);
    accepted(through, "a way through a symbolic link, when both ends are in order");
    chmod(outer, 0757);
    scratch_must(symlink(scratch_folder, scratch_path("outer/back")) == 0, "symlink");
    write_keys("keys", 0600);
    refused(scratch_path("outer/back/keys"), outer, "such a folder ahead of a symbolic link");
    chmod(outer, 0755);
}

/* A volume of a Kubernetes secret: what the file's link leads to can be named by
 * way of the link of its folder. */
static void test_volume(void)
{
    chmod(scratch_mkdir("volume", 01777), 01777);
    scratch_mkdir("volume/..2026_11_28", 0755);
    write_keys("volume/..2026_11_28/keys", 0400);
    scratch_must(symlink("..2026_11_28", scratch_path("volume/..data")) == 0, "symlink");
    scratch_must(symlink("..data/keys", scratch_path("volume/keys")) == 0, "symlink");
    refused(scratch_path("volume/keys"), "name the file that it leads to",
            "a secret's file in a volume is a link");
    accepted(scratch_path("volume/..data/keys"), "and can be named behind it");
}

/* Only root gives files away. */
static void test_owners(void)
{
    const char *folder = scratch_path("outer"), *path = scratch_path("outer/inner/keys");

    if (geteuid() != 0) {
        for (int n = 0; n < 4; n++)
            skip("only root can give files away");
        return;
    }
    chmod(folder, 0775);
    accepted(path, "a folder that root's group may write to");
    scratch_must(chown(folder, (uid_t)-1, 54321) == 0, "chown");
    refused(path, folder, "a folder that another group may write to");
    scratch_must(chown(folder, 54321, 0) == 0 && chmod(folder, 01777) == 0, "chown");
    refused(path, "must belong to root", "a folder of another user, even a sticky one");
    scratch_must(chown(folder, 0, 0) == 0 && chmod(folder, 0755) == 0, "chown");
    scratch_must(chown(path, 54321, (gid_t)-1) == 0, "chown");
    refused(path, "must belong to root", "a file of another user");
}

int main(void)
{
    scratch_make();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    plan(9 + 6 + 2 + 7 + 2 + 4);
    test_kinds();
    test_modes();
    test_size();
    test_folders();
    test_volume();
    test_owners();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_status();
}
