/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/twilio/signature.h"

#include <apr_base64.h>
#include <apr_escape.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <json-c/json.h>

#include "../../mod_tenant/secret/mac.h"
#include "corpora.h"
#include "tap.h"

static apr_pool_t *pool;

static const signature_t *of_form(const char *url, const char *body, apr_size_t length)
{
    form_t form;

    return form_parse(&form, body, length, 1000, pool) ? NULL : signature_of_form(url, &form, pool);
}

/* --- What Twilio has published: its documentation's example, and its libraries' own tests -----------------
 */

#define QUERY "/myapp.php?foo=1&bar=2"
#define FORM(n)                                                                                              \
    "CallSid=CA1234567890ABCDE&Caller=%2B1415867530" n "&Digits=1234&From=%2B1415867530" n                   \
    "&To=%2B18005551212"

static void test_published(void)
{
    static const struct {
        const char *url, *form, *signature;
    } published[] = {
        {"https://example.com" QUERY,
         "CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234&From=%2B14158675310&To=%2B18005551212",
         "L/OH5YylLD5NRKLltdqwSvS0BnU="},
        {"https://mycompany.com" QUERY, FORM("9"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        {"https://mycompany.com:1234" QUERY, FORM("9"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        {"https://mycompany.com:443" QUERY, FORM("9"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        {"https://mycompany.com" QUERY, FORM("9"), "kvajT1Ptam85bY51eRf/AJRuM3w="},
        {"https://mycompany.com:443" QUERY, FORM("9"), "kvajT1Ptam85bY51eRf/AJRuM3w="},
        {"http://mycompany.com" QUERY, FORM("9"), "0ZXoZLH/DfblKGATFgpif+LLRf4="},
        {"http://mycompany.com:1234" QUERY, FORM("9"), "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="},
    };

    for (size_t n = 0; n < sizeof published / sizeof *published; n++) {
        const char *form = published[n].form;
        const signature_t *signature = of_form(published[n].url, form, strlen(form));

        ok(signature_verify(signature, "12345", 5, published[n].signature), "%s is signed by %s",
           published[n].url, published[n].signature);
        ok(!signature_verify(signature, "12346", 5, published[n].signature), "... not under another token");
        ok(!signature_verify(signature, "12345", 4, published[n].signature), "... nor a part of it");
    }
}

#define JSON_SHA256 "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"

static void test_published_body(void)
{
    static const char url[] = "https://mycompany.com" QUERY "&bodySHA256=" JSON_SHA256;
    static const char body[] = "{\"property\": \"value\", \"boolean\": true}";
    static const char given[] = "a9nBmqA0ju/hNViExpshrM61xv4=";

    ok(signature_verify(signature_of_body(url, body, sizeof body - 1, pool), "12345", 5, given),
       "a body that is no form is signed by its SHA-256");
    ok(!signature_verify(signature_of_body(url, body, sizeof body - 2, pool), "12345", 5, given),
       "... and not one that is cut off");
    ok(!signature_verify(signature_of_body(url, NULL, 0, pool), "12345", 5, given), "... nor none");
    ok(!signature_verify(signature_of_body(url, body, sizeof body - 1, pool), "12346", 5, given),
       "... nor under another token");
}

/* --- Which text is signed --------------------------------------------------------------------------------
 */

static const char token[] = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/* The header of a signed text. */
static const char *sign(const char *text)
{
    const mac_part_t part = {text, strlen(text)};
    unsigned char mac[MAC_SHA1_BYTES];
    char *header = apr_palloc(pool, 64);

    mac_sha1(mac, token, sizeof token - 1, &part, 1);
    apr_base64_encode_binary(header, mac, sizeof mac);
    return header;
}

static int is_signed(const signature_t *signature, const char *text)
{
    return signature_verify(signature, token, sizeof token - 1, sign(text));
}

typedef struct case_t {
    const char *url;
    const char *form; /* NULL: none, as with GET */
    const char *text;
} case_t;

static const signature_t *of_case(const case_t *one)
{
    return one->form ? of_form(one->url, one->form, strlen(one->form))
                     : signature_of_body(one->url, NULL, 0, pool);
}

static void test_right(void)
{
    static const case_t right[] = {
        {"https://a.test/v", "", "https://a.test/v"},
        {"https://a.test/v", "", "https://a.test:443/v"},
        {"https://a.test:443/v", "", "https://a.test/v"},
        {"https://a.test:8443/v", "", "https://a.test/v"},
        {"https://a.test:8443/v", "", "https://a.test:8443/v"},
        {"http://a.test/v", "", "http://a.test/v"},
        {"http://a.test/v", "", "http://a.test:80/v"},
        {"http://a.test:80/v", "", "http://a.test/v"},
        {"http://a.test:8080/v", "", "http://a.test:8080/v"},
        {"http://a.test:8080/v", "", "http://a.test/v"},
        {"https://[2001:db8::1]/v", "", "https://[2001:db8::1]:443/v"},
        {"https://[2001:db8::1]:8443/v", "", "https://[2001:db8::1]/v"},
        {"https://a.test", "", "https://a.test:443"},
        {"https://a.test:1?x=y:2", "", "https://a.test?x=y:2"},
        {"https://a.test/:1/v", "", "https://a.test:443/:1/v"},
        {"https://user:pw@a.test/v", "", "https://a.test/v"},
        {"https://user:pw@a.test:8443/v", "", "https://a.test:8443/v"},
        {"https://u@x@a.test/v@w", "", "https://a.test/v@w"},
        {"https://a.test/v?q=a@b:1/c", "", "https://a.test/v?q=a@b:1/c"},
        {"https://a.test/v#rc=2&rp=ct,rt,5xx", "a=1", "https://a.test/va1"},
        {"https://a.test/v?a=1#f", "", "https://a.test/v?a=1"},
        {"https://a.test/v?name=William+O'hara&x=%20%2b%C3%a9", "b=1",
         "https://a.test/v?name=William+O'hara&x=%20%2b%C3%a9b1"},
        {"https://a.test/v?a=1", NULL, "https://a.test/v?a=1"},
        {"https://a.test/v?CallSid=CA1&From=%2B1", NULL, "https://a.test/v?CallSid=CA1&From=%2B1"},
        {"https://a.test/v", NULL, "https://a.test/v"},
        {"https://a.test/v", "b=1&a=2", "https://a.test/va2b1"},
        {"https://a.test/v", "b=1&B=2&a=3&A=4&_=5&Zz=6&Z=7", "https://a.test/vA4B2Z7Zz6_5a3b1"},
        {"https://a.test/v", "ab=1&a=2&abc=3", "https://a.test/va2ab1abc3"},
        {"https://a.test/v", "a=&b", "https://a.test/vab"},
        {"https://a.test/v", "a=+x+%20%0A&b=%C3%A9", "https://a.test/va x  \nb\xc3\xa9"},
        {"https://a.test/v", "a=\xff%FE", "https://a.test/va\xff\xfe"},
        {"https://a.test/v", "D=5678&D=1234&D=1234", "https://a.test/vD1234D5678"},
        {"https://a.test/v", "D=2&C=9&D=10&D=", "https://a.test/vC9DD10D2"},
        {"https://a.test/v", "AB=c", "https://a.test/vABc"},
        {"https://a.test/v?bodySHA256=00", "a=1", "https://a.test/v?bodySHA256=00a1"},
    };

    for (size_t n = 0; n < sizeof right / sizeof *right; n++)
        ok(is_signed(of_case(&right[n]), right[n].text), "%s with `%s` is signed as `%s`", right[n].url,
           right[n].form ? right[n].form : "GET", apr_pescape_echo(pool, right[n].text, 1));
}

static void test_wrong(void)
{
    static const case_t wrong[] = {
        {"https://a.test/v", "", "https://a.test:8443/v"},
        {"https://a.test/v", "", "https://a.test:80/v"},
        {"http://a.test/v", "", "http://a.test:443/v"},
        {"https://a.test:8443/v", "", "https://a.test:443/v"},
        {"https://a.test/v", "", "http://a.test/v"},
        {"http://a.test/v", "", "https://a.test/v"},
        {"https://a.test/v", "", "https://b.test/v"},
        {"https://a.test/v", "", "https://A.test/v"},
        {"https://a.test/v/", "", "https://a.test/v"},
        {"https://a.test/v", "", "https://a.test/v/"},
        {"https://user:pw@a.test/v", "", "https://user:pw@a.test/v"},
        {"https://a.test/v?u=sip%3Abob%40b", "", "https://a.test/v?u=sip:bob@b"},
        {"https://a.test/v?a=1&b=2", "", "https://a.test/v?b=2&a=1"},
        {"https://a.test/v?a=1", NULL, "https://a.test/v?a=1a1"},
        {"https://a.test/v#f", "", "https://a.test/v#f"},
        {"https://a.test/v", "a=1", "https://a.test/v"},
        {"https://a.test/v", "", "https://a.test/va1"},
        {"https://a.test/v", "a=1&Evil=1", "https://a.test/va1"},
        {"https://a.test/v", "a=1", "https://a.test/va2"},
        {"https://a.test/v", "b=1&a=2", "https://a.test/vb1a2"},
        {"https://a.test/v", "a=%2B1", "https://a.test/va%2B1"},
        {"https://a.test/v", "a=+1", "https://a.test/va+1"},
        {"https://a.test/v", "a=+1", "https://a.test/va1"},
        {"https://a.test/v", "D=2&D=1&D=1", "https://a.test/vD1D1D2"},
        {"https://a.test/v", "D=2&D=1", "https://a.test/vD2D1"},
    };

    for (size_t n = 0; n < sizeof wrong / sizeof *wrong; n++)
        ok(!is_signed(of_case(&wrong[n]), wrong[n].text), "%s with `%s` is not signed as `%s`", wrong[n].url,
           wrong[n].form ? wrong[n].form : "GET", wrong[n].text);
}

/* A body that is no form, and says in its URL what it is, or not. */
static void test_body(void)
{
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    static const struct {
        const char *query, *body;
        int is_right;
    } cases[] = {
        {"?bodySHA256=%s", "abc", 1},
        {"?a=1&bodySHA256=%s&b=2", "abc", 1},
        {"?bodySHA256=%s#f", "abc", 1},
        {"?bodySHA256=%s", "abd", 0},
        {"?bodySHA256=%s", "", 0},
        {"?bodySHA256=%s0", "abc", 0},
        {"?bodySHA256=", "abc", 0},
        {"?bodySHA256", "abc", 0},
        {"?bodySHA256=", "", 0},
        {"?xbodySHA256=%s", "abc", 0},
        {"?bodysha256=%s", "abc", 0},
        {"?bodySHA256=00&bodySHA256=%s", "abc", 0},
        {"&bodySHA256=%s", "abc", 0},
        {"#?bodySHA256=%s", "abc", 0},
        {"", "abc", 0},
        {"", "", 1},
    };

    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        const char *query =
            strstr(cases[n].query, "%s") ? apr_psprintf(pool, cases[n].query, abc) : cases[n].query;
        const char *url = apr_pstrcat(pool, "https://a.test/v", query, NULL);
        const char *text = apr_pstrndup(pool, url, strcspn(url, "#"));
        const signature_t *signature = signature_of_body(url, cases[n].body, strlen(cases[n].body), pool);

        ok(is_signed(signature, text) == cases[n].is_right, "`%s` %s the body `%s`", cases[n].query,
           cases[n].is_right ? "goes with" : "does not go with", cases[n].body);
    }
}

/* What is no signature at all. */
static void test_header(void)
{
    const signature_t *signature = of_form("https://a.test/v", "a=1", 3);
    const char *good = sign("https://a.test/va1");

    ok(signature_verify(signature, token, sizeof token - 1, good), "a signature");
    ok(!signature_verify(signature, token, sizeof token - 1, ""), "none");
    ok(!signature_verify(signature, token, sizeof token - 1, apr_pstrcat(pool, good, ", ", good, NULL)),
       "two");
    ok(!signature_verify(signature, token, sizeof token - 1, apr_pstrcat(pool, " ", good, NULL)),
       "a space ahead");
    ok(!signature_verify(signature, token, sizeof token - 1, apr_pstrndup(pool, good, strlen(good) - 1)),
       "cut off");
    ok(!signature_verify(signature, "", 0, good), "no token");
    ok(signature_verify(signature, token, sizeof token - 1, good), "the first one still, after all of these");
}

/* A signature that ends in a zero is not signed by one that is a byte shorter. */
static void test_short(void)
{
    for (int n = 0;; n++) {
        const char *form = apr_psprintf(pool, "n=%d", n);
        const char *good = sign(apr_psprintf(pool, "https://a.test/vn%d", n));
        unsigned char mac[MAC_SHA1_BYTES + 4];
        char *cut = apr_pstrdup(pool, good);

        apr_base64_decode_binary(mac, good);
        if (mac[MAC_SHA1_BYTES - 1] != 0)
            continue;
        apr_base64_encode_binary(cut, mac, MAC_SHA1_BYTES - 1);
        ok(!signature_verify(of_form("https://a.test/v", form, strlen(form)), token, sizeof token - 1, cut),
           "%s for %s is not taken for %s", cut, form, good);
        return;
    }
}

/* --- Vectors that Twilio's library for Node.js has made ----------------------------------------------------
 */

static const char *member(json_object *vector, const char *name)
{
    return json_object_get_string(json_object_object_get(vector, name));
}

static int verdict(json_object *vector)
{
    const char *type = member(vector, "content_type"), *url = member(vector, "request_url");
    json_object *body = json_object_object_get(vector, "body");
    const char *bytes = body ? json_object_get_string(body) : "";
    apr_size_t length = body ? (apr_size_t)json_object_get_string_len(body) : 0;
    const char *key = member(vector, "auth_token");
    const signature_t *signature = type && strcmp(type, "application/x-www-form-urlencoded") == 0
                                       ? of_form(url, bytes, length)
                                       : signature_of_body(url, bytes, length, pool);

    return signature_verify(signature, key, strlen(key), member(vector, "signature"));
}

/* Twilio's library does not strip user information, which Twilio itself does. */
static int expected(json_object *vector)
{
    return json_object_get_boolean(json_object_object_get(vector, "expect_valid")) ||
           strcmp(member(vector, "name"), "userinfo-in-configured-url-rejected-by-lib") == 0;
}

static void test_vectors(void)
{
    apr_size_t length;
    const char *text = corpora_read(corpora_path("../twilio-vectors.json", pool), &length, pool);
    json_object *root, *vectors;

    if (!text) {
        skip("Twilio's vectors are not there");
        return;
    }
    root = json_tokener_parse(apr_pstrmemdup(pool, text, length));
    vectors = json_object_object_get(root, "vectors");
    ok(json_object_array_length(vectors) >= 35, "there are vectors");
    for (size_t n = 0; n < json_object_array_length(vectors); n++) {
        json_object *vector = json_object_array_get_idx(vectors, n);

        is(verdict(vector), expected(vector), "the vector %s", member(vector, "name"));
    }
    json_object_put(root);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_published();
    test_published_body();
    test_right();
    test_wrong();
    test_body();
    test_header();
    test_short();
    test_vectors();
    apr_terminate();
    return done();
}
