/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_general.h>
#include <apr_strings.h>
#include <inttypes.h>

#include "../../mod_tenant/json/scan.h"
#include "../../mod_tenant/json/tree.h"
#include "tap.h"

static apr_pool_t *pool;

/* The value of a text that the scanner accepts. */
static const tree_t *parsed(const char *text)
{
    const tree_t *root = NULL;
    scan_error_t error;

    ok(!scan_text(text, strlen(text), &scan_limits_default, &error, pool), "scan accepts %.60s", text);
    ok(tree_parse(&root, text, strlen(text), pool), "... and so does tree");
    return root;
}

/* What the members of an object look like, in the order of the visits. */
typedef struct listing_t {
    char *text;
    const char *stop_at; /* name of the member at which to stop */
} listing_t;

static int list(void *context, const char *name, apr_size_t name_length, const tree_t *value)
{
    static const char *const types[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
    listing_t *const listing = context;

    listing->text = apr_psprintf(pool, "%s%s(%" APR_SIZE_T_FMT ")=%s ", listing->text, name, name_length,
                                 types[tree_type(value)]);
    return listing->stop_at && strcmp(name, listing->stop_at) == 0 ? 7 : 0;
}

static void test_types(void)
{
    is(tree_type(parsed("null")), TREE_NULL, "null");
    is(tree_type(parsed("true")), TREE_BOOLEAN, "true");
    is(tree_type(parsed("0")), TREE_INTEGER, "0");
    is(tree_type(parsed("-0")), TREE_INTEGER, "-0");
    is(tree_type(parsed("1.5")), TREE_NUMBER, "1.5");
    is(tree_type(parsed("\"\"")), TREE_STRING, "\"\"");
    is(tree_type(parsed("[]")), TREE_ARRAY, "[]");
    is(tree_type(parsed(" {} \r\n")), TREE_OBJECT, "{} in white space");
}

static void test_scalars(void)
{
    apr_size_t length;
    const char *string;

    is(tree_boolean(parsed("true")), 1, "true");
    is(tree_boolean(parsed("false")), 0, "false");
    is(tree_integer(parsed("9223372036854775807")), INT64_MAX, "the largest integer");
    is(tree_integer(parsed("-9223372036854775808")), INT64_MIN, "the smallest integer");
    is(tree_integer(parsed("-0")), 0, "-0");
    string = tree_string(parsed("\"\\u00e9\\ud834\\udd1e\\/\\\"\\n\""), &length);
    is_bytes(string, length, "\xc3\xa9\xf0\x9d\x84\x9e/\"\n", 9, "escapes");
    is(string[length], '\0', "... end in a NUL");
    string = tree_string(parsed("\"\""), &length);
    is((intmax_t)length, 0, "the empty string");
    ok(string != NULL, "... is there");
}

/* An integer is one by its value (JSON Schema, section 6.3), however it is written; a NULL is none. */
static void test_integers(void)
{
    static const struct {
        const char *text, *value;
    } numbers[] = {
        {"12.0", "12"},
        {"1.2e1", "12"},
        {"1.20E+1", "12"},
        {"1200e-2", "12"},
        {"-12.000", "-12"},
        {"0.0", "0"},
        {"-0.0", "0"},
        {"0e999999999999999999999", "0"},
        {"0.000e-999999999999999999999", "0"},
        {"100", "100"},
        {"0.012e3", "12"},
        {"9007199254740993.0", "9007199254740993"}, /* 2^53 + 1, which no double is */
        {"9223372036854775807.0", "9223372036854775807"},
        {"9.223372036854775807e18", "9223372036854775807"},
        {"-9223372036854775808.0", "-9223372036854775808"},
        {"1e18", "1000000000000000000"},
        {"9223372036854775808.0", "9223372036854775807"},
        {"1e19", "9223372036854775807"},
        {"1e300", "9223372036854775807"},
        {"-9223372036854775809.0", "-9223372036854775808"},
        {"-1e300", "-9223372036854775808"},
        {"1.5", NULL},
        {"12.00000000000000000000000000000001", NULL}, /* its double is 12 */
        {"9007199254740993.5", NULL},
        {"1e-1", NULL},
        {"12e-1", NULL},
        {"1.25e1", NULL},
        {"-0.5", NULL},
        {"1e-999999999999999999999", NULL},
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const tree_t *const value = parsed(numbers[i].text);

        is(tree_type(value), numbers[i].value ? TREE_INTEGER : TREE_NUMBER, "%s", numbers[i].text);
        if (numbers[i].value)
            is_text(apr_psprintf(pool, "%" PRId64, tree_integer(value)), numbers[i].value,
                    "... as its value");
    }
}

static void test_members(void)
{
    listing_t listing = {.text = apr_pstrdup(pool, "")};
    const tree_t *root =
        parsed("{\"z\":null,\"a\":1,\"\\u00e9\":2.5,\"\":\"s\",\"m\":{},\"l\":[1],\"b\":true}");

    is(tree_each(root, list, &listing), 0, "visits all members");
    is_text(listing.text,
            "z(1)=null a(1)=integer \xc3\xa9(2)=number (0)=string m(1)=object l(1)=array b(1)=boolean ",
            "... in the order of the text");
    listing = (listing_t){.text = apr_pstrdup(pool, ""), .stop_at = "a"};
    is(tree_each(root, list, &listing), 7, "stops and gives what the visit gave");
    is_text(listing.text, "z(1)=null a(1)=integer ", "... at that member");
    is(tree_each(parsed("{}"), list, &listing), 0, "no member");
}

static void test_finding(void)
{
    const tree_t *root = parsed("{\"a\":[1,null,\"x\"],\"b\":null,\"c\":[]}");
    const tree_t *items = tree_member(root, "a");
    apr_size_t length;

    is((intmax_t)tree_count(items), 3, "the items of an array");
    is(tree_integer(tree_item(items, 0)), 1, "... the first");
    is(tree_type(tree_item(items, 1)), TREE_NULL, "... one that is null");
    is_text(tree_string(tree_item(items, 2), &length), "x", "... the last");
    is((intmax_t)tree_count(tree_member(root, "c")), 0, "an array of none");
    is(tree_type(tree_member(root, "b")), TREE_NULL, "a member that is null");
    ok(!tree_member(root, "d"), "a member that is not there");
}

static void test_extent(void)
{
    const tree_t *root;
    char deep[66] = {0};

    memset(deep, '[', 32);
    deep[32] = '1';
    memset(deep + 33, ']', 32);
    is(tree_type(parsed(deep)), TREE_ARRAY, "as deep as the scanner allows");
    ok(!tree_parse(&root, "[1", 2, pool), "a text that ends early");
    ok(!tree_parse(&root, "[1] [", 5, pool), "a text that goes on");
    ok(!tree_parse(&root, "[1]\0", 4, pool), "a text with a NUL behind it");
    ok(!tree_parse(&root, "[1,]", 4, pool), "a text that only a lax parser takes");
    ok(!tree_parse(&root, "\"\xff\"", 3, pool), "a text that is not UTF-8");
    ok(!tree_parse(&root, "-", 1, pool), "half of a number");
    ok(!tree_parse(&root, "", 0, pool), "nothing");
    ok(root == NULL, "... and no value");
    ok(tree_parse(&root, "[1]xxx", 3, pool), "reads no more than the length");
}

/* How often bytes stand in the heap that malloc() grows by brk(), in freed memory too; -1 where there is no
 * such heap to look at. */
static int count_in_heap(const char *bytes, size_t length)
{
    FILE *const maps = fopen("/proc/self/maps", "r");
    char line[512];
    uintptr_t first = 0;
    uintptr_t end = 0;
    int count = 0;

    if (!maps)
        return -1;
    setvbuf(maps, NULL, _IONBF, 0);
    while (fgets(line, sizeof line, maps)) {
        if (strstr(line, "[heap]"))
            sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &first, &end);
    }
    fclose(maps);
    for (const char *at = (const char *)first; at && at < (const char *)end; at += length) {
        at = memmem(at, (size_t)((const char *)end - at), bytes, length);
        if (!at)
            break;
        count++;
    }
    return first ? count : -1;
}

