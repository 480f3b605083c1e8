/* SPDX-License-Identifier: Apache-2.0 */
#include "keyedit.h"

#include <apr_strings.h>
#include <sodium.h>
#include <string.h>

#include "keyfile.h"
#include "keyline.h"

enum { BASE64_LENGTH = 44, LINE_MAX_LENGTH = sizeof "pepper 4294967295  primary\n" - 1 + BASE64_LENGTH };

_Static_assert(sodium_base64_ENCODED_LEN(KEYRING_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL) ==
                   BASE64_LENGTH + 1,
               "a key's length in base64");

static const char header[] =
    "# Keys of mod_tenant: seal|pepper ID BASE64 [primary]\n"
    "# What was sealed or hashed with a key is lost with it: keep a copy in a safe place.\n";

/* A text in guarded memory; what is put into it has room. */
typedef struct text_t {
    char *bytes;
    apr_size_t length;
} text_t;

/* What is changed of a key file. */
typedef enum change_t { CHANGE_ADD, CHANGE_PROMOTE, CHANGE_RETIRE } change_t;

typedef struct edit_t {
    change_t change;
    keyname_purpose_t purpose;
    uint32_t id;
} edit_t;

static const char *refuse(const char *path, const char *why, apr_pool_t *pool)
{
    return apr_pstrcat(pool, "key file ", path, ": ", why, NULL);
}

