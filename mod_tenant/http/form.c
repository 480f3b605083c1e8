/* SPDX-License-Identifier: Apache-2.0 */
#include "form.h"

#include <apr_strings.h>
#include <string.h>

#include "percent.h"

/* Decodes into *to, which is left behind the NUL. The length, or -1 where an escape is broken. */
static apr_ssize_t decode(char **to, const char *text, const char *end)
{
    apr_ssize_t length = percent_decode(*to, text, (apr_size_t)(end - text), ' ');

    if (length >= 0)
        *to += length + 1;
    return length;
}

/* Reads one field; 0 where an escape is broken. */
static int take(form_field_t *field, char **to, const char *text, const char *end)
{
    const char *equals = memchr(text, '=', (apr_size_t)(end - text));
    apr_ssize_t length;

    field->name = *to;
    length = decode(to, text, equals ? equals : end);
    if (length < 0)
        return 0;
    field->name_length = (apr_size_t)length;
    field->value = *to;
    length = decode(to, equals ? equals + 1 : end, end);
    if (length < 0)
        return 0;
    field->value_length = (apr_size_t)length;
    return 1;
}

/* Where the field that begins at text ends. */
static const char *end_of(const char *text, const char *end)
{
    const char *separator = memchr(text, '&', (apr_size_t)(end - text));

    return separator ? separator : end;
}

/* How many fields there are, or one more than max. */
static int count_fields(const char *text, const char *end, int max)
{
    int count = 0;

    for (const char *next; text < end && count <= max; text = next + 1) {
        next = end_of(text, end);
        count += next > text;
    }
    return count;
}

const char *form_parse(form_t *form, const char *text, apr_size_t length, int max, apr_pool_t *pool)
{
    const char *end = text + length;
    int count = count_fields(text, end, max);
    form_field_t *fields;
    char *to;

    form->fields = NULL;
    form->count = 0;
    if (count > max)
        return apr_psprintf(pool, "There are more than %d parameters.", max);
    if (count == 0)
        return NULL;
    fields = apr_palloc(pool, (apr_size_t)count * sizeof *fields);
    /* a NUL behind each name and value; of what parts these and the fields, a byte each, one is missing at
     * the end, and one in each field without a `=` */
    to = apr_palloc(pool, length + 1 + (apr_size_t)count);
    form->fields = fields;
    for (const char *next; text < end; text = next + 1) {
        next = end_of(text, end);
        if (next > text && !take(&fields[form->count++], &to, text, next)) {
            form->count = 0;
            return "A parameter holds a broken percent-encoding.";
        }
    }
    return NULL;
}

const form_field_t *form_find(const form_t *form, const char *name, int *repeated)
{
    apr_size_t length = strlen(name);
    const form_field_t *found = NULL;

    if (repeated)
        *repeated = 0;
    for (int n = 0; n < form->count; n++) {
        const form_field_t *field = &form->fields[n];

        if (field->name_length != length || memcmp(field->name, name, length) != 0)
            continue;
        if (found) {
            if (repeated)
                *repeated = 1;
            return found;
        }
        found = field;
    }
    return found;
}
