/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_OPENAPI_H
#define TENANT_API_OPENAPI_H

#include "../config.h"
#include "../json/writer.h"
#include "api.h"

/* The description of the API by itself: an OpenAPI 3.1 document, made from the table of resources, the table
 * of problems and the directives of the Location. */

/* Ahead of the first request, in the configuration's pool. */
void openapi_build(apr_pool_t *pool);

/* GET /openapi.json. */
const problem_t *openapi_answer(api_t *api);

#endif
