/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_general.h>
#include <apr_strings.h>
#include <float.h>
#include <math.h>
#include <sys/resource.h>
#include <time.h>

#include "../../mod_tenant/json/scan.h"
#include "corpora.h"
#include "tap.h"

#define TEXT(literal) (literal), sizeof(literal) - 1

static apr_pool_t *pool;

/* What becomes of a text, in one word: "accepted", "bad-json", or the code of a 422. */
static const char *verdict(const char *text, apr_size_t length, const scan_limits_t *limits,
                           scan_error_t *error)
{
    const problem_t *const problem = scan_text(text, length, limits, error, pool);

    if (!problem)
        return "accepted";
    return problem == &problem_invalid ? error->code : problem->code;
}

static const struct {
    const char *text;
    apr_size_t length;
} accepted[] = {
    {TEXT("null")},
    {TEXT(" \t\r\n[ ]\n")},
    {TEXT("-0")},
    {TEXT("[-0.0,0e1,0E-9,1.25E+2]")},
    {TEXT("9223372036854775807")},
    {TEXT("-9223372036854775808")},
    {TEXT("9223372036854775808.0")},
    {TEXT("1e308")},
    {TEXT("1e-999999999999999999999")},
    {TEXT("0e999999999999999999999")},
    {TEXT("0.000e400")},
    {TEXT("0.00002e312")},
    {TEXT("\"\\ud834\\udd1e \\\" \\\\ \\/ \\b\\f\\n\\r\\t \\u00e9\\uD7FF\\uE000\"")},
    {TEXT("\"\x7f \xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf \xf0\x90\x80\x80 "
          "\xf4\x8f\xbf\xbf \xe2\x80\xa8\"")},
    {TEXT("{\"\":0,\"a\":{\"a\":[{\"a\":1},{\"a\":1}]},\"A\":2,\"aa\":3}")},
    {TEXT("{\"a\\n\":0,\"a\\\\n\":1}")},
};

static const struct {
    const char *text;
    apr_size_t length;
    int offset;
} bad[] = {
    {TEXT(""), 0},
    {TEXT("  "), 2},
    {TEXT("\xef\xbb\xbf{}"), 0},
    {TEXT("{} {}"), 3},
    {TEXT("{}\0"), 2},
    {TEXT("nul"), 0},
    {TEXT("True"), 0},
    {TEXT("NaN"), 0},
    {TEXT("[1,]"), 3},
    {TEXT("[1 2]"), 3},
    {TEXT("[1}"), 2},
    {TEXT("["), 1},
    {TEXT("{"), 1},
    {TEXT("{\"a\""), 4},
    {TEXT("{\"a\" 1}"), 5},
    {TEXT("{\"a\":}"), 5},
    {TEXT("{\"a\":1,}"), 7},
    {TEXT("{\"a\":1"), 6},
    {TEXT("{a:1}"), 1},
    {TEXT("-"), 1},
    {TEXT("-x"), 1},
    {TEXT("01"), 0},
    {TEXT("[-01]"), 2},
    {TEXT("1."), 2},
    {TEXT("2.e3"), 2},
    {TEXT(".5"), 0},
    {TEXT("+1"), 0},
    {TEXT("1e"), 1},
    {TEXT("1e+"), 1},
    {TEXT("0x10"), 1},
    {TEXT("\""), 1},
    {TEXT("\"a\0b\""), 2},
    {TEXT("\"a\nb\""), 2},
    {TEXT("\"\\"), 1},
    {TEXT("\"\\x41\""), 1},
    {TEXT("\"\\u12\""), 1},
    {TEXT("\"\\u12g4\""), 1},
    {TEXT("\"\\uD800\""), 1},
    {TEXT("\"\\uD800\\u0041\""), 1},
    {TEXT("\"\\uD800\\uD800\""), 1},
    {TEXT("\"\\uD800\\uE000\""), 1},
    {TEXT("\"\\uD800\\uDC0"), 1},
    {TEXT("\"\\uDC00\\uD800\""), 1},
    {TEXT("\"\x80\""), 1},
    {TEXT("\"\xc0\xaf\""), 1},
    {TEXT("\"\xc1\xbf\""), 1},
    {TEXT("\"\xc2\""), 1},
    {TEXT("\"\xe0\x9f\xbf\""), 1},
    {TEXT("\"\xed\xa0\x80\""), 1},
    {TEXT("\"\xe2\x80"), 1},
    {TEXT("\"\xe2\x80\x22\""), 1},
    {TEXT("\"\xf0\x8f\xbf\xbf\""), 1},
    {TEXT("\"\xf4\x90\x80\x80\""), 1},
    {TEXT("\"\xf4\xbf\xbf\xbf\""), 1},
    {TEXT("\"\xf5\x80\x80\x80\""), 1},
    {TEXT("\xc3\xa9"), 0},
    /* What deserves a 422 as well. */
    {TEXT("[1e400,]"), 7},
    {TEXT("{\"a\":1,\"a\":2"), 12},
    {TEXT("[\"\\u0000\""), 9},
};

