/* SPDX-License-Identifier: Apache-2.0 */
#include "../../mod_tenant/resource/route.h"

#include <apr_general.h>
#include <httpd.h>

#include "tap.h"

#define SID "0123456789abcdef0123456789abcdef"

static apr_pool_t *pool;

static const struct {
    const char *path;
    route_kind_t kind;
    const char *resource; /* NULL: none */
    const char *id;       /* NULL: none */
    int by_key;
    const char *allow;
} good[] = {
    {"", ROUTE_INDEX, NULL, NULL, 0, "GET, HEAD, OPTIONS"},
    {"/", ROUTE_INDEX, NULL, NULL, 0, "GET, HEAD, OPTIONS"},
    {"/reference/x.css", ROUTE_REFERENCE, NULL, "x.css", 0, "GET, HEAD, OPTIONS"},
    {"/reference/", ROUTE_REFERENCE, NULL, "", 0, "GET, HEAD, OPTIONS"},
    {"/openapi.json", ROUTE_OPENAPI, NULL, NULL, 0, "GET, HEAD, OPTIONS"},
    {"/live", ROUTE_LIVE, NULL, NULL, 0, "GET, HEAD, OPTIONS"},
    {"/ready", ROUTE_READY, NULL, NULL, 0, "GET, HEAD, OPTIONS"},
    {"/problems", ROUTE_PROBLEMS, NULL, NULL, 0, "GET, HEAD, OPTIONS"},
    {"/problems/not-found", ROUTE_PROBLEM, NULL, "not-found", 0, "GET, HEAD, OPTIONS"},
    {"/problems/", ROUTE_PROBLEM, NULL, "", 0, "GET, HEAD, OPTIONS"},
    {"/tenant", ROUTE_SINGLE, "tenant", NULL, 0, "GET, HEAD, PATCH, OPTIONS"},
    {"/twilio/token", ROUTE_TOKEN, "twilio/token", NULL, 0, "POST, OPTIONS"},
    {"/settings", ROUTE_SINGLE, "settings", NULL, 0, "GET, HEAD, PATCH, OPTIONS"},
    {"/calls", ROUTE_COLLECTION, "calls", NULL, 0, "GET, HEAD, POST, OPTIONS"},
    {"/messages", ROUTE_COLLECTION, "messages", NULL, 0, "GET, HEAD, POST, OPTIONS"},
    {"/recordings", ROUTE_COLLECTION, "recordings", NULL, 0, "GET, HEAD, POST, OPTIONS"},
    {"/products", ROUTE_COLLECTION, "products", NULL, 0, "GET, HEAD, POST, OPTIONS"},
    {"/users", ROUTE_COLLECTION, "users", NULL, 0, "GET, HEAD, POST, OPTIONS"},
    {"/calls/1", ROUTE_ROW, "calls", "1", 0, "GET, HEAD, PATCH, DELETE, OPTIONS"},
    {"/calls/2147483647", ROUTE_ROW, "calls", "2147483647", 0, "GET, HEAD, PATCH, DELETE, OPTIONS"},
    {"/calls/CA" SID, ROUTE_ROW, "calls", "CA" SID, 1, "GET, HEAD, PATCH, DELETE, OPTIONS"},
    {"/messages/SM" SID, ROUTE_ROW, "messages", "SM" SID, 1, "GET, HEAD, PATCH, DELETE, OPTIONS"},
    {"/messages/MM" SID, ROUTE_ROW, "messages", "MM" SID, 1, "GET, HEAD, PATCH, DELETE, OPTIONS"},
    {"/recordings/RE" SID, ROUTE_ROW, "recordings", "RE" SID, 1, "GET, HEAD, PATCH, DELETE, OPTIONS"},
    {"/products/17", ROUTE_ROW, "products", "17", 0, "GET, HEAD, PATCH, DELETE, OPTIONS"},
    {"/users/1", ROUTE_ROW, "users", "1", 0, "GET, HEAD, PATCH, DELETE, OPTIONS"},
    {"/users/J\xc3\xb6rg 0", ROUTE_ROW, "users", "J\xc3\xb6rg 0", 0, "GET, HEAD, PATCH, DELETE, OPTIONS"},
    {"/users/..", ROUTE_ROW, "users", "..", 0, "GET, HEAD, PATCH, DELETE, OPTIONS"},
};

