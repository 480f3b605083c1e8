/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_HEALTH_H
#define TENANT_API_HEALTH_H

#include "api.h"

/* Whether a route is for load balancers: it says nothing about anybody,
 * so that it may be asked for in the clear. */
int health_is_route(const route_t *route);

/* Answers /live, which the child that answers is, and /ready,
 * which it is while requests can use the database. */
const problem_t *health_answer(api_t *api);

#endif
