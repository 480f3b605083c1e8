/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TENANTCTL_RECONCILIATION_H
#define TENANT_TENANTCTL_RECONCILIATION_H

#include "../twilio/upsert.h"
#include "account.h"
#include "upstream.h"

/* Makes a tenant's rows say what Twilio's lists show, by the rules of events (upsert.h): what is missing is
 * inserted, what is stale goes on, nothing goes back. */

/* What came of it. */
typedef struct tally_t {
    int listed[UPSERT_TABLES]; /* rows that Twilio's lists had */
    int asked;   /* rows of ours, not finished and in no list, that were asked for by their sids */
    int stored;  /* rows that were inserted or went on */
    int foreign; /* sids that another tenant has a row of, or may have: let be */
    int gone;    /* of those asked, what Twilio does not know */
} tally_t;

/* Told of each step. */
typedef void tally_fn(const tally_t *tally, const account_t *account);

/* Walks the lists of the calls that began, the messages that were sent and the recordings that were made
 * since a time (`2026-11-20T00:00:00Z`), page by page: each is merged in a transaction of its own, so that
 * what is merged stays, whatever comes after. Then asks, one by one, for rows of the tenant that are not
 * finished and that no list has had, however old they are. A kind of rows that fails does not keep the others
 * from it. NULL, or why that was not all: a sentence in the session's pool. tally, of zeros, says how far it
 * came; told may be NULL. */
const char *reconciliation_run(tally_t *tally, const session_t *session, const account_t *account,
                               upstream_t *upstream, const upstream_login_t *login, const char *since,
                               tally_fn *told);

#endif
