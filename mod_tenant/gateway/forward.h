/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_GATEWAY_FORWARD_H
#define TENANT_GATEWAY_FORWARD_H

#include <httpd.h>

/* mod_proxy's hook fixups, behind all others, of a copy of the request's headers that nobody else sees:
 * Twilio gets of them those that it has a use for, and the tenant's credentials, which no client can strip
 * (`Connection: authorization`), add to or read. A request that has not been allowed gets none. */
int forward_fixup(request_rec *r);

/* The same module's hook create_req, once the request is with Twilio: wipes them. */
int forward_end(request_rec *r, request_rec *answer);

#endif
