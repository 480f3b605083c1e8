/* SPDX-License-Identifier: Apache-2.0 */
#include "read.h"

#include "../http/reply.h"
#include "../resource/represent.h"
#include "condition.h"
#include "fetch.h"
#include "scope.h"
#include "sealed.h"
#include "sender.h"

/* Writes what a row, or a single resource without one, shows. */
static const problem_t *answer(api_t *api, int status, rows_t *rows)
{
    view_t view = scope_view(api, FIELDS_ALL);
    const problem_t *problem;
    gate_pair_t places;
    writer_t writer;

    writer_init(&writer, api->exchange.r->pool, READ_ROW_SIZE);
    if (rows)
        represent_row(&writer, &view, rows, 0);
    else
        represent_absent(&writer, &view);
    writer_literal(&writer, "\n");
    problem = sender_enter_answer(&places, api, writer.length);
    if (problem)
        return problem;
    exchange_answered(&api->exchange, reply_json(api->exchange.r, status, &writer));
    gate_pair_leave(&places);
    return NULL;
}

const problem_t *read_answer(api_t *api, int status, rows_t *rows)
{
    condition_set_tag(api, rows);
    return answer(api, status, rows);
}

const problem_t *read_run(api_t *api)
{
    rows_t *rows;
    const problem_t *problem = fetch_row(api, &rows);

    if (!problem && rows && api->scope.tenant)
        problem = sealed_check(api, rows);
    if (!problem)
        problem = condition_judge(api, rows);
    return problem || api->exchange.answered ? problem : answer(api, HTTP_OK, rows);
}
