/* SPDX-License-Identifier: Apache-2.0 */
#include "represent.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <string.h>

#include "csv.h"

/* What stands ahead of a value: `,"sid":`. */
typedef struct key_text_t {
    const field_t *field;
    const char *text;
    apr_size_t length;
    fields_t bit; /* the field's own */
    int column;   /* where rows have the value, from 0; -1: it is the tenant's id */
} key_text_t;

/* For each resource its readable fields, ended by a NULL text; made once per configuration and never changed.
 */
static const key_text_t **keys;

static const key_text_t *keys_of(const resource_t *resource, apr_pool_t *pool)
{
    apr_array_header_t *list = apr_array_make(pool, 16, sizeof(key_text_t));
    key_text_t end = {0};
    int columns = 0;

    for (const field_t *field = resource->fields; field->name; field++) {
        key_text_t key;

        if (!field_is_readable(field))
            continue;
        key.text = apr_pstrcat(pool, ",\"", field->name, "\":", NULL);
        key.length = strlen(key.text);
        key.field = field;
        key.column = field_is_selected(field) ? columns++ : -1;
        key.bit = (fields_t)1 << (field - resource->fields);
        APR_ARRAY_PUSH(list, key_text_t) = key;
    }
    APR_ARRAY_PUSH(list, key_text_t) = end;
    return (const key_text_t *)list->elts;
}

void represent_build(apr_pool_t *pool)
{
    keys = apr_pcalloc(pool, (apr_size_t)resource_count() * sizeof *keys);
    for (const resource_t *resource = resources; resource->name; resource++)
        keys[resource_index(resource)] = keys_of(resource, pool);
}

/* PostgreSQL's `YYYY-MM-DD hh:mm:ss[.ffffff]+00` has its parts in the same places as RFC 3339. */
enum { TIME_SPACE = 10, TIME_MIN = 22, TIME_MAX = 29, TIME_OFFSET = 3 };

/* The length of such a text, of length bytes, without its offset; 0: it is another text. */
static apr_size_t time_length(const char *text, apr_size_t length)
{
    if (length < TIME_MIN || length > TIME_MAX || text[TIME_SPACE] != ' ' ||
        memcmp(text + length - TIME_OFFSET, "+00", TIME_OFFSET) != 0)
        return 0;
    return length - TIME_OFFSET;
}

const char *represent_time(const char *text, apr_pool_t *pool)
{
    apr_size_t length = text ? time_length(text, strlen(text)) : 0;
    char *time;

    if (length == 0)
        return NULL;
    time = apr_palloc(pool, length + 2);
    memcpy(time, text, length);
    time[TIME_SPACE] = 'T';
    time[length] = 'Z';
    time[length + 1] = '\0';
    return time;
}

/* Writes the first length bytes of such a text by RFC 3339. */
static void write_time(writer_t *writer, const char *text, apr_size_t length)
{
    writer_raw(writer, text, length);
    writer->text[writer->length - length + TIME_SPACE] = 'T';
    writer_literal(writer, "Z");
}

static void write_time_string(writer_t *writer, const char *text, apr_size_t length)
{
    length = time_length(text, length);
    if (length == 0) {
        writer_literal(writer, "null");
        return;
    }
    writer_literal(writer, "\"");
    write_time(writer, text, length);
    writer_literal(writer, "\"");
}

static void write_boolean(writer_t *writer, int value)
{
    if (value)
        writer_literal(writer, "true");
    else
        writer_literal(writer, "false");
}

static void write_value(writer_t *writer, field_type_t type, const char *text, apr_size_t length)
{
    if (type == FIELD_SEALED)
        write_boolean(writer, text != NULL);
    else if (!text)
        writer_literal(writer, "null");
    else if (type == FIELD_INTEGER)
        writer_raw(writer, text, length);
    else if (type == FIELD_BOOLEAN)
        write_boolean(writer, *text == 't');
    else if (type == FIELD_TIME)
        write_time_string(writer, text, length);
    else
        writer_string(writer, text, length);
}

/* A field's value in the current row, as PostgreSQL's text form with its length; NULL for SQL NULL. */
static const char *value_of(const view_t *view, const key_text_t *key, rows_t *rows, apr_size_t *length)
{
    if (key->column >= 0)
        return rows_value(rows, key->column, length);
    *length = strlen(view->tenant);
    return view->tenant;
}

void represent_row(writer_t *writer, const view_t *view, rows_t *rows, int n)
{
    apr_size_t start = writer->length;
    apr_size_t length;

    rows_seek(rows, n);
    for (const key_text_t *key = keys[resource_index(view->resource)]; key->text; key++) {
        const char *text;

        if (!(view->fields & key->bit))
            continue;
        text = value_of(view, key, rows, &length);
        writer_raw(writer, key->text, key->length);
        write_value(writer, key->field->type, text, length);
    }
    writer->text[start] = '{'; /* in place of a comma */
    writer_literal(writer, "}");
}

void represent_csv_names(writer_t *writer, const view_t *view)
{
    const char *comma = "";

    for (const key_text_t *key = keys[resource_index(view->resource)]; key->text; key++) {
        if (!(view->fields & key->bit))
            continue;
        writer_raw(writer, comma, strlen(comma));
        writer_raw(writer, key->field->name, strlen(key->field->name));
        comma = ",";
    }
    writer_literal(writer, CSV_LINE_END);
}

static void write_csv_value(writer_t *writer, field_type_t type, const char *text, apr_size_t length,
                            int is_raw)
{
    if (type == FIELD_SEALED)
        write_boolean(writer, text != NULL);
    else if (!text)
        return;
    else if (type == FIELD_INTEGER)
        writer_raw(writer, text, length);
    else if (type == FIELD_BOOLEAN)
        write_boolean(writer, *text == 't');
    else if (type != FIELD_TIME)
        csv_write(writer, text, is_raw);
    else if ((length = time_length(text, length)) > 0)
        write_time(writer, text, length);
}

void represent_csv_row(writer_t *writer, const view_t *view, rows_t *rows, int n, int is_raw)
{
    const char *comma = "";
    apr_size_t length;

    rows_seek(rows, n);
    for (const key_text_t *key = keys[resource_index(view->resource)]; key->text; key++) {
        const char *text;

        if (!(view->fields & key->bit))
            continue;
        text = value_of(view, key, rows, &length);
        writer_raw(writer, comma, strlen(comma));
        write_csv_value(writer, key->field->type, text, length, is_raw);
        comma = ",";
    }
    writer_literal(writer, CSV_LINE_END);
}

void represent_absent(writer_t *writer, const view_t *view)
{
    apr_size_t start = writer->length;

    for (const key_text_t *key = keys[resource_index(view->resource)]; key->text; key++) {
        const char *text = key->column < 0 ? view->tenant : key->field->fallback;

        writer_raw(writer, key->text, key->length);
        write_value(writer, key->field->type, text, text ? strlen(text) : 0);
    }
    writer->text[start] = '{';
    writer_literal(writer, "}");
}
