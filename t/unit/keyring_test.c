/* SPDX-License-Identifier: Apache-2.0 */
/* What a key file may say, line by line; keyfile_test.c has the file itself. */
#include "../../mod_tenant/secret/keyring.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "scratch.h"
#include "tap.h"

/* Keys in base64: 00 01 … 1f, 01 02 … 20, ff … ff, and 32 bytes of 55. */
#define KEY_A    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_B    "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
#define KEY_C    "//////////////////////////////////////////8="
#define KEY_D    "VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVU="
#define KEY_ZERO "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

#define SEAL   "seal 1 " KEY_A " primary\n"
#define PEPPER "pepper 1 " KEY_B " primary\n"

static const char *const keys[] = {KEY_A, KEY_B, KEY_C, KEY_D};

/* A text that is refused, and a part of the sentence that says so. */
typedef struct refusal_t {
    const char *name;
    const char *text;
    const char *sentence;
} refusal_t;

static const char form[] = ": a line has the form: seal|pepper ID BASE64 [primary]";
static const char not_base64[] = "line 3: the key is not 32 bytes in padded base64";
static const char not_id[] = "line 3: an id is a decimal number from 1 to 4294967295";

static const refusal_t whole_files[] = {
    {"an empty file", "", "no seal key is marked primary"},
    {"no sealing key", PEPPER, "no seal key is marked primary"},
    {"no pepper", SEAL, "no pepper key is marked primary"},
    {"no primary pepper", SEAL "pepper 1 " KEY_B "\n", "no pepper key is marked primary"},
    {"no primary sealing key", PEPPER "seal 1 " KEY_A "\n", "no seal key is marked primary"},
};

/* Third lines, after a good sealing key and a good pepper. */
static const refusal_t third_lines[] = {
    {"two primary sealing keys", "seal 2 " KEY_C " primary\n", "line 3: an earlier line has"},
    {"two primary peppers", "pepper 2 " KEY_C " primary\n", "line 3: an earlier line has"},
    {"an id twice", "seal 1 " KEY_C "\n", "line 3: the id is taken"},
    {"a key twice for one purpose", "seal 2 " KEY_A "\n", "line 3: the key equals one"},
    {"a key twice for both purposes", "seal 2 " KEY_B "\n", "line 3: the key equals one"},
    {"a key of zeros", "seal 2 " KEY_ZERO "\n", "line 3: the key is all zeros"},
    {"31 bytes", "seal 2 /////////////////////////////////////////w==\n", not_base64},
    {"33 bytes", "seal 2 ////////////////////////////////////////////\n", not_base64},
    {"a short key", "seal 2 VVVVVVVV\n", not_base64},
    {"no padding", "seal 2 VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVU\n", not_base64},
    {"base64url", "seal 2 __________________________________________8=\n", not_base64},
    {"loose bits at the end", "seal 2 VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVV=\n", not_base64},
    {"a byte beyond ASCII", "seal 2 \xff/////////////////////////////////////////8=\n", not_base64},
    {"a carriage return", "seal 2 " KEY_C "\r\n", not_base64},
    {"a key in the place of the id", "seal " KEY_C " 2\n", not_id},
    {"id 0", "seal 0 " KEY_C "\n", not_id},
    {"id 01", "seal 01 " KEY_C "\n", not_id},
    {"a negative id", "seal -2 " KEY_C "\n", not_id},
    {"an id with a letter", "seal 2a " KEY_C "\n", not_id},
    {"an id above 32 bits", "seal 4294967296 " KEY_C "\n", not_id},
    {"an id above 64 bits", "seal 18446744073709551617 " KEY_C "\n", not_id},
    {"another purpose", "salt 2 " KEY_C "\n", "line 3: a key is for seal or"},
    {"a purpose in capitals", "SEAL 2 " KEY_C "\n", "line 3: a key is for seal or"},
    {"a key in the place of the purpose", KEY_C " 2 seal\n", "line 3: a key is for seal or"},
    {"a key on a line of its own", KEY_C "\n", form},
    {"another word than primary", "seal 2 " KEY_C " first\n", form},
    {"a key after the key", "seal 2 " KEY_C " " KEY_D "\n", form},
    {"five words", "seal 2 " KEY_C " primary " KEY_D, form},
    {"an indented comment", " # " KEY_D "\n", form},
};

#define COUNT(list) ((int)(sizeof list / sizeof *list))

/* Whether a sentence holds any eight characters in a row of one of our keys. */
static int shows_key(const char *sentence)
{
    for (size_t key = 0; key < sizeof keys / sizeof *keys; key++) {
        for (size_t n = 0; n + 8 <= strlen(keys[key]); n++) {
            if (memmem(sentence, strlen(sentence), keys[key] + n, 8))
                return 1;
        }
    }
    return 0;
}

