/* SPDX-License-Identifier: Apache-2.0 */
/* Pages: what the parameters of a list may be, alone and together. */
#include "../../mod_tenant/resource/page_query.h"

#include <apr_general.h>
#include <apr_strings.h>

#include "../../mod_tenant/resource/resources.h"
#include "tap.h"

enum { USUAL = 50, MOST = 1000 };

static apr_pool_t *pool;
static const char *sentence; /* the last problem's */

/* What becomes of a query: the problem's code, or "fine". */
static const char *parse(page_t *page, const char *resource, const char *args)
{
    const resource_t *const found = resource_find(resource, strlen(resource), 0);
    const problem_t *problem;

    sentence = NULL;
    problem = page_parse(page, found, args, USUAL, MOST, &sentence, pool);
    if (!problem != !sentence)
        return "a problem without a detail, or a detail without a problem";
    return problem ? problem->code : "fine";
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
        {"limit.gt=1", 0},       {"=", 0},
    };

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        page_t page;

        is_text(parse(&page, "calls", limits[i].args), limits[i].limit ? "fine" : "bad-parameter", "`%s`",
                limits[i].args ? limits[i].args : "no query");
        if (!limits[i].limit)
            continue;
        is(page.limit, limits[i].limit, "... as its limit");
        is(page.seek, PAGE_FIRST, "... from the start");
    }
}

/* Orders by the filters they go with; a NULL order is refused. */
static const struct {
    const char *resource, *args, *order;
} orders[] = {
    {"calls", NULL, "id desc"},
    {"calls", "order=id.desc", "id desc"},
    {"calls", "order=id.asc", "id asc"},
    {"calls", "order=created_at.desc", "created_at desc"},
    {"calls", "order=created_at.asc", "created_at asc"},
    {"calls", "order=", NULL},
    {"calls", "order=id", NULL},
    {"calls", "order=.asc", NULL},
    {"calls", "order=id.up", NULL},
    {"calls", "order=id.ASC", NULL},
    {"calls", "order=ID.asc", NULL},
    {"calls", "order=id.asc.", NULL},
    {"calls", "order=id.asc,created_at.asc", NULL},
    {"calls", "order=status.asc", NULL},
    {"calls", "order=tenant_id.asc", NULL},
    {"products", NULL, "id desc"},
    {"products", "order=id.asc", "id asc"},
    {"products", "order=created_at.asc", NULL},
    {"products", "order=name.asc", NULL},
    {"recordings", "order=duration.asc", NULL},
    {"users", NULL, "created_at desc"},
    {"users", "order=id.asc", "id asc"},
    {"users", "order=created_at.asc", "created_at asc"},
    {"users", "order=updated_at.asc", NULL},
    {"users", "email=a@b&order=id.desc", "id desc"},
    {"calls", "status=x", "id desc"},
    {"calls", "status=x&order=created_at.asc", "created_at asc"},
    {"calls", "status.null=true", "id desc"},
    {"calls", "status.null=true&order=created_at.asc", "created_at asc"},
    {"calls", "status.null=false", "status desc"},
    {"calls", "status.null=false&order=status.asc", "status asc"},
    {"calls", "status.null=false&order=id.asc", NULL},
    {"calls", "status.null=false&to_number=1", "status desc"},
    {"calls", "created_at.gt=2026-01-01T00:00:00Z", "created_at desc"},
    {"calls", "created_at.gt=2026-01-01T00:00:00Z&order=created_at.asc", "created_at asc"},
    {"calls", "created_at.gt=2026-01-01T00:00:00Z&order=id.asc", NULL},
    {"calls", "order=id.asc&created_at.gt=2026-01-01T00:00:00Z", NULL},
    {"calls", "created_at.gt=2026-01-01T00:00:00Z&created_at.lt=2026-01-02T00:00:00Z", "created_at desc"},
    {"calls", "created_at.gt=2026-01-01T00:00:00Z&status=x", "created_at desc"},
    {"calls", "created_at=2026-01-01T00:00:00Z", "created_at desc"},
    {"calls", "created_at=2026-01-01T00:00:00Z&order=id.asc", "created_at asc"},
    {"calls", "created_at=2026-01-01T00:00:00Z&status.null=false", "status desc"},
    {"users", "created_at.null=true", "created_at desc"},
    {"users", "created_at.null=true&order=id.desc", "created_at desc"},
    {"users", "updated_at=2026-01-01T00:00:00Z", "created_at desc"},
    {"users", "updated_at.lte=2026-01-01T00:00:00Z", "updated_at desc"},
    {"users", "updated_at.lte=2026-01-01T00:00:00Z&order=created_at.desc", NULL},
    {"recordings", "duration.gte=1", "duration desc"},
    {"recordings", "duration.gte=1&order=duration.asc", "duration asc"},
    {"recordings", "duration=1&order=duration.asc", NULL},
    {"recordings", "duration.gte=1&created_at.gt=2026-01-01T00:00:00Z", "duration desc"},
    {"recordings", "created_at.gt=2026-01-01T00:00:00Z&duration.gte=1", "duration desc"},
    {"recordings", "created_at.gt=2026-01-01T00:00:00Z&duration.gte=1&order=created_at.asc",
     "created_at asc"},
    {"recordings", "duration.gte=1&created_at.gt=2026-01-01T00:00:00Z&order=id.asc", NULL},
};

