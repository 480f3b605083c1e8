/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/secret/seal.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <json-c/json.h>

#include "corpora.h"
#include "scratch.h"
#include "tap.h"

/* Sealing keys 7 (00 01 … 1f) and 8, and the same without 7. */
#define PEPPER "pepper 1 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA= primary\n"
#define KEY_7  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_8  "VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVU="

static const char both_keys[] = PEPPER "seal 7 " KEY_7 "\nseal 8 " KEY_8 " primary\n";
static const char key_8_only[] = PEPPER "seal 8 " KEY_8 " primary\n";

static const seal_place_t place = {42, "tenants", "twilio_auth_token"};
static const char token[] = "0123456789abcdef0123456789abcdef";

/* The token sealed by another implementation (Python, checked against Wycheproof's vectors) under key 7, with
 * the nonce 40 41 … 57. */
#define KNOWN_HEAD "mt1.xchacha20poly1305.7."
#define KNOWN_BODY                                                                                           \
    "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX5Ag3Q-TVTyG3zebczPgA9KKLn_cnbGWtUgicJ2pgRvZox6OJVtMjeKfuIhV0YLc2"

enum { TOKEN_LENGTH = sizeof token - 1, TAG_BYTES = 16 };

static const keyring_t *read_ring(const char *text, apr_pool_t *pool)
{
    keyring_t *ring;
    const char *sentence = keyring_read(&ring, scratch_write("keys", text, strlen(text), 0600), pool);

    if (sentence)
        diag("%s", sentence);
    return ring;
}

static seal_result_t open_in(const keyring_t *ring, const seal_place_t *at, const char *envelope,
                             apr_pool_t *pool)
{
    const char *plaintext;
    apr_size_t length;

    return seal_open(&plaintext, &length, ring, at, envelope, pool);
}

static void test_known(const keyring_t *ring, apr_pool_t *pool)
{
    const char *plaintext;
    apr_size_t length;

    is(seal_open(&plaintext, &length, ring, &place, KNOWN_HEAD KNOWN_BODY, pool), SEAL_OPENED,
       "an envelope that another implementation made is opened, by a key that is not the primary one");
    is_bytes(plaintext, length + 1, token, sizeof token, "to the plaintext and a NUL");
}

static void test_round_trip(const keyring_t *ring, apr_pool_t *pool)
{
    static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static const char binary[] = "a\0b\xff";
    const char *sealed = seal_make(ring, &place, token, TOKEN_LENGTH, pool), *plaintext;
    apr_size_t length;

    ok(strncmp(sealed, "mt1.xchacha20poly1305.8.", 24) == 0, "an envelope names the primary key");
    ok(strlen(sealed) == 24 + (24 + TOKEN_LENGTH + TAG_BYTES) * 4 / 3, "and holds nonce, ciphertext and tag");
    ok(strspn(sealed + 24, base64url) == strlen(sealed + 24), "in base64url");
    is(seal_key_id(sealed), 8, "whose id can be read");
    ok(seal_key_id("token") == 0 && seal_key_id("mt2.xchacha20poly1305.8.x") == 0 &&
           seal_key_id("mt1.xchacha20poly1305.08.x") == 0,
       "but not of what is no envelope");
    ok(strcmp(sealed, seal_make(ring, &place, token, TOKEN_LENGTH, pool)) != 0, "no two are equal");
    is(seal_open(&plaintext, &length, ring, &place, sealed, pool), SEAL_OPENED, "it is opened");
    is_bytes(plaintext, length + 1, token, sizeof token, "to the plaintext and a NUL");
    sealed = seal_make(ring, &place, "", 0, pool);
    ok(seal_open(&plaintext, &length, ring, &place, sealed, pool) == SEAL_OPENED && length == 0 &&
           !*plaintext,
       "an empty value can be sealed");
    sealed = seal_make(ring, &place, binary, sizeof binary - 1, pool);
    ok(seal_open(&plaintext, &length, ring, &place, sealed, pool) == SEAL_OPENED, "so can bytes");
    is_bytes(plaintext, length, binary, sizeof binary - 1, "and come back");
}

