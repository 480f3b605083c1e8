/* SPDX-License-Identifier: Apache-2.0 */
/* Twilio's webhooks: what a tenant's lack, and events that are sent as Twilio would send them. */
#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

#include "account.h"
#include "delivery.h"
#include "finding.h"
#include "imitation.h"
#include "tenant.h"

/* Where samples have their Location. */
#define USUAL_PATH "/twilio"

/* Makes Twilio repeat what fails to connect, times out, or is answered 5xx. */
#define RETRIES "#rc=3&rp=ct,rt,5xx"

enum { SIGNERS_MAX = 8 }; /* tenants with one AccountSid that the server tries */

/* Opens a session, and reads the account of the tenant that the first operand names. */
static int open_account(session_t *session, account_t *account, const call_t *call)
{
    const char *tenant;
    int status = session_open(session, call, SESSION_DATABASE | SESSION_KEYS);

    if (status == EXIT_DONE)
        status = tenant_find(&tenant, session, call->operands[0]);
    if (status == EXIT_DONE)
        status = account_read(account, session, tenant);
    return status;
}

static int is_https(const char *url)
{
    return strncasecmp(url, "https://", 8) == 0;
}

/* --url without a slash at its end; NULL where it is not given. */
static int read_url(const char **url, const call_t *call)
{
    const char *given = call->options.values[OPTION_URL];
    const char *host = given ? strstr(given, "://") : NULL;
    apr_size_t length = given ? strlen(given) : 0;

    *url = NULL;
    if (!given)
        return EXIT_DONE;
    if ((!is_https(given) && strncasecmp(given, "http://", 7) != 0) || !host || strchr("/:", host[3]) ||
        strpbrk(given, "?#@ \t\r\n"))
        return complain(EXIT_USAGE, "--url must be https://HOST/PATH, of the Location with TenantHandler "
                                    "twilio, without user, query and fragment");
    while (length > 0 && given[length - 1] == '/')
        length--;
    *url = apr_pstrmemdup(call->pool, given, length);
    return EXIT_DONE;
}

/* Sends a form to a webhook, signed by the account. NULL, or a sentence. */
static const char *send_signed(receipt_t *receipt, const char *url, const form_t *form,
                               const account_t *account, const call_t *call)
{
    const signature_t *signature = signature_of_form(url, form, call->pool);
    const delivery_t delivery = {
        .url = url,
        .form = imitation_encode(form, call->pool),
        .signature = signature_make(signature, account->token.text, account->token.length, call->pool),
        .ca = call->options.values[OPTION_CA],
        .is_insecure = call_has(call, OPTION_INSECURE),
    };

    return delivery_send(receipt, &delivery, call->pool);
}

/* What to look at where a webhook is not answered as it should be. */
static const char *advice_of(const receipt_t *receipt)
{
    static const struct {
        int status;
        const char *code; /* a word of the body; NULL: any */
        const char *advice;
    } cases[] = {
        {403, "signature-invalid",
         "the server does not take the signature for the tenant's: does it know itself by another URL "
         "(TenantPublicURL), or has it another database or key file? Its error log says which tenant"},
        {403, "https-required",
         "the server wants HTTPS: use https://, or TenantRequireTLS off where a proxy has it"},
        {403, NULL, "httpd itself refuses: is there a Require for this path?"},
        {401, NULL, "the path asks for a login, which Twilio has none of"},
        {404, NULL, "there is no webhook at this URL: does its Location have TenantHandler twilio?"},
        {405, NULL, "something else answers at this URL: does its Location have TenantHandler twilio?"},
        {400, NULL, "the server does not understand the event; the answer says why"},
        {500, NULL, "look into httpd's error log (TenantPublicURL?)"},
        {503, NULL, "the database is away or busy, so that nothing was stored; Twilio would send it again"},
    };

    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        if (cases[n].status == receipt->status &&
            (!cases[n].code || strstr(receipt->body, cases[n].code) != NULL))
            return cases[n].advice;
    }
    return receipt->status >= 300 && receipt->status < 400
               ? "the path leads elsewhere: Twilio must be given the URL that it leads to"
               : "that is no answer of TenantHandler twilio";
}

