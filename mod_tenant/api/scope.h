/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_API_SCOPE_H
#define TENANT_API_SCOPE_H

#include "../resource/named.h"
#include "../resource/represent.h"
#include "api.h"

/* Whose rows a request is about, and where they are. */

/* The tenant in whose scope a transaction runs; 0: the administrator's, in none. */
int scope_tenant(const api_t *api);

/* The tenant that a request about tenants is about: the one that asks, or the administrator's route names. */
int scope_subject(const api_t *api);

/* The tenant whose rows a request does nothing but read, which a reader may do (database_read()); 0: it
 * writes, or is the administrator's. */
int scope_reader(const api_t *api);

/* What statements may be given of the request: the tenant, the row of the path, the body, the page. */
given_t scope_given(const api_t *api);

/* Adds who asks, where the audit tells of what this request does. */
void scope_give_origin(given_t *given, const api_t *api);

/* What its answer shows of its rows. */
view_t scope_view(const api_t *api, fields_t fields);

/* The path of its resource (id NULL), or of one of its rows. In the request's pool. */
const char *scope_path(const api_t *api, const char *id);

/* Forgets what this child knows of whom the request has changed: what a tenant is, and who may log in, is in
 * effect before its writer has the answer. */
void scope_forget(const api_t *api);

#endif
