/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_BLAME_H
#define TENANT_STORE_BLAME_H

#include "connection.h"

/* Finds out whether a write was refused for a sequence's sake: it is behind the ids of its table, as after a
 * restore by hand, or beyond what their column holds. Then state->fault says so. One more statement, which
 * only such errors cost that no client can tell apart from its own. */
void blame_sequence(connection_t *connection, const statement_t *statement, sqlstate_t *state,
                    apr_pool_t *pool);

#endif
