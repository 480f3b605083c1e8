/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_RECORDING_H
#define TENANT_TWILIO_RECORDING_H

#include <httpd.h>

#include "../identity/tenant.h"
#include "../store/database.h"

/* Whether the tenant's calls are to be recorded (settings.auto_record_calls). Not where it has no
 * settings, nor where they cannot be read, which is logged. */
int recording_is_wanted(request_rec *r, database_t *database, const tenant_t *tenant);

#endif
