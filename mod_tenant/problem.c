/* SPDX-License-Identifier: Apache-2.0 */
#include "problem.h"

#include <apr_strings.h>
#include <stddef.h>

#define PROBLEM_DEFINE(identifier, status, code, title, meaning, advice)                                     \
    const problem_t problem_##identifier = {code, status, title, meaning, advice};
PROBLEMS(PROBLEM_DEFINE)

#define PROBLEM_POINT(identifier, ...) &problem_##identifier,
const problem_t *const problem_table[] = {PROBLEMS(PROBLEM_POINT) NULL};

/* What httpd's own refusals are called: of the many entries of a status, the one that claims no more than the
 * status says. */
static const problem_t *const generic[] = {
    &problem_bad_request,
    &problem_login_invalid,
    &problem_forbidden,
    &problem_not_found,
    &problem_method_not_allowed,
    &problem_not_acceptable,
    &problem_request_timeout,
    &problem_conflict,
    &problem_precondition_failed,
    &problem_body_too_large,
    &problem_unsupported_media_type,
    &problem_rate_limited,
    &problem_internal,
    &problem_twilio_unusable, /* it is the only one that a gateway of ours asks */
    &problem_misconfigured,
    &problem_twilio_timeout,
};

const problem_t *problem_of_status(int status)
{
    for (size_t i = 0; i < sizeof generic / sizeof *generic; i++) {
        if (generic[i]->status == status)
            return generic[i];
    }
    return status < 500 ? &problem_bad_request : &problem_internal;
}

void problem_set_retry_after(const problem_t *problem, apr_table_t *headers)
{
    if ((problem->status != 429 && problem->status != 503) || apr_table_get(headers, "Retry-After"))
        return;
    apr_table_setn(headers, "Retry-After", problem == &problem_misconfigured ? "30" : "1");
}

void problem_set_wait(apr_interval_time_t wait, apr_table_t *headers)
{
    char seconds[24];

    apr_snprintf(seconds, sizeof seconds, "%" APR_TIME_T_FMT,
                 (wait + APR_USEC_PER_SEC - 1) / APR_USEC_PER_SEC);
    apr_table_set(headers, "Retry-After", seconds);
}
