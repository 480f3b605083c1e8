/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_ROTATION_H
#define TENANT_API_ROTATION_H

#include "api.h"

/* New API keys: what making, storing and showing them has in common.
 * The key is wiped with the request's pool. */

/* A new key. */
const char *rotation_make_key(api_t *api);

/* What is stored of api->new_key. */
const char *rotation_hash(const api_t *api);

/* How long the old key goes on working, in seconds, as the body says or by default. */
const char *rotation_grace(const api_t *api);

/* How long an answer that shows a key is at most. */
enum { ROTATION_ANSWER_MAX = 4096 };

/* Answers with the new key. */
const problem_t *rotation_answer(api_t *api);

/* POST /tenant/key: gives the tenant a new API key. Only its current key may ask. With an Idempotency-Key the
 * new key is made of that, under a pepper, instead of random numbers: so nothing has to be kept for the
 * former key, in its time of grace, to be answered again, and no other request of that key gets anything. */
const problem_t *rotation_run(api_t *api);

#endif
