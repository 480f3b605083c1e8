/* SPDX-License-Identifier: Apache-2.0 */
#include "keyline.h"

#include <string.h>

enum { FIELDS_MAX = 4 };

/* A part of a line. */
typedef struct field_t {
    const char *text;
    apr_size_t length;
} field_t;

/* Splits a line at blanks. Returns the number of fields, FIELDS_MAX + 1 where there are more than fit. */
static int split(field_t fields[FIELDS_MAX], const char *line, apr_size_t length)
{
    const char *end = line + length;
    int count = 0;

    for (;;) {
        const char *start;

        while (line < end && (*line == ' ' || *line == '\t'))
            line++;
        if (line == end)
            return count;
        if (count == FIELDS_MAX)
            return FIELDS_MAX + 1;
        for (start = line; line < end && *line != ' ' && *line != '\t';)
            line++;
        fields[count++] = (field_t){start, (apr_size_t)(line - start)};
    }
}

static int field_is(field_t field, const char *word)
{
    return field.length == strlen(word) && memcmp(field.text, word, field.length) == 0;
}

const char *keyline_read(keyline_t *key, const char *line, apr_size_t length)
{
    field_t fields[FIELDS_MAX];
    int count;

    key->id = 0;
    if (length > 0 && *line == '#')
        return NULL;
    count = split(fields, line, length);
    if (count == 0)
        return NULL;
    if (count < 3 || count > FIELDS_MAX || (count == FIELDS_MAX && !field_is(fields[3], "primary")))
        return "a line has the form: seal|pepper ID BASE64 [primary]";
    if (!keyname_purpose(&key->purpose, fields[0].text, fields[0].length))
        return "a key is for seal or pepper";
    key->id = keyname_id(fields[1].text, fields[1].length);
    if (key->id == 0)
        return "an id is a decimal number from 1 to 4294967295";
    key->base64 = fields[2].text;
    key->length = fields[2].length;
    key->primary = count == FIELDS_MAX;
    return NULL;
}

uint32_t keyline_retired(keyname_purpose_t purpose, const char *line, apr_size_t length)
{
    field_t fields[FIELDS_MAX];
    keyname_purpose_t found;

    if (split(fields, line, length) != FIELDS_MAX || !field_is(fields[0], "#") ||
        !field_is(fields[3], "retired") || !keyname_purpose(&found, fields[1].text, fields[1].length) ||
        found != purpose)
        return 0;
    return keyname_id(fields[2].text, fields[2].length);
}
