/* SPDX-License-Identifier: Apache-2.0 */
/* What webhooks have missed, asked of Twilio. */
#include <apr_strings.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../resource/check.h"
#include "moment.h"
#include "output.h"
#include "reconciliation.h"
#include "tenant.h"

#define TWILIO_BASE "https://api.twilio.com"
#define USUAL_SINCE "7d"

/* --- Options -------------------------------------------------------------------------------------------- */

/* --since, as Twilio's lists take it. */
static int read_since(const char **since, const call_t *call)
{
    const char *given = call->options.values[OPTION_SINCE];

    return moment_read(since, "since", given ? given : USUAL_SINCE, call->pool);
}

/* --base-url without a slash at its end. */
static int read_base(const char **base, const call_t *call)
{
    const char *given = call->options.values[OPTION_BASE_URL];
    apr_size_t length;

    *base = TWILIO_BASE;
    if (!given)
        return EXIT_DONE;
    if (!upstream_is_base(given))
        return complain(EXIT_USAGE, "--base-url must be https://HOST, without user, query and fragment; "
                                    "http:// is for this machine alone");
    for (length = strlen(given); given[length - 1] == '/';)
        length--;
    *base = apr_pstrmemdup(call->pool, given, length);
    return EXIT_DONE;
}

/* --- One tenant ----------------------------------------------------------------------------------------- */

static int is_usable(const account_secret_t *secret)
{
    return secret->text && secret->length > 0 && strlen(secret->text) == secret->length;
}

/* By what a tenant logs in at Twilio: its API key, where it has one, which can do less than the auth token.
 * NULL, or why it cannot. */
static const char *choose_login(upstream_login_t *login, const account_t *account, apr_pool_t *pool)
{
    const account_secret_t *secret = &account->token;
    const char *name = "auth token", *user = account->sid;

    if (!account->sid)
        return "has no AccountSid: set it with tenantctl tenant set";
    if (account->api_key_sid && account->api_key_secret.is_set) {
        secret = &account->api_key_secret;
        name = "API key secret";
        user = account->api_key_sid;
    }
    if (!secret->text)
        return apr_psprintf(pool, "has no key to Twilio: the %s %s", name, secret->why);
    if (!is_usable(secret) || check_account_sid(account->sid, strlen(account->sid)) ||
        (user != account->sid && check_api_key_sid(user, strlen(user))))
        return apr_psprintf(pool, "has no key to Twilio: AccountSid, API key or %s has not the form of one",
                            name);
    *login = (upstream_login_t){user, secret->text};
    return NULL;
}

/* On a terminal the line says how far it has come. */
static void show_progress(const tally_t *tally, const account_t *account)
{
    fprintf(stderr, "\r\033[Ktenant %s: %d calls, %d messages, %d recordings, %d asked for, %d stored",
            account->tenant, tally->listed[UPSERT_CALLS], tally->listed[UPSERT_MESSAGES],
            tally->listed[UPSERT_RECORDINGS], tally->asked, tally->stored);
}

static void end_progress(void)
{
    fputs("\r\033[K", stderr);
}

static const output_column_t columns[] = {{.key = "id", .type = OUTPUT_LITERAL},
                                          {.key = "done", .type = OUTPUT_LITERAL},
                                          {.key = "calls", .type = OUTPUT_LITERAL},
                                          {.key = "messages", .type = OUTPUT_LITERAL},
                                          {.key = "recordings", .type = OUTPUT_LITERAL},
                                          {.key = "asked", .type = OUTPUT_LITERAL},
                                          {.key = "stored", .type = OUTPUT_LITERAL},
                                          {.key = "foreign", .type = OUTPUT_LITERAL},
                                          {.key = "gone", .type = OUTPUT_LITERAL},
                                          {.key = "requests", .type = OUTPUT_LITERAL},
                                          {.key = "error", .json_only = 1},
                                          {0}};

