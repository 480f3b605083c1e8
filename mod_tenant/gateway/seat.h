/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_GATEWAY_SEAT_H
#define TENANT_GATEWAY_SEAT_H

#include "gateway.h"

/* A request that mod_proxy takes to Twilio holds its thread until Twilio has answered, and the client has
 * read that. So one tenant may have a quarter of the child's threads there, and all tenants together no more
 * than streams leave of half of them. */

/* Takes a seat, for which the request may stand in line for a while. It lasts until gate_pair_leave(), or as
 * long as the request. problem_rate_limited: in vain. */
const problem_t *seat_take(gateway_t *gateway);

#endif
