/* SPDX-License-Identifier: Apache-2.0 */
/* Usage: unseal KEY-FILE TENANT-ID TABLE COLUMN <envelope
 *
 * Prints what a stored value holds, for tests that look at what the module and its command have sealed. */
#include <apr_general.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../mod_tenant/secret/seal.h"

static int fail(const char *why)
{
    fprintf(stderr, "unseal: %s\n", why);
    return 1;
}

int main(int argc, char **argv)
{
    const char *plaintext, *sentence;
    char envelope[4096] = "";
    apr_size_t length;
    keyring_t *ring;
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (argc != 5 || !fgets(envelope, sizeof envelope, stdin))
        return fail("usage: unseal KEY-FILE TENANT-ID TABLE COLUMN <envelope");
    envelope[strcspn(envelope, "\n")] = '\0';
    sentence = keyring_read(&ring, argv[1], pool);
    if (sentence)
        return fail(sentence);
    if (seal_open(&plaintext, &length, ring, &(seal_place_t){atoi(argv[2]), argv[3], argv[4]}, envelope,
                  pool) != SEAL_OPENED)
        return fail("this is no envelope of that place");
    puts(plaintext);
    return 0;
}
