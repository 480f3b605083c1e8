/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_UPGRADE_H
#define TENANT_IDENTITY_UPGRADE_H

#include <httpd.h>

#include "credential.h"

/* HTTP/2 by `Upgrade: h2c` (RFC 7540 section 3.2): the HTTP/1.1 request that asks for it is answered as
 * stream 1, a request of its own that mod_http2 makes from the first one's headers, out of which the key has
 * been taken. What the key has become is handed on beside them. */

/* Leaves the credential of a request for stream 1 of the connection that it is about to become. */
void upgrade_leave(conn_rec *connection, const credential_t *credential);

/* What was left for this request; NULL: nothing, or it is not that stream. */
const credential_t *upgrade_find(request_rec *r);

#endif
