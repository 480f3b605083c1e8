/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_TWILIO_PLAN_H
#define TENANT_TWILIO_PLAN_H

#include <httpd.h>

#include <ap_expr.h>
#include <http_config.h>

/* What is done with a call that comes in. */
typedef enum plan_deed_t {
    PLAN_REJECT,
    PLAN_SAY,
    PLAN_DIAL_NUMBER,
    PLAN_DIAL_CLIENT,
    PLAN_DIAL_SIP,
    PLAN_REDIRECT,
} plan_deed_t;

/* TenantVoice. */
typedef struct plan_t {
    plan_deed_t deed;
    const ap_expr_info_t *text; /* whom, what, or where to: a string expression; NULL of PLAN_REJECT */
    int is_busy;                /* of PLAN_REJECT: the caller hears a busy line */
} plan_t;

/* Reads the directive's words: `dial number|client|sip WHOM`, `say TEXT`, `reject [busy|rejected]`,
 * `redirect URL`. In the configuration's pool. NULL: *why is a sentence. */
const plan_t *plan_parse(cmd_parms *cmd, const char *words, const char **why);

/* A directive's string expression, which may name %{TENANT:name}. NULL: *why is a sentence. */
const ap_expr_info_t *plan_expression(cmd_parms *cmd, const char *text, const char **why);

/* What an expression says for a request, in its pool; NULL: it cannot be evaluated, which is logged. */
const char *plan_text(request_rec *r, const ap_expr_info_t *expression);

#endif
