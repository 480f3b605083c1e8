/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"

#include <apr_strings.h>
#include <httpd.h>
#include <string.h>

#include "../text.h"
#include "check.h"
#include "resources.h"

/* The longest text id that a path may hold: users' own ids are UUIDs, older ones are free text. */
enum { TEXT_ID_MAX = 256 };

/* Whether text can be an id of the resource, or its key. Sets by_key. */
static int is_name_of_row(const resource_t *resource, const char *text, int *by_key)
{
    const field_t *id = resource->fields;
    const field_t *key = resource_key(resource);
    apr_size_t length = strlen(text);

    *by_key = 0;
    if (strchr(text, '/'))
        return 0;
    if (id->type == FIELD_TEXT)
        return length > 0 && text_characters(text, length) <= TEXT_ID_MAX &&
               !text_has_controls(text, length) && text_is_utf8(text, length);
    if (id->flags & FIELD_BIG ? check_is_big_id(text, length) : check_is_id(text, length))
        return 1;
    *by_key = key && key->check && !key->check(text, length);
    return *by_key;
}

/* The paths of the API's own, which belong to no tenant; of twilio there is a path that does. */
static const struct {
    const char *name;
    route_kind_t kind;
    route_kind_t below; /* what a path below it is; ROUTE_KINDS: nothing */
} own[] = {
    {"live", ROUTE_LIVE, ROUTE_KINDS},           {"openapi.json", ROUTE_OPENAPI, ROUTE_KINDS},
    {"problems", ROUTE_PROBLEMS, ROUTE_PROBLEM}, {"ready", ROUTE_READY, ROUTE_KINDS},
    {"reference", ROUTE_KINDS, ROUTE_REFERENCE}, {"twilio", ROUTE_KINDS, ROUTE_KINDS},
};

int route_is_reserved(const char *name)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strcmp(own[i].name, name) == 0)
            return 1;
    }
    return 0;
}

/* Whether a first segment is one of those; *found tells whether the whole path is something. */
static int find_own(route_t *route, const char *segment, apr_size_t length, int *found)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strlen(own[i].name) != length || memcmp(own[i].name, segment, length) != 0)
            continue;
        route->kind = segment[length] ? own[i].below : own[i].kind;
        route->id = segment[length] ? segment + length + 1 : NULL;
        *found = route->kind != ROUTE_KINDS;
        return 1;
    }
    return 0;
}

const sound_t route_sounds[] = {{"mp3", "audio/mpeg"}, {"wav", "audio/x-wav"}, {NULL, NULL}};

/* Whether the path behind a resource is a row's sound. */
static int find_sound(route_t *route, const char *name, apr_pool_t *pool)
{
    const char *dot = strchr(name, '.');
    const sound_t *sound = route_sounds;

    if (!route->resource->has_sound || !dot)
        return 0;
    while (sound->ending && strcmp(dot + 1, sound->ending) != 0)
        sound++;
    if (!sound->ending)
        return 0;
    route->kind = ROUTE_SOUND;
    route->id = apr_pstrmemdup(pool, name, (apr_size_t)(dot - name));
    route->sound = sound;
    return is_name_of_row(route->resource, route->id, &route->by_key) && route->by_key;
}

int route_parse(route_t *route, const char *path, int spans_tenants, apr_pool_t *pool)
{
    const char *slash;
    apr_size_t length;
    int found;

    memset(route, 0, sizeof *route);
    if (!*path || strcmp(path, "/") == 0) {
        route->kind = ROUTE_INDEX;
        return 1;
    }
    if (*path++ != '/')
        return 0;
    if (!spans_tenants && strcmp(path, resource_token.name) == 0) {
        route->kind = ROUTE_TOKEN;
        route->resource = &resource_token;
        return 1;
    }
    slash = strchr(path, '/');
    length = slash ? (apr_size_t)(slash - path) : strlen(path);
    if (find_own(route, path, length, &found))
        return found;
    route->resource = resource_find(path, length, spans_tenants);
    if (!route->resource)
        return 0;
    if (!slash) {
        route->kind = route->resource->is_single ? ROUTE_SINGLE : ROUTE_COLLECTION;
        return 1;
    }
    if (route->resource->is_profile && strcmp(slash, "/key") == 0) {
        route->kind = ROUTE_ROTATION;
        return 1;
    }
    if (!spans_tenants && find_sound(route, slash + 1, pool))
        return 1;
    route->kind = ROUTE_ROW;
    route->id = slash + 1;
    if (spans_tenants && (slash = strchr(route->id, '/')) != NULL && strcmp(slash, "/key") == 0) {
        route->kind = ROUTE_ROTATION;
        route->id = apr_pstrmemdup(pool, route->id, (apr_size_t)(slash - route->id));
    }
    return !route->resource->is_single && is_name_of_row(route->resource, route->id, &route->by_key);
}

/* What each method asks of a resource, by kind of route; 0: the method makes no sense there. */
static const struct {
    int method;
    const char *name;
    unsigned operation[ROUTE_KINDS];
} methods[] = {
    {M_GET,
     "GET, HEAD",
     {[ROUTE_COLLECTION] = RESOURCE_LIST,
      [ROUTE_ROW] = RESOURCE_READ,
      [ROUTE_SOUND] = RESOURCE_READ,
      [ROUTE_SINGLE] = RESOURCE_READ}},
    {M_POST,
     "POST",
     {[ROUTE_COLLECTION] = RESOURCE_CREATE,
      [ROUTE_ROTATION] = RESOURCE_UPDATE,
      [ROUTE_TOKEN] = RESOURCE_CREATE}},
    {M_PATCH, "PATCH", {[ROUTE_ROW] = RESOURCE_UPDATE, [ROUTE_SINGLE] = RESOURCE_UPDATE}},
    {M_DELETE, "DELETE", {[ROUTE_ROW] = RESOURCE_DELETE}},
};

int route_is_open(const route_t *route)
{
    switch (route->kind) {
    case ROUTE_INDEX:
    case ROUTE_REFERENCE:
    case ROUTE_OPENAPI:
    case ROUTE_PROBLEMS:
    case ROUTE_PROBLEM:
    case ROUTE_LIVE:
    case ROUTE_READY:
        return 1;
    default:
        return 0;
    }
}

int route_allows(const route_t *route, int method)
{
    if (method == M_OPTIONS)
        return 1;
    if (route_is_open(route))
        return method == M_GET;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (methods[i].method == method)
            return (methods[i].operation[route->kind] & route->resource->operations) != 0;
    }
    return 0;
}

const char *route_allow(const route_t *route, apr_pool_t *pool)
{
    const char *allow = "";

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (route_allows(route, methods[i].method))
            allow = apr_pstrcat(pool, allow, methods[i].name, ", ", NULL);
    }
    return apr_pstrcat(pool, allow, "OPTIONS", NULL);
}
