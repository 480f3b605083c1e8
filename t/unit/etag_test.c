/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/http/etag.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "tap.h"

enum { SHAPE = 2, TENANT = 3 };

static apr_pool_t *pool;

static void test_parse(void)
{
    static const struct {
        const char *header;
        int tags; /* -1: `*` */
    } good[] = {
        {"*", -1},
        {" \t* ", -1},
        {"\"a\"", 1},
        {"\"\"", 1},
        {"W/\"a\"", 1},
        {"\"a\",\"b\"", 2},
        {" \"a\" \t,\t W/\"b\" ,\"c\" ", 3},
        {", ,\"a\",, \"b\", ", 2},
        {"\"a,b\", \"*\"", 2},
        {"\"!#\\{}~\x80\xff\"", 1},
        {"\"W/\"", 1},
    };
    static const char *const bad[] = {
        "",          " ",           ",",         "a",          "\"",        "\"a",
        "a\"",       "\"a\" \"b\"", "\"a\"b",    "\"a\"\"b\"", "'a'",       "w/\"a\"",
        "W/a",       "W/ \"a\"",    "W\"a\"",    "*, \"a\"",   "\"a\", *",  "**",
        "*,*",       "*a",          "\"a b\"",   "\"a\tb\"",   "\"a\x7f\"", "\"\x01\"",
        "\"a\";q=1", "\"a\", b",    "\"a\", \"", "\"a\\\"b\"",
    };
    etag_list_t list;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ok(etag_list_parse(&list, good[i].header, pool) && list.is_given &&
               (list.is_any ? good[i].tags == -1 : list.tags->nelts == good[i].tags),
           "`%s`", good[i].header);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ok(!etag_list_parse(&list, bad[i], pool), "not `%s`", bad[i]);
    ok(etag_list_parse(&list, NULL, pool) && !list.is_given && !list.tags, "no header");
}

static void test_limit(void)
{
    const char *header = "\"0\"";
    etag_list_t list;

    for (int n = 1; n < ETAG_LIST_MAX; n++)
        header = apr_pstrcat(pool, header, ",\"0\"", NULL);
    ok(etag_list_parse(&list, header, pool), "as many tags as are allowed");
    ok(!etag_list_parse(&list, apr_pstrcat(pool, header, ",\"0\"", NULL), pool), "and one more");
}

static etag_list_t parsed(const char *header)
{
    etag_list_t list;

    if (!etag_list_parse(&list, header, pool))
        diag("cannot be parsed: %s", header ? header : "no header");
    return list;
}

static void test_has(void)
{
    static const struct {
        const char *header;
        int strong, weak; /* whether it has "abc" */
    } cases[] = {
        {"*", 1, 1},
        {"\"abc\"", 1, 1},
        {"W/\"abc\"", 0, 1},
        {"\"x\", \"abc\"", 1, 1},
        {"\"abc-gzip\"", 1, 1},
        {"\"abc-br\"", 1, 1},
        {"W/\"abc-gzip\"", 0, 1},
        {"\"x\"", 0, 0},
        {"\"\"", 0, 0},
        {"\"ABC\"", 0, 0},
        {"\"abcd\"", 0, 0},
        {"\"ab\"", 0, 0},
        {"\"abc-\"", 0, 0},
        {"\"abc-deflate\"", 0, 0},
        {"\"abc-gzip-gzip\"", 0, 0},
        {"\"-gzip\"", 0, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        etag_list_t list = parsed(cases[i].header);

        is(etag_list_has(&list, "\"abc\"", ETAG_STRONG), cases[i].strong, "%s, strongly", cases[i].header);
        is(etag_list_has(&list, "\"abc\"", ETAG_WEAK), cases[i].weak, "%s, weakly", cases[i].header);
    }
}

static void test_spelling(void)
{
    static const char *const cases[][2] = {
        {"*", "\"abc\""},
        {"\"abc\"", "\"abc\""},
        {"W/\"abc\"", "\"abc\""},
        {"\"abc-gzip\"", "\"abc-gzip\""},
        {"\"x\", W/\"abc-br\", \"abc\"", "\"abc-br\""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        etag_list_t list = parsed(cases[i][0]);

        is_text(etag_list_spelling(&list, "\"abc\"", pool), cases[i][1], "%s is spelled", cases[i][0]);
    }
}

static void test_salt(void)
{
    uint64_t salt = etag_salt(SHAPE, TENANT);

    is_text(etag_make("255", 0x0123456789abcdef, pool), "\"ff-0123456789abcdef\"", "a tag");
    is_text(etag_make("9223372036854775807", 1, pool), "\"7fffffffffffffff-0000000000000001\"",
            "of the largest");
    is_text(etag_make("-9223372036854775808", 1, pool), "\"8000000000000000-0000000000000001\"",
            "of the least");
    is_text(etag_make("-1", 1, pool), "\"ffffffffffffffff-0000000000000001\"", "of the last");
    is_text(etag_make("0", 1, pool), "\"0-0000000000000001\"", "of the first");
    ok(salt == etag_salt(SHAPE, TENANT), "a salt is always the same");
    ok(salt != etag_salt(SHAPE + 1, TENANT), "other answers have another one");
    ok(salt != etag_salt(SHAPE, TENANT + 1), "so has another tenant");
}

static const char *versions(const char *header, etag_comparison_t comparison)
{
    etag_list_t list = parsed(header);

    return etag_list_versions(&list, 0x00000000000000a1, comparison, pool);
}

static void test_versions(void)
{
    static const struct {
        const char *header, *strong, *weak;
    } cases[] = {
        {"*", NULL, NULL},
        {"\"ff-00000000000000a1\"", "{255}", "{255}"},
        {"\"ff-00000000000000a1-gzip\"", "{255}", "{255}"},
        {"W/\"ff-00000000000000a1\"", "{}", "{255}"},
        {"\"1-00000000000000a1\", \"x\", \"ffffffffffffffff-00000000000000a1\"", "{1,-1}", "{1,-1}"},
        {"\"8000000000000000-00000000000000a1\"", "{-9223372036854775808}", "{-9223372036854775808}"},
        {"\"0-00000000000000a1\"", "{0}", "{0}"},
        {"\"ff-00000000000000a2\"", "{}", "{}"},
        {"\"0ff-00000000000000a1\"", "{}", "{}"},
        {"\"FF-00000000000000a1\"", "{}", "{}"},
        {"\"0xff-00000000000000a1\"", "{}", "{}"},
        {"\"+ff-00000000000000a1\"", "{}", "{}"},
        {"\"-ff-00000000000000a1\"", "{}", "{}"},
        {"\"100000000000000ff-00000000000000a1\"", "{}", "{}"},
        {"\"ff-a1\"", "{}", "{}"},
        {"\"ff-00000000000000A1\"", "{}", "{}"},
        {"\"ff\"", "{}", "{}"},
        {"\"\"", "{}", "{}"},
        {"\"{1}\"", "{}", "{}"},
        {ETAG_ABSENT, "{}", "{}"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        is_text(versions(cases[i].header, ETAG_STRONG), cases[i].strong, "%s, strongly", cases[i].header);
        is_text(versions(cases[i].header, ETAG_WEAK), cases[i].weak, "%s, weakly", cases[i].header);
    }
    is_text(versions(NULL, ETAG_STRONG), NULL, "no header: any version");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_parse();
    test_limit();
    test_has();
    test_spelling();
    test_salt();
    test_versions();
    apr_terminate();
    return done();
}
