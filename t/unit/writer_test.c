/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_general.h>

#include "../../mod_tenant/json/scan.h"
#include "../../mod_tenant/json/token.h"
#include "../../mod_tenant/json/tree.h"
#include "../../mod_tenant/json/writer.h"
#include "corpora.h"
#include "tap.h"

#define TEXT(literal) (literal), sizeof(literal) - 1

static apr_pool_t *pool;

static const struct {
    const char *bytes;
    apr_size_t length;
    const char *json;
} strings[] = {
    {TEXT(""), "\"\""},
    {TEXT("plain"), "\"plain\""},
    {TEXT("\""), "\"\\\"\""},
    {TEXT("\\"), "\"\\\\\""},
    {TEXT("/<>&'"), "\"/<>&'\""},
    {TEXT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
    {TEXT("\0\x01\x0b\x1f\x7f"), "\"\\u0000\\u0001\\u000b\\u001f\x7f\""},
    {TEXT("a\nb"), "\"a\\nb\""},
    {TEXT("\xc3\xa9\xe2\x80\xa8\xe2\x80\xa9\xf0\x9d\x84\x9e"),
     "\"\xc3\xa9\xe2\x80\xa8\xe2\x80\xa9\xf0\x9d\x84\x9e\""},
    {TEXT("\n\n\n\n\n\n\n\n"), "\"\\n\\n\\n\\n\\n\\n\\n\\n\""},
};

static const struct {
    int64_t value;
    const char *json;
} integers[] = {
    {0, "0"},
    {7, "7"},
    {-1, "-1"},
    {10, "10"},
    {2147483647, "2147483647"},
    {INT64_MAX, "9223372036854775807"},
    {INT64_MIN, "-9223372036854775808"},
};

static void test_strings(void)
{
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        writer_t writer;

        writer_init(&writer, pool, 0);
        writer_string(&writer, strings[i].bytes, strings[i].length);
        is_bytes(writer.text, writer.length, strings[i].json, strlen(strings[i].json), "string %zu", i);
    }
}

static void test_integers(void)
{
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        writer_t writer;

        writer_init(&writer, pool, 0);
        writer_integer(&writer, integers[i].value);
        is_bytes(writer.text, writer.length, integers[i].json, strlen(integers[i].json), "integer %zu", i);
    }
}

static void test_growth(void)
{
    static const char want[] = "{\"a\":\"x\",\"b\":null,\"c\":0}";
    writer_t writer;
    const char *text;

    writer_init(&writer, pool, 4);
    writer_literal(&writer, "{\"a\":");
    writer_text(&writer, "x");
    writer_literal(&writer, ",\"b\":");
    writer_text(&writer, NULL);
    writer_raw(&writer, ",\"c\":0}..", 7);
    is_bytes(writer.text, writer.length, want, sizeof want - 1, "grows by small steps");
    writer_reserve(&writer, 1000);
    ok(writer.size - writer.length >= 1000, "reserves what is asked for");
    is_bytes(writer.text, writer.length, want, sizeof want - 1, "... and keeps the text");
    text = writer.text;
    writer_reserve(&writer, 1000);
    ok(writer.text == text, "does not move a text that has room");
}

/* Keeps the last member. */
static int keep(void *context, const char *name, apr_size_t name_length, const tree_t *value)
{
    (void)name;
    (void)name_length;
    *(const tree_t **)context = value;
    return 0;
}

/* Writes a member with a string, reads the text back and gives the string that comes out. */
static const char *round_trip(const char *bytes, apr_size_t *length)
{
    writer_t writer;
    scan_error_t error;
    const tree_t *root = NULL;
    const tree_t *value = NULL;

    writer_init(&writer, pool, 16);
    writer_literal(&writer, "{\"value\":");
    writer_string(&writer, bytes, *length);
    writer_literal(&writer, "}");
    *length = 0;
    if (scan_text(writer.text, writer.length, &scan_limits_default, &error, pool) != NULL)
        return "(refused by scan)";
    if (!tree_parse(&root, writer.text, writer.length, pool))
        return "(refused by tree)";
    tree_each(root, keep, &value);
    return tree_string(value, length);
}

static void test_every_character(void)
{
    char text[4];
    char want[4];

    for (int byte = 1; byte < 0x80; byte++) {
        apr_size_t length = 3;
        const char *got;

        snprintf(text, sizeof text, "a%cb", byte);
        memcpy(want, text, sizeof want);
        got = round_trip(text, &length);
        is_bytes(got, length, want, 3, "U+%04X comes back", (unsigned)byte);
    }
}

static void test_naughty_strings(void)
{
    token_reader_t reader = {0};
    token_string_t string;
    apr_size_t length = 0;
    int count = 0;
    const char *const file = corpora_read(corpora_path("blns.json", pool), &length, pool);

    if (!file) {
        skip("blns.json is not there");
        return;
    }
    reader.end = (const unsigned char *)file + length;
    reader.at = memchr(file, '"', length);
    while (reader.at && token_string(&reader, &string)) {
        char *const bytes = apr_palloc(pool, string.length + 1);
        const apr_size_t want = token_unescape(bytes, &string);
        const char *got;

        length = want;
        got = round_trip(bytes, &length);
        is_bytes(got, length, bytes, want, "naughty string %d", ++count);
        reader.at = memchr(reader.at, '"', (size_t)(reader.end - reader.at));
    }
    ok(reader.fault == NULL && count > 500, "the big list of naughty strings is read to its end");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_strings();
    test_integers();
    test_growth();
    test_every_character();
    test_naughty_strings();
    apr_terminate();
    return done();
}
