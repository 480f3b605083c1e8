/* SPDX-License-Identifier: Apache-2.0 */
/* The ids of the keys that a running httpd has loaded. */
#include "../../mod_tenant/secret/loaded.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "scratch.h"
#include "tap.h"

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_B "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
#define KEY_C "//////////////////////////////////////////8="

static const char keys[] =
    "seal 1 " KEY_A "\nseal 4294967295 " KEY_C " primary\npepper 1 " KEY_B " primary\n";

static apr_pool_t *pool;

static void test_both_ways(void)
{
    const char *key_file = scratch_write("ke ys", keys, sizeof keys - 1, 0600), *path = scratch_path("ids");
    char text[1000] = "";
    keyring_t *ring;
    loaded_t *loaded;
    struct stat info;
    FILE *file;

    scratch_must(keyring_read(&ring, key_file, pool) == NULL, "keyring_read");
    umask(077);
    is_text(loaded_write(ring, key_file, path, pool), NULL, "the ids are written");
    umask(022);
    file = fopen(path, "r");
    scratch_must(file && fread(text, 1, sizeof text - 1, file) > 0 && fclose(file) == 0 &&
                     stat(path, &info) == 0,
                 path);
    is_text(text,
            apr_psprintf(pool, "file %s\nseal 4294967295 primary\nseal 1\npepper 1 primary\n", key_file),
            "and no more than that");
    is(info.st_mode & 07777, 0644, "for everyone to read");
    scratch_write("ids.new", "x", 1, 0600);
    is_text(loaded_write(ring, key_file, path, pool), NULL, "again, over what is there");

    is_text(loaded_read(&loaded, path, pool), NULL, "they are read");
    is_text(loaded_key_file(loaded), key_file, "with the path of the key file");
    ok(loaded_has(loaded, KEYNAME_SEAL, 1) && loaded_has(loaded, KEYNAME_SEAL, UINT32_MAX) &&
           loaded_has(loaded, KEYNAME_PEPPER, 1),
       "every key is there");
    ok(!loaded_has(loaded, KEYNAME_SEAL, 2) && !loaded_has(loaded, KEYNAME_PEPPER, UINT32_MAX),
       "and no other");
    ok(loaded_is_primary(loaded, KEYNAME_SEAL, UINT32_MAX) && !loaded_is_primary(loaded, KEYNAME_SEAL, 1) &&
           !loaded_is_primary(loaded, KEYNAME_SEAL, 2),
       "one sealing key is primary");
    ok(loaded_write(ring, key_file, scratch_path("none/ids"), pool) != NULL,
       "a folder that is not there is told");
}

static void refused(const char *text, const char *name)
{
    loaded_t *loaded;

    ok(loaded_read(&loaded, scratch_write("ids", text, strlen(text), 0644), pool) != NULL, "refused: %s",
       name);
}

static void test_refusals(void)
{
    loaded_t *loaded;

    refused("", "an empty file");
    refused("seal 1 primary\n", "no key file");
    refused("file /keys\nseal 0\n", "an id that is none");
    refused("file /keys\nseal 1 secondary\n", "an unknown word");
    refused("file /keys\nwax 1\n", "an unknown purpose");
    refused("file /keys\nseal\n", "no id");
    ok(loaded_read(&loaded, scratch_path("none"), pool) != NULL, "refused: a path that does not exist");
    ok(loaded_read(&loaded, scratch_mkdir("folder", 0755), pool) != NULL, "refused: a folder");
    alarm(10); /* opening it must not wait for a writer */
    scratch_must(mkfifo(scratch_path("fifo"), 0600) == 0, "mkfifo");
    ok(loaded_read(&loaded, scratch_path("fifo"), pool) != NULL, "refused: a FIFO");
    scratch_must(symlink("ids", scratch_path("link")) == 0, "symlink");
    ok(loaded_read(&loaded, scratch_path("link"), pool) != NULL, "refused: a symbolic link");
}

int main(void)
{
    scratch_make();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    plan(10 + 10);
    test_both_ways();
    test_refusals();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_status();
}
