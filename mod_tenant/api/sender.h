/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_SENDER_H
#define TENANT_API_SENDER_H

#include "../http/gate.h"
#include "api.h"

/* Who sends what httpd does not take from the handler at once: its thread is held for as long as the client
 * takes for that. So one tenant, or all who are nobody, may hold only so many threads, all streams together
 * half of the child's, and all answers three in eight, be there streams or not. gate_pair_leave() gives the
 * places back: a client may ask again as soon as it has the answer's end. */

/* Whether httpd takes an answer of so many bytes at once, and sends what its client does not take while no
 * thread waits. */
int sender_is_free(const request_rec *r, apr_size_t bytes);

/* Takes a place for a stream, which has to wait for its client in any case.
 * problem_rate_limited: there is none. */
const problem_t *sender_enter_stream(gate_pair_t *places, api_t *api);

/* Takes a place for an answer to GET of so many bytes, for which it may stand in line for a while; none for
 * what httpd takes at once. problem_rate_limited: in vain. */
const problem_t *sender_enter_answer(gate_pair_t *places, api_t *api, apr_size_t bytes);

#endif
