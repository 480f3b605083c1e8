/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_REPRESENT_H
#define TENANT_API_REPRESENT_H

#include "../json/writer.h"
#include "../store/row.h"
#include "resource.h"

/* Prepares what answers are made of; called once at start, in the configuration's pool. */
void represent_build(apr_pool_t *pool);

/* Writes row n, whose columns are the resource's readable fields in their order, as a JSON object. */
void represent_row(writer_t *writer, const resource_t *resource, rows_t *rows, int n);

/* The same with some fields alone. */
void represent_fields(writer_t *writer, const resource_t *resource, rows_t *rows, int n, fields_t fields);

/* Writes the names of those fields as the first line of a CSV file. */
void represent_csv_names(writer_t *writer, const resource_t *resource, fields_t fields);

/* Writes row n, as represent_fields() has it, as a line of a CSV file: null is the empty field, everything
 * else but text is written as in JSON, without quotes. is_raw: see csv_write(). */
void represent_csv_row(writer_t *writer, const resource_t *resource, rows_t *rows, int n, fields_t fields,
                       int is_raw);

/* Writes what a single resource shows before its row exists: no id, its tenant, its fallbacks. */
void represent_absent(writer_t *writer, const resource_t *resource, const char *tenant_id);

/* A time as PostgreSQL writes it in UTC (`2026-11-22 10:00:00.5+00`) by RFC 3339, in pool; NULL for NULL and
 * for what RFC 3339 cannot say (infinity, years before 1 and after 9999). */
const char *represent_time(const char *text, apr_pool_t *pool);

#endif