static void test_order(void)
{
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        const char *const args = orders[i].args ? orders[i].args : "";
        page_t page;

        is_text(parse(&page, orders[i].resource, orders[i].args), orders[i].order ? "fine" : "bad-parameter",
                "%s?%s", orders[i].resource, args);
        if (orders[i].order)
            is_text(apr_pstrcat(pool, page.order->name, page.is_ascending ? " asc" : " desc", NULL),
                    orders[i].order, "... in this order");
        else
            ok(strstr(sentence, "`order`"), "... %s", sentence);
    }
}

static void test_order_sentences(void)
{
    page_t page;

    parse(&page, "calls", "order=x");
    is_text(sentence, "`order` must be one of `id.asc`, `id.desc`, `created_at.asc`, `created_at.desc`.",
            "what `order` may be");
    parse(&page, "products", "order=x");
    is_text(sentence, "`order` must be one of `id.asc`, `id.desc`.", "... where there is no created_at");
    parse(&page, "recordings", "order=id.asc&duration.lt=9&created_at.gt=2026-01-01T00:00:00Z");
    is_text(sentence,
            "A list with a range of a field is in the order of that field: `order` must be one of "
            "`duration.asc`, `duration.desc`, `created_at.asc`, `created_at.desc`.",
            "... and why no more");
}

static void test_fields(void)
{
    static const char *const bad[] = {"",
                                      ",",
                                      "id,",
                                      ",id",
                                      "id,,sid",
                                      "id,id",
                                      "ID",
                                      "nothing",
                                      "id, sid",
                                      "id;sid",
                                      "*",
                                      "password",
                                      "id,api_key_hash",
                                      "id&fields=id",
                                      "id&fields=",
                                      "&fields=id",
                                      "id,sid&fields=status&fields=sid",
                                      "id&fields=nothing",
                                      "id&Fields=sid",
                                      "id&fields[]=sid"};
    page_t page;

    is_text(parse(&page, "calls", NULL), "fine", "without `fields`");
    ok(page.fields == FIELDS_ALL, "... all are shown");
    is_text(parse(&page, "calls", "fields=status,id"), "fine", "two fields");
    is(page.fields, 1 << 0 | 1 << 5, "... and no others");
    is_text(page_query(&page, pool), "fields=id,status&limit=50", "... in the order of the resource");
    is_text(parse(&page, "users", "fields=id%2Cemail"), "fine", "a comma may be encoded");
    is_text(parse(&page, "calls", "fields=status&limit=5&fields=id"), "fine", "a parameter for each");
    is_text(page_query(&page, pool), "fields=id,status&limit=5", "... is the same");
    is_text(parse(&page, "calls", "fields=status,sid&fields=id"), "fine", "both ways at once");
    is_text(page_query(&page, pool), "fields=id,sid,status&limit=50", "... as well");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_text(parse(&page, "calls", apr_pstrcat(pool, "fields=", bad[i], NULL)), "bad-parameter",
                "`fields=%s`", bad[i]);
    is_text(parse(&page, "users", "fields=id,password"), "bad-parameter", "no password");
    is_text(parse(&page, "users", "fields=password_hash"), "bad-parameter", "... nor its hash");
}

