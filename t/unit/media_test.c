/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/api/media.h"

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
    test_content_type();
    return done();
}
