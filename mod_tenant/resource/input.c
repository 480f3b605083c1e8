/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <apr_strings.h>
#include <httpd.h>
#include <string.h>

#include "../text.h"
#include "../secret/password.h"
#include "../secret/seal.h"
#include "check.h"

/* How long a request waits for a slot to hash a password in. */
#define SLOT_WAIT apr_time_from_sec(2)

typedef struct reader_t {
    const resource_t *resource;
    input_for_t purpose;
    const char **values;
    unsigned char *given;
    int count;
    apr_array_header_t *errors; /* of problem_error_t */
    apr_pool_t *pool;
} reader_t;

static void refuse_pointer(reader_t *reader, const char *pointer, const char *code, const char *detail)
{
    problem_error_t *error = apr_array_push(reader->errors);

    error->pointer = pointer;
    error->code = code;
    error->detail = detail;
}

static void refuse(reader_t *reader, const field_t *field, const char *code, const char *detail)
{
    refuse_pointer(reader, apr_pstrcat(reader->pool, "/", field->name, NULL), code, detail);
}

/* A member's name as a JSON Pointer: `~` is ~0, `/` is ~1. */
static const char *pointer_of(const char *name, apr_size_t length, apr_pool_t *pool)
{
    char *pointer = apr_palloc(pool, 2 * length + 2);
    char *to = pointer;

    *to++ = '/';
    for (apr_size_t i = 0; i < length; i++) {
        if (name[i] == '~' || name[i] == '/') {
            *to++ = '~';
            *to++ = name[i] == '~' ? '0' : '1';
        } else {
            *to++ = name[i];
        }
    }
    *to = '\0';
    return pointer;
}

static const char *read_integer(reader_t *reader, const field_t *field, const tree_t *value)
{
    int64_t number;

    if (tree_type(value) != TREE_INTEGER) {
        refuse(reader, field, "type", "must be an integer");
        return NULL;
    }
    number = tree_integer(value);
    if (number < field->min || number > field->max) {
        refuse(reader, field, "range",
               apr_psprintf(reader->pool, "must be from %d to %d", field->min, field->max));
        return NULL;
    }
    return apr_psprintf(reader->pool, "%d", (int)number);
}

static const char *read_boolean(reader_t *reader, const field_t *field, const tree_t *value)
{
    if (tree_type(value) != TREE_BOOLEAN) {
        refuse(reader, field, "type", "must be true or false");
        return NULL;
    }
    return tree_boolean(value) ? "true" : "false";
}

/* Refuses a length, in units, that the field does not allow. */
static int check_length(reader_t *reader, const field_t *field, apr_size_t length, const char *units)
{
    if (length >= (apr_size_t)field->min && length <= (apr_size_t)field->max)
        return 1;
    refuse(reader, field, "length",
           field->min == field->max
               ? apr_psprintf(reader->pool, "must be %d %s long", field->min, units)
               : apr_psprintf(reader->pool, "must be %d to %d %s long", field->min, field->max, units));
    return 0;
}

static const char *read_text(reader_t *reader, const field_t *field, const char *text, apr_size_t length)
{
    const char *wrong;

    if (field->flags & FIELD_LOWER) {
        char *lower = apr_pstrmemdup(reader->pool, text, length);

        ap_str_tolower(lower);
        text = lower;
    }

    if (!check_length(reader, field, (apr_size_t)text_characters(text, length), "characters"))
        return NULL;
    if (!(field->flags & FIELD_CONTROLS) && text_has_controls(text, length)) {
        refuse(reader, field, "pattern", "must not hold control characters");
        return NULL;
    }
    wrong = field->check ? field->check(text, length) : NULL;
    if (wrong)
        refuse(reader, field, "pattern", wrong);
    return text;
}

static const char *read_time(reader_t *reader, const field_t *field, const char *text, apr_size_t length)
{
    char utc[CHECK_TIME_SIZE];
    const char *wrong;

    if (!check_time(text, length, utc)) {
        refuse(reader, field, "pattern",
               "must be an RFC 3339 date-time with an offset, in the years 1970 to 9999");
        return NULL;
    }
    wrong = field->check ? field->check(utc, strlen(utc)) : NULL;
    if (wrong)
        refuse(reader, field, "range", wrong);
    return apr_pstrdup(reader->pool, utc);
}

/* A value that is not null, as a statement takes it. A password stays as it is until the whole body is known
 * to be good. */