static const struct {
    const char *text;
    apr_size_t length;
    const char *code;
    const char *pointer;
    int offset;
} invalid[] = {
    {TEXT("\"\\u0000\""), "nul", "", 0},
    {TEXT("{\"a\":[0,\"x\\u0000y\"]}"), "nul", "/a/1", 8},
    {TEXT("{\"role\":\"user\",\"role\\u0000x\":\"admin\"}"), "nul", "", 15},
    {TEXT("[{},{\"b\":{\"\\u0000\":1}}]"), "nul", "/1/b", 10},
    {TEXT("{\"a\":1,\"a\":1}"), "duplicate", "/a", 7},
    {TEXT("{\"a\":1,\"\\u0061\":2}"), "duplicate", "/a", 7},
    {TEXT("{\"\xc3\xa9\":1,\"\\u00E9\":2}"), "duplicate", "/\xc3\xa9", 8},
    {TEXT("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}"), "duplicate", "/\xf0\x9f\x98\x80", 18},
    {TEXT("{\"x\":1,\"b\":1,\"a\":1,\"b\":2,\"a\":2,\"b\":3}"), "duplicate", "/b", 19},
    {TEXT("{\"\":1,\"\":2}"), "duplicate", "/", 6},
    {TEXT("{\"k\":[[],{\"~/\":{\"z\":0,\"z\":0}}]}"), "duplicate", "/k/1/~0~1/z", 22},
    {TEXT("{\"a\":{\"b\":1,\"b\":1},\"a\":{}}"), "duplicate", "/a/b", 12},
    {TEXT("1E400"), "range", "", 0},
    {TEXT("[0,[1,-1e400]]"), "range", "/1/1", 6},
    {TEXT("1.7976931348623159e308"), "range", "", 0},
    {TEXT("0.0000001e316"), "range", "", 0},
    {TEXT("0.00002e313"), "range", "", 0},
    {TEXT("1e99999999999999999999999"), "range", "", 0},
    {TEXT("{\"n\":9223372036854775808}"), "range", "/n", 5},
    {TEXT("{\"n\":-9223372036854775809}"), "range", "/n", 5},
    {TEXT("{\"n\":18446744073709551616}"), "range", "/n", 5},
    {TEXT("[1e999,\"\\u0000\",{\"a\":1,\"a\":1}]"), "range", "/0", 1},
};

static void test_accepted(void)
{
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        scan_error_t error;

        is_text(verdict(accepted[i].text, accepted[i].length, &scan_limits_default, &error), "accepted",
                "accepted text %zu", i);
        ok(!error.detail && !error.pointer, "... without a detail");
    }
}

