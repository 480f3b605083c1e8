/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_STREAM_H
#define TENANT_API_STREAM_H

#include "api.h"

/* Answers a list with all its rows, or as many as its limit says, as api->form says: NDJSON or CSV. Memory
 * stays the same however many they are. They are read in chunks, each behind the last row of the one before,
 * with the authority confirmed ahead of each; no connection is held while the client takes a chunk. A row
 * that is there from the beginning to the end comes once; one that appears or goes meanwhile may come or not.
 *
 * Until the first byte is written, a problem; problem_rate_limited, when the tenant has as many streams in
 * this child as it may have. After that what goes wrong breaks the transfer. */
const problem_t *stream_run(api_t *api);

#endif
