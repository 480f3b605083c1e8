/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_SERVICE_H
#define TENANT_OPENAPI_SERVICE_H

#include "reader.h"

/* What the API says about itself. */

/* The tag of these operations. */
#define OPENAPI_SERVICE_TAG "service"

/* Appends their paths. */
void openapi_service_paths(const openapi_t *openapi);

#endif
