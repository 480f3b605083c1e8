/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include <apr_strings.h>
#include <stdlib.h>

#include "../secret/seal.h"
#include "output.h"
#include "tenant.h"

#define TOKEN "twilio_auth_token"

static const char select_account[] =
    "SELECT (status = 'active')::text, custom_domain::text, twilio_account_sid::text,"
    " twilio_phone_number::text, " TOKEN "::text,"
    " (SELECT count(*) FROM public.tenants o WHERE o.twilio_account_sid = t.twilio_account_sid"
    " AND o.id <> t.id)::text"
    " FROM public.tenants t WHERE id = $1::int";

/* Opens what is stored as the token. */
static void open_token(account_t *account, const session_t *session, const char *stored)
{
    const seal_place_t place = {atoi(account->tenant), "tenants", TOKEN};

    if (!stored) {
        account->why = "is not set: tenantctl tenant set TENANT --twilio-auth-token asks for it";
        return;
    }
    switch (
        seal_open(&account->token, &account->token_length, session->keyring, &place, stored, session->pool)) {
    case SEAL_OPENED:
        break;
    case SEAL_NOT_SEALED:
        account->why = "is stored in clear, so that the server does not use it: tenantctl rewrap --plaintext";
        break;
    case SEAL_UNKNOWN_KEY:
        account->why = "is sealed with a key that the key file lacks";
        break;
    case SEAL_CORRUPTED:
    default:
        account->why = "cannot be opened: it was altered, or belongs to another place; set it again";
    }
}

int account_read(account_t *account, const session_t *session, const char *tenant)
{
    rowset_t *rows = tenant_run(session, select_account, &tenant, 1);

    if (!rows)
        return tenant_failed(session);
    if (rowset_count(rows) == 0)
        return complain(EXIT_FAILED, "tenant %s is gone", tenant);
    *account = (account_t){
        .tenant = tenant,
        .is_active = *rowset_text(rows, 0, 0) == 't',
        .domain = rowset_text(rows, 0, 1),
        .sid = rowset_text(rows, 0, 2),
        .number = rowset_text(rows, 0, 3),
        .others = atoi(rowset_text(rows, 0, 5)),
    };
    open_token(account, session, rowset_text(rows, 0, 4));
    return EXIT_DONE;
}