static void add_row(output_t *list, const char *tenant, const tally_t *tally, int requests, const char *why,
                    apr_pool_t *pool)
{
    output_row(
        list, (const char *[]){tenant, why ? "false" : "true", apr_itoa(pool, tally->listed[UPSERT_CALLS]),
                               apr_itoa(pool, tally->listed[UPSERT_MESSAGES]),
                               apr_itoa(pool, tally->listed[UPSERT_RECORDINGS]), apr_itoa(pool, tally->asked),
                               apr_itoa(pool, tally->stored), apr_itoa(pool, tally->foreign),
                               apr_itoa(pool, tally->gone), apr_itoa(pool, requests), why});
}

/* Reconciles one tenant, whose secrets go with a pool of its own. Returns EXIT_…, having said what failed. */
static int sync_tenant(output_t *list, const session_t *session, const char *tenant, upstream_t *upstream,
                       const char *since)
{
    int requests = upstream_requests(upstream);
    tally_fn *told = isatty(STDERR_FILENO) ? show_progress : NULL;
    session_t own = *session;
    upstream_login_t login;
    account_t account;
    tally_t tally = {.asked = 0};
    const char *why;

    apr_pool_create(&own.pool, session->pool);
    if (account_read(&account, &own, tenant) != EXIT_DONE) {
        why = "its account cannot be read";
    } else {
        why = choose_login(&login, &account, own.pool);
        if (!why)
            why = reconciliation_run(&tally, &own, &account, upstream, &login, since, told);
        if (told)
            end_progress();
        if (why)
            complain(EXIT_FAILED, "tenant %s: %s", tenant, why);
    }
    why = why ? apr_pstrdup(session->pool, why) : NULL;
    apr_pool_destroy(own.pool);
    add_row(list, tenant, &tally, upstream_requests(upstream) - requests, why, session->pool);
    return why ? EXIT_FAILED : EXIT_DONE;
}

/* --- The command ---------------------------------------------------------------------------------------- */

/* The tenants, by their ids, as const char *. */
static int find_tenants(apr_array_header_t *tenants, const session_t *session, const call_t *call)
{
    static const char with_account[] =
        "SELECT id::text FROM public.tenants WHERE twilio_account_sid IS NOT NULL"
        " AND (twilio_auth_token IS NOT NULL"
        " OR twilio_api_key_sid IS NOT NULL AND twilio_api_key_secret IS NOT NULL) ORDER BY tenants.id";
    rowset_t *rows;

    if (!call_has(call, OPTION_ALL))
        return tenant_find(&APR_ARRAY_PUSH(tenants, const char *), session, call->operands[0]);
    rows = tenant_run(session, with_account, NULL, 0);
    if (!rows)
        return tenant_failed(session);
    for (int n = 0; n < rowset_count(rows); n++)
        APR_ARRAY_PUSH(tenants, const char *) = rowset_text(rows, n, 0);
    return EXIT_DONE;
}

int twilio_sync(const call_t *call)
{
    apr_array_header_t *tenants = apr_array_make(call->pool, 16, sizeof(const char *));
    output_t *list = output_make(columns, call->pool);
    upstream_t *upstream;
    session_t session;
    const char *base, *since;
    int status;

    if ((status = read_base(&base, call)) != EXIT_DONE || (status = read_since(&since, call)) != EXIT_DONE ||
        (status = session_open(&session, call, SESSION_DATABASE | SESSION_KEYS)) != EXIT_DONE ||
        (status = find_tenants(tenants, &session, call)) != EXIT_DONE)
        return status;
    upstream = upstream_open(base, call->options.values[OPTION_CA], call->pool);
    if (!upstream)
        return complain(EXIT_FAILED, "libcurl does not start");
    for (int n = 0; n < tenants->nelts; n++) {
        if (sync_tenant(list, &session, APR_ARRAY_IDX(tenants, n, const char *), upstream, since) !=
            EXIT_DONE)
            status = EXIT_FAILED;
    }
    output_print(NULL, "tenants", list, call_has(call, OPTION_JSON), call->pool);
    return status;
}
