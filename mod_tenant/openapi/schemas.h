/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_SCHEMAS_H
#define TENANT_OPENAPI_SCHEMAS_H

#include "reader.h"

/* All schemas, as the member `schemas`. */
void openapi_schemas(const openapi_t *openapi);

#endif
