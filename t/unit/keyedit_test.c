/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a key file: making one, adding, promoting and retiring keys. */
#include "../../mod_tenant/secret/keyedit.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <sys/wait.h>

#include "scratch.h"
#include "tap.h"

/* Keys in base64: 00 01 … 1f, 01 02 … 20, ff … ff, and 32 bytes of 55. */
#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_B "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
#define KEY_C "//////////////////////////////////////////8="
#define KEY_D "VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVU="

static const char original[] = "# ours\n"
                               "\n"
                               "seal\t7  " KEY_A "   primary\n"
                               "pepper 1 " KEY_B " primary\n"
                               "seal 9 " KEY_C "\n"
                               "# the last line has no newline\n"
                               "pepper 2 " KEY_D;

static apr_pool_t *pool;

/* The whole text of a file. */
static const char *text_of(const char *path)
{
    static char text[70000];
    FILE *file = fopen(path, "r");
    size_t length;

    scratch_must(file != NULL, path);
    length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    return text;
}

static const char *make_keys(mode_t mode)
{
    return scratch_write("keys", original, sizeof original - 1, mode);
}

static const keyring_key_t *find(const char *path, keyname_purpose_t purpose, uint32_t id)
{
    keyring_t *ring;

    scratch_must(keyring_read(&ring, path, pool) == NULL, "keyring_read");
    return keyring_find(ring, purpose, id);
}

static void test_make(void)
{
    const char *path = scratch_path("made"), *other = scratch_path("other");
    keyring_t *ring, *other_ring;
    const char *sentence;
    struct stat before, after;

    umask(0277);
    is_text(keyedit_make(path, pool), NULL, "a key file is made");
    umask(022);
    scratch_must(stat(path, &before) == 0, path);
    is(before.st_mode & 07777, 0600, "of mode 0600, whatever the umask");
    is_text(keyring_read(&ring, path, pool), NULL, "it can be read");
    ok(keyring_key(ring, KEYNAME_SEAL, 0)->id == 1 && keyring_key(ring, KEYNAME_PEPPER, 0)->id == 1 &&
           !keyring_key(ring, KEYNAME_SEAL, 1) && !keyring_key(ring, KEYNAME_PEPPER, 1),
       "it holds one key of each purpose, id 1");

    sentence = keyedit_make(path, pool);
    scratch_must(stat(path, &after) == 0, path);
    ok(sentence && strstr(sentence, "File exists") && before.st_size == after.st_size &&
           before.st_mtim.tv_nsec == after.st_mtim.tv_nsec,
       "an existing file is refused and kept");
    is_text(keyedit_make(other, pool), NULL, "another file is made");
    is_text(keyring_read(&other_ring, other, pool), NULL, "and read");
    ok(memcmp(keyring_key(ring, KEYNAME_SEAL, 0)->bytes, keyring_key(other_ring, KEYNAME_SEAL, 0)->bytes,
              KEYRING_KEY_BYTES) != 0,
       "it has other keys");
}

static void test_make_refusals(void)
{
    const char *sentence;

    scratch_must(symlink("nowhere", scratch_path("dangling")) == 0, "symlink");
    sentence = keyedit_make(scratch_path("dangling"), pool);
    ok(sentence && access(scratch_path("nowhere"), F_OK) != 0, "none is made through a symbolic link");
    scratch_mkdir("outer", 0757);
    sentence = keyedit_make(scratch_path("outer/made"), pool);
    ok(sentence && strstr(sentence, "writable by others") && access(scratch_path("outer/made"), F_OK) != 0,
       "none in a folder that others may write to");
    ok(keyedit_make("made", pool) != NULL, "none at a relative path");
    ok(keyedit_make(scratch_path("none/made"), pool) != NULL, "none in a folder that does not exist");
}

static void test_add(void)
{
    const char *path = make_keys(0400), *sentence;
    struct stat was, is_now;
    uint32_t id;

    scratch_must(stat(path, &was) == 0, path);
    is_text(keyedit_add(&id, path, KEYNAME_SEAL, pool), NULL, "a sealing key is added");
    is(id, 10, "with the id behind the highest one");
    ok(find(path, KEYNAME_SEAL, 10) && !find(path, KEYNAME_SEAL, 10)->primary, "not primary");
    ok(strncmp(text_of(path), original, sizeof original - 1) == 0, "behind the lines that were there");
    scratch_must(stat(path, &is_now) == 0, path);
    ok(is_now.st_ino != was.st_ino && is_now.st_mode == was.st_mode, "in a new file of the old mode");
    ok(access(scratch_path("keys.new"), F_OK) != 0, "the file beside it is gone");
    is_text(keyedit_add(&id, path, KEYNAME_PEPPER, pool), NULL, "a pepper is added");
    is(id, 3, "which has ids of its own");
    scratch_write("keys.new", "seal", 4, 0600);
    is_text(keyedit_add(&id, path, KEYNAME_PEPPER, pool), NULL,
            "what an interrupted change left is no hindrance");

    path = scratch_write("last", "seal 4294967295 " KEY_A " primary\npepper 1 " KEY_B " primary\n",
                         sizeof "seal 4294967295 " KEY_A " primary\npepper 1 " KEY_B " primary\n" - 1, 0600);
    sentence = keyedit_add(&id, path, KEYNAME_SEAL, pool);
    ok(sentence && strstr(sentence, "no id is left"), "there is no id beyond the last one");
}

