/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/api/page.h"

#include <apr_base64.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "tap.h"

/* The hash of no filter: FNV-1a's own start. */
#define NO_FILTER "cbf29ce484222325 "

enum { USUAL = 50, MOST = 1000 };

static apr_pool_t *pool;

static const resource_t *find(const char *name)
{
    return resource_find(name, strlen(name), 0);
}

/* What becomes of a query: the problem's code, or "fine". */
static const char *parse(page_t *page, const char *resource, const char *args)
{
    const char *detail = NULL;
    const problem_t *const problem = page_parse(page, find(resource), args, USUAL, MOST, &detail, pool);

    if (!problem != !detail)
        return "a problem without a detail, or a detail without a problem";
    return problem ? problem->code : "fine";
}

/* base64url without padding of bytes, as `after=`. */
static const char *after(const char *bytes, apr_size_t length)
{
    char *const text = apr_palloc(pool, (apr_size_t)apr_base64_encode_len((int)length));

    apr_base64_encode(text, bytes, (int)length);
    for (char *c = text; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c == '=' ? '\0' : *c;
    return apr_pstrcat(pool, "after=", text, NULL);
}

static void test_limit(void)
{
    static const struct {
        const char *args;
        int limit; /* 0: refused */
    } limits[] = {
        {NULL, USUAL},           {"", USUAL},
        {"limit=1", 1},          {"limit=1000", 1000},
        {"limit=%31", 1},        {"limit=0", 0},
        {"limit=01", 0},         {"limit=1001", 0},
        {"limit=2147483648", 0}, {"limit=99999999999999999999", 0},
        {"limit=-1", 0},         {"limit=+1", 0},
        {"limit=1.0", 0},        {"limit=1e2", 0},
        {"limit=", 0},           {"limit", 0},
        {"limit=all", 0},        {"limit=1&limit=1", 0},
        {"Limit=1", 0},          {"offset=1", 0},
        {"before=x", 0},
    };

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        page_t page;

        is_text(parse(&page, "calls", limits[i].args), limits[i].limit ? "fine" : "bad-parameter", "`%s`",
                limits[i].args ? limits[i].args : "no query");
        if (limits[i].limit)
            is(page.limit, limits[i].limit, "... as its limit");
        if (limits[i].limit)
            ok(!page.is_after, "... from the start");
    }
}

