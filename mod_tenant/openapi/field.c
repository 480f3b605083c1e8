/* SPDX-License-Identifier: Apache-2.0 */
#include "field.h"

#include <apr_strings.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "rule.h"

/* A date-time with as many digits of a fraction as anybody may want to send; answers show at most six. */
enum { TIME_MAX = 40, DATE_MAX = 10, UTF8_MAX = 4 };

/* What a text without a check may hold. */
#define NO_CONTROLS "^[^\\u0000-\\u001F]*$"
#define NO_NUL      "^[^\\u0000]*$"

int openapi_field_is_in(const field_t *field, openapi_use_t use)
{
    switch (use) {
    case OPENAPI_SHOWN:
        return field_is_readable(field);
    case OPENAPI_CREATE:
        return field_is_creatable(field);
    case OPENAPI_UPDATE:
        return field_is_updatable(field);
    default:
        return (field->flags & FIELD_FILTER) != 0;
    }
}

static int may_be_null(const field_t *field, openapi_use_t use)
{
    if (use == OPENAPI_SHOWN)
        return field->type != FIELD_SEALED && field_may_be_null(field);
    return use != OPENAPI_FILTER && (field->flags & (FIELD_NULLABLE | FIELD_RESET)) != 0;
}

static const char *json_type(const field_t *field)
{
    switch (field->type) {
    case FIELD_INTEGER:
        return "integer";
    case FIELD_BOOLEAN:
    case FIELD_SEALED:
        return "boolean";
    case FIELD_OBJECT:
    case FIELD_TEXTS:
        return "object";
    default:
        return "string";
    }
}

static void write_type(const openapi_t *openapi, const field_t *field, openapi_use_t use)
{
    const char *const types[] = {json_type(field), "null", NULL};

    if (may_be_null(field, use))
        member_texts(openapi->writer, "type", types);
    else
        member_text(openapi->writer, "type", types[0]);
}

/* A read-only text of the server's own may have no limits in the table. */
static void write_lengths(const openapi_t *openapi, const field_t *field, int min)
{
    enum { UNLIMITED = 1024 };

    if (min > 0)
        member_integer(openapi->writer, "minLength", min);
    member_integer(openapi->writer, "maxLength", field->max > 0 ? field->max : UNLIMITED);
}

static void write_choices(const openapi_t *openapi, const openapi_rule_t *rule, int or_null)
{
    member_array(openapi->writer, "enum");
    for (const char *const *choice = rule->choices; *choice; choice++)
        member_text(openapi->writer, NULL, *choice);
    if (or_null)
        member_text(openapi->writer, NULL, NULL);
    member_array_end(openapi->writer);
}

/* Answers may show what an earlier system wrote, of which neither a pattern nor a least length was asked. */
static void write_text(const openapi_t *openapi, const field_t *field, openapi_use_t use)
{
    const openapi_rule_t *rule = openapi_rule(field->check);
    int is_body = use == OPENAPI_CREATE || use == OPENAPI_UPDATE;

    if (rule && rule->choices) {
        write_choices(openapi, rule, may_be_null(field, use));
        return;
    }
    write_lengths(openapi, field, is_body ? field->min : 0);
    if (rule && use != OPENAPI_SHOWN)
        member_text(openapi->writer, "pattern", rule->pattern);
    else if (is_body)
        member_text(openapi->writer, "pattern", field->flags & FIELD_CONTROLS ? NO_NUL : NO_CONTROLS);
}

/* Its limits are in bytes of UTF-8, a schema's in characters: nothing that is taken may break the schema. */
static void write_password(const openapi_t *openapi, const field_t *field)
{
    member_text(openapi->writer, "format", "password");
    member_integer(openapi->writer, "minLength", (field->min + UTF8_MAX - 1) / UTF8_MAX);
    member_integer(openapi->writer, "maxLength", field->max);
}

static void write_integer(const openapi_t *openapi, const field_t *field)
{
    member_text(openapi->writer, "format", field->flags & FIELD_BIG ? "int64" : "int32");
    member_integer(openapi->writer, "minimum", field->min);
    member_integer(openapi->writer, "maximum", field_most(field));
}

static void write_date(const openapi_t *openapi)
{
    member_text(openapi->writer, "format", "date");
    member_integer(openapi->writer, "maxLength", DATE_MAX);
}

static void write_time(const openapi_t *openapi)
{
    member_text(openapi->writer, "format", "date-time");
    member_integer(openapi->writer, "maxLength", TIME_MAX);
}

/* A FIELD_OBJECT: its members, and no others. */
static void write_members(const openapi_t *openapi, const field_t *field, openapi_use_t use)
{
    writer_t *writer = openapi->writer;
    int count = 0;

    member_boolean(writer, "additionalProperties", 0);
    for (const field_t *member = field->members->fields; member->name; member++) {
        if (!(member->flags & FIELD_REQUIRED))
            continue;
        if (count++ == 0)
            member_array(writer, "required");
        member_text(writer, NULL, member->name);
    }
    if (count > 0)
        member_array_end(writer);
    member_object(writer, "properties");
    for (const field_t *member = field->members->fields; member->name; member++)
        openapi_field(openapi, member->name, member, use);
    member_object_end(writer);
}

