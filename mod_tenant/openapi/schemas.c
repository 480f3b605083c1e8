/* SPDX-License-Identifier: Apache-2.0 */
#include "schemas.h"

#include <apr_strings.h>
#include <limits.h>
#include <string.h>

#include "../resource/resources.h"
#include "../secret/apikey.h"
#include "field.h"
#include "names.h"
#include "problem_schemas.h"
#include "schema.h"
#include "token.h"

/* Which members a schema requires. */
typedef enum required_t { REQUIRE_NONE, REQUIRE_ALL, REQUIRE_FLAGGED } required_t;

static const char *joined(const openapi_t *openapi, const char *name, const char *suffix)
{
    return apr_pstrcat(openapi->pool, name, suffix, NULL);
}

/* Appends a name to the list, which is opened for the first one: an empty list is not written. */
static void require(writer_t *writer, int *count, const char *name)
{
    if ((*count)++ == 0)
        member_array(writer, "required");
    member_text(writer, NULL, name);
}

/* more: one more member that is required; NULL: none. */
static void write_required(const openapi_t *openapi, const field_t *fields, openapi_use_t use,
                           required_t required, const char *more)
{
    int count = 0;

    if (required == REQUIRE_NONE)
        return;
    for (const field_t *field = fields; field->name; field++) {
        if (!openapi_field_is_in(field, use) ||
            (required == REQUIRE_FLAGGED && !(field->flags & FIELD_REQUIRED)))
            continue;
        require(openapi->writer, &count, field->name);
    }
    if (more)
        require(openapi->writer, &count, more);
    if (count > 0)
        member_array_end(openapi->writer);
}

/* What a single resource shows before its row exists has no id. */
static void write_absent_id(const openapi_t *openapi, const field_t *id)
{
    static const char *const types[] = {"integer", "null", NULL};

    member_object(openapi->writer, id->name);
    member_texts(openapi->writer, "type", types);
    member_text(openapi->writer, "format", "int32");
    member_integer(openapi->writer, "minimum", id->min);
    member_integer(openapi->writer, "maximum", id->max);
    member_text(openapi->writer, "description", "Null until something has been stored.");
    member_object_end(openapi->writer);
}

static void write_properties(const openapi_t *openapi, const resource_t *resource, openapi_use_t use)
{
    member_object(openapi->writer, "properties");
    for (const field_t *field = resource->fields; field->name; field++) {
        if (!openapi_field_is_in(field, use))
            continue;
        if (field == resource->fields && use == OPENAPI_SHOWN && resource->is_single && !resource->is_profile)
            write_absent_id(openapi, field);
        else
            openapi_field(openapi, field->name, field, use);
    }
}

static void write_object(const openapi_t *openapi, const resource_t *resource, const char *suffix,
                         const char *description, openapi_use_t use, required_t required)
{
    openapi_object_begin(openapi, joined(openapi, openapi_type(openapi, resource), suffix), description);
    write_required(openapi, resource->fields, use, required, NULL);
    write_properties(openapi, resource, use);
    member_object_end(openapi->writer);
    member_object_end(openapi->writer);
}

/* A page of a list. Its rows have no required members, for `fields` may leave out any. */
static void write_list(const openapi_t *openapi, const resource_t *resource)
{
    static const char *const required[] = {"data", "next", "next_cursor", NULL};
    writer_t *writer = openapi->writer;
    const char *type = openapi_type(openapi, resource);

    write_object(openapi, resource, "Item",
                 apr_psprintf(openapi->pool,
                              "%s in a list: all of its members, or those that `fields` names.", type),
                 OPENAPI_SHOWN, REQUIRE_NONE);
    openapi_object_begin(openapi, joined(openapi, type, "List"),
                         apr_psprintf(openapi->pool, "A page of %s.", openapi_words(openapi, resource)));
    member_texts(writer, "required", required);
    member_object(writer, "properties");
    member_object(writer, "data");
    member_text(writer, "type", "array");
    member_integer(writer, "maxItems", config_page_max(openapi->location));
    openapi_ref(openapi, "items", "schemas", type, "Item");
    member_object_end(writer);
    openapi_text(openapi, "next", "The path and query of the next page; null on the last one.",
                 OPENAPI_PATH_MAX, 1);
    openapi_text(
        openapi, "next_cursor",
        "What to pass as `after`, with the same filters and order, for the next page; null on the last "
        "one. Null as well where the next page is the list's first, behind an empty one of `before`.",
        OPENAPI_CURSOR_MAX, 1);
    openapi_integer(
        openapi, "count",
        "How many rows there are on all pages. There only when `Prefer: count=exact` asked for it.", 0,
        INT_MAX);
    member_object_end(writer);
    member_object_end(writer);
}

