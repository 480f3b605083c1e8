/* SPDX-License-Identifier: Apache-2.0 */
/* The key file: its keys by their ids, and the way of a key from added over promoted to retired. */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "../secret/keyedit.h"
#include "../secret/loaded.h"
#include "keyuse.h"
#include "nodes.h"
#include "output.h"
#include "session.h"

int keyfile_make(const call_t *call)
{
    const char *path = session_path(call->operands[0], call->pool), *sentence;

    if (!path)
        return complain(EXIT_FAILED, "the working directory has no name");
    sentence = keyedit_make(path, call->pool);
    return sentence ? complain(EXIT_FAILED, "%s", sentence) : EXIT_DONE;
}

/* The path without symbolic links, as far as it exists. */
static const char *resolve(const char *path, apr_pool_t *pool)
{
    char *real = realpath(path, NULL);
    const char *copy = apr_pstrdup(pool, real ? real : path);

    free(real);
    return copy;
}

/* What httpd says that it has loaded of this key file. NULL, or a sentence. */
static const char *read_loaded(loaded_t **loaded, const session_t *session)
{
    apr_pool_t *pool = session->pool;
    const char *sentence;

    if (!session->runtime_dir)
        return "it is not known which keys httpd has loaded: name its --runtime-dir or --config";
    sentence = loaded_read(loaded, apr_pstrcat(pool, session->runtime_dir, "/" LOADED_NAME, NULL), pool);
    if (sentence)
        return apr_psprintf(pool, "it is not known which keys httpd has loaded: %s", sentence);
    if (strcmp(resolve(loaded_key_file(*loaded), pool), resolve(session->key_file, pool)) != 0)
        return apr_psprintf(pool, "httpd has loaded %s, not %s", loaded_key_file(*loaded), session->key_file);
    return NULL;
}

static const char *boolean(int value)
{
    return value ? "true" : "false";
}

static const output_column_t key_columns[] = {
    {.key = "purpose"},
    {.key = "id", .type = OUTPUT_LITERAL},
    {.key = "primary", .type = OUTPUT_LITERAL},
    {.key = "loaded", .type = OUTPUT_LITERAL}, /* null: not known */
    {.key = "in_use", .type = OUTPUT_LITERAL}, /* values made with it; null: not known */
    {0},
};

static void list_keys(output_t *list, const session_t *session, keyname_purpose_t purpose,
                      const loaded_t *loaded, const keyuse_t *use)
{
    const keyring_key_t *key;

    for (int n = 0; (key = keyring_key(session->keyring, purpose, n)) != NULL; n++)
        output_row(list, (const char *[]){
                             keyname_word(purpose),
                             apr_psprintf(session->pool, "%u", key->id),
                             boolean(key->primary),
                             loaded ? boolean(loaded_has(loaded, purpose, key->id)) : NULL,
                             use ? keyuse_count(use, purpose, key->id) : NULL,
                         });
}

int keyfile_list(const call_t *call)
{
    static const output_column_t file_columns[] = {{.key = "key_file"}, {0}};
    int wants_use = call_has(call, OPTION_DATABASE) || call_has(call, OPTION_CONFIG) ||
                    !call_has(call, OPTION_KEY_FILE); /* else the configuration names both */
    output_t *list = output_make(key_columns, call->pool), *record = output_make(file_columns, call->pool);
    const keyuse_t *use = NULL;
    loaded_t *loaded = NULL;
    session_t session;
    int status = session_open(&session, call, SESSION_KEYS | (wants_use ? SESSION_DATABASE : 0));

    if (status != EXIT_DONE)
        return status;
    if (read_loaded(&loaded, &session))
        loaded = NULL;
    if (session.database && !(use = keyuse_read(session.database, call->pool)))
        return complain(EXIT_FAILED, "%s", console_failure(session.database));
    list_keys(list, &session, KEYNAME_SEAL, loaded, use);
    list_keys(list, &session, KEYNAME_PEPPER, loaded, use);
    output_row(record, &session.key_file);
    output_print(record, "keys", list, call_has(call, OPTION_JSON), call->pool);
    return EXIT_DONE;
}

/* Reads a purpose. */
static int read_purpose(keyname_purpose_t *purpose, const char *word)
{
    return keyname_purpose(purpose, word, strlen(word))
               ? EXIT_DONE
               : complain(EXIT_USAGE, "a key is for seal or pepper, not for %s", word);
}

/* Reads a purpose and an id. */
static int read_key(keyname_purpose_t *purpose, uint32_t *id, char **words)
{
    int status = read_purpose(purpose, words[0]);

    if (status != EXIT_DONE)
        return status;
    *id = keyname_id(words[1], strlen(words[1]));
    return *id ? EXIT_DONE
               : complain(EXIT_USAGE, "a key's id is a number from 1 to 4294967295, not %s", words[1]);
}