static void put(text_t *text, const char *bytes, apr_size_t length)
{
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

/* Puts what stands ahead of a line's base64. */
static void put_name(text_t *text, keyname_purpose_t purpose, uint32_t id)
{
    char name[LINE_MAX_LENGTH];
    int length = apr_snprintf(name, sizeof name, "%s %u ", keyname_word(purpose), id);

    put(text, name, (apr_size_t)length);
}

static void put_end(text_t *text, int primary)
{
    const char *end = primary ? " primary\n" : "\n";

    put(text, end, strlen(end));
}

/* Puts a line with a new key. 0: no guarded memory. */
static int put_new_key(text_t *text, keyname_purpose_t purpose, uint32_t id, int primary)
{
    unsigned char *bytes = sodium_malloc(KEYRING_KEY_BYTES);

    if (!bytes)
        return 0;
    put_name(text, purpose, id);
    randombytes_buf(bytes, KEYRING_KEY_BYTES);
    sodium_bin2base64(text->bytes + text->length, BASE64_LENGTH + 1, bytes, KEYRING_KEY_BYTES,
                      sodium_base64_VARIANT_ORIGINAL);
    text->length += BASE64_LENGTH;
    sodium_free(bytes);
    put_end(text, primary);
    return 1;
}

const char *keyedit_make(const char *path, apr_pool_t *pool)
{
    const char *sentence;
    text_t text = {NULL, 0};

    if (sodium_init() < 0)
        return refuse(path, "libsodium does not start", pool);
    text.bytes = sodium_malloc(sizeof header + 2 * LINE_MAX_LENGTH);
    if (!text.bytes)
        return refuse(path, "no guarded memory", pool);
    put(&text, header, sizeof header - 1);
    if (put_new_key(&text, KEYNAME_SEAL, 1, 1) && put_new_key(&text, KEYNAME_PEPPER, 1, 1))
        sentence = keyfile_create(path, text.bytes, text.length, pool);
    else
        sentence = refuse(path, "no guarded memory", pool);
    sodium_free(text.bytes);
    return sentence;
}

/* Puts the line of a key of the edit's purpose as the edit leaves it. 0: it stays as it is. */
static int put_edited(text_t *text, const edit_t *edit, const keyline_t *key)
{
    static const char retired[] = "retired";
    int is_meant = key->id == edit->id;

    if (edit->change == CHANGE_RETIRE && is_meant) {
        put(text, "# ", 2);
        put_name(text, key->purpose, key->id);
        put(text, retired, sizeof retired - 1);
        put_end(text, 0);
        return 1;
    }
    if (edit->change == CHANGE_PROMOTE && key->primary != is_meant) {
        put_name(text, key->purpose, key->id);
        put(text, key->base64, key->length);
        put_end(text, is_meant);
        return 1;
    }
    return 0;
}

typedef void line_fn(void *context, const char *line, apr_size_t length);

/* Calls visit for each line of a text. */
static void each_line(const char *text, apr_size_t length, line_fn *visit, void *context)
{
    const char *end = text + length;

    while (text < end) {
        const char *newline = memchr(text, '\n', (apr_size_t)(end - text));
        const char *line_end = newline ? newline : end;

        visit(context, text, (apr_size_t)(line_end - text));
        text = line_end + 1;
    }
}

/* The file while it is rewritten. */
typedef struct rewriting_t {
    const edit_t *edit;
    text_t text;
    uint32_t highest; /* id of the edit's purpose, retired ones included */
} rewriting_t;

static void rewrite_line(void *context, const char *line, apr_size_t length)
{
    rewriting_t *rewriting = context;
    const edit_t *edit = rewriting->edit;
    uint32_t id = keyline_retired(edit->purpose, line, length);
    int edited = 0;
    keyline_t key;

    keyline_read(&key, line, length); /* the keyring has taken every line */
    if (key.id != 0 && key.purpose == edit->purpose) {
        id = key.id;
        edited = put_edited(&rewriting->text, edit, &key);
    }
    if (!edited) {
        put(&rewriting->text, line, length);
        put_end(&rewriting->text, 0);
    }
    if (id > rewriting->highest)
        rewriting->highest = id;
}

/* Why a key file that can be read cannot be edited so, or NULL. */
static const char *check(const edit_t *edit, const keyring_t *ring, const char *path, apr_pool_t *pool)
{
    const keyring_key_t *key;

    if (edit->change == CHANGE_ADD)
        return NULL;
    key = keyring_find(ring, edit->purpose, edit->id);
    if (!key)
        return refuse(path, apr_psprintf(pool, "has no %s key %u", keyname_word(edit->purpose), edit->id),
                      pool);
    if (edit->change == CHANGE_RETIRE && key->primary)
        return refuse(path,
                      apr_psprintf(pool, "the %s key %u is primary: promote another one first",
                                   keyname_word(edit->purpose), edit->id),
                      pool);
    return NULL;
}

/* Writes the edited text beside the file, and puts it in place where it is a key file. */
static const char *replace(int lock, const text_t *text, const char *path, apr_pool_t *pool)
{
    const char *staged, *sentence = keyfile_stage(&staged, lock, path, text->bytes, text->length, pool);
    keyring_t *ring;

    if (sentence)
        return sentence;
    sentence = keyring_read(&ring, staged, pool);
    if (!sentence)
        return keyfile_commit(staged, path, pool);
    keyfile_discard(staged);
    return sentence;
}

/* Edits the locked file. */
static const char *edit_locked(edit_t *edit, int lock, const char *path, apr_pool_t *pool)
{
    rewriting_t rewriting = {.edit = edit};
    const char *sentence;
    apr_size_t length;
    keyring_t *ring;
    char *text;

    sentence = keyring_read(&ring, path, pool);
    if (!sentence)
        sentence = check(edit, ring, path, pool);
    if (!sentence)
        sentence = keyfile_read(&text, &length, path, pool);
    if (sentence)
        return sentence;
    /* A promotion makes a line longer by a word, a line without a newline gets one, an addition is a line. */
    rewriting.text.bytes = sodium_malloc(length + 2 * LINE_MAX_LENGTH);
    if (rewriting.text.bytes) {
        each_line(text, length, rewrite_line, &rewriting);
        if (edit->change == CHANGE_ADD)
            edit->id = rewriting.highest + 1;
        if (edit->id == 0)
            sentence = refuse(path, "no id is left", pool);
        else if (edit->change == CHANGE_ADD && !put_new_key(&rewriting.text, edit->purpose, edit->id, 0))
            sentence = refuse(path, "no guarded memory", pool);
        else
            sentence = replace(lock, &rewriting.text, path, pool);
    } else {
        sentence = refuse(path, "no guarded memory", pool);
    }
    sodium_free(rewriting.text.bytes);
    keyfile_free(text);
    return sentence;
}

static const char *run(edit_t *edit, const char *path, apr_pool_t *pool)
{
    const char *sentence;
    int lock;

    sentence = keyfile_lock(&lock, path, pool);
    if (sentence)
        return sentence;
    sentence = edit_locked(edit, lock, path, pool);
    keyfile_unlock(lock);
    return sentence;
}

const char *keyedit_add(uint32_t *id, const char *path, keyname_purpose_t purpose, apr_pool_t *pool)
{
    edit_t edit = {.change = CHANGE_ADD, .purpose = purpose};
    const char *sentence = run(&edit, path, pool);

    *id = edit.id;
    return sentence;
}

const char *keyedit_promote(const char *path, keyname_purpose_t purpose, uint32_t id, apr_pool_t *pool)
{
    edit_t edit = {.change = CHANGE_PROMOTE, .purpose = purpose, .id = id};

    return run(&edit, path, pool);
}

const char *keyedit_retire(const char *path, keyname_purpose_t purpose, uint32_t id, apr_pool_t *pool)
{
    edit_t edit = {.change = CHANGE_RETIRE, .purpose = purpose, .id = id};

    return run(&edit, path, pool);
}
