/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_GUESSES_H
#define TENANT_IDENTITY_GUESSES_H

#include <httpd.h>

#include "../problem.h"

/* Keys and logins that turned out to be nobody's, by the network that they came from (TenantFailureRate).
 * Only what has to be looked up is counted, and refused: a key that the cache knows to be right is served
 * whatever comes from its address. These take the request that the client sent, and set its Retry-After. */

/* problem_rate_limited: too much from this network has failed. */
const problem_t *guesses_check(request_rec *r);

/* Counts one that failed. */
void guesses_count(request_rec *r);

/* Counts one that may fail ahead of knowing, so that no number of them at a time is more than the rate.
 * problem_rate_limited: it may not be tried. */
const problem_t *guesses_take(request_rec *r);

/* Takes it back: it did not fail. */
void guesses_give_back(request_rec *r);

#endif
