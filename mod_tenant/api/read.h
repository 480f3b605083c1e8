/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_READ_H
#define TENANT_API_READ_H

#include "api.h"

/* What a row takes as JSON, about: room that need not grow. */
enum { READ_ROW_SIZE = 320 };

/* Answers the row of the request's path, as far as the request's conditions allow it; of a single resource
 * without a row, its fallbacks. problem_not_found, problem_precondition_failed, problem_secret_unreadable. */
const problem_t *read_run(api_t *api);

/* Answers the first of rows, with its ETag. */
const problem_t *read_answer(api_t *api, int status, rows_t *rows);

#endif
