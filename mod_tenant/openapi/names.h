/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_NAMES_H
#define TENANT_OPENAPI_NAMES_H

#include "reader.h"

/* What the document calls things. */

/* `Call` of calls, as in schemas and operations. */
const char *openapi_type(const openapi_t *openapi, const resource_t *resource);

/* `Calls`. */
const char *openapi_types(const openapi_t *openapi, const resource_t *resource);

/* `call` and `calls` in a sentence; `a call`, `an invoice`. */
const char *openapi_word(const openapi_t *openapi, const resource_t *resource);
const char *openapi_words(const openapi_t *openapi, const resource_t *resource);
const char *openapi_a_word(const openapi_t *openapi, const resource_t *resource);

/* The path of a collection or of a single resource, and of a row of it. */
const char *openapi_path(const openapi_t *openapi, const resource_t *resource);
const char *openapi_row_path(const openapi_t *openapi, const resource_t *resource);

/* A text as printf writes it. */
const char *openapi_sentence(const openapi_t *openapi, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
