/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_RESOURCE_RIGHTS_H
#define TENANT_RESOURCE_RIGHTS_H

#include "../config.h"
#include "resource.h"

/* Who may do what: what the handler goes by, and what the OpenAPI document tells. */

/* By what a caller has authority. */
typedef enum caller_t {
    CALLER_ANYBODY, /* the Host alone */
    CALLER_USER,    /* a login of a tenant's user */
    CALLER_TENANT,  /* a tenant's API key */
    CALLER_ADMINISTRATOR,
} caller_t;

/* With which rows, of those that the caller's tenant has, or of all. */
typedef enum right_t {
    RIGHT_NONE,
    RIGHT_OWN, /* the row that is the user itself; tokens that name it */
    RIGHT_ALL,
} right_t;

/* Whether a resource is reached in a Location. */
int rights_reach(const location_config_t *location, const resource_t *resource);

/* What a caller may read of a resource in a Location, or else change. resource NULL: what is no tenant's,
 * which nobody has a right to, for everybody may have it. */
right_t rights_of(const location_config_t *location, const resource_t *resource, caller_t caller,
                  int is_read);

#endif
