/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/http/query.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "tap.h"

static apr_pool_t *pool;

/* Notes the parameters as `[name=value]…`, or `[name=value|plain]` where these differ; refuses one that is
 * called stop. */
static const problem_t *note(void *context, const parameter_t *parameter, const char **detail)
{
    const char **noted = context;
    const char *const value = parameter->value;
    const char *const plain = parameter->plain;

    if (strcmp(parameter->name, "stop") == 0) {
        *detail = "stopped";
        return &problem_bad_cursor;
    }
    *noted = apr_pstrcat(pool, *noted, "[", parameter->name, "=", value, strcmp(plain, value) ? "|" : "",
                         strcmp(plain, value) ? plain : "", "]", NULL);
    return NULL;
}

static void test_good(void)
{
    static const struct {
        const char *args, *noted;
    } good[] = {
        {NULL, ""},
        {"", ""},
        {"&", ""},
        {"a=1", "[a=1]"},
        {"b=2&a=1", "[b=2][a=1]"},
        {"&&a=1&&b=2&", "[a=1][b=2]"},
        {"a", "[a=]"},
        {"a=", "[a=]"},
        {"=b", "[=b]"},
        {"a=b=c", "[a=b=c]"},
        {"a+b=c+d", "[a b=c d|c+d]"},
        {"a=%20+%2B", "[a=  +| ++]"},
        {"a=%2B%26%3D%25", "[a=+&=%]"},
        {"%61=%7a%7A", "[a=zz]"},
        {"a=%c3%a9%E2%82%AC", "[a=\xc3\xa9\xe2\x82\xac]"},
        {"a=\xc3\xa9", "[a=\xc3\xa9]"},
        {"a=%2541", "[a=%41]"},
        {"a=1;b=2", "[a=1;b=2]"},
        {"a=%0A%01", "[a=\n\x01]"},
        {"a.gt=1&a.lt=2&a=3", "[a.gt=1][a.lt=2][a=3]"},
        {"list=1&a=2&list=3&%6cist=1", "[list=1][a=2][list=3][list=1]"},
    };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *noted = "";
        const char *detail = NULL;

        is_text(query_parse(good[i].args, "list", note, &noted, &detail, pool) ? "refused" : noted,
                good[i].noted, "`%s`", good[i].args ? good[i].args : "no query");
        ok(!detail, "... without a detail");
    }
}

static void test_bad(void)
{
    static const struct {
        const char *args, *noted, *detail;
    } bad[] = {
        {"a=%", "", "percent-encoding"},
        {"a=%4", "", "percent-encoding"},
        {"a=%4g", "", "percent-encoding"},
        {"a=%g4", "", "percent-encoding"},
        {"a=%%41", "", "percent-encoding"},
        {"%=1", "", "percent-encoding"},
        {"a=%4&1=b", "", "percent-encoding"},
        {"a=%00", "", "UTF-8"},
        {"a%00b=1", "", "UTF-8"},
        {"a=%ff", "", "UTF-8"},
        {"a=%c0%af", "", "UTF-8"},
        {"a=%ed%a0%80", "", "UTF-8"},
        {"a=%e2%82", "", "UTF-8"},
        {"a=\xff", "", "UTF-8"},
        {"ok=1&a=%ff", "[ok=1]", "UTF-8"},
        {"a=1&a=2", "[a=1]", "`a` is repeated"},
        {"a=1&a=1", "[a=1]", "`a` is repeated"},
        {"a&a", "[a=]", "`a` is repeated"},
        {"a=1&%61=2", "[a=1]", "`a` is repeated"},
        {"=1&=2", "[=1]", "`` is repeated"},
        {"%0a=1&%0a=2", "[\n=1]", "`?` is repeated"},
        {"list=1&list=2&a=3&a=4", "[list=1][list=2][a=3]", "`a` is repeated"},
        {"lists=1&lists=2", "[lists=1]", "`lists` is repeated"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *noted = "";
        const char *detail = NULL;
        const problem_t *const problem = query_parse(bad[i].args, "list", note, &noted, &detail, pool);

        ok(problem == &problem_bad_parameter, "`%s` is refused", bad[i].args);
        is_text(noted, bad[i].noted, "... after what stands ahead of it");
        ok(detail && strstr(detail, bad[i].detail), "... in a sentence about it");
    }
}

static void test_stop(void)
{
    const char *noted = "";
    const char *detail = NULL;

    ok(query_parse("a=1&stop=2&b=3", NULL, note, &noted, &detail, pool) == &problem_bad_cursor,
       "the problem of the function that takes the parameters comes back");
    is_text(noted, "[a=1]", "... at once");
    is_text(detail, "stopped", "... with its detail");
}

static void test_unknown(void)
{
    const char *const name = "0123456789012345678901234567890123456789012345678901234567890123456789";

    is_text(query_unknown("x", pool), "The parameter `x` is unknown here.", "an unknown parameter is named");
    is_text(query_unknown("a\r\nb\x7f\xc3\xa9", pool), "The parameter `a??b???` is unknown here.",
            "... in printable ASCII");
    is_text(query_unknown(name, pool), apr_psprintf(pool, "The parameter `%.64s` is unknown here.", name),
            "... as far as 64 bytes");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_good();
    test_bad();
    test_stop();
    test_unknown();
    apr_terminate();
    return done();
}
