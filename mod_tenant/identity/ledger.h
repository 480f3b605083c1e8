/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_LEDGER_H
#define TENANT_IDENTITY_LEDGER_H

#include <apr_pools.h>
#include <apr_time.h>

#include "cache.h"

/* Which tenants claim a Twilio account, as one child last read it from one database. Nothing is used that may
 * have changed since, or while nobody hears of changes: another tenant may come to claim the account too, so
 * that is until any tenant changes. Its tokens are sealed, as they are in the database: what there is of it
 * in swap, or in a core dump, opens for nobody who has not the key file. What is nobody's has a room of its
 * own, as in cache_t. */
typedef struct ledger_t ledger_t;

/* So many tenants of an account are told. */
enum { LEDGER_CLAIMS_MAX = 8 };

/* A tenant that claims the account. */
typedef struct claim_t {
    tenant_t tenant;           /* found by TENANT_VIA_TWILIO; no user */
    const char *phone;         /* its Twilio phone number, or NULL */
    const char *token;         /* its auth token, sealed; "": it is stored in clear; NULL: there is none */
    const char *previous;      /* the same of the one before, while that verifies too */
    apr_time_t previous_until; /* until when, by monotonic_now() */
} claim_t;

typedef struct claims_t {
    int count;
    claim_t list[LEDGER_CLAIMS_MAX];
} claims_t;

/* settings, generations: NULL where nothing is to be kept. NULL: out of memory. It goes with the process's
 * pool. */
ledger_t *ledger_open(const cache_settings_t *settings, const generations_t *generations,
                      apr_pool_t *process);

/* What an entry is found by: an AccountSid, and the tenant that is told first, NULL for none. */
digest_t ledger_name(const ledger_t *ledger, const char *account_sid, const char *first, apr_pool_t *pool);

/* Looks for an entry. 1: *claims are copies in pool; none where the account is nobody's. 0: the ledger cannot
 * say. */
int ledger_find(ledger_t *ledger, const digest_t *name, claims_t *claims, apr_pool_t *pool);

/* The moment ahead of a lookup whose result is to be kept; 0: nothing may be kept now. */
generation_t ledger_moment(const ledger_t *ledger);

/* Keeps what a lookup has found, unless it may have changed since `moment`, or is uncommonly long. */
void ledger_keep(ledger_t *ledger, const digest_t *name, const claims_t *claims, generation_t moment);

/* Copies claims, texts and all, into pool. */
void ledger_copy(claims_t *copies, const claims_t *claims, apr_pool_t *pool);

/* The lookups that are under way. */
flights_t *ledger_flights(const ledger_t *ledger);

/* Whether it is news that this stored token of the tenant cannot be opened: the first time, as far as the
 * child remembers. */
int ledger_note(ledger_t *ledger, const claim_t *claim, const char *stored, apr_pool_t *pool);

#endif
