/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_DURABLE_H
#define TENANT_STORE_DURABLE_H

#include "connection.h"

/* What an earlier write has left behind may be seen before it is safe: its COMMIT was waiting for a
 * synchronous standby when the server was killed, and is in effect now that it has started again. Whoever is
 * told of it must be able to rely on it, so the transaction that tells has to wait as that COMMIT would have:
 * for all of the log up to its own end. One that has only read waits for nothing.
 *
 * An SQL expression of type pg_lsn, not NULL, that writes an empty message into the log and so makes its
 * transaction one that waits; of tables it writes none. Costs a COMMIT. */
#define DURABLE_SQL "pg_logical_emit_message(true, 'mod_tenant', '')"

/* Waits in a statement of its own, or, in a transaction, has its COMMIT wait; how that ended is as of
 * connection_run(). RUN_DONE: what this connection has seen until now is safe. */
run_t durable_wait(connection_t *connection, sqlstate_t *state, apr_pool_t *pool);

#endif
