/* SPDX-License-Identifier: Apache-2.0 */
#include "keyring.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <sodium.h>
#include <string.h>

#include "base64.h"
#include "keyfile.h"
#include "keyline.h"

/* The shortest line that holds a key. */
enum { LINE_MIN = sizeof "seal 1 " - 1 + 44 };

struct keyring_t {
    apr_array_header_t *keys[KEYNAME_PURPOSES]; /* keyring_key_t, the primary one first */
    unsigned char *bytes;                       /* guarded: every key, in the order of the file */
    apr_size_t size;                            /* of bytes */
    apr_size_t used;                            /* of size */
};

static apr_status_t wipe(void *data)
{
    keyring_t *ring = data;

    sodium_free(ring->bytes);
    ring->bytes = NULL;
    return APR_SUCCESS;
}

/* Decodes a key straight into the guarded memory. NULL, or what is wrong with it. */
static const char *read_bytes(keyring_t *ring, const keyline_t *line)
{
    unsigned char *bytes = ring->bytes + ring->used;
    size_t length;

    if (!base64_decode(bytes, KEYRING_KEY_BYTES, &length, line->base64, line->length,
                       sodium_base64_VARIANT_ORIGINAL) ||
        length != KEYRING_KEY_BYTES)
        return "the key is not 32 bytes in padded base64";
    if (sodium_is_zero(bytes, KEYRING_KEY_BYTES))
        return "the key is all zeros";
    for (apr_size_t other = 0; other < ring->used; other += KEYRING_KEY_BYTES) {
        if (sodium_memcmp(ring->bytes + other, bytes, KEYRING_KEY_BYTES) == 0)
            return "the key equals one in an earlier line";
    }
    ring->used += KEYRING_KEY_BYTES;
    return NULL;
}

/* Takes a key into the list of its purpose. NULL, or what is wrong with it. */
static const char *add_key(keyring_t *ring, const keyring_key_t *key)
{
    apr_array_header_t *keys = ring->keys[key->purpose];
    keyring_key_t *first;

    if (keyring_find(ring, key->purpose, key->id))
        return "the id is taken by an earlier line";
    APR_ARRAY_PUSH(keys, keyring_key_t) = *key;
    if (!key->primary)
        return NULL;
    first = (keyring_key_t *)keys->elts;
    if (keys->nelts > 1 && first->primary)
        return "an earlier line has the primary key of this purpose";
    APR_ARRAY_IDX(keys, keys->nelts - 1, keyring_key_t) = *first;
    *first = *key;
    return NULL;
}

/* Reads a line. NULL, or what is wrong with it. */
static const char *read_line(keyring_t *ring, const char *text, apr_size_t length)
{
    keyline_t line;
    keyring_key_t key;
    const char *wrong = keyline_read(&line, text, length);

    if (wrong || line.id == 0)
        return wrong;
    key.purpose = line.purpose;
    key.id = line.id;
    key.primary = line.primary;
    key.bytes = ring->bytes + ring->used;
    wrong = read_bytes(ring, &line);
    return wrong ? wrong : add_key(ring, &key);
}

static const char *read_lines(keyring_t *ring, const char *text, apr_size_t length, const char *path,
                              apr_pool_t *pool)
{
    const char *end = text + length;

    for (int number = 1; text < end; number++) {
        const char *newline = memchr(text, '\n', (apr_size_t)(end - text));
        const char *line_end = newline ? newline : end;
        const char *wrong = read_line(ring, text, (apr_size_t)(line_end - text));

        if (wrong)
            return apr_psprintf(pool, "key file %s, line %d: %s", path, number, wrong);
        text = newline ? newline + 1 : end;
    }
    for (int purpose = 0; purpose < KEYNAME_PURPOSES; purpose++) {
        const keyring_key_t *first = keyring_key(ring, (keyname_purpose_t)purpose, 0);

        if (!first || !first->primary)
            return apr_psprintf(pool, "key file %s: no %s key is marked primary", path,
                                keyname_word((keyname_purpose_t)purpose));
    }
    return NULL;
}

/* Makes an empty ring with room for every key that a text of this length can hold. */
static keyring_t *make_ring(apr_size_t text_length, apr_pool_t *pool)
{
    keyring_t *ring = apr_pcalloc(pool, sizeof *ring);

    for (int purpose = 0; purpose < KEYNAME_PURPOSES; purpose++)
        ring->keys[purpose] = apr_array_make(pool, 2, sizeof(keyring_key_t));
    ring->size = (text_length / LINE_MIN + 1) * KEYRING_KEY_BYTES;
    ring->bytes = sodium_malloc(ring->size);
    if (!ring->bytes)
        return NULL;
    apr_pool_cleanup_register(pool, ring, wipe, apr_pool_cleanup_null);
    return ring;
}

const char *keyring_read(keyring_t **ring, const char *path, apr_pool_t *pool)
{
    const char *sentence;
    apr_size_t length;
    keyring_t *made;
    char *text;

    *ring = NULL;
    sentence = keyfile_read(&text, &length, path, pool);
    if (sentence)
        return sentence;
    made = make_ring(length, pool);
    if (!made) {
        keyfile_free(text);
        return apr_psprintf(pool, "key file %s: no guarded memory for its keys", path);
    }
    sentence = read_lines(made, text, length, path, pool);
    keyfile_free(text);
    if (!sentence && sodium_mprotect_readonly(made->bytes) != 0)
        sentence = apr_psprintf(pool, "key file %s: its keys cannot be made read-only in memory", path);
    if (sentence) {
        apr_pool_cleanup_run(pool, made, wipe);
        return sentence;
    }
    *ring = made;
    return NULL;
}

int keyring_lock(const keyring_t *ring)
{
    return sodium_mlock(ring->bytes, ring->size) == 0;
}

const keyring_key_t *keyring_key(const keyring_t *ring, keyname_purpose_t purpose, int n)
{
    const apr_array_header_t *keys = ring->keys[purpose];

    return n >= 0 && n < keys->nelts ? &APR_ARRAY_IDX(keys, n, const keyring_key_t) : NULL;
}

const keyring_key_t *keyring_any(const keyring_t *ring, int n)
{
    for (int purpose = 0; purpose < KEYNAME_PURPOSES; purpose++) {
        int count = ring->keys[purpose]->nelts;

        if (n < count)
            return &APR_ARRAY_IDX(ring->keys[purpose], n, keyring_key_t);
        n -= count;
    }
    return NULL;
}

const keyring_key_t *keyring_find(const keyring_t *ring, keyname_purpose_t purpose, uint32_t id)
{
    const keyring_key_t *key;

    for (int n = 0; (key = keyring_key(ring, purpose, n)) != NULL; n++) {
        if (key->id == id)
            return key;
    }
    return NULL;
}
