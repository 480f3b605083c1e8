/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include <apr_strings.h>
#include <stdlib.h>

#include "../secret/seal.h"
#include "output.h"
#include "tenant.h"

#define TOKEN  "twilio_auth_token"
#define SECRET "twilio_api_key_secret"

static const char select_account[] =
    "SELECT (status = 'active')::text, custom_domain::text, twilio_account_sid::text,"
    " twilio_phone_number::text, " TOKEN "::text,"
    " (SELECT count(*) FROM public.tenants o WHERE o.twilio_account_sid = t.twilio_account_sid"
    " AND o.id <> t.id)::text, twilio_api_key_sid::text, " SECRET "::text"
    " FROM public.tenants t WHERE id = $1::int";

/* Opens what is stored in a column. */
static void open_secret(account_secret_t *secret, const session_t *session, const char *tenant,
                        const char *column, const char *option, const char *stored)
{
    const seal_place_t place = {atoi(tenant), "tenants", column};

    secret->is_set = stored != NULL;
    if (!stored) {
        secret->why =
            apr_psprintf(session->pool, "is not set: tenantctl tenant set TENANT --%s asks for it", option);
        return;
    }
    switch (seal_open(&secret->text, &secret->length, session->keyring, &place, stored, session->pool)) {
    case SEAL_OPENED:
        break;
    case SEAL_NOT_SEALED:
        secret->why = "is stored in clear, so that the server does not use it: tenantctl rewrap --plaintext";
        break;
    case SEAL_UNKNOWN_KEY:
        secret->why = "is sealed with a key that the key file lacks";
        break;
    case SEAL_CORRUPTED:
    default:
        secret->why = "cannot be opened: it was altered, or belongs to another place; set it again";
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
        .api_key_sid = rowset_text(rows, 0, 6),
    };
    open_secret(&account->token, session, tenant, TOKEN, "twilio-auth-token", rowset_text(rows, 0, 4));
    open_secret(&account->api_key_secret, session, tenant, SECRET, "twilio-api-key-secret",
                rowset_text(rows, 0, 7));
    return EXIT_DONE;
}
