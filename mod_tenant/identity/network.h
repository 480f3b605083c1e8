/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_NETWORK_H
#define TENANT_IDENTITY_NETWORK_H

#include <httpd.h>

/* Where a request comes from, as what fails is counted: the client's address as mod_remoteip leaves it; of an
 * IPv6 address the network, within which a client has as many addresses as it likes (RFC 4291 section 2.5.1).
 */
const char *network_of_client(const request_rec *r);

#endif
