/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_RINSE_H
#define TENANT_IDENTITY_RINSE_H

#include <httpd.h>

/* The hook pre_connection: no header that may have a secret stays in the buffer that httpd has read from the
 * connection, which nobody overwrites when it is freed. In HTTP/1.1 without TLS: what mod_ssl and mod_http2
 * read is theirs. */
int rinse_connection(conn_rec *connection, void *socket);

void rinse_register(void);

#endif
