/* SPDX-License-Identifier: Apache-2.0 */

/* The schemas of bodies (openapi_parts.h). */

#include <apr_strings.h>
#include <limits.h>
#include <string.h>

#include "../secret/apikey.h"
#include "openapi_parts.h"

enum { PATH_LENGTH_MAX = 8192, SENTENCE_MAX = 1024, CODE_MAX = 64 };

/* Which members a schema requires. */
typedef enum required_t { REQUIRE_NONE, REQUIRE_ALL, REQUIRE_FLAGGED } required_t;

static const char *joined(const openapi_t *openapi, const char *name, const char *suffix)
{
    return apr_pstrcat(openapi->pool, name, suffix, NULL);
}

static void begin_object(const openapi_t *openapi, const char *name, const char *description)
{
    member_object(openapi->writer, name);
    member_text(openapi->writer, "type", "object");
    if (description)
        member_text(openapi->writer, "description", description);
    member_boolean(openapi->writer, "additionalProperties", 0);
}

static void write_required(const openapi_t *openapi, const field_t *fields, openapi_use_t use,
                           required_t required)
{
    int count = 0;

    if (required == REQUIRE_NONE)
        return;
    for (const field_t *field = fields; field->name; field++) {
        if (!openapi_field_is_in(field, use) ||
            (required == REQUIRE_FLAGGED && !(field->flags & FIELD_REQUIRED)))
            continue;
        if (count++ == 0)
            member_array(openapi->writer, "required");
        member_text(openapi->writer, NULL, field->name);
    }
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
    begin_object(openapi, joined(openapi, openapi_type(openapi, resource), suffix), description);
    write_required(openapi, resource->fields, use, required);
    write_properties(openapi, resource, use);
    member_object_end(openapi->writer);
    member_object_end(openapi->writer);
}

/* A text of limited length. */
static void write_text(const openapi_t *openapi, const char *name, const char *description, int max,
                       int or_null)
{
    static const char *const types[] = {"string", "null", NULL};

    member_object(openapi->writer, name);
    if (or_null)
        member_texts(openapi->writer, "type", types);
    else
        member_text(openapi->writer, "type", "string");
    member_integer(openapi->writer, "maxLength", max);
    if (description)
        member_text(openapi->writer, "description", description);
    member_object_end(openapi->writer);
}

static void write_integer(const openapi_t *openapi, const char *name, const char *description, int min,
                          int max)
{
    member_object(openapi->writer, name);
    member_text(openapi->writer, "type", "integer");
    member_text(openapi->writer, "format", "int32");
    member_integer(openapi->writer, "minimum", min);
    member_integer(openapi->writer, "maximum", max);
    member_text(openapi->writer, "description", description);
    member_object_end(openapi->writer);
}

/* A page of a list. Its rows have no required members, for `fields` may leave out any. */
static void write_list(const openapi_t *openapi, const resource_t *resource)
{
    static const char *const required[] = {"data", "next", NULL};
    writer_t *writer = openapi->writer;
    const char *type = openapi_type(openapi, resource);

    write_object(openapi, resource, "Item",
                 apr_psprintf(openapi->pool,
                              "%s in a list: all of its members, or those that `fields` names.", type),
                 OPENAPI_SHOWN, REQUIRE_NONE);
    begin_object(openapi, joined(openapi, type, "List"),
                 apr_psprintf(openapi->pool, "A page of %s.", openapi_words(openapi, resource)));
    member_texts(writer, "required", required);
    member_object(writer, "properties");
    member_object(writer, "data");
    member_text(writer, "type", "array");
    member_integer(writer, "maxItems", config_page_max(openapi->location));
    openapi_ref(openapi, "items", "schemas", type, "Item");
    member_object_end(writer);
    write_text(openapi, "next", "The path and query of the next page; null on the last one.", PATH_LENGTH_MAX,
               1);
    write_integer(openapi, "count",
                  "How many rows there are on all pages. There only when `Prefer: count=exact` asked for it.",
                  0, INT_MAX);
    member_object_end(writer);
    member_object_end(writer);
}

static void write_resource(const openapi_t *openapi, const resource_t *resource)
{
    const char *word = openapi_a_word(openapi, resource);
    apr_pool_t *pool = openapi->pool;

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

    begin_object(openapi, "KeyRotation", "How to replace the API key.");
    write_properties(openapi, &resource_rotation, OPENAPI_CREATE);
    member_object_end(writer);
    member_object_end(writer);

    begin_object(openapi, "NewKey", "A new API key.");
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

    begin_object(openapi, joined(openapi, "New", openapi_type(openapi, resource)),
                 "A new tenant, with its API key.");
    write_required(openapi, resource->fields, OPENAPI_SHOWN, REQUIRE_ALL);
    writer->length--; /* the bracket: one more member is required */
    member_text(writer, NULL, "api_key");
    member_array_end(writer);
    write_properties(openapi, resource, OPENAPI_SHOWN);
    write_api_key(openapi);
    member_object_end(writer);
    member_object_end(writer);
}

static void write_links(const openapi_t *openapi)
{
    writer_t *writer = openapi->writer;

    begin_object(openapi, "Links", "The path of each thing that is here.");
    member_array(writer, "required");
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (openapi_describes(openapi, resource))
            member_text(writer, NULL, resource->name);
    }
    member_text(writer, NULL, "openapi");
    member_text(writer, NULL, "problems");
    member_array_end(writer);
    member_object(writer, "properties");
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (openapi_describes(openapi, resource))
            write_text(openapi, resource->name, NULL, PATH_LENGTH_MAX, 0);
    }
    write_text(openapi, "openapi", "This document.", PATH_LENGTH_MAX, 0);
    write_text(openapi, "problems", "What each error means.", PATH_LENGTH_MAX, 0);
    member_object_end(writer);
    member_object_end(writer);
}