static void round_trip(const char *resource, const char *id, const char *created, const char *want_created)
{
    const page_t before = {.limit = 7};
    const char *const next = page_next(&before, find(resource), id, created, pool);
    page_t page;

    ok(strspn(next, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=&") == strlen(next),
       "a next page of %s needs no encoding", resource);
    is_text(parse(&page, resource, next), "fine", "... and is taken back");
    is(page.limit, 7, "... with its limit");
    ok(page.is_after, "... behind a row");
    is_text(page.id, id, "... with this id");
    is_text(page.created, want_created, "... and this time");
}

static void test_round_trips(void)
{
    static const char uuid[] = "3f0e9a52-7d0c-4a51-9a0e-0d4c2f8e7b11";
    static const char time[] = "2026-11-22T10:11:12.123456Z";

    round_trip("calls", "1", NULL, NULL);
    round_trip("calls", "12", NULL, NULL);
    round_trip("messages", "123", NULL, NULL);
    round_trip("products", "2147483647", NULL, NULL);
    round_trip("users", uuid, time, time);
    round_trip("users", uuid, NULL, "-infinity");
    round_trip("users", "a legacy id of J\xc3\xb6rg?>~", time, time);
    round_trip("users", "x", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z");
    round_trip("users", "x", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z");
    round_trip("users", "x", "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z");
    round_trip("users", "x", "infinity", "infinity");
}

/* What stands in a cursor that page_next() did not make, or made for another list. */
typedef struct forged_t {
    const char *text;
    apr_size_t length;
} forged_t;

#define CURSOR(literal)                                                                                      \
    {                                                                                                        \
        literal, sizeof(literal) - 1                                                                         \
    }
static const struct {
    const char *text;
    apr_size_t length;
} of_calls[] = {
    CURSOR(""),
    CURSOR("1"),
    CURSOR("1 calls id " NO_FILTER),
    CURSOR("1 calls id " NO_FILTER "0"),
    CURSOR("1 calls id " NO_FILTER "-1"),
    CURSOR("1 calls id " NO_FILTER "01"),
    CURSOR("1 calls id " NO_FILTER "2147483648"),
    CURSOR("1 calls id " NO_FILTER "1 "),
    CURSOR("1 calls id " NO_FILTER "1 2"),
    CURSOR("1 calls id " NO_FILTER " 1"),
    CURSOR("1 calls id " NO_FILTER "1\0"),
    CURSOR("1 calls id " NO_FILTER "1\0 OR true"),
    CURSOR("1 calls id " NO_FILTER "1;DELETE"),
    CURSOR("1 calls id " NO_FILTER "1\n"),
    CURSOR("1 calls id " NO_FILTER "\xff"),
    CURSOR("1 calls created_at " NO_FILTER "1"),
    CURSOR("1 messages id " NO_FILTER "1"),
    CURSOR("1 call id " NO_FILTER "1"),
    CURSOR("1 Calls id " NO_FILTER "1"),
    CURSOR("2 calls id " NO_FILTER "1"),
    CURSOR("0 calls id " NO_FILTER "1"),
    CURSOR(" 1 calls id " NO_FILTER "1"),
};
static const struct {
    const char *text;
    apr_size_t length;
} of_users[] = {
    CURSOR("1 users id " NO_FILTER "x"),
    CURSOR("1 users created_at " NO_FILTER),
    CURSOR("1 users created_at " NO_FILTER "2026-11-22T10:11:12Z"),
    CURSOR("1 users created_at " NO_FILTER "2026-11-22T10:11:12Z "),
    CURSOR("1 users created_at " NO_FILTER "2026-11-22 x"),
    CURSOR("1 users created_at " NO_FILTER "2026-11-22T10:11:12 x"),
    CURSOR("1 users created_at " NO_FILTER "now x"),
    CURSOR("1 users created_at " NO_FILTER "2026-11-22T10:11:12+23:99 x"),
    CURSOR("1 users created_at " NO_FILTER "2026-02-30T10:11:12Z x"),
    CURSOR("1 users created_at " NO_FILTER "-infinity a\tb"),
    CURSOR("1 users created_at " NO_FILTER "-infinity a\0b"),
    CURSOR("1 users created_at " NO_FILTER "-infinity \xc3"),
};

static void test_forged(void)
{
    page_t page;

    for (size_t i = 0; i < sizeof of_calls / sizeof *of_calls; i++)
        is_text(parse(&page, "calls", after(of_calls[i].text, of_calls[i].length)), "bad-cursor",
                "cursor %zu is none of calls", i);
    for (size_t i = 0; i < sizeof of_users / sizeof *of_users; i++)
        is_text(parse(&page, "users", after(of_users[i].text, of_users[i].length)), "bad-cursor",
                "cursor %zu is none of users", i);
    is_text(parse(&page, "calls",
                  after("1 calls id " NO_FILTER "17", sizeof "1 calls id " NO_FILTER "17" - 1)),
            "fine", "... and a right one is told from them");
}

/* One text of base64 stands for one cursor: no padding, no other alphabet, no other length. */
static void test_encoding(void)
{
    static const char *const bad[] = {
        "after",
        "after=",
        "after=MSBjYWxscyBpZCBjYmYyOWNlNDg0MjIyMzI1IDE3MQ%3D%3D",
        "after=MSBjYWxscyBpZCBjYmYyOWNlNDg0MjIyMzI1IDE3MQ==",
        "after=MSBjYWxscyBpZCBjYmYyOWNlNDg0MjIyMzI1IDE3MQ=",
        "after==MSBjYWxscyBpZCBjYmYyOWNlNDg0MjIyMzI1IDE3MQ",
        "after=MSBj=YWxscyBpZCBjYmYyOWNlNDg0MjIyMzI1IDE3MQ",
        "after=MSBjYWxscyBpZCBjYmYyOWNlNDg0MjIyMzI1IDE3M",
        "after=M",
        "after=MSBjYWxscyBpZCBjYmYyOWNlNDg0MjIyMzI1IDE3MQ%0A",
        "after=+MSBjYWxscyBpZCBjYmYyOWNlNDg0MjIyMzI1IDE3MQ",
        "after=MSBjYWxscyBpZCBjYmYyOWNlNDg0MjIyMzI1IDE3/w",
        "after=MSBjYWxscyBpZCBjYmYyOWNlNDg0MjIyMzI1IDE3MQ.",
        "after=MSBjYWxscyBpZCBjYmYyOWNlNDg0MjIyMzI1IDE3%C3%A9",
    };
    static const char before[] = "1 users created_at " NO_FILTER "-infinity ";
    char *const long_one = apr_palloc(pool, 4096);
    page_t page;

    is_text(parse(&page, "calls", "after=MSBjYWxscyBpZCBjYmYyOWNlNDg0MjIyMzI1IDE3MQ"), "fine",
            "the cursor of the row 171 of calls");
    is_text(page.id, "171", "... names it");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_text(parse(&page, "calls", bad[i]), "bad-cursor", "`%s`", bad[i]);
    memset(long_one, 'a', 4096);
    memcpy(long_one, before, sizeof before - 1);
    is_text(parse(&page, "users", after(long_one, sizeof before + 200)), "fine", "an id of 200 bytes is one");
    is_text(parse(&page, "users", after(long_one, 4096)), "bad-cursor", "one of 4 KiB is none");
    is_text(parse(&page, "calls",
                  "after=MSBjYWxscyBpZCBjYmYyOWNlNDg0MjIyMzI1IDE3MQ&after="
                  "MSBjYWxscyBpZCBjYmYyOWNlNDg0MjIyMzI1IDE3MQ"),
            "bad-parameter", "two cursors are none");
}

/* Filters: what a field can hold, and a cursor for each set of them. */
static void test_filters(void)
{
    static const struct {
        const char *resource, *args, *verdict;
    } filters[] = {
        {"calls", "status=completed", "fine"},
        {"calls", "status=", "fine"},
        {"calls", "status=completed&from_number=%2B1", "fine"},
        {"calls", "id=17", "fine"},
        {"calls", "id=x", "bad-parameter"},
        {"calls", "id=2147483648", "bad-parameter"},
        {"calls", "created_at=2026-11-22T10:11:12%2B01:00", "fine"},
        {"calls", "created_at=2026-11-22", "bad-parameter"},
        {"calls", "status=012345678901234567890", "bad-parameter"},
        {"calls", "status=a&status=b", "bad-parameter"},
        {"calls", "Status=a", "bad-parameter"},
        {"calls", "tenant_id=2", "bad-parameter"},
        {"messages", "body=x", "bad-parameter"},
        {"products", "description=x", "bad-parameter"},
        {"users", "password=x", "bad-parameter"},
        {"users", "password_hash=x", "bad-parameter"},
        {"recordings", "duration=0", "fine"},
        {"recordings", "duration=-1", "bad-parameter"},
    };
    page_t page, again;
    const char *next;

    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        is_text(parse(&page, filters[i].resource, filters[i].args), filters[i].verdict, "%s?%s",
                filters[i].resource, filters[i].args);

    parse(&page, "calls", "to_number=%2B1%26x&status=done&limit=3");
    is(page.filter_count, 2, "two filters");
    next = page_next(&page, find("calls"), "17", NULL, pool);
    is_text(parse(&again, "calls", next), "fine", "the next page has them too");
    is(again.filter_count, 2, "... both");
    is_text(again.filters[0].value, page.filters[0].value, "... in the same order");
    is_text(again.filters[1].value, page.filters[1].value, "... with their values");
    next = strstr(next, "after=");
    is_text(parse(&again, "calls", apr_pstrcat(pool, "status=done&", next, NULL)), "bad-cursor",
            "its cursor is none of one filter");
    is_text(parse(&again, "calls", apr_pstrcat(pool, "to_number=%2B1%26x&status=gone&", next, NULL)),
            "bad-cursor", "... of other values");
    is_text(parse(&again, "calls", next), "bad-cursor", "... or of none");
    is_text(parse(&again, "calls", apr_pstrcat(pool, next, "&status=done&to_number=%2B1%26x", NULL)), "fine",
            "the order of the parameters makes no difference");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_limit();
    test_round_trips();
    test_forged();
    test_encoding();
    test_filters();
    apr_terminate();
    return done();
}
