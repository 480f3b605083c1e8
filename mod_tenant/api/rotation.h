/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_ROTATION_H
#define TENANT_API_ROTATION_H

#include "api.h"

/* POST /tenant/key: gives the tenant a new API key, which this answer alone shows. Only the current key may
 * ask. */
const problem_t *rotation_run(api_t *api);

#endif