/* A page beside a row has all that the first one has. */
static void test_queries(void)
{
    static const char all[] =
        "from_number.null=true&to_number=a%26b%20c&created_at.gte=2026-01-01T00%3a00%3a00.000000Z&"
        "created_at.lt=2026-02-01T00%3a00%3a00.000000Z&order=created_at.asc&fields=id,sid&"
        "limit=7";
    static const page_seek_t seeks[] = {PAGE_AFTER, PAGE_BEFORE};
    page_t page, again;

    is_text(parse(&page, "calls",
                  "limit=7&created_at.lt=2026-02-01T00:00:00Z&fields=sid,id&to_number=a%26b+c&"
                  "order=created_at.asc&from_number.null=true&created_at.gte=2026-01-01T01:00:00%2B01:00"),
            "fine", "everything at once");
    is(page.filter_count, 4, "... four filters");
    is_text(page_query(&page, pool), all, "... in the order of the resource");
    for (size_t i = 0; i < sizeof seeks / sizeof *seeks; i++) {
        page_move(&page, seeks[i], "2026-01-05T00:00:00Z", "17");
        is_text(parse(&again, "calls", page_query(&page, pool)), "fine", "the page beside a row");
        is(again.seek, seeks[i], "... on that side");
        is_text(again.id, "17", "... of that row");
        is_text(again.key, "2026-01-05T00:00:00.000000Z", "... at that time");
        again.seek = PAGE_FIRST;
        is_text(page_query(&again, pool), all, "... has all the rest");
    }
    parse(&page, "calls", "order=id.desc");
    is_text(page_query(&page, pool), "order=id.desc&limit=50", "the usual order is kept where it was given");
    parse(&page, "calls", NULL);
    is_text(page_query(&page, pool), "limit=50", "... and not invented");
    is_text(page.key, NULL, "the id alone needs no key");
}

static void test_cursors(void)
{
    static const char *const bad[] = {"after=", "before=", "after=x", "before=x", "after"};
    const char *after;
    const char *before;
    page_t page;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        is_text(parse(&page, "calls", bad[i]), "bad-cursor", "`%s`", bad[i]);
        ok(strstr(sentence, bad[i][0] == 'a' ? "`after`" : "`before`"), "... by its name");
    }
    parse(&page, "calls", "status=x");
    page_move(&page, PAGE_AFTER, NULL, "17");
    after = strstr(page_query(&page, pool), "after=");
    page_move(&page, PAGE_BEFORE, NULL, "17");
    before = strstr(page_query(&page, pool), "before=");

    is_text(parse(&page, "calls", apr_pstrcat(pool, after, "&status=x", NULL)), "fine",
            "a cursor may stand ahead of its filter");
    is_text(parse(&page, "calls", apr_pstrcat(pool, before, "&limit=3&fields=id&status=x", NULL)), "fine",
            "... and be used with another limit and other fields");
    is_text(parse(&page, "calls", after), "bad-cursor", "not without the filter");
    is_text(parse(&page, "calls", apr_pstrcat(pool, after, "&status=y", NULL)), "bad-cursor",
            "... with another value of it");
    is_text(parse(&page, "calls", apr_pstrcat(pool, after, "&status=x&to_number=1", NULL)), "bad-cursor",
            "... with another one");
    is_text(parse(&page, "calls", apr_pstrcat(pool, after, "&status=x&order=id.asc", NULL)), "bad-cursor",
            "... in another order");
    is_text(parse(&page, "messages", apr_pstrcat(pool, after, "&status=x", NULL)), "bad-cursor",
            "... of another list");
    is_text(parse(&page, "calls", apr_pstrcat(pool, after, "&", before, "&status=x", NULL)), "bad-cursor",
            "both at once");
    is_text(parse(&page, "calls", apr_pstrcat(pool, after, "&", after, "&status=x", NULL)), "bad-parameter",
            "one of them twice");
}

/* No query needs more values than a statement can take. */
static void test_many_filters(void)
{
    enum { FIELDS = RESOURCE_FIELDS_MAX };
    field_t fields[FIELDS + 1] = {{.name = "id", .type = FIELD_INTEGER}};
    resource_t many = {.name = "many", .operations = RESOURCE_ALL, .fields = fields};
    const char *args = "";
    page_t page;

    for (int n = 1; n < FIELDS; n++) {
        fields[n] = (field_t){.name = apr_psprintf(pool, "f%d", n),
                              .type = FIELD_INTEGER,
                              .flags = FIELD_FILTER | FIELD_RANGE,
                              .max = 9};
        args = apr_psprintf(pool, "%s&f%d.gt=1&f%d.lt=9", args, n, n);
    }
    ok(page_parse(&page, &many, args, USUAL, MOST, &sentence, pool) == &problem_bad_parameter,
       "too many filters are refused");
    is_text(sentence, "A list has at most 32 filters.", "... with the reason");
    fields[17].name = NULL;
    args = apr_pstrmemdup(pool, args, (apr_size_t)(strstr(args, "&f17.gt") - args));
    ok(!page_parse(&page, &many, args, USUAL, MOST, &sentence, pool), "as many as there may be");
    is(page.filter_count, PAGE_FILTERS_MAX, "... are taken");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_limit();
    test_order();
    test_order_sentences();
    test_fields();
    test_queries();
    test_cursors();
    test_many_filters();
    apr_terminate();
    return done();
}
