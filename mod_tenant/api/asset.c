/* SPDX-License-Identifier: Apache-2.0 */
#include "asset.h"

#include "../http/reply.h"
#include "condition.h"
#include "sender.h"

const problem_t *asset_answer(api_t *api, const file_t *file)
{
    int is_known;
    gate_pair_t places;
    const problem_t *problem = condition_hold(api, file->tag, &is_known);

    if (!problem && is_known)
        return exchange_answered(&api->exchange,
                                 reply_file(api->exchange.r, HTTP_NOT_MODIFIED, file->type, NULL, 0));
    if (!problem)
        problem = sender_enter_answer(&places, api, file->length);
    if (problem)
        return problem;
    exchange_answered(&api->exchange,
                      reply_file(api->exchange.r, HTTP_OK, file->type, file->bytes, file->length));
    gate_pair_leave(&places);
    return NULL;
}
