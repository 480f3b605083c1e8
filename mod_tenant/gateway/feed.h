/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_GATEWAY_FEED_H
#define TENANT_GATEWAY_FEED_H

#include <httpd.h>

/* Lets whoever reads the request's body from now on have these bytes, which live as long as the request, in
 * place of those that have been read. All at once: so mod_proxy keeps no part of them in a file. */
void feed_set(request_rec *r, const char *bytes, apr_size_t length);

/* Registers the filter. */
void feed_register(void);

#endif
