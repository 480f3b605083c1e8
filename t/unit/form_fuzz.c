/* SPDX-License-Identifier: Apache-2.0 */

/* For libFuzzer (make fuzz): forms. What is accepted is as long as it should be, and what is made of it again
 * is read as the same fields. */

#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../mod_tenant/http/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX = 64 };

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Appends bytes, each of them escaped. */
static char *escape(char *to, const char *bytes, apr_size_t length)
{
    for (apr_size_t n = 0; n < length; n++)
        to += sprintf(to, "%%%02X", (unsigned char)bytes[n]);
    return to;
}

/* A form of the same fields. */
static const char *spell(const form_t *form, apr_pool_t *pool)
{
    apr_size_t size = 1;
    char *text, *to;

    for (int n = 0; n < form->count; n++)
        size += 3 * (form->fields[n].name_length + form->fields[n].value_length) + 2;
    text = to = apr_palloc(pool, size);
    for (int n = 0; n < form->count; n++) {
        to = escape(to, form->fields[n].name, form->fields[n].name_length);
        *to++ = '=';
        to = escape(to, form->fields[n].value, form->fields[n].value_length);
        *to++ = '&';
    }
    *to = '\0';
    return text;
}

static void require_same(const form_t *one, const form_t *other)
{
    require(one->count == other->count);
    for (int n = 0; n < one->count; n++) {
        const form_field_t *a = &one->fields[n], *b = &other->fields[n];

        require(a->name_length == b->name_length && a->value_length == b->value_length);
        require(memcmp(a->name, b->name, a->name_length + 1) == 0);
        require(memcmp(a->value, b->value, a->value_length + 1) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int started;
    char *text = malloc(size); /* from malloc(), where the sanitizer sees a read past the end */
    form_t form, again;
    apr_pool_t *pool;

    if (!started++)
        apr_initialize();
    require(text != NULL);
    memcpy(text, data, size);
    apr_pool_create(&pool, NULL);
    if (!form_parse(&form, text, size, MAX, pool)) {
        const char *spelt = spell(&form, pool);

        require(form.count <= MAX);
        require(form_parse(&again, spelt, strlen(spelt), MAX, pool) == NULL);
        require_same(&form, &again);
        require((form_find(&form, "a", NULL) == NULL) == (form_find(&again, "a", NULL) == NULL));
    } else {
        require(form.count == 0);
    }
    apr_pool_destroy(pool);
    free(text);
    return 0;
}
