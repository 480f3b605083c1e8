/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/secret/jwt.h"

#include <apr_general.h>
#include <sodium.h>
#include <string.h>

#include "tap.h"

static jwt_part_t part(const char *json)
{
    return (jwt_part_t){json, strlen(json)};
}

/* RFC 7515 appendix A.1. */
static void test_known(apr_pool_t *pool)
{
    static const char key_text[] =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    unsigned char key[64];
    size_t length = 0;

    sodium_base642bin(key, sizeof key, key_text, sizeof key_text - 1, NULL, &length, NULL,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    is((intmax_t)length, 64, "the key is read");
    is_text(
        jwt_sign(part("{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}"),
                 part("{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"),
                 (const char *)key, length, pool),
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "the token of the RFC");
}

/* Each length of the last group of base64. */
static void test_lengths(apr_pool_t *pool)
{
    static const char *const starts[] = {"YQ.YQ.", "YWI.YQ.", "YWJj.YQ."};
    static const char *const headers[] = {"a", "ab", "abc"};

    for (int n = 0; n < 3; n++) {
        const char *token = jwt_sign(part(headers[n]), part("a"), "x", 1, pool);

        ok(strncmp(token, starts[n], strlen(starts[n])) == 0, "a header of %d bytes", n + 1);
        is((intmax_t)strlen(token + strlen(starts[n])), 43, "... and a signature of 32");
    }
}

/* A pool that is cleared keeps its first block. */
static void test_wiped(apr_pool_t *parent)
{
    apr_pool_t *pool;
    const char *token;

    apr_pool_create(&pool, parent);
    token = jwt_sign(part("{}"), part("{}"), "secret", 6, pool);
    ok(strncmp(token, "e30.e30.", 8) == 0, "a token");
    apr_pool_clear(pool);
    ok(strncmp(token, "e30.e30.", 8) != 0, "... is gone with its pool");
}

int main(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_known(pool);
    test_lengths(pool);
    test_wiped(pool);
    apr_terminate();
    return done();
}
