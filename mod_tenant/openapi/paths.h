/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_PATHS_H
#define TENANT_OPENAPI_PATHS_H

#include "reader.h"

/* All paths, as the member `paths`. */
void openapi_paths(const openapi_t *openapi);

#endif
