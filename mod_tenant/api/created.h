/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_CREATED_H
#define TENANT_API_CREATED_H

#include "api.h"

/* Answers with the new row, the first of rows: the one that this request has made,
 * or an earlier one with its Idempotency-Key. */
const problem_t *created_answer(api_t *api, rows_t *rows, int replayed);

#endif
