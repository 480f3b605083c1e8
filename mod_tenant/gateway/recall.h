/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_GATEWAY_RECALL_H
#define TENANT_GATEWAY_RECALL_H

#include "../identity/cache.h"

/* Tenants' Twilio accounts, as one child last read them from one database. Nothing is used that has changed
 * since, or while nobody hears of changes (generations_hold()). Secrets are sealed, as in the database. */
typedef struct recall_t recall_t;

/* What is kept of a tenant: so many texts, each of which may be NULL. */
enum { RECALL_TEXTS = 5 };

/* NULL: out of memory. It goes with the process's pool. */
recall_t *recall_open(const cache_settings_t *settings, const generations_t *generations,
                      apr_pool_t *process);

/* Gives copies of a tenant's texts, in pool; 0: it cannot. */
int recall_find(recall_t *recall, int tenant, const char *texts[RECALL_TEXTS], apr_pool_t *pool);

/* The moment ahead of a lookup whose result is to be kept; 0: nothing may be kept now. */
generation_t recall_moment(const recall_t *recall);

/* Keeps what a lookup has found, unless it may have changed since `moment`, or is uncommonly long. */
void recall_keep(recall_t *recall, int tenant, const char *const texts[RECALL_TEXTS], generation_t moment);

#endif
