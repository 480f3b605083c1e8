/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_HANDLERS_H
#define TENANT_HANDLERS_H

#include <httpd.h>

#include "handler.h"

/* The kinds of handlers that there are, and how their requests come to them. */

/* The kind of a name (in any case of its letters), or NULL. */
const handler_t *handlers_find(const char *name);

/* All names, as `api, admin or off`. */
const char *handlers_names(apr_pool_t *pool);

/* Tells the labels of figures what there is to ask of each (label_add_route()). At start. */
void handlers_add_routes(void);

/* The hook translate_name: claims the paths of our Locations, which stand for no file, so that nothing below
 * a document root of the same name can change what we answer. */
int handlers_translate(request_rec *r);

/* The hook map_to_storage, ahead of all others: claims those which another module has claimed in
 * translate_name or earlier, and keeps httpd from looking for a file. */
int handlers_map_to_storage(request_rec *r);

/* The hook handler: answers every request in a Location with TenantHandler. */
int handlers_run(request_rec *r);

#endif
