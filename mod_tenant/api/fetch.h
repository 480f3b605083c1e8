/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_FETCH_H
#define TENANT_API_FETCH_H

#include "api.h"

/* Reads that row. *rows is NULL where a single resource has none yet. problem_not_found. */
const problem_t *fetch_row(const api_t *api, rows_t **rows);

#endif
