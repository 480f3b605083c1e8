/* SPDX-License-Identifier: Apache-2.0 */
#include "accounts.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_log.h>
#include <string.h>

#include "../config.h"
#include "../monotonic.h"
#include "../secret/seal.h"
#include "../store/database.h"
#include "lookup.h"
#include "resolve.h"

APLOG_USE_MODULE(tenant);

/* Columns of the statement. */
enum {
    COLUMN_ID,
    COLUMN_NAME,
    COLUMN_STATUS,
    COLUMN_DOMAIN,
    COLUMN_PHONE,
    COLUMN_TOKEN,
    COLUMN_PREVIOUS,
    COLUMN_MILLISECONDS_LEFT,
};

static const statement_t ask_account = {
    .label = "lookup_account",
    .shape = "ISSsssss",
    .sql = "SELECT id, name, status, custom_domain, phone_number, auth_token, previous_auth_token,"
           " previous_milliseconds_left FROM tenants_by_account(%s, %d::int)",
};

/* What is asked: who claims an account. */
typedef struct question_t {
    request_rec *r; /* the one that the client sent */
    ledger_t *ledger;
    const char *sid;
    const char *first; /* the id of the tenant to be told first, or NULL */
    digest_t name;
    claims_t *claims;
    const problem_t *problem;
} question_t;

/* `AC` and 32 hex digits: other texts are nobody's. */
static int is_account_sid(const char *text)
{
    int n = 2;

    if (strncmp(text, "AC", 2) != 0)
        return 0;
    while (apr_isxdigit(text[n]))
        n++;
    return n == 34 && !text[n];
}

static void take_row(claim_t *claim, rows_t *rows, apr_time_t asked_at, apr_pool_t *pool)
{
    const char *left = rows_text(rows, COLUMN_MILLISECONDS_LEFT);

    *claim = (claim_t){
        .tenant = {.id = rows_int(rows, COLUMN_ID),
                   .id_text = rows_text(rows, COLUMN_ID),
                   .name = tenant_shown_name(rows_text(rows, COLUMN_NAME), pool),
                   .domain = rows_text(rows, COLUMN_DOMAIN),
                   .is_active = strcmp(rows_text(rows, COLUMN_STATUS), "active") == 0,
                   .via = TENANT_VIA_TWILIO},
        .phone = rows_text(rows, COLUMN_PHONE),
        .token = rows_text(rows, COLUMN_TOKEN),
        .previous = rows_text(rows, COLUMN_PREVIOUS),
        .previous_until = left ? asked_at + apr_time_from_msec(apr_atoi64(left)) : 0,
    };
}

static const problem_t *ask_database(question_t *question)
{
    request_rec *r = question->r;
    database_t *database = config_server(r->server)->database;
    const char *values[] = {question->sid, question->first};
    claims_t *claims = question->claims;
    apr_time_t asked_at = monotonic_now();
    const problem_t *problem;
    rows_t *rows;

    if (!database)
        return &problem_misconfigured;
    problem = database_lookup(database, r, &ask_account, values, &rows, r->pool);
    if (problem)
        return problem;
    claims->count = 0;
    for (int n = 0; n < rows_count(rows) && n < LEDGER_CLAIMS_MAX; n++) {
        rows_seek(rows, n);
        take_row(&claims->list[claims->count++], rows, asked_at, r->pool);
    }
    return NULL;
}

/* Takes what another request's lookup has brought. */
static void take_answer(void *mine, const void *theirs)
{
    question_t *question = mine;
    const question_t *answered = theirs;

    question->problem = answered->problem;
    if (!answered->problem)
        ledger_copy(question->claims, answered->claims, question->r->pool);
}

static int is_answered(question_t *question)
{
    return ledger_find(question->ledger, &question->name, question->claims, question->r->pool);
}

