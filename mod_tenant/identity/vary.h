/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_VARY_H
#define TENANT_IDENTITY_VARY_H

#include <httpd.h>

/* Caches, mod_cache of this httpd above all: what was made for one tenant is kept for nobody else, however
 * they are configured. Of a request that carried a key nothing is kept (credential_take()). Other answers
 * that rest on the tenant say on what of the request that rests. */

/* The hook post_config. */
int vary_prepare(apr_pool_t *pool, apr_pool_t *log, apr_pool_t *temporary, server_rec *servers);

/* Notes that somebody has asked for the request's tenant, so that the answer may rest on it. */
void vary_rest_on_tenant(request_rec *r);

/* The hooks insert_filter and insert_error_filter: an answer of which that was noted gets `Vary`. The API
 * says so itself, and has nothing kept. */
void vary_insert_filter(request_rec *r);

/* Has mod_cache keep nothing of a request, in spite of all of its directives, nor of subrequests. */
void vary_forbid(request_rec *r);
int vary_is_forbidden(const request_rec *r);

/* Around mod_cache's hooks quick_handler and handler, which look for a kept answer: they shall see that the
 * request carries credentials, as they would had the key not been taken out. */
int vary_show_first(request_rec *r, int is_lookup);
int vary_hide_first(request_rec *r, int is_lookup);
int vary_show(request_rec *r);
int vary_hide(request_rec *r);

/* Registers the filter. */
void vary_register(void);

#endif
