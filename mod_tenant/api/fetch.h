/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_FETCH_H
#define TENANT_API_FETCH_H

#include "api.h"

/* Reads the row that the path names. *rows is NULL where a single resource has none yet.
 * problem_not_found. */
const problem_t *fetch_row(const api_t *api, rows_t **rows);

/* Reads the tenant's row of a single resource, whatever the path names. *rows is NULL where it has none. */
const problem_t *fetch_single(const api_t *api, const resource_t *single, rows_t **rows);

/* A field's value, as text, of row 0 of rows that were so read; NULL: it is null. */
const char *fetch_value(const resource_t *resource, rows_t *rows, const char *name);

#endif
