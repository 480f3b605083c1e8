/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that name their values: text and names part, and each name gets its value. */
#include "../../mod_tenant/resource/named.h"

#include <apr_general.h>

#include "../../mod_tenant/resource/resources.h"
#include "tap.h"

static apr_pool_t *pool;

static void has_names(const named_t *named, const char *const *want, int count)
{
    is(named->count, count, "so many parameters");
    for (int n = 0; n < count && n < named->count; n++)
        is_text(named->names[n].text, want[n], "number %d", n + 1);
}

static void test_text(const resource_t *calls)
{
    static const char *const names[] = {"tenant", "row.sid", "new.status", NULL, NULL, NULL};
    named_t named = {.statement = {.label = "kept"}};

    named_make(&named, calls,
               "a %d{tenant}::int '%%s{tenant}' %s{row.sid} %s{new.status}x %s %s{row.nothing} %s{nobody}",
               pool);
    is_text(named.statement.sql, "a %d::int '%%s{tenant}' %s %sx %s %s{row.nothing} %s{nobody}",
            "a name that there is goes out of the text");
    is_text(named.statement.label, "kept", "the rest of the statement stays");
    has_names(&named, names, 6);
    named_make(&named, calls, "100 %", pool);
    is_text(named.statement.sql, "100 %", "a lone sign at the end is no parameter");
    is(named.count, 0, "... and none is behind it");
}

static void test_values(const resource_t *calls)
{
    static const char *const fields[] = {"0", "1", "2", "3", "4", "5", "6"};
    static const unsigned char has[] = {0, 1, 0, 0, 0, 1, 0};
    static const char *const want[] = {"5",    "true", "3",  "false", "me", "row", "9",
                                       "high", "key",  "id", NULL,    "me", NULL};
    enum { COUNT = sizeof want / sizeof *want };
    const char *values[NAMED_VALUES_MAX];
    given_t given = {.fields = fields, .has = has};
    page_t page;
    named_t named = {.names = NULL};

    page_start(&page, calls);
    page.order = page_created(calls);
    page.filter_count = 2;
    page.filters[1].value = "high";
    page_move(&page, PAGE_AFTER, "key", "id");
    given.page = &page;
    given.single[NAME_TENANT] = "me";
    given.single[NAME_ROW] = "row";
    given.single[NAME_LIMIT] = "9";
    named_make(&named, calls,
               "%s{new.status} %s{has.status} %s{new.from_number} %s{has.from_number} %d{tenant} %d{row.id} "
               "%d{limit}"
               " %s{filter.1} %s{order.created_at} %d{order.id} %s{if_match} %s{tenant} %s",
               pool);
    is(named.count, COUNT, "so many parameters");
    is(named_values(&named, &given, values) == values, 1, "the values come back");
    for (int n = 0; n < COUNT; n++)
        is_text(values[n], want[n], "the value of %s", named.names[n].text ? named.names[n].text : "nothing");
}

int main(void)
{
    const resource_t *calls;

    plan(2 + 1 + 6 + 2 + 2 + 13);
    apr_initialize();
    apr_pool_create(&pool, NULL);
    calls = resource_find("calls", 5, 0);
    test_text(calls);
    test_values(calls);
    apr_terminate();
    return tap_status();
}