static void test_altered(const keyring_t *ring, apr_pool_t *pool)
{
    char envelope[] = KNOWN_HEAD KNOWN_BODY, longer[sizeof envelope + 1];
    int opened = 0, not_corrupted = 0;
    apr_pool_t *each;

    apr_pool_create(&each, pool);
    for (size_t n = 0; n < sizeof envelope - 1; n++) {
        for (int byte = 0; byte < 256; byte++) {
            const char kept = envelope[n];
            seal_result_t result;

            envelope[n] = (char)byte;
            result = open_in(ring, &place, envelope, each);
            opened += result == SEAL_OPENED && envelope[n] != kept;
            not_corrupted += n >= sizeof KNOWN_HEAD - 1 && result != SEAL_CORRUPTED && envelope[n] != kept;
            envelope[n] = kept;
            apr_pool_clear(each);
        }
    }
    is(opened, 0, "no byte of an envelope can be replaced");
    is(not_corrupted, 0, "behind its head the result is always SEAL_CORRUPTED");
    opened = 0;
    for (size_t n = 0; n < sizeof envelope - 1; n++)
        opened += open_in(ring, &place, apr_pstrmemdup(each, envelope, n), each) == SEAL_OPENED;
    is(opened, 0, "nor can it be truncated");
    for (int byte = 1; byte < 256; byte++) {
        snprintf(longer, sizeof longer, "%s%c", envelope, byte);
        opened += open_in(ring, &place, longer, each) == SEAL_OPENED;
    }
    is(opened, 0, "nor extended");
}

static void test_places(const keyring_t *ring, apr_pool_t *pool)
{
    static const seal_place_t others[] = {
        {43, "tenants", "twilio_auth_token"},     {4, "2tenants", "twilio_auth_token"},
        {-42, "tenants", "twilio_auth_token"},    {42, "tenant", "twilio_auth_token"},
        {42, "tenants", "twilio_api_key_secret"}, {42, "tenantst", "wilio_auth_token"},
    };

    for (size_t n = 0; n < sizeof others / sizeof *others; n++)
        is(open_in(ring, &others[n], KNOWN_HEAD KNOWN_BODY, pool), SEAL_CORRUPTED, "in the place of %d %s %s",
           others[n].tenant_id, others[n].table, others[n].column);
}

static void test_same(const keyring_t *ring, const keyring_t *without, apr_pool_t *pool)
{
    const seal_place_t elsewhere = {43, "tenants", "twilio_auth_token"};
    const char *again = seal_make(ring, &place, token, TOKEN_LENGTH, pool);
    const char *shorter = seal_make(ring, &place, token, TOKEN_LENGTH - 1, pool);
    const char *other = seal_make(ring, &place, "0123456789abcdef0123456789abcdeF", TOKEN_LENGTH, pool);

    ok(seal_same(ring, &place, KNOWN_HEAD KNOWN_BODY, again, pool), "the same under two keys");
    ok(!seal_same(ring, &place, KNOWN_HEAD KNOWN_BODY, other, pool), "another text of that length");
    ok(!seal_same(ring, &place, again, shorter, pool) && !seal_same(ring, &place, shorter, again, pool),
       "a shorter one");
    ok(!seal_same(ring, &elsewhere, again, again, pool), "what opens elsewhere only");
    ok(!seal_same(without, &place, KNOWN_HEAD KNOWN_BODY, again, pool) &&
           !seal_same(without, &place, again, KNOWN_HEAD KNOWN_BODY, pool),
       "what is under an unknown key");
    ok(!seal_same(ring, &place, token, token, pool), "what is in clear");
}

static void test_results(const keyring_t *ring, const keyring_t *without, apr_pool_t *pool)
{
    static const char *const plaintexts[] = {"",
                                             "0123456789abcdef0123456789abcdef",
                                             "mt",
                                             "mt.",
                                             "mt1",
                                             "mtx1.a",
                                             "mt_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3bECnb"};
    static const char *const corrupted[] = {
        "mt1.",
        "mt1.xchacha20poly1305.",
        KNOWN_HEAD,
        "mt2.xchacha20poly1305.7." KNOWN_BODY,
        "mt10.xchacha20poly1305.7." KNOWN_BODY,
        "mt1.aes256gcm.7." KNOWN_BODY,
        "mt1.xchacha20poly1305.07." KNOWN_BODY,
        "mt1.xchacha20poly1305..7" KNOWN_BODY,
        "mt1.xchacha20poly1305.8." KNOWN_BODY,
        KNOWN_HEAD "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX5Ag3Q-TVTyG3zebczPgA",
    };

    is(open_in(without, &place, KNOWN_HEAD KNOWN_BODY, pool), SEAL_UNKNOWN_KEY,
       "a key that the ring has not");
    for (size_t n = 0; n < sizeof plaintexts / sizeof *plaintexts; n++)
        is(open_in(ring, &place, plaintexts[n], pool), SEAL_NOT_SEALED, "no envelope: '%s'", plaintexts[n]);
    for (size_t n = 0; n < sizeof corrupted / sizeof *corrupted; n++)
        is(open_in(ring, &place, corrupted[n], pool), SEAL_CORRUPTED, "corrupted: '%.30s'", corrupted[n]);
}

/* A plaintext and where to tell that it was wiped. */
typedef struct witness_t {
    const char *plaintext;
    int *wiped;
} witness_t;

static apr_status_t look(void *data)
{
    static const char zeros[TOKEN_LENGTH];
    const witness_t *witness = data;

    *witness->wiped = memcmp(witness->plaintext, zeros, sizeof zeros) == 0;
    return APR_SUCCESS;
}