static void test_promote(void)
{
    const char *path = make_keys(0600), *sentence;

    is_text(keyedit_promote(path, KEYNAME_SEAL, 9, pool), NULL, "a key is promoted");
    is_text(text_of(path),
            "# ours\n\nseal 7 " KEY_A "\npepper 1 " KEY_B " primary\nseal 9 " KEY_C
            " primary\n# the last line has no newline\npepper 2 " KEY_D "\n",
            "in its line and that of the former one alone");
    is_text(keyedit_promote(path, KEYNAME_SEAL, 9, pool), NULL, "once more");
    ok(find(path, KEYNAME_SEAL, 9)->primary, "changes nothing");
    sentence = keyedit_promote(path, KEYNAME_SEAL, 2, pool);
    ok(sentence && strstr(sentence, "has no seal key 2"), "a key of the other purpose's id is none");
}

static void test_retire(void)
{
    const char *path = make_keys(0600), *sentence;
    uint32_t id;

    sentence = keyedit_retire(path, KEYNAME_SEAL, 7, pool);
    ok(sentence && strstr(sentence, "is primary"), "the primary key cannot be retired");
    is_text(text_of(path), original, "and stays");
    is_text(keyedit_retire(path, KEYNAME_SEAL, 9, pool), NULL, "another one can");
    ok(!find(path, KEYNAME_SEAL, 9), "and is gone");
    ok(strstr(text_of(path), "\n# seal 9 retired\n") && !strstr(text_of(path), KEY_C), "but for its id");
    sentence = keyedit_retire(path, KEYNAME_SEAL, 9, pool);
    ok(sentence && strstr(sentence, "has no seal key 9"), "once");
    is_text(keyedit_add(&id, path, KEYNAME_SEAL, pool), NULL, "the next key");
    is(id, 10, "gets an id that no key has had");
}

static void test_refusals(void)
{
    static const char broken[] = "seal 1 " KEY_A " primary\n";
    static char full[64 * 1024];
    const char *path = scratch_write("broken", broken, sizeof broken - 1, 0600), *sentence;
    uint32_t id;

    ok(keyedit_add(&id, path, KEYNAME_SEAL, pool) != NULL, "a file that is not in order is refused");
    is_text(text_of(path), broken, "and stays");
    memset(full, '\n', sizeof full);
    memcpy(full, original, sizeof original - 1);
    path = scratch_write("full", full, sizeof full, 0600);
    sentence = keyedit_add(&id, path, KEYNAME_SEAL, pool);
    ok(sentence && strstr(sentence, "larger than 64 KiB"), "so is a change that would be");
    ok(memcmp(text_of(path), full, sizeof full) == 0 && access(scratch_path("full.new"), F_OK) != 0,
       "it leaves nothing behind");
    ok(keyedit_add(&id, make_keys(0640), KEYNAME_SEAL, pool) != NULL,
       "a file that others may read is refused");
    make_keys(0600);
    unlink(scratch_path("link"));
    scratch_must(symlink(scratch_path("keys"), scratch_path("link")) == 0, "symlink");
    sentence = keyedit_add(&id, scratch_path("link"), KEYNAME_SEAL, pool);
    ok(sentence && strstr(sentence, "symbolic link"), "so is a symbolic link");
}

/* Ten processes add a key each at the same time. */
static void test_together(void)
{
    enum { PROCESSES = 10 };
    const char *path = make_keys(0600);
    int failures = 0, status;

    for (int n = 0; n < PROCESSES; n++) {
        pid_t child;

        fflush(stdout);
        child = fork();
        scratch_must(child >= 0, "fork");
        if (child == 0) {
            uint32_t id;

            _exit(keyedit_add(&id, path, KEYNAME_SEAL, pool) != NULL);
        }
    }
    while (wait(&status) > 0)
        failures += status != 0;
    is(failures, 0, "ten processes add keys at the same time");
    for (uint32_t id = 10; id < 10 + PROCESSES; id++)
        failures += find(path, KEYNAME_SEAL, id) == NULL;
    is(failures, 0, "and none is lost");
}

int main(void)
{
    scratch_make();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    plan(8 + 4 + 10 + 5 + 8 + 6 + 2);
    test_make();
    test_make_refusals();
    test_add();
    test_promote();
    test_retire();
    test_refusals();
    test_together();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_status();
}
