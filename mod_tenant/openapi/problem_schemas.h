/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_PROBLEM_SCHEMAS_H
#define TENANT_OPENAPI_PROBLEM_SCHEMAS_H

#include "reader.h"

/* Appends the schemas of problems, and of what explains them. */
void openapi_problem_schemas(const openapi_t *openapi);

#endif