/* Cleanups run last in, first out: one registered ahead of the opening sees what it leaves. */
static void test_wiped(const keyring_t *ring, apr_pool_t *pool)
{
    witness_t *witness;
    apr_size_t length;
    int wiped = 0;
    apr_pool_t *own;

    apr_pool_create(&own, pool);
    witness = apr_palloc(own, sizeof *witness);
    witness->wiped = &wiped;
    apr_pool_cleanup_register(own, witness, look, apr_pool_cleanup_null);
    seal_open(&witness->plaintext, &length, ring, &place, KNOWN_HEAD KNOWN_BODY, own);
    ok(memcmp(witness->plaintext, token, TOKEN_LENGTH) == 0, "a plaintext is there while its pool is");
    apr_pool_destroy(own);
    ok(wiped, "and is wiped with it");
}

/* The bytes that a member of a vector spells in hex, in pool. */
static unsigned char *member_bytes(apr_size_t *length, json_object *vector, const char *name,
                                   apr_pool_t *pool)
{
    const char *hex = json_object_get_string(json_object_object_get(vector, name));
    unsigned char *bytes;

    *length = strlen(hex) / 2;
    bytes = apr_palloc(pool, *length + 1);
    for (apr_size_t n = 0; n < *length; n++) {
        unsigned int byte;

        sscanf(hex + 2 * n, "%2x", &byte);
        bytes[n] = (unsigned char)byte;
    }
    return bytes;
}

/* Whether our decryption agrees with a vector of Wycheproof's: refuses it, or opens it to its plaintext, but
 * not with a nonce of another length. */
static int agrees(json_object *vector, apr_pool_t *pool)
{
    apr_size_t key_length, nonce_length, associated_length, length, sealed_length, tag_length;
    const unsigned char *key = member_bytes(&key_length, vector, "key", pool);
    const unsigned char *nonce = member_bytes(&nonce_length, vector, "iv", pool);
    const unsigned char *associated = member_bytes(&associated_length, vector, "aad", pool);
    const unsigned char *message = member_bytes(&length, vector, "msg", pool);
    const unsigned char *ciphertext = member_bytes(&sealed_length, vector, "ct", pool);
    const unsigned char *tag = member_bytes(&tag_length, vector, "tag", pool);
    unsigned char *sealed = apr_palloc(pool, sealed_length + tag_length + 1);
    unsigned char *opened = apr_palloc(pool, sealed_length + 1);
    int valid = strcmp(json_object_get_string(json_object_object_get(vector, "result")), "valid") == 0;

    if (key_length != KEYRING_KEY_BYTES)
        return 0;
    memcpy(sealed, ciphertext, sealed_length);
    memcpy(sealed + sealed_length, tag, tag_length);
    if (!seal_decrypt(opened, key, nonce, nonce_length, associated, associated_length, sealed,
                      sealed_length + tag_length))
        return !valid;
    return valid && sealed_length == length && memcmp(opened, message, length) == 0 &&
           !seal_decrypt(opened, key, nonce, nonce_length - 1, associated, associated_length, sealed,
                         sealed_length + tag_length);
}

static void test_wycheproof(apr_pool_t *pool)
{
    size_t vectors = 0, agreed = 0;
    apr_size_t length;
    const char *text =
        corpora_read(corpora_path("wycheproof/xchacha20_poly1305_test.json", pool), &length, pool);
    json_object *root, *groups;

    if (!text) {
        skip("Wycheproof's vectors are not there");
        return;
    }
    root = json_tokener_parse(apr_pstrmemdup(pool, text, length));
    groups = json_object_object_get(root, "testGroups");
    for (size_t group = 0; group < json_object_array_length(groups); group++) {
        json_object *tests = json_object_object_get(json_object_array_get_idx(groups, group), "tests");

        for (size_t n = 0; n < json_object_array_length(tests); n++, vectors++) {
            json_object *vector = json_object_array_get_idx(tests, n);

            if (agrees(vector, pool))
                agreed++;
            else
                diag("vector %s", json_object_get_string(json_object_object_get(vector, "tcId")));
        }
    }
    ok(vectors > 300 && agreed == vectors, "%zu of %zu vectors of Wycheproof's agree", agreed, vectors);
    json_object_put(root);
}

int main(void)
{
    const keyring_t *ring, *without;
    apr_pool_t *pool;

    scratch_make();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    ring = read_ring(both_keys, pool);
    without = read_ring(key_8_only, pool);
    plan(2 + 11 + 4 + 6 + 6 + 18 + 2 + 1);
    test_known(ring, pool);
    test_round_trip(ring, pool);
    test_altered(ring, pool);
    test_places(ring, pool);
    test_same(ring, without, pool);
    test_results(ring, without, pool);
    test_wiped(ring, pool);
    test_wycheproof(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_status();
}