static const char *read_value(reader_t *reader, const field_t *field, const tree_t *value)
{
    apr_size_t length;
    const char *text;

    if (field->type == FIELD_INTEGER)
        return read_integer(reader, field, value);
    if (field->type == FIELD_BOOLEAN)
        return read_boolean(reader, field, value);
    if (tree_type(value) != TREE_STRING) {
        refuse(reader, field, "type", "must be a string");
        return NULL;
    }
    text = tree_string(value, &length);
    if (field->type == FIELD_TIME)
        return read_time(reader, field, text, length);
    if (field->type == FIELD_TEXT || field->type == FIELD_SECRET)
        return read_text(reader, field, text, length);
    return check_length(reader, field, length, "bytes") ? text : NULL;
}

static int read_member(void *context, const char *name, apr_size_t name_length, const tree_t *value)
{
    reader_t *reader = context;
    const field_t *field = resource_field(reader->resource, name, name_length);
    int n;

    if (!field) {
        refuse_pointer(reader, pointer_of(name, name_length, reader->pool), "unknown",
                       "is not a member of this resource");
        return 0;
    }
    if (reader->purpose == INPUT_CREATE ? !field_is_creatable(field) : !field_is_updatable(field)) {
        refuse(reader, field, "read-only",
               field_is_creatable(field) ? "can be set only on create" : "is set by the server");
        return 0;
    }
    n = (int)(field - reader->resource->fields);
    reader->given[n] = 1;
    reader->count++;
    if (tree_type(value) != TREE_NULL)
        reader->values[n] = read_value(reader, field, value);
    else if (!(field->flags & (FIELD_NULLABLE | FIELD_RESET)))
        refuse(reader, field, "null", "must not be null");
    return 0;
}

static void check_required(reader_t *reader)
{
    for (const field_t *field = reader->resource->fields; field->name; field++) {
        if ((field->flags & FIELD_REQUIRED) && !reader->given[field - reader->resource->fields])
            refuse(reader, field, "required", "must be given");
    }
}

static int count_fields(const resource_t *resource)
{
    int count = 0;

    while (resource->fields[count].name)
        count++;
    return count;
}

const problem_t *input_read(input_t *input, const resource_t *resource, input_for_t purpose,
                            const tree_t *body, apr_array_header_t **errors, apr_pool_t *pool)
{
    apr_size_t fields = (apr_size_t)count_fields(resource);
    reader_t reader = {
        .resource = resource,
        .purpose = purpose,
        .values = apr_pcalloc(pool, fields * sizeof(const char *)),
        .given = apr_pcalloc(pool, fields),
        .errors = apr_array_make(pool, 2, sizeof(problem_error_t)),
        .pool = pool,
    };

    *errors = reader.errors;
    if (tree_type(body) != TREE_OBJECT) {
        refuse_pointer(&reader, "", "type", "must be an object");
        return &problem_invalid;
    }
    tree_each(body, read_member, &reader);
    if (purpose == INPUT_CREATE)
        check_required(&reader);
    if (reader.errors->nelts > 0)
        return &problem_invalid;
    input->values = reader.values;
    input->given = reader.given;
    input->count = reader.count;
    return NULL;
}

/* What is stored of a password. */
static const problem_t *hash_password(const char **value, const input_secrets_t *secrets, apr_pool_t *pool)
{
    char *stored = apr_palloc(pool, PASSWORD_HASH_SIZE);
    const problem_t *problem = password_hash(secrets->slots, secrets->slots_owner, *value, strlen(*value),
                                             apr_time_now() + SLOT_WAIT, stored);

    *value = stored;
    return problem;
}

const problem_t *input_protect(input_t *input, const resource_t *resource, const input_secrets_t *secrets,
                               apr_pool_t *pool)
{
    for (int n = 0; input->values && resource->fields[n].name; n++) {
        const field_t *field = &resource->fields[n];
        const char **value = &input->values[n];
        const problem_t *problem = NULL;

        if (!*value)
            continue;
        if (field->type == FIELD_PASSWORD)
            problem = hash_password(value, secrets, pool);
        else if (field->type == FIELD_SECRET)
            *value =
                seal_make(secrets->keyring,
                          &(seal_place_t){secrets->tenant_id, resource_table(resource), field_column(field)},
                          *value, strlen(*value), pool);
        if (problem)
            return problem;
    }
    return NULL;
}
