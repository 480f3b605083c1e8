/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <apr_strings.h>
#include <http_log.h>

APLOG_USE_MODULE(tenant);

const ap_expr_info_t *plan_expression(cmd_parms *cmd, const char *text, const char **why)
{
    const char *error = NULL;
    const ap_expr_info_t *expression = ap_expr_parse_cmd(cmd, text, AP_EXPR_FLAG_STRING_RESULT, &error, NULL);

    *why = error ? apr_psprintf(cmd->pool, "%s: %s", cmd->cmd->name, error) : NULL;
    return error ? NULL : expression;
}

const char *plan_text(request_rec *r, const ap_expr_info_t *expression)
{
    const char *error = NULL;
    const char *text = ap_expr_str_exec(r, expression, &error);

    if (!error)
        return text;
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "the expression of line %u of %s cannot be evaluated: %s",
                  expression->line_number, expression->filename, error);
    return NULL;
}

/* The deeds that take a text, by the words ahead of it. */
static const struct {
    const char *first;
    const char *second; /* NULL: the text follows the first */
    plan_deed_t deed;
} deeds[] = {
    {"dial", "number", PLAN_DIAL_NUMBER}, {"dial", "client", PLAN_DIAL_CLIENT},
    {"dial", "sip", PLAN_DIAL_SIP},       {"say", NULL, PLAN_SAY},
    {"redirect", NULL, PLAN_REDIRECT},
};

/* Finds the deed that the words begin with, and goes on to its text. */
static int find_deed(plan_deed_t *deed, const char **words, apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++) {
        const char *rest = *words;

        if (strcasecmp(ap_getword_conf(pool, &rest), deeds[i].first) != 0)
            continue;
        if (deeds[i].second && strcasecmp(ap_getword_conf(pool, &rest), deeds[i].second) != 0)
            continue;
        *deed = deeds[i].deed;
        *words = rest;
        return 1;
    }
    return 0;
}

/* `reject`, `reject busy`, `reject rejected`; NULL: the words say something else. */
static const plan_t *parse_reject(plan_t *plan, const char *words, apr_pool_t *pool)
{
    const char *reason;

    if (strcasecmp(ap_getword_conf(pool, &words), "reject") != 0)
        return NULL;
    reason = ap_getword_conf(pool, &words);
    if (*words || (*reason && strcasecmp(reason, "busy") != 0 && strcasecmp(reason, "rejected") != 0))
        return NULL;
    plan->deed = PLAN_REJECT;
    plan->is_busy = strcasecmp(reason, "busy") == 0;
    return plan;
}

const plan_t *plan_parse(cmd_parms *cmd, const char *words, const char **why)
{
    plan_t *plan = apr_pcalloc(cmd->pool, sizeof *plan);
    const char *text;

    *why = NULL;
    if (parse_reject(plan, words, cmd->pool))
        return plan;
    if (find_deed(&plan->deed, &words, cmd->pool)) {
        text = ap_getword_conf(cmd->pool, &words);
        if (*text && !*words) {
            plan->text = plan_expression(cmd, text, why);
            return plan->text ? plan : NULL;
        }
    }
    *why =
        "TenantVoice must be dial number|client|sip WHOM, say TEXT, reject [busy|rejected], or redirect URL; "
        "a text of several words stands between quotes";
    return NULL;
}
