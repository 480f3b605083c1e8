/* SPDX-License-Identifier: Apache-2.0 */
#include "parameters.h"

#include <apr_strings.h>
#include <limits.h>
#include <string.h>

#include "../resource/filter.h"
#include "../resource/page.h"
#include "field.h"
#include "schema.h"

enum { HEADER_MAX = 8192, KEY_MAX = 255, CODE_MAX = 64 };

static void begin_parameter(const openapi_t *openapi, const char *member, const char *name, const char *in,
                            const char *description)
{
    member_object(openapi->writer, member);
    member_text(openapi->writer, "name", name);
    member_text(openapi->writer, "in", in);
    if (strcmp(in, "path") == 0)
        member_boolean(openapi->writer, "required", 1);
    if (description)
        member_text(openapi->writer, "description", description);
}

static const struct {
    const char *member, *name, *in;
    const char *description;
    const char *pattern; /* or NULL */
    int min, max;        /* characters */
    const char *example;
    openapi_reader_t reader;
} texts[] = {
    {"After", "after", "query",
     "Goes on behind the page whose `next_cursor` this is, with the same filters and order. Opaque.",
     OPENAPI_CURSOR_PATTERN, 1, OPENAPI_CURSOR_MAX, "MSB0aGluZ3MgaWQgMSAx", OPENAPI_EVERYBODY},
    {"Before", "before", "query",
     "The page ahead of a place, likewise: from the header Link, `rel=\"prev\"`. Not together with `after`.",
     OPENAPI_CURSOR_PATTERN, 1, OPENAPI_CURSOR_MAX, "MSB0aGluZ3MgaWQgMSAx", OPENAPI_EVERYBODY},
    {"IfMatch", "If-Match", "header",
     "Only if the row is as this ETag says, or one of several; with `*`, if it exists. Otherwise 412.", NULL,
     1, HEADER_MAX, "\"5f3a-1c\"", OPENAPI_EVERYBODY},
    {"IfNoneMatch", "If-None-Match", "header",
     "Only if the row is not as this ETag says, or any of several; `*` stands for all. Otherwise 304 "
     "without a body for GET, 412 for others.",
     NULL, 1, HEADER_MAX, "\"5f3a-1c\"", OPENAPI_EVERYBODY},
    {"IdempotencyKey", "Idempotency-Key", "header",
     "A name of your choice for this request. When it is sent again within 24 hours, with the same body, "
     "nothing is created anew: the first answer comes once more, with `Idempotency-Replayed: true`.",
     "^[!-~]+$", 1, KEY_MAX, "order-4711-attempt", OPENAPI_TENANTS},
    {"RotationKey", "Idempotency-Key", "header",
     "A name for this request that nobody can guess, such as a random UUID. Whoever has lost the answer "
     "sends the same request again, within 24 hours and `grace_seconds`, and gets it once more. Without it "
     "a lost answer is lost.",
     "^[!-~]+$", RESOURCE_REPEAT_MIN, KEY_MAX, "1b4e28ba-2fa1-41d2-883f-0016d3cca427", OPENAPI_TENANTS},
    {"Prefer", "Prefer", "header",
     "`count=exact` adds the number of rows on all pages as `count`. `csv=raw` leaves the cells of CSV as "
     "they are, though a spreadsheet might take one for a formula. Others are ignored (RFC 7240).",
     NULL, 1, HEADER_MAX, "count=exact", OPENAPI_EVERYBODY},
    {"Range", "Range", "header", "Which bytes of it (RFC 9110 section 14.2); without it all.",
     "^bytes=[0-9, -]+$", 1, HEADER_MAX, "bytes=0-999", OPENAPI_GATEWAYS},
};

