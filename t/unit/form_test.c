/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/http/form.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "tap.h"

static apr_pool_t *pool;

/* The fields as `[name=value]…`, with `\0` for a NUL, or the sentence. */
static const char *noted(const char *text, apr_size_t length, int max)
{
    const char *all = "";
    form_t form;
    const char *why = form_parse(&form, text, length, max, pool);

    if (why)
        return form.count == 0 ? why : "fields in spite of a fault";
    for (int n = 0; n < form.count; n++) {
        const form_field_t *field = &form.fields[n];

        if (field->name[field->name_length] || field->value[field->value_length])
            return "no NUL at the end";
        all = apr_pstrcat(pool, all, "[", apr_pstrmemdup(pool, field->name, field->name_length), "=", NULL);
        for (apr_size_t i = 0; i < field->value_length; i++)
            all = apr_psprintf(pool, field->value[i] ? "%s%c" : "%s\\0", all, field->value[i]);
        all = apr_pstrcat(pool, all, "]", NULL);
    }
    return all;
}

static void test_good(void)
{
    static const struct {
        const char *text, *fields;
    } good[] = {
        {"", ""},
        {"&", ""},
        {"&&&", ""},
        {"a", "[a=]"},
        {"a&b&c", "[a=][b=][c=]"},
        {"=", "[=]"},
        {"=&=", "[=][=]"},
        {"a=", "[a=]"},
        {"=b", "[=b]"},
        {"a=b=c", "[a=b=c]"},
        {"&a=1&&b=2&", "[a=1][b=2]"},
        {"a+b=c+d", "[a b=c d]"},
        {"a=%20+%2B", "[a=  +]"},
        {"a=%2B%26%3D%25", "[a=+&=%]"},
        {"%61=%7a%7A", "[a=zz]"},
        {"%3D=%3D", "[===]"},
        {"a=%c3%a9%E2%82%AC", "[a=\xc3\xa9\xe2\x82\xac]"},
        {"a=\xff%fe", "[a=\xff\xfe]"},
        {"a=%00b%00", "[a=\\0b\\0]"},
        {"a=%2541", "[a=%41]"},
        {"a=1;b=2", "[a=1;b=2]"},
        {"a=1&a=2&a=1", "[a=1][a=2][a=1]"},
        {"a=1&A=2", "[a=1][A=2]"},
        {" a = b ", "[ a = b ]"},
        {"a=\t\x01", "[a=\t\x01]"},
        {"%F0%9F%98%80=%0A", "[\xf0\x9f\x98\x80=\n]"},
    };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        is_text(noted(good[i].text, strlen(good[i].text), 10), good[i].fields, "`%s`", good[i].text);
    is_text(noted("a=1\0&b=2", 8, 10), "[a=1\\0][b=2]", "a NUL is a byte as any other");
    is_text(noted("a=1&b=2", 3, 10), "[a=1]", "nothing is read past the length");
    is_text(noted("a=%41", 4, 10), "A parameter holds a broken percent-encoding.", "... nor an escape");
}

static void test_bad(void)
{
    static const char *const bad[] = {
        "a=%", "a=%4", "a=%4g", "a=%g4", "a=%%41", "%=1", "a=%4&1=b", "a=1&b=%", "%zz", "a=%-1", "a=% 41",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_text(noted(bad[i], strlen(bad[i]), 10), "A parameter holds a broken percent-encoding.", "`%s`",
                bad[i]);
}

static void test_limit(void)
{
    is_text(noted("a&b&c", 5, 3), "[a=][b=][c=]", "as many fields as there may be");
    is_text(noted("a&&b&c&", 7, 3), "[a=][b=][c=]", "... which empty ones do not count among");
    is_text(noted("a&b&c&d", 7, 3), "There are more than 3 parameters.", "one more is refused");
    is_text(noted("a&b&c&%", 7, 3), "There are more than 3 parameters.", "... unread");
    is_text(noted("", 0, 0), "", "none where none may be");
    is_text(noted("=", 1, 0), "There are more than 0 parameters.", "one where none may be");
}

static void test_find(void)
{
    static const char text[] = "a=1&b=2&a=3&%00=4&ab=5";
    form_t form;
    int repeated = -1;

    ok(!form_parse(&form, text, sizeof text - 1, 10, pool), "a form with a repeated name");
    is_text(form_find(&form, "a", &repeated)->value, "1", "the first one is found");
    is(repeated, 1, "... and that there is another");
    is_text(form_find(&form, "b", &repeated)->value, "2", "one alone is found");
    is(repeated, 0, "... and that there is none else");
    is_text(form_find(&form, "a", NULL)->value, "1", "who does not ask is not told");
    ok(!form_find(&form, "c", &repeated) && !repeated, "one that is not there is not found");
    ok(!form_find(&form, "", NULL), "a name of one NUL is not the empty one");
    ok(!form_find(&form, "A", NULL), "case counts");
    ok(!form_parse(&form, "", 0, 10, pool) && !form_find(&form, "a", &repeated),
       "nothing is found in nothing");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_good();
    test_bad();
    test_limit();
    test_find();
    apr_terminate();
    return done();
}
