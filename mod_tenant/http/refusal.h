/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HTTP_REFUSAL_H
#define TENANT_HTTP_REFUSAL_H

#include <httpd.h>

/* What httpd itself refuses in our Locations, ahead of our handler or instead of it, is told as a problem
 * (RFC 9457) as well. */

/* The hook post_read_request: does for a path that may turn out to be undecodable what refusal_prepare() does
 * for others, for httpd refuses it ahead of that. */
int refusal_foresee(request_rec *r);

/* The hook pre_translate_name: keeps ErrorDocument from replacing what httpd refuses in our Locations. */
int refusal_prepare(request_rec *r);

/* Keeps ErrorDocument from replacing what httpd, or mod_proxy, refuses of a request. */
void refusal_keep_documents_out(request_rec *r);

/* The hook insert_error_filter: what httpd itself refuses in our Locations becomes a problem as well. */
void refusal_insert_filter(request_rec *r);

/* Registers the filter that the hook inserts. */
void refusal_register(void);

#endif
