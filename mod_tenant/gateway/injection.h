/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_GATEWAY_INJECTION_H
#define TENANT_GATEWAY_INJECTION_H

#include <httpd.h>

/* How a secret gets into a request to Twilio so that nobody sees it on its way. mod_proxy makes the request
 * with a mark, a text that means nothing. Where the bytes of a connection are encrypted next, the mark
 * becomes the secret. So no table of headers has it, no other filter (mod_dumpio logs what passes it), nor
 * what mod_proxy, mod_ssl and their pools keep. */

/* The marks that are under way in a child. */
typedef struct injections_t injections_t;

/* NULL: out of memory. */
injections_t *injection_make(apr_pool_t *process);

/* A mark for a secret, in the request's pool. The secret is wiped with that pool, and before by
 * injection_end(); afterwards the mark is a text like any other. */
const char *injection_begin(injections_t *injections, request_rec *r, char *secret);
void injection_end(injections_t *injections, const char *mark);

/* The hook pre_connection, ahead of mod_ssl's: has the filter in each connection that this server opens. */
int injection_connect(conn_rec *connection, void *socket);

/* Registers the filter. */
void injection_register(void);

#endif
