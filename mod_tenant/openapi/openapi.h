/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_OPENAPI_H
#define TENANT_OPENAPI_OPENAPI_H

#include "../config.h"
#include "../http/file.h"
#include "../json/writer.h"

/* The description of the API by itself: an OpenAPI 3.1 document, made from the table of resources, the table
 * of problems and the directives of the Location. */

/* Ahead of the first request, in the configuration's pool. */
void openapi_build(apr_pool_t *pool);

/* The document of a Location, which lives as long as the configuration; pool is for the meantime.
 * has_gateway: its server has one to Twilio. */
const file_t *openapi_document(const location_config_t *location, int has_gateway, apr_pool_t *pool);

#endif