static const char *read_text(keyring_t **ring, const char *text, size_t length, apr_pool_t *pool)
{
    return keyring_read(ring, scratch_write("keys", text, length, 0600), pool);
}

static void test_refusal(const refusal_t *refusal, const char *prefix, apr_pool_t *pool)
{
    const char *text = apr_pstrcat(pool, prefix, refusal->text, NULL);
    keyring_t *ring = (keyring_t *)pool;
    const char *sentence = read_text(&ring, text, strlen(text), pool);

    if (!ok(sentence && strstr(sentence, refusal->sentence) && strstr(sentence, scratch_path("keys")) &&
                !shows_key(sentence) && !ring,
            "refused, with path and line and no key: %s", refusal->name))
        diag("%s", sentence ? sentence : "(no sentence)");
}

static void test_nul(apr_pool_t *pool)
{
    static const char text[] = SEAL PEPPER "seal 2 VVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVU\0\n";
    const char *sentence;
    keyring_t *ring;

    sentence = read_text(&ring, text, sizeof text - 1, pool);
    ok(sentence && strstr(sentence, not_base64), "refused: a key that ends in NUL");
}

/* Whether the n-th key of a purpose is this one. */
static int key_is(const keyring_t *ring, keyname_purpose_t purpose, int n, uint32_t id, int byte)
{
    const keyring_key_t *key = keyring_key(ring, purpose, n);

    return key && key->purpose == purpose && key->id == id && key->primary == (n == 0) &&
           key->bytes[0] == byte;
}

static void test_accepted(apr_pool_t *pool)
{
    static const char text[] = "# a comment with " KEY_A "\n\n \t \n"
                               "seal 4294967295 " KEY_C "\n"
                               "\tpepper\t1   " KEY_B "\tprimary \n"
                               "seal 2 " KEY_A "  primary\n"
                               "seal 1 " KEY_D; /* no newline at the end */
    unsigned char bytes[KEYRING_KEY_BYTES];
    keyring_t *ring;

    for (int n = 0; n < KEYRING_KEY_BYTES; n++)
        bytes[n] = (unsigned char)n;
    is_text(read_text(&ring, text, sizeof text - 1, pool), NULL,
            "comments, blanks and several keys are read");
    ok(key_is(ring, KEYNAME_SEAL, 0, 2, 0x00), "the primary sealing key comes first");
    is_bytes(keyring_key(ring, KEYNAME_SEAL, 0)->bytes, KEYRING_KEY_BYTES, bytes, sizeof bytes,
             "its bytes are the decoded ones");
    ok((key_is(ring, KEYNAME_SEAL, 1, 1, 0x55) && key_is(ring, KEYNAME_SEAL, 2, UINT32_MAX, 0xff)) ||
           (key_is(ring, KEYNAME_SEAL, 2, 1, 0x55) && key_is(ring, KEYNAME_SEAL, 1, UINT32_MAX, 0xff)),
       "the others follow");
    ok(!keyring_key(ring, KEYNAME_SEAL, 3) && !keyring_key(ring, KEYNAME_SEAL, -1), "there are no more");
    ok(key_is(ring, KEYNAME_PEPPER, 0, 1, 0x01) && !keyring_key(ring, KEYNAME_PEPPER, 1),
       "the ids of the purposes are apart");
}

/* As many keys as a file holds: the guarded memory has room for each. */
static void test_full(apr_pool_t *pool)
{
    enum { LINE = sizeof "pepper 1000 " KEY_A "\n" - 1, KEYS = 1000 };
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef";
    static char text[sizeof SEAL PEPPER + KEYS * LINE];
    size_t length = (size_t)snprintf(text, sizeof text, "%s%s", SEAL, PEPPER);
    keyring_t *ring;

    for (int n = 0; n < KEYS; n++)
        length += (size_t)snprintf(text + length, sizeof text - length, "seal %d %c%c%.42s\n", n + 1000,
                                   digits[n % 32], digits[n / 32], KEY_D + 2);
    is_text(read_text(&ring, text, length, pool), NULL, "a thousand keys are read");
    ok(keyring_key(ring, KEYNAME_SEAL, KEYS) && !keyring_key(ring, KEYNAME_SEAL, KEYS + 1), "each is there");
}

int main(void)
{
    apr_pool_t *pool;

    scratch_make();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    plan(COUNT(whole_files) + COUNT(third_lines) + 9);
    for (int n = 0; n < COUNT(whole_files); n++)
        test_refusal(&whole_files[n], "", pool);
    for (int n = 0; n < COUNT(third_lines); n++)
        test_refusal(&third_lines[n], SEAL PEPPER, pool);
    test_nul(pool);
    test_accepted(pool);
    test_full(pool);
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_status();
}