/* --- check ---------------------------------------------------------------------------------------------- */

static void check_account(output_t *findings, const account_t *account, apr_pool_t *pool)
{
    const char *tenant = apr_pstrcat(pool, "tenant ", account->tenant, NULL);

    if (!account->is_active)
        finding_add(findings, "status", tenant, "is inactive: its events are stored, its calls are rejected");
    if (!account->sid)
        finding_add(findings, "account-sid", tenant,
                    "has no AccountSid: tenantctl tenant set TENANT --twilio-account-sid SID");
    if (account->others >= SIGNERS_MAX)
        finding_add(findings, "account-sid", account->sid,
                    apr_psprintf(pool, "is that of %d other tenants too; at most %d are tried",
                                 account->others, SIGNERS_MAX));
    if (account->token.why)
        finding_add(findings, "auth-token", tenant, account->token.why);
    if (!account->number)
        finding_add(findings, "phone-number", tenant,
                    "has no number: tenantctl tenant set TENANT --twilio-phone-number NUMBER");
}

/* Asks the server itself: it has to take the signature for the account's, and then to miss a sid, so that
 * nothing is stored. */
static void check_server(output_t *findings, const char *url, const account_t *account, const call_t *call)
{
    const form_field_t field = {"AccountSid", account->sid, strlen("AccountSid"), strlen(account->sid)};
    const char *address = apr_pstrcat(call->pool, url, "/call-status", NULL);
    receipt_t receipt;
    const char *why = send_signed(&receipt, address, &(form_t){&field, 1}, account, call);

    if (why)
        finding_add(findings, "server", url, apr_pstrcat(call->pool, "gives no answer: ", why, NULL));
    else if (receipt.status != 400 || !strstr(receipt.body, "CallSid is missing"))
        finding_add(findings, "server", url,
                    apr_psprintf(call->pool, "answers a signed request %d: %s", receipt.status,
                                 advice_of(&receipt)));
}

static void check_url(output_t *findings, const char *url, const account_t *account, const call_t *call)
{
    const char *tenant = apr_pstrcat(call->pool, "tenant ", account->tenant, NULL);

    if (!url) {
        finding_add(findings, "url", tenant,
                    "has no custom domain: say with --url https://HOST/PATH how Twilio reaches the server");
        return;
    }
    if (!is_https(url))
        finding_add(findings, "tls", url,
                    "is in the clear: Twilio would send what it tells, and its signatures, for all to read");
    if (call_has(call, OPTION_URL) && account->sid && account->token.text)
        check_server(findings, url, account, call);
}

/* The URLs to enter at Twilio, and where. */
static output_t *list_webhooks(const char *url, apr_pool_t *pool)
{
    static const output_column_t columns[] = {{.key = "webhook"}, {.key = "url"}, {.key = "enter_as"}, {0}};
    static const struct {
        const char *name, *fragment, *enter_as;
    } webhooks[] = {
        {"voice", "", "the number's voice: A call comes in"},
        {"voice-fallback", "", "the number's voice: Primary handler fails"},
        {"call-status", RETRIES, "the number's voice: Call status changes"},
        {"message", RETRIES, "the number's messaging: A message comes in"},
        {"message-status", RETRIES, "StatusCallback of messages that you send"},
        {"recording", RETRIES, "RecordingStatusCallback of what you record yourself"},
    };
    output_t *list = output_make(columns, pool);

    for (size_t n = 0; url && n < sizeof webhooks / sizeof *webhooks; n++)
        output_row(list,
                   (const char *[]){webhooks[n].name,
                                    apr_pstrcat(pool, url, "/", webhooks[n].name, webhooks[n].fragment, NULL),
                                    webhooks[n].enter_as});
    return list;
}

