/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/secret/mac.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <json-c/json.h>

#include "corpora.h"
#include "tap.h"

static const char *hex(const unsigned char *bytes, size_t length, apr_pool_t *pool)
{
    const char *text = "";

    for (size_t n = 0; n < length; n++)
        text = apr_psprintf(pool, "%s%02x", text, bytes[n]);
    return text;
}

static const char *member(json_object *object, const char *name)
{
    return json_object_get_string(json_object_object_get(object, name));
}

/* The bytes of hexadecimal digits. */
static mac_part_t unhex(const char *digits, apr_pool_t *pool)
{
    mac_part_t part = {.length = strlen(digits) / 2};
    char *bytes = apr_palloc(pool, part.length + 1);

    for (size_t n = 0; n < part.length; n++)
        bytes[n] = (char)strtol(apr_pstrndup(pool, digits + 2 * n, 2), NULL, 16);
    part.bytes = bytes;
    return part;
}

/* RFC 2202 section 3, and a key of just a block. */
static void test_known(apr_pool_t *pool)
{
    static const struct {
        int key_length;
        const char *key, *text, *mac;
    } known[] = {
        {4, "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {0, NULL, "", "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"},
        {80,
         "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
         "\xaa\xaa\xaa"
         "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
         "\xaa\xaa\xaa"
         "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
         "\xaa\xaa",
         "Test Using Larger Than Block-Size Key - Hash Key First",
         "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
    };

    for (size_t n = 0; n < sizeof known / sizeof *known; n++) {
        size_t length = strlen(known[n].text);
        const mac_part_t halves[] = {{known[n].text, length / 2},
                                     {NULL, 0},
                                     {known[n].text + length / 2, length - length / 2}};
        unsigned char mac[MAC_SHA1_BYTES];

        mac_sha1(mac, known[n].key, (size_t)known[n].key_length, halves, 3);
        is_text(hex(mac, sizeof mac, pool), known[n].mac, "HMAC-SHA1 of `%s` in parts", known[n].text);
    }
}

/* RFC 4231 section 4: its cases 1, 2 and 7, and a key of nothing. */
static void test_known_sha256(apr_pool_t *pool)
{
    const char *const key =
        "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b";
    char *const long_key = apr_palloc(pool, 131);
    const struct {
        size_t key_length;
        const char *key, *text, *mac;
    } known[] = {
        {20, key, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {4, "Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {131, long_key,
         "This is a test using a larger than block-size key and a larger than block-size data. The key needs "
         "to be hashed before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
        {0, NULL, "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };

    memset(long_key, 0xaa, 131);
    for (size_t n = 0; n < sizeof known / sizeof *known; n++) {
        size_t length = strlen(known[n].text);
        const mac_part_t halves[] = {{known[n].text, length / 2},
                                     {NULL, 0},
                                     {known[n].text + length / 2, length - length / 2}};
        unsigned char mac[MAC_SHA256_BYTES];

        mac_sha256(mac, known[n].key, known[n].key_length, halves, 3);
        is_text(hex(mac, sizeof mac, pool), known[n].mac, "HMAC-SHA256 of `%.30s` in parts", known[n].text);
    }
}

/* One of the two, and the file with Wycheproof's vectors for it. */
typedef struct hmac_t {
    const char *file;
    void (*make)(unsigned char *mac, const char *key, size_t key_length, const mac_part_t *parts, int count);
    size_t size;
    size_t vectors; /* at least */
} hmac_t;

static const hmac_t sha1 = {"wycheproof/hmac_sha1_test.json", mac_sha1, MAC_SHA1_BYTES, 80};
static const hmac_t sha256 = {"wycheproof/hmac_sha256_test.json", mac_sha256, MAC_SHA256_BYTES, 80};

/* Whether a vector's tag is ours just if it is meant to be. */
static int agrees(const hmac_t *hmac, json_object *vector, apr_pool_t *pool)
{
    const mac_part_t key = unhex(member(vector, "key"), pool);
    const mac_part_t message = unhex(member(vector, "msg"), pool);
    unsigned char mac[MAC_SHA256_BYTES];
    int is_same;

    hmac->make(mac, key.bytes, key.length, &message, 1);
    is_same = strcmp(hex(mac, hmac->size, pool), member(vector, "tag")) == 0;
    return is_same == (strcmp(member(vector, "result"), "valid") == 0);
}

static void test_wycheproof(const hmac_t *hmac, apr_pool_t *pool)
{
    size_t vectors = 0, agreed = 0;
    apr_size_t length;
    const char *text = corpora_read(corpora_path(hmac->file, pool), &length, pool);
    json_object *root, *groups;

    if (!text) {
        skip("Wycheproof's vectors are not there");
        return;
    }
    root = json_tokener_parse(apr_pstrmemdup(pool, text, length));
    groups = json_object_object_get(root, "testGroups");
    for (size_t group = 0; group < json_object_array_length(groups); group++) {
        json_object *one = json_object_array_get_idx(groups, group);
        json_object *tests = json_object_object_get(one, "tests");

        if ((size_t)json_object_get_int(json_object_object_get(one, "tagSize")) != 8 * hmac->size)
            continue; /* cut off, which ours never are */
        for (size_t n = 0; n < json_object_array_length(tests); n++, vectors++)
            agreed += (size_t)agrees(hmac, json_object_array_get_idx(tests, n), pool);
    }
    ok(vectors > hmac->vectors && agreed == vectors, "%zu of %zu vectors of Wycheproof's agree: %s", agreed,
       vectors, hmac->file);
    json_object_put(root);
}

static void test_base64(void)
{
    /* ends in a zero, as does what is decoded of a text that is too short */
    static const unsigned char mac[MAC_SHA1_BYTES] = {0xFB, 0xFF, 2,  3,  4,  5,  6,  7,  8,
                                                      9,    10,   11, 12, 13, 14, 15, 16, 17};
    static const char good[] = "+/8CAwQFBgcICQoLDA0ODxARAAA=";
    static const char *const bad[] = {
        "",
        "=",
        "+/8CAwQFBgcICQoLDA0ODxARAA==",    /* a byte less, which is zero */
        "+/8CAwQFBgcICQoLDA0ODxAR",        /* two less */
        "+/8CAwQFBgcICQoLDA0ODxARAAAA",    /* a byte more */
        "+/8CAwQFBgcICQoLDA0ODxARAAE=",    /* another last byte */
        "+v8CAwQFBgcICQoLDA0ODxARAAA=",    /* another first one */
        "+/8CAwQFBgcICQoLDA0ODxARAAB=",    /* loose bits */
        "+/8CAwQFBgcICQoLDA0ODxARAAA",     /* no padding */
        "+/8CAwQFBgcICQoLDA0ODxARAAA==",   /* too much */
        "-_8CAwQFBgcICQoLDA0ODxARAAA=",    /* base64url */
        " +/8CAwQFBgcICQoLDA0ODxARAAA=",   /* spaces */
        "+/8CAwQFBgcICQoLDA0ODxARAAA= ",   /* behind it */
        "+/8CAwQFBgcICQoLDA0ODxARAAA=, x", /* a second one */
        "+/8CAwQFBgcICQoLDA0ODxAR\xc1\x81"
        "A=" /* letters with their highest bit set */
    };

    ok(mac_is(mac, good, sizeof good - 1), "the base64 of a MAC is it");
    ok(!mac_is(mac, good, sizeof good), "... not with the NUL behind it");
    for (size_t n = 0; n < sizeof bad / sizeof *bad; n++)
        ok(!mac_is(mac, bad[n], strlen(bad[n])), "`%s` is not", bad[n]);
}

static void test_sha256(void)
{
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    static const char upper[] = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
    static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    ok(mac_is_sha256(abc, 64, "abc", 3), "a SHA-256 (FIPS 180-4)");
    ok(mac_is_sha256(upper, 64, "abc", 3), "... in upper case");
    ok(mac_is_sha256(nothing, 64, NULL, 0), "... of nothing");
    ok(!mac_is_sha256(abc, 64, "abd", 3), "... of something else");
    ok(!mac_is_sha256(abc, 62, "abc", 3), "... cut off");
    ok(!mac_is_sha256(abc, 63, "abc", 3), "... by a digit");
    ok(!mac_is_sha256(abc, 0, "abc", 3), "... to nothing");
    ok(!mac_is_sha256("0x7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 64, "abc", 3),
       "... with what is no digit");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_known(pool);
    test_known_sha256(pool);
    test_wycheproof(&sha1, pool);
    test_wycheproof(&sha256, pool);
    test_base64();
    test_sha256();
    apr_terminate();
    return done();
}