static void write_codes(const openapi_t *openapi)
{
    writer_t *writer = openapi->writer;

    member_object(writer, "code");
    member_text(writer, "type", "string");
    member_array(writer, "enum");
    for (const problem_t *const *problem = problem_table; *problem; problem++)
        member_text(writer, NULL, (*problem)->code);
    member_array_end(writer);
    member_text(writer, "description",
                "Which problem it is: what programs should look at. Later versions may add some.");
    member_object_end(writer);
}

static void write_problem_errors(const openapi_t *openapi)
{
    static const char *const required[] = {"pointer", "code", "detail", NULL};
    static const char *const codes[] = {"required", "unknown", "read-only", "type",      "length", "pattern",
                                        "range",    "null",    "nul",       "duplicate", NULL};
    writer_t *writer = openapi->writer;

    member_object(writer, "errors");
    member_text(writer, "type", "array");
    member_integer(writer, "maxItems", PATH_LENGTH_MAX);
    member_text(writer, "description", "With `invalid`: every member of the body that is wrong.");
    begin_object(openapi, "items", NULL);
    member_texts(writer, "required", required);
    member_object(writer, "properties");
    write_text(openapi, "pointer", "The member, as a JSON Pointer (RFC 6901).", INT_MAX, 0);
    member_object(writer, "code");
    member_text(writer, "type", "string");
    member_texts(writer, "enum", codes);
    member_object_end(writer);
    write_text(openapi, "detail", "What is wrong with it.", SENTENCE_MAX, 0);
    member_object_end(writer);
    member_object_end(writer);
    member_object_end(writer);
}

/* RFC 9457. */
static void write_problem(const openapi_t *openapi)
{
    static const char *const required[] = {"type", "title", "status", "code", "request_id", NULL};
    writer_t *writer = openapi->writer;

    begin_object(openapi, "Problem", "What went wrong (RFC 9457).");
    member_texts(writer, "required", required);
    member_object(writer, "properties");
    write_text(openapi, "type", "The path of a page about this problem.", PATH_LENGTH_MAX, 0);
    write_text(openapi, "title", "The problem in a sentence, always the same one.", SENTENCE_MAX, 0);
    write_integer(openapi, "status", "The status of the answer.", 400, 599);
    write_codes(openapi);
    write_text(openapi, "detail", "More about this occurrence, for people.", SENTENCE_MAX, 0);
    write_text(openapi, "request_id", "The name of this request in the server's logs.", CODE_MAX, 0);
    write_problem_errors(openapi);
    member_object_end(writer);
    member_object_end(writer);
}

/* What /problems/{code} tells, and the list of all. */
static void write_explanations(const openapi_t *openapi)
{
    static const char *const required[] = {"type", "code", "status", "title", "meaning", "advice", NULL};
    static const char *const list_required[] = {"data", NULL};
    writer_t *writer = openapi->writer;

    begin_object(openapi, "ProblemExplanation", "What a problem means, and what to do about it.");
    member_texts(writer, "required", required);
    member_object(writer, "properties");
    write_text(openapi, "type", "The path of this explanation.", PATH_LENGTH_MAX, 0);
    write_codes(openapi);
    write_integer(openapi, "status", "The status of its answers.", 400, 599);
    write_text(openapi, "title", "The problem in a sentence.", SENTENCE_MAX, 0);
    write_text(openapi, "meaning", "What it means.", SENTENCE_MAX, 0);
    write_text(openapi, "advice", "What to do.", SENTENCE_MAX, 0);
    member_object_end(writer);
    member_object_end(writer);

    begin_object(openapi, "ProblemExplanationList", "All problems.");
    member_texts(writer, "required", list_required);
    member_object(writer, "properties");
    member_object(writer, "data");
    member_text(writer, "type", "array");
    member_integer(writer, "maxItems", SENTENCE_MAX);
    openapi_ref(openapi, "items", "schemas", "ProblemExplanation", "");
    member_object_end(writer);
    member_object_end(writer);
    member_object_end(writer);
}

void openapi_schemas(const openapi_t *openapi)
{
    member_object(openapi->writer, "schemas");
    for (const resource_t *resource = resources; resource->name; resource++) {
        if (!openapi_describes(openapi, resource))
            continue;
        write_resource(openapi, resource);
        if (resource->is_admin)
            write_new_tenant(openapi, resource);
    }
    write_rotation(openapi);
    write_links(openapi);
    write_problem(openapi);
    write_explanations(openapi);
    member_object_end(openapi->writer);
}

void openapi_ref(const openapi_t *openapi, const char *member, const char *kind, const char *name,
                 const char *suffix)
{
    member_object(openapi->writer, member);
    member_text(openapi->writer, "$ref",
                apr_pstrcat(openapi->pool, "#/components/", kind, "/", name, suffix, NULL));
    member_object_end(openapi->writer);
}

void openapi_row_example(const openapi_t *openapi, const char *name, const resource_t *resource,
                         openapi_use_t use)
{
    enum { CHANGED_MAX = 2 }; /* a patch that changes everything would be no example */
    int count = 0;

    member_object(openapi->writer, name);
    for (const field_t *field = resource->fields; field->name; field++) {
        if (!openapi_field_is_in(field, use) || (use == OPENAPI_UPDATE && count == CHANGED_MAX))
            continue;
        openapi_example(openapi, field->name, field);
        count++;
    }
    member_object_end(openapi->writer);
}
