/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_ASSET_H
#define TENANT_API_ASSET_H

#include "../http/file.h"
#include "api.h"

/* Answers GET with a file, or with 304. problem_precondition_failed, problem_rate_limited. */
const problem_t *asset_answer(api_t *api, const file_t *file);

#endif