/* A FIELD_TEXTS: members of any name. */
static void write_texts(const openapi_t *openapi, const field_t *field)
{
    writer_t *writer = openapi->writer;

    member_integer(writer, "maxProperties", FIELD_TEXTS_MAX);
    member_object(writer, "propertyNames");
    member_integer(writer, "minLength", 1);
    member_integer(writer, "maxLength", FIELD_TEXTS_NAME_MAX);
    member_text(writer, "pattern", NO_CONTROLS);
    member_object_end(writer);
    member_object(writer, "additionalProperties");
    member_text(writer, "type", "string");
    member_integer(writer, "maxLength", field->max);
    member_text(writer, "pattern", NO_CONTROLS);
    member_object_end(writer);
}

static void write_limits(const openapi_t *openapi, const field_t *field, openapi_use_t use)
{
    switch (field->type) {
    case FIELD_INTEGER:
        write_integer(openapi, field);
        break;
    case FIELD_TEXT:
    case FIELD_SECRET:
        write_text(openapi, field, use);
        break;
    case FIELD_PASSWORD:
        write_password(openapi, field);
        break;
    case FIELD_TIME:
        write_time(openapi);
        break;
    case FIELD_DATE:
        write_date(openapi);
        break;
    case FIELD_OBJECT:
        write_members(openapi, field, use);
        break;
    case FIELD_TEXTS:
        write_texts(openapi, field);
        break;
    default:
        break;
    }
}

/* What the type and the flags say beyond the schema's keywords. */
static const char *remark(const field_t *field, openapi_use_t use)
{
    if (use == OPENAPI_SHOWN)
        return field->flags & FIELD_LEGACY_NULL ? "Null only in rows of an earlier system." : NULL;
    if (use == OPENAPI_FILTER)
        return field->lookup ? "Case is ignored." : NULL;
    if (field->type == FIELD_PASSWORD)
        return "Its length is counted in bytes of UTF-8. It is never shown.";
    if (field->type == FIELD_SECRET)
        return "It is never shown.";
    if (field->flags & FIELD_LOWER)
        return "Stored in lower case.";
    if (field->flags & FIELD_RESET)
        return "Null stores the default.";
    return NULL;
}

static void write_description(const openapi_t *openapi, const field_t *field, openapi_use_t use)
{
    const char *more = remark(field, use);

    if (field->about && more)
        more = apr_pstrcat(openapi->pool, field->about, " ", more, NULL);
    else if (!more)
        more = field->about;
    if (more)
        member_text(openapi->writer, "description", more);
}

void openapi_field(const openapi_t *openapi, const char *name, const field_t *field, openapi_use_t use)
{
    writer_t *writer = openapi->writer;

    member_object(writer, name);
    write_type(openapi, field, use);
    write_limits(openapi, field, use);
    write_description(openapi, field, use);
    if (use == OPENAPI_SHOWN && (field->flags & FIELD_READ_ONLY))
        member_boolean(writer, "readOnly", 1);
    if (field->type == FIELD_PASSWORD || field->type == FIELD_SECRET)
        member_boolean(writer, "writeOnly", 1);
    member_array(writer, "examples");
    openapi_example(openapi, NULL, field);
    member_array_end(writer);
    member_object_end(writer);
}

/* A text of the length that the field wants. */
static const char *fitting_text(const openapi_t *openapi, const field_t *field, const char *text)
{
    apr_size_t length = strlen(text);
    char *fitting;

    if (field->max > 0 && length > (apr_size_t)field->max)
        return apr_pstrmemdup(openapi->pool, text, (apr_size_t)field->max);
    if (length >= (apr_size_t)field->min)
        return text;
    fitting = apr_palloc(openapi->pool, (apr_size_t)field->min + 1);
    for (int i = 0; i < field->min; i++)
        fitting[i] = text[(apr_size_t)i % length];
    fitting[field->min] = '\0';
    return fitting;
}

const char *openapi_example_text(const openapi_t *openapi, const field_t *field)
{
    const openapi_rule_t *rule = openapi_rule(field->check);
    int usual = field->min > 17 || field->max < 17 ? field->min : 17;

    if (field->example)
        return field->example;
    switch (field->type) {
    case FIELD_INTEGER:
        return apr_itoa(openapi->pool, usual);
    case FIELD_BOOLEAN:
    case FIELD_SEALED:
        return "true";
    case FIELD_TIME:
        return "2026-05-17T09:30:00Z";
    case FIELD_DATE:
        return "2026-05-17";
    case FIELD_PASSWORD:
        return fitting_text(openapi, field, "correct horse battery staple");
    default:
        return rule ? rule->example : fitting_text(openapi, field, "example");
    }
}

void openapi_example(const openapi_t *openapi, const char *name, const field_t *field)
{
    const char *text = openapi_example_text(openapi, field);

    if (field->type == FIELD_OBJECT)
        openapi_row_example(openapi, name, field->members, OPENAPI_CREATE);
    else if (field->type == FIELD_TEXTS)
        member_json(openapi->writer, name, text);
    else if (field->type == FIELD_INTEGER)
        member_integer(openapi->writer, name, atoi(text));
    else if (field->type == FIELD_BOOLEAN || field->type == FIELD_SEALED)
        member_boolean(openapi->writer, name, strcmp(text, "true") == 0);
    else
        member_text(openapi->writer, name, text);
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
