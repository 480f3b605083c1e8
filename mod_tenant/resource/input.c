/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <apr_strings.h>
#include <httpd.h>
#include <string.h>

#include "../json/member.h"
#include "../json/pointer.h"
#include "../monotonic.h"
#include "../text.h"
#include "../secret/password.h"
#include "../secret/seal.h"
#include "check.h"

/* How long a request waits for a slot to hash a password in. */
#define SLOT_WAIT apr_time_from_sec(2)

typedef struct reader_t {
    const resource_t *resource;
    input_for_t purpose;
    const char *pointer;        /* where the object is in the body (RFC 6901) */
    input_t input;              /* what has been read */
    apr_array_header_t *errors; /* of problem_error_t */
    apr_pool_t *pool;
} reader_t;

/* A FIELD_TEXTS that is being read. */
typedef struct texts_t {
    reader_t reader; /* what is wrong is said of its members */
    const field_t *field;
    writer_t writer;
    int count;
} texts_t;

static void refuse_pointer(reader_t *reader, const char *pointer, const char *code, const char *detail)
{
    problem_error_t *error = apr_array_push(reader->errors);

    error->pointer = pointer;
    error->code = code;
    error->detail = detail;
}

static void refuse(reader_t *reader, const field_t *field, const char *code, const char *detail)
{
    refuse_pointer(reader, apr_pstrcat(reader->pool, reader->pointer, "/", field->name, NULL), code, detail);
}