static void test_bad(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        scan_error_t error;

        is_text(verdict(bad[i].text, bad[i].length, &scan_limits_default, &error), "bad-json", "bad text %zu",
                i);
        is((intmax_t)error.offset, bad[i].offset, "... at its byte");
        ok(error.detail && !error.code && !error.pointer, "... with a detail alone");
    }
}

static void test_invalid(void)
{
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        scan_error_t error;

        is_text(verdict(invalid[i].text, invalid[i].length, &scan_limits_default, &error), invalid[i].code,
                "invalid text %zu", i);
        is((intmax_t)error.offset, invalid[i].offset, "... at its byte");
        is_text(error.pointer, invalid[i].pointer, "... at its pointer");
        ok(error.detail != NULL, "... with a detail");
    }
}

/* The digits of 2^1024 - 2^970, the middle between the largest finite double and the next power of two: the
 * sum of 2^1024 - 2^971 and 2^970, whose digits printf() knows. Both have as many as the format says. */
static void print_middle(char digits[310])
{
    char half[310];
    int carry = 0;

    snprintf(digits, 310, "%.0f", DBL_MAX);
    snprintf(half, sizeof half, "%0309.0f", ldexp(1, 970));
    for (int i = 308; i >= 0; i--) {
        const int sum = digits[i] - '0' + half[i] - '0' + carry;

        digits[i] = (char)('0' + sum % 10);
        carry = sum / 10;
    }
}

/* That middle is the first decimal that is too large; strtod() is asked as well. */
static void test_largest_double(void)
{
    char digits[310];
    char text[800];
    scan_error_t error;

    print_middle(digits);
    snprintf(text, sizeof text, "%s.0", digits);
    is_text(verdict(text, strlen(text), &scan_limits_default, &error), "range",
            "2^1024 - 2^970 is too large");
    snprintf(text, sizeof text, "-%c.%se308", digits[0], digits + 1);
    is_text(verdict(text, strlen(text), &scan_limits_default, &error), "range", "... in scientific notation");
    snprintf(text, sizeof text, "0.%s000e309", digits);
    is_text(verdict(text, strlen(text), &scan_limits_default, &error), "range", "... as a fraction");
    snprintf(text, sizeof text, "%s.000001", digits);
    is_text(verdict(text, strlen(text), &scan_limits_default, &error), "range", "a little more is too large");
    ok(isinf(strtod(text, NULL)), "... as strtod() finds");

    digits[308]--; /* its last digit is 2 */
    snprintf(text, sizeof text, "%s.0", digits);
    is_text(verdict(text, strlen(text), &scan_limits_default, &error), "accepted", "one less is kept");
    ok(isfinite(strtod(text, NULL)), "... as strtod() finds");
    snprintf(text, sizeof text, "%.100s.%s999e209", digits, digits + 100);
    is_text(verdict(text, strlen(text), &scan_limits_default, &error), "accepted",
            "... with its point elsewhere");
}

/* A text with before, count times unit, middle, count times closing. */
static const char *text_of(const char *before, const char *unit, int count, const char *middle,
                           const char *closing)
{
    const size_t each = strlen(unit) + strlen(closing);
    char *const text = apr_palloc(pool, strlen(before) + (size_t)count * each + strlen(middle) + 1);
    char *to = stpcpy(text, before);

    for (int i = 0; i < count; i++)
        to = stpcpy(to, unit);
    to = stpcpy(to, middle);
    for (int i = 0; i < count; i++)
        to = stpcpy(to, closing);
    return text;
}

/* An object with that many members, whose keys all have the same length. */
static const char *object_of(int members)
{
    char *const text = apr_palloc(pool, (apr_size_t)members * sizeof "\"k00000000\":0,");
    char *to = stpcpy(text, "{");

    for (int i = 0; i < members; i++)
        to += sprintf(to, "\"k%08d\":0,", i);
    strcpy(to - 1, "}");
    return text;
}

