/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_IDS_H
#define TENANT_STORE_IDS_H

#include "notify.h"

/* Asks, on a connection for this alone, of which tables more than half of the ids are gone. Gives them as
 * `calls: 1073741825 of 2147483647`, separated by commas, in pool. settings: conninfo; wake; limit.
 * NULL: none, or the database did not say. */
const char *ids_past_half(const notify_settings_t *settings, apr_pool_t *pool);

#endif