static void write_limit(const openapi_t *openapi)
{
    writer_t *writer = openapi->writer;

    begin_parameter(
        openapi, "Limit", "limit", "query",
        apr_psprintf(openapi->pool,
                     "The most rows of a page, at most %d. A page of long rows may have fewer. Of a "
                     "stream it may be any number; without it all rows come.",
                     config_page_max(openapi->location)));
    member_object(writer, "schema");
    member_text(writer, "type", "integer");
    member_text(writer, "format", "int32");
    member_integer(writer, "minimum", 1);
    member_integer(writer, "maximum", config_page_max(openapi->location));
    member_integer(writer, "default", config_page_default(openapi->location));
    member_object_end(writer);
    member_object_end(writer);
}

void openapi_parameters(const openapi_t *openapi)
{
    writer_t *writer = openapi->writer;

    member_object(writer, "parameters");
    write_limit(openapi);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!openapi_is_for(openapi, texts[i].reader))
            continue;
        begin_parameter(openapi, texts[i].member, texts[i].name, texts[i].in, texts[i].description);
        member_object(writer, "schema");
        member_text(writer, "type", "string");
        member_integer(writer, "minLength", texts[i].min);
        member_integer(writer, "maxLength", texts[i].max);
        if (texts[i].pattern)
            member_text(writer, "pattern", texts[i].pattern);
        /* the schema's, for viewers fill a form with a parameter's own example, and send it */
        member_array(writer, "examples");
        member_text(writer, NULL, texts[i].example);
        member_array_end(writer);
        member_object_end(writer);
        member_object_end(writer);
    }
    member_object_end(writer);
}

/* The schema of an id in a path: an integer, or the id's text. */
static void write_id(const openapi_t *openapi, const char *name, const field_t *id)
{
    writer_t *writer = openapi->writer;

    member_object(writer, name);
    if (id->type == FIELD_TEXT) {
        member_text(writer, "type", "string");
        member_integer(writer, "minLength", 1);
        member_integer(writer, "maxLength", id->max);
    } else {
        member_text(writer, "type", "integer");
        member_text(writer, "format", id->flags & FIELD_BIG ? "int64" : "int32");
        member_integer(writer, "minimum", 1);
        member_integer(writer, "maximum", field_most(id));
    }
    member_object_end(writer);
}

void openapi_row_parameters(const openapi_t *openapi, const resource_t *resource)
{
    const field_t *id = resource->fields;
    const field_t *key = resource_key(resource);
    writer_t *writer = openapi->writer;

    member_array(writer, "parameters");
    begin_parameter(openapi, NULL, "id", "path",
                    key ? apr_psprintf(openapi->pool, "The row's `id` or `%s`.", key->name)
                        : "The row's `id`.");
    if (key) {
        member_object(writer, "schema");
        member_array(writer, "anyOf");
        write_id(openapi, NULL, id);
        openapi_field(openapi, NULL, key, OPENAPI_CREATE);
        member_array_end(writer);
        member_object_end(writer);
    } else {
        write_id(openapi, "schema", id);
    }
    openapi_example(openapi, "example", id);
    member_object_end(writer);
    member_array_end(writer);
}

void openapi_key_parameter(const openapi_t *openapi, const resource_t *resource)
{
    const field_t *key = resource_key(resource);

    member_array(openapi->writer, "parameters");
    begin_parameter(openapi, NULL, key->name, "path",
                    apr_psprintf(openapi->pool, "The row's `%s`.", key->name));
    openapi_field(openapi, "schema", key, OPENAPI_CREATE);
    openapi_example(openapi, "example", key);
    member_object_end(openapi->writer);
    member_array_end(openapi->writer);
}

void openapi_code_parameter(const openapi_t *openapi)
{
    writer_t *writer = openapi->writer;

    member_array(writer, "parameters");
    begin_parameter(openapi, NULL, "code", "path", "The problem's `code`.");
    member_object(writer, "schema");
    member_text(writer, "type", "string");
    member_integer(writer, "maxLength", CODE_MAX);
    member_text(writer, "pattern", "^[a-z-]+$");
    member_object_end(writer);
    member_text(writer, "example", problem_not_found.code);
    member_object_end(writer);
    member_array_end(writer);
}