#define is_verdict(text, limits, want, ...)                                                                  \
    do {                                                                                                     \
        const char *const verdict_text = (text);                                                             \
        scan_error_t verdict_error;                                                                          \
        is_text(verdict(verdict_text, strlen(verdict_text), limits, &verdict_error), want, __VA_ARGS__);     \
    } while (0)

static void test_limits(void)
{
    const scan_limits_t *const limits = &scan_limits_default;
    const scan_limits_t few = {.depth = 1, .nodes = 3, .keys = 2};

    is_verdict(text_of("", "[", 32, "1", "]"), limits, "accepted", "arrays 32 deep");
    is_verdict(text_of("", "[", 33, "", "]"), limits, "bad-json", "arrays 33 deep");
    is_verdict(text_of("", "{\"a\":", 32, "1", "}"), limits, "accepted", "objects 32 deep");
    is_verdict(text_of("", "{\"a\":", 33, "1", "}"), limits, "bad-json", "objects 33 deep");
    is_verdict(text_of("", "[", 100000, "", ""), limits, "bad-json", "100,000 opening brackets");
    is_verdict(text_of("[", "[[]],", 100, "[[]]]", ""), limits, "accepted",
               "depth is not the number of arrays");
    is_verdict(object_of(256), limits, "accepted", "256 keys");
    is_verdict(object_of(257), limits, "bad-json", "257 keys");
    is_verdict(text_of("[", "0,", 9998, "0]", ""), limits, "accepted", "10,000 nodes");
    is_verdict(text_of("[", "0,", 9999, "0]", ""), limits, "bad-json", "10,001 nodes");
    is_verdict("[1,2]", &few, "accepted", "all of three nodes");
    is_verdict("[1,2,3]", &few, "bad-json", "a fourth node");
    is_verdict("{\"a\":1,\"b\":2}", &few, "accepted", "a key is not a node");
    is_verdict("{\"a\":1,\"b\":2,\"c\":3}", &few, "bad-json", "a third key");
}

static long peak_kib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* What a client could drive up: memory by many small objects, time by many keys. */
static void test_costs(void)
{
    const scan_limits_t raised = {.depth = 32, .nodes = 1000000, .keys = 1000000};
    const char *const objects = text_of("[", "{},", 1024 * 1024 / 3, "{}]", "");
    const char *const keys = object_of(200000);
    const long before = peak_kib();
    clock_t started;

    is_verdict(objects, &scan_limits_default, "bad-json", "1 MiB of empty objects is refused");
    is_verdict(objects, &raised, "accepted", "... unless the limit is raised");
#ifdef __SANITIZE_THREAD__
    skip("a sanitizer has memory of its own");
    (void)before;
#else
    ok(peak_kib() - before < 1024, "... in memory that does not grow with their number");
#endif
    started = clock();
    is_verdict(keys, &raised, "accepted", "200,000 keys");
    ok(clock() - started < 10 * CLOCKS_PER_SEC, "... in time that is not quadratic in them");
}

/* What becomes of the files of JSONTestSuite that RFC 8259 leaves to the implementation (i_), and of the
 * valid ones (y_) whose content we refuse. All others of y_ are accepted, all of n_ are bad-json. */