int keyfile_add(const call_t *call)
{
    static const output_column_t columns[] = {{.key = "purpose"}, {.key = "id", .type = OUTPUT_LITERAL}, {0}};
    output_t *record = output_make(columns, call->pool);
    keyname_purpose_t purpose;
    const char *sentence;
    session_t session;
    uint32_t id;
    int status;

    if ((status = read_purpose(&purpose, call->operands[0])) != EXIT_DONE ||
        (status = session_open(&session, call, SESSION_KEY_FILE)) != EXIT_DONE)
        return status;
    sentence = keyedit_add(&id, session.key_file, purpose, call->pool);
    if (sentence)
        return complain(EXIT_FAILED, "%s", sentence);
    output_row(record, (const char *[]){keyname_word(purpose), apr_psprintf(call->pool, "%u", id)});
    output_print(record, NULL, NULL, call_has(call, OPTION_JSON), call->pool);
    return EXIT_DONE;
}

/* Whether the file has a key; complains where it has not, ahead of what httpd may not have loaded. */
static int check_key(const session_t *session, keyname_purpose_t purpose, uint32_t id)
{
    if (keyring_find(session->keyring, purpose, id))
        return EXIT_DONE;
    return complain(EXIT_FAILED, "key file %s has no %s key %u", session->key_file, keyname_word(purpose),
                    id);
}

/* Reads the operands, and opens what a change of a key needs: the database too, unless it is forced. */
static int open_for_key(session_t *session, keyname_purpose_t *purpose, uint32_t *id, const call_t *call,
                        int is_forced)
{
    int status = read_key(purpose, id, call->operands);

    if (status == EXIT_DONE)
        status = session_open(session, call, SESSION_KEYS | (is_forced ? 0 : SESSION_DATABASE));
    return status == EXIT_DONE ? check_key(session, *purpose, *id) : status;
}

/* Why a key cannot become the primary one yet, or NULL: this machine's httpd, or another one, does not have
 * it. */
static const char *check_promotion(const session_t *session, keyname_purpose_t purpose, uint32_t id)
{
    const char *sentence, *names;
    loaded_t *loaded;

    sentence = read_loaded(&loaded, session);
    if (sentence)
        return sentence;
    if (!loaded_has(loaded, purpose, id))
        return apr_psprintf(session->pool,
                            "httpd has not loaded the %s key %u, and could not read what is made with it: "
                            "reload httpd first",
                            keyname_word(purpose), id);
    if (!nodes_without_key(&names, session->database, purpose, id, session->pool))
        return console_failure(session->database);
    return names ? apr_psprintf(
                       session->pool,
                       "%s: has not loaded the %s key %u, and could not read what is made with it: "
                       "give it the key file and reload it; after a reload, wait for its former children",
                       names, keyname_word(purpose), id)
                 : NULL;
}

int keyfile_promote(const call_t *call)
{
    int is_forced = call_has(call, OPTION_FORCE);
    const char *sentence = NULL;
    keyname_purpose_t purpose;
    session_t session;
    uint32_t id;
    int status;

    if ((status = open_for_key(&session, &purpose, &id, call, is_forced)) != EXIT_DONE)
        return status;
    if (!is_forced)
        sentence = check_promotion(&session, purpose, id);
    if (!sentence)
        sentence = keyedit_promote(session.key_file, purpose, id, call->pool);
    return sentence ? complain(EXIT_FAILED, "%s", sentence) : EXIT_DONE;
}

/* Why a key cannot be retired while all goes on, or NULL. */
static const char *check_retirement(const session_t *session, keyname_purpose_t purpose, uint32_t id)
{
    const char *sentence, *count, *names;
    const keyuse_t *use;
    loaded_t *loaded;

    sentence = read_loaded(&loaded, session);
    if (sentence)
        return sentence;
    if (loaded_is_primary(loaded, purpose, id))
        return apr_psprintf(session->pool, "httpd still makes new values with the %s key %u: reload it first",
                            keyname_word(purpose), id);
    if (!nodes_with_primary(&names, session->database, purpose, id, session->pool))
        return console_failure(session->database);
    if (names)
        return apr_psprintf(session->pool, "%s: still makes new values with the %s key %u: reload it first",
                            names, keyname_word(purpose), id);
    use = keyuse_read(session->database, session->pool);
    if (!use)
        return console_failure(session->database);
    count = keyuse_count(use, purpose, id);
    if (strcmp(count, "0") == 0)
        return NULL;
    return apr_psprintf(
        session->pool,
        purpose == KEYNAME_SEAL
            ? "the database holds %s secrets that are sealed with key %u: run tenantctl rewrap first"
            : "the database holds %s hashes of API keys that are made with pepper %u: replace those keys "
              "first",
        count, id);
}

int keyfile_retire(const call_t *call)
{
    int is_forced = call_has(call, OPTION_FORCE);
    const char *sentence = NULL;
    keyname_purpose_t purpose;
    session_t session;
    uint32_t id;
    int status;

    if ((status = open_for_key(&session, &purpose, &id, call, is_forced)) != EXIT_DONE)
        return status;
    if (!is_forced)
        sentence = check_retirement(&session, purpose, id);
    if (!sentence)
        sentence = keyedit_retire(session.key_file, purpose, id, call->pool);
    return sentence ? complain(EXIT_FAILED, "%s", sentence) : EXIT_DONE;
}
