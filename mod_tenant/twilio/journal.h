/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_JOURNAL_H
#define TENANT_TWILIO_JOURNAL_H

#include <httpd.h>

#include "../store/database.h"
#include "event.h"

/* Stores what an event says among a tenant's rows; tenant is its id, as text. NULL: it is there, be it by
 * an earlier event, or for good not to be stored, since its sid is another tenant's, which is logged. Else
 * nothing of it may be there, and it has to be sent again. */
const problem_t *journal_store(request_rec *r, database_t *database, const char *tenant,
                               const event_t *event);

#endif
