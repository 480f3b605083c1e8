/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include "../http/reply.h"
#include "address.h"
#include "plan.h"
#include "recording.h"
#include "twiml.h"

static const problem_t *send_twiml(webhook_t *webhook, twiml_t *twiml)
{
    exchange_t *exchange = &webhook->exchange;
    apr_size_t length;
    const char *text = twiml_end(twiml, &length);

    return exchange_answered(exchange, reply_bytes(exchange->r, TWIML_TYPE, text, length));
}

/* Where Twilio tells of a recording, if the call is to be recorded; else NULL. */
static const char *record_callback(const webhook_t *webhook)
{
    const exchange_t *exchange = &webhook->exchange;

    if (!recording_is_wanted(exchange->r, exchange->server->database, webhook->tenant))
        return NULL;
    return address_of_webhook(exchange, "recording");
}

/* Of a dialled call the recording begins when it is answered, and has a channel for each side. */
static void dial(twiml_t *twiml, const webhook_t *webhook, const plan_t *plan, const char *target)
{
    static const twiml_target_t kinds[] = {
        [PLAN_DIAL_NUMBER] = TWIML_NUMBER, [PLAN_DIAL_CLIENT] = TWIML_CLIENT, [PLAN_DIAL_SIP] = TWIML_SIP};
    const exchange_t *exchange = &webhook->exchange;
    twiml_dial_t dialled = {
        .kind = kinds[plan->deed],
        .target = target,
        .action = address_of_webhook(exchange, "dial-status"),
        .status_callback = address_of_webhook(exchange, "call-status"),
        .record_callback = record_callback(webhook),
    };

    twiml_dial(twiml, &dialled);
}

/* What comes without a leg of its own is recorded from now on. */
static void begin_recording(twiml_t *twiml, const webhook_t *webhook)
{
    const char *callback = record_callback(webhook);

    if (callback)
        twiml_record(twiml, callback);
}

static void follow(twiml_t *twiml, const webhook_t *webhook, const plan_t *plan, const char *text)
{
    switch (plan->deed) {
    case PLAN_SAY:
        begin_recording(twiml, webhook);
        twiml_say(twiml, text);
        break;
    case PLAN_REDIRECT:
        begin_recording(twiml, webhook);
        twiml_redirect(twiml, text);
        break;
    default:
        dial(twiml, webhook, plan, text);
    }
}

const problem_t *answer_voice(webhook_t *webhook)
{
    request_rec *r = webhook->exchange.r;
    const plan_t *plan = webhook->exchange.location->voice;
    const char *text = plan && plan->text && webhook->tenant->is_active ? plan_text(r, plan->text) : NULL;
    twiml_t twiml;

    twiml_start(&twiml, r->pool);
    if (text && *text)
        follow(&twiml, webhook, plan, text);
    else
        twiml_reject(&twiml, plan && plan->is_busy);
    return send_twiml(webhook, &twiml);
}

const problem_t *answer_message(webhook_t *webhook)
{
    request_rec *r = webhook->exchange.r;
    const ap_expr_info_t *reply = webhook->exchange.location->message;
    const char *text = reply && webhook->tenant->is_active ? plan_text(r, reply) : NULL;
    twiml_t twiml;

    twiml_start(&twiml, r->pool);
    if (text && *text)
        twiml_message(&twiml, text);
    return send_twiml(webhook, &twiml);
}

const problem_t *answer_end(webhook_t *webhook)
{
    twiml_t twiml;

    twiml_start(&twiml, webhook->exchange.r->pool);
    return send_twiml(webhook, &twiml);
}

const problem_t *answer_busy(webhook_t *webhook)
{
    twiml_t twiml;

    twiml_start(&twiml, webhook->exchange.r->pool);
    twiml_reject(&twiml, 1);
    return send_twiml(webhook, &twiml);
}

const problem_t *answer_nothing(webhook_t *webhook)
{
    exchange_t *exchange = &webhook->exchange;

    return exchange_answered(exchange, reply_empty(exchange->r, HTTP_NO_CONTENT));
}