/* A member's name as a JSON Pointer. */
static const char *pointer_of(const char *name, apr_size_t length, apr_pool_t *pool)
{
    char *pointer = apr_palloc(pool, 2 * length + 2);

    *pointer = '/';
    *pointer_put(pointer + 1, name, length) = '\0';
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

/* One of a FIELD_TEXTS: a text by a name of the client's choice. */
static int read_named_text(void *context, const char *name, apr_size_t name_length, const tree_t *value)
{
    texts_t *texts = context;
    reader_t *reader = &texts->reader;
    const int characters = text_characters(name, name_length);
    const field_t field = {.name = pointer_of(name, name_length, reader->pool) + 1, /* it needs its escapes */
                           .min = texts->field->min,
                           .max = texts->field->max};
    apr_size_t length;
    const char *text;

    texts->count++;
    if (characters < 1 || characters > FIELD_TEXTS_NAME_MAX)
        refuse(reader, &field, "length",
               apr_psprintf(reader->pool, "must have a name of 1 to %d characters", FIELD_TEXTS_NAME_MAX));
    else if (text_has_controls(name, name_length))
        refuse(reader, &field, "pattern", "must not have control characters in its name");
    if (tree_type(value) != TREE_STRING) {
        refuse(reader, &field, "type", "must be a string");
        return 0;
    }
    text = tree_string(value, &length);
    if (read_text(reader, &field, text, length))
        member_text(&texts->writer, name, text);
    return 0;
}

/* A FIELD_TEXTS, as JSON text. */
static const char *read_texts(reader_t *reader, const field_t *field, const tree_t *value)
{
    texts_t texts = {.reader = *reader, .field = field};

    if (tree_type(value) != TREE_OBJECT) {
        refuse(reader, field, "type", "must be an object");
        return NULL;
    }
    texts.reader.pointer = apr_pstrcat(reader->pool, reader->pointer, "/", field->name, NULL);
    writer_init(&texts.writer, reader->pool, 256);
    member_object(&texts.writer, NULL);
    tree_each(value, read_named_text, &texts);
    member_object_end(&texts.writer);
    if (texts.count > FIELD_TEXTS_MAX)
        refuse(reader, field, "length",
               apr_psprintf(reader->pool, "must not have more than %d members", FIELD_TEXTS_MAX));
    return apr_pstrmemdup(reader->pool, texts.writer.text, texts.writer.length);
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
    if (field->type == FIELD_TEXTS)
        return read_texts(reader, field, value);
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

static int read_member(void *context, const char *name, apr_size_t name_length, const tree_t *value);

static void check_required(reader_t *reader)
{
    for (const field_t *field = reader->resource->fields; field->name; field++) {
        if ((field->flags & FIELD_REQUIRED) && !reader->input.given[field - reader->resource->fields])
            refuse(reader, field, "required", "must be given");
    }
}

/* Reads an object's members into reader->input. */
static void read_members(reader_t *reader, const tree_t *object)
{
    apr_size_t fields = (apr_size_t)resource_field_count(reader->resource);

    if (tree_type(object) != TREE_OBJECT) {
        refuse_pointer(reader, reader->pointer, "type", "must be an object");
        return;
    }
    reader->input.values = apr_pcalloc(reader->pool, fields * sizeof *reader->input.values);
    reader->input.given = apr_pcalloc(reader->pool, fields);
    tree_each(object, read_member, reader);
    if (reader->purpose == INPUT_CREATE)
        check_required(reader);
}

/* Reads a FIELD_OBJECT, the n-th field, into its place in reader->input. */
static void read_object(reader_t *reader, const field_t *field, int n, const tree_t *value)
{
    reader_t inner = *reader;
    input_t *input = apr_palloc(reader->pool, sizeof *input);

    inner.resource = field->members;
    inner.pointer = apr_pstrcat(reader->pool, reader->pointer, "/", field->name, NULL);
    inner.input = (input_t){0};
    read_members(&inner, value);
    *input = inner.input;
    if (!reader->input.inner)
        reader->input.inner = apr_pcalloc(reader->pool, (apr_size_t)resource_field_count(reader->resource) *
                                                            sizeof *reader->input.inner);
    reader->input.inner[n] = input;
}

static int read_member(void *context, const char *name, apr_size_t name_length, const tree_t *value)
{
    reader_t *reader = context;
    const field_t *field = resource_field(reader->resource, name, name_length);
    int n;

    if (!field) {
        refuse_pointer(reader,
                       apr_pstrcat(reader->pool, reader->pointer, pointer_of(name, name_length, reader->pool),
                                   NULL),
                       "unknown", "is not a member of this resource");
        return 0;
    }
    if (reader->purpose == INPUT_CREATE ? !field_is_creatable(field) : !field_is_updatable(field)) {
        refuse(reader, field, "read-only",
               field_is_creatable(field) ? "can be set only on create" : "is set by the server");
        return 0;
    }
    n = (int)(field - reader->resource->fields);
    reader->input.given[n] = 1;
    reader->input.count++;
    if (tree_type(value) == TREE_NULL) {
        if (!(field->flags & (FIELD_NULLABLE | FIELD_RESET)))
            refuse(reader, field, "null", "must not be null");
    } else if (field->type == FIELD_OBJECT) {
        read_object(reader, field, n, value);
    } else {
        reader->input.values[n] = read_value(reader, field, value);
    }
    return 0;
}

const problem_t *input_read(input_t *input, const resource_t *resource, input_for_t purpose,
                            const tree_t *body, apr_array_header_t **errors, apr_pool_t *pool)
{
    reader_t reader = {
        .resource = resource,
        .purpose = purpose,
        .pointer = "",
        .errors = apr_array_make(pool, 2, sizeof(problem_error_t)),
        .pool = pool,
    };

    *errors = reader.errors;
    read_members(&reader, body);
    if (reader.errors->nelts > 0)
        return &problem_invalid;
    *input = reader.input;
    return NULL;
}

/* What is stored of a password. */
static const problem_t *hash_password(const char **value, const input_secrets_t *secrets, apr_pool_t *pool)
{
    char *stored = apr_palloc(pool, PASSWORD_HASH_SIZE);
    const problem_t *problem = password_hash(secrets->slots, secrets->slots_owner, *value, strlen(*value),
                                             monotonic_now() + SLOT_WAIT, stored);

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
