/* SPDX-License-Identifier: Apache-2.0 */
#include "receipt.h"

#include <http_log.h>

#include "../json/scan.h"
#include "../json/tree.h"
#include "../twilio/journal.h"
#include "../twilio/snapshot.h"

APLOG_USE_MODULE(tenant);

/* NULL, or why the text tells nothing. */
static const char *read_answer(const gateway_t *gateway, const char *text, apr_size_t length, event_t *event)
{
    apr_pool_t *pool = gateway->exchange.r->pool;
    event_kind_t kind =
        gateway->allowed->kind == ALLOWED_CALLS ? EVENT_CALL_RESOURCE : EVENT_MESSAGE_RESOURCE;
    scan_error_t error;
    const tree_t *root;

    if (scan_text(text, length, &scan_limits_default, &error, pool) || !tree_parse(&root, text, length, pool))
        return "It is no JSON.";
    return snapshot_read(event, kind, root, gateway->credentials.account, pool);
}

void receipt_store(const gateway_t *gateway, const char *text, apr_size_t length)
{
    request_rec *r = gateway->exchange.r;
    const char *id = gateway->tenant->id_text;
    const problem_t *problem;
    event_t event;
    const char *why = read_answer(gateway, text, length, &event);

    if (why) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "Twilio's answer to tenant %s is not stored, and callbacks have to bring the row: %s",
                      id, why);
        return;
    }
    problem = journal_store(r, gateway->exchange.server->database, id, &event);
    if (problem)
        ap_log_rerror(
            APLOG_MARK, APLOG_WARNING, 0, r,
            "Twilio's answer to tenant %s is not stored, and callbacks have to bring the row with the "
            "sid %s (%s)",
            id, event.rows[0].values[0], problem->code);
}
