/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors: each stands for one place in one list, and nothing else passes for one. */
#include "../../mod_tenant/resource/cursor.h"

#include <apr_base64.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "../../mod_tenant/resource/resources.h"
#include "tap.h"

/* What a cursor of a list in its usual order without filters starts with; the hash is FNV-1a's own start. */
#define CALLS "1 calls id.desc cbf29ce484222325 "
#define USERS "1 users created_at.desc cbf29ce484222325 "

static apr_pool_t *pool;

static void start(page_t *page, const char *resource)
{
    page_start(page, resource_find(resource, strlen(resource), 0));
}

/* base64url without padding of bytes. */
static const char *encode(const char *bytes, apr_size_t length)
{
    char *const text = apr_palloc(pool, (apr_size_t)apr_base64_encode_len((int)length));

    apr_base64_encode(text, bytes, (int)length);
    for (char *c = text; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c;
    return text;
}

/* A cursor of a list in the order of a field, by its id alone where key is NULL. */
static void round_trip(const char *resource, const char *order, const char *key, const char *id,
                       const char *want_key)
{
    page_t page, again;
    const char *cursor;

    start(&page, resource);
    page.order = resource_field(page.resource, order, strlen(order));
    again = page;
    page_move(&page, PAGE_AFTER, key, id);
    cursor = cursor_write(&page, pool);
    ok(strspn(cursor, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(cursor),
       "a cursor of %s by %s needs no encoding", resource, order);
    ok(cursor_read(&again, cursor, pool), "... and is read back");
    is_text(again.id, id, "... with this id");
    is_text(again.key, want_key, "... and this key");
    again.is_ascending = 1;
    ok(!cursor_read(&again, cursor, pool), "... but not in the opposite order");
}

static void test_round_trips(void)
{
    static const char uuid[] = "3f0e9a52-7d0c-4a51-9a0e-0d4c2f8e7b11";
    static const char time[] = "2026-11-22T10:11:12.123456Z";
    char *const longest = apr_pcalloc(pool, 320 * 4 + 1);

    for (int n = 0; n < 320; n++)
        memcpy(longest + 4 * n, "\xf0\x9f\x98\x80", 4);
    round_trip("calls", "id", NULL, "1", NULL);
    round_trip("calls", "id", NULL, "12", NULL);
    round_trip("messages", "id", NULL, "123", NULL);
    round_trip("products", "id", NULL, "2147483647", NULL);
    round_trip("calls", "created_at", time, "1", time);
    round_trip("calls", "from_number", "+49 30 1234: 5", "17", "+49 30 1234: 5");
    round_trip("calls", "from_number", "", "17", "");
    round_trip("calls", "from_number", longest, "17", longest);
    round_trip("recordings", "duration", "0", "17", "0");
    round_trip("recordings", "duration", "-2147483648", "17", "-2147483648");
    round_trip("users", "id", NULL, uuid, NULL);
    round_trip("users", "created_at", time, uuid, time);
    round_trip("users", "created_at", NULL, uuid, "-infinity");
    round_trip("users", "updated_at", time, uuid, time);
    round_trip("users", "created_at", time, "a legacy id of J\xc3\xb6rg?>~", time);
    round_trip("users", "created_at", "1970-01-01T00:00:00Z", "x", "1970-01-01T00:00:00.000000Z");
    round_trip("users", "created_at", "0001-01-01T00:00:00Z", "x", "0001-01-01T00:00:00.000000Z");
    round_trip("users", "created_at", "1969-12-31T23:59:59.5Z", "x", "1969-12-31T23:59:59.500000Z");
    round_trip("users", "created_at", "infinity", "x", "infinity");
    round_trip("users", "created_at", "12026-05-05T00:00:00Z", "x", "12026-05-05T00:00:00.000000Z");
    round_trip("users", "created_at", "294276-12-31T23:59:59.999999Z", "x", "294276-12-31T23:59:59.999999Z");
    round_trip("users", "created_at", "0001-02-29T00:00:00Z BC", "x", "0001-02-29T00:00:00.000000Z BC");
    round_trip("users", "created_at", "4714-11-24T00:00:00.000001Z BC", "x",
               "4714-11-24T00:00:00.000001Z BC");
    round_trip("calls", "id", NULL, "0", NULL);
    round_trip("calls", "id", NULL, "-2147483648", NULL);
    round_trip("users", "id", NULL, "", NULL);
    round_trip("users", "created_at", time, "a\tb\n", time);
}

#define CURSOR(literal)                                                                                      \
    {                                                                                                        \
        literal, sizeof(literal) - 1                                                                         \
    }

/* What stands in a cursor that cursor_write() did not make, or made for another list. */
typedef struct forged_t {
    const char *text;
    apr_size_t length;
} forged_t;

static const forged_t of_calls[] = {
    CURSOR(""),
    CURSOR("1"),
    CURSOR(CALLS),
    CURSOR(CALLS "-0"),
    CURSOR(CALLS "+1"),
    CURSOR(CALLS "01"),
    CURSOR(CALLS "-9223372036854775809"),
    CURSOR(CALLS "9223372036854775808"),
    CURSOR(CALLS "1 "),
    CURSOR(CALLS "1 2"),
    CURSOR(CALLS " 1"),
    CURSOR(CALLS "1\0"),
    CURSOR(CALLS "1\0 OR true"),
    CURSOR(CALLS "1;DELETE"),
    CURSOR(CALLS "1\n"),
    CURSOR(CALLS "\xff"),
    CURSOR("1 calls id.asc cbf29ce484222325 1"),
    CURSOR("1 calls id cbf29ce484222325 1"),
    CURSOR("1 calls created_at.desc cbf29ce484222325 1"),
    CURSOR("1 calls id.desc cbf29ce484222326 1"),
    CURSOR("1 messages id.desc cbf29ce484222325 1"),
    CURSOR("1 call id.desc cbf29ce484222325 1"),
    CURSOR("1 Calls id.desc cbf29ce484222325 1"),
    CURSOR("2 calls id.desc cbf29ce484222325 1"),
    CURSOR("0 calls id.desc cbf29ce484222325 1"),
    CURSOR(" 1 calls id.desc cbf29ce484222325 1"),
};

static const forged_t of_users[] = {
    CURSOR("1 users id.desc cbf29ce484222325 x"),
    CURSOR(USERS),
    CURSOR(USERS "x"),
    CURSOR(USERS ": x"),
    CURSOR(USERS "20:2026-11-22T10:11:12Z"),
    CURSOR(USERS "23:0000-11-22T10:11:12Z AD x"),
    CURSOR(USERS "23:4714-11-23T10:11:12Z BC x"),
    CURSOR(USERS "22:294277-01-01T00:00:00Z x"),
    CURSOR(USERS "23:2026-11-22T10:11:12ZBC  x"),
    CURSOR(USERS "27:-003999-01-01T00:00:00.000Z x"),
    CURSOR(USERS "23:+012026-05-05T00:00:00Z x"),
    CURSOR(USERS "20:2026-11-22T10:11:12Zx"),
    CURSOR(USERS "19:2026-11-22T10:11:12Z x"),
    CURSOR(USERS "21:2026-11-22T10:11:12Z x"),
    CURSOR(USERS "2026-11-22T10:11:12Z x"),
    CURSOR(USERS "9999999999999999999999:2026-11-22T10:11:12Z x"),
    CURSOR(USERS "18446744073709551636:2026-11-22T10:11:12Z x"),
    CURSOR(USERS "-1:2026-11-22T10:11:12Z x"),
    CURSOR(USERS "0: x"),
    CURSOR(USERS "10:2026-11-22 x"),
    CURSOR(USERS "19:2026-11-22T10:11:12 x"),
    CURSOR(USERS "3:now x"),
    CURSOR(USERS "25:2026-11-22T10:11:12+23:99 x"),
    CURSOR(USERS "20:2026-02-30T10:11:12Z x"),
    CURSOR(USERS "9:-infinity a\0b"),
    CURSOR(USERS "9:-infinity \xc3"),
};

static const forged_t by_duration[] = {
    CURSOR("2:-0 1"), CURSOR("2:07 1"), CURSOR("10:2147483648 1"),
    CURSOR("1:x 1"),  CURSOR("0: 1"),   CURSOR("1:7 x"),
    CURSOR("1:7 "),   CURSOR("7 1"),
};

static void test_forged(void)
{
    page_t page;

    start(&page, "calls");
    for (size_t i = 0; i < sizeof of_calls / sizeof *of_calls; i++)
        ok(!cursor_read(&page, encode(of_calls[i].text, of_calls[i].length), pool),
           "cursor %zu is none of calls", i);
    ok(cursor_read(&page, encode(CALLS "17", sizeof CALLS "17" - 1), pool),
       "... and a right one is told from them");

    start(&page, "users");
    for (size_t i = 0; i < sizeof of_users / sizeof *of_users; i++)
        ok(!cursor_read(&page, encode(of_users[i].text, of_users[i].length), pool),
           "cursor %zu is none of users", i);
    ok(cursor_read(&page, encode(USERS "9:-infinity x", sizeof USERS "9:-infinity x" - 1), pool),
       "... and a right one is told from them");

    start(&page, "recordings");
    page.order = resource_field(page.resource, "duration", strlen("duration"));
    for (size_t i = 0; i < sizeof by_duration / sizeof *by_duration; i++) {
        const char *text =
            apr_pstrcat(pool, "1 recordings duration.desc cbf29ce484222325 ", by_duration[i].text, NULL);

        ok(!cursor_read(&page, encode(text, strlen(text)), pool), "`%s` is none by duration",
           by_duration[i].text);
    }
}

/* One text of base64 stands for one cursor: no padding, no other alphabet, no other length. */
static void test_encoding(void)
{
    static const char *const bad[] = {
        "",       "%s=", "%s==", "=%s", "x=%s",       "%sA", "M",
        "%s%%0A", "+%s", "%s/w", "%s.", "%s\xc3\xa9", " %s", "%s ",
    };
    const char *const right = encode(CALLS "171", sizeof CALLS "171" - 1);
    char *const long_one = apr_palloc(pool, 4096);
    page_t page;

    start(&page, "calls");
    ok(cursor_read(&page, right, pool), "the cursor of the row 171 of calls");
    is_text(page.id, "171", "... names it");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *at = strstr(bad[i], "%s");
        const char *text = at ? apr_pstrcat(pool, apr_pstrmemdup(pool, bad[i], (apr_size_t)(at - bad[i])),
                                            right, at + 2, NULL)
                              : bad[i];

        ok(!cursor_read(&page, text, pool), "`%s`", text);
    }
    start(&page, "users");
    memset(long_one, 'a', 4096);
    memcpy(long_one, USERS "9:-infinity ", sizeof USERS "9:-infinity " - 1);
    ok(cursor_read(&page, encode(long_one, 200), pool), "an id may be long");
    ok(!cursor_read(&page, encode(long_one, 4096), pool), "but no cursor is as long as 4 KiB");
}

/* A cursor belongs to one set of filters: their fields, tests and values. */
static void test_filters(void)
{
    static const filter_t equal = {.test = FILTER_EQUAL, .value = "1"};
    static const struct {
        const char *field;
        filter_t filter;
    } others[] = {
        {"to_number", {.test = FILTER_EQUAL, .value = "1"}},
        {"from_number", {.test = FILTER_EQUAL, .value = "2"}},
        {"from_number", {.test = FILTER_GREATER, .value = "1"}},
        {"from_number", {.test = FILTER_NULL}},
        {"from_number", {.test = FILTER_NOT_NULL}},
    };
    const char *cursor;
    page_t page;

    start(&page, "calls");
    page.filters[0] = equal;
    page.filters[0].field = resource_field(page.resource, "from_number", strlen("from_number"));
    page.filter_count = 1;
    page_move(&page, PAGE_BEFORE, NULL, "17");
    cursor = cursor_write(&page, pool);
    ok(cursor_read(&page, cursor, pool), "a cursor of a filtered list");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        page.filters[0] = others[i].filter;
        page.filters[0].field = resource_field(page.resource, others[i].field, strlen(others[i].field));
        ok(!cursor_read(&page, cursor, pool), "... is none of %s %s",
           filter_name(page.filters[0].field, others[i].filter.test, pool), filter_text(&page.filters[0]));
    }
    page.filter_count = 0;
    ok(!cursor_read(&page, cursor, pool), "... nor of the whole one");
}

