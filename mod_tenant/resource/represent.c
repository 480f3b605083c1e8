/* SPDX-License-Identifier: Apache-2.0 */
#include "represent.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <string.h>

#include "../http/csv.h"
#include "resources.h"
#include "scalar.h"

/* What stands ahead of a value: `,"sid":`. */
typedef struct key_text_t {
    const field_t *field;
    const char *text;
    apr_size_t length;
    fields_t bit; /* the field's own */
    int column;   /* where rows have the value, from 0; -1: it is the tenant's id */
} key_text_t;

/* For each resource its readable fields, ended by a NULL text;
 * made once per configuration and never changed. */
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

/* The value of a field in the current row. */
static void read_value(scalar_t *value, const view_t *view, const key_text_t *key, const rows_t *rows)
{
    if (key->column >= 0)
        scalar_read(value, key->field->type, rows, key->column);
    else
        scalar_take(value, key->field->type, view->tenant, strlen(view->tenant));
}

static void write_value(writer_t *writer, field_type_t type, const scalar_t *value)
{
    if (!value->text) {
        writer_literal(writer, "null");
    } else if (type == FIELD_TEXT) {
        writer_string(writer, value->text, value->length);
    } else if (type == FIELD_TIME || type == FIELD_DATE) {
        writer_literal(writer, "\"");
        writer_raw(writer, value->text, value->length);
        writer_literal(writer, "\"");
    } else {
        writer_raw(writer, value->text, value->length);
    }
}

void represent_row_begin(writer_t *writer, const view_t *view, rows_t *rows, int n)
{
    apr_size_t start = writer->length;
    scalar_t value;

    rows_seek(rows, n);
    for (const key_text_t *key = keys[resource_index(view->resource)]; key->text; key++) {
        if (!(view->fields & key->bit))
            continue;
        read_value(&value, view, key, rows);
        writer_raw(writer, key->text, key->length);
        write_value(writer, key->field->type, &value);
    }
    writer->text[start] = '{'; /* in place of a comma */
}

void represent_row(writer_t *writer, const view_t *view, rows_t *rows, int n)
{
    represent_row_begin(writer, view, rows, n);
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

void represent_csv_row(writer_t *writer, const view_t *view, rows_t *rows, int n, int is_raw)
{
    const char *comma = "";
    scalar_t value;

    rows_seek(rows, n);
    for (const key_text_t *key = keys[resource_index(view->resource)]; key->text; key++) {
        if (!(view->fields & key->bit))
            continue;
        read_value(&value, view, key, rows);
        writer_raw(writer, comma, strlen(comma));
        if (value.text && key->field->type == FIELD_TEXT)
            csv_write(writer, value.text, is_raw);
        else if (value.text)
            writer_raw(writer, value.text, value.length);
        comma = ",";
    }
    writer_literal(writer, CSV_LINE_END);
}

void represent_absent(writer_t *writer, const view_t *view)
{
    apr_size_t start = writer->length;

    for (const key_text_t *key = keys[resource_index(view->resource)]; key->text; key++) {
        const char *text = key->column < 0 ? view->tenant : key->field->fallback;
        scalar_t value;

        scalar_take(&value, key->field->type, text, text ? strlen(text) : 0);
        writer_raw(writer, key->text, key->length);
        write_value(writer, key->field->type, &value);
    }
    writer->text[start] = '{';
    writer_literal(writer, "}");
}
