/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_FIELD_H
#define TENANT_OPENAPI_FIELD_H

#include "reader.h"

/* Values of fields. */

typedef enum openapi_use_t {
    OPENAPI_SHOWN,  /* in an answer */
    OPENAPI_CREATE, /* in the body of a POST */
    OPENAPI_UPDATE, /* in a merge patch */
    OPENAPI_FILTER, /* in a query */
} openapi_use_t;

/* Appends the schema of a field. */
void openapi_field(const openapi_t *openapi, const char *name, const field_t *field, openapi_use_t use);

/* Appends a value that the field takes. */
void openapi_example(const openapi_t *openapi, const char *name, const field_t *field);

/* That value as text. */
const char *openapi_example_text(const openapi_t *openapi, const field_t *field);

/* Whether the field belongs into such a place. */
int openapi_field_is_in(const field_t *field, openapi_use_t use);

/* Appends an example of a row, or of a body that is about one. */
void openapi_row_example(const openapi_t *openapi, const char *name, const resource_t *resource,
                         openapi_use_t use);

#endif