static const char *const bad[] = {
    "//",
    "x",
    "calls",
    "/call",
    "/callss",
    "/Calls",
    "/CALLS",
    "/calls/",
    "/calls//",
    "//calls",
    "/calls/1/",
    "/calls/1/2",
    "/reference",
    "/openapi.json/",
    "/openapi.json/x",
    "/openapi",
    "/live/",
    "/ready/",
    "/ready/x",
    "/Ready",
    "/problem",
    "/calls/0",
    "/calls/01",
    "/calls/-1",
    "/calls/+1",
    "/calls/1.0",
    "/calls/ 1",
    "/calls/1 ",
    "/calls/9007199254740992",
    "/calls/99999999999999999999",
    "/calls/x",
    "/calls/CA",
    "/calls/ca" SID,
    "/calls/SM" SID,
    "/calls/CA" SID "0",
    "/calls/CA" SID "/",
    "/calls/*",
    "/calls/1%20",
    "/calls/1;x=1",
    "/messages/CA" SID,
    "/recordings/SM" SID,
    "/products/CA" SID,
    "/products/name",
    "/tenant/",
    "/tenant/1",
    "/settings/",
    "/settings/1",
    "/tenants",
    "/twilio",
    "/twilio/",
    "/twilio/token/",
    "/twilio/token/1",
    "/twilio/tokens",
    "/Twilio/token",
    "/token",
    "/users/",
    "/users/a/b",
    "/users/a\nb",
    "/users/a\xff",
    "/users/\xed\xa0\x80",
    "/openapi",
    "/live/",
    "/ready/",
    "/ready/x",
    "/Ready",
    "/.",
    "/\xff",
};

static void test_good(void)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        route_t route;

        ok(route_parse(&route, good[i].path, 0, pool), "`%s` is a path", good[i].path);
        is(route.kind, good[i].kind, "... of its kind");
        is_text(route.resource ? route.resource->name : NULL, good[i].resource, "... of its resource");
        is_text(route.id, good[i].id, "... with its id");
        is(route.by_key, good[i].by_key, "... by key?");
        is_text(route_allow(&route, pool), good[i].allow, "... and its methods");
    }
}

static void test_bad(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        route_t route;

        ok(!route_parse(&route, bad[i], 0, pool), "bad path %zu is none", i);
    }
}

/* A user's own id: up to 256 characters, of whatever length in bytes. */
static void test_text_ids(void)
{
    char path[sizeof "/users/" + 4 * 257] = "/users/";
    route_t route;

    for (int i = 0; i < 256; i++)
        strcat(path, "\xf0\x9f\x98\x80");
    ok(route_parse(&route, path, 0, pool), "256 characters may be a user's id");
    is((intmax_t)strlen(route.id), 1024, "... whole");
    strcat(path, "a");
    ok(!route_parse(&route, path, 0, pool), "257 may not");
}

/* The methods that route_allow() names are those that route_allows() lets pass. */
static void test_methods(void)
{
    static const struct {
        int method;
        const char *name;
    } methods[] = {
        {M_GET, "GET"},         {M_POST, "POST"}, {M_PATCH, "PATCH"}, {M_DELETE, "DELETE"},
        {M_OPTIONS, "OPTIONS"}, {M_PUT, "PUT"},   {M_TRACE, "TRACE"}, {M_INVALID, "INVALID"},
    };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        route_t route;

        route_parse(&route, good[i].path, 0, pool);
        for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
            is(route_allows(&route, methods[m].method), strstr(good[i].allow, methods[m].name) != NULL,
               "%s of `%s`", methods[m].name, good[i].path);
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_good();
    test_bad();
    test_text_ids();
    test_methods();
    apr_terminate();
    return done();
}
