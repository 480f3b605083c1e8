/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_IDEMPOTENCY_H
#define TENANT_API_IDEMPOTENCY_H

#include "api.h"

/* Idempotency-Key on a POST that creates a row: a second request with the same key and the same body gets the
 * answer of the first, and writes nothing. Keys belong to the tenant and the collection. Answers are kept for
 * a day, together with the row; what was refused is not kept. */

/* Reads the header, where it means something. problem_bad_header; also where the answer shows an API key,
 * which must not be kept, but of a tenant's rotation, which can be answered again without that
 * (rotation_run()). */
const problem_t *idempotency_check(exchange_t *exchange);

/* Answers from what is kept where making the row would first cost a password's hash; elsewhere
 * idempotency_create() finds out in the statement that makes it. Problems as there. */
const problem_t *idempotency_replay(exchange_t *exchange);

/* Makes the row, unless it has been made: *rows is the row as statement create gives it, *replayed whether it
 * comes from what is kept. problem_idempotency_mismatch: the key came with another body;
 * problem_idempotency_in_progress: another request with it has not ended. */
const problem_t *idempotency_create(api_t *api, rows_t **rows, int *replayed);

#endif
