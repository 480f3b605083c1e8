/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/http/csv.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "tap.h"

static const struct {
    const char *text;
    const char *safe;
    const char *raw; /* NULL: the same */
} cases[] = {
    {"", "\"\"", NULL},
    {"x", "x", NULL},
    {" x ", " x ", NULL},
    {"J\xc3\xb6rg", "J\xc3\xb6rg", NULL},
    {"a,b", "\"a,b\"", NULL},
    {"a;b", "\"a;b\"", NULL},
    {"a\tb", "\"a\tb\"", NULL},
    {"\"", "\"\"\"\"", NULL},
    {"a\"b\"\"", "\"a\"\"b\"\"\"\"\"", NULL},
    {"a\nb", "\"a\nb\"", NULL},
    {"a\rb", "\"a\rb\"", NULL},
    {"a\r\n", "\"a\r\n\"", NULL},
    {"a=1", "a=1", NULL},
    {"'=1", "'=1", NULL},
    {"=", "'=", "="},
    {"=1+1", "'=1+1", "=1+1"},
    {"=\"a\"", "\"'=\"\"a\"\"\"", "\"=\"\"a\"\"\""},
    {"@SUM(A1)", "'@SUM(A1)", "@SUM(A1)"},
    {"\tx", "\"'\tx\"", "\"\tx\""},
    {"\rx", "\"'\rx\"", "\"\rx\""},
    {"\nx", "\"\nx\"", NULL},
    {"+12025550100", "+12025550100", NULL},
    {"-1", "-1", NULL},
    {"+", "'+", "+"},
    {"-", "'-", "-"},
    {"--1", "'--1", "--1"},
    {"+1-1", "'+1-1", "+1-1"},
    {"-1.5", "'-1.5", "-1.5"},
    {"+1 202 555 0100", "'+1 202 555 0100", "+1 202 555 0100"},
    {"-2+3,4", "\"'-2+3,4\"", "\"-2+3,4\""},
    {"+A1", "'+A1", "+A1"},
    /* behind what does not show */
    {" =1", "' =1", " =1"},
    {" \n=1", "\"' \n'=1\"", "\" \n=1\""},
    {"\xc2\xa0=1", "'\xc2\xa0=1", "\xc2\xa0=1"},
    {"\xe3\x80\x80@A1", "'\xe3\x80\x80@A1", "\xe3\x80\x80@A1"},
    {"\xe2\x80\x8b\xef\xbb\xbf-A1", "'\xe2\x80\x8b\xef\xbb\xbf-A1", "\xe2\x80\x8b\xef\xbb\xbf-A1"},
    {"\xf3\xa0\x80\xa0+A1", "'\xf3\xa0\x80\xa0+A1", "\xf3\xa0\x80\xa0+A1"},
    {"\x01\x0b\x7f\xc2\x85=1", "'\x01\x0b\x7f\xc2\x85=1", "\x01\x0b\x7f\xc2\x85=1"},
    {" +12025550100", " +12025550100", NULL},
    {" \xc2\xa0 x=1", " \xc2\xa0 x=1", NULL},
    {"\xc3\xa9=1", "\xc3\xa9=1", NULL},
    /* in other widths */
    {"\xef\xbc\x9d"
     "1",
     "'\xef\xbc\x9d"
     "1",
     "\xef\xbc\x9d"
     "1"},
    {"\xef\xbc\x8b"
     "1",
     "'\xef\xbc\x8b"
     "1",
     "\xef\xbc\x8b"
     "1"},
    {"\xef\xbc\x8d"
     "1",
     "'\xef\xbc\x8d"
     "1",
     "\xef\xbc\x8d"
     "1"},
    {" \xef\xbc\xa0"
     "A",
     "' \xef\xbc\xa0"
     "A",
     " \xef\xbc\xa0"
     "A"},
    {"\xef\xb9\xa6"
     "1",
     "'\xef\xb9\xa6"
     "1",
     "\xef\xb9\xa6"
     "1"},
    {"\xe2\x88\x92"
     "A1",
     "'\xe2\x88\x92"
     "A1",
     "\xe2\x88\x92"
     "A1"},
    {"\xef\xbc\x9c"
     "1",
     "\xef\xbc\x9c"
     "1",
     NULL},
    /* behind what separates cells elsewhere */
    {"x;=1;-1", "\"x;'=1;-1\"", "\"x;=1;-1\""},
    {"x\t @A1", "\"x\t' @A1\"", "\"x\t @A1\""},
    {"x\r\n=1\r\n+1", "\"x\r\n'=1\r\n+1\"", "\"x\r\n=1\r\n+1\""},
    {"x;\"=1\"", "\"x;'\"\"=1\"\"\"", "\"x;\"\"=1\"\"\""},
    {"x; y=1,=2", "\"x; y=1,=2\"", NULL},
    {";\n \"\n=1\n x\n-", "\";\n' \"\"\n'=1\n x\n'-\"", "\";\n \"\"\n=1\n x\n-\""},
};

static const char *written(const char *text, int is_raw, apr_pool_t *pool)
{
    writer_t writer;

    writer_init(&writer, pool, 1);
    csv_write(&writer, text, is_raw);
    return apr_pstrmemdup(pool, writer.text, writer.length);
}

/* Whoever may write a text must not make those who read it as CSV work for long: so long a one takes a
 * moment, and would take minutes if each of its lines looked at all that follow. */
static void write_many_lines(const char *end, apr_pool_t *pool)
{
    enum { LINES = 400 * 1000 };
    char *text = apr_palloc(pool, 2 * LINES + strlen(end) + 1);
    apr_time_t start = apr_time_now();
    int marks = 0;
    const char *csv;

    for (int n = 0; n < LINES; n++)
        memcpy(text + 2 * n, "\n ", 2);
    strcpy(text + 2 * LINES, end);
    for (csv = written(text, 0, pool); *csv; csv++)
        marks += *csv == '\'';
    is(marks, *end == '=' ? LINES + 1 : 0, "%d lines before %s", LINES, end);
    ok(apr_time_now() - start < apr_time_from_sec(20), "... soon");
}

int main(void)
{
    apr_pool_t *pool;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS)
        return 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        is_text(written(cases[i].text, 0, pool), cases[i].safe, "text %zu", i);
        is_text(written(cases[i].text, 1, pool), cases[i].raw ? cases[i].raw : cases[i].safe, "... and raw");
    }
    write_many_lines("x", pool);
    write_many_lines("=1", pool);
    is_text(written("\0\xbd", 0, pool), "\"\"", "no byte behind the end is read");
    return done();
}
