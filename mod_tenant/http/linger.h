/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_LINGER_H
#define TENANT_HTTP_LINGER_H

#include <apr_pools.h>
#include <httpd.h>

/* A client that has its answer often asks again at once. To give its connection back to the listener, and to
 * get it from there, costs more than to wait for that a moment: TenantLinger. */

/* What the threads of a child do, which the handler tells of its own. */
typedef struct lingers_t lingers_t;

/* For this child. NULL where the MPM has no listener that connections wait at between requests (worker,
 * prefork): there is nothing to save. */
lingers_t *linger_make(apr_pool_t *pool);

/* Around all that the handler does for a request: this thread has none to spare, and now the answer is
 * written, or will be as fast as the client reads it. */
void linger_begin(const request_rec *r);
void linger_end(const request_rec *r);

/* Whether this child ends, so that its clients do well to ask elsewhere next. */
int linger_is_stopping(void);

/* Registers the filter that linger_end() puts into a connection. */
void linger_register(void);

#endif
