/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/secret/apikey.h"
#include "../../mod_tenant/secret/secret.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "scratch.h"
#include "tap.h"

/* Worked out with other implementations (Python's zlib.crc32 and hashlib.blake2b): this key's checksum, and
 * its hash under the peppers 00 01 … 1f and 01 02 … 20. */
static const char known_key[] = "mt_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg3bECnb";
static const char known_hash[] = "7:62dc47610403e9787215163dbc37ce38dd77b37cec4aed40529bd16ea0b2228e";
static const char second_hash[] = "8:c4c0195fdd004deb9b03af7b6162540c69a68e252c898706a59c15eadbb5e540";

/* Likewise, of the first pepper; as 32-bit words, which this machine has the lowest byte first in. */
static const char derived_key[] = "mt_IjIHv2em1uFlejCvVsxbyq4QQ0VHqWvWlkGEPvgvDQb0PkwUy";

/* A key whose checksum, below 62^5, begins with the padding digit. */
static const char padded_key[] = "mt_000000000000000000000000000000000000000001y00LwaT";

/* 2^256 - 1 in base 62: no 43 digits that we make are above. Digits sort as their characters do. */
static const char highest[] = "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1";

static const char key_file[] = "seal 1 qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo= primary\n"
                               "pepper 8 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n"
                               "pepper 7 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= primary\n";

static void test_syntax(void)
{
    char key[APIKEY_LENGTH + 2];
    int altered = 0;

    ok(apikey_is_well_formed(known_key, APIKEY_LENGTH), "a key with a right checksum is well-formed");
    ok(apikey_is_well_formed(padded_key, APIKEY_LENGTH), "a small checksum is padded with 0");
    ok(!apikey_is_well_formed(known_key, APIKEY_LENGTH - 1), "a truncated key is not");
    snprintf(key, sizeof key, "%s0", known_key);
    ok(!apikey_is_well_formed(key, APIKEY_LENGTH + 1), "nor is a longer one");
    ok(!apikey_is_well_formed("", 0), "nor an empty one");
    for (int n = 0; n < APIKEY_LENGTH; n++) {
        for (int byte = 0; byte < 256; byte++) {
            memcpy(key, known_key, APIKEY_LENGTH);
            key[n] = (char)byte;
            altered += key[n] != known_key[n] && apikey_is_well_formed(key, APIKEY_LENGTH);
        }
    }
    is(altered, 0, "no byte in any position can be replaced");
    memcpy(key, known_key, APIKEY_LENGTH);
    key[10] = known_key[11];
    key[11] = known_key[10];
    ok(!apikey_is_well_formed(key, APIKEY_LENGTH), "two neighbours cannot be swapped");
}

static void test_meant(void)
{
    ok(apikey_is_meant("mt_", 3), "mt_ alone is meant as a key");
    ok(apikey_is_meant(known_key, APIKEY_LENGTH), "so is a whole key");
    ok(!apikey_is_meant("mt_", 2), "mt is not");
    ok(!apikey_is_meant("MT_abc", 6), "nor is MT_");
}

static void test_unlike_names(void)
{
    char key[APIKEY_LENGTH + 1];

    ok(apikey_is_unlike_names(known_key, APIKEY_LENGTH), "a whole key is no user's name");
    memcpy(key, known_key, sizeof key);
    key[APIKEY_LENGTH - 1] = key[APIKEY_LENGTH - 1] == 'x' ? 'y' : 'x';
    ok(apikey_is_unlike_names(key, APIKEY_LENGTH), "nor is a mistyped one");
    ok(apikey_is_unlike_names(known_key, APIKEY_LENGTH - 6), "nor one without its checksum");
    ok(!apikey_is_unlike_names(known_key, APIKEY_LENGTH - 7), "what is shorter may be");
    ok(!apikey_is_unlike_names("mt_admin", 8), "so may mt_admin");
    key[10] = '@';
    ok(!apikey_is_unlike_names(key, APIKEY_LENGTH), "so may an address");
}

