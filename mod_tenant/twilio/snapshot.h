/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_SNAPSHOT_H
#define TENANT_TWILIO_SNAPSHOT_H

#include "../json/tree.h"
#include "event.h"

/* Takes from a call, message or recording as Twilio's REST API shows it what is kept, by the rules of
 * events: an EVENT_…_RESOURCE. NULL, or the sentence that says why it is not stored: it is no object, its sid
 * is missing or malformed, or it is not the account's (AC…). The event lives as long as resource and pool. */
const char *snapshot_read(event_t *event, event_kind_t kind, const tree_t *resource, const char *account,
                          apr_pool_t *pool);

#endif
