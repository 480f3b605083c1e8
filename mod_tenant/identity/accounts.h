/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_IDENTITY_ACCOUNTS_H
#define TENANT_IDENTITY_ACCOUNTS_H

#include <httpd.h>

#include "../problem.h"
#include "ledger.h"

/* Whose webhook a request of Twilio's can be. Whose it is shows by its signature alone, which is made with
 * one of these tokens; the AccountSid that it names proves nothing. */

enum { ACCOUNTS_MAX = LEDGER_CLAIMS_MAX };

/* A tenant that claims the account, active or not. */
typedef struct account_t {
    const tenant_t *tenant;
    const char *tokens[3]; /* its auth tokens, ended by NULL: the current one, and the one before while that
                              verifies too. None: nothing can be verified */
} account_t;

typedef struct accounts_t {
    int count;
    account_t list[ACCOUNTS_MAX]; /* in the order that they are to be tried in */
} accounts_t;

/* Finds the tenants that claim an AccountSid (a text of any kind, not verified; compared as it is written),
 * the one whose Host the request names ahead of all. Asks the ledger first and then the database, for which
 * many requests at a time have a quarter of the pool (POOL_LOOKUP), and those that ask the same have one
 * statement. All memory is the request's; tokens are wiped with it. A stored token that cannot be opened
 * counts as none, and is logged once. The problems of the database; problem_misconfigured. */
const problem_t *accounts_find(request_rec *r, const char *account_sid, accounts_t *found);

#endif
