/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_OPENAPI_SECURITY_H
#define TENANT_OPENAPI_SECURITY_H

#include "reader.h"

/* Who may ask, and how they say who they are. */

/* All ways to say who asks, as the member `securitySchemes`. */
void openapi_security_schemes(const openapi_t *openapi);

/* The member `security` of an operation: who may read, or change, the resource; NULL: everybody may. */
void openapi_security(const openapi_t *openapi, const resource_t *resource, int is_read);

#endif
