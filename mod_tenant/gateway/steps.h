/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_GATEWAY_STEPS_H
#define TENANT_GATEWAY_STEPS_H

#include <httpd.h>

/* The hook handler, ahead of mod_proxy: what a request in a Location with TenantGateway on has to be for
 * mod_proxy to take it to Twilio. Otherwise it is answered (fault.h). */
int gateway_run(request_rec *r);

#endif