static int print_check(const call_t *call, const account_t *account, const char *url,
                       const output_t *findings)
{
    static const output_column_t columns[] = {{.key = "clean", .type = OUTPUT_LITERAL},
                                              {.key = "id", .type = OUTPUT_LITERAL},
                                              {.key = "twilio_account_sid"},
                                              {.key = "twilio_phone_number"},
                                              {.key = "url"},
                                              {0}};
    output_t *record = output_make(columns, call->pool);
    int clean = output_rows(findings) == 0;

    output_row(record, (const char *[]){clean ? "true" : "false", account->tenant, account->sid,
                                        account->number, url});
    output_attach(record, "webhooks", list_webhooks(url, call->pool));
    output_print(record, "findings", findings, call_has(call, OPTION_JSON), call->pool);
    if (url && !call_has(call, OPTION_JSON))
        puts("The method of each is POST. With " RETRIES " Twilio sends an event again that failed to\n"
             "connect, timed out or was answered 5xx. Without it such an event is lost, but for a failure\n"
             "to connect.");
    return clean ? EXIT_DONE : EXIT_FAILED;
}

int twilio_check(const call_t *call)
{
    static const output_column_t columns[] = {{.key = "check"}, {.key = "object"}, {.key = "finding"}, {0}};
    output_t *findings = output_make(columns, call->pool);
    account_t account;
    session_t session;
    const char *url;
    int status = read_url(&url, call);

    if (status == EXIT_DONE)
        status = open_account(&session, &account, call);
    if (status != EXIT_DONE)
        return status;
    if (!url && account.domain)
        url = apr_pstrcat(call->pool, "https://", account.domain, USUAL_PATH, NULL);
    check_account(findings, &account, call->pool);
    check_url(findings, url, &account, call);
    return print_check(call, &account, url, findings);
}

/* --- simulate ------------------------------------------------------------------------------------------- */

/* A text on one line. */
static const char *flat(const char *text, apr_pool_t *pool)
{
    char *line = apr_pstrdup(pool, text);

    for (char *at = line; *at; at++) {
        if (*at == '\n')
            *at = at[1] ? ' ' : '\0';
    }
    return line;
}

static void print_receipt(const call_t *call, const char *url, const char *sid, const receipt_t *receipt)
{
    static const output_column_t columns[] = {{.key = "event"},
                                              {.key = "url"},
                                              {.key = "sid"},
                                              {.key = "status", .type = OUTPUT_LITERAL},
                                              {.key = "content_type"},
                                              {.key = "answer"},
                                              {0}};
    output_t *record = output_make(columns, call->pool);
    int is_json = call_has(call, OPTION_JSON);

    output_row(record,
               (const char *[]){call->operands[1], url, sid, apr_itoa(call->pool, receipt->status),
                                receipt->type, is_json ? receipt->body : flat(receipt->body, call->pool)});
    output_print(record, NULL, NULL, is_json, call->pool);
}

static int deliver(const call_t *call, const account_t *account, const char *base,
                   const imitation_t *imitation)
{
    const char *url = apr_pstrcat(call->pool, base, "/", call->operands[1], NULL);
    receipt_t receipt;
    const char *why = send_signed(&receipt, url, &imitation->form, account, call);

    if (why)
        return complain(EXIT_FAILED, "%s", why);
    print_receipt(call, url, imitation->sid, &receipt);
    if (receipt.status >= 200 && receipt.status < 300)
        return EXIT_DONE;
    return complain(EXIT_FAILED, "%s answered %d: %s", url, receipt.status, advice_of(&receipt));
}

int twilio_simulate(const call_t *call)
{
    imitation_t imitation;
    account_t account;
    session_t session;
    const char *url;
    int status = read_url(&url, call);

    if (status == EXIT_DONE && !url)
        status = complain(EXIT_USAGE, "--url says where to: https://HOST/PATH of the Location");
    if (status == EXIT_DONE && !imitation_is_known(call->operands[1]))
        status = complain(EXIT_USAGE, "an event is %s", imitation_names(call->pool));
    if (status == EXIT_DONE)
        status = open_account(&session, &account, call);
    if (status != EXIT_DONE)
        return status;
    if (!account.sid)
        return complain(EXIT_FAILED, "tenant %s has no AccountSid: set it with tenantctl tenant set",
                        account.tenant);
    if (!account.token.text)
        return complain(EXIT_FAILED, "the auth token of tenant %s %s", account.tenant, account.token.why);
    imitation_make(&imitation, call->operands[1], &account, &call->options, call->pool);
    return deliver(call, &account, url, &imitation);
}