static void write_order(const openapi_t *openapi, const resource_t *resource)
{
    writer_t *writer = openapi->writer;

    begin_parameter(
        openapi, NULL, "order", "query",
        apr_psprintf(
            openapi->pool,
            "Which rows come first; by default `%s.desc`. A list with a range of a field (`.gt` and its "
            "like, `.null=false`) is in the order of that field, and can be in no other.",
            resource->order == ORDER_CREATED ? "created_at" : "id"));
    member_object(writer, "schema");
    member_text(writer, "type", "string");
    member_array(writer, "enum");
    for (const field_t *field = resource->fields; field->name; field++) {
        if (page_can_order(resource, field)) {
            member_text(writer, NULL, apr_pstrcat(openapi->pool, field->name, ".asc", NULL));
            member_text(writer, NULL, apr_pstrcat(openapi->pool, field->name, ".desc", NULL));
        }
    }
    member_array_end(writer);
    member_object_end(writer);
    member_object_end(writer);
}

static void write_fields(const openapi_t *openapi, const resource_t *resource)
{
    writer_t *writer = openapi->writer;
    int count = 0;

    begin_parameter(openapi, NULL, "fields", "query",
                    "The members that rows shall have; all of them by default. Their names may stand in one "
                    "parameter as well, separated by commas.");
    member_text(writer, "style", "form");
    /* what generated clients do, even those that look at nothing else */
    member_boolean(writer, "explode", 1);
    member_object(writer, "schema");
    member_text(writer, "type", "array");
    member_integer(writer, "minItems", 1);
    member_boolean(writer, "uniqueItems", 1);
    member_object(writer, "items");
    member_text(writer, "type", "string");
    member_array(writer, "enum");
    for (const field_t *field = resource->fields; field->name; field++) {
        if (field_is_readable(field)) {
            member_text(writer, NULL, field->name);
            count++;
        }
    }
    member_array_end(writer);
    member_object_end(writer);
    member_integer(writer, "maxItems", count);
    member_object_end(writer);
    member_object_end(writer);
}

/* What a filter asks of a field. */
static const char *const meanings[FILTER_TESTS] = {
    [FILTER_EQUAL] = "is this",
    [FILTER_GREATER] = "is greater",
    [FILTER_GREATER_EQUAL] = "is greater or equal",
    [FILTER_LESS] = "is less",
    [FILTER_LESS_EQUAL] = "is less or equal",
    [FILTER_NULL] = "is null; `false`: is not",
    [FILTER_NOT_NULL] = "is not null",
};

static void write_filter(const openapi_t *openapi, const field_t *field, filter_test_t test)
{
    writer_t *writer = openapi->writer;

    begin_parameter(openapi, NULL, filter_name(field, test, openapi->pool), "query",
                    apr_psprintf(openapi->pool, "Only rows whose `%s` %s.", field->name, meanings[test]));
    if (filter_takes_value(test)) {
        openapi_field(openapi, "schema", field, OPENAPI_FILTER);
    } else {
        member_object(writer, "schema");
        member_text(writer, "type", "boolean");
        if (test == FILTER_NOT_NULL) {
            member_array(writer, "enum");
            member_boolean(writer, NULL, 0);
            member_array_end(writer);
        }
        member_object_end(writer);
    }
    member_object_end(writer);
}

static void write_filters(const openapi_t *openapi, const field_t *field)
{
    unsigned tests = filter_tests(field);

    if (tests >> FILTER_NULL & 1)
        tests &= ~(1U << FILTER_NOT_NULL); /* one parameter asks for both */
    for (int test = 0; test < FILTER_TESTS; test++) {
        if (tests >> test & 1)
            write_filter(openapi, field, (filter_test_t)test);
    }
}

void openapi_list_parameters(const openapi_t *openapi, const resource_t *resource)
{
    static const char *const shared[] = {"Limit", "After", "Before", "Prefer"};

    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        openapi_ref(openapi, NULL, "parameters", shared[i], "");
    write_order(openapi, resource);
    write_fields(openapi, resource);
    for (const field_t *field = resource->fields; field->name; field++)
        write_filters(openapi, field);
}