/* A cursor's row is one that the filters let pass: what a statement need not ask again. */
static const struct {
    const char *resource, *field;
    filter_test_t test;
    const char *value, *key;
    int is_taken;
} inside[] = {
    {"recordings", "duration", FILTER_GREATER, "9", "10", 1},
    {"recordings", "duration", FILTER_GREATER, "9", "9", 0},
    {"recordings", "duration", FILTER_GREATER_EQUAL, "9", "9", 1},
    {"recordings", "duration", FILTER_GREATER_EQUAL, "10", "9", 0},
    {"recordings", "duration", FILTER_LESS, "10", "9", 1},
    {"recordings", "duration", FILTER_LESS, "10", "10", 0},
    {"recordings", "duration", FILTER_LESS, "10", "-5", 1},
    {"recordings", "duration", FILTER_LESS_EQUAL, "10", "10", 1},
    {"recordings", "duration", FILTER_LESS_EQUAL, "10", "11", 0},
    {"recordings", "duration", FILTER_NOT_NULL, NULL, "0", 1},
    {"calls", "from_number", FILTER_NOT_NULL, NULL, "", 1},
    {"calls", "created_at", FILTER_EQUAL, "2026-01-01T00:00:00.000000Z", "2026-01-01T01:00:00+01:00", 1},
    {"calls", "created_at", FILTER_EQUAL, "2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000001Z", 0},
    {"calls", "created_at", FILTER_GREATER, "2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000001Z", 1},
    {"calls", "created_at", FILTER_GREATER, "2026-01-01T00:00:00.000000Z", "2025-12-31T23:59:59Z", 0},
    {"calls", "created_at", FILTER_GREATER, "2026-01-01T00:00:00.000000Z", "infinity", 1},
    {"users", "created_at", FILTER_LESS, "2026-01-01T00:00:00.000000Z", "0001-01-01T00:00:00Z", 1},
    {"users", "created_at", FILTER_LESS, "2026-01-01T00:00:00.000000Z", "infinity", 0},
    {"users", "created_at", FILTER_LESS, "2026-01-01T00:00:00.000000Z", "-infinity", 0},
    {"users", "created_at", FILTER_LESS_EQUAL, "2026-01-01T00:00:00.000000Z", "-infinity", 0},
    {"users", "created_at", FILTER_GREATER, "2026-01-01T00:00:00.000000Z", "-infinity", 0},
    {"users", "created_at", FILTER_NULL, NULL, "-infinity", 1},
    {"users", "updated_at", FILTER_NOT_NULL, NULL, "-infinity", 1},
    {"users", "updated_at", FILTER_LESS, "2026-01-01T00:00:00.000000Z", "-infinity", 1},
    {"users", "updated_at", FILTER_GREATER, "2026-01-01T00:00:00.000000Z", "-infinity", 0},
    {"users", "created_at", FILTER_LESS, "2026-01-01T00:00:00.000000Z", "4000-01-01T00:00:00Z BC", 1},
    {"users", "created_at", FILTER_GREATER, "2026-01-01T00:00:00.000000Z", "4000-01-01T00:00:00Z BC", 0},
    {"users", "created_at", FILTER_GREATER, "2026-01-01T00:00:00.000000Z", "12026-05-05T00:00:00Z", 1},
    {"users", "created_at", FILTER_LESS, "2026-01-01T00:00:00.000000Z", "12026-05-05T00:00:00Z", 0},
    {"users", "created_at", FILTER_NULL, NULL, "2026-01-01T00:00:00Z", 0},
    {"users", "created_at", FILTER_NOT_NULL, NULL, "-infinity", 0},
    {"users", "created_at", FILTER_NOT_NULL, NULL, "2026-01-01T00:00:00Z", 1},
};

static void test_inside(void)
{
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
        page_t page;

        start(&page, inside[i].resource);
        page.order = resource_field(page.resource, inside[i].field, strlen(inside[i].field));
        page.filters[0] = (filter_t){.field = page.order, .test = inside[i].test, .value = inside[i].value};
        page.filter_count = 1;
        page_move(&page, PAGE_AFTER, inside[i].key, "17");
        is(cursor_read(&page, cursor_write(&page, pool), pool), inside[i].is_taken,
           "%s at `%s` in a list with %s=%s", inside[i].resource, inside[i].key,
           filter_name(page.order, inside[i].test, pool), filter_text(&page.filters[0]));
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_round_trips();
    test_forged();
    test_encoding();
    test_filters();
    test_inside();
    apr_terminate();
    return done();
}
