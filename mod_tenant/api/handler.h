/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_HANDLER_H
#define TENANT_API_HANDLER_H

#include <httpd.h>

/* The hook translate_name: in our Locations no path is a file's, however long it is or whatever it ends in.
 */
int handler_translate(request_rec *r);

/* The hook map_to_storage: in our Locations no file system is walked, and whoever has claimed the path by
 * now, mod_proxy for a backend, say, does not get it. */
int handler_map_to_storage(request_rec *r);

/* The hook handler: answers every request in a Location with `TenantHandler api`, refusals included. */
int handler_run(request_rec *r);

#endif
