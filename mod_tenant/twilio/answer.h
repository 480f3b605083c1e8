/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_ANSWER_H
#define TENANT_TWILIO_ANSWER_H

#include "twilio.h"

/* What Twilio is answered. */

/* What is to be done with a call (TenantVoice), as TwiML, and whether it is recorded: where the tenant's
 * auto_record_calls says so, and never where that cannot be read. An inactive tenant's calls are rejected. */
hook_answer_fn answer_voice;

/* The reply to a message (TenantMessage), as TwiML. */
hook_answer_fn answer_message;

/* Nothing more to do with a call, as TwiML. */
hook_answer_fn answer_end;

/* The caller hears a busy line. */
hook_answer_fn answer_busy;

/* 204, to what only tells. */
hook_answer_fn answer_nothing;

#endif
