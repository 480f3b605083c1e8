/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_TENANT_H
#define TENANT_TENANTCTL_TENANT_H

#include "session.h"

/* Runs a statement in the session's pool; NULL where it failed. */
rowset_t *tenant_run(const session_t *session, const char *sql, const char *const *values, int count);

/* Begins a transaction by statements, ended by NULL. Returns EXIT_…, having said what failed. */
int tenant_begin(const session_t *session, const char *const *statements);

/* Says why a statement failed; EXIT_FAILED. */
int tenant_failed(const session_t *session);

/* Finds a tenant by its id or its custom domain. Returns EXIT_…, having said that there is none. */
int tenant_find(const char **id, const session_t *session, const char *named);

#endif
