/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_CELL_H
#define TENANT_TENANTCTL_CELL_H

#include "session.h"

/* Whether the sequences of two databases can never give the same id. Returns EXIT_…, having said which can.
 * */
int cell_check_apart(const session_t *one, const session_t *other);

/* Makes a sequence give ids above those that a tenant has in a table, as this cell's: whoever lists rows by
 * their ids sees new ones last. Returns EXIT_…. */
int cell_advance(const session_t *session, const char *sequence, const char *table, const char *tenant);

#endif
