/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_REPRESENT_H
#define TENANT_RESOURCE_REPRESENT_H

#include "../json/writer.h"
#include "../store/row.h"
#include "resource.h"

/* What is shown of rows. */
typedef struct view_t {
    const resource_t *resource;
    fields_t fields;    /* these of its readable ones */
    const char *tenant; /* the id of the tenant whose rows they are (FIELD_TENANT); NULL: the administrator's
                           resource, which has no such field */
} view_t;

/* Prepares what answers are made of; called once at start, in the configuration's pool. */
void represent_build(apr_pool_t *pool);

/* Writes row n, whose columns are the resource's selected fields in their order (field_is_selected()), as a
 * JSON object. */
void represent_row(writer_t *writer, const view_t *view, rows_t *rows, int n);

/* The same without its closing brace: more members follow (member.h). */
void represent_row_begin(writer_t *writer, const view_t *view, rows_t *rows, int n);

/* Writes the names of the fields as the first line of a CSV file. */
void represent_csv_names(writer_t *writer, const view_t *view);

/* Writes row n, as represent_row() has it, as a line of a CSV file: null is the empty field, everything else
 * but text is written as in JSON, without quotes. is_raw: see csv_write(). */
void represent_csv_row(writer_t *writer, const view_t *view, rows_t *rows, int n, int is_raw);

/* Writes what a single resource shows before its row exists, all of its fields:
 * no id, its tenant, its fallbacks. */
void represent_absent(writer_t *writer, const view_t *view);

#endif
