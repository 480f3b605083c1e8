/* SPDX-License-Identifier: Apache-2.0 */
#include "steps.h"

#include <httpd.h>

#include <http_log.h>
#include <string.h>

#include "../metrics/counters.h"
#include "answer.h"
#include "journal.h"
#include "parameters.h"
#include "proof.h"
#include "twilio.h"

APLOG_USE_MODULE(tenant);

static const hook_t hooks[] = {
    {"voice", EVENT_VOICE, 1, answer_voice, NULL},
    {"voice-fallback", EVENT_VOICE, 1, answer_voice, answer_busy},
    {"call-status", EVENT_CALL_STATUS, 0, answer_nothing, NULL},
    {"dial-status", EVENT_DIAL_STATUS, 1, answer_end, answer_end},
    {"message", EVENT_MESSAGE, 0, answer_message, NULL},
    {"message-status", EVENT_MESSAGE_STATUS, 0, answer_nothing, NULL},
    {"recording", EVENT_RECORDING, 0, answer_nothing, NULL},
};

static const problem_t *find_hook(exchange_t *exchange)
{
    const char *path = exchange_path(exchange);

    for (size_t i = 0; path && *path == '/' && i < sizeof hooks / sizeof *hooks; i++) {
        if (strcmp(hooks[i].name, path + 1) == 0)
            webhook_of(exchange)->hook = &hooks[i];
    }
    return webhook_of(exchange)->hook ? NULL : &problem_not_found;
}

static const problem_t *check_method(exchange_t *exchange)
{
    const request_rec *r = exchange->r;

    if (r->method_number == M_POST || (r->method_number == M_GET && !r->header_only))
        return NULL;
    return exchange_refuse_method(exchange, "GET, POST, OPTIONS");
}

/* Webhooks are the first of the kinds. */
_Static_assert((int)EVENT_CALL_RESOURCE == (int)LABEL_EVENTS, "each webhook's event has a label");

static void count(exchange_t *exchange, label_verdict_t verdict)
{
    COUNTERS_ADD(twilio_events, webhook_of(exchange)->hook->event * LABEL_VERDICTS + verdict, 1);
}

/* What is said of a sender that Twilio itself cannot be. */
static const problem_t *refuse(exchange_t *exchange, const char *why)
{
    count(exchange, LABEL_MALFORMED);
    exchange->detail = why;
    return &problem_bad_request;
}

static const problem_t *read_parameters(exchange_t *exchange)
{
    webhook_t *webhook = webhook_of(exchange);
    const char *why;

    if (exchange->r->method_number == M_POST) {
        const problem_t *problem = exchange_read_body(exchange, &webhook->body, &webhook->body_length);

        if (problem || exchange->answered)
            return problem;
    }
    why = parameters_read(webhook);
    return why ? refuse(exchange, why) : NULL;
}

static const problem_t *read_event(exchange_t *exchange)
{
    webhook_t *webhook = webhook_of(exchange);
    const char *why = event_read(&webhook->event, webhook->hook->event, &webhook->form, exchange->r->pool);

    return why ? refuse(exchange, why) : NULL;
}

static const problem_t *prove_sender(exchange_t *exchange)
{
    webhook_t *webhook = webhook_of(exchange);
    const problem_t *problem = proof_of_sender(exchange);

    if (problem)
        count(exchange, problem->status == HTTP_SERVICE_UNAVAILABLE ? LABEL_UNSTORED : LABEL_UNPROVEN);
    if (problem && problem->status == HTTP_SERVICE_UNAVAILABLE && webhook->hook->without_database)
        return webhook->hook->without_database(webhook);
    return problem;
}

/* An event that could not be stored is to be sent again. A call cannot wait for that: it is answered all the
 * same, and its later events bring the row. A message has no later ones. */
static const problem_t *store_event(exchange_t *exchange)
{
    webhook_t *webhook = webhook_of(exchange);
    const problem_t *problem =
        journal_store(exchange->r, exchange->server->database, webhook->tenant->id_text, &webhook->event);

    count(exchange, problem ? LABEL_UNSTORED : LABEL_STORED);
    if (!problem || !webhook->hook->is_asked)
        return problem;
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, exchange->r,
                  "an event of tenant %s is answered, but could not be stored (%s)", webhook->tenant->id_text,
                  problem->code);
    return NULL;
}

static const problem_t *answer(exchange_t *exchange)
{
    return webhook_of(exchange)->hook->answer(webhook_of(exchange));
}

/* clang-format off */

/* Nothing asks the database that can be refused without it, and nothing is believed ahead of the proof. */
handler_step_fn *const webhook_steps[] = {
    exchange_require_tls,
    find_hook,
    check_method,
    exchange_check_length,
    read_parameters,
    prove_sender,
    read_event,
    store_event,
    answer,
    NULL,
};

/* clang-format on */
