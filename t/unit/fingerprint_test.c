/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/secret/fingerprint.h"

#include <stdio.h>

#include "tap.h"

static unsigned char pepper_bytes[KEYRING_KEY_BYTES];
static const keyring_key_t pepper = {.purpose = KEYNAME_PEPPER, .id = 1, .primary = 1, .bytes = pepper_bytes};

static const char *content(const char *scope, const char *bytes)
{
    static char hex[2 * FINGERPRINT_CONTENT_BYTES + 1];
    unsigned char made[FINGERPRINT_CONTENT_BYTES];

    fingerprint_content(made, &pepper, scope, bytes, strlen(bytes));
    for (int i = 0; i < FINGERPRINT_CONTENT_BYTES; i++)
        sprintf(hex + 2 * i, "%02x", made[i]);
    return hex;
}

/* By Python's hashlib.blake2b(scope + NUL + bytes, digest_size=32, key=…, person=b'mod_tenant body\0'). */
static void test_content(void)
{
    is_text(content("7/calls/key", "{\"sid\":\"x\"}"),
            "14eca95635b11adaa4a63dc5f85765babcf7ce56f2ce7c2366da8bc9abdfe5da",
            "BLAKE2b, keyed and personalised");
    is_text(content("7/calls/key", ""), "7ce638809a547fbdd354d6e7bdfbf32a0ed3938113a3a921b91ab9bb84e4f776",
            "of nothing");
    is_text(content("8/calls/key", "{\"sid\":\"x\"}"),
            "cdc4d0a8c1815360fc76916ed94c12e90973b6fad392922da9e77f8a0a4abf86",
            "in another scope another one");
    pepper_bytes[0] ^= 1;
    ok(strcmp(content("7/calls/key", ""),
              "7ce638809a547fbdd354d6e7bdfbf32a0ed3938113a3a921b91ab9bb84e4f776") != 0,
       "under another pepper too");
}

static void test_texts(void)
{
    fingerprint_key_t key, other;
    digest_t ab, a_b, again, foreign;

    fingerprint_key_make(&key);
    fingerprint_key_make(&other);
    ab = fingerprint_make(&key, (const char *const[]){"ab", NULL});
    again = fingerprint_make(&key, (const char *const[]){"ab", NULL});
    a_b = fingerprint_make(&key, (const char *const[]){"a", "b", NULL});
    foreign = fingerprint_make(&other, (const char *const[]){"ab", NULL});
    is_bytes(&again, sizeof again, &ab, sizeof ab, "the same texts have the same one");
    ok(memcmp(&ab, &a_b, sizeof ab) != 0, "where one ends and the next begins counts");
    ok(memcmp(&ab, &foreign, sizeof ab) != 0, "another key makes another one");
}

int main(void)
{
    for (int i = 0; i < KEYRING_KEY_BYTES; i++)
        pepper_bytes[i] = (unsigned char)(i + 1);
    test_content();
    test_texts();
    return done();
}
