/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/http/media.h"

#include "tap.h"

#define JSON "application/json"

static const char *const accepting[] = {
    NULL,
    "",
    "*/*",
    "application/*",
    JSON,
    "APPLICATION/Json",
    "text/html, application/json",
    "text/html,application/json",
    " application/json ",
    "text/html\t,\tapplication/json",
    "application/json;charset=utf-8",
    "application/json ; q=0.5",
    "application/json;q=1",
    "application/json;q=1.000",
    "application/json;q=0.001",
    "application/json;Q=0.1",
    "text/html;q=0, application/json",
    "text/html, */*;q=0.1",
    "*/*;q=0, application/json",
    "*/*;q=0, application/*",
    "application/*;q=0, application/json;q=0.1",
    "application/json, application/*;q=0",
    "application/json, */*;q=0",
    "text/plain;a=\"x, */*;q=0, y\", application/json",
    "text/plain;a=\"x\\\", y\", application/json",
    ", ,application/json,",
    "nonsense, application/json",
    "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
};

static const char *const refusing[] = {
    "text/html",
    "application/jsonp",
    "application/jso",
    "application/json+x",
    "application/problem+json",
    "application",
    "application/",
    "*",
    "*/json",
    "text/*",
    "applicationx/*",
    "application/json;q=0",
    "application/json;q=0.0",
    "application/json;q=0.000",
    "application/json;Q=0",
    "application/json; charset=utf-8; q=0",
    "application/json;q=0, */*",
    "application/json;q=0, application/*, */*",
    "application/*;q=0, */*",
    "*/*, application/*;q=0",
    "*/*;q=0",
    "text/plain;a=\"application/json\"",
    "text/plain;a=\", application/json, \"",
    "text/plain;a=\"x\\\", application/json, */*",
    "nonsense",
};

static void test_accept(void)
{
    for (size_t i = 0; i < sizeof accepting / sizeof *accepting; i++)
        ok(media_is_accepted(accepting[i], JSON), "`%s` takes JSON",
           accepting[i] ? accepting[i] : "no Accept");
    for (size_t i = 0; i < sizeof refusing / sizeof *refusing; i++)
        ok(!media_is_accepted(refusing[i], JSON), "`%s` does not", refusing[i]);
}

static void test_choice(void)
{
    static const char *const types[] = {JSON, "application/x-ndjson", "text/csv", NULL};
    static const struct {
        const char *accept;
        int chosen;
    } cases[] = {
        {NULL, 0},
        {"", 0},
        {"*/*", 0},
        {"application/*", 0},
        {JSON, 0},
        {"application/x-ndjson", 1},
        {"text/csv", 2},
        {"Text/CSV; charset=utf-8; header=present", 2},
        {"text/*", 2},
        {"text/csv, application/json", 0},
        {"text/csv, */*;q=0.9", 2},
        {"text/csv;q=0.9, */*", 0},
        {"text/csv;q=0.001, */*;q=0", 2},
        {"text/csv;q=0.5, application/x-ndjson;q=0.51", 1},
        {"text/csv;q=0.123, application/x-ndjson;q=0.122", 2},
        {"text/csv;q=.2, application/x-ndjson;q=.1", 2},
        {"text/csv;q=1, application/x-ndjson;q=0.999", 2},
        {"text/csv;q=1.000, application/x-ndjson;q=0.9999", 2},
        {"text/csv;q=0.9, application/x-ndjson;q=7", 1},
        {"text/csv;q=0.9, application/x-ndjson;q=nonsense", 1},
        {"text/csv;q=0.9, application/x-ndjson;q=", 1},
        {"text/csv;q=0.9, application/x-ndjson;q=0..1", 1},
        {"text/csv;q=0.9, application/x-ndjson;q=00", 1},
        {"text/csv;q=0.9, application/x-ndjson;q=0.", 2},
        {"application/json;q=0, */*", 1},
        {"application/json;q=0, application/x-ndjson;q=0, */*;q=0.1", 2},
        {"application/*;q=0, */*;q=0.1", 2},
        {"text/csv;q=0", -1},
        {"text/html", -1},
        {"text/html, text/csv;q=0.1", 2},
        {"*/*;q=0", -1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ok(media_choose(cases[i].accept, types) == cases[i].chosen, "`%s` chooses number %d",
           cases[i].accept ? cases[i].accept : "no Accept", cases[i].chosen);
}

static void test_content_type(void)
{
    static const char *const good[] = {
        JSON,
        "Application/JSON",
        " application/json ",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        "application/json; Charset=\"utf-8\"",
        "application/json ; charset=utf-8 ; profile=x",
        "application/json; profile=\"a;charset=latin1\"",
        "application/json;",
        "application/json; charsets=latin1",
    };
    static const char *const bad[] = {
        NULL,
        "",
        "text/plain",
        "application/jsonx",
        "application/json+x",
        "application/merge-patch+json",
        "application/json, application/json",
        "application/json; charset=latin1",
        "application/json; charset=\"utf-16\"",
        "application/json; charset=",
        "application/json; charset=utf-8; charset=latin1",
        "text/plain; a=application/json",
        "*/*",
    };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ok(media_is(good[i], JSON), "`%s` is JSON", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ok(!media_is(bad[i], JSON), "`%s` is not", bad[i] ? bad[i] : "no Content-Type");
}

int main(void)
{
    test_accept();
    test_choice();
    test_content_type();
    return done();
}
