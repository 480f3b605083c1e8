/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_SESSION_H
#define TENANT_STORE_SESSION_H

#include "connection.h"

/* The session of a connection of a pool: what PostgreSQL keeps for it from one statement to the next. Behind
 * a transaction pooler (connection_t.is_pooled) there is none: a session is everybody's. */

/* Settles in a new connection what the meaning of statements depends on, whatever the role, the database or
 * the server has for it, and notes what the session is made from. Behind a transaction pooler it finds out
 * that there is one, and whether that keeps prepared statements; if not, they are sent unprepared. */
run_t session_begin(connection_t *connection, sqlstate_t *state, apr_pool_t *pool);

/* Whether to look at a connection that has been used, or behind a pooler at where it leads: that takes a
 * millisecond or two. */
int session_is_due(const connection_t *connection, apr_time_t now);

/* Where it is not pooled, looks for what SQL of the site's own, in a trigger say, may have left behind:
 * temporary tables, settings, locks, cursors and the like; and whether a new session would be made as this
 * one was. What it finds makes the connection unfit, and gives back a sentence in pool, NULL where there is
 * nothing to say. */
const char *session_inspect(connection_t *connection, apr_pool_t *pool);

#endif
