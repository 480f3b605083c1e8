/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_SCHEMA_H
#define TENANT_OPENAPI_SCHEMA_H

#include "reader.h"

/* What schemas are made of. */

/* How long a path and a cursor in an answer may be. */
enum { OPENAPI_PATH_MAX = 8192, OPENAPI_CURSOR_MAX = 2048 };

#define OPENAPI_CURSOR_PATTERN "^[A-Za-z0-9_-]+$"

/* Opens the schema of an object that has no members but those in `properties`. description may be NULL. */
void openapi_object_begin(const openapi_t *openapi, const char *name, const char *description);

/* Appends the schema of a text of at most max characters, or null. description may be NULL. */
void openapi_text(const openapi_t *openapi, const char *name, const char *description, int max, int or_null);

/* Appends the schema of an integer. */
void openapi_integer(const openapi_t *openapi, const char *name, const char *description, int min, int max);

/* Appends `{"$ref":"#/components/KIND/NAMESUFFIX"}`. */
void openapi_ref(const openapi_t *openapi, const char *member, const char *kind, const char *name,
                 const char *suffix);

#endif
