/* SPDX-License-Identifier: Apache-2.0 */
#include "member.h"

/* Appends what stands ahead of a value: a comma unless it is the first one, and its name if it has one. */
static void begin(writer_t *writer, const char *name)
{
    char last = writer->length > 0 ? writer->text[writer->length - 1] : '[';

    if (last != '{' && last != '[')
        writer_literal(writer, ",");
    if (name) {
        writer_text(writer, name);
        writer_literal(writer, ":");
    }
}

void member_object(writer_t *writer, const char *name)
{
    begin(writer, name);
    writer_literal(writer, "{");
}

void member_array(writer_t *writer, const char *name)
{
    begin(writer, name);
    writer_literal(writer, "[");
}

void member_object_end(writer_t *writer)
{
    writer_literal(writer, "}");
}

void member_array_end(writer_t *writer)
{
    writer_literal(writer, "]");
}

void member_text(writer_t *writer, const char *name, const char *value)
{
    begin(writer, name);
    writer_text(writer, value);
}

void member_integer(writer_t *writer, const char *name, int64_t value)
{
    begin(writer, name);
    writer_integer(writer, value);
}

void member_boolean(writer_t *writer, const char *name, int value)
{
    begin(writer, name);
    if (value)
        writer_literal(writer, "true");
    else
        writer_literal(writer, "false");
}

void member_json(writer_t *writer, const char *name, const char *json)
{
    begin(writer, name);
    writer_raw(writer, json, strlen(json));
}

void member_texts(writer_t *writer, const char *name, const char *const *values)
{
    member_array(writer, name);
    for (; *values; values++)
        member_text(writer, NULL, *values);
    member_array_end(writer);
}
