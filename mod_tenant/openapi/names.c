/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

/* `phone_numbers` as `PhoneNumbers`. */
static const char *camel_case(const char *name, apr_pool_t *pool)
{
    char *camel = apr_palloc(pool, strlen(name) + 1);
    char *to = camel;
    int is_start = 1;

    for (; *name; name++) {
        if (*name == '_') {
            is_start = 1;
            continue;
        }
        *to++ = (char)(is_start ? apr_toupper(*name) : *name);
        is_start = 0;
    }
    *to = '\0';
    return camel;
}

static const char *singular(const resource_t *resource, apr_pool_t *pool)
{
    apr_size_t length = strlen(resource->name);

    if (resource->singular)
        return resource->singular;
    return resource->is_single || length < 2 || resource->name[length - 1] != 's'
               ? resource->name
               : apr_pstrmemdup(pool, resource->name, length - 1);
}

static const char *words(const char *name, apr_pool_t *pool)
{
    char *text = apr_pstrdup(pool, name);

    for (char *c = text; *c; c++) {
        if (*c == '_')
            *c = ' ';
    }
    return text;
}

const char *openapi_type(const openapi_t *openapi, const resource_t *resource)
{
    return camel_case(singular(resource, openapi->pool), openapi->pool);
}

const char *openapi_types(const openapi_t *openapi, const resource_t *resource)
{
    return camel_case(resource->name, openapi->pool);
}

const char *openapi_word(const openapi_t *openapi, const resource_t *resource)
{
    return words(singular(resource, openapi->pool), openapi->pool);
}

const char *openapi_words(const openapi_t *openapi, const resource_t *resource)
{
    return words(resource->name, openapi->pool);
}

const char *openapi_a_word(const openapi_t *openapi, const resource_t *resource)
{
    const char *word = openapi_word(openapi, resource);

    return apr_pstrcat(openapi->pool, strchr("aeio", *word) ? "an " : "a ", word, NULL);
}

const char *openapi_path(const openapi_t *openapi, const resource_t *resource)
{
    return apr_pstrcat(openapi->pool, "/", resource->name, NULL);
}

const char *openapi_row_path(const openapi_t *openapi, const resource_t *resource)
{
    return apr_pstrcat(openapi->pool, "/", resource->name, "/{id}", NULL);
}

const char *openapi_sentence(const openapi_t *openapi, const char *format, ...)
{
    va_list arguments;
    const char *text;

    va_start(arguments, format);
    text = apr_pvsprintf(openapi->pool, format, arguments);
    va_end(arguments);
    return text;
}