static void test_make(void)
{
    enum { KEYS = 500 };
    static char keys[KEYS][APIKEY_LENGTH + 1];
    int well_formed = 0, terminated = 0, twins = 0, too_high = 0, low = 0;
    char seen[256] = {0};
    int digits = 0;

    for (int n = 0; n < KEYS; n++) {
        memset(keys[n], '#', sizeof keys[n]);
        apikey_make(keys[n]);
        terminated += strnlen(keys[n], sizeof keys[n]) == APIKEY_LENGTH;
        well_formed += apikey_is_well_formed(keys[n], APIKEY_LENGTH);
        too_high += memcmp(keys[n] + 3, highest, APIKEY_RANDOM_LENGTH) > 0;
        low += keys[n][3] == '0';
        for (int other = 0; other < n; other++)
            twins += memcmp(keys[n], keys[other], APIKEY_LENGTH) == 0;
        for (int digit = 4; digit < 3 + APIKEY_RANDOM_LENGTH; digit++)
            seen[(unsigned char)keys[n][digit]] = 1;
    }
    for (int byte = 0; byte < 256; byte++)
        digits += seen[byte];
    is(terminated, KEYS, "new keys are NUL-terminated and %d long", APIKEY_LENGTH);
    is(well_formed, KEYS, "new keys are well-formed");
    is(too_high, 0, "none is above 256 bits");
    ok(low < KEYS / 10, "and few begin with 0: %d of %d", low, KEYS);
    is(twins, 0, "no two are equal");
    is(digits, 62, "all 62 digits occur");
}

/* By hashlib.blake2b(text, digest_size=32, key=…, person=b'mod_tenant key\0\0'). */
static void test_derive(const keyring_t *ring)
{
    const keyring_key_t *first = keyring_key(ring, KEYNAME_PEPPER, 0);
    const keyring_key_t *second = keyring_key(ring, KEYNAME_PEPPER, 1);
    char key[APIKEY_LENGTH + 1], other[APIKEY_LENGTH + 1];

    apikey_derive(key, first, "7 1:ab 60 tenant/x");
    ok(apikey_is_well_formed(key, strlen(key)), "a derived key is well-formed");
    is_text(key, derived_key, "keyed and personalised BLAKE2b, in digits of base 62");
    apikey_derive(other, first, "7 1:ab 60 tenant/x");
    is_text(other, key, "the same text makes it again");
    apikey_derive(other, first, "7 1:ab 60 tenant/y");
    ok(strcmp(other, key) != 0, "another text another one");
    apikey_derive(other, second, "7 1:ab 60 tenant/x");
    ok(strcmp(other, key) != 0, "and so does another pepper");
}

static void test_hash(const keyring_t *ring, apr_pool_t *pool)
{
    const keyring_key_t *pepper = keyring_key(ring, KEYNAME_PEPPER, 0);

    is_text(apikey_hash(pepper, known_key, pool), known_hash,
            "the hash is BLAKE2b-256 keyed with the pepper");
    is_text(apikey_hashes(ring, known_key, pool), apr_psprintf(pool, "{%s,%s}", known_hash, second_hash),
            "the hashes under all peppers make an array, the primary one's first");
}

static void test_wipe(void)
{
    char bytes[4] = "abc";

    secret_wipe(bytes, sizeof bytes);
    is_bytes(bytes, sizeof bytes, "\0\0\0", sizeof bytes, "wiping leaves zeros");
}

int main(void)
{
    apr_pool_t *pool;
    keyring_t *ring;

    scratch_make();
    apr_initialize();
    apr_pool_create(&pool, NULL);
    plan(32);
    test_syntax();
    test_meant();
    test_unlike_names();
    test_make();
    is_text(keyring_read(&ring, scratch_write("keys", key_file, sizeof key_file - 1, 0600), pool), NULL,
            "the key file of this test is read");
    test_derive(ring);
    test_hash(ring, pool);
    test_wipe();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_status();
}
