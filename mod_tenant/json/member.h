/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_JSON_MEMBER_H
#define TENANT_JSON_MEMBER_H

#include "writer.h"

/* JSON texts written member by member. A function appends a member of the object that was opened last, or,
 * where name is NULL, an item of the array, and the comma ahead of it where one is due. A writer must be
 * empty or hold what these functions wrote. What is opened must be closed. */

void member_object(writer_t *writer, const char *name);
void member_array(writer_t *writer, const char *name);
void member_object_end(writer_t *writer);
void member_array_end(writer_t *writer);

/* value may be NULL: null. */
void member_text(writer_t *writer, const char *name, const char *value);
void member_integer(writer_t *writer, const char *name, int64_t value);
void member_boolean(writer_t *writer, const char *name, int value);

/* A JSON text, as it is. */
void member_json(writer_t *writer, const char *name, const char *json);

/* An array of texts, ended by NULL. */
void member_texts(writer_t *writer, const char *name, const char *const *values);

#endif
