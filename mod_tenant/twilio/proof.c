/* SPDX-License-Identifier: Apache-2.0 */
#include "proof.h"

#include <apr_atomic.h>
#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "../identity/accounts.h"
#include "../identity/resolve.h"
#include "address.h"
#include "signature.h"
#include "twilio.h"

APLOG_USE_MODULE(tenant);

/* How the last request of a tenant ended, in this child. Tenants share a place where there are more: that
 * costs lines in the log. Place 0 is that of requests that are nobody's. */
enum { PLACES = 4096 };
enum { VERDICT_NONE, VERDICT_REFUSED, VERDICT_ACCEPTED };
static volatile apr_uint32_t verdicts[PLACES];

static int is_news(int tenant, apr_uint32_t verdict)
{
    apr_uint32_t former = apr_atomic_xchg32(&verdicts[tenant % PLACES], verdict);

    return former != verdict && !(former == VERDICT_NONE && verdict == VERDICT_ACCEPTED);
}

static const problem_t *refuse(exchange_t *exchange, const accounts_t *accounts)
{
    int tenant = accounts->count > 0 ? accounts->list[0].tenant->id : 0;
    const char *why =
        accounts->count == 0 ? "no tenant has the AccountSid that they name"
        : !accounts->list[0].tokens[0]
            ? "the tenant has no auth token that could be read"
            : "X-Twilio-Signature is not what the tenant's auth token makes of them (TenantPublicURL?)";

    if (is_news(tenant, VERDICT_REFUSED))
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, exchange->r,
                      "from now on webhooks of tenant %d (0: of nobody) are refused: %s", tenant, why);
    exchange->detail = "Twilio signs its requests; this one is not signed by the account that it names.";
    return &problem_signature_invalid;
}

static signature_t *signature_of(webhook_t *webhook, const char *url)
{
    static const form_t nothing = {NULL, 0};
    apr_pool_t *pool = webhook->exchange.r->pool;

    if (!webhook->body)
        return signature_of_form(url, &nothing, pool);
    return webhook->is_form ? signature_of_form(url, &webhook->form, pool)
                            : signature_of_body(url, webhook->body, webhook->body_length, pool);
}

/* The tenant among those that claim the account whose token the request is signed with; or NULL. */
static const account_t *find_signer(const accounts_t *accounts, const signature_t *signature,
                                    const char *given)
{
    for (int n = 0; n < accounts->count; n++) {
        for (const char *const *token = accounts->list[n].tokens; *token; token++) {
            if (signature_verify(signature, *token, strlen(*token), given))
                return &accounts->list[n];
        }
    }
    return NULL;
}

/* The AccountSid that the request names, if it names one, and no more. */
static const char *named_account(const form_t *form)
{
    int repeated;
    const form_field_t *field = form_find(form, "AccountSid", &repeated);

    return field && !repeated ? field->value : NULL;
}

const problem_t *proof_of_sender(exchange_t *exchange)
{
    webhook_t *webhook = webhook_of(exchange);
    const char *given = apr_table_get(exchange->r->headers_in, "X-Twilio-Signature");
    const char *sid = named_account(&webhook->form);
    accounts_t accounts = {.count = 0};
    const account_t *signer;
    const problem_t *problem;
    const char *url;

    if (!given || !sid)
        return refuse(exchange, &accounts);
    problem = accounts_find(exchange->r, sid, &accounts);
    if (problem)
        return problem;
    url = address_of_request(exchange);
    if (!url)
        return &problem_misconfigured;
    signer = find_signer(&accounts, signature_of(webhook, url), given);
    if (!signer)
        return refuse(exchange, &accounts);
    if (is_news(signer->tenant->id, VERDICT_ACCEPTED))
        ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, exchange->r, "webhooks of tenant %s are accepted again",
                      signer->tenant->id_text);
    webhook->tenant = signer->tenant;
    resolve_account(exchange->r, signer->tenant);
    return NULL;
}