/* Writes an object with passwords of many lengths, with and without an escape, in all kinds of places. */
static apr_size_t write_passwords(char *to)
{
    char *const start = to;

    to = stpcpy(to, "{\"a\":[\"hunter2-\",{\"b\":\"");
    for (int i = 0; i < 40; i++)
        to = stpcpy(to, "hunter2-");
    to = stpcpy(to, "\"}],\"c\":\"");
    for (int i = 0; i < 500; i++)
        to = stpcpy(to, "\\n..hunter2-.");
    to = stpcpy(to, "\"}");
    return (apr_size_t)(to - start);
}

static void test_wiping(void)
{
    static char text[16384]; /* not in the heap */
    const apr_size_t length = write_passwords(text);
    const tree_t *root;
    apr_pool_t *request;

    apr_pool_create(&request, pool);
    ok(tree_parse(&root, text, length, request), "a text with passwords");
    if (count_in_heap("hunter2-", 8) <= 0) {
        skip("malloc() is not the C library's own");
        apr_pool_destroy(request);
        return;
    }
    is(count_in_heap("hunter2-", 8), 541, "each password is in memory once");
    apr_pool_destroy(request);
    is(count_in_heap("hunter2-", 8), 0, "... and in no freed memory after its pool");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_types();
    test_scalars();
    test_integers();
    test_members();
    test_finding();
    test_extent();
    test_wiping();
    apr_terminate();
    return done();
}