static void write_resource(const openapi_t *openapi, const resource_t *resource)
{
    const char *word = openapi_a_word(openapi, resource);
    apr_pool_t *pool = openapi->pool;

    if (resource->operations & ~(unsigned)RESOURCE_LIST)
        write_object(openapi, resource, "", resource->about, OPENAPI_SHOWN, REQUIRE_ALL);
    if (resource->operations & RESOURCE_LIST)
        write_list(openapi, resource);
    if (resource->operations & RESOURCE_CREATE)
        write_object(openapi, resource, "Create", apr_psprintf(pool, "What makes %s.", word), OPENAPI_CREATE,
                     REQUIRE_FLAGGED);
    if (resource->operations & RESOURCE_UPDATE)
        write_object(openapi, resource, "Update",
                     apr_psprintf(pool,
                                  "Changes to %s, as a JSON merge patch (RFC 7396): what is absent stays "
                                  "as it is, null empties a member.",
                                  resource->is_single ? joined(openapi, "the ", resource->name) : word),
                     OPENAPI_UPDATE, REQUIRE_NONE);
}

/* The API key, this once. */
static void write_api_key(const openapi_t *openapi)
{
    member_object(openapi->writer, "api_key");
    member_text(openapi->writer, "type", "string");
    member_text(openapi->writer, "pattern", "^mt_[0-9A-Za-z]{49}$");
    member_integer(openapi->writer, "minLength", APIKEY_LENGTH);
    member_integer(openapi->writer, "maxLength", APIKEY_LENGTH);
    member_text(openapi->writer, "description",
                "The new API key. It is shown this once; only a hash of it is stored.");
    member_object_end(openapi->writer);
}

static void write_rotation(const openapi_t *openapi)
{
    static const char *const required[] = {"api_key", "grace_seconds", NULL};
    writer_t *writer = openapi->writer;

    openapi_object_begin(openapi, "KeyRotation", "How to replace the API key.");
    write_properties(openapi, &resource_rotation, OPENAPI_CREATE);
    member_object_end(writer);
    member_object_end(writer);

    openapi_object_begin(openapi, "NewKey", "A new API key.");
    member_texts(writer, "required", required);
    member_object(writer, "properties");
    write_api_key(openapi);
    openapi_field(openapi, "grace_seconds", resource_rotation.fields, OPENAPI_CREATE);
    member_object_end(writer);
    member_object_end(writer);
}

/* A new tenant: its members, and its API key. */
static void write_new_tenant(const openapi_t *openapi, const resource_t *resource)
{
    writer_t *writer = openapi->writer;

    openapi_object_begin(openapi, joined(openapi, "New", openapi_type(openapi, resource)),
                         "A new tenant, with its API key.");
    write_required(openapi, resource->fields, OPENAPI_SHOWN, REQUIRE_ALL, "api_key");
    write_properties(openapi, resource, OPENAPI_SHOWN);
    write_api_key(openapi);
    member_object_end(writer);
    member_object_end(writer);
}

static void write_links(const openapi_t *openapi)
{
    writer_t *writer = openapi->writer;

    openapi_object_begin(openapi, "Links", "The path of each thing that is here.");
    member_array(writer, "required");
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (rights_reach(openapi->location, resource))
            member_text(writer, NULL, resource->name);
    }
    member_text(writer, NULL, "openapi");
    member_text(writer, NULL, "problems");
    member_array_end(writer);
    member_object(writer, "properties");
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (rights_reach(openapi->location, resource))
            openapi_text(openapi, resource->name, NULL, OPENAPI_PATH_MAX, 0);
    }
    openapi_text(openapi, "openapi", "This document.", OPENAPI_PATH_MAX, 0);
    openapi_text(openapi, "problems", "What each error means.", OPENAPI_PATH_MAX, 0);
    member_object_end(writer);
    member_object_end(writer);
}

static void write_health(const openapi_t *openapi)
{
    static const char *const required[] = {"status", NULL};
    static const char *const states[] = {"live", "ready", NULL};
    writer_t *writer = openapi->writer;

    openapi_object_begin(openapi, "Health", "That all is well.");
    member_texts(writer, "required", required);
    member_object(writer, "properties");
    member_object(writer, "status");
    member_text(writer, "type", "string");
    member_texts(writer, "enum", states);
    member_object_end(writer);
    member_object_end(writer);
    member_object_end(writer);
}

void openapi_schemas(const openapi_t *openapi)
{
    member_object(openapi->writer, "schemas");
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (!rights_reach(openapi->location, resource))
            continue;
        write_resource(openapi, resource);
        if (resource->makes_keys)
            write_new_tenant(openapi, resource);
    }
    write_rotation(openapi);
    if (rights_reach(openapi->location, &resource_token))
        openapi_token_schemas(openapi);
    write_links(openapi);
    write_health(openapi);
    openapi_problem_schemas(openapi);
    member_object_end(openapi->writer);
}