static const struct {
    const char *file;
    const char *verdict;
} documented[] = {
    {"i_number_double_huge_neg_exp.json", "accepted"},
    {"i_number_huge_exp.json", "range"},
    {"i_number_neg_int_huge_exp.json", "range"},
    {"i_number_pos_double_huge_exp.json", "range"},
    {"i_number_real_neg_overflow.json", "range"},
    {"i_number_real_pos_overflow.json", "range"},
    {"i_number_real_underflow.json", "accepted"},
    {"i_number_too_big_neg_int.json", "range"},
    {"i_number_too_big_pos_int.json", "range"},
    {"i_number_very_big_negative_int.json", "range"},
    {"i_object_key_lone_2nd_surrogate.json", "bad-json"},
    {"i_string_1st_surrogate_but_2nd_missing.json", "bad-json"},
    {"i_string_1st_valid_surrogate_2nd_invalid.json", "bad-json"},
    {"i_string_UTF-16LE_with_BOM.json", "bad-json"},
    {"i_string_UTF-8_invalid_sequence.json", "bad-json"},
    {"i_string_UTF8_surrogate_U+D800.json", "bad-json"},
    {"i_string_incomplete_surrogate_and_escape_valid.json", "bad-json"},
    {"i_string_incomplete_surrogate_pair.json", "bad-json"},
    {"i_string_incomplete_surrogates_escape_valid.json", "bad-json"},
    {"i_string_invalid_lonely_surrogate.json", "bad-json"},
    {"i_string_invalid_surrogate.json", "bad-json"},
    {"i_string_invalid_utf-8.json", "bad-json"},
    {"i_string_inverted_surrogates_U+1D11E.json", "bad-json"},
    {"i_string_iso_latin_1.json", "bad-json"},
    {"i_string_lone_second_surrogate.json", "bad-json"},
    {"i_string_lone_utf8_continuation_byte.json", "bad-json"},
    {"i_string_not_in_unicode_range.json", "bad-json"},
    {"i_string_overlong_sequence_2_bytes.json", "bad-json"},
    {"i_string_overlong_sequence_6_bytes.json", "bad-json"},
    {"i_string_overlong_sequence_6_bytes_null.json", "bad-json"},
    {"i_string_truncated-utf-8.json", "bad-json"},
    {"i_string_utf16BE_no_BOM.json", "bad-json"},
    {"i_string_utf16LE_no_BOM.json", "bad-json"},
    {"i_structure_500_nested_arrays.json", "bad-json"},
    {"i_structure_UTF-8_BOM_empty_object.json", "bad-json"},
    {"y_object_duplicated_key.json", "duplicate"},
    {"y_object_duplicated_key_and_value.json", "duplicate"},
    {"y_object_escaped_null_in_key.json", "nul"},
    {"y_string_null_escape.json", "nul"},
};

static const char *documented_verdict(const char *file)
{
    for (size_t i = 0; i < sizeof documented / sizeof *documented; i++) {
        if (strcmp(documented[i].file, file) == 0)
            return documented[i].verdict;
    }
    return file[0] == 'y' ? "accepted" : file[0] == 'n' ? "bad-json" : "documented";
}

static void test_file(const char *file)
{
    const char *const path = apr_pstrcat(pool, corpora_path("json/", pool), file, NULL);
    apr_size_t length = 0;
    const char *const text = corpora_read(path, &length, pool);
    scan_error_t error;

    if (ok(text != NULL, "%s is readable", file))
        is_text(verdict(text, length, &scan_limits_default, &error), documented_verdict(file), "%s", file);
}

static void test_suite(void)
{
    static const char kinds[] = "yni";
    int count[sizeof kinds - 1] = {0};
    apr_finfo_t entry;
    apr_dir_t *folder;

    if (apr_dir_open(&folder, corpora_path("json", pool), pool) != APR_SUCCESS) {
        skip("JSONTestSuite is not there");
        return;
    }
    while (apr_dir_read(&entry, APR_FINFO_NAME, folder) == APR_SUCCESS) {
        const size_t kind = strcspn(kinds, (const char[]){entry.name[0], '\0'});

        if (kind == sizeof kinds - 1 || entry.name[1] != '_')
            continue;
        count[kind]++;
        test_file(entry.name);
    }
    apr_dir_close(folder);
    is(count[0], 95, "JSONTestSuite has all of its valid texts");
    is(count[1], 188, "... of its invalid texts");
    is(count[2], 35, "... and of those left to the implementation");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_accepted();
    test_bad();
    test_invalid();
    test_largest_double();
    test_limits();
    test_costs();
    test_suite();
    apr_terminate();
    return done();
}