/* Asks the database, unless another request is just asking the same: then its answer is ours. */
static const problem_t *ask_once(question_t *question, generation_t moment)
{
    flights_t *flights = ledger_flights(question->ledger);
    flight_t flight;

    if (!flight_begin(flights, &flight, &question->name, moment, take_answer, question, question->r->pool))
        return question->problem;
    if (!is_answered(question)) { /* else somebody has found it out since we looked */
        question->problem = ask_database(question);
        if (!question->problem)
            ledger_keep(question->ledger, &question->name, question->claims, moment);
    }
    flight_land(flights, &flight, question);
    return question->problem;
}

/* Finds who claims the account, in the request's pool. */
static const problem_t *find_claims(request_rec *r, const char *sid, const char *first, claims_t **claims)
{
    question_t question = {
        .r = r,
        .ledger = config_server(r->server)->ledger,
        .sid = sid,
        .first = first,
        .claims = apr_pcalloc(r->pool, sizeof(claims_t)),
    };
    generation_t moment;

    *claims = question.claims;
    if (!question.ledger)
        return &problem_misconfigured;
    question.name = ledger_name(question.ledger, sid, first, r->pool);
    if (is_answered(&question))
        return NULL;
    moment = ledger_moment(question.ledger);
    return moment ? ask_once(&question, moment) : ask_database(&question);
}

/* Where a tenant is among the claims; their count where it is not. */
static int place_of(const claims_t *claims, const tenant_t *tenant)
{
    int n = 0;

    while (n < claims->count && (!tenant || claims->list[n].tenant.id != tenant->id))
        n++;
    return n;
}

/* Puts the tenant of the request's Host ahead of the others, if it is one of many. Where there are more than
 * are told, it may be one of those that are not. */
static const problem_t *prefer_host(request_rec *r, const char *sid, claims_t **claims)
{
    lookup_t host = {0};
    const problem_t *problem = lookup_host(r, &host, r->pool);
    int place;

    if (problem || !host.tenant)
        return problem;
    place = place_of(*claims, host.tenant);
    if (place == LEDGER_CLAIMS_MAX)
        return find_claims(r, sid, host.tenant->id_text, claims);
    if (place < (*claims)->count) {
        claim_t claim = (*claims)->list[place];

        memmove(&(*claims)->list[1], &(*claims)->list[0], (apr_size_t)place * sizeof claim);
        (*claims)->list[0] = claim;
    }
    return NULL;
}

/* A stored token in clear; NULL: it cannot be opened. */
static const char *open_token(request_rec *r, const server_config_t *config, const claim_t *claim,
                              const char *stored)
{
    const seal_place_t place = {claim->tenant.id, "tenants", "twilio_auth_token"};
    const char *token;
    apr_size_t length;
    seal_result_t result;

    result = seal_open(&token, &length, config->keyring, &place, stored, r->pool);
    if (result == SEAL_OPENED)
        return token;
    if (ledger_note(config->ledger, claim, stored, r->pool))
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "a Twilio auth token of tenant %s cannot be used, so that its webhooks are refused: %s",
                      claim->tenant.id_text, seal_why(result));
    return NULL;
}

static void add_token(account_t *account, const char *token)
{
    int n = 0;

    while (account->tokens[n])
        n++;
    account->tokens[n] = token;
}

static void open_account(account_t *account, request_rec *r, const claim_t *claim)
{
    const server_config_t *config = config_server(r->server);

    *account = (account_t){.tenant = &claim->tenant};
    if (claim->token)
        add_token(account, open_token(r, config, claim, claim->token));
    if (claim->previous && monotonic_now() < claim->previous_until)
        add_token(account, open_token(r, config, claim, claim->previous));
}

const problem_t *accounts_find(request_rec *r, const char *account_sid, accounts_t *found)
{
    request_rec *origin = tenant_origin(r);
    const problem_t *problem;
    claims_t *claims;

    found->count = 0;
    if (!is_account_sid(account_sid))
        return NULL;
    if (!config_server(origin->server)->keyring)
        return &problem_misconfigured;
    problem = find_claims(origin, account_sid, NULL, &claims);
    if (!problem && claims->count > 1)
        problem = prefer_host(origin, account_sid, &claims);
    if (problem)
        return problem;
    for (; found->count < claims->count; found->count++)
        open_account(&found->list[found->count], origin, &claims->list[found->count]);
    return NULL;
}
