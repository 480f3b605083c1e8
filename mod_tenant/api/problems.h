/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_PROBLEMS_H
#define TENANT_API_PROBLEMS_H

#include "api.h"

/* The pages that the types of problems lead to: JSON, or HTML where Accept prefers it. */

/* GET /problems: all of them. */
const problem_t *problems_answer_all(api_t *api);

/* GET /problems/{code}, code being the route's id. problem_not_found. */
const problem_t *problems_answer_one(api_t *api);

#endif
