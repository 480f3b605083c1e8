/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_GATEWAY_FAULT_H
#define TENANT_GATEWAY_FAULT_H

#include <httpd.h>

#include <util_filter.h>

#include "../problem.h"

/* What a gateway says itself in place of Twilio: an error of Twilio's shape, {code, message, more_info,
 * status}, so that its libraries raise the exception that they always do. */

/* Answers with a problem. code: Twilio's; 0: the one that says no more than the status. detail: a sentence
 * for this occurrence, or NULL. Returns what a handler returns. */
int fault_answer(request_rec *r, const problem_t *problem, int code, const char *detail);

/* Hands the problem of a status down a filter, from inside of it, in place of what Twilio answers. */
apr_status_t fault_pass(ap_filter_t *filter, int status);

/* The hook pre_translate_name: keeps ErrorDocument from replacing what httpd or mod_proxy refuses. */
int fault_prepare(request_rec *r);

/* The hook insert_error_filter: what httpd or mod_proxy refuses has that shape as well. */
void fault_insert_filter(request_rec *r);

/* Registers the filter that the hook inserts. */
void fault_register(void);

#endif
