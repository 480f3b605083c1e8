/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_OPERATION_H
#define TENANT_API_OPERATION_H

#include "api.h"

/* Does what a request asks for that has passed every check, and answers it. */
const problem_t *operation_run(exchange_t *exchange);

/* Answers the base path: links to everything below it. */
const problem_t *operation_index(api_t *api);

#endif
