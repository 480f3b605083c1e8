/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_STORE_ERRAND_H
#define TENANT_STORE_ERRAND_H

#include "stock.h"

/* Tells the server to cancel the statement of a connection, in a thread of its own, for that takes a
 * connection to a server that may not answer. The backend ends its statement then, whose owner gets an
 * answer: a backend that waits for a synchronous standby would not notice a closed socket, and wait on.
 *
 * A write that has been given up meanwhile, its connection cut, keeps its place in the pool until the server
 * has been told, or has not taken it for 10 s: so there are never more backends with writes in doubt than may
 * be taken for writes, while it answers at all. */

/* Sends one for a busy connection with a `cancel`, which it takes. The caller holds the stock's mutex, and
 * the owner of the connection calls errand_leave() ahead of closing it. */
void errand_send(stock_t *stock, connection_t *connection);

/* Leaves the errand of a busy connection that is about to be closed to itself, if there is one. Whether that
 * gives the connection's place back, and so the caller must not. The caller holds the stock's mutex. */
int errand_leave(connection_t *connection);

/* Gives the places back that have been kept for too long. The caller holds the stock's mutex. */
void errand_expire(stock_t *stock, apr_time_t now);

#endif
