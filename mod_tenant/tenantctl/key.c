/* SPDX-License-Identifier: Apache-2.0 */
/* API keys that no tenant has yet, for who writes rows of tenants by other means. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../secret/apikey.h"
#include "../secret/secret.h"
#include "output.h"
#include "session.h"

/* Makes a key and prints it with its hash. */
static int print_new(const keyring_key_t *pepper, apr_pool_t *pool)
{
    char key[APIKEY_LENGTH + 1];

    apikey_make(key);
    printf("%s\t%s\n", key, apikey_hash(pepper, key, pool));
    secret_wipe(key, sizeof key);
    return EXIT_DONE;
}

/* Prints the hash of each key on standard input, a line each. A bad line is named by its number alone. */
static int print_hashes(const keyring_key_t *pepper, apr_pool_t *pool)
{
    char line[APIKEY_LENGTH + sizeof "\n"];
    int status = EXIT_DONE;
    apr_pool_t *line_pool;

    apr_pool_create(&line_pool, pool);
    for (long number = 1; status == EXIT_DONE && fgets(line, sizeof line, stdin); number++) {
        apr_size_t length = strcspn(line, "\n");

        if (!apikey_is_well_formed(line, length))
            status = complain(EXIT_FAILED, "line %ld of standard input is not an API key", number);
        else
            puts(apikey_hash(pepper, line, line_pool));
        apr_pool_clear(line_pool);
    }
    if (ferror(stdin))
        status = complain(EXIT_FAILED, "standard input: %s", strerror(errno));
    secret_wipe(line, sizeof line);
    return status;
}

int key_print(const call_t *call)
{
    const keyring_key_t *pepper;
    session_t session;
    int status = session_open(&session, call, SESSION_KEYS);

    if (status != EXIT_DONE)
        return status;
    pepper = keyring_key(session.keyring, KEYNAME_PEPPER, 0);
    return call_has(call, OPTION_HASH) ? print_hashes(pepper, call->pool) : print_new(pepper, call->pool);
}
